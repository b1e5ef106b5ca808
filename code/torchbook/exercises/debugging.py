"""Checks for the exercises of the chapter on debugging, in part 6."""

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn

from torchbook.exercises import Case, close, compare, exercise


@exercise("constant_loss")
def check_constant_loss(constant_loss):
    """Classes of the same size, of other sizes, one that never occurs, and one alone."""
    for counts in ([100, 100], [50] * 10, [90, 10], [1, 2, 5], [3, 0, 1], [7, 0]):
        shares = [n / sum(counts) for n in counts]
        logs = [math.log(share) for share in shares if share]
        filled = [share for share in shares if share]
        want = -sum(share * log for share, log in zip(filled, logs, strict=True))
        bits = want / math.log(2)
        usual = [
            (-want, "The sign: a logarithm of a share is never above zero."),
            (bits, "The natural logarithm is meant, not the one to base 2."),
            (want / math.log(10), "The natural logarithm is meant."),
            (math.log(len(counts)), "This is right for classes of one size only."),
            (-sum(logs), "Weight each logarithm by the share of its class."),
            (-sum(logs) / len(logs), "A class counts as often as it occurs."),
            (want * sum(counts), "This is a sum over samples. The loss is their mean."),
            (math.inf, "log(0) is infinite: leave empty classes out."),
        ]
        got = constant_loss(torch.tensor(counts))
        otherwise = "Each class: minus its share, times the logarithm of its share."
        if isinstance(got, float | Tensor) and torch.as_tensor(got).isnan().all():
            otherwise = "0 times log(0) is not a number: leave empty classes out."
        yield compare(f"constant_loss({counts})", got, want, usual, otherwise)


class _Log(nn.Module):
    """The logarithm, NaN below zero."""

    def forward(self, X: Tensor) -> Tensor:
        return X.log()


class _Backwards(nn.Module):
    """Layers that run in another order than that in which they were made."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.power = nn.Linear(3, 2), nn.Sequential(_Log(), nn.ReLU())

    def forward(self, X: Tensor) -> Tensor:
        return self.head(self.power(X))


def _stack(**layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(OrderedDict(layers))


def _huge() -> nn.Linear:
    """A layer whose outputs overflow."""
    layer = nn.Linear(3, 3)
    nn.init.constant_(layer.weight, 3e38)
    return layer


@exercise("first_not_finite")
def check_first_not_finite(first_not_finite):
    """NaN, infinity, both in a row, layers within layers, none at all, and hooks left behind."""
    X = torch.tensor([[4.0, 5.0, 6.0], [-1.0, 2.0, 3.0]])
    models = [
        ("NaN in a layer named log", _stack(log=_Log(), relu=nn.ReLU()), "log"),
        ("infinity in a layer named one", _stack(one=_huge(), two=nn.ReLU()), "one"),
        ("nothing amiss", _stack(one=nn.ReLU(), two=nn.Tanh()), ""),
        ("NaN in layer 1", nn.Sequential(nn.Identity(), _Log(), nn.Tanh()), "1"),
        (
            "a layer within a layer",
            _stack(a=nn.Tanh(), b=_stack(c=nn.Tanh(), d=_Log()), e=nn.Tanh()),
            "b.d",
        ),
        (
            "layers that run in another order than they were made",
            _Backwards(),
            "power.0",
        ),
    ]
    for what, model, want in models:
        got = first_not_finite(model, X)
        yield Case(
            f"{what}: it gave {got!r}, wanted {want!r}.",
            got == want,
            _hint_first(model, got, want),
        )
        yield Case(
            f"{what}: {len(_hooks(model))} hooks are still on the model.",
            not _hooks(model),
            "Keep what register_forward_hook gives you, and call its remove().",
        )


def _hint_first(model: nn.Module, got, want: str) -> str:
    names = dict(model.named_modules())
    if not isinstance(got, str):
        return "Return the name, a text; an empty one when all is finite."
    if not want:
        return "All outputs are finite here: return an empty text."
    if not got:
        return "Infinity counts too: output.isfinite().all() is False for both."
    if got in names and any(names[got].children()):
        return "Look at layers without children: the container only passes it on."
    if got == list(names)[-1]:
        return "This is the last. Only the first name counts, in the order of running."
    return "Collect names as the hooks are called: that is the order of running."


def _hooks(model: nn.Module) -> list:
    return [hook for part in model.modules() for hook in part._forward_hooks.values()]


def _corners(seed: int) -> tuple[Tensor, Tensor]:
    """Samples (300, 2) round three corners, and their labels (300,), sorted by class."""
    chance = torch.Generator().manual_seed(seed)
    corners = torch.tensor([[2.0, 0.0], [-1.0, 2.0], [-1.0, -2.0]])
    y = torch.arange(3).repeat_interleave(100)
    return corners[y] + 0.5 * torch.randn(300, 2, generator=chance), y


@exercise("train_corners")
def check_train_corners(train_corners):
    """Trains it on three seeds; of a bad result, says which fault is still there."""
    for seed in range(3):
        X, y = _corners(seed)
        model, logits = _trained(train_corners, X, y)
        yield Case(
            f"it gave a {type(model).__name__}, wanted the trained model.",
            isinstance(model, nn.Module),
            "Return the model.",
        )
        accuracy = (logits.argmax(dim=1) == y).double().mean().item()
        yield Case(
            f"of the samples it trained on, {accuracy:.0%} are right, wanted 95% or more.",
            accuracy >= 0.95,
            _hint_corners(train_corners, X, y, logits),
        )
        yield Case(
            "no logit is below zero.",
            bool(logits.min() < 0),
            "What does the last layer do to scores below zero?",
        )


def _trained(train_corners, X: Tensor, y: Tensor) -> tuple[nn.Module, Tensor]:
    """The reader's model after training, with its logits; the same chance each time."""
    with torch.random.fork_rng(devices=[]):  # the reader's own seed stays as it was
        torch.manual_seed(0)
        model = train_corners(X.clone(), y.clone())
    if not isinstance(model, nn.Module):
        return model, X
    model.eval()
    with torch.no_grad():
        return model, model(X)


def _hint_corners(train_corners, X: Tensor, y: Tensor, logits: Tensor) -> str:
    _, other = _trained(train_corners, X, y.flip(0))
    if close(logits, other):
        return "The labels change nothing: are there slopes left at optimizer.step()?"
    if logits.min() >= 0:
        return "What does the last layer do to scores below zero?"
    return "Is each label in a batch the label of the sample beside it?"
