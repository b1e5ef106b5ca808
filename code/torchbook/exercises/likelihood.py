"""Checks for the exercises on softmax, cross-entropy and the choice of a loss, in part 3."""

import math

import torch

from torchbook.exercises import Case, compare, exercise, fits, show

SCORES = torch.tensor([[2.0, 1.0, -1.0], [0.0, 3.0, 3.0]])  # (2, 3)
# in the thousands float32 is coarse: there, one score is far above the others of its row
FAR = torch.tensor(
    [[1000.0, 800.0, 0.0], [-2000.0, -2200.0, -2500.0], [-200.0, -200.0, -201.0]]
)  # (3, 3)


@exercise("one_hot")
def check_one_hot(one_hot):
    """Labels in no order, more classes than labels, then as many as there are."""
    for y, classes in (([2, 0, 1, 2], 3), ([1, 1], 4), ([3, 2, 1, 0], 4)):
        labels = torch.tensor(y)
        want = torch.zeros(len(y), classes)
        for row, label in enumerate(y):
            want[row, label] = 1
        got = one_hot(labels.clone(), classes)
        call = f"one_hot({y}, {classes})"
        otherwise = "A row for each label: 1 in the column of its class, 0 elsewhere."
        fewer = "As many columns as classes, also if no label names the last of them."
        usual = [
            (want[:, : max(y) + 1], fewer),
            (want * labels[:, None], "The entry is 1, whatever the label."),
            (1 - want, "Ones and zeros have changed places."),
            (want.roll(1, 1), "Classes count from 0."),
            (want.roll(-1, 1), "Classes count from 0."),
            (want.flip(1), "Class 0 is the first column."),
        ]
        yield compare(call, got, want, usual, otherwise)


@exercise("log_sum_exp")
def check_log_sum_exp(log_sum_exp):
    """Small scores, a single row, then scores that overflow and that underflow."""
    for z in (SCORES, SCORES[:1], FAR):
        got, want = log_sum_exp(z.clone()), z.logsumexp(1)
        largest = z.amax(dim=1)
        usual = [
            (want - largest, "You took the maximum out. Now put it back."),
            (want - 2 * largest, "Add the maximum. It was subtracted before."),
            (want[:, None], "One number for each row: shape (N,)."),
            (z.logsumexp(0), "The sum runs along a row: dim=1."),
            (z.exp().sum().log(), "Each row has a sum of its own, dim=1."),
            (z.exp().sum(1), "Take the logarithm of the sum."),
            (z.sum(1), "First the exponentials, then the sum, then the logarithm."),
            (z.exp().mean(1).log(), "Take the sum, not the mean."),
            (want / math.log(2), "The natural logarithm is meant."),
        ]
        otherwise = "exp of each score, their sum along the row, its logarithm."
        if z is FAR:
            usual = usual[:3]  # the others overflow
            otherwise = (
                "exp of such scores is inf or 0. Subtract from each row its own largest "
                "score first. What must be added to the logarithm afterwards?"
            )
        yield compare(f"log_sum_exp({show(z)})", got, want, usual, otherwise)


@exercise("centered_logits")
def check_centered_logits(centered_logits):
    """Rows of three and of two; the last row's answer is all zeros."""
    for probs in (
        torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]),
        torch.tensor([[0.9, 0.1], [0.5, 0.5]]),
    ):
        logs = probs.log()
        got, want = (
            centered_logits(probs.clone()),
            logs - logs.mean(dim=1, keepdim=True),
        )
        largest = logs - logs.amax(dim=1, keepdim=True)
        usual = [
            (logs, "These are logits of probs, but their rows do not add up to 0."),
            (largest, "The largest is 0 now. Subtract the mean of the row."),
            (logs - logs.mean(), "Each row has a mean of its own, dim=1."),
            (logs - logs.mean(0), "The mean runs along a row: dim=1."),
            (logs - logs.sum(1, keepdim=True), "Subtract the mean, not the sum."),
            (probs - probs.mean(1, keepdim=True), "Take logarithms first."),
            (
                (probs / (1 - probs)).log(),
                "That undoes the sigmoid. The softmax is undone by a logarithm.",
            ),
        ]
        otherwise = "log(probs) gives them back; then move each row to a sum of 0."
        yield compare(f"centered_logits({show(probs)})", got, want, usual, otherwise)


@exercise("cross_entropy_of_logits")
def check_cross_entropy_of_logits(cross_entropy_of_logits):
    """Small logits, one sample, then scores in the thousands."""
    for z, y in ((SCORES, [1, 2]), (SCORES[1:], [0]), (FAR, [2, 1, 1])):
        labels = torch.tensor(y)
        rows = torch.arange(len(y))
        each = z.double().logsumexp(1) - z[rows, labels]  # (N,)
        p_true = z.softmax(1)[rows, labels]
        got, want = cross_entropy_of_logits(z.clone(), labels.clone()), each.mean()
        call = f"cross_entropy_of_logits({show(z)}, {y})"
        otherwise = "log(sum(exp(z))) of a row, minus the score of its true class."
        if z is FAR:
            otherwise = (
                "exp of such scores is inf or 0. Use logsumexp, or subtract the largest "
                "score of each row first."
            )
        crossed = (z.logsumexp(1)[:, None] - z[:, labels]).mean()
        usual = [
            (-want, "The sign: a logarithm of a probability is never above 0."),
            (each, "This is one loss for each sample. Take the mean."),
            (each.sum(), "This is the sum. Take the mean."),
            (-z[rows, labels].mean(), "The logarithm of the sum is missing."),
            (-p_true.mean(), "Take the logarithm of the probability."),
            (
                -z.softmax(0)[rows, labels].log().mean(),
                "The sum runs over classes, along a row: dim=1.",
            ),
            (
                crossed,
                "z[:, y] picks columns for every row. Pick one entry a row: number "
                "the rows, too.",
            ),
            (want / math.log(2), "The natural logarithm is meant."),
        ]
        # of scores so far apart, a right and a wrong way may both be infinite
        yield compare(call, got, want, [] if z is FAR else usual, otherwise)


@exercise("divergence")
def check_divergence(divergence):
    """Two ordinary pairs, equal ones, a class that never happens, and one ruled out."""
    for p, q in (
        ([0.5, 0.25, 0.25], [0.25, 0.25, 0.5]),
        ([0.9, 0.1], [0.5, 0.5]),
        ([0.2, 0.8], [0.2, 0.8]),
        ([0.5, 0.5, 0.0], [0.25, 0.5, 0.25]),
        ([0.5, 0.5, 0.0], [1.0, 0.0, 0.0]),
    ):
        a, b = torch.tensor(p), torch.tensor(q)
        got = divergence(a, b)
        want = _divergence(p, q)
        entropy, cross = _entropy(p, p), _entropy(p, q)
        usual = [
            (-want, "The sign: the divergence is never below 0."),
            (cross, "That is the cross-entropy. Leave out the entropy of p."),
            (entropy, "That is the entropy of p. Compare p with q."),
            (_divergence(q, p), "p and q have changed places."),
            (want / math.log(2), "The natural logarithm is meant."),
            (want / len(p), "Sum over the classes; the mean is not wanted."),
        ]
        otherwise = "Each class: p, times the logarithm of p / q. Then the sum."
        if 0 in p:
            otherwise = "0 times log(0) is not a number: leave out classes with p = 0."
        if math.isinf(want):
            otherwise = "p says that it happens, q says never: that costs infinity."
        yield compare(f"divergence({p}, {q})", got, want, usual, otherwise)


def _entropy(p, q):
    pairs = [(a, b) for a, b in zip(p, q, strict=True) if a]
    return -sum(a * math.log(b) if b else -math.inf for a, b in pairs)


def _divergence(p, q):
    return _entropy(p, q) - _entropy(p, p)


ONE_WINS = "A photograph may have several tags, and cross-entropy lets one class win."
CASES = {  # the right losses, hints for those that come to mind first, and one for all others
    "houses": (
        {"l1", "huber", "smoothl1"},
        {"mse": "A price that is ten times too high would decide everything."},
        "A number, and outliers that must not decide.",
    ),
    "tags": (
        {"bcewithlogits", "multilabelsoftmargin"},
        {
            "crossentropy": ONE_WINS,
            "nll": ONE_WINS,
            "bce": "The model gives scores, and this one wants probabilities.",
        },
        "Twenty questions of yes or no, each with a score.",
    ),
    "digits": (
        {"nll"},
        {"crossentropy": "It would take the log-softmax a second time."},
        "The model gives log-probabilities of one class of ten.",
    ),
    "voices": (
        {"cosineembedding"},
        {"hingeembedding": "It takes distances, and loud is far from soft."},
        "Pairs of vectors, and only the direction counts.",
    ),
}


@exercise("which_loss")
def check_which_loss(*answers):
    """Classes of torch, objects of them, functions or names: one case after the other."""
    for (case, (right, hints, otherwise)), answer in zip(
        CASES.items(), answers, strict=True
    ):
        name = answer if isinstance(answer, str) else getattr(answer, "__name__", None)
        name = (name or type(answer).__name__).split(".")[-1].lower().replace("_", "")
        name = name.replace("binarycrossentropy", "bce").removesuffix("loss")
        told = hints.get(name, otherwise)
        yield Case(f"{case}: another loss is wanted.", name in right, told)


@exercise("balanced_weights")
def check_balanced_weights(balanced_weights):
    """Two classes, equal ones, three, and one that never occurs."""
    for y, classes in (
        ([0, 0, 0, 1], 2),
        ([0, 1, 2, 2, 1, 0], 3),
        ([2, 2, 0, 2, 1, 2, 2, 2], 3),
        ([0, 2, 2, 2], 4),
    ):
        counts = torch.tensor([float(y.count(c)) for c in range(classes)])
        some = counts > 0
        inverse = torch.where(some, 1 / counts, 0)
        got = balanced_weights(torch.tensor(y), classes)
        want = len(y) / classes * inverse
        call = f"balanced_weights({y}, {classes})"
        unseen = "One weight a class: a class that no label names has one too."
        short = fits(call, got, (max(y) + 1,), "").passed
        otherwise = "The number of samples, over classes times those of the class."
        if not some.all():
            otherwise = "A class that does not occur gets the weight 0."
        yield fits(call, got, (classes,), unseen if short else otherwise)
        usual = [
            (counts / len(y), "These are the shares. A rare class must count more."),
            (classes / len(y) * counts, "This is turned round: the rare count less."),
            (inverse, "Multiply by N / C, so that the mean weight of a sample is 1."),
            (len(y) * inverse, "Divide by the number of classes, too."),
            (inverse / inverse.sum(), "These add up to 1. Use the equation."),
            (want.where(some, torch.inf), "A class without samples gets the weight 0."),
        ]
        yield compare(call, got, want, usual, otherwise)
