"""What Sphinx puts into the built page, told in the Markdown of a notebook: quizzes, figures to
play with, and code of the package."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from string import ascii_lowercase

from sphinx.config import Config
from sphinx.directives.code import LiteralIncludeReader

sys.path.append(str(Path(__file__).resolve().parents[1] / "_ext"))
from quiz_questions import Choices, Number, read, written


def quiz(body: str, sentences: Callable[[list[str]], str]) -> str:
    """The questions, and below them the answers with their reasons, folded.

    `sentences` turns lines of MyST into plain Markdown. Raises QuizError.
    """
    asked = read(body)
    questions = [_ask(number, question) for number, question in enumerate(asked, 1)]
    answers = [_tell(number, question) for number, question in enumerate(asked, 1)]
    folded = "\n\n".join(
        ["<details><summary>The answers</summary>", *answers, "</details>"]
    )
    return sentences([*questions, "", folded, ""])


def playground(alt: str, caption: str, number: str, address: str) -> str:
    """A figure that only the book can show: what it shows first, and where it is."""
    place = f"[in the book]({address})" if address else "in the book"
    told = f"*A figure to play with stands {place}. It begins with this: {alt}*"
    return f"{told}\n\n{number}{caption}\n"


def cut_out(path: Path, options: dict) -> str:
    """The part of a file that `{literalinclude}` with these options shows."""
    chosen = {"dedent": None, **options}
    if "dedent" in options:
        chosen["dedent"] = int(options["dedent"] or 0)
    return LiteralIncludeReader(str(path), chosen, Config()).read()[0]


def _ask(number: int, question: Choices | Number) -> str:
    if isinstance(question, Number):
        unit = f" (in {question.unit})" if question.unit else ""
        return f"**{number}.** {question.ask}{unit}\n"
    several = " (More than one may be right.)" if question.several else ""
    lines = [f"**{number}.** {question.ask}{several}\n"]
    lines += [f"- {letter}) {c.text}" for letter, c in _lettered(question)]
    return "\n".join([*lines, ""])


def _tell(number: int, question: Choices | Number) -> str:
    if isinstance(question, Number):
        unit = f" {question.unit}" if question.unit else ""
        return f"**{number}.** {written(question.answer)}{unit}. {question.why}"
    lines = [f"**{number}.**\n"]
    for letter, choice in _lettered(question):
        verdict = "Right" if choice.right else "Wrong"
        lines.append(f"- {letter}) {verdict}. {choice.why}")
    return "\n".join(lines)


def _lettered(question: Choices):
    return zip(ascii_lowercase, question.choices, strict=False)
