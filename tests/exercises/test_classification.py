"""torchbook.exercises.classification: right answers pass, usual slips get their hint."""

import pytest
import torch
import torch.nn.functional as F
from answers import *  # noqa: F403
from answers import BROKE, run


def slopes(X, y, w, b):
    wrong = torch.sigmoid(X @ w + b) - y
    return X.T @ wrong / len(y), wrong.mean()


def step_by(change, change_b=lambda b, db, lr: b - lr * db):
    """A step that moves w by change(w, dw, lr, N), and b as it should be unless told."""

    def step(X, y, w, b, lr):
        dw, db = slopes(X, y, w, b)
        return change(w, dw, lr, len(y)), change_b(b, db, lr)

    return step


def step_by_autograd(X, y, w, b, lr):
    w, b = w.clone().requires_grad_(), b.clone().requires_grad_()
    F.binary_cross_entropy_with_logits(X @ w + b, y).backward()
    return (w - lr * w.grad).detach(), (b - lr * b.grad).item()


def step_in_place(X, y, w, b, lr):
    dw, db = slopes(X, y, w, b)
    w -= lr * dw
    return w, b - lr * db


def step_of_a_line(X, y, w, b, lr):
    wrong = X @ w + b - y
    return w - lr * X.T @ wrong / len(y), b - lr * wrong.mean()


def votes(x, W, a, c):
    return x * (W[a] - W[c])


def loudest_by(value):
    """The k places with the largest value(x, W, a, c) (D,)."""
    return lambda x, W, a, c, k: value(x, W, a, c).topk(k).indices


def loudest_as_a_list(x, W, a, c, k):
    said = votes(x, W, a, c).tolist()
    return sorted(range(len(said)), key=lambda j: -said[j])[:k]


def mistakes_by(value, descending=False):
    """Mistakes sorted by value(logits, y) (N,)."""

    def nearest(logits, y, k):
        wrong = (logits.argmax(dim=1) != y).nonzero()[:, 0]
        order = value(logits, y)[wrong].argsort(descending=descending)
        return wrong[order][:k]

    return nearest


def gap(logits, y):
    return logits.amax(dim=1) - logits[torch.arange(len(y)), y]


def gap_of_probs(logits, y):
    return gap(logits.softmax(dim=1), y)


def positions(logits, y, k):
    wrong = logits.argmax(dim=1) != y
    return gap(logits, y)[wrong].argsort()[:k]


def mistakes_by_gap_alone(logits, y, k):
    gaps = gap(logits, y)
    return gaps.argsort()[(gaps == 0).sum() :][:k]


def mistakes_as_a_list(logits, y, k):
    gaps = gap(logits, y).tolist()
    return sorted((n for n in range(len(y)) if gaps[n]), key=lambda n: gaps[n])[:k]


RIGHT = {
    "log_odds": [
        lambda p: torch.log(p / (1 - p)),
        torch.logit,
        lambda p: p.log() - torch.log1p(-p),
    ],
    "logistic_step": [
        step_by(lambda w, dw, lr, N: w - lr * dw),
        step_by_autograd,
    ],
    "encode_rank": [
        lambda rank: (rank[:, None] == torch.arange(2, 5)).float(),
        lambda rank: F.one_hot(rank.long() - 1, num_classes=4)[:, 1:].double(),
        lambda rank: torch.eye(5)[rank.int(), 2:],
    ],
    "as_logistic": [
        lambda W, b: (W[1] - W[0], b[1] - b[0]),
        lambda W, b: [W.diff(dim=0)[0], float(b[1] - b[0])],
    ],
    "loudest": [
        loudest_by(votes),
        lambda x, W, a, c, k: votes(x, W, a, c).argsort(descending=True)[:k],
        loudest_as_a_list,
    ],
    "nearest_misses": [mistakes_by(gap), mistakes_by_gap_alone, mistakes_as_a_list],
}

WRONG = {
    "log_odds": {
        "sign flipped": (lambda p: torch.log((1 - p) / p), "sign is flipped"),
        "odds": (lambda p: p / (1 - p), "These are the odds"),
        "log of p": (lambda p: p.log(), "Divide by 1 - p first"),
        "sigmoid": (torch.sigmoid, "the way back"),
        "base 10": (lambda p: torch.log10(p / (1 - p)), "natural logarithm"),
        "base 2": (lambda p: torch.log2(p / (1 - p)), "natural logarithm"),
        "quotient of logs": (lambda p: p.log() / (1 - p).log(), "is a difference"),
        "precedence": (lambda p: torch.log(p / 1 - p), "Odds are p for"),
        "a sum": (lambda p: torch.log(p / (1 - p)).sum(), "wanted a tensor of shape"),
        "python's own": (lambda p: __import__("math").log(p / (1 - p)), BROKE),
    },
    "logistic_step": {
        "uphill": (step_by(lambda w, dw, lr, N: w + lr * dw), "sign is flipped"),
        "sum": (step_by(lambda w, dw, lr, N: w - lr * N * dw), "Take the mean"),
        "no rate": (
            lambda X, y, w, b, lr: step_by(lambda w, dw, lr, N: w - dw)(X, y, w, b, lr),
            "learning rate is missing",
        ),
        "no sigmoid": (step_of_a_line, "Where is the sigmoid?"),
        "slopes": (lambda X, y, w, b, lr: slopes(X, y, w, b), "Take the step, too"),
        "b kept": (
            step_by(lambda w, dw, lr, N: w - lr * dw, lambda b, db, lr: b),
            "The weights are right",
        ),
        "in place": (step_in_place, "changed a tensor"),
        "w alone": (
            lambda X, y, w, b, lr: w - lr * slopes(X, y, w, b)[0],
            "Return both w and b",
        ),
        "X not turned": (
            lambda X, y, w, b, lr: (w - lr * X @ torch.sigmoid(X @ w + b) - y, b),
            BROKE,
        ),
    },
    "encode_rank": {
        "transposed": (
            lambda rank: (rank == torch.arange(2, 5)[:, None]).float(),
            "the other way round",
        ),
        "as on the page": (
            lambda rank: (rank[:, None] == torch.arange(1, 5)).float(),
            "Rank 1 needs no column",
        ),
        "no column for rank 4": (
            lambda rank: (rank[:, None] == torch.arange(1, 4)).float(),
            "It should be rank 1",
        ),
        "ranks from 0": (
            lambda rank: (rank[:, None] == torch.arange(3)).float(),
            "begin at 1",
        ),
        "columns as they occur": (
            lambda rank: F.one_hot(rank.long() - 1)[:, 1:].float(),
            "Three columns, always",
        ),
        "the rank, in a column": (
            lambda rank: rank[:, None],
            "Three columns, always",
        ),
        "backwards": (
            lambda rank: (rank[:, None] == torch.arange(4, 1, -1)).float(),
            "first column",
        ),
        "the rank": (
            lambda rank: rank[:, None] * (rank[:, None] == torch.arange(2, 5)),
            "Write 1 where",
        ),
        "booleans": (lambda rank: rank[:, None] == torch.arange(2, 5), "takes floats"),
        "whole numbers": (
            lambda rank: F.one_hot(rank.long(), 5)[:, 2:],
            "takes floats",
        ),
        "floats given to one_hot": (lambda rank: F.one_hot(rank - 1, 4), BROKE),
        "rank 1 left out": (lambda rank: F.one_hot(rank.long() - 2, 3).float(), BROKE),
    },
    "as_logistic": {
        "class 0": (lambda W, b: (W[0] - W[1], b[0] - b[1]), "turn the signs"),
        "class 1 alone": (lambda W, b: (W[1], b[1]), "has a say"),
        "its bias alone": (lambda W, b: (W[1] - W[0], b[1]), "of the same kind"),
        "softmax": (
            lambda W, b: (W.softmax(dim=0)[1], b.softmax(dim=0)[1]),
            "Weights need none",
        ),
        "columns": (
            lambda W, b: (W[:, 1] - W[:, 0], b[1] - b[0]),
            "Only the difference",
        ),
        "weights alone": (lambda W, b: W[1] - W[0], "Return both"),
    },
    "loudest": {
        "the votes": (
            lambda x, W, a, c, k: votes(x, W, a, c).topk(k).values,
            "Wanted are the places",
        ),
        "sign flipped": (
            loudest_by(lambda x, W, a, c: votes(x, W, c, a)),
            "speak loudest for class c",
        ),
        "upwards": (
            lambda x, W, a, c, k: votes(x, W, a, c).argsort()[-k:],
            "sort downwards",
        ),
        "by place": (
            lambda x, W, a, c, k: votes(x, W, a, c).topk(k).indices.sort().values,
            "not by their places",
        ),
        "by size": (
            loudest_by(lambda *given: votes(*given).abs()),
            "against a is not a large vote",
        ),
        "weights": (loudest_by(lambda x, W, a, c: W[a] - W[c]), "Multiply by the ink"),
        "one class": (loudest_by(lambda x, W, a, c: x * W[a]), "Class c has weights"),
        "all of them": (
            lambda x, W, a, c, k: votes(x, W, a, c).argsort(descending=True),
            "gave shape (5,), wanted (3,).\n  Hint: These are all the places",
        ),
        "the other factor": (
            loudest_by(lambda x, W, a, c: x * W[a] + W[c]),
            "Input j votes",
        ),
        "columns": (loudest_by(lambda x, W, a, c: x * (W[:, a] - W[:, c])), BROKE),
    },
    "nearest_misses": {
        "farthest": (mistakes_by(gap, descending=True), "Sort upwards"),
        "not sorted": (
            lambda z, y, k: (z.argmax(dim=1) != y).nonzero()[:k, 0],
            "not sorted by their gap",
        ),
        "right or wrong": (
            lambda z, y, k: gap(z, y).argsort(stable=True)[:k],
            "have a gap of 0",
        ),
        "positions": (positions, "wanted are rows"),
        "the second": (
            mistakes_by(lambda z, y: z.topk(2).values.diff(dim=1)[:, 0].neg()),
            "need not be the truth",
        ),
        "the least sure": (
            mistakes_by(lambda z, y: z.softmax(dim=1).amax(dim=1)),
            "how sure it was",
        ),
        "by loss": (
            mistakes_by(lambda z, y: F.cross_entropy(z, y, reduction="none")),
            "how probable the truth was",
        ),
        "by probabilities": (mistakes_by(gap_of_probs), "gap of the probabilities"),
        "by the logit of the truth": (
            mistakes_by(lambda z, y: -z[torch.arange(len(y)), y]),
            "Wanted is the gap",
        ),
        "all of them": (
            lambda z, y, k: mistakes_by(gap)(z, y, 99),
            "gave shape (5,), wanted (3,).\n  Hint: These are all the mistakes",
        ),
        "gaps": (lambda z, y, k: gap(z, y)[:k], "Wanted is the gap"),
        "columns by label": (
            lambda z, y, k: (z.amax(dim=1) - z[:, y])[:k],
            "wanted (3,)",
        ),
    },
}


def rank_in_place(rank):
    rank -= 1
    return F.one_hot(rank.long(), 4)[:, 1:].float()


def vote_in_place(x, W, a, c, k):
    W -= W[c].clone()
    return x.mul_(W[a]).topk(k).indices


@pytest.mark.parametrize(
    ("name", "answer"),
    [("encode_rank", rank_in_place), ("loudest", vote_in_place)],
)
def test_what_an_answer_does_to_its_input_does_not_reach_the_next_case(name, answer):
    assert run(name, answer)
