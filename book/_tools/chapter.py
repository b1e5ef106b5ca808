"""Begin a chapter: make chapter name=02-perceptrons/margins title="Margins"

Writes a page that runs and keeps to the rules, about a question of its own, to be replaced
piece by piece; a module of checks for its exercises, and their test. Adds the page to
_toc.yml, to the map on the first page, and to what lists equations, modules and exercises.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

import yaml
from pages import ROOT, BookError

TEMPLATES = Path(__file__).with_name("chapter")
CONTENTS, INDEX = "_toc.yml", "book/index.md"
EQUATIONS = "book/equations.yml"  # the names of equations, for the search
REFERENCE = "book/api/checks.md"  # the modules of checks


def begin(name: str, title: str, root: Path = ROOT) -> list[Path]:
    """Write and list the files of a new chapter. Raises BookError, and then writes nothing."""
    part, page = parsed(name, title)
    module = page.replace("-", "_")
    made = {
        root / f"book/{name}.md": "page.md.txt",
        root / f"code/torchbook/exercises/{module}.py": "exercises.py.txt",
        root / f"tests/exercises/test_{module}.py": "test_exercises.py.txt",
    }
    for file in made:
        if file.exists():
            raise BookError(f"{file.relative_to(root)} is there already.")
    toc, before = in_contents(root, part, name)
    lists = {
        CONTENTS: toc,
        INDEX: on_the_map(root, part, page),
        EQUATIONS: among_equations(root, toc, name),
        REFERENCE: in_the_reference(root, module),
    }
    words = {"TITLE": title, "PAGE": page, "MODULE": module, "NEEDS": before}
    for file, template in made.items():
        text = (TEMPLATES / template).read_text("utf8")
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        file.write_text(text, "utf8")
    for file, text in lists.items():
        (root / file).write_text(text, "utf8")
    return list(made)


def parsed(name: str, title: str) -> tuple[str, str]:
    """The part and the page of NN-part/page; BookError for a name of another form."""
    if not re.fullmatch(r"\d\d-[a-z0-9-]+/[a-z][a-z0-9-]*", name):
        raise BookError(
            f"name={name!r}: wanted a part and a page in small letters, "
            'as in: make chapter name=02-perceptrons/margins title="Margins"'
        )
    if not title.strip() or '"' in title:
        raise BookError(f'title={title!r}: wanted a title, without ", in title="…"')
    return tuple(name.split("/"))


def in_contents(root: Path, part: str, name: str) -> tuple[str, str]:
    """_toc.yml with the page after the last chapter of its part, and the chapter before it."""
    text = (root / CONTENTS).read_text("utf8")
    line = re.compile(r"^( *- file: )(\d\d-.+)$", re.M)
    there = list(line.finditer(text))
    chapters = [m for m in there if not m[2].endswith("/review")]
    own = [m for m in chapters if m[2].startswith(f"{part}/")]
    if not own:
        parts = sorted({m[2].split("/")[0] for m in chapters})
        raise BookError(
            f"_toc.yml has no part {part!r}; there are {', '.join(parts)}. A new part begins "
            "with its caption in _toc.yml and its row in the map of book/index.md."
        )
    last = own[-1]
    text = f"{text[: last.end()]}\n{last[1]}{name}{text[last.end() :]}"
    yaml.safe_load(text)
    return text, last[2]


def on_the_map(root: Path, part: str, page: str) -> str:
    """The first page with the new one at the end of the row of its part."""
    text = (root / INDEX).read_text("utf8")
    row = re.compile(rf"^\| {int(part[:2])} .*{{ref}}`sec-[\w-]+`(?= \|$)", re.M)
    if not row.search(text):
        raise BookError(
            f"book/index.md has no row for part {int(part[:2])} in its map."
        )
    return row.sub(lambda m: f"{m[0]}, {{ref}}`sec-{page}`", text, count=1)


def among_equations(root: Path, toc: str, name: str) -> str:
    """equations.yml with that of the page after the last one of the pages before it."""
    text = (root / EQUATIONS).read_text("utf8")
    label = name.split("/")[1]
    pages = re.findall(r"- file: (\d\d-.+)$", toc, re.M)
    place = 0
    for page in pages[: pages.index(name)]:
        source = (root / f"book/{page}.md").read_text("utf8")
        for equation in re.findall(r"^\$\$ \(([\w-]+)\)$", source, re.M):
            line = re.search(rf"^{equation}: .*\n", text, re.M)
            place = max(place, line.end() if line else 0)
    return f"{text[:place]}eq-{label}: [{label.replace('-', ' ')}]\n{text[place:]}"


def in_the_reference(root: Path, module: str) -> str:
    """The page of checks with a section for the module, in its place in the alphabet."""
    text = (root / REFERENCE).read_text("utf8")
    sections = re.split(r"(?m)^(?=## )", text)
    place = max(
        number
        for number, section in enumerate(sections, 1)
        if (found := re.match(r"## `torchbook\.exercises(?:\.(\w+))?`", section))
        and (found[1] or "") < module
    )
    directive = f"```{{eval-rst}}\n.. automodule:: torchbook.exercises.{module}\n```"
    sections.insert(place, f"## `torchbook.exercises.{module}`\n\n{directive}\n\n")
    return "".join(sections)


def main() -> int:
    parser = argparse.ArgumentParser(description="Begin a chapter from the template.")
    parser.add_argument("name", help="such as 02-perceptrons/margins")
    parser.add_argument("title", help="of the page")
    options = parser.parse_args()
    try:
        made = begin(options.name, options.title.strip())
    except BookError as error:
        print(f"No chapter was begun. {error}", file=sys.stderr)
        return 1
    tools = Path(sys.executable).parent
    python = [file for file in made if file.suffix == ".py"]
    subprocess.run([tools / "ruff", "format", "--quiet", *python], check=True)
    places = Path(__file__).with_name("places.py")
    subprocess.run([sys.executable, places], check=True)
    for file in made:
        print(f"Written: {file.relative_to(ROOT)}")
    print(f"Listed in: {CONTENTS}, {INDEX}, {EQUATIONS}, {REFERENCE}")
    print("Next: make serve, and write.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
