"""Show the book at http://127.0.0.1:8000 and rebuild what changes; Ctrl-C ends it.

While one writes, the pages that have changed are written alone; `make book` writes all.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import threading
from pathlib import Path

import livereload.server
from livereload import Server

ROOT = Path(__file__).resolve().parents[2]
WATCHED = ("book", "code/torchbook", "_config.yml", "_toc.yml", "requirements.txt")


class Builder(threading.Thread):
    """Builds in a process of its own, once for any number of edits that came meanwhile."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.wanted = threading.Event()

    def run(self) -> None:
        while self.wanted.wait():
            self.wanted.clear()
            build = Path(__file__).with_name("build.py")
            subprocess.run([sys.executable, build, "--quick"], check=False)


class Injector(livereload.server.LiveScriptInjector):
    """Adds the script that reloads pages as a file: their policy refuses it in the page."""

    def transform_first_chunk(self, *arguments):
        self.script = b'<script src="/livereload.js"></script>'
        return super().transform_first_chunk(*arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            sys.exit(f"Port {port} is in use. Take another: make serve PORT={port + 1}")
    builder = Builder()
    builder.wanted.set()
    builder.start()
    livereload.server.LiveScriptInjector = Injector
    server = Server()
    for name in WATCHED:
        ignore = None if "." in name else lambda path: "__pycache__" in path
        server.watch(
            str(ROOT / name), builder.wanted.set, delay="forever", ignore=ignore
        )
    server.watch(str(ROOT / "_build/.shown"))  # a good build makes open pages reload
    print(f"The book will be at http://127.0.0.1:{port} when its first build is done.")
    server.serve(host="127.0.0.1", port=port, root=str(ROOT / "_build/html"))


if __name__ == "__main__":
    main()
