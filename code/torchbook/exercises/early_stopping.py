"""Checks for the exercises on early stopping, in part 8."""

import torch
from torch import nn

from torchbook.exercises import Case, Unusable, compare, exercise, show


def _moved(model: nn.Module, to: float) -> dict:
    """Fill all weights and averages with a number, in place; a copy of the state then."""
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.fill_(int(to))
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


WHY_NOT_BEST = {
    "older": "Keep the state when loss is lower than all before; a tie changes nothing.",
    "not copied": "Copy the state: state_dict() gives the tensors that go on moving.",
    "nothing": "Nothing was kept. The first call always keeps, and the state is copied.",
}


@exercise("best")
def check_best(Best):
    """Losses that fall and rise, a tie, a lowest that comes first, and a huge one."""
    for losses, at in (
        ([3.0, 1.0, 2.0], 1),
        ([0.5, 0.9], 0),
        ([2.0, 1.0, 1.0, 4.0], 1),
        ([7e30], 0),
        ([-1.0, -2.0, -1.5], 1),
    ):
        best = _built(Best)
        model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        states = []
        for number, loss in enumerate(losses):
            states.append(_moved(model, number + 1))
            _called(best, "see", model, loss)
        _moved(model, 99)
        _called(best, "restore", model)
        found = model.state_dict()
        weights = found["0.weight"].flatten()[0].item()
        averages = found["1.running_mean"][0].item()
        call = f"after the losses {losses}, restore put back"
        told = WHY_NOT_BEST["older"]
        if weights == 99:
            told = WHY_NOT_BEST["nothing" if len(losses) == 1 else "not copied"]
        whose = f"of call {weights:.0f}" if weights < 99 else "as they are now"
        yield Case(
            f"{call} the weights {whose}, wanted those of call {at + 1}.",
            weights == at + 1,
            told,
        )
        yield Case(
            f"{call} the weights, but not the averages of batch normalization.",
            averages == at + 1,
            "parameters() has no buffers; state_dict() has.",
        )
        yield Case(
            f"{call} something else than was there.",
            all(torch.equal(found[k], states[at][k]) for k in found),
            "Put back the state as it was, all of it.",
        )


def _built(Best):
    if not isinstance(Best, type) and not callable(Best):
        raise Unusable(f"Best is {show(Best)}, wanted a class.")
    best = Best()
    missing = [name for name in ("see", "restore") if not hasattr(best, name)]
    if missing:
        raise Unusable(
            f"an object of Best has no method {missing[0]}; wanted see and restore."
        )
    return best


def _called(best, name, *args):
    try:
        getattr(best, name)(*args)
    except Exception as error:  # whatever the reader's code raises
        raise Unusable(
            f"{name} stopped with {type(error).__name__}: {error}"
        ) from error


@exercise("stop_by_rise")
def check_stop_by_rise(stop_by_rise):
    """Rises within the limit, one beyond it, none at all, and one that is only in between."""
    for values, limit, want in (
        ([5.0, 3.0, 2.0, 2.1, 2.5, 1.0], 1.2, 5),
        ([5.0, 4.0, 3.0], 1.1, 3),
        ([1.0, 1.5, 0.5, 0.9, 2.0], 1.6, 4),
        ([2.0, 3.0, 1.0], 1.4, 2),
        ([4.0, 2.0, 2.2, 2.4, 2.6, 2.9], 1.25, 5),
        ([1.0], 1.5, 1),
    ):
        got = stop_by_rise(list(values), limit)
        overall = min(values)
        first = next(
            (n for n, v in enumerate(values) if v > limit * overall), len(values)
        )
        before = _above_the_last(values, limit)
        lowest = values.index(min(values[:want])) + 1
        usual = [
            (want - 1, "Count epochs from 1."),
            (lowest, "Return the epoch where it stops, not the lowest one."),
            (before, "Compare with the lowest value so far, not with the last one."),
            (first, "The lowest value so far; those to come are not known yet."),
            (first + 1, "The lowest value so far; those to come are not known yet."),
            (
                len(values),
                "It should have stopped earlier: more than limit times the lowest.",
            ),
        ]
        otherwise = "Go through the values and keep the lowest so far."
        call = f"stop_by_rise({values}, {limit})"
        yield compare(call, got, want, usual, otherwise)


def _above_the_last(values, limit):
    """The first epoch above limit times the epoch before, else the last."""
    above = (n + 1 for n in range(1, len(values)) if values[n] > limit * values[n - 1])
    return next(above, len(values))


@exercise("matching_price")
def check_matching_price(matching_price):
    """Flat and steep directions, a single step, and many."""
    for lr, steps, bend in (
        (0.1, 15, 0.5),
        (0.01, 100, 3.0),
        (0.5, 1, 1.0),
        (0.1, 50, 0.01),
    ):
        left = (1 - lr * bend) ** steps
        want = bend * left / (1 - left)
        usual = [
            (
                1 / (lr * steps),
                "That holds nearly, and for flat directions. Solve exactly.",
            ),
            (
                bend * (1 - left) / left,
                "That is upside down: many steps are a low price.",
            ),
            (left / (1 - left), "The bend is missing: solve for alpha."),
            (1 - left, "That is the share of the way. Which alpha gives the same?"),
            (left, "That is what is left of the way. Which alpha leaves the same?"),
            (bend * left, "Divide by 1 - left, too."),
        ]
        otherwise = "Set both shares equal, and solve for alpha."
        call = f"matching_price({lr}, {steps}, {bend})"
        yield compare(call, matching_price(lr, steps, bend), want, usual, otherwise)
