"""What an extension collects, a record for each page: Sphinx keeps it from build to build."""

from __future__ import annotations

from functools import cache

from pages import table_of_contents
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


class PageRecords:
    """Records under a name of their own: `records(env)` is {page: record}."""

    def __init__(self, name: str) -> None:
        self.name = f"torchbook_{name}"

    def __call__(self, env: BuildEnvironment) -> dict:
        if not hasattr(env, self.name):
            setattr(env, self.name, {})
        return getattr(env, self.name)

    def connect(self, app: Sphinx) -> None:
        """Drop the record of a page that is read again; take those of another process."""
        app.connect("env-purge-doc", self.forget)
        app.connect("env-merge-info", self.merge)

    def forget(self, app: Sphinx, env: BuildEnvironment, page: str) -> None:
        self(env).pop(page, None)

    def merge(self, app: Sphinx, env: BuildEnvironment, pages, other) -> None:
        self(env).update({page: self(other)[page] for page in pages})


@cache
def order() -> list[str]:
    """The names of the pages in the order of the book."""
    return [page.name for page in table_of_contents()]
