"""Checks for the exercises on penalties and weight decay, in part 8."""

import math

import torch

from torchbook.exercises import Case, compare, exercise, unchanged


@exercise("half_life")
def check_half_life(half_life):
    """A decay that is nearly none, one that halves at once, and those between."""
    for lr, strength in ((0.1, 0.3), (1.0, 0.4), (0.01, 0.1), (1e-3, 1e-2), (0.5, 1.8)):
        left = 1 - lr * strength
        exact = math.log(0.5) / math.log(left)
        want = math.ceil(exact)
        up = "A part of a step is no step: round up, so that at most half is left."
        usual = [
            (exact, up),
            (math.floor(exact), up),
            (math.log(2) / (lr * strength), "That holds nearly, for a weak decay."),
            (
                math.ceil(math.log(2) / (lr * strength)),
                "That holds nearly, for a weak decay.",
            ),
            (
                math.ceil(0.5 / (lr * strength)),
                "Each step takes a share of what is left.",
            ),
            (math.ceil(1 / (lr * strength)), "Then about 1/e is left, not a half."),
        ]
        otherwise = "After t steps (1 - lr * strength) ** t is left. Solve for t."
        call = f"half_life({lr}, {strength})"
        yield compare(call, half_life(lr, strength), want, usual, otherwise)


def _toward_zero(w, by):
    return w.sign() * (w.abs() - by).clamp(min=0)


def _slips_of_elastic(w, slope, lr, l1, l2):
    half_way, by = (1 - lr * l2) * w - lr * slope, lr * l1
    order = "First the step on the loss and L2, then toward zero."
    return [
        (half_way, "The L1 price is missing."),
        (half_way - by * half_way.sign(), "That passes zero. Stop there."),
        (
            half_way - by * w.sign(),
            "That is the slope of L1: it passes zero. Stop there.",
        ),
        (_toward_zero(w - lr * slope, by), "The L2 price is missing."),
        (_toward_zero(half_way, l1), "Toward zero by lr * l1, not by l1."),
        ((half_way.abs() - by).clamp(min=0), "The signs are lost."),
        (
            _toward_zero((1 - 2 * lr * l2) * w - lr * slope, by),
            "The price has a half: its slope is l2 * w.",
        ),
        (
            _toward_zero((1 - lr * l2) * (w - lr * slope), by),
            "The slope does not decay.",
        ),
        (_toward_zero((1 - l2) * w - lr * slope, by), "Shrink by 1 - lr * l2."),
        ((1 - lr * l2) * _toward_zero(w, by) - lr * slope, order),
        (_toward_zero(w, by) * (1 - lr * l2) - lr * slope, order),
    ], order


@exercise("elastic_step")
def check_elastic_step(elastic_step):
    """Weights that pass zero, that stop at it, and either price alone."""
    w = torch.tensor([1.0, -1.0, 0.05, -0.02, 0.0, 0.3])
    slope = torch.tensor([0.5, 0.5, -0.1, 0.3, 0.15, 4.0])
    for lr, l1, l2 in (
        (0.1, 0.4, 0.5),
        (0.2, 0.0, 1.0),
        (0.1, 1.0, 0.0),
        (0.5, 0.2, 0.1),
    ):
        given = w.clone(), slope.clone()
        got = elastic_step(*given, lr, l1, l2)
        yield unchanged(
            given, (w, slope), "w -= … works in place. Make a new tensor instead."
        )
        half_way = (1 - lr * l2) * w - lr * slope
        usual, order = _slips_of_elastic(w, slope, lr, l1, l2)
        call = f"elastic_step(w, slope, {lr}, {l1}, {l2})"
        want = _toward_zero(half_way, lr * l1)
        yield compare(call, got, want, usual, order)


def _is_a_pair(call, got):
    pair = isinstance(got, (tuple, list)) and len(got) == 2
    return Case(
        f"{call} gave {type(got).__name__}, wanted a pair of tensors.",
        pair and all(isinstance(part, torch.Tensor) for part in got),
        "return longer_A, longer_y",
    )


@exercise("as_samples")
def check_as_samples(as_samples):
    """Sets of different sizes and strengths; what least squares makes of the answer counts."""
    g = torch.Generator().manual_seed(0)
    for n, d, strength in ((8, 3, 0.7), (20, 2, 3.0), (3, 5, 0.1)):
        A = torch.randn(n, d, generator=g).double()
        y = torch.randn(n, generator=g).double() + 1

        def priced(strength, A=A, y=y):
            bend = 2 / len(A) * A.T @ A + strength * torch.eye(A.shape[1])
            return torch.linalg.solve(bend, 2 / len(A) * A.T @ y)

        got = as_samples(A.clone(), y.clone(), strength)
        call = f"as_samples(A {(n, d)}, y, {strength})"
        yield _is_a_pair(call, got)
        longer, answers = got
        shapes = tuple(longer.shape), tuple(answers.shape)
        fit = longer.ndim == 2 and shapes[0][1:] == (d,) and shapes[1] == shapes[0][:1]
        yield Case(
            f"{call} gave shapes {shapes[0]} and {shapes[1]}, wanted (M, {d}) and (M,).",
            fit and len(answers) > n,
            "Append a row for each weight to A, and a number for each row to y.",
        )
        w = torch.linalg.pinv(longer.double()) @ answers.double()
        want = priced(strength)
        usual = [
            (priced(2 * strength), "The price has a half."),
            (priced(strength * 2 / n), "The error is a mean: N belongs into the rows."),
            (priced(strength / n), "The error is a mean: N belongs into the rows."),
            (priced(n * strength**2 / 2), "Each miss is squared: take the root."),
        ]
        otherwise = (
            "A row with one input c and the answer 0 costs (c w)². What must c be?"
        )
        yield compare(
            f"the weights of least squares on {call}", w, want, usual, otherwise
        )
