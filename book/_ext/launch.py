"""The buttons that open a page elsewhere: Colab, Binder, and the notebook to take away.

Pages are Markdown, which Colab cannot open, so the theme's own buttons do not fit. These
point to the notebook that the build writes beside each page (`_tools/notebooks.py`) on the
published branch, and, for Binder, to the page itself. Without a known repository only the
download is left.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from sphinx.application import Sphinx

sys.path.append(str(Path(__file__).resolve().parents[1] / "_tools"))
import repository

SERVICES = (
    ("Colab", "_static/images/logo_colab.png", repository.Repository.colab),
    ("Binder", "_static/images/logo_binder.svg", repository.Repository.binder),
)


def launch_buttons(page: str, home: repository.Repository | None) -> list[dict]:
    """The services that can open this page, as the theme wants its buttons."""
    if home is None:
        return []
    return [
        {
            "type": "link",
            "text": name,
            "tooltip": f"Open this page in {name}",
            "icon": icon,
            "url": address(home, page),
            "label": f"launch-{name.lower()}",
        }
        for name, icon, address in SERVICES
        if address(home, page)
    ]


def download_button(address: str) -> dict:
    return {
        "type": "link",
        "text": ".ipynb",
        "tooltip": "Download this page as a notebook",
        "icon": "fas fa-code",
        "url": address,
        "label": "download-notebook-button",
    }


def set_buttons(app: Sphinx, pagename, templatename, context, doctree) -> None:
    """Add to the head of each page that has cells."""
    if "kernelspec" not in app.env.metadata.get(pagename, {}):
        return
    head = context["header_buttons"]
    for group in head:
        if group.get("label") == "download-buttons":
            file = context["pathto"](f"{pagename}.ipynb", 1)
            group["buttons"].insert(0, download_button(file))
    services = launch_buttons(pagename, home())
    if services:
        group = {
            "type": "group",
            "tooltip": "Run this page",
            "icon": "fas fa-rocket",
            "buttons": services,
            "label": "launch-buttons",
        }
        head.insert(0, group)


@cache
def home() -> repository.Repository | None:
    """Looked for once, for all pages."""
    return repository.find()


def setup(app: Sphinx) -> dict:
    app.connect(
        "html-page-context", set_buttons, priority=600
    )  # the theme's come at 501
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
