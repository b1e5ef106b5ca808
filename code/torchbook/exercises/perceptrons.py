"""Checks for the exercises of part 2, Perceptrons."""

import torch

from torchbook.exercises import Case, close, exercise, show

POINTS = torch.tensor([[2.0, 0.0], [0.0, 1.0], [-1.0, 3.0], [1.0, 1.0], [0.5, -2.0]])  # (5, 2)


@exercise("classify")
def check_classify(classify):
    """Classes of five points, then a score of exactly zero, then the dtype."""
    w = torch.tensor([1.0, -2.0])
    for b in (0.0, 0.5, -1.5):
        got, want = classify(POINTS, w, b), (POINTS @ w + b > 0).long()
        flipped = close(got, 1 - want)
        hint = "Class 1 is where the score is positive." if flipped else (
            "One score a row: X @ w sums over the inputs. Do not forget b.")  # fmt: skip
        yield Case(f"classify(X, {show(w)}, {b}) gave {show(got)}, wanted {show(want)}.",
                   close(got, want), hint)  # fmt: skip
    on_line = classify(torch.tensor([[1.0, 1.0]]), torch.tensor([1.0, -1.0]), 0.0)
    yield Case(f"a score of exactly 0 gave {show(on_line)}, wanted [0].", close(on_line, [0]),
               "Class 1 needs a score above 0.")  # fmt: skip
    yield Case(f"the classes have dtype {on_line.dtype}, wanted a whole-number type.",
               not on_line.dtype.is_floating_point and on_line.dtype != torch.bool,
               "A comparison gives booleans; .long() makes them 0 and 1.")  # fmt: skip


@exercise("signed_distance")
def check_signed_distance(signed_distance):
    """Known distances, then the same line written with weights ten times as long."""
    w = torch.tensor([3.0, 4.0])
    for b in (0.0, -5.0):
        got, want = signed_distance(POINTS, w, b), (POINTS @ w + b) / 5
        what = f"signed_distance(X, {show(w)}, {b}) gave {show(got)}, wanted {show(want)}."
        hint = "Divide the score by the length of w, here 5."
        if close(got, -want):
            hint = "The sign is flipped: class 1 is on the positive side."
        elif close(got, want.abs()):
            hint = "These are distances without a sign. Keep the sign of the score."
        elif close(got, POINTS @ w + b):
            hint = "These are scores. A score becomes a distance when divided by the length of w."
        yield Case(what, close(got, want), hint)
    ten = signed_distance(POINTS, 10 * w, -50.0)
    yield Case("ten times w and b is the same line, but your distances changed.",
               close(ten, (POINTS @ w - 5) / 5), "Use the length of the w that is passed in.")  # fmt: skip
