"""The tests that hold for every module of checks; a module here imports them, and has two tables.

RIGHT: {check: [answers that pass]}; WRONG: {check: {kind of slip: (answer, part of its hint)}}.
An answer in several parts is a tuple.
"""

import importlib
import pkgutil
from pathlib import Path

from torchbook import exercises

for part in pkgutil.iter_modules(
    exercises.__path__
):  # an import puts its checks in the list
    importlib.import_module(f"{exercises.__name__}.{part.name}")

BROKE = "your code stopped with"

__all__ = [
    "test_a_right_answer_passes",
    "test_a_wrong_answer_fails_with_the_hint_for_its_kind",
    "test_every_check_has_right_and_wrong_answers",
]


def run(name, answer):
    """What the check of this name says of an answer."""
    return exercises.CHECKS[name](*(answer if isinstance(answer, tuple) else (answer,)))


def test_every_check_has_right_and_wrong_answers(request):
    part = Path(request.module.__file__).stem.removeprefix("test_")
    home = f"{exercises.__name__}.{part}"
    checks = {n for n, check in exercises.CHECKS.items() if check.__module__ == home}
    assert checks
    assert set(request.module.RIGHT) == checks
    assert set(request.module.WRONG) == checks


def test_a_right_answer_passes(name, number, request):
    outcome = run(name, request.module.RIGHT[name][number])
    assert outcome, repr(outcome)


def test_a_wrong_answer_fails_with_the_hint_for_its_kind(name, kind, request):
    answer, hint = request.module.WRONG[name][kind]
    outcome = run(name, answer)
    assert not outcome
    assert hint in repr(outcome)
