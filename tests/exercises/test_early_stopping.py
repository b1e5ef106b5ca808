"""torchbook.exercises.early_stopping: right answers pass, slips get the hint for them."""

import copy

from answers import *  # noqa: F403


class Best:
    def __init__(self):
        self.loss, self.state = None, None

    def better(self, loss):
        return self.loss is None or loss < self.loss

    def kept(self, model):
        return copy.deepcopy(model.state_dict())

    def see(self, model, loss):
        if self.better(loss):
            self.loss, self.state = loss, self.kept(model)

    def restore(self, model):
        model.load_state_dict(self.state)


class Cloned(Best):
    def kept(self, model):
        return {name: tensor.clone() for name, tensor in model.state_dict().items()}


class Referred(Best):
    def kept(self, model):
        return model.state_dict()


class Shallow(Best):
    def kept(self, model):
        return dict(model.state_dict())


class Ties(Best):
    def better(self, loss):
        return self.loss is None or loss <= self.loss


class Highest(Best):
    def better(self, loss):
        return self.loss is None or loss > self.loss


class Last(Best):
    def better(self, loss):
        return True


class Below(Best):
    def __init__(self):
        self.loss, self.state = 1e9, None


class Parameters(Best):
    def kept(self, model):
        return {name: p.detach().clone() for name, p in model.named_parameters()}

    def restore(self, model):
        model.load_state_dict(self.state, strict=False)


class NoRestore:
    def see(self, model, loss): ...


def stopped(values, limit, lowest_of=min, after=0):
    for epoch in range(1, len(values) + 1):
        if values[epoch - 1] > limit * lowest_of(values[:epoch]):
            return epoch - after
    return len(values) - after


def of_all(values, limit):
    return next(
        (n for n, v in enumerate(values, 1) if v > limit * min(values)), len(values)
    )


def left(lr, steps, bend):
    return (1 - lr * bend) ** steps


RIGHT = {
    "best": [Best, Cloned],
    "stop_by_rise": [stopped],
    "matching_price": [
        lambda lr, steps, bend: bend / (1 / left(lr, steps, bend) - 1),
        lambda lr, steps, bend: bend / (1 - left(lr, steps, bend)) - bend,
    ],
}

WRONG = {
    "best": {
        "no copy": (Referred, "Copy the state"),
        "shallow copy": (Shallow, "Copy the state"),
        "ties": (Ties, "a tie changes nothing"),
        "highest": (Highest, "lower than all before"),
        "always": (Last, "restore put back"),
        "from a limit": (Below, "stopped with"),
        "no averages": (Parameters, "has no buffers"),
        "no method": (NoRestore, "no method restore"),
        "no class": (3, "wanted a class"),
    },
    "stop_by_rise": {
        "from zero": (
            lambda values, limit: stopped(values, limit, after=1),
            "Count epochs from 1",
        ),
        "the lowest": (
            lambda values, limit: (
                values.index(min(values[: stopped(values, limit)])) + 1
            ),
            "not the lowest one",
        ),
        "the last one": (
            lambda values, limit: next(
                (
                    n + 1
                    for n in range(1, len(values))
                    if values[n] > limit * values[n - 1]
                ),
                len(values),
            ),
            "not with the last one",
        ),
        "of all": (of_all, "not known yet"),
        "never": (lambda values, limit: len(values), "stop"),
        "nonsense": (lambda values, limit: 100, "keep the lowest so far"),
    },
    "matching_price": {
        "nearly": (lambda lr, steps, bend: 1 / (lr * steps), "Solve exactly"),
        "upside down": (
            lambda lr, steps, bend: bend * (1 / left(lr, steps, bend) - 1),
            "upside down",
        ),
        "no bend": (
            lambda lr, steps, bend: 1 / (1 / left(lr, steps, bend) - 1),
            "bend is missing",
        ),
        "the share": (
            lambda lr, steps, bend: 1 - left(lr, steps, bend),
            "share of the way",
        ),
        "what is left": (left, "left of the way"),
        "not divided": (
            lambda lr, steps, bend: bend * left(lr, steps, bend),
            "Divide by 1 - left",
        ),
        "zero": (lambda lr, steps, bend: 0.0, "Set both shares equal"),
    },
}
