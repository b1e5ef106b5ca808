"""Checks for the exercises on the step size, in part 7."""

import math

import torch

from torchbook.exercises import Case, compare, exercise, show


@exercise("curvature_along")
def check_curvature_along(curvature_along):
    """Steps along and across the directions of a bowl, long, short, and on a saddle."""
    H = torch.tensor([[4.0, 1.0], [1.0, 0.5]])
    saddle = torch.tensor([[1.0, 0.0], [0.0, -2.0]])
    for matrix, step in (
        (H, torch.tensor([1.0, 0.0])),
        (H, torch.tensor([-0.2, 0.6])),
        (saddle, torch.tensor([0.0, 3.0])),
        (torch.eye(3) * 2.5, torch.tensor([1.0, 2.0, -2.0])),
    ):
        before = torch.full_like(step, 0.3)
        after = before + matrix @ step
        change, length = after - before, step.norm()
        want = change @ step / length**2
        usual = [
            (-want, "The sign is flipped. Take the slope after the step less the one before."),
            (change @ step, "Divide by the square of the step's length."),
            (change @ step / length, "One length makes the step a direction. "
             "The change of the slope grows with the step, too: divide once more."),
            (change.norm() / length, "Only the change along the step counts: "
             "take the product with the step. A length is never negative."),
            (after @ step / length**2, "That is the slope itself. Take its change."),
            (before @ step / length**2, "That is the slope itself. Take its change."),
            (change / step, "Make one number of it: the curvature along the whole step."),
            ((change / step).mean(), "Take products with the step, "
             "not quotients entry by entry."),
            ((change / step).sum(), "Take products with the step, "
             "not quotients entry by entry."),
        ]  # fmt: skip
        otherwise = "How much does the slope change along the step, for each unit of its length?"
        got = curvature_along(before.clone(), after.clone(), step.clone())
        call = f"curvature_along({show(before)}, {show(after)}, {show(step)})"
        yield compare(call, got, want, usual, otherwise)


@exercise("hessian_times")
def check_hessian_times(hessian_times):
    """A bowl, a surface of third power, and a direction that is not of length 1."""
    H = torch.tensor([[3.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
    for name, gradient in (
        ("a bowl", lambda w: H @ w),
        ("w to the third power", lambda w: 3 * w**2),
        ("exp(w)", lambda w: w.exp()),
    ):
        for v in ([1.0, 0.0], [-2.0, 3.0]):
            v = torch.tensor(v, dtype=torch.float64)
            w, eps = torch.tensor([0.5, -1.0], dtype=torch.float64), 0.05
            ahead, behind, here = (
                gradient(w + eps * v),
                gradient(w - eps * v),
                gradient(w),
            )
            want = (ahead - behind) / (2 * eps)
            usual = [
                ((ahead - behind) / eps, "The two places are 2 * eps apart."),
                (ahead - behind, "Divide the difference by the way between the places."),
                ((ahead - here) / eps, "That looks ahead only. "
                 "With one place on either side the error is far smaller."),
                ((here - behind) / eps, "That looks behind only. "
                 "With one place on either side the error is far smaller."),
                (-want, "The sign is flipped: ahead less behind."),
                ((ahead - behind) / (2 * eps * v.norm()), "Leave v as long as it is: "
                 "a v twice as long has a product twice as long."),
                ((gradient(w + eps) - gradient(w - eps)) / (2 * eps),
                 "Go along v, not along every axis."),
                ((ahead + behind) / (2 * eps), "Take the difference of the slopes."),
            ]  # fmt: skip
            otherwise = "Take the slope at w + eps * v and at w - eps * v, and compare."
            got = hessian_times(gradient, w.clone(), v.clone(), eps)
            call = f"for {name}, hessian_times(gradient, {show(w)}, {show(v)}, {eps})"
            yield compare(call, got, want, usual, otherwise)


@exercise("steps_at_best")
def check_steps_at_best(steps_at_best):
    """Bowls from nearly round to a thousand times longer than wide."""
    for curvatures, nearer in (
        ([1.0, 3.0, 10.0], 1e-3),
        ([0.5, 1.5], 1e-2),
        ([0.02, 4.0, 20.0, 0.3], 1e-6),
        ([2.0, 2.2], 0.5),
    ):
        low, high = min(curvatures), max(curvatures)
        shrink = (high - low) / (high + low)
        exact = math.log(nearer) / math.log(shrink)
        want = math.ceil(exact)
        cautious = math.log(nearer) / math.log(1 - low / high)
        got = steps_at_best(torch.tensor(curvatures), nearer)
        told = "Which is the smallest t for which the factor to the power t is below nearer?"
        value = (
            got.item() if isinstance(got, torch.Tensor) and got.numel() == 1 else got
        )
        usual = [
            (exact, "There are no parts of a step. Round up."),
            (math.floor(exact), "One step short: round up, not down."),
            (math.ceil(exact / 2), "That is for the loss, which shrinks with the square."),
            (math.ceil(cautious), "That is the rate 1 / max. Take the best rate."),
            (math.ceil(high / low), "That is the condition number itself, "
             "not a number of steps."),
        ]  # fmt: skip
        number = isinstance(value, int | float) and not isinstance(value, bool)
        for wrong, text in usual:
            if number and math.isclose(value, wrong, rel_tol=1e-4):
                told = text
                break
        passed = number and value == want
        what = f"steps_at_best({curvatures}, {nearer}) gave {show(got)}, wanted {want}."
        yield Case(what, bool(passed), told)
