"""Small books of a few pages in folders of their own, and how they are built."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from pages import ROOT

HEAD = """---
jupytext:
  text_representation: {{extension: .md, format_name: myst}}
kernelspec: {{name: python3, display_name: Python 3}}
torchbook: {{budget: {budget}, alone: {alone}}}
---

(sec-{name})=
# {name}

"""


def cell(source: str, *tags: str) -> str:
    options = f":tags: [{', '.join(tags)}]\n\n" if tags else ""
    return f"```{{code-cell}} ipython3\n{options}{source}\n```\n\n"


class Book:
    """A book of its own in a folder, with the tools and the package of this one."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("book/_tools", "book/_ext", "book/_assets", "code"):
            ignore = shutil.ignore_patterns("__pycache__", "vendor")
            shutil.copytree(ROOT / name, folder / name, ignore=ignore)
        for name in ("_config.yml", "requirements.txt", "book/references.bib"):
            shutil.copy(ROOT / name, folder / name)
        self.page("index", "Words only.\n", runs=False)
        self.page("this-build", "```{build-report}\n```\n", runs=False)

    def page(
        self, name: str, body: str, *, budget=25, runs=True, alone="false"
    ) -> None:
        head = (
            HEAD.format(name=name, budget=budget, alone=alone)
            if runs
            else f"(sec-{name})=\n# {name}\n\n"
        )
        (self.folder / f"book/{name}.md").write_text(head + body)
        self.contents()

    def contents(self, *, leave_out: str = "") -> None:
        names = sorted(p.stem for p in (self.folder / "book").glob("*.md"))
        names = [name for name in names if name not in ("index", leave_out)]
        chapters = "".join(f"  - file: {name}\n" for name in names)
        (self.folder / "_toc.yml").write_text(
            f"format: jb-book\nroot: index\nchapters:\n{chapters}"
        )

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def start(self, *options: str, **environment: str) -> subprocess.Popen:
        env = {**os.environ, "PYTHONPATH": str(self.folder / "code"), **environment}
        build = str(self.folder / "book/_tools/build.py")
        command = [sys.executable, "-u", build, *options]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True)

    def html(self, name: str) -> str:
        """A page as it was written."""
        return (self.folder / f"_build/html/{name}.html").read_text()

    def build(self, *options: str, **environment: str) -> subprocess.CompletedProcess:
        process = self.start(*options, **environment)
        out, err = process.communicate(timeout=300)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)
