"""The directive `{build-report}`: what each page took in this build, and what it ran on."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class BuildReport(SphinxDirective):
    """A table of pages with their seconds and budgets, then the totals."""

    def run(self) -> list[nodes.Node]:
        file = Path(self.env.srcdir).parent / "_build/report.json"
        if not file.is_file():
            return [
                nodes.paragraph(
                    "", "Build the book with make book to see its times here."
                )
            ]
        report = json.loads(file.read_text("utf8"))
        rows = [
            f"| {{doc}}`/{page}` | {seconds:.1f} | {report['budgets'][page]} |"
            for page, seconds in report["seconds"].items()
        ]
        versions = ", ".join(
            f"{name} {version(name)}" for name in ("torch", "torchvision")
        )
        lines = [
            "| page | seconds | budget |",
            "|---|--:|--:|",
            *rows,
            "",
            f"All cells together: {sum(report['seconds'].values()):.0f} s, "
            f"on {report['cores']} cores.",
            f"This build, from start to end: {report['total']} s. "
            "Results that were still good were not computed again.",
            "",
            f"Python {platform.python_version()}, {versions}.",
        ]
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app: Sphinx) -> dict:
    app.add_directive("build-report", BuildReport)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
