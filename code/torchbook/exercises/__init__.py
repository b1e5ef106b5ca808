"""Checks for the exercises: what passed, and a hint for what did not.

A check is a generator that takes the reader's answer and yields one `Case` after another.
The decorator `exercise` turns it into a function that runs the cases, stops at the first
that fails, and returns an `Outcome`, which a notebook prints. What passed is noted for the
command `torchbook progress`.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from torchbook import progress


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
            if any(_untouched(part) for part in answer):
                return Outcome(name, 0, DOTS)
            outcome = _run(name, cases(*[_watched(part) for part in answer]))
            if outcome:
                progress.note(name)
            return outcome

        CHECKS[name] = check
        return check

    return wrap


CHECKS: dict[str, Callable[..., Outcome]] = {}
DOTS = "nothing to check yet. Replace the dots with your code."
ADVICE = {  # words of an error message → what helps
    "Boolean value of Tensor": "Python's max, if, and, or want a single number; "
    "torch.clamp and torch.where work entry by entry.",
    "could not infer output dtype": "Booleans and whole numbers have no mean. "
    "Make them floats first.",
    "NoneType": "Something there is None: what a function without return gives, "
    "or a .grad that backward did not fill. It fills those of leaves.",
    "a leaf Variable that requires grad": "Move weights under torch.no_grad().",
    "math range error": "exp of a large number overflows. Take it of numbers up to 0.",
}


class Unusable(Exception):
    """The reader's function stopped or gave no answer; the message says it to the reader."""


class NothingBack(Unusable):
    """The reader's function came to its end without a return."""


def _starter(): ...


def _untouched(part: Any) -> bool:
    """True for dots, and for a function whose whole body they are."""
    code = getattr(part, "__code__", None)
    empty = code is not None and code.co_code == _starter.__code__.co_code
    return part is None or part is ... or empty


def _watched(part: Any) -> Any:
    """The reader's answer; of a function, errors and missing returns are told apart."""
    if not callable(part) or isinstance(part, torch.nn.Module):
        return part

    @functools.wraps(part)
    def watched(*args: Any, **kwargs: Any) -> Any:
        try:
            got = part(*args, **kwargs)
        except Exception as error:  # whatever the reader's code raises
            raise Unusable(_stopped(error)) from error
        if got is ...:
            raise Unusable(DOTS)
        if got is None:
            raise NothingBack(
                "your function gave back nothing. Does every way through it return?"
            )
        return got

    return watched


def _stopped(error: Exception) -> str:
    told = f"your code stopped with {type(error).__name__}: {error}"
    advice = [text for words, text in ADVICE.items() if words in str(error)]
    return "\n  Hint: ".join([told, *advice])


def _run(name: str, cases: Iterator[Case]) -> Outcome:
    with warnings.catch_warnings(action="ignore"):  # the outcome says what is amiss
        return _first_failure(name, cases)


def _first_failure(name: str, cases: Iterator[Case]) -> Outcome:
    passed = 0
    try:
        for case in cases:
            if not case.passed:
                return Outcome(name, passed, f"{case.what}\n  Hint: {case.hint}")
            passed += 1
    except Unusable as reason:
        return Outcome(name, passed, str(reason))
    except Exception as error:
        # the check itself stopped, at an answer that it did not expect
        failure = f"the check cannot use your answer ({type(error).__name__}: {error})."
        return Outcome(name, passed, failure)
    return Outcome(name, passed)


def compare(call: str, got: Any, want: Any, usual: list, otherwise: str) -> Case:
    """A case that holds when the call gave what was wanted, in shape and in values."""
    told = hint(got, usual, otherwise)
    shape = fits(call, got, torch.as_tensor(want).shape, told)
    what = f"{call} gave {show(got)}, wanted {show(want)}."
    return Case(what, close(got, want), told) if shape.passed else shape


def compare_entries(
    call: str, got: Any, want: torch.Tensor, usual: list, otherwise: str
) -> Case:
    """A case like that of `compare`, for many entries: it tells the first wrong one."""
    case = compare(call, got, want, usual, otherwise)
    if case.passed or _misfit(got, tuple(want.shape)):
        return case
    came = torch.as_tensor(got, dtype=torch.float64)
    off = ~torch.isclose(came, want.double(), atol=1e-5)
    at = tuple(off.nonzero()[0].tolist())
    what = f"{call}: entry {at} is {show(came[at])}, wanted {show(want[at])}."
    return replace(case, what=what)


def fits(call: str, got: Any, shape: tuple[int, ...], otherwise: str) -> Case:
    """A case that holds when the answer is a tensor of this shape, or as good as one."""
    odd = _misfit(got, tuple(shape))
    return Case(f"{call} {odd}.", not odd, otherwise)


def unchanged(given: Iterable, before: Iterable, told: str) -> Case:
    """A case that holds when the tensors that the answer was given are as they were."""
    same = all(torch.equal(now, then) for now, then in zip(given, before, strict=True))
    return Case("your function changed a tensor that it was given.", same, told)


def hint(got: Any, usual: list[tuple[Any, str]], otherwise: str) -> str:
    """The hint of the first usual mistake, a pair of value and hint, that was made here."""
    return next((text for wrong, text in usual if close(got, wrong)), otherwise)


def close(got: Any, want: Any, tolerance: float = 1e-5) -> bool:
    """True when got has the shape and, up to tolerance, the values of want."""
    want = torch.as_tensor(want, dtype=torch.float64)
    if _misfit(got, tuple(want.shape)):
        return False
    got = torch.as_tensor(got, dtype=torch.float64)
    return bool(torch.allclose(got, want, atol=tolerance))


def _misfit(got: Any, shape: tuple[int, ...]) -> str:
    """What came and what was wanted, where got is no tensor or numbers of that shape."""
    try:
        found = tuple(torch.as_tensor(got).shape)
    except (TypeError, ValueError, RuntimeError):  # no numbers, or of ragged lengths
        found = None
    if found == shape:
        return ""
    if isinstance(got, torch.Tensor) and found and shape:
        return f"gave shape {found}, wanted {shape}"
    kind = type(got).__name__
    came = f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"
    if got is None or got is ...:
        came = "nothing"
    elif found is not None:
        came = f"{came} of shape {found}" if found else "a single number"
    wanted = f"a tensor of shape {shape}" if shape else "a single number"
    return f"gave {came}, wanted {wanted}"


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
