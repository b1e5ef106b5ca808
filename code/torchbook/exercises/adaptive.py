"""Checks for the exercises on a rate for each weight, in part 7."""

import torch

from torchbook.exercises import Case, compare, exercise, fits, hint, show, unchanged


@exercise("adagrad_rates")
def check_adagrad_rates(adagrad_rates):
    """Slopes of both signs, slopes that stay away, a single step, and many alike."""
    for slopes, lr in (
        ([2.0, -1.0, 2.0], 0.6),
        ([3.0, 0.0, 0.0, 4.0], 1.0),
        ([-0.5], 0.1),
        ([1.0] * 9, 0.3),
    ):
        g = torch.tensor(slopes)
        total, steps = g.square().cumsum(0), torch.arange(1, len(g) + 1)
        moves = "This is the move. The rate is what the slope is multiplied by."
        usual = [
            (lr / total, "Take the root of the sum of squares."),
            (lr / (total / steps).sqrt(), "This is a mean. Adagrad keeps the sum."),
            (lr * g / total.sqrt(), moves),
            (-lr * g / total.sqrt(), moves),
            (lr / total[-1].sqrt(), "That is the last rate. Give that of each step."),
            (lr / g.abs().cumsum(0), "Add up the squares, then take the root."),
            (lr / g.cumsum(0), "Square the slopes before you add them up."),
            (lr / g.abs(), "All slopes up to a step count in it, not that one alone."),
            (lr / (total - g.square()).sqrt(), "The slope of a step counts in it."),
            (total.sqrt(), "This is what the learning rate is divided by."),
        ]
        otherwise = "Divide lr by the root of the sum of all squares up to each step."
        call = f"adagrad_rates({show(g)}, {lr})"
        got = adagrad_rates(g.clone(), lr)
        yield compare(call, got, lr / total.sqrt(), usual, otherwise)


@exercise("decayed")
def check_decayed(decayed):
    """One step, equal rates, rates that fall, rates of zero, and no decay at all."""
    w = torch.tensor([1.0, -2.0, 0.5])
    for rates, strength in (
        ([0.1], 0.5),
        ([0.2] * 5, 0.5),
        ([0.5, 0.25, 0.1], 0.8),
        ([0.3, 0.0, 0.3], 0.1),
        ([0.1, 0.2], 0.0),
    ):
        rates = torch.tensor(rates)
        T, all_rates = len(rates), rates.sum()
        left = (1 - rates * strength).prod()
        usual = [
            (left, "This is the share that is left. Multiply the weights by it."),
            (w * torch.exp(-strength * all_rates), "Near, but for small rates only."),
            (w * (1 - strength) ** T, "The learning rate is in each factor too."),
            (w * (1 - strength * all_rates), "Each step shrinks what the last left."),
            (w * (1 - 2 * rates * strength).prod(), "The factor is 1 - lr * strength."),
            (w - strength * all_rates, "A step takes a share, not the same off each."),
            (w * (1 - rates.mean() * strength) ** T, "Each step has its own rate."),
            (w * (1 - rates[0] * strength) ** T, "Each step has its own rate."),
            (w * (rates * strength).prod(), "That is what goes. Keep the rest."),
        ]
        otherwise = "In each step a weight is multiplied by 1 - lr * strength."
        given = w.clone()
        got = decayed(given, rates.clone(), strength)
        yield Case(
            "your function changed the weights that it was given.",
            torch.equal(given, w),
            "w *= ... works in place. Make a new tensor instead.",
        )
        call = f"decayed({show(w)}, {show(rates)}, {strength})"
        yield compare(call, got, w * left, usual, otherwise)


def _adamax(w, g, m, s, t, lr, *, slip=""):
    m = 0.9 * m + 0.1 * g
    s = torch.maximum(s if slip == "never forgets" else 0.999 * s, g.abs())
    s = 0.999 * s + 0.001 * g.abs() if slip == "average" else s
    step = m if slip == "uncorrected" else m / (1 - 0.9**t)
    low = s.sqrt() if slip == "root" else s
    low = s / (1 - 0.999**t) if slip == "both" else low
    move = -lr * step / low
    move = -move if slip == "up" else move
    return w + move, (step if slip == "overwritten" else m), s


SLIPS = {
    "uncorrected": "Divide m by 1 - 0.9**t before it is used.",
    "both": "A maximum has no bias to take off. Correct m alone.",
    "never forgets": "The old s shrinks before it is compared: 0.999 * s.",
    "root": "s has the size of a slope already, so take no root.",
    "overwritten": "Return m itself: the corrected one is for this step alone.",
    "up": "The weights move against the average slope.",
    "average": "s is the larger of two numbers, not their average.",
}


def _state(t, got, want, paths):
    for name, at in (("w", 0), ("m", 1), ("s", 2)):
        call = f"{name} after step {t}"
        usual = [(path[at], SLIPS[slip]) for slip, path in paths.items()]
        right = [pair for pair in usual if not torch.allclose(pair[0], want[at])]
        otherwise = "Go through the three lines of the equation in their order."
        yield fits(call, got[at], (3,), hint(got[at], right, otherwise))
        yield compare(call, got[at], want[at], right, otherwise)


@exercise("adamax_step")
def check_adamax_step(adamax_step):
    """Five steps in a row, each from what the last one gave, beside torch's Adamax."""
    g = torch.Generator().manual_seed(0)
    slopes = torch.randn(5, 3, generator=g) + 0.5
    slopes[1:4] *= 0.1  # so that the largest slope is one of the past
    start = torch.tensor([1.0, -1.0, 2.0]), torch.zeros(3), torch.zeros(3)
    states, paths = start, {slip: start for slip in SLIPS}
    weight = start[0].clone().requires_grad_()
    torchs = torch.optim.Adamax([weight], lr=0.1, eps=0.0)
    for t, slope in enumerate(slopes, start=1):
        given = [value.clone() for value in states]
        got = adamax_step(given[0], slope.clone(), given[1], given[2], t, 0.1)
        yield Case(
            f"adamax_step gave {show(got)}, wanted three tensors.",
            isinstance(got, tuple) and len(got) == 3,
            "Return the new w, m and s: return w, m, s.",
        )
        yield unchanged(
            given, states, "m *= ... works in place. Make new tensors instead."
        )
        paths = {
            k: _adamax(p[0], slope, *p[1:], t, 0.1, slip=k) for k, p in paths.items()
        }
        weight.grad = slope.clone()
        torchs.step()
        want = _adamax(states[0], slope, *states[1:], t, 0.1)
        yield from _state(t, got, want, paths)
        yield Case(
            f"after step {t} torch's weights are {show(weight.detach())}.",
            torch.allclose(want[0], weight.detach(), atol=1e-5),
            "The check itself is wrong here, not your answer.",
        )
        states = want
