"""One run is an anecdote: the same experiment from several seeds, and its spread.

>>> runs = repeat(lambda seed: train(seed=seed).accuracy, seeds=range(5))
>>> print(runs)
0.913 ± 0.012
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from torchbook import seed as seeding

Result = float | Tensor | Sequence[float]


@dataclass(frozen=True, repr=False, eq=False)
class Runs:
    """What S runs gave: values (S,) of numbers, (S, T) of curves, or (S, …), float64.

    Mean, standard deviation (of a sample: S - 1), lowest and highest are over the runs,
    and have the shape of one. A run that holds nan or inf stays in: then mean and std
    are nan or inf where it is, `broken` has its seed, and `str` says so.
    """

    values: Tensor
    seeds: tuple[int, ...]

    @property
    def mean(self) -> Tensor:
        return self.values.mean(dim=0)

    @property
    def std(self) -> Tensor:
        """How far runs lie from their mean; nan for one run."""
        if len(self) == 1:
            return torch.full_like(self.values[0], math.nan)
        return self.values.std(dim=0)

    @property
    def low(self) -> Tensor:
        return self.values.amin(dim=0)

    @property
    def high(self) -> Tensor:
        return self.values.amax(dim=0)

    @property
    def broken(self) -> tuple[int, ...]:
        """The seeds of the runs that hold nan or inf."""
        whole = self.values.isfinite().reshape(len(self), -1).all(dim=1)
        return tuple(
            s for s, w in zip(self.seeds, whole.tolist(), strict=True) if not w
        )

    def __len__(self) -> int:
        return len(self.values)

    def __str__(self) -> str:
        return format(self, "")

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        """Mean ± standard deviation, in two digits of it or by spec: f"{runs:.1%}".

        Of curves it is the last entry. Larger results have only their shape.
        """
        if self.values.ndim > 2:
            return f"{len(self)} runs of shape {tuple(self.values.shape[1:])}"
        last = self if self.values.ndim == 1 else Runs(self.values[:, -1], self.seeds)
        mean, std = last.mean.item(), last.std.item()
        if len(self) == 1:
            words = f"{mean:{spec or '.4g'}} (one run)"
        elif spec:
            words = f"{mean:{spec}} ± {std:{spec}}"
        else:
            words = _in_digits_of(mean, std)
        if self.broken:
            words += f" ({len(self.broken)} of {len(self)} runs hold nan or inf)"
        return words


def repeat(run: Callable[[int], Result], seeds: Iterable[int] = range(5)) -> Runs:
    """What run(seed) gives for each seed, every source of chance seeded with it before.

    A run gives a number, a tensor, or a list of numbers (a curve), each of the same
    shape. The caller's random numbers go on as if nothing had been drawn. Raises
    ValueError for no seeds, a seed twice or out of range, results that are no numbers,
    and shapes that differ.
    """
    seeds = _checked(seeds)
    before = seeding.states()
    results = []
    try:
        for seed in seeds:
            seeding.everything(seed)
            results.append(_numbers(run(seed), seed))
            first, last = tuple(results[0].shape), tuple(results[-1].shape)
            if first != last:
                raise ValueError(
                    f"run({seeds[0]}) gave shape {first}, run({seed}) {last}: wanted "
                    "the same; give each run as many steps"
                )
    finally:
        seeding.set_states(before)
    return Runs(torch.stack(results), seeds)


def compare(
    runs: Mapping[str, Callable[[int], Result]], seeds: Iterable[int] = range(5)
) -> dict[str, Runs]:
    """Each of the named runs from the same seeds, so that chance is as kind to all.

    Raises ValueError where there is none to run, and as `repeat` does.
    """
    if not runs:
        raise ValueError("nothing to compare: wanted {name: function of the seed}")
    seeds = _checked(seeds)
    return {name: repeat(run, seeds) for name, run in runs.items()}


def _checked(seeds: Iterable[int]) -> tuple[int, ...]:
    if isinstance(seeds, int):
        raise ValueError(f"seeds {seeds}: wanted several; range({seeds}), say")
    seeds = tuple(operator.index(seed) for seed in seeds)
    if not seeds:
        raise ValueError("no seeds: wanted at least one; range(5), say")
    twice = [seed for seed in seeds if seeds.count(seed) > 1]
    if twice:
        raise ValueError(f"seed {twice[0]} comes twice: it would give the same run")
    return seeds


def _numbers(result: Result, seed: int) -> Tensor:
    """A result as a tensor of float64 on the CPU, cut off from its graph."""
    if isinstance(result, (list, tuple)) and any(
        isinstance(entry, Tensor) for entry in result
    ):
        result = [torch.as_tensor(entry).tolist() for entry in result]
    try:
        values = torch.as_tensor(result).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"run({seed}) gave {result!r:.60}: wanted a number, a tensor or a list of "
            "numbers; is a return missing?"
        ) from error
    if values.numel() == 0 or values.is_complex():
        raise ValueError(
            f"run({seed}) gave {values.dtype} of shape {tuple(values.shape)}: wanted "
            "real numbers, at least one"
        )
    return values.to("cpu", torch.float64, copy=True)  # the run may fill it again


def _in_digits_of(mean: float, std: float) -> str:
    """Mean and std, rounded to two digits of the std."""
    if not (math.isfinite(mean) and math.isfinite(std)) or std == 0:
        return f"{mean:.4g} ± {std:.2g}"
    decimals = max(0, 1 - math.floor(math.log10(std)))
    if decimals > 6:
        return f"{mean:.3g} ± {std:.2g}"
    return f"{mean:.{decimals}f} ± {std:.{decimals}f}"
