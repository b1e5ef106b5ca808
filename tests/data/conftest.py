"""A tiny set in Fashion-MNIST's place, and a server on this machine that has it."""

import gzip
import hashlib
import http.server
import socket
import threading

import pytest
import torch

from torchbook.data import idx


class TinySet:
    """12 + 4 pictures in four whole IDX files: what they are, and their bytes by name."""

    def __init__(self):
        names = [file.name for file in idx.FASHION_MNIST.files]
        shapes = [(12, 28, 28), (12,), (4, 28, 28), (4,)]
        self.content = {n: self.bytes_of(s) for n, s in zip(names, shapes, strict=True)}
        self.files = tuple(
            idx.IdxFile(name, shape, hashlib.sha256(self.content[name]).hexdigest())
            for name, shape in zip(names, shapes, strict=True)
        )
        self.packed = {
            f"{name}.gz": gzip.compress(b) for name, b in self.content.items()
        }
        self.idx_set = idx.IdxSet(
            "Fashion-MNIST",
            "FashionMNIST",
            "https://page.example",
            ("a", "b"),
            self.files,
        )

    @staticmethod
    def bytes_of(shape):
        values = torch.arange(torch.Size(shape).numel()).mul(7).remainder(251)
        return idx.IdxFile("", shape, "").header + bytes(values.tolist())

    def fill(self, root, *, without=()):
        """Lay the files where they belong under `root`."""
        raw = root / "FashionMNIST" / "raw"
        raw.mkdir(parents=True)
        for name in self.content.keys() - set(without):
            (raw / name).write_bytes(self.content[name])
        return raw

    def read(self, raw):
        return {name: (raw / name).read_bytes() for name in self.content}


@pytest.fixture
def tiny():
    return TinySet()


@pytest.fixture
def torchvision_at(monkeypatch):
    """A function: torchvision looks for Fashion-MNIST at these addresses only, and expects the
    MD5 checksums of these packed files."""
    from torchvision.datasets import FashionMNIST

    for variable in ("http_proxy", "HTTP_PROXY", "TORCHBOOK_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)

    def point(addresses, packed):
        md5 = [
            (name, hashlib.md5(bytes_).hexdigest()) for name, bytes_ in packed.items()
        ]
        monkeypatch.setattr(FashionMNIST, "mirrors", addresses)
        monkeypatch.setattr(FashionMNIST, "resources", md5)

    return point


class Server(http.server.ThreadingHTTPServer):
    """Serves the bytes in `packed`, a dict by name that a test may spoil; notes what is asked."""

    def __init__(self, packed):
        super().__init__(("127.0.0.1", 0), Handler)
        self.packed, self.asked = packed, []
        self.address = f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path[1:]
        self.server.asked.append(name)
        body = self.server.packed.get(name, b"")
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(tiny, torchvision_at):
    with Server(dict(tiny.packed)) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        torchvision_at([server.address], tiny.packed)
        yield server
        server.shutdown()


@pytest.fixture
def closed():
    """An address on this machine where nobody listens."""
    with socket.socket() as taken:
        taken.bind(
            ("127.0.0.1", 0)
        )  # held but not listening, so that nobody else gets it
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"
