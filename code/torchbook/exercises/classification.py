"""Checks for the exercises on logistic and softmax regression, in part 4."""

import torch
import torch.nn.functional as F

from torchbook.exercises import Case, compare, exercise, show
from torchbook.exercises.perceptrons import compare_lines


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
        yield Case(
            "your function changed a tensor that it was given.",
            torch.equal(given[0], w) and torch.equal(given[1], b),
            "w -= ... works in place. Write w = w - ... instead.",
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
        want = F.one_hot(rank.long() - 1, 4).float()
        shifted = F.one_hot(rank.long(), 5).float()
        begins = "Ranks begin at 1, columns at 0."
        usual = [
            (want.T, "A record a row, a rank a column: this is the other way round."),
            (want.flip(1), "Rank 1 belongs to the first column."),
            (shifted, begins),
            (shifted[:, :4], begins),
            (rank[:, None] * want, "Write 1 where the rank is, not the rank itself."),
        ]
        otherwise = "Four columns, always: F.one_hot has num_classes for that."
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


@exercise("what_decided")
def check_what_decided(what_decided):
    """Pairs of classes in both orders, inputs of 0, and a class against itself."""
    x = torch.tensor([1.0, 0.0, 2.0, -1.0])
    W = torch.tensor(
        [[1.0, 3.0, 0.5, 2.0], [0.0, -1.0, 2.0, 1.0], [4.0, 1.0, 1.0, 0.0]]
    )
    for a, c in ((0, 2), (2, 1), (1, 1)):
        want = x * (W[a] - W[c])
        usual = [
            (want.sum(), "This is the sum. One vote for each input is wanted."),
            (-want, "The sign is flipped: class a is for, class c against."),
            (W[a] - W[c], "These are the weights. How much ink is on each?"),
            (x * W[a], "Class c has weights, too: take the difference."),
        ]
        otherwise = "Input j votes x[j] times the weight of a less the weight of c."
        got = what_decided(x.clone(), W.clone(), a, c)
        call = f"what_decided({show(x)}, W, {a}, {c})"
        yield compare(call, got, want, usual, otherwise)


@exercise("surest_mistakes")
def check_surest_mistakes(surest_mistakes):
    """Fewer wanted than there are, all of them, more than there are; large scores of low odds."""
    y = torch.tensor([0, 1, 2, 2, 0, 1])
    chances = torch.tensor(
        [[9, 0.5, 0.5], [7, 2, 1], [1, 8, 1], [0.1, 0.1, 9.8], [4, 5, 1], [2, 2, 6]]
    )
    # a softmax is blind to the level of a row
    level = torch.tensor([0.0, 0.0, -4.0, -4.0, 0.0, 0.0])[:, None]
    logits = (chances / 10).log() + level
    order = [2, 1, 5, 4]  # the mistakes, sure to 0.8, 0.7, 0.6, 0.5
    slips = [
        (order[::-1], "These are the least sure. Sort downwards."),
        ([1, 5, 4, 2], "Logits of two rows do not compare. Take probabilities."),
        (sorted(order), "These are mistakes, but not sorted by how sure they are."),
        ([3, 0, 2, 1, 5, 4], "These are the surest rows, right or wrong."),
        ([1, 0, 3, 2], "Numbers among the mistakes: wanted are rows."),
    ]
    for k in (2, 4, 10):
        want, usual = order[:k], [(slip[:k], told) for slip, told in slips]
        usual += [(order, "These are all the mistakes. Only the first k are wanted.")]
        got = surest_mistakes(logits.clone(), y.clone(), k)
        otherwise = "The rows where argmax and y differ, by the largest probability."
        call = f"the {k} surest mistakes: it"
        yield compare(call, got, want, usual, otherwise)
