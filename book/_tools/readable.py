"""MyST turned into the Markdown that every notebook shows: no directive, no role is left.

    Readable(page, labels, home).text(source)

`home` is the repository (or None); with it, references become links to the published book.
A form feed in the result is a place where the notebook starts a new cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from textwrap import dedent, indent

from docutils.nodes import make_id
from labels import Labels, author_and_year
from pages import ROOT, BookError, Page
from readable_figures import cut_out, playground, quiz
from repository import Repository

CUT = "\f"
OPEN = re.compile(r"^(`{3,}|:{3,})(?:\{([\w:+-]+)\})?[ \t]*(.*)$")
OPTION = re.compile(r"^:([\w-]+):[ \t]*(.*)$")
INLINE = re.compile(
    r"\{(?P<role>[\w:+-]+)\}(?P<t>`+)(?P<of>.+?)(?P=t)|(?P<c>`+)[^`]+?(?P=c)", re.S
)
ALONE = re.compile(r"^\*?\{glue:text\}`([^`:]+)[^`]*`\*?$", re.M)
NAMED = re.compile(r"(.+?)\s*<([^<>]+)>", re.S)
NOTES = {"note", "tip", "warning", "important", "hint", "caution", "seealso", "danger"}
PLAIN = {"tab-set", "div", "grid", "grid-item", "card", "margin", "epigraph"}
QUIET = {"exercise-end", "solution-end", "build-report", "bibliography"}


class Readable:
    """Turns the text of one page."""

    def __init__(self, page: Page, labels: Labels, home: Repository | None):
        self.page, self.labels, self.home = page, labels, home
        self.cited: dict[str, None] = {}  # keys in the order in which they came up
        self.named: set[str] = set()  # results that the text calls by name

    def text(self, source: str) -> str:
        """The Markdown for a piece of MyST. Raises BookError for a directive without a rule."""
        lines, out = source.splitlines(), []
        plain: list[str] = []
        while lines:
            fence = OPEN.match(lines[0])
            if fence is None:
                plain.append(lines.pop(0))
                continue
            out.append(self._sentences(plain))
            plain = []
            out.append(self._block(fence, lines))
        out.append(self._sentences(plain))
        return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n")

    def _block(self, fence: re.Match, lines: list[str]) -> str:
        """A fenced block, taken off the front of `lines`."""
        first, body = lines.pop(0), []
        mark, name, argument = fence.groups()
        while lines and not re.fullmatch(rf"{mark[0]}{{{len(mark)},}}[ \t]*", lines[0]):
            body.append(lines.pop(0))
        last = lines.pop(0) if lines else mark
        if name is None:  # code to look at
            return "\n".join([first, *body, last])
        options = {}
        while body and (option := OPTION.match(body[0])):
            options[option[1]] = option[2].strip()
            body.pop(0)
        return self._directive(name, argument.strip(), options, "\n".join(body))

    def _directive(self, name: str, argument: str, options: dict, body: str) -> str:
        if name in QUIET:
            return CUT if name.endswith("-end") else ""
        rules: dict[str, Callable[[], str]] = {
            "exercise-start": lambda: self._exercise(argument, options),
            "exercise": lambda: (
                f"{self._exercise(argument, options)}\n\n{self.text(body)}"
            ),
            "solution-start": lambda: f"{CUT}#### Solution\n",
            "solution": lambda: f"{CUT}#### Solution\n\n{self.text(body)}\n{CUT}",
            "literalinclude": lambda: self._include(argument, options),
            "figure": lambda: self._figure(argument, options, body),
            "math": lambda: self._equation(body, options.get("label", "")),
            "glossary": lambda: self._glossary(body),
            "quiz": lambda: f"{quiz(body, self._sentences)}\n",
            "playground": lambda: self._playground(options, body),
            "code-block": lambda: f"```{argument}\n{body}\n```",
        }
        if name in rules:
            return rules[name]()
        if name == "admonition" or name in NOTES:
            title = argument if name == "admonition" else name.capitalize()
            text = body if name == "admonition" else f"{argument}\n{body}".strip()
            return quoted(f"**{self._sentences([title])}**\n\n{self.text(text)}")
        if name == "tab-item":
            return f"**{argument}**\n\n{self.text(body)}\n"
        if name in PLAIN:
            return self.text(body)
        raise BookError(
            f"book/{self.page.name}.md has a directive {{{name}}}, for which the notebooks "
            "have no rule: add one to book/_tools/readable.py."
        )

    def _exercise(self, title: str, options: dict) -> str:
        label = options.get("label", "")
        named = (
            self.labels[label].text if label in self.labels else f"Exercise: {title}"
        )
        return f"{CUT}### {self._sentences([named])}\n"

    def _include(self, file: str, options: dict) -> str:
        """Code of the package, to look at: as Sphinx cuts it."""
        path = (self.page.path.parent / file).resolve()
        try:
            code = cut_out(path, options)
        except Exception as error:
            where = f"book/{self.page.name}.md includes {file}"
            raise BookError(f"{where}, and that fails: {error}") from error
        place = path.relative_to(ROOT).as_posix()
        name = f"`{place.removeprefix('code/')}`"
        address = self.home.source(place) if self.home else ""
        return f"From {link(name, address)}:\n\n```python\n{code.rstrip()}\n```\n"

    def _figure(self, file: str, options: dict, caption: str) -> str:
        label, alt = options.get("name", ""), options.get("alt", "")
        number = f"**{self.labels[label].text}.** " if label in self.labels else ""
        place = (self.page.path.parent / file).resolve()
        address = ""
        if self.home and place.is_relative_to(ROOT):
            address = self.home.source(place.relative_to(ROOT).as_posix())
        address = address.replace("/blob/", "/raw/")
        shown = f"![{alt}]({address})" if address else f"*A picture in the book: {alt}*"
        return f"{shown}\n\n{number}{self.text(caption)}\n"

    def _playground(self, options: dict, caption: str) -> str:
        target = self.labels[options["name"]]
        address = (
            f"{self.home.book}/{target.page}.html"
            if self.home and self.home.book
            else ""
        )
        place = f"{address}#{target.anchor}" if address else ""
        number = f"**{target.text}.** "
        return playground(options["alt"], self.text(caption), number, place)

    def _glossary(self, body: str) -> str:
        """Terms in bold, each with its definition as a paragraph."""
        paragraphs = re.findall(r"^(\S.*)\n((?:[ \t]+.*\n?|\n)+)", body + "\n", re.M)
        return "\n\n".join(
            f"**{term}.** "
            + self._sentences([line.strip() for line in text.splitlines()])
            for term, text in paragraphs
        )

    def _sentences(self, lines: list[str]) -> str:
        """Lines outside of fences: labels and comments go, equations and roles are turned."""
        text = "\n".join(lines)
        text = re.sub(r"^\([\w-]+\)=[ \t]*\n?", "", text, flags=re.M)
        text = re.sub(r"^% .*\n?", "", text, flags=re.M)
        text = re.sub(
            r"^([ \t]*)\$\$[ \t]*\n(.*?)\n[ \t]*\$\$[ \t]*(?:\(([\w:-]+)\))?[ \t]*$",
            lambda m: indent(self._equation(dedent(m[2]), m[3] or ""), m[1]),
            text,
            flags=re.M | re.S,
        )
        text = ALONE.sub(self._printed, text)
        return INLINE.sub(self._inline, text)

    def _printed(self, found: re.Match) -> str:
        """A result that is a sentence of its own."""
        self.named.add(found[1])
        return f"*(Here stands what a folded cell nearby prints as* `{found[1]}`*.)*"

    def _equation(self, body: str, label: str) -> str:
        """Jupyter and Colab number nothing themselves: the book's number becomes a tag."""
        body = body.strip("\n")
        if r"\\" in body and not body.lstrip().startswith(r"\begin{aligned}"):
            body = f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"  # as Sphinx does
        if label in self.labels:
            body += f"\n\\tag{{{self.labels[label].text.strip('()')}}}"
        return f"$$\n{body}\n$$"

    def _inline(self, found: re.Match) -> str:
        role, of = found["role"], found["of"]
        if role is None:  # code
            return found[0]
        if role.startswith("glue"):
            key = of.split(":")[0]
            self.named.add(key)
            return f"`{key}`"
        if role.startswith("cite"):
            return self._citation(role, of.split(","))
        if role == "math":
            return f"${of}$"
        if role in ("ref", "numref", "eq", "term", "doc"):
            return self._reference(role, of)
        if role in ("code", "kbd", "samp", "file", "py:func", "py:class", "py:mod"):
            return f"`{of}`"
        raise BookError(
            f"book/{self.page.name}.md has a role {{{role}}}, for which the notebooks "
            "have no rule: add one to book/_tools/readable.py."
        )

    def _reference(self, role: str, of: str) -> str:
        named = NAMED.fullmatch(of)
        text, label = (named[1], named[2]) if named else ("", of)
        if role == "term":
            return self._link(text or of, "glossary", f"term-{make_id(label)}") or of
        if role == "doc":
            page = label.strip("/")
            return self._link(text or page.split("/")[-1], page, "")
        if label not in self.labels:
            return text or label
        target = self.labels[label]
        said = text if text and "%s" not in text else target.text
        if role == "numref":
            said = said.split(":")[0]
        if role == "ref" and not text:
            said = f"*{self._sentences([said])}*"
        return self._link(said, target.page, target.anchor)

    def _citation(self, role: str, keys: list[str]) -> str:
        said = []
        for key in map(str.strip, keys):
            if key not in self.labels.sources:
                raise BookError(f"book/{self.page.name}.md cites {key}: no such entry")
            self.cited[key] = None
            said.append(author_and_year(self.labels.sources[key]))
        if role == "cite:t":
            return " and ".join(
                f"{who} ({year})" for who, _, year in (s.rpartition(", ") for s in said)
            )
        return f"[{'; '.join(said)}]"

    def _link(self, text: str, page: str, anchor: str) -> str:
        """The text, with a link where the book is published and the place is elsewhere."""
        if not self.home or not self.home.book or page == self.page.name:
            return text
        return link(
            text, f"{self.home.book}/{page}.html" + (f"#{anchor}" if anchor else "")
        )


def link(text: str, address: str) -> str:
    return f"[{text}]({address})" if address else text


def quoted(text: str) -> str:
    """A box, as far as Markdown has one."""
    lines = text.strip().splitlines()
    return "\n".join(f"> {line}".rstrip() for line in lines) + "\n"
