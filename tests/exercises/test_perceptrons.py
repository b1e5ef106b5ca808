"""torchbook.exercises.perceptrons: right answers pass, usual slips get the hint meant for them."""

import torch
from answers import *  # noqa: F403
from answers import BROKE


def sign(y):
    return 2 * y - 1


def is_wrong(x, y, w, b):
    return sign(y) * (w @ x + b) <= 0


def nudge_in_place(x, y, w, b, lr):
    if is_wrong(x, y, w, b):
        w += lr * sign(y) * x
        b += lr * sign(y)
    return w, b


def nudge_by(step, wrong=is_wrong):
    """A nudge that moves by step(x, y) where wrong(x, y, w, b)."""

    def nudge(x, y, w, b, lr):
        if not wrong(x, y, w, b):
            return w, b
        dw, db = step(x, y)
        return w + lr * dw, b + lr * db

    return nudge


def nudge_without_else(x, y, w, b, lr):
    if is_wrong(x, y, w, b):
        return w + lr * sign(y) * x, b + lr * sign(y)


def nudge_without_lr(x, y, w, b, lr):
    return nudge_by(lambda x, y: (sign(y) * x, sign(y)))(x, y, w, b, 1.0)


def soft(x, y, w, b):
    return y - torch.sigmoid(w @ x + b)


def xor_of_five(a, b, nand):
    not_a, not_b = nand(a, a), nand(b, b)
    return nand(nand(a, not_b), nand(not_a, b))


def xor_of_four(a, b, nand):
    c = nand(a, b)
    return nand(nand(a, c), nand(b, c))


def xor_that_repeats_itself(a, b, nand):
    return nand(nand(a, nand(a, b)), nand(b, nand(a, b)))


RIGHT = {
    "classify": [
        lambda X, w, b: (X @ w + b > 0).long(),
        lambda X, w, b: torch.where((X * w).sum(dim=1) + b > 0, 1, 0),
        lambda X, w, b: ((X @ w[:, None])[:, 0] > -b).int(),
    ],
    "signed_distance": [
        lambda X, w, b: (X @ w + b) / w.norm(),
        lambda X, w, b: (X @ w + b) / (w * w).sum().sqrt(),
    ],
    "implies": [
        ([-1.0, 1.0], 0.5),
        (torch.tensor([-2, 2]), 1),
        ([-1.0, 0.9], torch.tensor(0.5)),
    ],
    "majority": [
        lambda X: (X.sum(dim=1) - 1.5 >= 0).float(),
        lambda X: (X @ torch.ones(3) > 1.5).long(),
        lambda X: X.mean(dim=1) > 0.5,
    ],
    "xor": [xor_of_four],
    "nudge": [
        nudge_by(lambda x, y: (sign(y) * x, sign(y))),
        nudge_by(lambda x, y: (x, 1) if y == 1 else (-x, -1)),
    ],
    "bound": [
        lambda X, gamma: ((X**2).sum(dim=1) + 1).max() / gamma**2,
        lambda X, gamma: (max(float(x @ x) for x in X) + 1) / gamma**2,
    ],
    "soft_nudge": [
        lambda x, y, w, b, lr: (
            w + lr * soft(x, y, w, b) * x,
            b + lr * soft(x, y, w, b),
        ),
    ],
    "perceptron_loss": [
        lambda z, y: torch.clamp(-sign(y) * z, min=0).mean(),
        lambda z, y: torch.relu(torch.where(y == 1, -z, z)).mean().item(),
    ],
}

WRONG = {
    "classify": {
        "sign flipped": (lambda X, w, b: (X @ w + b < 0).long(), "score is positive"),
        "forgot b": (lambda X, w, b: (X @ w > 0).long(), "Do not forget b"),
        "b subtracted": (lambda X, w, b: (X @ w - b > 0).long(), "Do not forget b"),
        "the line counted": (
            lambda X, w, b: (X @ w + b >= 0).long(),
            "a score above 0",
        ),
        "booleans": (lambda X, w, b: X @ w + b > 0, ".long() makes them"),
        "floats": (lambda X, w, b: (X @ w + b > 0).float(), ".long() makes them"),
        "scores": (lambda X, w, b: X @ w + b, "One score a row"),
        "signs": (
            lambda X, w, b: torch.sign(X @ w + b).long(),
            "Class 0 is written 0 here",
        ),
        "signs as floats": (
            lambda X, w, b: torch.sign(X @ w + b),
            "Class 0 is written 0 here",
        ),
        "wrong axis": (
            lambda X, w, b: ((X * w).sum(dim=0) + b > 0).long(),
            "One score a row",
        ),
        "a column": (
            lambda X, w, b: (X @ w[:, None] + b > 0).long(),
            "classify(X, [1, -2], 0.0) gave shape (5, 1), wanted (5,).",
        ),
        "a list of booleans": (
            lambda X, w, b: [bool(w @ x + b > 0) for x in X],
            ".long() makes them",
        ),
        "X transposed": (lambda X, w, b: (X.T @ w + b > 0).long(), BROKE),
    },
    "signed_distance": {
        "sign flipped": (lambda X, w, b: -(X @ w + b) / w.norm(), "sign is flipped"),
        "no sign": (
            lambda X, w, b: (X @ w + b).abs() / w.norm(),
            "Keep the score's sign",
        ),
        "scores": (lambda X, w, b: X @ w + b, "These are scores"),
        "forgot b": (lambda X, w, b: X @ w / w.norm(), "do not forget b"),
        "length squared": (
            lambda X, w, b: (X @ w + b) / (w @ w),
            "by the length of w, here 5",
        ),
        "b not divided": (
            lambda X, w, b: X @ w / w.norm() + b,
            "All of the score is divided",
        ),
        "no parentheses": (
            lambda X, w, b: X @ w + b / w.norm(),
            "the score needs parentheses",
        ),
        "sum for length": (
            lambda X, w, b: (X @ w + b) / w.sum(),
            "by the length of w, here 5",
        ),
        "five written down": (
            lambda X, w, b: (X @ w + b) / 5,
            "the w that is passed in",
        ),
        "length of X": (
            lambda X, w, b: (X @ w + b) / X.norm(),
            "by the length of w, here 5",
        ),
    },
    "implies": {
        "sign flipped": (([1.0, -1.0], -0.5), "turn the signs"),
        "bias forgotten": (([-1.0, 1.0], 0.0), "Move the bias by a half"),
        "on the line": (([-1.0, 1.0], 1.0), "Move the bias by a half"),
        "the other way": (([1.0, -1.0], 0.5), "x1 speaks against"),
        "or": (([1.0, 1.0], -0.5), "x1 speaks against"),
        "and": (([1.0, 1.0], -1.5), "x1 speaks against"),
        "always 1": (([0.0, 0.0], 1.0), "x1 speaks against"),
        "one weight": (([1.0], 0.5), "One weight for each input"),
        "a number for w": ((1.0, 0.5), "One weight for each input"),
        "bias among them": (([-1.0, 1.0, 0.5], 0.5), "One weight for each input"),
        "text": (
            (["a", "b"], 0.5),
            "for w you gave a list, wanted a tensor of shape (2,)",
        ),
        "two biases": (([-1.0, 1.0], [0.5, 0.5]), "The bias is one number"),
    },
    "majority": {
        "wrong axis": (lambda X: (X.sum(dim=0) > 1.5).float(), "dim=1"),
        "one vote is enough": (
            lambda X: (X.sum(dim=1) > 0.5).float(),
            "One vote is too few",
        ),
        "all three": (
            lambda X: (X.sum(dim=1) > 2.5).float(),
            "Two of three are enough",
        ),
        "off by one": (lambda X: (X.sum(dim=1) > 2).float(), "Two of three are enough"),
        "sign flipped": (lambda X: (X.sum(dim=1) < 1.5).float(), "One vote is too few"),
        "always 1": (lambda X: torch.ones(len(X)), "One vote is too few"),
        "cut at two": (lambda X: (X.sum(dim=1) >= 2).float(), "halfway between"),
        "cut at one": (lambda X: (X.sum(dim=1) > 1).float(), "halfway between"),
        "a column": (lambda X: (X.sum(dim=1, keepdim=True) > 1.5).float(), "dim=1"),
        "two of them": (lambda X: X[:, 0] * X[:, 1], "Two of three are enough"),
    },
    "xor": {
        "or": (
            lambda a, b, nand: nand(nand(a, a), nand(b, b)),
            "What does nand(a, c) say?",
        ),
        "nand": (lambda a, b, nand: nand(a, b), "What does nand(a, c) say?"),
        "opposite": (
            lambda a, b, nand: nand(xor_of_four(a, b, nand), xor_of_four(a, b, nand)),
            "opposite of XOR",
        ),
        "five calls": (xor_of_five, "use it twice"),
        "computed twice": (xor_that_repeats_itself, "use it twice"),
        "no nand": (lambda a, b, nand: (a - b).abs(), "Use nothing but nand"),
        "one nand and more": (
            lambda a, b, nand: nand(a, b) * (a + b).clamp(max=1),
            "Use nothing but nand",
        ),
        "python's and": (lambda a, b, nand: nand(a and b, a or b), BROKE),
    },
    "nudge": {
        "in place": (nudge_in_place, "works in place"),
        "sign flipped": (
            nudge_by(lambda x, y: (-sign(y) * x, -sign(y))),
            "sign is flipped",
        ),
        "forgot the bias": (
            nudge_by(lambda x, y: (sign(y) * x, 0)),
            "The bias moves too",
        ),
        "bias by s x": (
            nudge_by(lambda x, y: (sign(y) * x, sign(y) * x[0] * 3)),
            "by lr * s",
        ),
        "y for s": (
            nudge_by(lambda x, y: (y * x, y)),
            "Did you use y where s belongs?",
        ),
        "y for s, twice": (
            nudge_by(lambda x, y: (y * x, y), lambda x, y, w, b: y * (w @ x + b) <= 0),
            "Did you use y where s belongs?",
        ),
        "no label": (nudge_by(lambda x, y: (x, 1)), "sign is flipped"),
        "always": (
            nudge_by(lambda x, y: (sign(y) * x, sign(y)), lambda *_: True),
            "on its right side",
        ),
        "not on the line": (
            nudge_by(
                lambda x, y: (sign(y) * x, sign(y)),
                lambda x, y, w, b: sign(y) * (w @ x + b) < 0,
            ),
            "A sample on the line",
        ),
        "score without bias": (
            nudge_by(
                lambda x, y: (sign(y) * x, sign(y)),
                lambda x, y, w, b: sign(y) * (w @ x) <= 0,
            ),
            "By w · x + b",
        ),
        "forgot lr": (nudge_without_lr, "Add lr * s * x to w"),
        "added to each weight": (
            nudge_by(lambda x, y: (sign(y), sign(y))),
            "Add lr * s * x to w",
        ),
        "never": (lambda x, y, w, b, lr: (w, b), "Add lr * s * x to w"),
        "no else": (nudge_without_else, "every way through it return"),
        "one value": (lambda x, y, w, b, lr: 1.0, "gave 1, wanted w and b."),
        "w alone": (
            lambda x, y, w, b, lr: w + lr * sign(y) * x,
            "gave [0.6, -0.8], wanted w and b.\n  Hint: Return both w and b",
        ),
        "three values": (lambda x, y, w, b, lr: (w, b, x), "Return both w and b"),
        "nothing in a pair": (
            lambda x, y, w, b, lr: (None, None),
            "gave nothing, wanted a tensor of shape (2,)",
        ),
        "turned round": (
            lambda x, y, w, b, lr: (b, w),
            "gave a single number, wanted a tensor of shape (2,)",
        ),
    },
    "bound": {
        "forgot the 1": (lambda X, gamma: (X**2).sum(1).max() / gamma**2, "Add the 1"),
        "margin not squared": (
            lambda X, gamma: ((X**2).sum(1) + 1).max() / gamma,
            "margin is squared",
        ),
        "wrong axis": (lambda X, gamma: ((X**2).sum(0) + 1).max() / gamma**2, "dim=1"),
        "largest entry": (
            lambda X, gamma: (X.abs().max() ** 2 + 1) / gamma**2,
            "not with its largest alone",
        ),
        "largest entry, not squared": (
            lambda X, gamma: (X.abs().max() + 1) / gamma**2,
            "not with its largest alone",
        ),
        "length not squared": (
            lambda X, gamma: (X.norm(dim=1).max() + 1) / gamma**2,
            "Square the length of a sample",
        ),
        "length and 1 squared": (
            lambda X, gamma: ((X.norm(dim=1).max() + 1) / gamma) ** 2,
            "Square the length of a sample",
        ),
        "nothing squared": (
            lambda X, gamma: ((X**2).sum(dim=1).max() + 1).sqrt() / gamma,
            "This is R through gamma",
        ),
        "mean for max": (
            lambda X, gamma: ((X**2).sum(1) + 1).mean() / gamma**2,
            "largest sum of squares in a row",
        ),
        "a 1 for each input": (
            lambda X, gamma: (X**2 + 1).sum(1).max() / gamma**2,
            "largest sum of squares in a row",
        ),
        "one for each sample": (
            lambda X, gamma: ((X**2).sum(1) + 1) / gamma**2,
            "largest sum of squares in a row",
        ),
        "multiplied": (
            lambda X, gamma: ((X**2).sum(1) + 1).max() * gamma**2,
            "largest sum of squares in a row",
        ),
    },
    "soft_nudge": {
        "sign flipped": (
            lambda x, y, w, b, lr: (
                w - lr * soft(x, y, w, b) * x,
                b - lr * soft(x, y, w, b),
            ),
            "makes the loss larger",
        ),
        "a step": (
            lambda x, y, w, b, lr: (
                w + lr * (y - (w @ x + b >= 0).float()) * x,
                b + lr * (y - (w @ x + b >= 0).float()),
            ),
            "This is the rule with a step",
        ),
        "forgot the bias": (
            lambda x, y, w, b, lr: (w + lr * soft(x, y, w, b) * x, b),
            "The bias moves too",
        ),
        "score for y_hat": (
            lambda x, y, w, b, lr: (
                w + lr * (y - w @ x - b) * x,
                b + lr * (y - w @ x - b),
            ),
            "y_hat is the sigmoid",
        ),
        "score without bias": (
            lambda x, y, w, b, lr: (
                w + lr * soft(x, y, w, 0) * x,
                b + lr * soft(x, y, w, 0),
            ),
            "The bias is part of the score",
        ),
        "w alone": (
            lambda x, y, w, b, lr: w + lr * soft(x, y, w, b) * x,
            "Return both w and b",
        ),
        "forgot lr": (
            lambda x, y, w, b, lr: (w + soft(x, y, w, b) * x, b + soft(x, y, w, b)),
            "Move w by lr * (y - y_hat) * x",
        ),
        "forgot x": (
            lambda x, y, w, b, lr: (
                w + lr * soft(x, y, w, b),
                b + lr * soft(x, y, w, b),
            ),
            "Move w by lr * (y - y_hat) * x",
        ),
        "s for y": (
            lambda x, y, w, b, lr: (
                w + lr * soft(x, sign(y), w, b) * x,
                b + lr * soft(x, sign(y), w, b),
            ),
            "Move w by lr * (y - y_hat) * x",
        ),
        "nothing moves": (
            lambda x, y, w, b, lr: (w, b),
            "Move w by lr * (y - y_hat) * x",
        ),
        "too few arguments": (lambda x, y, w: (w, 0.0), BROKE),
    },
    "perceptron_loss": {
        "sum": (lambda z, y: torch.clamp(-sign(y) * z, min=0).sum(), "Take the mean"),
        "sign flipped": (
            lambda z, y: torch.clamp(sign(y) * z, min=0).mean(),
            "sign is flipped",
        ),
        "y for s": (lambda z, y: torch.clamp(-y * z, min=0).mean(), "With label 0"),
        "no clamp": (lambda z, y: (-sign(y) * z).mean(), "max(0, -s z)"),
        "max for min": (
            lambda z, y: torch.clamp(-sign(y) * z, max=0).mean(),
            "max(0, -s z)",
        ),
        "clamp of the mean": (
            lambda z, y: torch.clamp((-sign(y) * z).mean(), min=0),
            "max(0, -s z)",
        ),
        "a margin of 1": (
            lambda z, y: torch.clamp(1 - sign(y) * z, min=0).mean(),
            "max(0, -s z)",
        ),
        "mean over mistakes": (
            lambda z, y: (-sign(y) * z)[sign(y) * z < 0].mean(),
            "max(0, -s z)",
        ),
        "count of mistakes": (
            lambda z, y: (sign(y) * z < 0).float().mean(),
            "max(0, -s z)",
        ),
        "one for each sample": (
            lambda z, y: torch.clamp(-sign(y) * z, min=0),
            "max(0, -s z)",
        ),
        "builtin max": (lambda z, y: max(0, -sign(y) * z), "torch.clamp"),
    },
}
