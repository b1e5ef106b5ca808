"""The map of the book as SVG: a box for each chapter, a line from each to what builds on it.

Parts stand below one another, four boxes in a row. Lines run down through the gaps between the
columns. Only needs that no other need brings are drawn. Colors come from the style sheet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from math import ceil

from prerequisites import Prerequisites, short_name

COLUMNS, WIDE, HIGH = 4, 166, 34  # boxes in a row; the size of a box
GAP, BELOW, CAPTION = 26, 36, 30  # between columns; under a row; room for a part's name
LANES = (-8, -3, 3, 8)  # lines that run down the same gap lie beside each other
TOTAL = COLUMNS * WIDE + (COLUMNS + 1) * GAP


@dataclass(frozen=True)
class Box:
    """Where a chapter stands: its row in the whole picture, its column, its upper edge."""

    row: int
    column: int
    top: int

    @property
    def left(self) -> int:
        return GAP + self.column * (WIDE + GAP)

    @property
    def middle(self) -> int:
        return self.left + WIDE // 2

    @property
    def bottom(self) -> int:
        return self.top + HIGH


def place(graph: Prerequisites) -> tuple[dict[str, Box], dict[str, int], int]:
    """Boxes by page, the height at which each part's name stands, and the whole height."""
    boxes, captions, row, y = {}, {}, 0, 4
    for part in graph.parts:
        captions[part.caption] = y + CAPTION - 12
        y += CAPTION
        across = ceil(len(part.pages) / ceil(len(part.pages) / COLUMNS))
        for n, page in enumerate(part.pages):
            if n and n % across == 0:
                row, y = row + 1, y + HIGH + BELOW
            boxes[page] = Box(row, n % across, y)
        row, y = row + 1, y + HIGH + 16
    return boxes, captions, y


def line(start: Box, end: Box, lane: int) -> str:
    """The path from a box to one in its row or in a later row."""
    if start.row == end.row:
        if end.column == start.column + 1:
            return f"M{start.left + WIDE} {start.top + HIGH // 2}h{GAP}"
        low = start.bottom + 22
        return (
            f"M{start.middle} {start.bottom}C{start.middle} {low} "
            f"{end.middle} {low} {end.middle} {end.bottom}"
        )
    if end.row == start.row + 1:
        half = (start.bottom + end.top) // 2
        return (
            f"M{start.middle} {start.bottom}C{start.middle} {half} "
            f"{end.middle} {half} {end.middle} {end.top}"
        )
    gap = start.column + (end.column > start.column)
    x = gap * (WIDE + GAP) + GAP // 2 + lane
    near, far = start.bottom + 20, end.top - 20
    return (
        f"M{start.middle} {start.bottom}C{start.middle} {near} {x} {start.bottom} "
        f"{x} {near}V{far}C{x} {end.top} {end.middle} {far} {end.middle} {end.top}"
    )


def draw(graph: Prerequisites, link: Callable[[str], str], label: str) -> str:
    """The SVG; `link` gives the address of a page, `label` says what the picture shows."""
    boxes, captions, height = place(graph)
    parts = [
        f'<text class="map-part" x="{GAP}" y="{y}">{escape(caption)}</text>'
        for caption, y in captions.items()
    ]
    return "\n".join(
        [
            f'<svg class="map" viewBox="0 0 {TOTAL} {height}" role="group" '
            f'aria-label="{escape(label)}">',
            *_lines(graph, boxes),
            *parts,
            *(_box(graph, page, box, link(page)) for page, box in boxes.items()),
            "</svg>",
        ]
    )


def _lines(graph: Prerequisites, boxes: dict[str, Box]) -> list[str]:
    """One path for each arrow; those that share a gap take turns in its lanes."""
    drawn, lanes = [], {}
    for page in graph.needs:
        for needed in graph.essential(page):
            start, end = boxes[needed], boxes[page]
            gap = start.column + (end.column > start.column)
            lanes[gap] = lanes.get(gap, -1) + 1
            path = line(start, end, LANES[lanes[gap] % len(LANES)])
            drawn.append(
                f'<path class="map-line" data-from="{needed}" data-to="{page}" d="{path}"/>'
            )
    return drawn


def _box(graph: Prerequisites, page: str, box: Box, address: str) -> str:
    needs = escape(" ".join(graph.needs[page]))
    return (
        f'<a class="map-page" href="{escape(address)}" data-page="{page}" '
        f'data-needs="{needs}">'
        f'<rect x="{box.left}" y="{box.top}" width="{WIDE}" height="{HIGH}" rx="6"/>'
        f'<text x="{box.middle}" y="{box.top + HIGH // 2 + 5}">'
        f"{escape(short_name(page))}</text></a>"
    )
