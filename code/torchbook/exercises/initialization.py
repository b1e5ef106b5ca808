"""Checks for the exercises on where weights start, of part 5."""

import math

import torch
from torch import nn

from torchbook.exercises import Case, Unusable, compare, exercise, show


@exercise("spread")
def check_spread(spread):
    """Signals that fade, stay and grow, and no layer at all."""
    for D, v, layers in ((4, 0.2, 4), (64, 1 / 64, 12), (50, 0.08, 5), (10, 0.2, 0)):
        want = (D * v) ** (layers / 2)
        usual = [
            ((D * v) ** layers, "That is the mean square. Take the root."),
            ((D * v) ** 0.5, "That is one layer. Each multiplies again."),
            (v ** (layers / 2), "A unit adds up D products: D v a layer."),
            (D * v * layers, "Layers multiply: a power, not a product."),
            ((D * v**2) ** (layers / 2), "v is the variance already, no square."),
        ]
        told = "Each layer multiplies the mean square by D v."
        got = spread(D, v, layers)
        yield compare(f"spread({D}, {show(v)}, {layers})", got, want, usual, told)


@exercise("variance_for")
def check_variance_for(variance_for):
    """Curves of which the mean square of a bell curve is known, and two others."""
    curves = {
        "ReLU": torch.relu,
        "z": lambda u: u,
        "|z|": torch.abs,
        "tanh": torch.tanh,
        "GELU": nn.functional.gelu,
    }
    u = torch.linspace(-9, 9, 20_001, dtype=torch.float64)
    bell = torch.exp(-(u**2) / 2)
    bell = bell / bell.sum()
    for name, g in curves.items():
        for D in (64, 7):
            square = (g(u) ** 2 * bell).sum().item()
            mean = (g(u) * bell).sum().item()
            with torch.random.fork_rng(devices=[]):
                got = variance_for(g, D)
            want = 1 / (D * square)
            usual = [
                (1 / D, "That is right where g leaves the mean square as it is."),
                (1 / square, "Divide by D, too."),
                (square / D, "Where g leaves less, weights have to be larger."),
                (want**0.5, "That is the width. Wanted is the variance."),
                (2 / D, "That is the rule for the ReLU. Measure what g leaves."),
            ]
            if square - mean**2 > 0:
                variance = 1 / (D * (square - mean**2))
                usual.append((variance, "The mean square, without its mean taken off."))
            told = "The mean of g(u)² over a bell curve of width 1; then 1 / (D that)."
            yield _near(f"for g = {name} and D = {D} it", got, want, usual, told)


def _near(call, got, want, usual, otherwise):
    """A case like that of `compare`, with 2 in 100 to spare, since answers may sample."""

    try:
        value = float(got)
    except (TypeError, ValueError, RuntimeError):
        return compare(call, got, want, [], otherwise)

    def near(number):
        return abs(value - number) <= 0.02 * abs(number)

    told = next((words for number, words in usual if near(number)), otherwise)
    what = f"{call} gave {show(value)}, wanted about {show(float(want))}."
    return Case(what, math.isfinite(value) and near(want), told)


def _nested():
    """Linear layers at three depths, one without a bias, and modules that are none."""
    inner = nn.Sequential(nn.Linear(300, 80), nn.ReLU(), nn.BatchNorm1d(80))
    body = nn.ModuleDict({"inner": inner, "side": nn.Linear(80, 200, bias=False)})
    model = nn.Sequential(nn.Linear(70, 300), nn.ReLU(), nn.ModuleList([body]))
    model.append(nn.Embedding(40, 50))
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(7.0)
    return model


@exercise("he_everywhere")
def check_he_everywhere(he_everywhere):
    """Widths of the weights at each depth, biases, and what must be left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = _nested()
        got = he_everywhere(model)
    what = f"it gave a {type(got).__name__}, wanted the model that it was given."
    yield Case(what, got is model, "Fill the weights in place, and return model.")
    for name, module in model.named_modules():
        own = list(module.named_parameters(name or "model", recurse=False))
        if isinstance(module, nn.Linear):
            yield from _filled(name, module)
        for path, p in () if isinstance(module, nn.Linear) else own:
            kind = type(module).__name__
            told = "Only nn.Linear: ask with isinstance."
            same = bool((p == 7).all())
            yield Case(f"{path}, of a {kind}, was changed.", same, told)


def _filled(name, layer):
    """Cases for one linear layer: reached, its width, its form, its bias."""
    W = layer.weight.detach()
    K, D = W.shape
    what = f"the weight of layer {name} is as it was."
    yield Case(what, not (W == 7).all(), "modules() goes all the way down.")
    if not W.isfinite().all():
        raise Unusable(f"the weight of layer {name} holds nan or inf.")
    v, mean = W.var().item(), W.mean().item()
    told = (
        f"The variance is 2 / D, and D is {D} for a weight of shape {tuple(W.shape)}."
    )
    for other, words in (
        (2 / K, f"D is the number of inputs, {D}, the second dimension of the weight."),
        (2 / (D + K), "That is Xavier's rule. He's has D alone."),
        (1 / D, "The ReLU takes half away: 2 / D."),
        (1 / (3 * D), "That is torch's own start."),
        (4 / D**2, "2 / D is the variance; normal_ wants its root."),
    ):
        if abs(v - other) < 0.1 * other:
            told = words
    what = f"the weights of {name} have variance {show(v)}, wanted about {show(2 / D)}."
    yield Case(what, abs(v - 2 / D) < 0.1 * 2 / D, told)
    what = f"the weights of {name} have mean {show(mean)}, wanted about 0."
    yield Case(what, abs(mean) < 5 * (2 / D / W.numel()) ** 0.5, "The mean is 0.")
    far = (W.abs() > 2 * (2 / D) ** 0.5).float().mean().item()
    what = f"no weight of {name} is further than two widths from 0."
    yield Case(what, far > 0.01, "A bell curve, normal_, not an even spread.")
    if layer.bias is not None:
        what = f"the bias of {name} is {show(layer.bias[0].item())}, wanted 0."
        yield Case(what, bool((layer.bias == 0).all()), "nn.init.zeros_(module.bias).")
