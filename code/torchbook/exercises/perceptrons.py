"""Checks for the exercises of part 2, Perceptrons."""

import torch

from torchbook.exercises import Case, close, exercise, show

POINTS = torch.tensor(
    [[2.0, 0.0], [0.0, 1.0], [-1.0, 3.0], [1.0, 1.0], [0.5, -2.0]]
)  # (5, 2)


@exercise("classify")
def check_classify(classify):
    """Classes of five points, then a score of exactly zero, then the dtype."""
    w = torch.tensor([1.0, -2.0])
    for b in (0.0, 1.5, -3.0):  # each with other classes
        got, want = classify(POINTS, w, b), (POINTS @ w + b > 0).long()
        flipped = close(got, 1 - want)
        hint = (
            "Class 1 is where the score is positive."
            if flipped
            else ("One score a row: X @ w sums over the inputs. Do not forget b.")
        )
        yield Case(
            f"classify(X, {show(w)}, {b}) gave {show(got)}, wanted {show(want)}.",
            close(got, want),
            hint,
        )
    on_line = classify(torch.tensor([[1.0, 1.0]]), torch.tensor([1.0, -1.0]), 0.0)
    yield Case(
        f"a score of exactly 0 gave {show(on_line)}, wanted [0].",
        close(on_line, [0]),
        "Class 1 needs a score above 0.",
    )
    yield Case(
        f"the classes have dtype {on_line.dtype}, wanted a whole-number type.",
        not on_line.dtype.is_floating_point and on_line.dtype != torch.bool,
        "A comparison gives booleans; .long() makes them 0 and 1.",
    )


@exercise("signed_distance")
def check_signed_distance(signed_distance):
    """Known distances, then the same line written with weights ten times as long."""
    w = torch.tensor([3.0, 4.0])
    for b in (0.0, -5.0):
        got, want = signed_distance(POINTS, w, b), (POINTS @ w + b) / 5
        what = (
            f"signed_distance(X, {show(w)}, {b}) gave {show(got)}, wanted {show(want)}."
        )
        hint = "Divide the score by the length of w, here 5."
        if close(got, -want):
            hint = "The sign is flipped: class 1 is on the positive side."
        elif close(got, want.abs()):
            hint = "These are distances without a sign. Keep the sign of the score."
        elif close(got, POINTS @ w + b):
            hint = "These are scores. A score becomes a distance when divided by the length of w."
        elif close(got, POINTS @ w / 5):
            hint = "The bias belongs to the score: do not forget b."
        yield Case(what, close(got, want), hint)
    ten = signed_distance(POINTS, 10 * w, -50.0)
    yield Case(
        "ten times w and b is the same line, but your distances changed.",
        close(ten, (POINTS @ w - 5) / 5),
        "Use the length of the w that is passed in.",
    )


CORNERS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])  # (4, 2)


@exercise("implies")
def check_implies(w, b):
    """The truth table of `x1 implies x2`, with no corner on the line."""
    w, b = torch.as_tensor(w, dtype=torch.float32), float(b)
    yield Case(
        f"w has shape {tuple(w.shape)}, wanted two numbers.",
        w.shape == (2,),
        "One weight for each input, as in [1.0, 1.0].",
    )
    z = CORNERS @ w + b
    for x, score, want in zip(CORNERS.tolist(), z.tolist(), [1, 1, 0, 1], strict=True):
        yield Case(
            f"the corner {show(x)} lies on the line: its score is 0.",
            score != 0,
            "Move the bias by a half.",
        )
        answer = int(score >= 0)
        what = f"at {show(x)} the score is {score:.3g}, so the answer is {answer}; wanted {want}."
        flipped = [int(s < 0) for s in z.tolist()] == [1, 1, 0, 1]
        yield Case(
            what,
            (score >= 0) == bool(want),
            "Every answer is the opposite: turn the signs of w and b."
            if flipped
            else "x1 speaks against, x2 speaks for, and with neither the answer is 1.",
        )


@exercise("majority")
def check_majority(majority):
    """All eight corners, then two points between them that only a single cut gets right."""
    X = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3)  # (8, 3)
    got, want = majority(X), (X.sum(dim=1) >= 2).float()
    yield Case(
        f"the answer has shape {tuple(got.shape)}, wanted (8,).",
        got.shape == (8,),
        "Sum over the inputs of a row: dim=1.",
    )
    for x, g, t in zip(X.tolist(), got.tolist(), want.tolist(), strict=True):
        hint = (
            "Two of three are enough: the sum must pass 1.5."
            if t
            else "One vote is too few."
        )
        yield Case(
            f"majority({show(x)}) gave {show(g)}, wanted {show(t)}.", g == t, hint
        )
    between = torch.tensor([[0.9, 0.8, 0.1], [0.6, 0.2, 0.4]])
    yield Case(
        f"for votes of 0.9, 0.8, 0.1 and of 0.6, 0.2, 0.4 it gave {show(majority(between))}, "
        "wanted [1, 0].",
        close(majority(between), [1, 0]),
        "Compare the sum with a number halfway between one vote and two.",
    )


@exercise("xor")
def check_xor(xor):
    """The truth table of XOR, with the calls of NAND counted."""
    calls = 0

    def nand(a, b):
        nonlocal calls
        calls += 1
        return 1 - a * b

    a, b = CORNERS.T
    got = xor(a, b, nand)
    hint = "c = nand(a, b) is 0 only for both. What does nand(a, c) say?"
    if got is not None and close(got, 1 - (a - b).abs()):
        hint = "That is the opposite of XOR."
    yield Case(
        f"for (0,0), (0,1), (1,0), (1,1) it gave {show(got)}, wanted [0, 1, 1, 0].",
        close(got, [0, 1, 1, 0]),
        hint,
    )
    yield Case(
        f"it used {calls} calls of nand, wanted four.",
        calls == 4,
        "Keep nand(a, b) in a variable and use it twice. Use nothing but nand.",
    )


@exercise("nudge")
def check_nudge(nudge):
    """Mistakes of both classes, samples that are right, one on the line, and the old w kept."""
    w = torch.tensor([0.5, -1.0])
    cases = [
        ([1.0, 2.0], 1, 0.25),
        ([2.0, -1.0], 0, 0.25),
        ([1.0, -1.0], 1, 0.25),
        ([1.0, 2.0], 0, 0.25),
        ([1.0, 0.75], 1, 0.25),
        ([1.0, 2.0], 1, 3.0),
    ]
    for x, y, b in cases:
        x, s = torch.tensor(x), 2 * y - 1
        mistake = s * float(w @ x + b) <= 0
        want_w, want_b = (w + 0.1 * s * x, b + 0.1 * s) if mistake else (w, b)
        before = w.clone()
        got_w, got_b = nudge(x, torch.tensor(y), w, b, 0.1)
        yield Case(
            "your function changed the w that it was given.",
            torch.equal(w, before),
            "w += ... works in place. Write w = w + ... instead.",
        )
        what = (
            f"nudge({show(x)}, {y}, {show(w)}, {b}, 0.1) gave {show(got_w)}, {show(got_b)}; "
            f"wanted {show(want_w)}, {show(want_b)}."
        )
        hint = "Add lr * s * x to w and lr * s to b, where s is +1 for label 1 and -1 for label 0."
        if not mistake:
            hint = "This sample is on its right side, by w · x + b: nothing changes."
        elif close(got_w, w - 0.1 * s * x):
            hint = "The sign is flipped: the score moved further to the wrong side."
        elif close(got_w, want_w):
            hint = "The weights are right. The bias moves too, by lr * s."
        elif close(got_w, w) and w @ x + b == 0:
            hint = "A sample on the line, with a score of 0, counts as a mistake."
        elif close(got_w, w) and y == 0:
            hint = "A mistake of class 0 changes nothing here. Did you use y where s belongs?"
        yield Case(what, close(got_w, want_w) and close(got_b, want_b), hint)


@exercise("bound")
def check_bound(bound):
    """Known radii, with the longest row not the one of the largest entry."""
    for X, gamma in (
        (torch.tensor([[3.0, 3.0, 3.0], [4.0, 0.0, 0.0]]), 0.5),
        (torch.tensor([[0.0, 0.0]]), 0.1),
        (POINTS, 2.0),
    ):
        r2 = (X * X).sum(dim=1)
        got, want = bound(X, gamma), float(r2.max() + 1) / gamma**2
        hint = "R squared is the largest sum of squares in a row, plus 1."
        if close(got, float(r2.max()) / gamma**2):
            hint = "Add the 1 that stands for the bias."
        elif close(got, want * gamma):
            hint = "The margin is squared too."
        elif close(got, float((X * X).sum(dim=0).max() + 1) / gamma**2):
            hint = "Sum over the inputs of a sample, dim=1, not over the samples."
        yield Case(
            f"bound(X, {gamma}) gave {show(got)}, wanted {show(want)}, for X = {show(X)}.",
            close(got, want, 1e-3),
            hint,
        )


@exercise("soft_nudge")
def check_soft_nudge(soft_nudge):
    """Both labels, near the line and far from it on either side."""
    w = torch.tensor([0.5, -1.0])
    for x, y, b in (
        ([1.0, 2.0], 1, 0.25),
        ([1.0, 2.0], 0, 0.25),
        ([2.0, 1.0], 1, 0.0),
        ([-3.0, 1.0], 0, 4.0),
    ):
        x = torch.tensor(x)
        y_hat = float(torch.sigmoid(w @ x + b))
        want_w, want_b = w + 0.1 * (y - y_hat) * x, b + 0.1 * (y - y_hat)
        got_w, got_b = soft_nudge(x, torch.tensor(y), w, b, 0.1)
        step = float(w @ x + b >= 0)
        hint = (
            "Move w by lr * (y - y_hat) * x, where y_hat is the sigmoid of the score."
        )
        if close(got_w, w - 0.1 * (y - y_hat) * x):
            hint = "The sign is flipped: this step makes the loss larger."
        elif close(got_w, w + 0.1 * (y - step) * x):
            hint = "This is the rule with the step. Use the sigmoid of the score for y_hat."
        elif close(got_w, want_w):
            hint = "The weights are right. The bias moves too, by lr * (y - y_hat)."
        yield Case(
            f"soft_nudge({show(x)}, {y}, {show(w)}, {b}, 0.1) gave {show(got_w)}, "
            f"{show(got_b)}; wanted {show(want_w)}, {show(want_b)}.",
            close(got_w, want_w) and close(got_b, want_b),
            hint,
        )


@exercise("perceptron_loss")
def check_perceptron_loss(perceptron_loss):
    """Scores on both sides for both labels, then all of them right."""
    z, y = torch.tensor([2.0, -1.0, 0.5, -3.0, 0.0]), torch.tensor([1, 1, 0, 0, 1])
    for labels, want in ((y, 0.3), (1 - y, 1.0), ((z >= 0).long(), 0.0)):
        got = perceptron_loss(z, labels)
        hint = "Take max(0, -s z) for each sample, with s = 2 y - 1, then the mean."
        if close(got, want * len(z)) and want:
            hint = "This is the sum. Take the mean."
        elif close(got, torch.clamp((2 * labels - 1) * z, min=0).mean()):
            hint = "The sign is flipped: samples on the right side cost nothing."
        elif close(got, torch.clamp(-labels * z, min=0).mean()):
            hint = "With label 0 in place of s = -1, mistakes of class 0 cost nothing."
        yield Case(
            f"perceptron_loss({show(z)}, {show(labels)}) gave {show(got)}, wanted {want}.",
            close(got, want),
            hint,
        )
