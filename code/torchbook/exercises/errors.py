"""Checks for the exercises of part 3 on the count of mistakes and on the log-loss."""

import math

import torch
import torch.nn.functional as F

from torchbook.exercises import Case, close, compare, exercise, show


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


@exercise("guaranteed")
def check_guaranteed(guaranteed):
    """A small loss, one on the bound but for rounding, a large one, and one below a mistake."""
    for loss, n in (
        (0.13, 100),
        (8 / 21 * math.log(2), 21),
        (math.log(2), 30),
        (2.5, 40),
        (0.001, 50),
    ):
        share = loss / math.log(2)
        want = min(n, math.floor(n * share + 1e-9))
        usual = [
            (math.floor(n * share), f"There are only {n} samples."),
            (math.floor(n * loss), "One mistake costs log 2 at least, not 1."),
            (math.floor(n * loss * math.log(2)), "Divide by log 2; do not multiply."),
            (math.ceil(n * share), "Round down: the next one would cost too much."),
            (n * share, "Mistakes are whole. Round down."),
            (share, "This is the share. How many of n samples is that?"),
            (min(1, share), "This is the share. How many of n samples is that?"),
            (n - want, "These are the answers that are surely right."),
        ]
        if math.floor(n * share) < want:
            told = (
                "Rounding left it just below a whole number. Add 1e-9, then round down."
            )
            usual[0] = (want - 1, told)
        call = f"guaranteed({show(loss)}, {n})"
        otherwise = "Each mistake costs log 2 at least. How many does n * loss pay?"
        yield compare(call, guaranteed(loss, n), want, usual, otherwise)


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


@exercise("square_slope")
def check_square_slope(square_slope):
    """Small scores, then one sample that is wrong and sure of it, then weights of zero."""
    X = torch.tensor([[1.0, 2.0, 1.0], [-1.0, 0.5, 1.0], [2.0, -1.0, 1.0], [0, 3, 1]])
    y = torch.tensor([1.0, 0.0, 0.0, 1.0])
    for rows, weights in (
        (4, [0.5, -0.25, 0.125]),
        (1, [-3.0, -1.0, 0.0]),
        (3, [0.0] * 3),
    ):
        X_n, y_n, w = X[:rows], y[:rows], torch.tensor(weights)
        y_hat = torch.sigmoid(X_n @ w)
        gap, bend = y_hat - y_n, y_hat * (1 - y_hat)  # (N,) each
        of_scores = 2 * gap * bend
        want = of_scores @ X_n / rows  # (D,)
        usual = [
            (of_scores, "These are slopes in the scores. A score's slope in w is x."),
            (of_scores / rows, "These are slopes in the scores. A score's in w is x."),
            (of_scores[:, None] * X_n, "A row a sample. Take the mean of the rows."),
            (want * rows, "This is the sum over the samples. Take the mean."),
            (want / 2, "The exponent comes down: the square brings a factor 2."),
            (-want, "The sign is turned: what was said, less what was true."),
            (gap @ X_n / rows, "This is the slope of the log-loss."),
            (2 * gap @ X_n / rows, "The sigmoid has a slope too. It is a factor."),
            (
                2 * gap * y_hat @ X_n / rows,
                "The slope of the sigmoid is y_hat (1 - y_hat).",
            ),
            (2 * (X_n @ w - y_n) @ X_n / rows, "Where is the sigmoid?"),
        ]
        call = f"square_slope of {rows} samples and w = {weights}"
        otherwise = "Chain rule: the square's slope, the sigmoid's, then x; the mean."
        got = square_slope(X_n.clone(), y_n.clone(), w.clone())
        yield compare(call, got, want, usual, otherwise)


@exercise("stable_log_loss")
def check_stable_log_loss(loss):
    """Moderate scores, such as overflow an exponential, and zeros; values, then slopes."""
    y = torch.tensor([1, 0, 1, 0])
    for scores in (
        [2.0, -1.0, 0.5, 3.0],
        [200.0, -200.0, -200.0, 200.0],
        [1e4, 1, -1e4, 2],
        [0.0, 0.0, 1.0, 2.0],
    ):
        z = torch.tensor(scores, requires_grad=True)
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
        if 0 in scores:
            told = "At v = 0 the slope must be a half; abs and clamp do not give that there."
        yield Case(what, close(slope, want), told)


def slope_in(value, z):
    """The slope of the value in z; None where no way leads back."""
    if not isinstance(value, torch.Tensor) or not value.requires_grad:
        return None
    (slope,) = torch.autograd.grad(value, z, allow_unused=True, retain_graph=True)
    return slope
