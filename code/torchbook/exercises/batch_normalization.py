"""Checks for the exercises on batch normalization, in part 8."""

import torch
from torch import nn

from torchbook.exercises import Case, compare, exercise, show

NORMS = nn.BatchNorm1d | nn.BatchNorm2d


def _layers(inputs: int, outputs: int, eps: float) -> tuple[nn.Linear, nn.BatchNorm1d]:
    """A pair of layers as after training: nothing in them is 0 or 1."""
    g = torch.Generator().manual_seed(inputs)
    linear, norm = nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs, eps=eps)
    with torch.no_grad():
        for entry in (linear.weight, linear.bias, norm.weight, norm.bias):
            entry.copy_(torch.randn(entry.shape, generator=g))
        norm.running_mean.copy_(torch.randn(outputs, generator=g))
        norm.running_var.copy_(0.2 + 3 * torch.rand(outputs, generator=g))
    return linear, norm.eval()


@exercise("folded")
def check_folded(folded):
    """More outputs than inputs, fewer, and as many; a small eps and a large one."""
    for inputs, outputs, eps in ((2, 4, 1e-5), (4, 3, 0.5), (3, 3, 1e-5)):
        linear, norm = _layers(inputs, outputs, eps)
        before = [
            x.clone() for layer in (linear, norm) for x in layer.state_dict().values()
        ]
        got = folded(linear, norm)
        after = [x for layer in (linear, norm) for x in layer.state_dict().values()]
        yield Case(
            "your function changed a layer that it was given.",
            all(map(torch.equal, before, after)),
            "*= and .data work in place. Make new tensors instead.",
        )
        yield Case(
            f"folded(linear, norm) gave {type(got).__name__}, wanted a pair of tensors.",
            isinstance(got, tuple | list) and len(got) == 2,
            "Return a pair: weight, bias.",
        )
        yield from _pair(got, linear, norm, eps)


def _pair(got, linear: nn.Linear, norm: nn.BatchNorm1d, eps: float):
    """The weight, then the bias, of the two layers in one."""
    W, b = linear.weight.detach(), linear.bias.detach()
    gamma, beta = norm.weight.detach(), norm.bias.detach()
    m, r = norm.running_mean, norm.running_var
    factor, plain = gamma / (r + eps).sqrt(), 1 / (r + eps).sqrt()
    size = f"{linear.in_features} inputs and {linear.out_features} outputs, eps={eps}"
    usual = [
        (plain[:, None] * W, "γ, norm.weight, is missing."),
        (
            (gamma / r.sqrt())[:, None] * W,
            "The layer adds eps below the root: norm.eps.",
        ),
        ((gamma / (r + eps))[:, None] * W, "Divide by the root of the variance."),
        ((gamma / (r.sqrt() + eps))[:, None] * W, "eps stands below the root."),
        (W, "The weight changes too: each of its rows is scaled."),
    ]
    if len(factor) == W.shape[1]:
        usual.append((factor * W, "Unit k is row k of the weight: factor[:, None]."))
    otherwise = "Write γ (Wx + b - m) / √(r + ε) + β as a number times x, plus another."
    yield compare(
        f"for {size}, the weight", got[0], factor[:, None] * W, usual, otherwise
    )
    usual = [
        (factor * b + beta, "The running mean is taken off before it is scaled."),
        (factor * (b - m), "β, norm.bias, is missing."),
        (beta - factor * m, "The bias of the linear layer is missing."),
        (b - factor * m + beta, "The bias of the linear layer is scaled, too."),
        (factor * (b - m + beta), "β is added last, after the scaling."),
        (factor * b - m + beta, "The running mean is taken off before it is scaled."),
    ]
    yield compare(
        f"for {size}, the bias", got[1], factor * (b - m) + beta, usual, otherwise
    )


@exercise("batches_until")
def check_batches_until(batches_until):
    """Half, a hundredth, a share that one batch reaches, and other momenta."""
    for share, momentum in (
        (0.5, 0.1),
        (0.01, 0.1),
        (0.95, 0.1),
        (0.01, 0.01),
        (0.3, 0.75),
    ):
        want, weight = 0, 1.0
        while weight > share:
            want, weight = want + 1, weight * (1 - momentum)
        other, of_other = 0, 1.0
        while of_other > share:
            other, of_other = other + 1, of_other * momentum
        usual = [
            (want - 1, "Then the weight is still above the share. Round up."),
            (want + 1, "One batch fewer is enough. ceil rounds up only where it must."),
            (
                other,
                "The start keeps 1 - momentum at each batch; the batch gets momentum.",
            ),
        ]
        otherwise = "After t batches the start has the weight (1 - momentum) ** t."
        got = batches_until(share, momentum)
        if isinstance(got, float) and not got.is_integer():
            otherwise = "Batches are whole: round up."
        yield compare(
            f"batches_until({share}, {momentum})", got, want, usual, otherwise
        )


def _models() -> list[tuple[str, nn.Module]]:
    deep = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU())
    return [
        (
            "a model with one normalization",
            nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout()),
        ),
        (
            "a model that came in eval()",
            nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout()).eval(),
        ),
        (
            "a model with a part inside another part",
            nn.Sequential(nn.Sequential(deep, nn.Flatten()), nn.Linear(8, 2)),
        ),
    ]


@exercise("train_with_frozen_norms")
def check_train_with_frozen_norms(train_with_frozen_norms):
    """One level, a model in eval mode, and normalizations of pictures two levels down."""
    for what, model in _models():
        before = {name: x.clone() for name, x in model.state_dict().items()}
        got = train_with_frozen_norms(model)
        yield Case(
            f"for {what} you gave {show_kind(got)}, wanted the model itself.",
            got is model,
            "Set the modes. Return the model.",
        )
        yield Case(
            f"for {what}, its numbers changed.",
            all(torch.equal(x, before[name]) for name, x in model.state_dict().items()),
            "Only modes and requires_grad are to be set.",
        )
        yield from _modes(what, model)


def _modes(what: str, model: nn.Module):
    """Whether norms are frozen, in both ways, and nothing else is."""
    modules = [m for m in model.modules() if not list(m.children())]
    norms = [m for m in modules if isinstance(m, NORMS)]
    others = [m for m in modules if not isinstance(m, NORMS)]
    learning = [p.requires_grad for m in others for p in m.parameters()]
    yield Case(
        f"for {what}, a layer that is no normalization is in eval().",
        all(m.training for m in others),
        "Call train() on the model first, then eval() on the normalizations alone.",
    )
    yield Case(
        f"for {what}, a parameter of another layer no longer learns.",
        all(learning),
        "Set requires_grad of the parameters of the normalizations alone.",
    )
    yield Case(
        f"for {what}, a normalization is in training mode.",
        not any(m.training for m in norms),
        "Its running statistics would move: eval() on each, after train() on the model; "
        "modules() finds those that are deeper.",
    )
    yield Case(
        f"for {what}, γ and β still learn.",
        not any(p.requires_grad for m in norms for p in m.parameters()),
        "eval() stops the statistics; requires_grad_(False) stops γ and β.",
    )


def show_kind(got) -> str:
    """What came back, by its kind; a module would be long."""
    if isinstance(got, nn.Module):
        return "another module"
    return (
        show(got) if isinstance(got, str | int | float | bool) else type(got).__name__
    )
