"""The page for instructors: `{course-plan}`, weeks of a course, and `{class-link}`.

    ```{course-plan}
    - about: What a network is made of
      pages: [01-tensors/why-pytorch, 01-tensors/tensors]
    ```

A row for each week: links to its pages, how many exercises they have, and the project of each
part that ends in that week. Chapters that no week names are listed below the table.
`{class-link}` with a page as its argument shows the nbgitpuller link that opens its notebook
on a hub, and what the hub must have installed, for the repository of this very build.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from urllib.parse import quote, urlencode

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

sys.path.append(str(Path(__file__).resolve().parents[1] / "_tools"))
import repository
from pages import Page, table_of_contents
from places import page_of

HUB = "https://hub.example.org"
NOWHERE = repository.Repository(
    "https://github.com", "OWNER/NAME", "main", "gh-pages", "REVISION"
)


def read_plan(text: str, names: list[str]) -> list[dict]:
    """The weeks of a plan. ValueError for a page that is unknown, twice, or out of order."""
    weeks = yaml.safe_load(text)
    if not isinstance(weeks, list):
        raise ValueError("wanted a list of weeks, each with `about` and `pages`")
    for number, week in enumerate(weeks, 1):
        if not isinstance(week, dict) or set(week) != {"about", "pages"}:
            raise ValueError(f"week {number}: wanted `about` and `pages`, got {week!r}")
    planned = [page for week in weeks for page in week["pages"]]
    for page in planned:
        if page not in names:
            raise ValueError(f"there is no page {page!r}")
        if planned.count(page) > 1:
            raise ValueError(f"{page!r} is in the plan twice")
    if planned != sorted(planned, key=names.index):
        raise ValueError("the pages are not in the order of _toc.yml")
    return weeks


def plan_table(weeks: list[dict], names: list[str]) -> str:
    """The weeks as a table in Markdown, and the chapters that are in none."""
    planned = [page for week in weeks for page in week["pages"]]
    lines = ["| week | about | pages | exercises | project |", "|--:|---|---|--:|---|"]
    for number, week in enumerate(weeks, 1):
        pages = week["pages"]
        count = sum(len(page_of(Page(page))["exercises"]) for page in pages)
        links = "; ".join(f"{{doc}}`/{page}`" for page in pages)
        ends = [p for p in pages if p == [q for q in planned if same_part(p, q)][-1]]
        reviews = [f"{page.split('/')[0]}/review" for page in ends]
        projects = "; ".join(
            f"{{doc}}`part {int(name[:2])} </{name}>`"
            for name in reviews
            if name in names
        )
        lines.append(f"| {number} | {week['about']} | {links} | {count} | {projects} |")
    rest = [n for n in names if n[:2].isdigit() and n not in planned]
    rest = [f"{{doc}}`/{name}`" for name in rest if not name.endswith("/review")]
    if rest:
        lines += ["", f"In no week of this plan: {'; '.join(rest)}."]
    return "\n".join(lines)


def same_part(page: str, other: str) -> bool:
    return page.split("/")[0] == other.split("/")[0]


def class_link(home: repository.Repository, page: str, hub: str = HUB) -> str:
    """The link that fetches the published branch into a student's folder and opens a page."""
    folder = home.name.split("/")[-1]
    asked = {
        "repo": f"{home.server}/{home.name}",
        "branch": home.published,
        "urlpath": f"lab/tree/{folder}/{page}.ipynb",
    }
    return (
        f"{hub}/hub/user-redirect/git-pull?{urlencode(asked, quote_via=quote, safe='')}"
    )


def hub_packages(home: repository.Repository) -> str:
    """What pip installs on a hub, so that no notebook of the book has to: all extras too."""
    project = tomllib.loads((repository.ROOT / "pyproject.toml").read_text("utf8"))
    extras = ",".join(sorted(project["project"]["optional-dependencies"]))
    return f'nbgitpuller httpx "torchbook[{extras}] @ {home.requirement}"'


class CoursePlan(SphinxDirective):
    """A table of weeks, from YAML."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        names = [page.name for page in table_of_contents()]
        try:
            weeks = read_plan("\n".join(self.content), names)
        except (ValueError, yaml.YAMLError) as error:
            raise self.error(f"course-plan: {error}") from error
        return self.parse_text_to_nodes(plan_table(weeks, names))


class ClassLink(SphinxDirective):
    """The link for one page, and what the hub must have."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        page = self.arguments[0]
        if page not in self.env.found_docs:
            raise self.error(f"class-link: there is no page {page!r}")
        home = repository.find() or NOWHERE
        unknown = (
            "This copy of the book was built without knowing where it is published. "
            "Put your repository in place of `OWNER` and `NAME`, and a commit of it in place "
            "of `REVISION`.\n\n"
        )
        text = (
            "What the image of the hub needs, beside JupyterLab:\n\n"
            f"```{{code-block}} sh\n:class: class-link\n\npip install {hub_packages(home)}\n```\n\n"
            f"The link for {{doc}}`/{page}`:\n\n```{{code-block}} text\n:class: class-link\n\n"
            f"{class_link(home, page)}\n```\n\n"
            f"{unknown if home is NOWHERE else ''}"
        )
        return self.parse_text_to_nodes(text)


def setup(app: Sphinx) -> dict:
    app.add_directive("course-plan", CoursePlan)
    app.add_directive("class-link", ClassLink)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
