"""torchbook.exercises.training: right answers pass, usual slips get the hint meant for them."""

import math

import torch
import torch.nn.functional as F
from answers import *  # noqa: F403
from answers import BROKE


def by_lines(*lines):
    """A train_step of the lines named, in that order; it returns the loss of the forward pass."""

    def train_step(model, X, y, optimizer):
        loss = F.cross_entropy(model(X), y)
        do = {
            "zero_grad": optimizer.zero_grad,
            "backward": lambda: loss.backward(retain_graph=True),
            "step": optimizer.step,
        }
        for line in lines:
            do[line]()
        return loss.item()

    return train_step


def with_loss(function, result=lambda loss: loss.item()):
    """A train_step of the right lines with this loss of logits and labels."""

    def train_step(model, X, y, optimizer):
        loss = function(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return result(loss)

    return train_step


def loss_after_the_step(model, X, y, optimizer):
    by_lines("zero_grad", "backward", "step")(model, X, y, optimizer)
    return F.cross_entropy(model(X), y).item()


def no_graph(model, X, y, optimizer):
    with torch.no_grad():
        loss = F.cross_entropy(model(X), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def no_return(model, X, y, optimizer):
    by_lines("zero_grad", "backward", "step")(model, X, y, optimizer)


def own_optimizer(model, X, y, optimizer):
    mine = torch.optim.SGD(model.parameters(), lr=0.1)
    return by_lines("zero_grad", "backward", "step")(model, X, y, mine)


def half_of_the_batch(model, X, y, optimizer):
    return by_lines("zero_grad", "backward", "step")(model, X[:4], y[:4], optimizer)


def fitting(own, weights):
    return {n: t for n, t in weights.items() if n in own and own[n].shape == t.shape}


def emptied_in_place(own, weights):
    for name in set(weights) - set(fitting(own, weights)):
        del weights[name]
    return weights


RIGHT = {
    "steps_per_epoch": [
        lambda n, b: math.ceil(n / b),
        lambda n, b: -(-n // b),
        lambda n, b: n // b + (n % b > 0),
        lambda n, b: len(range(0, n, b)),
        lambda n, b: max(1, -(-n // b)),
    ],
    "accuracy": [
        lambda logits, y: (logits.argmax(dim=1) == y).float().mean(),
        lambda logits, y: (logits.softmax(1).max(1).indices == y).sum().item() / len(y),
    ],
    "train_step": [
        by_lines("zero_grad", "backward", "step"),
        by_lines("backward", "step", "zero_grad"),
        with_loss(
            lambda z, y: F.nll_loss(z.log_softmax(1), y), lambda loss: loss.tolist()
        ),
    ],
    "state_bytes": [
        lambda m: sum(t.numel() * t.element_size() for t in m.state_dict().values()),
        lambda m: sum(t.nbytes for t in [*m.parameters(), *m.buffers()]),
    ],
    "fitting": [fitting, lambda own, w: {"a": w["a"]}],
}

WRONG = {
    "steps_per_epoch": {
        "rounded down": (lambda n, b: n // b, "round up"),
        "rounded to nearest": (lambda n, b: round(n / b), "round up"),
        "not rounded": (lambda n, b: n / b, "round up"),
        "off by one": (lambda n, b: n // b + 1, "One too many"),
        "swapped": (lambda n, b: math.ceil(b / n), "Which is divided by which?"),
        "swapped, rounded down": (lambda n, b: b // n, "Which is divided by which?"),
        "swapped, not rounded": (lambda n, b: b / n, "Which is divided by which?"),
        "too few arguments": (lambda n: n, BROKE),
    },
    "accuracy": {
        "wrong axis": (
            lambda logits, y: (logits.argmax(dim=0)[: len(y)] == y).float().mean(),
            "classes are along dim=1",
        ),
        "count": (
            lambda logits, y: (logits.argmax(1) == y).sum(),
            "Divide by how many rows",
        ),
        "share of mistakes": (
            lambda logits, y: (logits.argmax(1) != y).float().mean(),
            "share of mistakes",
        ),
        "no axis": (
            lambda logits, y: (logits.argmax() == y).float().mean(),
            "logits.argmax(dim=1)",
        ),
        "largest value": (
            lambda logits, y: (logits.max(dim=1).values == y).float().mean(),
            "logits.argmax(dim=1)",
        ),
        "smallest": (
            lambda logits, y: (logits.argmin(1) == y).float().mean(),
            "logits.argmax(dim=1)",
        ),
        "one for each row": (
            lambda logits, y: (logits.argmax(1) == y).float(),
            "Take the mean of that",
        ),
        "percent": (
            lambda logits, y: 100 * (logits.argmax(1) == y).float().mean(),
            "Take the mean of that",
        ),
        "whole number": (
            lambda logits, y: (logits.argmax(1) == y).sum() // len(y),
            "Take the mean of that",
        ),
        "per class": (
            lambda logits, y: (logits.argmax(1) == y).sum() / logits.shape[1],
            "Take the mean of that",
        ),
        "rows written down": (
            lambda logits, y: (logits.argmax(1) == y).sum() / 4,
            "number of rows that came in",
        ),
        "mean of booleans": (
            lambda logits, y: (logits.argmax(1) == y).mean(),
            "have no mean",
        ),
    },
    "train_step": {
        "no step": (
            by_lines("zero_grad", "backward"),
            "Your weights did not move",
        ),
        "no backward": (
            by_lines("zero_grad", "step"),
            "Your weights did not move",
        ),
        "slopes cleared before the step": (
            by_lines("backward", "zero_grad", "step"),
            "Are there slopes at optimizer.step()?",
        ),
        "step before backward": (
            by_lines("zero_grad", "step", "backward"),
            "Your weights did not move",
        ),
        "no zero_grad": (by_lines("backward", "step"), "old slopes still there"),
        "two steps": (
            by_lines("zero_grad", "backward", "step", "step"),
            "is one missing or moved?",
        ),
        "backward twice": (
            by_lines("zero_grad", "backward", "backward", "step"),
            "is one missing or moved?",
        ),
        "other learning rate": (own_optimizer, "is one missing or moved?"),
        "sign flipped": (with_loss(lambda z, y: -F.cross_entropy(z, y)), "uphill"),
        "sum": (
            with_loss(lambda z, y: F.cross_entropy(z, y, reduction="sum")),
            "Your loss is another one",
        ),
        "softmax first": (
            with_loss(lambda z, y: F.cross_entropy(z.softmax(1), y)),
            "Your loss is another one",
        ),
        "softmax forgotten": (
            with_loss(lambda z, y: F.nll_loss(z, y)),
            "Your loss is another one",
        ),
        "squared error": (
            with_loss(lambda z, y: F.mse_loss(z, F.one_hot(y, 3).float())),
            "Your loss is another one",
        ),
        "half of the batch": (half_of_the_batch, "Your loss is another one"),
        "loss after the step": (loss_after_the_step, "before the step"),
        "a tensor": (with_loss(F.cross_entropy, lambda loss: loss), "loss.item()"),
        "a detached tensor": (with_loss(F.cross_entropy, torch.detach), "loss.item()"),
        "no return": (
            no_return,
            "for the loss, step 1 gave nothing, wanted a single number",
        ),
        "no graph": (no_graph, BROKE),
        "arguments swapped": (with_loss(lambda z, y: F.cross_entropy(y, z)), BROKE),
        "loss not reduced": (
            with_loss(lambda z, y: F.cross_entropy(z, y, reduction="none")),
            BROKE,
        ),
    },
    "state_bytes": {
        "entries": (
            lambda m: sum(t.numel() for t in m.state_dict().values()),
            "counts entries",
        ),
        "always four": (
            lambda m: 4 * sum(t.numel() for t in m.state_dict().values()),
            "Not every entry has four bytes",
        ),
        "no buffers": (
            lambda m: sum(p.nbytes for p in m.parameters()),
            "BatchNorm keeps buffers",
        ),
        "one tensor": (lambda m: m.weight.nbytes, "Sum numel() * element_size()"),
    },
    "fitting": {
        "shape not compared": (
            lambda own, w: {n: t for n, t in w.items() if n in own},
            "compare the shapes",
        ),
        "all of them": (lambda own, w: dict(w), "compare the shapes"),
        "size in place of shape": (
            lambda own, w: {n: t for n, t in w.items() if t.numel() in (1, 6)},
            "The model has no d",
        ),
        "the model's own": (
            lambda own, w: {n: own[n] for n in fitting(own, w)},
            "those of weights, not of own",
        ),
        "all of the model's": (lambda own, w: dict(own), "compare the shapes"),
        "emptied in place": (emptied_in_place, "Make a new dictionary"),
        "a list": (lambda own, w: list(fitting(own, w)), "in a dictionary"),
    },
}
