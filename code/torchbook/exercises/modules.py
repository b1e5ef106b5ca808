"""Checks for the exercises on building networks out of modules, of part 5."""

import itertools

import torch
from torch import nn

from torchbook.exercises import Case, Unusable, compare, compare_entries, exercise, fits

PAIRS = torch.tensor(
    [[1.0, 2.0], [2.0, 1.0], [-1.0, -3.0], [-2.0, -0.5], [4.0, 4.0], [-2.0, 3.0]]
)  # (6, 2)


def made(function, *arguments):
    """What the reader's function builds; the reader's own seed stays as it was."""
    with torch.random.fork_rng(devices=[]):
        return function(*arguments)


def answer(model, X):
    """The module's answer to X; Unusable where it stops."""
    try:
        return model(X.clone())
    except Exception as error:  # whatever the reader's module raises
        told = f"your module stopped with {type(error).__name__}: {error}"
        raise Unusable(f"{told}\n  Hint: mind which sizes meet.") from error


def a_module(call, model, kind=nn.Module):
    """A case that holds when the reader's function gave a module of this kind."""
    name = "module" if kind is nn.Module else f"nn.{kind.__name__}"
    what = f"{call} gave a {type(model).__name__}, wanted a {name}."
    told = "Return the module itself, not its class and not its outputs."
    return Case(what, isinstance(model, kind), told)


@exercise("larger")
def check_larger(larger):
    """The form, then pairs in both orders, on both sides of zero, alike, and large."""
    model = made(larger)
    yield a_module("larger()", model, nn.Sequential)
    kinds = [type(layer).__name__ for layer in model]
    what = f"the layers are {', '.join(kinds)}, wanted Linear, ReLU, Linear."
    yield Case(what, kinds == ["Linear", "ReLU", "Linear"], "Weights do all of it.")
    for scale in (1.0, 10.0):
        X = scale * PAIRS
        a, b = X.T[:, :, None]
        usual = [
            (torch.relu(a - b), "That is by how much the first is larger. Add x_2."),
            (torch.minimum(a, b), "That is the smaller one. Turn a sign."),
            (
                torch.relu(a - b) + torch.relu(b),
                "Right where x_2 is above 0. Below, relu(x_2) loses it: use -x_2, too.",
            ),
            (torch.maximum(a, b).clamp(min=0), "Below zero it says 0, not the larger."),
            (a + b, "That is the sum."),
            (torch.maximum(a, b).abs(), "The sign is lost: relu(z) - relu(-z) is z."),
            ((a - b).abs(), "That is how far they are apart. Add their sum, halve it."),
        ]
        otherwise = "max(a, b) = b + relu(a - b). Are all weights and biases set?"
        got = answer(model, X)
        call = f"for X = {[[round(v, 1) for v in row] for row in X.tolist()]} it"
        yield fits(call, got, (6, 1), "The last layer has one output.")
        yield compare_entries(
            "larger()", got.detach(), torch.maximum(a, b), usual, otherwise
        )


@exercise("named_layers")
def check_named_layers(named_layers):
    """Names in their order, kinds, sizes, and that the layers are used as they stand."""
    for sizes in ([64, 32, 10], [3, 2], [4, 5, 6, 2]):
        model = made(named_layers, list(sizes))
        call = f"named_layers({sizes})"
        yield a_module(call, model, nn.Sequential)
        last = len(sizes) - 1
        wanted = [
            f"{kind}{n}" for n in range(1, last + 1) for kind in ("linear", "relu")
        ]
        wanted.pop()
        names = [name for name, _ in model.named_children()]
        told = "Give nn.Sequential an OrderedDict, or use add_module."
        if names == [*wanted, f"relu{last}"]:
            told = "Behind the last linear layer there is no ReLU."
        elif sorted(names) == sorted(wanted):
            told = "The order of the names is the order in which they run."
        elif names and names[0] in ("linear0", "relu0"):
            told = "Count from 1."
        elif names and all(name.isdigit() for name in names):
            told = "Without a dictionary they are called 0, 1, 2, …"
        what = f"{call} has the layers {', '.join(names)}, wanted {', '.join(wanted)}."
        yield Case(what, names == wanted, told)
        for name, layer in model.named_children():
            kind = nn.Linear if name.startswith("linear") else nn.ReLU
            what = f"{name} is a {type(layer).__name__}, wanted a {kind.__name__}."
            yield Case(
                what, type(layer) is kind, "linear… are nn.Linear, relu… nn.ReLU."
            )
        shapes = [(m.in_features, m.out_features) for m in model[::2]]
        pairs = list(itertools.pairwise(sizes))
        what = f"the linear layers of {call} have sizes {shapes}, wanted {pairs}."
        yield Case(what, shapes == pairs, "Each goes from one size to the next.")


@exercise("again")
def check_again(again):
    """The count of parameters, the names in two models, and the answer for several times."""
    g = torch.Generator().manual_seed(0)
    X = torch.randn(4, 3, generator=g)
    W, b = torch.randn(3, 3, generator=g), torch.randn(3, generator=g)
    for times in (1, 2, 4):
        model = made(again, 3, times)
        call = f"again(3, {times})"
        yield a_module(call, model)
        size = sum(p.numel() for p in model.parameters())
        told = "One layer, made once in __init__ and called in a loop in forward."
        if size == 0:
            told = "No parameters: a layer must be an attribute of the module."
        yield Case(f"{call} has {size} parameters, wanted 12.", size == 12, told)
        before = answer(model, X)
        yield Case(
            f"{call} gives another answer when asked again.",
            torch.equal(before, answer(model, X)),
            "Make the layer in __init__: one made in forward is new each time.",
        )
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(W if p.ndim == 2 else b)
        H = [X]
        for _ in range(times + 1):
            H.append(torch.relu(H[-1] @ W.T + b))
        usual = [
            (H[times - 1], "Once too few."),
            (H[times + 1], "Once too often."),
            (H[times - 1] @ W.T + b, "There is a ReLU behind the last one, too."),
            (X, "It gives back its input: send it through the layer."),
        ]
        told = "A ReLU after each; what comes out goes in again."
        got = answer(model, X)
        yield fits(f"{call} for X of shape (4, 3)", got, (4, 3), told)
        yield compare(
            f"{call}, with weights set by the check,", got, H[times], usual, told
        )
