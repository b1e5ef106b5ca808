"""The results of a build as data, and what moved from one build to another.

    python book/_tools/results.py write FILE
    python book/_tools/results.py compare BEFORE AFTER [--again FILE]

`write` keeps the results that cells put into sentences, with versions and seconds, as JSON.
`compare` prints what differs between two such files as Markdown. Some results are times, and
move on their own: with --again, a second build like BEFORE, those are listed apart.
"""

from __future__ import annotations

import argparse
import ast
import json
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GLUED = (
    "application/papermill.record/"  # what glue(…, display=False) puts before a kind
)
NUMBER = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?", re.I)
SLOWER, LONG = (
    1.5,
    5.0,
)  # pages that took this many times as long, and these seconds more


class ResultsError(Exception):
    """A file that holds no results; the message says which, and how one is made."""


def collect(pages: list) -> dict:
    """What a build left: versions, {page: seconds}, {page: {name: result}}, missing pages."""
    from execute import CACHE
    from jupyter_cache import get_cache

    cache = get_cache(CACHE)
    seconds, results, missing = {}, {}, []
    for page in (page for page in pages if page.runs):
        try:
            record = cache.match_cache_notebook(page.notebook)
            notebook = cache.get_cache_bundle(record.pk).nb
        except KeyError:
            record = None
        if record is None or record.data.get("key") != page.key():
            missing.append(
                page.name
            )  # it failed, or its results are those of another build
            continue
        seconds[page.name] = round(record.data["execution_seconds"], 1)
        results[page.name] = glued(notebook)
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "versions": versions(),
        "missing": missing,
        "seconds": seconds,
        "results": results,
    }


def glued(notebook) -> dict[str, str]:
    """{name: text} of what the cells of a run notebook put into sentences."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            name = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if name is None:
                continue
            data = {k.removeprefix(GLUED): v for k, v in output["data"].items()}
            found[name] = _plain(data.get("text/plain", ""))
    return found


def _plain(text: str) -> str:
    """'91%' for "'91%'": what was glued is a string as a rule, and is kept as its repr."""
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text


def versions() -> dict[str, str]:
    """Every package that requirements.txt names, at the version that is installed."""
    pins = (ROOT / "requirements.txt").read_text("utf8")
    found = {}
    for name in re.findall(r"^([\w.-]+)==", pins, re.M):
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # for another system
            continue
    return found


def distance(before: str, after: str) -> float:
    """How far two results are apart: 0 for the same, 0.1 for 10 % in a number, 1 for words."""
    if before == after:
        return 0.0
    old, new = ([_value(n) for n in NUMBER.findall(t)] for t in (before, after))
    if len(old) != len(new) or NUMBER.sub("", before) != NUMBER.sub("", after):
        return 1.0
    pairs = zip(old, new, strict=True)
    return max(abs(a - b) / max(abs(a), abs(b), 1e-12) for a, b in pairs)


def _value(text: str) -> float:
    return float(text.replace(",", "").replace("−", "-"))


def moved(before: dict, after: dict) -> dict[tuple[str, str], tuple[str, str, float]]:
    """{(page, name): (before, after, distance)} of results that both have and that differ."""
    found = {}
    for page, old in before["results"].items():
        new = after["results"].get(page, {})
        for name in old.keys() & new.keys():
            apart = distance(old[name], new[name])
            if apart:
                found[page, name] = (old[name], new[name], apart)
    return found


def compare(before: dict, after: dict, again: dict | None = None) -> str:
    """What differs, as Markdown: versions, pages, results in sentences, seconds."""
    parts = [_versions(before, after), _pages(before, after)]
    differ = moved(before, after)
    noise = set(moved(before, again)) if again else set()
    real = {key: value for key, value in differ.items() if key not in noise}
    parts.append(_table("Results that moved", real))
    if again:
        rest = {key: value for key, value in differ.items() if key in noise}
        parts.append(_table("Results that move without an upgrade too", rest))
    parts.append(_slower(before, after))
    return "\n\n".join(part for part in parts if part) + "\n"


def _versions(before: dict, after: dict) -> str:
    old = {"python": before["python"], **before["versions"]}
    new = {"python": after["python"], **after["versions"]}
    names = sorted(n for n in old.keys() | new.keys() if old.get(n) != new.get(n))
    if not names:
        return "## Versions\n\nThe same in both builds."
    rows = [f"| {n} | {old.get(n, '–')} | {new.get(n, '–')} |" for n in names]
    return "\n".join(
        ["## Versions", "", "| package | before | after |", "|---|---|---|", *rows]
    )


def _pages(before: dict, after: dict) -> str:
    lines = []
    for page in after["missing"]:
        lines.append(f"- `{page}` did not run.")
    ran = set(before["results"]) & set(after["results"])
    for page in sorted(ran):
        gone = sorted(before["results"][page].keys() - after["results"][page].keys())
        come = sorted(after["results"][page].keys() - before["results"][page].keys())
        lines += [f"- `{page}` no longer has the result `{name}`." for name in gone]
        lines += [f"- `{page}` has a new result, `{name}`." for name in come]
    every = len(after["seconds"]) + len(after["missing"])
    said = f"{len(after['seconds'])} of {every} pages with cells ran."
    return "\n".join(["## Pages", "", said, *([""] if lines else []), *lines])


def _table(title: str, rows: dict) -> str:
    """Results with the largest change first; those of words above those of numbers."""
    if not rows:
        return f"## {title}\n\nNone."
    lines = [f"## {title}", "", "| page | name | before | after | apart |"]
    lines.append("|---|---|--:|--:|--:|")
    for (page, name), (old, new, apart) in sorted(
        rows.items(), key=lambda row: (-row[1][2], row[0])
    ):
        cells = (text.replace("|", "\\|").replace("\n", " ") for text in (old, new))
        lines.append(f"| `{page}` | `{name}` | {' | '.join(cells)} | {apart:.1%} |")
    return "\n".join(lines)


def _slower(before: dict, after: dict) -> str:
    pairs = [
        (page, old, after["seconds"][page])
        for page, old in before["seconds"].items()
        if page in after["seconds"]
    ]
    slow = [p for p in pairs if p[2] > SLOWER * p[1] and p[2] > p[1] + LONG]
    lines = [f"- `{page}`: {old} s, now {new} s." for page, old, new in slow]
    total = sum(p[1] for p in pairs), sum(p[2] for p in pairs)
    said = f"The pages that ran in both: {total[0]:.0f} s, now {total[1]:.0f} s."
    return "\n".join(["## Seconds", "", said, *([""] if lines else []), *lines])


def read(file: Path) -> dict:
    """A file that `write` made. ResultsError says what is wrong with any other."""
    try:
        found = json.loads(file.read_text("utf8"))
    except (OSError, ValueError) as error:
        raise ResultsError(f"{file} cannot be read: {error}") from error
    wanted = {"python", "versions", "missing", "seconds", "results"}
    if not isinstance(found, dict) or wanted - found.keys():
        raise ResultsError(
            f"{file} was not made by: python book/_tools/results.py write"
        )
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Keep and compare results of builds.")
    commands = parser.add_subparsers(dest="command", required=True)
    writing = commands.add_parser("write", help="keep the results of this build")
    writing.add_argument("file", type=Path)
    comparing = commands.add_parser("compare", help="print what differs, as Markdown")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    comparing.add_argument("--again", type=Path, help="a second build like BEFORE")
    options = parser.parse_args(arguments)
    try:
        if options.command == "write":
            from pages import table_of_contents  # to compare takes only Python itself

            found = collect(table_of_contents())
            options.file.write_text(json.dumps(found, indent=1, ensure_ascii=False))
            results = sum(map(len, found["results"].values()))
            print(f"{results} results of {len(found['seconds'])} pages: {options.file}")
            return 0
        again = read(options.again) if options.again else None
        print(compare(read(options.before), read(options.after), again), end="")
    except ResultsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
