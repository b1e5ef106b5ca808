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


def mistakes_by(sure, descending=True):
    """Mistakes sorted by sure(logits) (N,)."""

    def surest(logits, y, k):
        wrong = (logits.argmax(dim=1) != y).nonzero()[:, 0]
        order = sure(logits)[wrong].argsort(descending=descending)
        return wrong[order][:k]

    return surest


def most(logits):
    return logits.softmax(dim=1).amax(dim=1)


def positions(logits, y, k):
    wrong = logits.argmax(dim=1) != y
    return most(logits)[wrong].argsort(descending=True)[:k]


def mistakes_as_a_list(logits, y, k):
    rows = [n for n in range(len(y)) if logits[n].argmax() != y[n]]
    return sorted(rows, key=lambda n: -most(logits)[n].item())[:k]


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
        lambda rank: (rank[:, None] == torch.arange(1, 5)).float(),
        lambda rank: F.one_hot(rank.long() - 1, num_classes=4).double(),
        lambda rank: torch.eye(4)[rank.int() - 1],
    ],
    "as_logistic": [
        lambda W, b: (W[1] - W[0], b[1] - b[0]),
        lambda W, b: [W.diff(dim=0)[0], float(b[1] - b[0])],
    ],
    "what_decided": [
        lambda x, W, a, c: x * (W[a] - W[c]),
        lambda x, W, a, c: (W * x)[a] - (W * x)[c],
    ],
    "surest_mistakes": [mistakes_by(most), mistakes_as_a_list],
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
            lambda rank: (rank == torch.arange(1, 5)[:, None]).float(),
            "the other way round",
        ),
        "no minus one": (lambda rank: F.one_hot(rank.long(), 5).float(), "begin at 1"),
        "no minus one, cut": (
            lambda rank: F.one_hot(rank.long(), 5)[:, :4].float(),
            "begin at 1",
        ),
        "columns as they occur": (
            lambda rank: F.one_hot(rank.long() - 1).float(),
            "Four columns, always",
        ),
        "the rank, in a column": (
            lambda rank: rank[:, None],
            "Four columns, always",
        ),
        "backwards": (
            lambda rank: (rank[:, None] == torch.arange(4, 0, -1)).float(),
            "first column",
        ),
        "the rank": (
            lambda rank: rank[:, None] * (rank[:, None] == torch.arange(1, 5)),
            "Write 1 where",
        ),
        "booleans": (lambda rank: rank[:, None] == torch.arange(1, 5), "takes floats"),
        "whole numbers": (lambda rank: F.one_hot(rank.long() - 1, 4), "takes floats"),
        "floats given to one_hot": (lambda rank: F.one_hot(rank - 1, 4), BROKE),
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
    "what_decided": {
        "the sum": (lambda x, W, a, c: x @ (W[a] - W[c]), "One vote for each input"),
        "sign flipped": (lambda x, W, a, c: x * (W[c] - W[a]), "class a is for"),
        "weights": (lambda x, W, a, c: W[a] - W[c], "How much ink"),
        "one class": (lambda x, W, a, c: x * W[a], "Class c has weights"),
        "added": (lambda x, W, a, c: x + W[a] - W[c], "Input j votes"),
        "columns": (lambda x, W, a, c: x * (W[:, a] - W[:, c]), BROKE),
    },
    "surest_mistakes": {
        "least sure": (mistakes_by(most, descending=False), "Sort downwards"),
        "by logits": (mistakes_by(lambda z: z.amax(dim=1)), "do not compare"),
        "not sorted": (
            lambda z, y, k: (z.argmax(dim=1) != y).nonzero()[:k, 0],
            "not sorted by how sure",
        ),
        "right or wrong": (
            lambda z, y, k: most(z).argsort(descending=True)[:k],
            "right or wrong",
        ),
        "positions": (positions, "wanted are rows"),
        "all of them": (
            lambda z, y, k: mistakes_by(most)(z, y, 99),
            "gave shape (4,), wanted (2,).\n  Hint: These are all the mistakes",
        ),
        "softmax over rows": (
            mistakes_by(lambda z: z.softmax(dim=0).amax(dim=1)),
            "by the largest probability",
        ),
        "classes": (lambda z, y, k: z.argmax(dim=1)[:k], "where argmax and y differ"),
        "topk of too few": (
            lambda z, y, k: most(z)[z.argmax(dim=1) != y].topk(k).indices,
            "wanted are rows",
        ),
    },
}


def rank_in_place(rank):
    rank -= 1
    return F.one_hot(rank.long(), 4).float()


def vote_in_place(x, W, a, c):
    W -= W[c].clone()
    return x.mul_(W[a])


@pytest.mark.parametrize(
    ("name", "answer"),
    [("encode_rank", rank_in_place), ("what_decided", vote_in_place)],
)
def test_what_an_answer_does_to_its_input_does_not_reach_the_next_case(name, answer):
    assert run(name, answer)
