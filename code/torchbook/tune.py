"""Random search: draw the settings, stop hopeless trials early, keep every result.

A grid tries few values of each setting; random search tries a new one of each in every trial,
which finds more where few settings matter (Bergstra and Bengio, 2012). Part 08 teaches it.
"""

from __future__ import annotations

import math
import operator
import os
import random
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from tqdm.auto import tqdm

from torchbook.journal import Journal, JournalError
from torchbook.scales import Choice, Range, choice, integer, log, one_minus, uniform
from torchbook.study import Result, Study

__all__ = ["Pruned", "Trial", "draw", "is_hopeless", "search"]
__all__ += ["choice", "integer", "log", "one_minus", "uniform"]  # to make spaces of

Space = dict[str, Range | Choice]


class Pruned(Exception):
    """Raised by `Trial.report` to end a hopeless trial: let it pass."""


class Trial:
    """One try: `trial["lr"]` is a setting, `trial.params` are all; `number` counts from 0."""

    def __init__(
        self,
        number: int,
        params: dict,
        hopeless: Callable[[list[float]], bool] = lambda reports: False,
    ) -> None:
        self.number, self.params, self._hopeless = number, params, hopeless
        self.reports: list[float] = []

    def __getitem__(self, name: str):
        if name not in self.params:
            raise KeyError(f"no setting {name!r}; there are {', '.join(self.params)}")
        return self.params[name]

    def report(self, score: float) -> None:
        """Tell the score so far, once an epoch; raises Pruned when the trial is hopeless.

        Raises ValueError for a score that is no finite number.
        """
        self.reports.append(_finite(score, f"report {len(self.reports) + 1}"))
        if self._hopeless(self.reports):
            raise Pruned


def search(
    objective: Callable[[Trial], float],
    space: Space,
    *,
    trials: int,
    seed: int = 0,
    file: str | Path | None = None,
    goal: str = "max",
    prune: tuple[int, int] | None = (5, 1),
    progress: bool | None = None,
) -> Study:
    """Draw settings from the space until there are `trials`; the objective scores each.

    A trial that raises has failed, and the search goes on. With a file, a result is on the disk
    before the next trial begins, and the same call goes on where the file ends. Ctrl-C ends the
    search, and what was found is returned. `prune` is how many trials must be done, and how many
    reports made, before a trial is pruned where `is_hopeless`; None prunes nothing.

    Raises ValueError for arguments that make no search, JournalError for the file of another
    one, and RuntimeError when all trials failed.
    """
    study = Study(space, goal)
    heading = _heading(study, trials, seed, prune)
    hopeless = partial(is_hopeless, study=study, after=prune)
    with Journal(file, heading) if file else nullcontext() as journal:
        study.results += _taken_up(journal)
        begun, quiet = len(study.results), _quiet(progress)
        bar = {"initial": begun, "total": trials, "unit": "trial", "disable": quiet}
        with _ended_by_ctrl_c(study):
            for number in tqdm(range(begun, trials), **bar):
                trial = Trial(number, draw(space, seed, number), hopeless)
                study.results.append(_run(objective, trial, goal))
                if journal:
                    journal.append(asdict(study.results[-1]))
    _check_that_some_are_done(study, file)
    return study


def draw(space: Space, seed: int, number: int) -> dict:
    """The settings of trial `number`: the same ones, whatever was tried before it."""
    return {
        name: scale.at(random.Random(f"{seed} {number} {name}").random())
        for name, scale in space.items()
    }


def is_hopeless(
    reports: list[float], study: Study, after: tuple[int, int] | None
) -> bool:
    """Whether the best report so far is worse than the others' median at this step.

    The others are the trials that are done, and `after` is how many must be, and how
    many reports made. It is near the median stopping rule of Google Vizier (Golovin et
    al., 2017), which takes the mean of each of the others up to this step: that lags
    where scores rise.
    """
    step = len(reports)
    others = [r.reports[step - 1] for r in study.done if len(r.reports) >= step]
    if after is None or len(others) < max(1, after[0]) or step <= after[1]:
        return False
    best, worse = (max, operator.lt) if study.goal == "max" else (min, operator.gt)
    return worse(best(reports), median(others))


@contextmanager
def _ended_by_ctrl_c(study: Study) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        if not study.done:
            raise
        ended = f"stopped by hand when {len(study.results)} trials had ended"
        warnings.warn(ended, stacklevel=4)


def _run(objective: Callable[[Trial], float], trial: Trial, goal: str) -> Result:
    """Run a trial to its end, whichever that is; only Ctrl-C and the like pass."""
    params, score, error = dict(trial.params), None, ""
    start = perf_counter()
    try:
        score, state = _finite(objective(trial), "the score"), "done"
    except Pruned:
        best = max if goal == "max" else min
        score, state = best(trial.reports, default=None), "pruned"
    except Exception as raised:
        state, error = "failed", _described(raised)
    seconds = perf_counter() - start
    return Result(trial.number, params, state, score, trial.reports, seconds, error)


def _described(raised: Exception) -> str:
    in_objective = traceback.extract_tb(raised.__traceback__)[1:2]
    where = "".join(f" (line {f.lineno} of {f.name})" for f in in_objective)
    return f"{type(raised).__name__}: {raised}{where}"


def _finite(value, what: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{what} is {value!r}: wanted a number") from None
    if not math.isfinite(number):
        raise ValueError(f"{what} is {number}: wanted a finite number")
    return number


def _heading(study: Study, trials: int, seed: int, prune) -> dict:
    """What decides the results, but for the objective. Raises ValueError."""
    if trials < 1:
        raise ValueError(f"trials {trials}: wanted 1 or more")
    if prune is not None and not (isinstance(prune, tuple) and len(prune) == 2):
        raise ValueError(f"prune {prune!r}: wanted (trials, steps), as (5, 1), or None")
    space = {name: asdict(scale) for name, scale in study.space.items()}
    return {"space": space, "seed": seed, "goal": study.goal, "prune": prune}


def _taken_up(journal: Journal | None) -> list[Result]:
    rows = journal.rows if journal else []
    for number, row in enumerate(rows):
        if row.keys() != Result.__annotations__.keys() or row["number"] != number:
            raise JournalError(
                f"{journal.path}, line {number + 2} is not trial {number}: cut the file before "
                "that line, and what follows is tried again; or name another file"
            )
    return [Result(**row) for row in rows]


def _check_that_some_are_done(study: Study, file) -> None:
    if not study.done:
        raise RuntimeError(
            f"all {len(study.results)} trials failed, the last with "
            f"{study.results[-1].error}. Mend the objective, and "
            + (f"remove {file}" if file else "search again")
        )


def _quiet(progress: bool | None) -> bool:
    # tqdm's bar for notebooks does not look at its own variable
    asked = os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
    return asked if progress is None else not progress
