"""The icons of the theme: a font with those that the book shows, instead of all there are.

The theme draws icons with a script of 1.5 MB, or without it with a font of 2,000 icons that
its style sheet names. Here the script is gone, the font keeps the icons in use, and the
style sheet keeps the rules for these.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pydata_sphinx_theme

THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
STYLE = "styles/pydata-sphinx-theme.css"
FONTS = "vendor/fontawesome/webfonts"
LICENSE = "scripts/fontawesome.js.LICENSE.txt"
SOLID = "fa-solid-900"

NAME = re.compile(r"\bfa-[a-z0-9-]+")
RULE = re.compile(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\([0-9a-f]+)"\}')
FACE = re.compile(r"@font-face\{[^}]*url\([^)]*/(fa-[a-z]+-\d+)\.woff2\)[^}]*\}")
CODE = re.compile(r'"\\([ef][0-9a-f]{3})"|"([\ue000-\uf8ff])"')
BY_SCRIPT = {"fa-xmark"}  # the theme's script closes its notices with it


def names_in(text: str) -> set[str]:
    """The classes of the icons on a page."""
    return set(NAME.findall(" ".join(re.findall(r'class="([^"]*\bfa-[^"]*)"', text))))


def write(static: Path, used: set[str]) -> None:
    """Put the smaller style sheet and font in place of the theme's."""
    if not (static / STYLE).is_file():
        return  # another theme
    style, codes = slim((THEME / STYLE).read_text("utf8"), frozenset(used | BY_SCRIPT))
    for other in static.rglob("*.css"):
        if other.name != Path(STYLE).name:
            codes |= codes_in(other.read_text("utf8"))
    (static / STYLE).write_text(style, "utf8")
    for file in (static / FONTS).glob("*"):
        file.unlink()
    (static / FONTS / "LICENSE").write_bytes((THEME / LICENSE).read_bytes())
    (static / FONTS / f"{SOLID}.woff").write_bytes(subset(frozenset(codes)))


def slim(style: str, used: frozenset[str]) -> tuple[str, set[int]]:
    """The style sheet with the rules of these icons, and the characters it writes."""

    def keep(rule: re.Match) -> str:
        names = re.findall(r"\.(fa-[\w-]+):before", rule[1])
        return rule[0] if used.intersection(names) else ""

    def face(rule: re.Match) -> str:
        if rule[1] != SOLID:
            return ""  # brands and outlines: the book shows none
        source = f'src:url(../{FONTS}/{SOLID}.woff) format("woff")'
        return re.sub(r"src:[^;}]*", source, rule[0])

    style = FACE.sub(face, RULE.sub(keep, style))
    style = re.sub(r"/\*# sourceMappingURL=[^*]*\*/", "", style)
    return style, codes_in(style)


def codes_in(style: str) -> set[int]:
    """The characters of icons that a style sheet writes."""
    return {int(a, 16) if a else ord(b) for a, b in CODE.findall(style)}


@cache
def subset(codes: frozenset[int]) -> bytes:
    """The font of filled icons with these characters alone, as WOFF."""
    from io import BytesIO

    from fontTools import subset, ttLib

    options = subset.Options(layout_features=[], hinting=False)
    font = ttLib.TTFont(THEME / FONTS / f"{SOLID}.ttf", recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(font)
    for record in font["name"].names:
        if record.nameID in (
            1,
            3,
            4,
            6,
            16,
        ):  # its license keeps its name for the whole
            record.string = "Icons-of-the-book"
    font.flavor = "woff"
    file = BytesIO()
    font.save(file)
    return file.getvalue()
