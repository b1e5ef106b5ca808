"""The directive `{build-report}`: what each page took in this build, and what it ran on."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

sys.path.append(str(Path(__file__).resolve().parents[1] / "_tools"))
import repository

PACKAGES = "torch torchvision numpy matplotlib scikit-learn safetensors"
PACKAGES += " onnx onnxruntime fastapi jupyter-book sphinx myst-nb"


class BuildReport(SphinxDirective):
    """A table of parts, one of pages with their seconds and budgets, and the machine."""

    def run(self) -> list[nodes.Node]:
        root = Path(self.env.srcdir).parent
        file = root / "_build/report.json"
        if not file.is_file():
            return [
                nodes.paragraph(
                    "", "Build the book with make book to see its times here."
                )
            ]
        report = json.loads(file.read_text("utf8"))
        contents = yaml.safe_load((root / "_toc.yml").read_text("utf8"))
        lines = [*machine(report), "", *by_part(report, contents), "", *by_page(report)]
        return self.parse_text_to_nodes("\n".join(lines))


def machine(report: dict) -> list[str]:
    """What the cells ran on, and when: the lines of a table."""
    rows = {
        "Sources": revision(),
        "Date": f"{datetime.now(UTC):%Y-%m-%d}",
        "This build": f"from start to end: {report['total']} s. "
        "Results that were still good were not computed again.",
        "Machine": f"{processor()}, {report['cores']} cores, {memory()}",
        "System": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "Python": platform.python_version(),
        "Packages": ", ".join(installed(PACKAGES.split())),
        "Data": data(),
    }
    table = ["| what | here |", "|---|---|"]
    return table + [
        f"| {name} | {value.replace('|', ' ')} |" for name, value in rows.items()
    ]


def revision() -> str:
    """The commit of the sources, and whether they were changed since."""
    home, (head, changed) = repository.find(), repository.commit()
    if not head:
        return "not under version control"
    rest = ", with changes that are not committed" if changed else ""
    if home and home.host == "github.com":
        return f"[{head[:10]}]({home.server}/{home.name}/commit/{head}){rest}"
    return f"`{head[:10]}`{rest}"


def processor() -> str:
    """The name of the processor, as well as the system knows it."""
    try:
        for line in Path("/proc/cpuinfo").read_text("utf8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or "a processor without a name"


def memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):  # not everywhere
        return "memory unknown"
    return f"{size / 2**30:.0f} GiB of memory"


def installed(names: list[str]) -> list[str]:
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def data() -> str:
    """The public sets that were at hand; pages ran on embedded ones in place of the others."""
    from torchbook.data.folder import data_folder

    folder = Path(os.environ.get("TORCHBOOK_DATA") or data_folder())
    sets = (
        sorted(p.name for p in folder.iterdir() if p.is_dir())
        if folder.is_dir()
        else []
    )
    sets = [f"`{name}`" for name in sets if name[0] not in "._"]
    return ", ".join(sets) or "embedded stand-ins: no public set was at hand"


def by_part(report: dict, contents: dict) -> list[str]:
    first = {"caption": "The first page", "chapters": [{"file": contents["root"]}]}
    rows = []
    for part in [first, *contents.get("parts", [])]:
        pages = [chapter["file"] for chapter in part["chapters"]]
        times = [report["seconds"][page] for page in pages if page in report["seconds"]]
        if times:
            rows.append(f"| {part['caption']} | {len(times)} | {sum(times):.0f} |")
    total = report["seconds"].values()
    rows.append(f"| All pages with cells | {len(total)} | {sum(total):.0f} |")
    return ["| part | pages with cells | seconds |", "|---|--:|--:|", *rows]


def by_page(report: dict) -> list[str]:
    rows = [
        f"| {{doc}}`/{page}` | {seconds:.1f} | {report['budgets'][page]} |"
        for page, seconds in report["seconds"].items()
    ]
    return ["| page | seconds | budget |", "|---|--:|--:|", *rows]


def setup(app: Sphinx) -> dict:
    app.add_directive("build-report", BuildReport)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
