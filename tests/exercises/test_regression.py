"""torchbook.exercises.regression: right answers pass, usual slips get the hint meant for them."""

import pytest
import torch
import torch.nn.functional as F
from answers import *  # noqa: F403
from answers import BROKE, run
from torch import nn

from torchbook.exercises import regression


def slopes(x, y, w, b):
    e = w * x + b - y
    return 2 * (e * x).mean(), 2 * e.mean()


def step_by(rule):
    """A descent_step that moves by rule(dw, db, lr)."""

    def descent_step(x, y, w, b, lr):
        by_w, by_b = rule(*slopes(x, y, w, b), lr)
        return w + by_w, b + by_b

    return descent_step


def step_by_autograd(x, y, w, b, lr):
    w, b = (torch.tensor(p, requires_grad=True) for p in (w, b))
    optimizer = torch.optim.SGD([w, b], lr=lr)
    F.mse_loss(w * x + b, y).backward()
    optimizer.step()
    return w.detach(), b.detach()


def one_after_the_other(x, y, w, b, lr):
    w = w - lr * slopes(x, y, w, b)[0]
    return w, b - lr * slopes(x, y, w, b)[1]


def centered_formula(x, y):
    x_c, y_c = x - x.mean(), y - y.mean()
    w = (x_c * y_c).sum() / (x_c * x_c).sum()
    return w, y.mean() - w * x.mean()


def formula_by_lstsq(x, y):
    A = torch.stack([x, torch.ones_like(x)], dim=1)
    return tuple(torch.linalg.lstsq(A, y).solution)


def through_zero(x, y):
    return (x * y).sum() / (x * x).sum()


class Centered(nn.Module):
    """The module that is asked for; `kept` says how it keeps the mean."""

    def __init__(self, mean, outputs, kept="buffer", bias=True):
        super().__init__()
        if kept == "buffer":
            self.register_buffer("mean", mean)
        elif kept == "unsaved":
            self.register_buffer("mean", mean, persistent=False)
        elif kept == "parameter":
            self.mean = nn.Parameter(mean)
        else:
            self.mean = mean
        self.linear = nn.Linear(len(mean), outputs, bias=bias)

    def forward(self, X):
        return self.linear(X - self.mean)


class CenteredByHand(nn.Module):
    def __init__(self, mean, outputs):
        super().__init__()
        self.register_buffer("mean", mean)
        self.W = nn.Parameter(torch.randn(outputs, len(mean)))
        self.b = nn.Parameter(torch.zeros(outputs))

    def forward(self, X):
        return (X - self.mean) @ self.W.T + self.b


class CenteredByColumns(Centered):
    """The weights (D, K), for a product without a turn."""

    def __init__(self, mean, outputs):
        super().__init__(mean, outputs)
        del self.linear
        self.W = nn.Parameter(torch.randn(len(mean), outputs))
        self.b = nn.Parameter(torch.zeros(outputs))

    def forward(self, X):
        return (X - self.mean) @ self.W + self.b


class WeightsInPieces(Centered):
    def __init__(self, mean, outputs):
        super().__init__(mean, outputs)
        self.pieces = nn.ParameterList(nn.Parameter(w) for w in torch.randn(2, outputs))
        self.b = nn.Parameter(torch.zeros(outputs))
        del self.linear

    def forward(self, X):
        return (X - self.mean) @ torch.stack([*self.pieces]) + self.b


class Uncentered(Centered):
    def forward(self, X):
        return self.linear(X)


class Added(Centered):
    def forward(self, X):
        return self.linear(X + self.mean)


class TurnedRound(Centered):
    def forward(self, X):
        return self.linear(self.mean - X)


class ByTheBatch(Centered):
    def forward(self, X):
        return self.linear(X - X.mean(dim=0))


class Blind(Centered):
    def forward(self, X):
        return self.linear(0 * X)


class Halved(Centered):
    def forward(self, X):
        return self.linear((X - self.mean) / 2)


class UncenteredFromZero(Uncentered):
    """At weights of zero, inputs make no difference."""

    def __init__(self, mean, outputs):
        super().__init__(mean, outputs)
        nn.init.zeros_(self.linear.weight)


class ForgotReturn(Centered):
    def forward(self, X):
        super().forward(X)


class Transposed(Centered):
    def forward(self, X):
        return self.linear((X - self.mean).T)


class OneRow(Centered):
    def forward(self, X):
        return super().forward(X)[0]


class FromOutside(Centered):
    def __init__(self, mean, outputs):
        super().__init__(mean.clone(), outputs)
        self.outside = [mean]

    def forward(self, X):
        return self.linear(X - self.outside[0])


def train(model, X, y, lr, enough, most, *, look_first=True, zero=True, column=False):
    """fit_until, with slips to choose."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    for step in range(most):
        loss = (
            F.mse_loss(model(X), y[:, None])
            if column
            else ((model(X)[:, 0] - y) ** 2).mean()
        )
        if look_first and loss <= enough:
            return step
        if zero:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if not look_first and loss <= enough:
            return step + 1
    return most


def train_on_a_table(model, X, y, lr, enough, most):
    return train(model, X, y.mean().expand_as(y), lr, enough, most)


def train_without_the_end(model, X, y, lr, enough, most):
    for step in range(most):
        if train(model, X, y, lr, enough, 1) == 0:
            return step


def train_without_steps(model, X, y, lr, enough, most):
    for step in range(most):
        if F.mse_loss(model(X)[:, 0], y) <= enough:
            return step
    return most


def train_with_adam(model, X, y, lr, enough, most):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for step in range(most):
        loss = F.mse_loss(model(X)[:, 0], y)
        if loss <= enough:
            return step
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return most


def with_slips(**slips):
    return lambda *answer: train(*answer, **slips)


RIGHT = {
    "descent_step": [
        step_by(lambda dw, db, lr: (-lr * dw, -lr * db)),
        step_by_autograd,
    ],
    "largest_rate": [
        lambda x: 1 / (x**2).mean(),
        lambda x: len(x) / float(x @ x),
    ],
    "line_formula": [centered_formula, formula_by_lstsq],
    "error_per_output": [
        lambda Y_hat, Y: ((Y_hat - Y) ** 2).mean(dim=0),
        lambda Y_hat, Y: F.mse_loss(Y_hat, Y, reduction="none").mean(0),
    ],
    "centered": [
        Centered,
        CenteredByHand,
        CenteredByColumns,
        lambda mean, outputs: Centered(mean, outputs),
    ],
    "fit_until": [train, with_slips(column=True)],
}

WRONG = {
    "descent_step": {
        "uphill": (step_by(lambda dw, db, lr: (lr * dw, lr * db)), "goes uphill"),
        "sums": (
            step_by(lambda dw, db, lr: (-4 * lr * dw, -4 * lr * db)),
            "These are sums",
        ),
        "half": (
            step_by(lambda dw, db, lr: (-lr * dw / 2, -lr * db / 2)),
            "a factor of 2",
        ),
        "no rate": (step_by(lambda dw, db, lr: (-dw, -db)), "Multiply the slopes"),
        "no bias": (step_by(lambda dw, db, lr: (-lr * dw, 0)), "The bias moves too"),
        "no x": (step_by(lambda dw, db, lr: (-lr * db, -lr * db)), "x_n in each term"),
        "one after the other": (one_after_the_other, "belongs to the old w"),
        "slopes": (lambda x, y, w, b, lr: slopes(x, y, w, b), "These are the slopes"),
        "no mean": (
            lambda x, y, w, b, lr: (w - lr * 2 * (w * x + b - y) * x, b),
            "Move w by -lr",
        ),
        "w alone": (lambda x, y, w, b, lr: w, "Return both w and b"),
        "nothing moves": (lambda x, y, w, b, lr: (w, b), "Move w by -lr"),
        "too few arguments": (lambda x, y: (x, y), BROKE),
    },
    "largest_rate": {
        "two": (lambda x: 2 / (x**2).mean(), "has 2 eta in it already"),
        "half": (lambda x: 0.5 / (x**2).mean(), "arrives in a single step"),
        "sum": (lambda x: 1 / (x**2).sum(), "Divide the sum by N"),
        "mean squared": (lambda x: 1 / x.mean() ** 2, "Square first"),
        "turned over": (lambda x: (x**2).mean(), "Turn it over"),
        "largest": (lambda x: 1 / x.max() ** 2, "must not be below -1"),
        "one for each": (lambda x: 1 / x**2, "must not be below -1"),
    },
    "line_formula": {
        "not centered": (
            lambda x, y: (through_zero(x, y), y.mean() - through_zero(x, y) * x.mean()),
            "Take the means off",
        ),
        "through zero": (lambda x, y: (through_zero(x, y), 0.0), "line through zero"),
        "spread of y": (
            lambda x, y: (
                1 / centered_formula(y, x)[0],
                y.mean() - x.mean() / centered_formula(y, x)[0],
            ),
            "Which sum is above",
        ),
        "divided by y": (
            lambda x, y: (
                centered_formula(y, x)[0],
                y.mean() - centered_formula(y, x)[0] * x.mean(),
            ),
            "divides by the spread of y",
        ),
        "sign in b": (
            lambda x, y: (
                centered_formula(x, y)[0],
                y.mean() + centered_formula(x, y)[0] * x.mean(),
            ),
            "b = y - w x",
        ),
        "mean for b": (
            lambda x, y: (centered_formula(x, y)[0], y.mean()),
            "times the mean of x off b",
        ),
        "turned round": (
            lambda x, y: centered_formula(x, y)[::-1],
            "w comes first",
        ),
        "w alone": (lambda x, y: centered_formula(x, y)[0], "Return both w and b"),
        "three": (lambda x, y: (*centered_formula(x, y), 0), "Return both w and b"),
    },
    "error_per_output": {
        "sum": (lambda a, b: ((a - b) ** 2).sum(0), "These are sums"),
        "not squared": (lambda a, b: (a - b).mean(0), "Square the differences"),
        "absolute": (lambda a, b: (a - b).abs().mean(0), "in place of abs"),
        "root": (lambda a, b: ((a - b) ** 2).mean(0).sqrt(), "No root"),
        "square of the mean": (lambda a, b: (a - b).mean(0) ** 2, "Square first"),
        "one a sample": (lambda a, b: ((a - b) ** 2).mean(1), "dim=0"),
        "one for all": (lambda a, b: F.mse_loss(a, b), "dim=0"),
        "a row": (lambda a, b: ((a - b) ** 2).mean(0, keepdim=True), "dim=0"),
    },
    "centered": {
        "a parameter": (
            lambda m, k: Centered(m, k, kept="parameter"),
            "A parameter would be trained",
        ),
        "a plain tensor": (lambda m, k: Centered(m, k, kept="plain"), "get lost"),
        "not saved": (lambda m, k: Centered(m, k, kept="unsaved"), "keeps it"),
        "no bias": (
            lambda m, k: Centered(m, k, bias=False),
            "has 6 parameters, wanted 9",
        ),
        "not taken off": (Uncentered, "Take the mean off the inputs"),
        "not taken off, from zero": (
            UncenteredFromZero,
            "Take the mean off the inputs",
        ),
        "no return in forward": (ForgotReturn, "gave nothing, wanted a tensor of"),
        "an error in forward": (Transposed, "your module stopped with RuntimeError"),
        "the class": (lambda m, k: Centered, "gave a type, wanted a module"),
        "added": (Added, "Take the mean off the inputs"),
        "turned round": (TurnedRound, "The sign is flipped"),
        "mean of the batch": (ByTheBatch, "forward must use self.mean"),
        "nothing goes in": (Blind, "the biases, whatever comes in"),
        "divided too": (Halved, "and nothing else"),
        "weights in pieces": (WeightsInPieces, "Keep them in one, of shape (3, 2)"),
        "one row": (OneRow, "give (N, K), as nn.Linear does"),
        "from outside": (FromOutside, "forward must use self.mean"),
        "the wrong way round": (lambda m, k: Centered(m, len(m)), "has 6 parameters"),
        "a tensor": (lambda m, k: m, "gave a Tensor, wanted a module"),
    },
    "fit_until": {
        "one too many": (with_slips(look_first=False), "One too many"),
        "slopes add up": (with_slips(zero=False), "zero_grad"),
        "no step": (train_without_steps, "Your weights did not move"),
        "another optimizer": (train_with_adam, "plain SGD"),
        "a table": (train_on_a_table, "Squeeze the outputs"),
        "no end": (train_without_the_end, "every way through it return"),
        "always most": (
            lambda model, X, y, lr, enough, most: most,
            "Your weights did not move",
        ),
        "float for count": (
            lambda *answer: 0.5 + train(*answer),
            "Squeeze the outputs",
        ),
    },
}


@pytest.mark.parametrize("name", ["centered", "fit_until"])
def test_the_readers_seed_stays_as_it_was(name):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    assert run(name, RIGHT[name][0])
    assert torch.equal(torch.get_rng_state(), before)


def formula_in_place(x, y):
    x -= x.mean()
    return centered_formula(x, y)


def test_what_an_answer_does_to_its_input_stays_in_its_own_case():
    before = regression.LENGTHS.clone()
    assert not run("line_formula", formula_in_place)
    assert torch.equal(regression.LENGTHS, before)
