"""torchbook.exercises.learning_rate: right answers pass, usual slips get their hint."""

import math

import torch
from answers import *  # noqa: F403


def chosen(key=lambda loss: loss if math.isfinite(loss) else math.inf, edges=True):
    """A choose_rate by the lowest key of the losses."""

    def choose_rate(rates, losses):
        best = min(range(len(rates)), key=lambda k: key(losses[k]))
        return None if edges and best in (0, len(rates) - 1) else rates[best]

    return choose_rate


def chosen_by_torch(rates, losses):
    best = torch.tensor(losses).nan_to_num(math.inf).argmin().item()
    return rates[best] if 0 < best < len(rates) - 1 else None


def place(rates, losses):
    rate = chosen()(rates, losses)
    return None if rate is None else rates.index(rate)


def lowest_loss(rates, losses):
    rate = chosen()(rates, losses)
    return None if rate is None else losses[rates.index(rate)]


def without_return(rates, losses):
    chosen()(rates, losses)


RIGHT = {
    "rate_grid": [
        lambda low, high, n: low * (high / low) ** (torch.arange(n) / (n - 1)),
        lambda low, high, n: torch.logspace(math.log10(low), math.log10(high), n),
        lambda low, high, n: [low * (high / low) ** (t / (n - 1)) for t in range(n)],
    ],
    "choose_rate": [chosen(), chosen_by_torch],
}

WRONG = {
    "rate_grid": {
        "linear": (torch.linspace, "Equal distances"),
        "one short": (
            lambda low, high, n: low * (high / low) ** (torch.arange(n) / n),
            "It must end at `high`",
        ),
        "exponents": (
            lambda low, high, n: torch.linspace(math.log10(low), math.log10(high), n),
            "These are the exponents",
        ),
        "falling": (
            lambda low, high, n: torch.logspace(math.log10(high), math.log10(low), n),
            "in this order",
        ),
        "exponents mistaken": (
            lambda low, high, n: torch.logspace(low, high, n),
            "Multiply by the same factor",
        ),
        "natural exponents": (
            lambda low, high, n: torch.linspace(math.log(low), math.log(high), n),
            "Take exp of them",
        ),
        "too few": (
            lambda low, high, n: torch.logspace(
                math.log10(low), math.log10(high), n - 1
            ),
            "gave shape (4,), wanted (5,)",
        ),
    },
    "choose_rate": {
        "edges kept": (chosen(edges=False), "wanted None"),
        "nan wins": (chosen(key=lambda loss: -1 if loss != loss else loss), "diverged"),
        "python's min": (chosen(key=lambda loss: loss), "diverged"),
        "inf wins": (chosen(key=lambda loss: -1 if loss == math.inf else loss), "run"),
        "highest": (
            chosen(key=lambda loss: -loss if math.isfinite(loss) else 0, edges=False),
            "That is the highest loss",
        ),
        "its place": (place, "its place in the list"),
        "its loss": (lowest_loss, "the loss itself"),
        "no return": (without_return, "higher ones on both sides"),
        "always in the middle": (lambda rates, losses: rates[2], "diverged"),
    },
}
