"""Checks for the exercises on linear regression, in part 4."""

import copy

import torch
import torch.nn.functional as F

from torchbook.exercises import (
    Case,
    close,
    compare,
    compare_entries,
    exercise,
    fits,
    show,
)
from torchbook.exercises.perceptrons import compare_lines

X = torch.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5], [-2.0, 1.0]])  # (4, 2)
LENGTHS = torch.tensor([1.0, 2.0, 4.0, 5.0])
WIDTHS = torch.tensor([0.5, 2.0, 2.5, 3.5])


def compare_pair(call, got, want, usual, otherwise):
    """Cases for a function that gives back w and b; usual mistakes are pairs (w, b) too."""
    pair = got if isinstance(got, tuple | list) and len(got) == 2 else (None, None)
    made = [text for (w, b), text in usual if close(pair[0], w) and close(pair[1], b)]
    told = next(iter(made), otherwise)
    yield from compare_lines(call, got, want, [], told, told)


@exercise("descent_step")
def check_descent_step(descent_step):
    """Three starts, one of them the best line, where nothing moves."""
    for x, y, w, b in (
        (LENGTHS, WIDTHS, 0.5, -1.0),
        (LENGTHS - 3, WIDTHS, -1.0, 2.0),
        (LENGTHS, 2 * LENGTHS + 1, 2.0, 1.0),
    ):
        lr, e = 0.1, w * x + b - y
        dw, db = 2 * (e * x).mean(), 2 * e.mean()
        want, n = (w - lr * dw, b - lr * db), len(x)
        late = 2 * (want[0] * x + b - y).mean()
        usual = [
            ((w + lr * dw, b + lr * db), "The sign is flipped: this goes uphill."),
            ((w - lr * n * dw, b - lr * n * db), "These are sums. Take the means."),
            ((w - lr * dw / 2, b - lr * db / 2), "The square gives a factor of 2."),
            ((w - dw, b - db), "Multiply the slopes by lr."),
            ((w - lr * dw, b), "The weight is right. The bias moves too."),
            ((w - lr * db, b - lr * db), "The slope in w has x_n in each term."),
            (
                (want[0], b - lr * late),
                "The slope in b belongs to the old w: compute both, then move both.",
            ),
            ((dw, db), "These are the slopes. Move w and b by them."),
        ]
        call = f"descent_step({show(x)}, {show(y)}, {w}, {b}, {lr})"
        got = descent_step(x.clone(), y.clone(), w, b, lr)
        otherwise = (
            "Move w by -lr times its slope, 2 * the mean of error times x. "
            "b has no x in it."
        )
        yield from compare_pair(call, got, want, usual, otherwise)


@exercise("largest_rate")
def check_largest_rate(largest_rate):
    """Inputs of one sign, of both, and a single one."""
    for x in (LENGTHS, torch.tensor([-3.0, 1.0, 0.5]), torch.tensor([0.5])):
        square = (x * x).mean()
        usual = [
            (2 / square, "The factor has 2 eta in it already. Where is it -1?"),
            (1 / (2 * square), "There the factor is 0: it arrives in a single step."),
            (1 / (x * x).sum(), "Divide the sum by N."),
            (1 / x.mean() ** 2, "Square first, then take the mean."),
            (square, "Turn it over: large inputs want small rates."),
        ]
        otherwise = "The factor must not be below -1. Solve for eta."
        got = largest_rate(x.clone())
        yield compare(f"largest_rate({show(x)})", got, 1 / square, usual, otherwise)


@exercise("line_formula")
def check_line_formula(line_formula):
    """Points off a line, points on one, and inputs whose mean is zero."""
    for x, y in (
        (LENGTHS, WIDTHS),
        (LENGTHS, 3 - 2 * LENGTHS),
        (LENGTHS - 3, WIDTHS),
    ):
        x_c, y_c = x - x.mean(), y - y.mean()
        w = (x_c * y_c).sum() / (x_c * x_c).sum()
        want, zero = (w, y.mean() - w * x.mean()), (x * y).sum() / (x * x).sum()
        turned = (x_c * y_c).sum() / (y_c * y_c).sum()
        usual = [
            ((zero, y.mean() - zero * x.mean()), "Take the means off x and y for w."),
            ((zero, 0.0), "That is the line through zero. Here b is free."),
            (
                (turned, y.mean() - turned * x.mean()),
                "This divides by the spread of y.",
            ),
            (
                (w, y.mean() + w * x.mean()),
                "The weight is right. b = y - w x, in means.",
            ),
            ((w, y.mean()), "The weight is right. Take w times the mean of x off b."),
            ((want[1], w), "These two are turned round: w comes first."),
        ]
        call = f"line_formula({show(x)}, {show(y)})"
        otherwise = "Which sum is above, which below? Then b from the means."
        got = line_formula(x.clone(), y.clone())
        yield from compare_pair(call, got, want, usual, otherwise)


@exercise("error_per_output")
def check_error_per_output(error_per_output):
    """More outputs than samples and fewer; then no error at all."""
    Y = torch.arange(12.0).reshape(3, 4) / 4
    for Y_hat, target in ((Y.sin(), Y), (X, X.flip(0)), (Y, Y)):
        square = (Y_hat - target) ** 2
        usual = [
            (square.sum(dim=0), "These are sums. Take the mean over the samples."),
            ((Y_hat - target).mean(dim=0), "Square the differences first."),
            ((Y_hat - target).abs().mean(dim=0), "Square, in place of abs."),
            (square.mean(dim=0).sqrt(), "No root: the mean of the squares is wanted."),
            ((Y_hat - target).mean(dim=0) ** 2, "Square first, then take the mean."),
        ]
        got = error_per_output(Y_hat.clone(), target.clone())
        otherwise = "Average over the samples alone: dim=0."
        call = f"for shape {tuple(target.shape)} it"
        yield compare(call, got, square.mean(dim=0), usual, otherwise)


@exercise("centered")
def check_centered(centered):
    """What the module keeps, how it computes, and that its state goes into another one."""
    mean, K = torch.tensor([1.0, -2.0]), 3
    with torch.random.fork_rng(devices=[]):  # the reader's own seed stays as it was
        model, other = centered(mean.clone(), K), centered(torch.zeros(2), K)
    is_module = isinstance(model, torch.nn.Module)
    what = f"centered(mean, {K}) gave a {type(model).__name__}, wanted a module."
    yield Case(what, is_module, "Write a class on nn.Module and return one of it.")
    advice = 'self.register_buffer("mean", mean) keeps it; plain tensors get lost.'
    if "mean" in dict(model.named_parameters()):
        advice = "A parameter would be trained: use self.register_buffer."
    kept = "mean" in dict(model.named_buffers()) and "mean" in model.state_dict()
    yield Case("the mean is no buffer that is saved.", kept, advice)
    size = sum(p.numel() for p in model.parameters())
    yield Case(
        f"the module has {size} parameters, wanted {2 * K + K}.",
        size == 2 * K + K,
        "A weight for each input and output, and a bias for each output.",
    )
    yield from _centring(model, mean, K)
    other.load_state_dict(model.state_dict())
    yield Case(
        "another module, given its state dict, answers differently.",
        close(other(X.clone()), model(X.clone())),
        "forward must use self.mean, not the tensor that came in at the start.",
    )


def _centring(model, mean, K):
    """Cases for what the module gives back at the mean, for weights that are not zero."""
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.arange(1.0, p.numel() + 1).view_as(p) / 10)
    otherwise = "For X of shape (N, D) give (N, K), as nn.Linear does."
    try:
        at_mean, got = model(mean[None].clone()), model(X.clone())
    except Exception as error:  # whatever the reader's module raises
        what = f"your module stopped with {type(error).__name__}: {error}"
        yield Case(what, False, otherwise)
        return
    yield fits("the module, for one sample,", at_mean, (1, K), otherwise)
    biases = [p.flatten() for p in model.parameters() if p.numel() == K]
    bias = next((b for b in biases if close(at_mean[0], b)), None)
    yield Case(
        "at the mean itself the outputs are not the biases.",
        bias is not None,
        "Take the mean off the inputs before the weights.",
    )
    yield from _away_from_the_mean(model, mean, bias, got)


def _away_from_the_mean(model, mean, bias, got):
    """Cases for the outputs at X, whose own mean is another."""
    shape, size = (len(bias), len(mean)), len(bias) * len(mean)
    weights = [p for p in model.parameters() if p.numel() == size]
    advice = f"Keep them in one, of shape {shape}."
    yield Case("no parameter holds all the weights.", bool(weights), advice)
    W = weights[0] if weights[0].shape == shape else weights[0].reshape(shape[::-1]).T
    outputs = ((X - mean) @ W.T + bias).detach()  # (4, K)
    usual = [
        (2 * bias - outputs, "The sign is flipped: the inputs less the mean."),
        (
            (X - X.mean(dim=0)) @ W.T + bias,
            "forward must use self.mean, not the mean of the samples that come in.",
        ),
        (bias.expand(outputs.shape), "These are the biases, whatever comes in."),
    ]
    otherwise = "W (x - m) + b for each sample, and nothing else."
    call = f"for X = {show(X)} the module"
    yield compare_entries(call, got, outputs, usual, otherwise)


@exercise("fit_until")
def check_fit_until(fit_until):
    """Weights and steps against a plain loop: reached, not reached, and good at the start."""
    with torch.random.fork_rng(devices=[]):  # the reader's own seed stays as it was
        torch.manual_seed(0)
        start = torch.nn.Linear(2, 1)
    y = X @ torch.tensor([1.0, -1.0]) + 0.5
    first = F.mse_loss(start(X).squeeze(1), y).item()
    for enough, most in ((0.1 * first, 200), (0.0, 7), (1e9, 50), (0.1 * first, 0)):
        mine, yours = copy.deepcopy(start), copy.deepcopy(start)
        want = _fit_until(mine, y, enough, most)
        got = fit_until(yours, X.clone(), y.clone(), 0.05, enough, most)
        call = f"with enough={enough:.3g} and most={most} it"
        still = "Your weights did not move. Is optimizer.step() there?"
        otherwise = "Squeeze the outputs to (N,); all samples, plain SGD; zero_grad."
        usual = [
            (want + 1, "One too many: look at the loss before you make a step."),
            (want - 1, "One too few: count the steps that were made."),
        ]
        moved = not close(yours.weight, start.weight)
        told = otherwise if moved or want == 0 else still
        yield compare(call, got, want, usual, told)
        yield Case(
            f"{call} took {want} steps, to other weights than a plain loop's.",
            close(yours.weight, mine.weight) and close(yours.bias, mine.bias),
            told,
        )


def _fit_until(model, y, enough, most):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    for step in range(most):
        loss = F.mse_loss(model(X).squeeze(1), y)
        if loss <= enough:
            return step
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return most
