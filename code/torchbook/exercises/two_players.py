"""Checks for the exercises on the game of two networks, in part 11."""

import math

import torch
from torch import Tensor, nn

from torchbook.exercises import Case, compare, exercise, unchanged

SIGN = "The sign: the value is a sum of logarithms of probabilities, never above 0."


def _value(p: Tensor, q: Tensor) -> Tensor:
    total = p + q
    best = torch.where(total > 0, p / total, torch.full_like(p, 0.5))
    return (torch.xlogy(p, best) + torch.xlogy(q, 1 - best)).sum()


@exercise("best_value")
def check_best_value(best_value):
    """The same twice, overlapping, apart, an empty place, and one place alone."""
    for p, q in (
        ([0.7, 0.2, 0.1], [0.1, 0.3, 0.6]),
        ([0.5, 0.25, 0.25], [0.5, 0.25, 0.25]),
        ([0.5, 0.5, 0.0], [0.0, 0.5, 0.5]),
        ([1.0, 0.0], [0.0, 1.0]),
        ([0.5, 0.0, 0.5], [0.25, 0.0, 0.75]),
        ([1.0], [1.0]),
    ):
        call = f"best_value({p}, {q})"
        p, q = torch.tensor(p), torch.tensor(q)
        want = _value(p, q)
        usual = [
            (-want, SIGN),
            (want / 2, "Both means count in full: do not halve the sum."),
            (want / len(p), "Sum over the places: the probabilities are the weights."),
            (want / math.log(2), "The natural logarithm is meant."),
            (want + 2 * math.log(2), "Do not add 2 log 2: the value itself is wanted."),
            (torch.xlogy(p, p).sum() + torch.xlogy(q, q).sum(), "Divide by p + q."),
            (_half(p, q), "That is the real half alone: the fakes count, too."),
            (_half(q, p), "That is the fakes' half alone: the real ones count, too."),
        ]
        got = best_value(p.clone(), q.clone())
        otherwise = (
            "The sum of p log(D) + q log(1 - D) over the places, D = p / (p + q)."
        )
        if _is_nan(got):
            otherwise = (
                "0 times log(0), or 0 / 0, is not a number: torch.xlogy(p, D) is 0 where p "
                "is, and an empty place adds nothing."
            )
        yield compare(call, got, want, usual, otherwise)


def _half(p: Tensor, q: Tensor) -> Tensor:
    return torch.xlogy(p, (p / (p + q)).nan_to_num(1.0)).sum()


def _is_nan(got) -> bool:
    number = isinstance(got, float | Tensor)
    return number and bool(torch.as_tensor(got).isnan().any())


@exercise("least_squares")
def check_least_squares(least_squares):
    """Outputs of all signs; a row and a column of them; more fakes than real ones."""
    for shape, other in (((4,), (4,)), ((3, 1), (3, 1)), ((2,), (5,))):
        g = torch.Generator().manual_seed(len(shape) + other[0])
        real = 2 * torch.randn(shape, generator=g)
        fake = 2 * torch.randn(other, generator=g)
        given = real.clone(), fake.clone()
        got = least_squares(*given)
        yield unchanged(given, (real, fake), "real -= 1 works in place. Use real - 1.")
        yield Case(
            f"least_squares gave {type(got).__name__}, wanted a pair of losses.",
            isinstance(got, tuple | list) and len(got) == 2,
            "Return a pair: the inspector's loss, the forger's.",
        )
        call = f"least_squares, for {len(real)} real and {len(fake)} fake,"
        yield _inspector(call, got[0], real, fake)
        yield _forger(call, got[1], fake)


def _mean_square(x: Tensor) -> Tensor:
    return x.square().mean()


def _inspector(call: str, got, real: Tensor, fake: Tensor) -> Case:
    want = (_mean_square(real - 1) + _mean_square(fake)) / 2
    forger = _mean_square(fake - 1) / 2
    usual = [
        (2 * want, "Half the mean square, for each of the two."),
        (want / 2, "Add the two halves: do not take their mean."),
        (-want, "A square is never below 0: the inspector makes this small."),
        (forger, "That is the forger's. The inspector's comes first."),
        (
            (_mean_square(real) + _mean_square(fake - 1)) / 2,
            "The other way round: 1 is for real samples, 0 for fakes.",
        ),
        (
            (_mean_square(real.sigmoid() - 1) + _mean_square(fake.sigmoid())) / 2,
            "No sigmoid: the outputs are taken as they are.",
        ),
        (
            ((real - 1).square().sum() + fake.square().sum()) / 2,
            "Take means, not sums.",
        ),
        (_mean_square(real - 1) / 2, "The fakes count, too: they should give 0."),
    ]
    otherwise = "Half the mean of (real - 1)², plus half the mean of fake²."
    return compare(f"{call} the inspector's loss:", got, want, usual, otherwise)


def _forger(call: str, got, fake: Tensor) -> Case:
    want = _mean_square(fake - 1) / 2
    usual = [
        (2 * want, "Half the mean square."),
        (-want, "A square is never below 0: the forger makes this small."),
        (_mean_square(fake) / 2, "The forger wants 1 for its fakes."),
        (-_mean_square(fake) / 2, "The forger wants 1 for its fakes."),
        ((fake - 1).square().sum() / 2, "Take the mean, not the sum."),
        (_mean_square(fake.sigmoid() - 1) / 2, "No sigmoid here."),
    ]
    otherwise = "Half the mean of (fake - 1)²."
    return compare(f"{call} the forger's loss:", got, want, usual, otherwise)


class _Bowl(nn.Module):
    """The logit a |x|² + b · x: its gradient is 2 a x + b."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(0.75))
        self.b = nn.Parameter(torch.linspace(-1, 2, features))

    def forward(self, X: Tensor) -> Tensor:
        flat = X.flatten(1)
        return self.a * flat.square().sum(dim=1) + flat @ self.b  # (N,)


@exercise("slope_penalty")
def check_slope_penalty(slope_penalty):
    """Points, one point, and pictures; then the slopes of the penalty itself."""
    for shape in ((4, 2), (1, 3), (3, 1, 2, 2)):
        X = torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))
        D = _Bowl(X[0].numel())
        given = X.clone()
        got = slope_penalty(D, given)
        slopes = 2 * D.a * X.flatten(1) + D.b  # (N, D)
        squares = slopes.square().sum(dim=1)  # (N,)
        call = f"slope_penalty, for samples of shape {shape},"
        yield compare(call, got, squares.mean() / 2, *_slips(slopes, squares))
        same = not given.requires_grad and given.grad is None and torch.equal(given, X)
        told = "Take the gradient at a copy: X.detach().clone().requires_grad_()."
        yield Case(f"{call} changed X.", same, told)
        clean = all(p.grad is None for p in D.parameters())
        told = "torch.autograd.grad gives the slopes, and leaves no .grad behind."
        yield Case(f"{call} left slopes in the weights of D.", clean, told)
        yield _graph(call, got, squares.mean() / 2, D)


def _slips(slopes: Tensor, squares: Tensor) -> tuple[list, str]:
    usual = [
        (squares.mean(), "Half of it: divide by 2."),
        (squares.sum() / 2, "Take the mean over the samples, not the sum."),
        (squares.sum(), "Take half the mean over the samples, not the sum."),
        (
            slopes.square().mean() / 2,
            "Sum the squares of a sample; the mean is over N.",
        ),
        (slopes.square().mean(), "Sum the squares of a sample; the mean is over N."),
        (squares.sqrt().mean() / 2, "Square the length."),
        (squares.sqrt().mean(), "Square the length, and take half."),
        (slopes.mean(dim=0).square().sum() / 2, "Square first, then take the mean."),
        (
            squares.mean() / 2 / len(slopes) ** 2,
            "Take the gradient of the sum of the logits: their mean divides it by N.",
        ),
    ]
    return usual, "Half the mean over samples of the squared length of the gradient."


def _graph(call: str, got, want: Tensor, D: nn.Module) -> Case:
    hint = "create_graph=True lets torch.autograd.grad build the graph of the slopes."
    what = f"{call} has no graph: wanted one that reaches the weights of D."
    if not isinstance(got, Tensor) or not got.requires_grad:
        return Case(what, False, hint)
    weights = list(D.parameters())
    reached = torch.autograd.grad(got, weights, retain_graph=True, allow_unused=True)
    wanted = torch.autograd.grad(want, weights, retain_graph=True)
    same = all(
        one is not None and torch.allclose(one, other, atol=1e-5)
        for one, other in zip(reached, wanted, strict=True)
    )
    return Case(what, same, hint)
