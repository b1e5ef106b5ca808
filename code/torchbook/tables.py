"""A small table: lines of text in a terminal, rows and columns in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import prod


@dataclass(frozen=True, repr=False)
class Table:
    """Rows of numbers and words below a heading; `str(table)` and a notebook both show it.

    A float shows `digits` significant digits, None shows nothing. To say it otherwise, put in
    words: f"{share:.1%}". A tensor or array of one entry shows as the number in it. Columns are
    aligned to the right, but for the names in `left`. Raises ValueError for a row that has not
    as many entries as the heading.

    >>> print(Table(["epoch", "loss"], [[1, 0.51234], [2, 0.4]]))
    epoch    loss
        1  0.5123
        2     0.4
    """

    heading: Sequence[str]
    rows: Sequence[Sequence[object]]
    left: Sequence[str] = ()
    digits: int = 4

    def __post_init__(self) -> None:
        for number, row in enumerate(self.rows):
            if len(row) != len(self.heading):
                raise ValueError(
                    f"row {number} has {len(row)} entries: wanted {len(self.heading)}, one for "
                    f"each of {', '.join(self.heading)}"
                )

    def cells(self) -> list[list[str]]:
        """The heading and all rows, as words."""
        return [[*self.heading], *([*map(self._word, row)] for row in self.rows)]

    def __str__(self) -> str:
        lines = self.cells()
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]

        def padded(name: str, cell: str, width: int) -> str:
            return cell.ljust(width) if name in self.left else cell.rjust(width)

        return "\n".join(
            "  ".join(map(padded, self.heading, line, widths)).rstrip()
            for line in lines
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The same table, for a notebook."""

        def line(cells: list[str], tag: str) -> str:
            return "".join(
                f'<{tag} style="text-align: {"left" if name in self.left else "right"}">'
                f"{escape(cell)}</{tag}>"
                for name, cell in zip(self.heading, cells, strict=True)
            )

        heading, *rows = self.cells()
        body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
        return (
            f"<table><thead><tr>{line(heading, 'th')}</tr></thead>"
            f"<tbody>{body}</tbody></table>"
        )

    def _word(self, value: object) -> str:
        if value is None:
            return ""
        if hasattr(value, "item") and prod(getattr(value, "shape", [0])) == 1:
            value = value.item()
        return f"{value:.{self.digits}g}" if isinstance(value, float) else str(value)
