"""Checks for the exercises on logistic and softmax regression, in part 4."""

import torch
import torch.nn.functional as F

from torchbook.exercises import Case, compare, exercise, show, unchanged
from torchbook.exercises.perceptrons import compare_lines

LOGITS = torch.tensor(
    [
        [5.0, 2.0, 1.0],
        [4.0, 3.0, 3.8],
        [-9.0, -3.0, -4.5],
        [0.0, 0.0, 9.0],
        [1.0, 4.0, 3.85],
        [1.0, 2.7, 3.0],
        [0.0, -1.0, 8.0],
    ]
)  # (7, 3)
LABELS = torch.tensor([0, 1, 2, 2, 0, 1, 0])  # (7,)


@exercise("log_odds")
def check_log_odds(log_odds):
    """A half, chances on both sides of it, some near the ends, and a table of them."""
    for p in (
        torch.tensor([0.5, 0.8, 0.1]),
        torch.tensor([1e-4, 0.999]),
        torch.tensor([[0.3], [0.6]]),
    ):
        want = torch.logit(p)
        usual = [
            (-want, "The sign is flipped: a chance above a half has log-odds above 0."),
            (p / (1 - p), "These are the odds. Take their logarithm."),
            (p.log(), "This is the logarithm of the chance. Divide by 1 - p first."),
            (torch.sigmoid(p), "This is the way back, from a score to a chance."),
            (want / torch.log(torch.tensor(10.0)), "The natural logarithm is meant."),
            (want / torch.log(torch.tensor(2.0)), "The natural logarithm is meant."),
            (p.log() / (1 - p).log(), "The logarithm of a quotient is a difference."),
        ]
        otherwise = "Odds are p for, 1 - p against. Their logarithm is the score."
        got = log_odds(p.clone())
        yield compare(f"log_odds({show(p)})", got, want, usual, otherwise)


@exercise("logistic_step")
def check_logistic_step(logistic_step):
    """Two rates, samples of both labels, a bias that matters, and the old weights kept."""
    X = torch.tensor([[1.0, 2.0], [-1.0, 0.5], [2.0, -1.0], [0.5, 0.5], [-2.0, 1.0]])
    y = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0])
    for w, b, lr in (([0.5, -1.0], 0.25, 0.1), ([0.0, 0.0], 0.0, 1.0)):
        w, b = torch.tensor(w), torch.tensor(b)
        given = w.clone(), b.clone()
        got = logistic_step(X.clone(), y.clone(), *given, lr)
        yield unchanged(
            given, (w, b), "w -= ... works in place. Write w = w - ... instead."
        )
        wrong = torch.sigmoid(X @ w + b) - y
        dw, db = X.T @ wrong / len(y), wrong.mean()
        usual = [
            (w + lr * dw, "The sign is flipped: this step makes the loss larger."),
            (w - lr * dw * len(y), "This is the sum over the samples. Take the mean."),
            (w - dw, "The learning rate is missing."),
            (w - lr * X.T @ (X @ w + b - y) / len(y), "Where is the sigmoid?"),
            (dw, "These are the slopes. Take the step, too."),
        ]
        otherwise = "w - lr * (the mean of the inputs, each times y_hat - y)."
        bias = "The weights are right. The bias moves by lr * the mean of y_hat - y."
        call = f"logistic_step(X, y, {show(w)}, {show(b)}, {lr})"
        want = w - lr * dw, b - lr * db
        yield from compare_lines(call, got, want, usual, otherwise, bias)


@exercise("encode_rank")
def check_encode_rank(encode_rank):
    """All ranks, then some that lack, one record alone; and floats, for they are inputs."""
    for ranks in ([1.0, 3.0, 4.0, 2.0], [3.0, 1.0, 3.0], [2.0]):
        rank = torch.tensor(ranks)
        four = F.one_hot(rank.long() - 1, 4).float()
        want = four[:, 1:]
        usual = [
            (four, "Rank 1 needs no column: it is the row of zeros."),
            (four[:, :3], "Rank 4 is the row of zeros here. It should be rank 1."),
            (want.T, "A record a row, a rank a column: this is the other way round."),
            (want.flip(1), "Rank 2 belongs to the first column."),
            (
                F.one_hot(rank.long(), 5)[:, :3],
                "Ranks begin at 1, columns at 0. Rank 2 belongs to the first column.",
            ),
            (rank[:, None] * want, "Write 1 where the rank is, not the rank itself."),
        ]
        otherwise = "Three columns, always: F.one_hot has num_classes, and you can cut."
        got = encode_rank(rank.clone())
        yield compare(f"encode_rank({show(rank)})", got, want, usual, otherwise)
    dtype = torch.as_tensor(got).dtype
    what = f"the answer has dtype {dtype}, wanted floats."
    yield Case(what, dtype.is_floating_point, "A model takes floats: .float().")


@exercise("as_logistic")
def check_as_logistic(as_logistic):
    """Two columns of weights; then the same with a number added to both classes."""
    for more_w, more_b in ((0, 0), (3, 7)):
        W = torch.tensor([[1.0, -2.0, 0.5], [0.5, 1.0, 2.5]]) + more_w
        b = torch.tensor([0.5, -1.0]) + more_b
        usual = [
            (W[0] - W[1], "That is for class 0: turn the signs."),
            (W[1], "The score of class 0 has a say, too."),
            (W.softmax(dim=0)[1], "Softmax is for scores. Weights need none."),
        ]
        otherwise = "Only the difference of the two scores counts in a softmax."
        bias = "The weights are right. The bias is a difference of the same kind."
        got, want = as_logistic(W.clone(), b.clone()), (W[1] - W[0], b[1] - b[0])
        call = f"as_logistic({show(W)}, {show(b)})"
        yield from compare_lines(call, got, want, usual, otherwise, bias)


@exercise("loudest")
def check_loudest(loudest):
    """Pairs of classes in both orders, inputs of 0 and below, and as many places as inputs."""
    x = torch.tensor([1.0, 0.5, 2.0, -1.0, 0.0])
    W = torch.tensor(
        [[1.0, 3.0, 0.25, -2.0, 9.0], [0.0, -6.0, 2.0, 1.0, 0.0], [3, -1, 4.5, 0.5, 1]]
    )
    for a, c, k in ((0, 2, 3), (2, 0, 2), (0, 1, 5)):
        votes = x * (W[a] - W[c])  # (5,)
        want = top(votes, k)
        usual = [
            (votes[want], "These are votes. Wanted are the places where they stand."),
            (top(-votes, k), "These speak loudest for class c. Class a is asked for."),
            (want.flip(0), "The loudest comes first: sort downwards."),
            (want.sort().values, "Sort them by their votes, not by their places."),
            (top(votes.abs(), k), "A large vote against a is not a large vote for it."),
            (
                top(W[a] - W[c], k),
                "These are the largest weights. Multiply by the ink.",
            ),
            (top(x * W[a], k), "Class c has weights, too: take the difference."),
            (top(votes, 5), "These are all the places. The first k are wanted."),
        ]
        otherwise = "Input j votes x[j] times the weight of a less the weight of c."
        got = loudest(x.clone(), W.clone(), a, c, k)
        call = f"loudest({show(x)}, W, {a}, {c}, {k})"
        yield compare(call, got, want, usual, otherwise)


def top(values, k):
    """The places of the k largest values, the largest first."""
    return values.topk(k).indices


@exercise("nearest_misses")
def check_nearest_misses(nearest_misses):
    """Fewer wanted than there are, all of them, more than there are; and a class in between."""
    logits, y, n = LOGITS, LABELS, torch.arange(7)
    said, second = logits.topk(2).values.T  # (7,) each
    gap = said - logits[n, y]  # (7,), 0 in the right rows
    wrong = gap.nonzero()[:, 0]  # 1, 2, 4, 5, 6
    want = by(gap, wrong)
    probs = logits.softmax(dim=1)
    sure, true = probs.amax(dim=1), probs[n, y]
    ends = "Wanted is the gap between the logits of what was said and of the truth."
    slips = [
        (want.flip(0), "These are the farthest. Sort upwards."),
        (wrong, "These are mistakes, but not sorted by their gap."),
        (
            gap.argsort(stable=True),
            "Rows that are right have a gap of 0. Leave them out.",
        ),
        (gap[wrong].argsort(), "Numbers among the mistakes: wanted are rows."),
        (by(said - second, wrong), "The second largest need not be the truth."),
        (by(sure, wrong), f"This is how sure it was. {ends}"),
        (by(-true, wrong), f"This is how probable the truth was. {ends}"),
        (by(sure - true, wrong), f"This is the gap of the probabilities. {ends}"),
    ]
    for k in (3, 5, 10):
        usual = [(slip[:k], told) for slip, told in slips]
        usual += [(want, "These are all the mistakes. Only the first k are wanted.")]
        got = nearest_misses(logits.clone(), y.clone(), k)
        call = f"the {k} nearest misses: it"
        yield compare(call, got, want[:k], usual, ends)


def by(value, rows):
    """The rows in the order of their values, the smallest first."""
    return rows[value[rows].argsort()]
