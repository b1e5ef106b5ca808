"""Checks for the exercises of part 6, Training."""

import copy

import torch
import torch.nn.functional as F

from torchbook.exercises import Case, close, exercise, show


@exercise("steps_per_epoch")
def check_steps_per_epoch(steps_per_epoch):
    """A size that divides, one that does not, and a batch larger than the set."""
    for n, batch, want in (
        (100, 10, 10),
        (101, 10, 11),
        (60_000, 128, 469),
        (7, 64, 1),
        (0, 8, 0),
    ):
        got = steps_per_epoch(n, batch)
        hint = "The last, smaller batch is a step too: round up."
        if got == want + 1:
            hint = (
                "One too many: when the size divides evenly there is no smaller batch."
            )
        yield Case(
            f"steps_per_epoch({n}, {batch}) gave {show(got)}, wanted {want}.",
            got == want,
            hint,
        )


@exercise("accuracy")
def check_accuracy(accuracy):
    """As many rows as classes, and more; negative logits; none right, all right."""
    square, y = (
        torch.tensor([[0.0, 2, 1], [3, 0, 1], [4, 0, 5]]),
        torch.tensor([1, 0, 2]),
    )
    yield Case(
        "three rows of three classes, all right, gave the share of the largest in each column.",
        not close(accuracy(square, y), (square.argmax(dim=0) == y).double().mean()),
        "The classes are along dim=1.",
    )
    logits = torch.tensor(
        [[2.0, 1.0, -1.0], [-3.0, -1.0, -2.0], [0.0, 0.5, 0.4], [1.0, 0.0, 9.0]]
    )
    for y, want in (([0, 1, 2, 2], 0.75), ([0, 1, 1, 2], 1.0), ([1, 0, 0, 0], 0.0)):
        got = accuracy(logits, torch.tensor(y))
        hint = "Compare logits.argmax(dim=1) with y, and take the mean of the result as floats."
        if close(got, want * 4) and want:
            hint = (
                "This is the number of right rows. Divide by how many rows there are."
            )
        elif close(got, 1 - want):
            hint = "This is the share of mistakes."
        yield Case(
            f"for logits {show(logits)} and y {y} it gave {show(got)}, wanted {want}.",
            close(got, want),
            hint,
        )
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
        got = train_step(yours, X, y, optimizers[1])
        what = f"after step {n} your weights differ from those of five plain lines."
        hint = "Forward, loss, zero_grad, backward, step: is one missing, or in another place?"
        if torch.equal(yours.weight, start):
            hint = (
                "Your weights did not move. Who calls optimizer.step(), and are the slopes of "
                "backward() still there when it does?"
            )
        elif n > 1:
            hint = "The first step was right. Are the old slopes still there in the second?"
        elif close(yours.weight, 2 * start - mine.weight):
            hint = "The step went uphill: is the sign of the loss turned?"
        elif not close(got, loss.item()):
            hint = "Your loss is another one: cross_entropy of logits and labels, the mean."
        yield Case(what, close(yours.weight, mine.weight), hint)
        yield Case(
            f"the loss of step {n} is {show(got)}, wanted {loss.item():.4f}.",
            close(got, loss.item()),
            "Return the loss that you computed before the step.",
        )
        yield Case(
            f"the loss came back as {type(got).__name__}, wanted a plain number.",
            isinstance(got, float),
            "loss.item() is the number without its history.",
        )
