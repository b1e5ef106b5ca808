"""Checks for the exercises on units in layers, of part 5."""

import itertools

import torch

from torchbook.exercises import Case, compare, exercise, fits, show


@exercise("tent")
def check_tent(tent):
    """Tents of several widths, even and lopsided, at and between their corners."""
    for corners in ((-1.0, 0.0, 1.0), (0.0, 1.0, 3.0), (2.0, 4.0, 4.5)):
        got = tent(*corners)
        call = f"tent{corners}"
        told = "Return w, c and v, three tensors of shape (3,)."
        parts = got if isinstance(got, tuple | list) else ()
        what = f"{call} gave {show(got)}, wanted w, c and v."
        yield Case(what, len(parts) == 3, told)
        for name, part in zip("wcv", parts, strict=True):
            yield fits(f"{call}: for {name} it", part, (3,), told)
        yield _drawn(call, corners, parts)


def _drawn(call, corners, parts):
    """A case for the curve that three ReLU units with these weights draw."""
    left, top, right = corners
    x = torch.tensor([left - 1, left, (left + top) / 2, top, (top + right) / 2])
    x = torch.cat([x, torch.tensor([right, right + 1, right + 5])])
    rise, fall = (x - left) / (top - left), (right - x) / (right - top)
    want = torch.minimum(rise, fall).clamp(min=0)
    w, c, v = (torch.as_tensor(part, dtype=torch.float32) for part in parts)
    y = torch.relu(x[:, None] * w + c) @ v

    def bent(*changes):
        at = torch.tensor(corners)[: len(changes)]
        return torch.relu(x[:, None] - at) @ torch.tensor(changes)

    up, down = 1 / (top - left), 1 / (right - top)
    usual = [
        (bent(up, -up - down), "It goes on falling behind right: bend it back to 0."),
        (bent(up, -down, down), "At top the slope turns from rising to falling."),
        (bent(up, -up, down), "At top the slope turns from rising to falling."),
        (bent(1.0, -2.0, 1.0), "The slopes depend on how wide the two sides are."),
        (bent(up, -up), "At top it must fall, not stay level."),
        (-want, "The tent hangs upside down: turn the signs of v."),
        (
            torch.relu(x[:, None] + torch.tensor(corners))
            @ torch.tensor([up, -up - down, down]),
            "A unit bends where w x + c is 0: mind the sign of c.",
        ),
    ]
    told = "Each unit bends the curve at one place. v is the change of slope there."
    return compare(f"at x = {show(x)} the units of {call}", y, want, usual, told)


@exercise("inside")
def check_inside(inside):
    """All patterns of one to five units: only that of all ones may fire."""
    for K in (1, 2, 3, 5):
        got = inside(K)
        pair = got if isinstance(got, tuple | list) else ()
        what = f"inside({K}) gave {show(got)}, wanted weights and a bias."
        yield Case(what, len(pair) == 2, "Return w of shape (K,), then b.")
        w, b = pair
        yield fits(f"inside({K}): for w it", w, (K,), "A weight for each hidden unit.")
        yield fits(f"inside({K}): for b it", b, (), "The bias is one number.")
        w, b = torch.as_tensor(w, dtype=torch.float32), float(b)
        bits = torch.tensor([0.0, 1.0])
        for h in itertools.product(bits, repeat=K):
            h = torch.stack(h)
            z = (h @ w + b).item()
            on = int(h.sum())
            told = "With one unit off, the score must be below 0. Lower the bias."
            if on == K:
                told = "With all units on, the score must be above 0. Raise the bias."
            call = f"inside({K}), for the hidden values {show(h.int())},"
            what = f"{call} has a score of exactly 0."
            yield Case(what, z != 0, "Put the bias halfway between two scores.")
            yield compare(call, int(z >= 0), int(on == K), [], told)


@exercise("parameters")
def check_parameters(parameters):
    """No hidden layer, one, and several, of sizes that differ."""
    for sizes in ([3, 2], [2, 64, 1], [2, 10, 10, 10, 1], [784, 256, 10]):
        pairs = list(itertools.pairwise(sizes))
        weights = sum(n * k for n, k in pairs)
        biases = sum(sizes[1:])
        usual = [
            (weights, "These are the weights. Each unit has a bias, too."),
            (biases, "These are the biases alone."),
            (weights + sum(sizes), "The inputs have no biases."),
            (weights + sum(sizes[:-1]), "A bias belongs to each output of a layer."),
            (weights + len(pairs), "Each unit has a bias, not each layer."),
        ]
        told = "Each layer has its inputs times its outputs, and its outputs once more."
        got = parameters(list(sizes))
        yield compare(f"parameters({sizes})", got, weights + biases, usual, told)
