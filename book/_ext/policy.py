"""The content security policy of a page: it may load what is in the book, and nothing else.

Scripts are files of the book, or inline ones whose hash the policy names. The theme writes a
few of these, outside the text of the page; one inside the text is refused here, and so is
code in an attribute: browsers would refuse it, so such a page would be broken.

Styles stay open to what stands inline, because MathJax computes a style sheet for each page
and sets `style` attributes, and so do the tables that Sphinx writes. That cannot reach out
either: pictures and fonts come from the book.

On pages opened from disk 'self' stands for files in Chromium; `file:` says the same to
browsers that read 'self' more narrowly there. On a page from a server it allows nothing: no
browser lets such a page load files.
"""

from __future__ import annotations

import base64
import hashlib
import re

SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.S | re.I)
HANDLER = re.compile(r"<[a-z][^<>]*?\s(on[a-z]+)\s*=", re.I)
TEXT = re.compile(r'<article\b[^>]*class="bd-article".*?</article>', re.S)
CHARSET = re.compile(r"<meta charset=[^>]*>\n?", re.I)
META = re.compile(r'[ \t]*<meta http-equiv="Content-Security-Policy"[^>]*>\n?')
NOT_CODE = re.compile(r'\btype="(?!module|text/javascript)[^"]+"', re.I)  # data blocks


class PolicyError(ValueError):
    """Something on a page that its policy would refuse; the message says what to do."""


def with_policy(text: str) -> str:
    """The page with its policy before all that it loads. Raises PolicyError."""
    text = META.sub("", text)
    found = CHARSET.search(text)
    if not found:
        raise PolicyError("no <meta charset> to put the content security policy after")
    refuse(text)
    meta = f'    <meta http-equiv="Content-Security-Policy" content="{policy(text)}">\n'
    return text[: found.end()] + meta + text[found.end() :]


def policy(text: str) -> str:
    """The directives for a page with these scripts."""
    hashes = sorted({hash_of(code) for code in inline_scripts(text)})
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(["'self' file:", *hashes]),
        "style-src": "'self' file: 'unsafe-inline'",
        "img-src": "'self' file: data:",  # the theme's small marks are data in its style
        "font-src": "'self' file:",
        "connect-src": "'self'",  # search shows some words of each page that it found
        "form-action": "'self' file:",  # the field for search
        "object-src": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {what}" for name, what in rules.items())


def inline_scripts(text: str) -> list[str]:
    """The code of each script that has no address and is not data."""
    found = SCRIPT.findall(text)
    return [
        code
        for marks, code in found
        if " src=" not in marks and not NOT_CODE.search(marks)
    ]


def hash_of(code: str) -> str:
    """A source expression that allows exactly this code."""
    digest = hashlib.sha256(code.replace("\r\n", "\n").encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def refuse(text: str) -> None:
    """Code in an attribute anywhere, or an inline script in what an author wrote."""
    bare = SCRIPT.sub("", text)
    if handler := HANDLER.search(bare):
        raise PolicyError(
            f"{handler[1]} on {handler[0][:60]!r}: the content security policy refuses code "
            "in attributes. Listen to the event in a script below book/_assets"
        )
    article = TEXT.search(text)
    for code in inline_scripts(article[0]) if article else []:
        raise PolicyError(
            f"an inline script in the text, {code.strip()[:60]!r}: the content security "
            "policy is for scripts below book/_assets"
        )
