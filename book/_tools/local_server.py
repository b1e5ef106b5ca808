"""The built book on a loopback port, compressed as a publisher's server would send it."""

from __future__ import annotations

import contextlib
import functools
import gzip
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# What a page makes when a reader comes near: formulas, figures to play with.
MAKE_ALL = """async () => {
  if (typeof torchbookPlay !== "undefined") torchbookPlay.startAll();
  await window.typesetAll?.();
}"""
TEXT = {".html", ".css", ".js", ".svg", ".json", ".txt", ".md", ".ipynb"}


class Compressed(SimpleHTTPRequestHandler):
    """Files of a folder; texts with gzip where the reader takes it."""

    protocol_version = "HTTP/1.1"  # or each file would pay for a connection of its own

    def do_GET(self) -> None:
        file = Path(self.translate_path(self.path))
        if file.is_dir():
            file = file / "index.html"
        taken = "gzip" in self.headers.get("Accept-Encoding", "")
        if not (taken and file.suffix in TEXT and file.is_file()):
            return super().do_GET()
        body = compressed(file, file.stat().st_mtime_ns)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def guess_type(self, path) -> str:
        """The type, with the encoding of texts, which browsers need to know."""
        kind = super().guess_type(path)
        return f"{kind}; charset=utf-8" if Path(path).suffix in TEXT else kind

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "max-age=600")  # as GitHub Pages does
        super().end_headers()

    def log_message(self, *args) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A server for browsers, which leave when they have seen enough."""

    def handle_error(self, request, client_address) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@functools.lru_cache(maxsize=1024)
def compressed(file: Path, changed: int) -> bytes:
    """The content of a file with gzip; `changed` makes an edited file a new one."""
    return gzip.compress(file.read_bytes(), 6)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder at http://127.0.0.1:PORT, as long as the with-block runs."""
    handler = functools.partial(Compressed, directory=str(folder))
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
