"""Checks for the exercises of part 2, Perceptrons."""

import torch

from torchbook.exercises import Case, close, compare, exercise, fits, hint, show

POINTS = torch.tensor(
    [[2.0, 0.0], [0.0, 1.0], [-1.0, 3.0], [1.0, 1.0], [0.5, -2.0]]
)  # (5, 2)
CORNERS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])  # (4, 2)


@exercise("classify")
def check_classify(classify):
    """Classes of five points, then a score of exactly zero, then the dtype."""
    w = torch.tensor([1.0, -2.0])
    for b in (0.0, 1.5, -3.0):  # each with other classes
        z = POINTS @ w + b
        got, want = classify(POINTS, w, b), (z > 0).long()
        usual = [
            (1 - want, "Class 1 is where the score is positive."),
            (z.sign(), "Class 0 is written 0 here, not -1."),
        ]
        otherwise = "One score a row: X @ w sums over the inputs. Do not forget b."
        yield compare(f"classify(X, {show(w)}, {b})", got, want, usual, otherwise)
    on_line = classify(torch.tensor([[1.0, 1.0]]), torch.tensor([1.0, -1.0]), 0.0)
    otherwise = "Class 1 needs a score above 0."
    yield compare("a score of exactly 0", on_line, [0], [], otherwise)
    dtype = torch.as_tensor(got).dtype
    yield Case(
        f"the classes have dtype {dtype}, wanted a whole-number type.",
        not dtype.is_floating_point and dtype != torch.bool,
        "A comparison gives booleans; .long() makes them 0 and 1.",
    )


@exercise("signed_distance")
def check_signed_distance(signed_distance):
    """Known distances, then the same line written with weights ten times as long."""
    w = torch.tensor([3.0, 4.0])
    for b in (-5.0, 0.0):
        got, want = signed_distance(POINTS, w, b), (POINTS @ w + b) / 5
        usual = [
            (-want, "The sign is flipped: class 1 is on the positive side."),
            (want.abs(), "These are distances without a sign. Keep the score's sign."),
            (POINTS @ w + b, "These are scores. How long is w?"),
            (POINTS @ w / 5, "The bias belongs to the score: do not forget b."),
            (POINTS @ w + b / 5, "Only b was divided: the score needs parentheses."),
            (POINTS @ w / 5 + b, "All of the score is divided, b too."),
        ]
        call = f"signed_distance(X, {show(w)}, {b})"
        otherwise = "Divide the score by the length of w, here 5."
        yield compare(call, got, want, usual, otherwise)
    ten = signed_distance(POINTS, 10 * w, -50.0)
    yield Case(
        "ten times w and b is the same line, but your distances changed.",
        close(ten, (POINTS @ w - 5) / 5),
        "Use the length of the w that is passed in.",
    )


@exercise("implies")
def check_implies(w, b):
    """The truth table of `x1 implies x2`, with no corner on the line."""
    yield fits("for w you", w, (2,), "One weight for each input, as in [1.0, 1.0].")
    yield fits("for b you", b, (), "The bias is one number, as in 1.0.")
    scores = (CORNERS @ torch.as_tensor(w, dtype=torch.float32) + float(b)).tolist()
    answers = [int(z >= 0) for z in scores]
    opposite = ([0, 0, 1, 0], "All answers are opposite: turn the signs of w and b.")
    otherwise = "x1 speaks against, x2 speaks for, and with neither the answer is 1."
    for x, z, answer, want in zip(CORNERS, scores, answers, [1, 1, 0, 1], strict=True):
        what = f"the corner {show(x)} lies on the line: its score is 0."
        yield Case(what, z != 0, "Move the bias by a half.")
        call = f"at {show(x)}, with a score of {show(z)}, your unit"
        told = hint(answers, [opposite], otherwise)
        yield compare(call, answer, want, [], told)


@exercise("majority")
def check_majority(majority):
    """All eight corners, then two points between them that only a single cut gets right."""
    X = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 3)  # (8, 3)
    got = majority(X)
    yield fits("majority(X)", got, (8,), "Sum over the inputs of a row: dim=1.")
    for x, answer in zip(X, torch.as_tensor(got), strict=True):
        want = int(x.sum() >= 2)
        otherwise = ("One vote is too few.", "Two of three are enough.")[want]
        yield compare(f"majority({show(x)})", answer, want, [], otherwise)
    between = torch.tensor([[0.9, 0.8, 0.1], [0.6, 0.2, 0.4]])
    otherwise = "Compare the sum with a number halfway between one vote and two."
    got = majority(between)
    yield compare(f"majority({show(between)})", got, [1, 0], [], otherwise)


@exercise("xor")
def check_xor(xor):
    """The truth table of XOR, with the calls of NAND counted."""
    calls = 0

    def nand(a, b):
        nonlocal calls
        calls += 1
        return 1 - a * b

    got = xor(*CORNERS.T, nand)
    usual = [([1, 0, 0, 1], "That is the opposite of XOR.")]
    otherwise = "c = nand(a, b) is 0 only for both. What does nand(a, c) say?"
    where = "for (0,0), (0,1), (1,0), (1,1) it"
    yield compare(where, got, [0, 1, 1, 0], usual, otherwise)
    yield Case(
        f"it used {calls} calls of nand, wanted four.",
        calls == 4,
        "Keep nand(a, b) in a variable and use it twice. Use nothing but nand.",
    )


def compare_lines(call, got, want, usual, otherwise, bias):
    """Cases for a function that gives back w and b; the last hint is for a b that is wrong."""
    pair = isinstance(got, (tuple, list)) and len(got) == 2
    what = f"{call} gave {show(got)}, wanted w and b."
    yield Case(what, pair, "Return both w and b, as a pair.")
    yield compare(f"for w, {call}", got[0], want[0], usual, otherwise)
    yield compare(f"for b, {call}", got[1], want[1], [], bias)


@exercise("nudge")
def check_nudge(nudge):
    """Mistakes of both classes, samples that are right, one on the line, and the old w kept."""
    for x, y, b in (
        ([1.0, 2.0], 1, 0.25),
        ([2.0, -1.0], 0, 0.25),
        ([1.0, -1.0], 1, 0.25),
        ([1.0, 2.0], 0, 0.25),
        ([1.0, 0.75], 1, 0.25),
        ([1.0, 2.0], 1, 3.0),
    ):
        x, s, w = torch.tensor(x), 2 * y - 1, torch.tensor([0.5, -1.0])
        z, given = float(w @ x + b), w.clone()
        got = nudge(x, torch.tensor(y), given, b, 0.1)
        yield Case(
            "your function changed the w that it was given.",
            torch.equal(w, given),
            "w += ... works in place. Write w = w + ... instead.",
        )
        want = w + 0.1 * s * x, b + 0.1 * s
        uphill = "The sign is flipped: the score moved further to the wrong side."
        usual = [(w - 0.1 * s * x, uphill)]
        if z == 0:
            usual += [(w, "A sample on the line, with a score of 0, is a mistake too.")]
        if y == 0:
            usual += [(w, "Nothing changes here. Did you use y where s belongs?")]
        otherwise = "Add lr * s * x to w, where s is +1 for label 1 and -1 for label 0."
        bias = "The weights are right. The bias moves too, by lr * s."
        if s * z > 0:
            want, usual = (w, b), []
            otherwise = bias = "By w · x + b it is on its right side: nothing changes."
        call = f"nudge({show(x)}, {y}, {show(w)}, {b}, 0.1)"
        yield from compare_lines(call, got, want, usual, otherwise, bias)


@exercise("bound")
def check_bound(bound):
    """Known radii, with the longest row not the one of the largest entry."""
    for X, gamma in (
        (torch.tensor([[3.0, 3.0, 3.0], [4.0, 0.0, 0.0]]), 0.5),
        (torch.tensor([[0.0, 0.0]]), 0.1),
        (POINTS, 2.0),
    ):
        squares, entry = (X * X).sum(dim=1).max(), X.abs().max()
        got, want = bound(X, gamma), (squares + 1) / gamma**2
        length = "Square the length of a sample before the 1 is added."
        row = "A row counts with all its entries, not with its largest alone."
        usual = [
            (squares / gamma**2, "Add the 1 that stands for the bias."),
            (want * gamma, "The margin is squared too."),
            (want.sqrt(), "This is R through gamma. What is still to be done with it?"),
            ((squares.sqrt() + 1) / gamma**2, length),
            (((squares.sqrt() + 1) / gamma) ** 2, length),
            ((entry + 1) / gamma**2, row),
            ((entry**2 + 1) / gamma**2, row),
            (((X * X).sum(dim=0).max() + 1) / gamma**2, "Sum over the inputs, dim=1."),
        ]
        otherwise = "R squared is the largest sum of squares in a row, plus 1."
        yield compare(f"bound({show(X)}, {gamma})", got, want, usual, otherwise)


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
        z = w @ x + b
        step, y_hat, without_b = float(z >= 0), z.sigmoid(), (z - b).sigmoid()
        got = soft_nudge(x, torch.tensor(y), w.clone(), b, 0.1)
        want = w + 0.1 * (y - y_hat) * x, b + 0.1 * (y - y_hat)
        usual = [
            (2 * w - want[0], "The sign is flipped: this step makes the loss larger."),
            (w + 0.1 * (y - step) * x, "This is the rule with a step, not softened."),
            (w + 0.1 * (y - without_b) * x, "The bias is part of the score, too."),
        ]
        otherwise = "Move w by lr * (y - y_hat) * x; y_hat is the sigmoid of the score."
        bias = "The weights are right. The bias moves too, by lr * (y - y_hat)."
        call = f"soft_nudge({show(x)}, {y}, {show(w)}, {b}, 0.1)"
        yield from compare_lines(call, got, want, usual, otherwise, bias)


@exercise("perceptron_loss")
def check_perceptron_loss(perceptron_loss):
    """Scores on both sides for both labels, then all of them right."""
    z, y = torch.tensor([2.0, -1.0, 0.5, -3.0, 0.0]), torch.tensor([1, 1, 0, 0, 1])
    for labels, want in ((y, 0.3), (1 - y, 1.0), ((z >= 0).long(), 0.0)):
        got, s = perceptron_loss(z, labels), 2 * labels - 1
        turned = "The sign is flipped: samples on the right side cost nothing."
        label_0 = "With label 0 in place of s = -1, mistakes of class 0 cost nothing."
        usual = [
            (want * len(z), "This is the sum. Take the mean."),
            ((s * z).clamp(min=0).mean(), turned),
            ((-labels * z).clamp(min=0).mean(), label_0),
        ]
        otherwise = "Take max(0, -s z) for each sample, s = 2 y - 1, then the mean."
        call = f"perceptron_loss({show(z)}, {show(labels)})"
        yield compare(call, got, want, usual, otherwise)
