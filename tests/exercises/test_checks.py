"""torchbook.exercises: what a check says of an answer, of no answer, and of one that breaks."""

import importlib
import inspect
import math
import pkgutil
import warnings
from pathlib import Path

import pytest
import torch

from torchbook import exercises
from torchbook.exercises import (
    Case,
    Outcome,
    close,
    compare,
    compare_entries,
    exercise,
    hint,
    show,
)

NOTHING = "nothing to check yet"
PARTS = [part.name for part in pkgutil.iter_modules(exercises.__path__)]


@pytest.fixture(autouse=True)
def checks(monkeypatch):
    """Checks made in a test do not stay in the list."""
    monkeypatch.setattr(exercises, "CHECKS", dict(exercises.CHECKS))


def doubling():
    @exercise("doubling")
    def check_doubling(double):
        """Twice the number."""
        for n in (1, 2, 3):
            yield compare(f"double({n})", double(n), 2 * n, [], "Add it twice.")

    return check_doubling


def test_outcomes_read_as_a_line():
    assert repr(Outcome("xor", 3)) == "✓ xor: all 3 checks passed."
    assert repr(Outcome("xor", 0, "bad")) == "✗ xor: bad"
    assert repr(Outcome("xor", 2, "bad")) == "✗ xor: 2 passed, then: bad"
    assert Outcome("xor", 3)
    assert not Outcome("xor", 3, "bad")


def test_a_right_answer_passes_every_case():
    assert doubling()(lambda n: n + n) == Outcome("doubling", 3)


def test_the_first_case_that_fails_is_told_with_its_hint():
    outcome = doubling()(lambda n: n + 1)
    assert not outcome
    assert repr(outcome) == (
        "✗ doubling: 1 passed, then: double(2) gave 3, wanted 4.\n  Hint: Add it twice."
    )


def test_a_check_keeps_its_name_and_docstring_and_is_listed():
    check = doubling()
    assert check.__name__ == "check_doubling"
    assert check.__doc__ == "Twice the number."
    assert exercises.CHECKS["doubling"] is check


def dots(n): ...


@pytest.mark.parametrize("answer", [None, ..., dots, lambda n: None, lambda n: ...])
def test_dots_are_nothing_to_check_yet(answer):
    outcome = doubling()(answer)
    assert not outcome
    assert repr(outcome).startswith(f"✗ doubling: {NOTHING}")
    assert "Hint" not in repr(outcome)


def test_dots_among_several_parts_are_nothing_to_check_yet():
    @exercise("pair")
    def check_pair(a, b):
        yield Case("sum", a + b == 3, "hint")

    assert check_pair(1, 2)
    for parts in ((..., ...), (1, ...), (None, 2)):
        assert NOTHING in repr(check_pair(*parts))


def test_a_return_forgotten_is_told_as_such():
    def double(n):
        n = 2 * n

    outcome = doubling()(double)
    assert not outcome
    assert repr(outcome).startswith("✗ doubling: your function gave back nothing.")


def test_a_return_forgotten_on_one_way_is_told_as_such():
    def double(n):
        if n < 3:
            return 2 * n

    outcome = doubling()(double)
    assert not outcome
    assert "2 passed, then: your function gave back nothing. Does every" in repr(
        outcome
    )


def leaf():
    return torch.ones(2, requires_grad=True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda n: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda n: torch.zeros(2) @ torch.zeros(3), "RuntimeError: "),
        (lambda n: undefined_name, "NameError: name 'undefined_name'"),  # noqa: F821
        (lambda: 1, "TypeError: "),
        (lambda n: max(0, torch.ones(2)), "\n  Hint: Python's max, if, and, or want"),
        (lambda n: torch.ones(2).bool().mean(), "\n  Hint: Booleans and whole numbers"),
        (lambda n: 2 * torch.ones(2).grad, "\n  Hint: Something there is None"),
        (lambda n: leaf().add_(n), "\n  Hint: Move weights under torch.no_grad()"),
        (lambda n: math.exp(1000 * n), "\n  Hint: exp of a large number overflows"),
    ],
)
def test_an_error_in_the_answer_is_reported_and_not_raised(answer, words):
    outcome = doubling()(answer)
    assert not outcome
    assert repr(outcome).startswith("✗ doubling: your code stopped with ")
    assert words in repr(outcome)


@pytest.mark.parametrize("shown", ["default", "error"])
def test_warnings_in_an_answer_are_kept_away(shown):
    def double(n):
        warnings.warn("noise", stacklevel=1)
        return 2 * n

    with warnings.catch_warnings(record=True, action=shown) as seen:
        assert doubling()(double)
    assert seen == []


def test_an_error_in_the_check_is_not_blamed_on_the_readers_code():
    outcome = doubling()(7)
    assert not outcome
    assert "the check cannot use your answer (TypeError: 'int'" in repr(outcome)


COLUMN = [[1], [2], [3], [4], [5]]
FIVE = "a tensor of shape (5,)"
ONE = "a single number"


@pytest.mark.parametrize(
    ("got", "want", "words"),
    [
        (torch.tensor(COLUMN), torch.zeros(5), "gave shape (5, 1), wanted (5,)"),
        (torch.tensor(1), torch.zeros(5), f"gave {ONE}, wanted {FIVE}"),
        (torch.ones(5), 1, f"gave a Tensor of shape (5,), wanted {ONE}"),
        (COLUMN, torch.zeros(5), f"gave a list of shape (5, 1), wanted {FIVE}"),
        (["a", "b"], torch.zeros(5), f"gave a list, wanted {FIVE}"),
        ([[1, 2], [3]], torch.zeros(5), f"gave a list, wanted {FIVE}"),
        (7, torch.zeros(5), f"gave {ONE}, wanted {FIVE}"),
        ((1, 2), torch.zeros(5), f"gave a tuple of shape (2,), wanted {FIVE}"),
        (None, torch.zeros(5), f"gave nothing, wanted {FIVE}"),
        (..., 1, f"gave nothing, wanted {ONE}"),
        ("two", 2, f"gave a str, wanted {ONE}"),
        (StopIteration(), 2, f"gave a StopIteration, wanted {ONE}"),
        (iter, 2, f"gave a builtin_function_or_method, wanted {ONE}"),
        (OSError(), 2, f"gave an OSError, wanted {ONE}"),
    ],
)
def test_an_odd_answer_is_told_what_came_and_what_was_wanted(got, want, words):
    case = compare("f(X)", got, want, [], "A hint.")
    assert case == Case(f"f(X) {words}.", False, "A hint.")


@pytest.mark.parametrize("got", [[1, 2], (1.0, 2.0), torch.tensor([1, 2])])
def test_lists_of_the_right_numbers_are_as_good_as_tensors(got):
    assert compare("f(X)", got, [1, 2], [], "A hint.").passed


def test_the_hint_is_that_of_the_first_usual_mistake_made():
    usual = [([1, 2], "first"), ([2, 1], "second"), ([2.0, 1.0], "third")]
    assert hint(torch.tensor([2.0, 1.0]), usual, "other") == "second"
    assert hint(torch.tensor([2.0, 2.0]), usual, "other") == "other"
    assert hint([1, 2, 3], usual, "other") == "other"
    assert hint("text", usual, "other") == "other"


def test_a_usual_mistake_of_another_shape_gets_its_hint():
    usual = [(torch.ones(3), "first"), (torch.ones(2), "second")]
    case = compare("f(X)", torch.ones(2), 1, usual, "other")
    told = "f(X) gave a Tensor of shape (2,), wanted a single number."
    assert case == Case(told, False, "second")
    assert compare("f(X)", torch.zeros(2), 1, usual, "other").hint == "other"


@pytest.mark.parametrize(
    ("got", "words", "told"),
    [
        ([[1, 2], [7, 7]], "f(X): entry (1, 0) is 7, wanted 3.", "other"),
        ([[1, 3], [2, 4]], "f(X): entry (0, 1) is 3, wanted 2.", "turned"),
        (torch.full((2, 2), math.nan), "f(X): entry (0, 0) is nan, wanted 1.", "other"),
        (torch.ones(4), "f(X) gave shape (4,), wanted (2, 2).", "other"),
        ("text", "f(X) gave a str, wanted a tensor of shape (2, 2).", "other"),
    ],
)
def test_of_many_entries_the_first_wrong_one_is_told(got, words, told):
    want = torch.tensor([[1, 2], [3, 4]])
    assert compare_entries("f(X)", want.tolist(), want, [], "other").passed
    case = compare_entries("f(X)", got, want, [(want.T, "turned")], "other")
    assert case == Case(words, False, told)


def test_a_reader_who_stops_a_check_is_obeyed():
    def interrupted(n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        doubling()(interrupted)


def test_a_module_is_an_answer_of_its_own():
    @exercise("layer")
    def check_layer(layer):
        yield Case("kind", isinstance(layer, torch.nn.Linear), "A linear layer.")

    assert check_layer(torch.nn.Linear(2, 1))


@pytest.mark.parametrize(
    ("got", "want", "same"),
    [
        (1, 1.0, True),
        (1.000001, 1, True),
        (1.001, 1, False),
        (torch.tensor(2), 2, True),
        (torch.tensor([1, 0]), [1, 0], True),
        (torch.tensor([True, False]), [1, 0], True),
        (torch.tensor([[1, 0]]), [1, 0], False),
        (torch.tensor([1.0]), 1.0, False),
        (torch.ones(2, requires_grad=True), [1, 1], True),
        (float("nan"), 0, False),
        (float("nan"), float("nan"), False),
        (None, 0, False),
        ("two", 2, False),
        (..., 0, False),
    ],
)
def test_close_compares_shapes_and_values(got, want, same):
    assert close(got, want) is same


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (..., "nothing"),
        (0.123456, "0.1235"),
        (3, "3"),
        (torch.tensor([1.0, -2.5]), "[1, -2.5]"),
        (torch.tensor(0.5, requires_grad=True), "0.5"),
        (torch.tensor([[1, 2], [3, 4]]), "[[1, 2], [3, 4]]"),
        ((1.0, "a"), "[1, 'a']"),
        (True, "True"),
    ],
)
def test_show_writes_values_as_a_reader_would(value, text):
    assert show(value) == text


def written():
    """Every check_… function of the exercises, by its full name."""
    return {
        f"{part}.{name}": value
        for part in PARTS
        for name, value in vars(
            importlib.import_module(f"torchbook.exercises.{part}")
        ).items()
        if name.startswith("check_") and inspect.isfunction(value)
    }


def test_no_two_checks_share_a_name():
    functions = written()
    assert len(functions) == len(exercises.CHECKS)
    assert set(functions.values()) == set(exercises.CHECKS.values())
    for name, check in exercises.CHECKS.items():
        assert check.__name__ == f"check_{name}"


@pytest.mark.parametrize("part", PARTS)
def test_every_part_has_its_tables_of_answers(part):
    assert Path(__file__).with_name(f"test_{part}.py").exists()


@pytest.mark.parametrize("name", written())
def test_every_check_says_that_there_is_nothing_yet(name):
    check = written()[name]
    parameters = inspect.signature(check).parameters
    assert NOTHING in repr(check(*[...] * len(parameters)))
    assert NOTHING in repr(check(*[None] * len(parameters)))
    assert check.__doc__


@pytest.mark.parametrize("odd", ["text", 7, [], (1, 2, 3), [[1], [2, 3]], {"a": 1}])
@pytest.mark.parametrize("name", written())
def test_every_check_has_a_sentence_for_answers_of_an_odd_type(name, odd):
    check = written()[name]
    if len(inspect.signature(check).parameters) == 1:
        words = repr(check(lambda *args: odd))
    else:
        words = repr(check(*[odd] * len(inspect.signature(check).parameters)))
    assert words.startswith("✗ ")
    assert "your code stopped" not in words
    assert "cannot use" not in words
    assert "wanted" in words or "did not move" in words
