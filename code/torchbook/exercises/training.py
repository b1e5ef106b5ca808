"""Checks for the exercises of part 6, Training."""

import copy
import math

import torch
import torch.nn.functional as F

from torchbook.exercises import (
    Case,
    NothingBack,
    close,
    compare,
    exercise,
    fits,
    hint,
    show,
)


@exercise("steps_per_epoch")
def check_steps_per_epoch(steps_per_epoch):
    """A size that divides, one that does not, and a batch larger than the set."""
    sizes = (100, 10, 10), (101, 10, 11), (60_000, 128, 469), (7, 64, 1)
    for n, batch, want in sizes:
        got = steps_per_epoch(n, batch)
        swapped = "Which is divided by which? Many batches make up one epoch."
        usual = [
            (want + 1, "One too many: without a rest there is no smaller batch."),
            (batch // n, swapped),
            (batch / n, swapped),
            (math.ceil(batch / n), swapped),
        ]
        otherwise = "The last, smaller batch is a step too: round up."
        yield compare(f"steps_per_epoch({n}, {batch})", got, want, usual, otherwise)


@exercise("accuracy")
def check_accuracy(accuracy):
    """As many rows as classes, and more; negative logits; none right, all right."""
    square = torch.tensor([[0.0, 2, 1], [3, 0, 1], [4, 0, 5]])
    y = torch.tensor([1, 0, 2])
    got, columns = accuracy(square, y), (square.argmax(dim=0) == y).double().mean()
    otherwise = "Where is logits.argmax(dim=1) equal to y? Take the mean of that."
    yield fits("accuracy(logits, y)", got, (), otherwise)
    yield Case(
        "three rows of three classes gave the share for the largest in each column.",
        not close(got, columns),
        "The classes are along dim=1.",
    )
    logits = torch.tensor(
        [[2.0, 1.0, -1.0], [-3.0, -1.0, -2.0], [0.0, 0.5, 0.4], [1.0, 0.0, 9.0]]
    )
    for y, want in (([0, 1, 2, 2], 0.75), ([0, 1, 1, 2], 1.0), ([1, 0, 0, 0], 0.0)):
        usual = [
            (want * 4, "This is a count of rows. Divide by how many rows there are."),
            (1 - want, "This is the share of mistakes."),
        ]
        call = f"for logits {show(logits)} and y {y} it"
        got = accuracy(logits, torch.tensor(y))
        yield compare(call, got, want, usual, otherwise)
    tall = torch.eye(3)[[0, 1, 2, 0, 1]]  # (5, 3)
    yield Case(
        "five rows of three classes, all right, did not give 1.",
        close(accuracy(tall, torch.tensor([0, 1, 2, 0, 1])), 1.0),
        "Divide by the number of rows that came in, len(y).",
    )


@exercise("train_step")
def check_train_step(train_step):
    """Three steps of a small network, weights and losses compared with torch's after each."""
    with torch.random.fork_rng():  # the reader's own seed stays as it was
        torch.manual_seed(0)
        mine = torch.nn.Linear(4, 3)
        X, y = torch.randn(8, 4), torch.arange(8) % 3
    yours = copy.deepcopy(mine)
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.5) for m in (mine, yours)]
    for n in (1, 2, 3):
        start, loss = mine.weight.clone(), F.cross_entropy(mine(X), y)
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()
        try:
            got = train_step(yours, X, y, optimizers[1])
        except NothingBack:  # the weights come first
            got = None
        otherwise = "Forward, loss, zero_grad, backward, step: is one missing or moved?"
        if n > 1:
            otherwise = "The first step was right. Are the old slopes still there?"
        elif got is not None and not close(got, loss.item()):
            otherwise = "Your loss is another one: cross_entropy of logits and labels."
        still = "Your weights did not move. Are there slopes at optimizer.step()?"
        usual = [
            (start, still),
            (2 * start - mine.weight, "The step went uphill: is a sign turned?"),
        ]
        yield Case(
            f"after step {n} your weights differ from those of five plain lines.",
            close(yours.weight, mine.weight),
            hint(yours.weight, usual, otherwise),
        )
        otherwise = "Return the loss that you computed before the step."
        yield compare(f"for the loss, step {n}", got, loss.item(), [], otherwise)
        yield Case(
            f"the loss came back as {type(got).__name__}, wanted a plain number.",
            isinstance(got, float),
            "loss.item() is the number without its history.",
        )


@exercise("state_bytes")
def check_state_bytes(state_bytes):
    """Weights, buffers, and tensors of 8 bytes an entry."""
    models = [
        (torch.nn.Linear(3, 5), 80),
        (torch.nn.Linear(3, 5, dtype=torch.float64), 160),
        (torch.nn.BatchNorm1d(4), 72),
    ]
    for model, want in models:
        entries = sum(t.numel() for t in model.state_dict().values())
        weights = sum(p.numel() * p.element_size() for p in model.parameters())
        usual = [
            (entries, "This counts entries. How many bytes has each of them?"),
            (4 * entries, "Not every entry has four bytes: ask each tensor."),
            (weights, "Parameters are not all: BatchNorm keeps buffers beside them."),
        ]
        otherwise = "Sum numel() * element_size() over the values of state_dict()."
        call = f"state_bytes({model})"
        yield compare(call, state_bytes(model), want, usual, otherwise)


@exercise("fitting")
def check_fitting(fitting):
    """A name too many, one too few, and one whose shape is another."""
    own = {"a": torch.zeros(2, 3), "b": torch.zeros(4), "c": torch.zeros(1)}
    weights = {"a": torch.ones(2, 3), "b": torch.ones(5), "d": torch.ones(1)}
    given = {name: tensor.clone() for name, tensor in weights.items()}
    got = fitting(own, weights)
    yield Case(
        f"it gave a {type(got).__name__}, wanted a dictionary.",
        isinstance(got, dict),
        "Collect names and tensors in a dictionary.",
    )
    advice = {
        "b": "b has another shape in the model: compare the shapes too.",
        "c": "c is the model's alone: there is no weight to take.",
        "d": "The model has no d: look whether a name is in own.",
    }
    yield Case(
        f"it kept {', '.join(sorted(got)) or 'nothing'}; only a fits.",
        set(got) == {"a"},
        next(
            (text for name, text in advice.items() if name in got), "a fits: keep it."
        ),
    )
    yield Case(
        f"a is {show(got['a'])}, wanted {show(weights['a'])}.",
        close(got["a"], torch.ones(2, 3)),
        "The values to take are those of weights, not of own.",
    )
    yield Case(
        "your function changed the weights that it was given.",
        weights.keys() == given.keys(),
        "Make a new dictionary, and leave the old one as it is.",
    )
