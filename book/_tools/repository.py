"""Where the book's repository is, and the addresses that follow from it.

The publishing job says it in its environment; elsewhere git says it, when `origin` is on a
forge that the readers' services know. A fork's book thus opens the fork. Nothing is assumed:
with no address there is no Repository.

    GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_REF_NAME, GITHUB_SHA   set by the forge's jobs
    TORCHBOOK_PUBLISHED_BRANCH   the branch that holds the built book (default: gh-pages)
    TORCHBOOK_ADDRESS            where the book is read, if it is not the forge's usual place
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
FORGES = ("github.com", "gitlab.com", "codeberg.org")
REMOTE = re.compile(
    r"(?:(?:https?|ssh|git)://)?(?:[^@/]+@)?(?P<host>[\w.-]+)(?::\d+)?[:/]"
    r"(?P<name>[\w./~-]+?)(?:\.git)?/?"
)


@dataclass(frozen=True)
class Repository:
    """A repository that readers can reach: `server` is an address, `name` is owner/name."""

    server: str
    name: str
    branch: str  # of the sources
    published: str  # the branch that holds the built book
    revision: str  # the commit, or the branch where there is none
    book: str = ""  # where the built book is read, without a slash at the end

    @property
    def host(self) -> str:
        return self.server.split("://", 1)[-1]

    @property
    def requirement(self) -> str:
        """What pip installs: the repository at this revision."""
        return f"git+{self.server}/{self.name}@{self.revision}"

    @property
    def identity(self) -> str:
        """What the buttons depend on; the revision is not among it."""
        return " ".join(
            (self.server, self.name, self.branch, self.published, self.book)
        )

    def colab(self, page: str) -> str:
        """Colab, on the written notebook of a page; "" where Colab cannot get at it."""
        if self.host != "github.com":
            return ""
        where = f"{self.name}/blob/{quote(self.published)}/{page}.ipynb"
        return f"https://colab.research.google.com/github/{where}"

    def binder(self, page: str) -> str:
        """Binder, on the notebook that .binder/postBuild writes; "" for a private server."""
        provider = {
            "github.com": f"gh/{self.name}",
            "gitlab.com": f"gl/{quote(self.name, safe='')}",
        }.get(self.host)
        if provider is None and self.host in FORGES:
            provider = f"git/{quote(f'{self.server}/{self.name}', safe='')}"
        if provider is None:
            return ""
        tree = quote(f"lab/tree/notebooks/{page}.ipynb", safe="")
        branch = quote(self.branch, safe="")
        return f"https://mybinder.org/v2/{provider}/{branch}?urlpath={tree}"

    def source(self, path: str) -> str:
        """A file of this revision, to read; "" for a server of an unknown kind."""
        middle = {"github.com": "blob", "gitlab.com": "-/blob"}.get(self.host)
        if middle is None:
            return ""
        return f"{self.server}/{self.name}/{middle}/{self.revision}/{path}"


def find(
    environ: Mapping[str, str] = os.environ, root: Path = ROOT
) -> Repository | None:
    """The repository named by the publishing job, else by git; None where neither does."""
    found = _from_job(environ, root) or _from_git(root)
    if found is None:
        return None
    server, name, branch, revision = found
    published = environ.get("TORCHBOOK_PUBLISHED_BRANCH") or "gh-pages"
    book = environ.get("TORCHBOOK_ADDRESS") or _usual_place(server, name)
    return Repository(server, name, branch, published, revision, book.rstrip("/"))


def _from_job(environ: Mapping[str, str], root: Path):
    name = environ.get("GITHUB_REPOSITORY", "")
    if not name:
        return None
    server = environ.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
    branch = environ.get("GITHUB_REF_NAME") or _branch(root)
    if branch.endswith("/merge"):  # a change under review: what it is to be merged into
        branch = environ.get("GITHUB_BASE_REF") or "main"
    revision = environ.get("GITHUB_SHA") or _git(root, "rev-parse", "HEAD") or branch
    return server, name, branch, revision


def _from_git(root: Path):
    place = REMOTE.fullmatch(_git(root, "remote", "get-url", "origin"))
    if place is None or place["host"] not in FORGES or "/" not in place["name"]:
        return None
    branch = _branch(root)
    revision = _git(root, "rev-parse", "HEAD") or branch
    return f"https://{place['host']}", place["name"].strip("/"), branch, revision


def _branch(root: Path) -> str:
    """The branch at the remote that this one follows, else this one, else "main"."""
    upstream = _git(root, "rev-parse", "--abbrev-ref", "@{upstream}")
    if upstream.startswith("origin/"):
        return upstream.removeprefix("origin/")
    here = _git(root, "symbolic-ref", "--short", "HEAD")
    return here or "main"


def _usual_place(server: str, name: str) -> str:
    """Where the forge shows the pages of a repository; "" for one that has no such rule."""
    if server != "https://github.com":
        return ""
    owner, _, repository = name.partition("/")
    home = f"{owner.lower()}.github.io"
    return f"https://{home}" + ("" if repository.lower() == home else f"/{repository}")


def commit(root: Path = ROOT) -> tuple[str, bool]:
    """The commit of the sources, and whether they were changed since; "" without git."""
    head = _git(root, "rev-parse", "HEAD")
    return head, bool(head and _git(root, "status", "--porcelain"))


def _git(root: Path, *words: str) -> str:
    """What git says of this very folder, and "" where it says nothing."""
    if not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:  # there is no git
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
