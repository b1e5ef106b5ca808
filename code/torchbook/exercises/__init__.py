"""Checks for the exercises: what passed, and a hint for what did not.

A check is a generator that takes the reader's answer and yields one `Case` after another.
The decorator `exercise` turns it into a function that runs the cases, stops at the first
that fails, and returns an `Outcome`, which a notebook prints.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True)
class Case:
    """One thing tried: what it was, whether it held, and what to say if it did not."""

    what: str
    passed: bool
    hint: str


@dataclass(frozen=True)
class Outcome:
    """The result of a check; true when every case passed."""

    name: str
    passed: int
    failure: str = ""

    def __bool__(self) -> bool:
        return not self.failure

    def __repr__(self) -> str:
        if self:
            return f"✓ {self.name}: all {self.passed} checks passed."
        kept = f"{self.passed} passed, then: " if self.passed else ""
        return f"✗ {self.name}: {kept}{self.failure}"


def exercise(name: str) -> Callable:
    """Make a check of a generator of cases; every check is listed in `CHECKS` by its name."""

    def wrap(cases: Callable[..., Iterator[Case]]) -> Callable[..., Outcome]:
        @functools.wraps(cases)
        def check(*answer: Any) -> Outcome:
            try:
                return _run(name, cases(*[_answered(part) for part in answer]))
            except NotAnswered:
                return Outcome(
                    name, 0, "nothing to check yet. Replace the dots with your code."
                )

        CHECKS[name] = check
        return check

    return wrap


CHECKS: dict[str, Callable[..., Outcome]] = {}


class NotAnswered(Exception):
    """The reader left the dots in place, or a function without a return."""


def _answered(part: Any) -> Any:
    """The reader's answer; a function is watched for giving back nothing."""
    if part is None or part is ...:
        raise NotAnswered
    if not callable(part) or isinstance(part, torch.nn.Module):
        return part

    @functools.wraps(part)
    def watched(*args: Any, **kwargs: Any) -> Any:
        return _answered(part(*args, **kwargs))

    return watched


def _run(name: str, cases: Iterator[Case]) -> Outcome:
    passed = 0
    try:
        for case in cases:
            if not case.passed:
                return Outcome(name, passed, f"{case.what}\n  Hint: {case.hint}")
            passed += 1
    except NotAnswered:
        if passed == 0:
            raise
        failure = (
            "here your function gave back nothing. Does every way through it return?"
        )
        return Outcome(name, passed, failure)
    except (
        Exception
    ) as error:  # whatever the reader's code raises is part of the answer
        failure = f"your code stopped with {type(error).__name__}: {error}"
        return Outcome(name, passed, failure)
    return Outcome(name, passed)


def close(got: Any, want: Any, tolerance: float = 1e-5) -> bool:
    """True when got has the shape and, up to tolerance, the values of want; False for None."""
    if got is None or got is ...:
        return False
    got, want = (torch.as_tensor(v, dtype=torch.float64) for v in (got, want))
    return got.shape == want.shape and bool(torch.allclose(got, want, atol=tolerance))


def show(value: Any) -> str:
    """A value as a reader would write it: short numbers, tensors as lists."""
    if value is None or value is ...:
        return "nothing"
    if isinstance(value, torch.Tensor):
        value = value.tolist()
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(show(v) for v in value) + "]"
    return repr(value)
