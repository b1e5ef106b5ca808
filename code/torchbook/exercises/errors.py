"""Checks for the exercises of part 3 on the count of mistakes and on the log-loss."""

import math

import torch
import torch.nn.functional as F

from torchbook.exercises import Case, close, compare, exercise, show

SCORES = torch.tensor([2.0, -0.5, 0.25, -3.0, 0.0])
LABELS = torch.tensor([1, 1, 0, 0, 1])


@exercise("room")
def check_room(room):
    """The nearest score above the line, then below it, then on it."""
    for z in (
        torch.tensor([2.0, 0.5, -3.0, -0.75]),
        torch.tensor([2.0, -0.125, 4.0, -5.0]),
        torch.tensor([1.0, 0.0, -1.0]),
    ):
        want, squares = z.abs().min(), (z * z).min()
        usual = [
            (
                z.min(),
                "The smallest score is the most negative one. Which is nearest to 0?",
            ),
            (z.abs().max(), "This is the score farthest from 0. Which is nearest?"),
            (z[z >= 0].min(), "Scores below 0 can change sides as well: b may rise."),
            (
                z[z < 0].abs().min(),
                "Scores above 0 can change sides as well: b may fall.",
            ),
            (squares, "This is squared. The bias moves a score by as much as itself."),
            (z.abs(), "These are the distances of all. One number: the nearest."),
        ]
        otherwise = "The bias moves every score alike. How far is the nearest from 0?"
        got = room(z.clone())
        yield compare(f"room({show(z)})", got, want, usual, otherwise)


@exercise("bits")
def check_bits(bits):
    """Scores of both classes, then zeros, where it is one bit, then scores that overflow."""
    zeros, large = torch.zeros(5), torch.tensor([500.0, -500.0, 500.0, -500.0, 0.0])
    for z in (SCORES, zeros, large):
        s = 2 * LABELS - 1
        nats = torch.logaddexp(torch.zeros_like(z), -s * z)
        got, want = bits(z.clone(), LABELS.clone()), nats.mean() / math.log(2)
        turned = torch.logaddexp(torch.zeros_like(z), s * z).mean() / math.log(2)
        labels = torch.logaddexp(torch.zeros_like(z), -LABELS * z).mean()
        usual = [
            (nats.mean(), "This is in natural logarithms. Divide by log 2."),
            (want * math.log(2) ** 2, "Divide by log 2; do not multiply."),
            (want * len(z), "This is the sum. Take the mean."),
            (nats / math.log(2), "Take the mean over the samples."),
            (turned, "The sign is turned: a score on its right side must cost little."),
            (labels / math.log(2), "With label 0 in place of s = -1, class 0 costs 1."),
        ]
        call = f"bits({show(z)}, {show(LABELS)})"
        otherwise = (
            "For each sample log(1 + exp(-s z)) / log 2, s = 2 y - 1; then the mean."
        )
        if overflowed(got):
            otherwise = (
                "exp of a large score overflows. F.softplus(v) is log(1 + exp(v))."
            )
        yield compare(call, got, want, usual, otherwise)


def overflowed(got) -> bool:
    """True for numbers of which one is infinite or NaN."""
    numbers = isinstance(got, float | torch.Tensor)
    return numbers and not torch.as_tensor(got).isfinite().all()


@exercise("bce")
def check_bce(bce):
    """Probabilities for both labels, then only sure ones, then one sample."""
    for p, y in (
        ([0.9, 0.2, 0.5, 0.7], [1, 0, 1, 0]),
        ([0.99, 0.01], [0, 1]),
        ([0.25], [0]),
    ):
        p, y = torch.tensor(p), torch.tensor(y)
        true = torch.where(y == 1, p, 1 - p)
        got, want = bce(p.clone(), y.clone()), -true.log().mean()
        usual = [
            (
                -want,
                "The sign: logarithms of probabilities are below 0, errors are not.",
            ),
            (want * len(p), "This is the sum. Take the mean."),
            (-true.log(), "These are the losses of the samples. Take their mean."),
            (-(y * p.log()).mean(), "Samples of label 0 cost something too."),
            (-p.log().mean(), "For label 0 it is 1 - p that counts."),
            (-(1 - true).log().mean(), "The labels are exchanged: p is for label 1."),
            (want / math.log(2), "Use the natural logarithm, torch.log."),
            (-true.mean().log(), "First the logarithms, then the mean."),
            ((1 - true).mean(), "Take the logarithm of the probabilities."),
        ]
        otherwise = "-y log p - (1 - y) log(1 - p) for each sample, then the mean."
        call = f"bce({show(p)}, {show(y)})"
        yield compare(call, got, want, usual, otherwise)


@exercise("score_slopes")
def check_score_slopes(slopes):
    """Both losses' slopes in the scores, near 0 and far out, for both labels."""
    for z, y in ((SCORES, LABELS), (torch.tensor([6.0, -6.0]), torch.tensor([0, 1]))):
        got = slopes(z.clone(), y.clone())
        call = f"slopes({show(z)}, {show(y)})"
        pair = isinstance(got, (tuple, list)) and len(got) == 2
        what = f"{call} gave {show(got)}, wanted the slopes of two losses."
        yield Case(what, pair, "Return two tensors: log-loss first, then square.")
        y_hat = z.sigmoid()
        gap, bend = y_hat - y, y_hat * (1 - y_hat)
        usual = [
            (2 * gap * bend, "That is the slope of the square. The log-loss is first."),
            (
                -gap,
                "The sign is turned: with label 1 the loss falls as the score rises.",
            ),
            (gap * bend, "The slope of the sigmoid cancels in the log-loss."),
            (gap / len(z), "Give each sample's own slope; do not divide by N."),
            (y_hat, "Subtract the label."),
            (z - y, "Put the score through the sigmoid first."),
        ]
        otherwise = "For the log-loss it is what was said, less what was true."
        yield compare(f"for the log-loss, {call}", got[0], gap, usual, otherwise)
        usual = [
            (gap * bend, "The exponent comes down: the square brings a factor 2."),
            (
                -2 * gap * bend,
                "The sign is turned. What is the slope for the log-loss?",
            ),
            (2 * gap, "Inside the square is a sigmoid, and its slope is a factor."),
            (2 * gap * y_hat, "The slope of the sigmoid is y_hat (1 - y_hat)."),
            (gap, "This is the slope of the log-loss again."),
        ]
        otherwise = "Chain rule: 2 (y_hat - y) times the slope of the sigmoid."
        want = 2 * gap * bend
        yield compare(f"for the square, {call}", got[1], want, usual, otherwise)


@exercise("stable_log_loss")
def check_stable_log_loss(loss):
    """Moderate scores, then such as overflow an exponential; values first, then slopes."""
    y = torch.tensor([1, 0, 1, 0])
    for z in ([2.0, -1.0, 0.5, 3.0], [200.0, -200.0, -200.0, 200.0], [1e4, 1, -1e4, 2]):
        z = torch.tensor(z, requires_grad=True)
        s, zeros = 2 * y - 1, torch.zeros(4)
        right, turned = (torch.logaddexp(zeros, v).mean() for v in (-s * z, s * z))
        want = right.detach()
        rounded = F.binary_cross_entropy(z.sigmoid(), y.float())
        got = loss(z, y.clone())
        call = f"loss({show(z.detach())}, {show(y)})"
        usual = [
            (want * len(z), "This is the sum. Take the mean."),
            (turned, "The sign is turned: a score on its right side must cost little."),
            (-want, "The sign: an error is not below 0."),
            (rounded, "Do not go through probabilities: here they round to 0 and 1."),
        ]
        otherwise = "No sigmoid, no log of it: max(-s z, 0) + log1p(exp(-|z|))."
        yield compare(call, got, want, usual, otherwise)
        what = f"{call} gave a value that has no way back to z."
        yield Case(
            what,
            slope_in(got, z) is not None,
            "Keep to operations on tensors of z: no .item(), no float(), no detach().",
        )
        slope, want = slope_in(got, z), slope_in(right, z)
        what = f"{call}: its slope is {show(slope)}, wanted {show(want)}."
        told = (
            "The value is right. A branch that is not taken must not overflow either."
        )
        yield Case(what, close(slope, want), told)


def slope_in(value, z):
    """The slope of the value in z; None where no way leads back."""
    if not isinstance(value, torch.Tensor) or not value.requires_grad:
        return None
    (slope,) = torch.autograd.grad(value, z, allow_unused=True, retain_graph=True)
    return slope
