"""Rates that change as training goes on, by hand; read in part 7.

A schedule is a function of the step t = 0, 1, 2, ... that gives a factor. `Schedule` sets
the rate of each group of an optimizer to its first rate times that factor:

    lr_t = lr_0 * factor(t)

Each function raises ValueError for a step below 0 and for settings that make no schedule.
"""

import math
from collections.abc import Callable, Sequence

Factor = Callable[[int], float]


def inverse_time(step: float, k: float) -> float:
    """1 / (1 + k t): half after 1 / k steps (Robbins & Monro, 1951, ask for such a fall)."""
    _from_0(step=step, k=k)
    return 1 / (1 + k * step)


def exponential(step: float, gamma: float) -> float:
    """gammaᵗ: the same share less at every step, as torch's ExponentialLR."""
    _from_0(step=step, gamma=gamma)
    return gamma**step


def inverse_sqrt(step: float) -> float:
    """1 / √(1 + t), so that step 0 has the whole rate."""
    _from_0(step=step)
    return 1 / math.sqrt(1 + step)


def steps(step: float, every: int, gamma: float = 0.1) -> float:
    """Stairs: times gamma after each `every` steps, as torch's StepLR."""
    _from_0(step=step, gamma=gamma)
    _above_0(every=every)
    return gamma ** (step // every)


def cosine(step: float, total: int, low: float = 0.0) -> float:
    """Half a wave from 1 down to `low` in `total` steps (Loshchilov & Hutter, 2017).

    As torch's CosineAnnealingLR with eta_min = low * lr, until `total`. Ours then stays
    low, where torch's climbs again.
    """
    _from_0(step=step, low=low)
    _above_0(total=total)
    return _cosine(1.0, low, min(step / total, 1))


def warm_up(step: float, length: int) -> float:
    """(t + 1) / length, until that is 1 (Goyal et al., 2017): step 0 is not lost at rate 0.

    As torch's LinearLR with start_factor = 1 / length and total_iters = length - 1.
    Other factors go with it by multiplication: warm_up(t, 10) * cosine(t, 100).
    """
    _from_0(step=step)
    _above_0(length=length)
    return min((step + 1) / length, 1.0)


def one_cycle(
    step: float,
    total: int,
    pct_start: float = 0.3,
    anneal: str = "cos",
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> float:
    """Up to the whole rate and down to almost none (Smith & Topin, 2018).

    From 1 / div_factor it climbs for the share `pct_start` of `total` steps, to 1, and
    falls to 1 / (div_factor * final_div_factor) at the step total - 1, where it stays;
    anneal is "cos" or "linear". As torch's OneCycleLR with max_lr = lr, of the rate
    alone: torch's also moves the momentum, unless told cycle_momentum=False.
    """
    _from_0(step=step)
    _above_0(div_factor=div_factor, final_div_factor=final_div_factor)
    shapes = {"cos": _cosine, "linear": _linear}
    if anneal not in shapes:
        raise ValueError(f"anneal {anneal!r}: wanted 'cos' or 'linear'")
    peak, end = pct_start * total - 1, total - 1  # torch counts from step 0, so minus 1
    if not 0 < peak < end < math.inf:
        raise ValueError(
            f"pct_start {pct_start} of {total} steps: wanted a climb of more than one "
            "step, and steps left to fall"
        )
    start = 1 / div_factor
    if step <= peak:
        return shapes[anneal](start, 1.0, step / peak)
    done = min((step - peak) / (end - peak), 1)
    return shapes[anneal](1.0, start / final_div_factor, done)


class Schedule:
    """Sets an optimizer's rates to their first ones times factor(t), as torch's LambdaLR.

    `factor` is a function of the step, or a list of them, one for each group. Step 0
    holds at once; `step()` goes on by one, after the optimizer's own. The first rates
    stand in the groups as "initial_lr". Works with ours and with torch's optimizers.
    Raises TypeError for a factor that is no function, ValueError for too few or many
    functions and for a factor that is not from 0, finite.
    """

    def __init__(self, optimizer: object, factor: Factor | Sequence[Factor]):
        groups = optimizer.param_groups
        several = isinstance(factor, list | tuple)
        self.optimizer = optimizer
        self.factors = list(factor) if several else [factor] * len(groups)
        for function in self.factors:
            if not callable(function):
                raise TypeError(
                    f"factor {function!r}: wanted a function of the step, such as "
                    "lambda step: cosine(step, 100)"
                )
        self.count = 0  # steps done
        for group in groups:
            group.setdefault("initial_lr", group["lr"])
        self._set_rates()

    def step(self) -> None:
        """Go on to the rates of the next step."""
        self.count += 1
        self._set_rates()

    @property
    def rates(self) -> list[float]:
        """The rate of each group, as it is now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, int]:
        """How many steps are done; the first rates are in the optimizer's own."""
        return {"count": self.count}

    def load_state_dict(self, saved: dict[str, int]) -> None:
        """Go on from a `state_dict()`, and set the rates of that step."""
        _from_0(count=saved["count"])
        self.count = saved["count"]
        self._set_rates()

    def _set_rates(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.factors):
            raise ValueError(
                f"{len(self.factors)} factors for {len(groups)} groups: wanted one each, "
                "or one function for all; for groups that came later, a new Schedule"
            )
        factors = [function(self.count) for function in self.factors]
        _from_0(
            **{f"factor {i} at step {self.count}": f for i, f in enumerate(factors)}
        )
        for group, factor in zip(groups, factors, strict=True):
            group["lr"] = group["initial_lr"] * factor


def _cosine(start: float, end: float, done: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2


def _linear(start: float, end: float, done: float) -> float:
    return start + (end - start) * done


def _from_0(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 <= value < math.inf:  # nan is neither
            raise ValueError(f"{name} is {value}: wanted a finite number from 0")


def _above_0(**numbers: float) -> None:
    for name, value in numbers.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} is {value}: wanted a finite number above 0")
