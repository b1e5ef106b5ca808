"""Show the book at http://127.0.0.1:8000 and rebuild what changes; Ctrl-C ends it."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from livereload import Server

ROOT = Path(__file__).resolve().parents[2]


def rebuild() -> None:
    """A fresh process each time: edits of the package and of the build itself count at once."""
    subprocess.run([sys.executable, Path(__file__).with_name("build.py")], check=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    rebuild()
    server = Server()
    for folder in ("book", "code/torchbook"):
        server.watch(
            str(ROOT / folder), rebuild, ignore=lambda path: "__pycache__" in path
        )
    for file in ("_config.yml", "_toc.yml"):
        server.watch(str(ROOT / file), rebuild)
    server.serve(host="127.0.0.1", port=port, root=str(ROOT / "_build/html"))


if __name__ == "__main__":
    main()
