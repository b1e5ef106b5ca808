"""What a build with the newest versions changed, from the files that newest.yml keeps.

    python book/_tools/upgrade_report.py FOLDER --to report.md

FOLDER has a folder for each build: pinned, pinned-again, newest. Each holds results.json (from
results.py), book.log, and newest also tests.log. The report is Markdown. Printed are two lines
for the job: `news=yes` or `news=no`, and `title=…`, what there is to say in a line.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import results

MOST = 60_000  # characters: an issue takes no more than 65,536
WATCHED = ("torch", "torchvision")
NOT_BUILT = "The book was not built."


def report(folder: Path) -> tuple[bool, str, str]:
    """(whether there is news, a title, the report as Markdown)."""
    found = {name: load(folder / name) for name in ("pinned", "pinned-again", "newest")}
    before, again, after = found.values()
    new = folder / "newest"
    failed = failures(new / "tests.log")
    broken = not_built(new / "book.log")
    parts = [broken, tests(failed, new / "tests.log")]
    if before is None or after is None:
        which = " and ".join(name for name, data in found.items() if data is None)
        title = f"no results from {which}"
        parts.insert(0, f"There are no results from the build {which}. See its log.")
        return True, title, whole(parts)
    parts.append(results.compare(before, after, again))
    told = headline(before, after, again, failed, broken)
    return bool(told), ", ".join(told) or "nothing has changed", whole(parts)


def load(folder: Path) -> dict | None:
    try:
        return results.read(folder / "results.json")
    except results.ResultsError:
        return None


def headline(before, after, again, failed, broken) -> list[str]:
    """What is new, in a few words each; nothing where all is as it was."""
    told = []
    for name in WATCHED:
        version = after["versions"].get(name)
        if version != before["versions"].get(name):
            told.append(f"{name} {version}")
    if after["missing"]:
        told.append(_count(len(after["missing"]), "page") + " failed")
    elif broken:
        told.append("the book was not built")
    if failed:
        told.append(_count(len(failed), "test") + " failed")
    noise = set(results.moved(before, again)) if again else set()
    count = len(set(results.moved(before, after)) - noise)
    return [*told, f"{_count(count, 'result')} moved"] if count else told


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def failures(log: Path) -> list[str]:
    """The tests that failed or could not run, as pytest names them at its end."""
    return re.findall(r"^(?:FAILED|ERROR) (\S.*)$", _text(log), re.M)


def tests(failed: list[str], log: Path) -> str:
    lines = _text(log).strip().splitlines()
    if not lines:
        return "## Tests\n\nThey did not run."
    told = ["## Tests", "", lines[-1].strip("= ")]
    told += ["", *(f"- `{line.replace('`', '')}`" for line in failed)] if failed else []
    warned = [line for line in lines if re.search(r"(Deprecation|Future)Warning", line)]
    if warned:
        shown = sorted(set(map(str.strip, warned)))[:40]
        told += ["", "What is going to change, by its own warnings:", ""]
        told += ["```text", *shown, "```"]
    return "\n".join(told)


def not_built(log: Path) -> str:
    """What the build said when it stopped; "" when it did not."""
    _, stopped, said = _text(log).partition(NOT_BUILT)
    if not stopped:
        return ""
    return f"## The build\n\n```text\n{stopped}\n{said.strip()[:20_000]}\n```"


def whole(parts: list[str]) -> str:
    text = "\n\n".join(part for part in parts if part)
    if len(text) > MOST:
        text = text[:MOST] + "\n\nCut here: the rest is in the files of the run."
    return f"{text}\n\nHow to go on: `UPGRADING.md`.\n"


def _text(file: Path) -> str:
    return file.read_text("utf8", errors="replace") if file.is_file() else ""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Report on a build with new versions.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--to", type=Path, required=True, metavar="FILE")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        print(f"There is no folder {options.folder} with builds.", file=sys.stderr)
        return 1
    news, title, text = report(options.folder)
    options.to.write_text(text, "utf8")
    print(f"news={'yes' if news else 'no'}\ntitle={title}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
