"""The questions of a quiz, read from YAML and refused where something is missing or unclear.

A question has `ask` and one of two forms. Choices: `choices`, a list of `text`, `why` and, for
right ones, `right: true`; with `several: true` more than one may be right. A number: `answer`
(a fraction like 1/3 will do), `why`, `otherwise` (what to say of a wrong number), and if need
be `tolerance`, `unit` and `usual`, a list of wrong numbers, each a `value` and a `why`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction

import yaml


class QuizError(ValueError):
    """What is wrong with a quiz, in a sentence that names the question."""


@dataclass(frozen=True)
class Choice:
    """One answer to tick, whether it is right, and why it is or is not."""

    text: str
    why: str
    right: bool


@dataclass(frozen=True)
class Choices:
    """A question with answers to tick: one of them, or every one that is right."""

    ask: str
    choices: tuple[Choice, ...]
    several: bool

    @property
    def key(self) -> str:
        """A name that stays while the question does: answers are remembered by it."""
        return _key(self.ask, *(choice.text for choice in self.choices))


@dataclass(frozen=True)
class Number:
    """A question whose answer is a number, right up to a tolerance."""

    ask: str
    answer: Fraction
    tolerance: Fraction
    unit: str
    why: str
    usual: tuple[tuple[Fraction, str], ...]
    otherwise: str

    @property
    def key(self) -> str:
        return _key(self.ask, str(self.answer))


def read(text: str) -> list[Choices | Number]:
    """The questions of a quiz. Raises QuizError."""
    try:
        # all scalars stay text: 0.10 is not 0.1, and `no` is no truth value
        rows = yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise QuizError(_not_yaml(text, error)) from error
    if not isinstance(rows, list) or not rows:
        raise QuizError("a quiz is a list of questions, each beginning with `- ask:`")
    questions = [_question(number, row) for number, row in enumerate(rows, 1)]
    keys = [question.key for question in questions]
    for number, key in enumerate(keys, 1):
        if key in keys[: number - 1]:
            raise QuizError(f"question {number} has been asked before")
    return questions


def written(value: Fraction) -> str:
    """A number as one would write it: whole, with few decimals, or as a fraction."""
    short = f"{float(value):.10g}"
    return short if Fraction(short) == value else str(value)


def _not_yaml(text: str, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error)
    if mark is None:
        return f"this is no YAML: {what}"
    before = text.splitlines()[: mark.line + 1]
    number = sum(line.startswith("- ") for line in before)
    told = "texts with a colon, or that begin with a sign, stand in quotes or after >-"
    return f"question {number}, line {mark.line + 1} of the quiz: {what} ({told})"


def _question(number: int, row) -> Choices | Number:
    where = f"question {number}"
    if not isinstance(row, dict):
        raise QuizError(f"{where} does not begin with `ask:`")
    if "choices" in row:
        return _choices(where, row)
    if "answer" in row:
        return _number(where, row)
    raise QuizError(f"{where} has neither `choices` nor `answer`")


def _choices(where: str, row: dict) -> Choices:
    _only(where, row, {"ask", "choices", "several"})
    if not isinstance(row["choices"], list) or len(row["choices"]) < 2:
        raise QuizError(f"{where} needs a list of two choices or more")
    several, choices = _truth(where, row, "several"), []
    for n, part in enumerate(row["choices"], 1):
        here = f"{where}, choice {n}"
        if not isinstance(part, dict):
            raise QuizError(f"{here} does not begin with `text:`")
        _only(here, part, {"text", "why", "right"})
        text, why = _text(here, part, "text"), _text(here, part, "why")
        if text in [choice.text for choice in choices]:
            raise QuizError(f"{here} is the same as one before it")
        choices.append(Choice(text, why, _truth(here, part, "right")))
    right = sum(choice.right for choice in choices)
    if not right or (right > 1 and not several):
        wanted = "one at least" if several else "exactly one"
        raise QuizError(f"{where} has {right} right choices, wanted {wanted}")
    return Choices(_text(where, row, "ask"), tuple(choices), several)


def _number(where: str, row: dict) -> Number:
    words = {"ask", "answer", "tolerance", "unit", "why", "usual", "otherwise"}
    _only(where, row, words)
    answer = _value(where, row, "answer")
    tolerance = _value(where, row, "tolerance") if "tolerance" in row else Fraction(0)
    if tolerance < 0:
        raise QuizError(f"{where}: a tolerance below 0")
    usual, rows = [], row.get("usual", [])
    if not isinstance(rows, list):
        raise QuizError(f"{where}: `usual` is a list of `value` and `why`")
    for n, part in enumerate(rows, 1):
        here = f"{where}, usual number {n}"
        if not isinstance(part, dict):
            raise QuizError(f"{here} has no `value`")
        _only(here, part, {"value", "why"})
        value = _value(here, part, "value")
        taken = [answer, *(other for other, _ in usual)]
        if any(abs(value - other) <= tolerance for other in taken):
            raise QuizError(f"{here} cannot be told from the answer or another one")
        usual.append((value, _text(here, part, "why")))
    unit = _text(where, row, "unit") if "unit" in row else ""
    ask, why = _text(where, row, "ask"), _text(where, row, "why")
    otherwise = _text(where, row, "otherwise")
    return Number(ask, answer, tolerance, unit, why, tuple(usual), otherwise)


def _only(where: str, row: dict, words: set[str]) -> None:
    odd = sorted(map(str, set(row) - words))
    if odd:
        raise QuizError(f"{where}: no such word here: {', '.join(odd)}")


def _text(where: str, row: dict, word: str) -> str:
    found = row.get(word)
    if not isinstance(found, str) or not found.strip():
        raise QuizError(f"{where}: `{word}` is missing")
    return found.strip()


def _truth(where: str, row: dict, word: str) -> bool:
    found = row.get(word, "false")
    if found not in ("true", "false"):
        raise QuizError(f"{where}: `{word}` is {found!r}, wanted true or false")
    return found == "true"


def _value(where: str, row: dict, word: str) -> Fraction:
    found = _text(where, row, word)
    try:
        return Fraction(found)
    except (ValueError, ZeroDivisionError) as error:
        told = f"`{word}` is {found!r}, wanted a number like 0.25, 1e-3 or 1/4"
        raise QuizError(f"{where}: {told}") from error


def _key(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:10]
