"""A style sheet without the rules that no page has a use for.

The theme brings the whole of Bootstrap, and a browser reads all of it before it shows a word.
A rule goes if each of its selectors names a class or an id that is neither on a page nor a
word of a script, which may put it there later. What a selector says inside `:not(…)` and its
like is not looked at: in doubt a rule stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import tinycss2

MARK = re.compile(r'\b(?:class|id)="([^"]*)"')
WORD = re.compile(r"[A-Za-z_][\w-]*")
GROUPS = {"media", "supports"}  # at-rules that hold rules of the same kind
MADE = ("bs-tooltip-",)  # Bootstrap puts these together from parts


def names_on(pages: Iterable[str], scripts: Iterable[str]) -> set[str]:
    """All classes and ids of the pages, and all words of the scripts."""
    names: set[str] = set()
    for page in pages:
        for value in set(MARK.findall(page)):
            names.update(value.split())
    for script in scripts:
        names.update(WORD.findall(script))
    return names


def lean(sheet: str, names: set[str]) -> str:
    """The sheet with the rules that can apply where only these names are."""
    rules = tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
    return "\n".join(kept(rules, names)) + "\n"


def kept(rules: list, names: set[str]) -> Iterable[str]:
    """The texts of the rules that stay."""
    for rule in rules:
        if rule.type == "qualified-rule":
            if left := [one for one in selectors(rule.prelude) if applies(one, names)]:
                text = ",".join(tinycss2.serialize(one).strip() for one in left)
                yield text + "{" + body(rule.content) + "}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in GROUPS:
            inner = tinycss2.parse_rule_list(
                rule.content, skip_comments=True, skip_whitespace=True
            )
            if texts := list(kept(inner, names)):
                head = tinycss2.serialize(rule.prelude).strip()
                yield "\n".join([f"@{rule.at_keyword} {head}{{", *texts, "}"])
        else:
            yield rule.serialize()


def body(content: list) -> str:
    """What a rule says, without comments and the room between lines."""
    said = [token for token in content if token.type != "comment"]
    return re.sub(r"\s*\n\s*", " ", tinycss2.serialize(said)).strip()


def selectors(prelude: list) -> list[list]:
    """The selectors between the commas, as lists of tokens."""
    parts: list[list] = [[]]
    for token in prelude:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        elif token.type != "comment":
            parts[-1].append(token)
    return parts


def applies(selector: list, names: set[str]) -> bool:
    """True if each class and id that the selector asks for is among the names."""
    for token, after in zip(selector, [*selector[1:], None], strict=True):
        wanted = None
        if token.type == "hash":
            wanted = token.value
        elif token.type == "literal" and token.value == "." and after is not None:
            wanted = after.value if after.type == "ident" else None
        if wanted and wanted not in names and not wanted.startswith(MADE):
            return False
    return True
