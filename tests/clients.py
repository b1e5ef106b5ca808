"""Clients of the service as the tests need them, polite and impolite ones."""

import http.client
import json
import re
import socket

import torch

from torchbook import export, runs
from torchbook.models.mlp import MLP

FACTS = runs.Facts("digits", "Digits", tuple("0123456789"), (1, 8, 8), 0.3, 0.4)
NAMES = ["a.png", "../../etc/passwd", "/etc/shadow", "..\\..\\boot.ini", "", "a\0b.png"]
NAMES += [
    "x" * 5000,
    "con",
    "%2e%2e%2fa",
    "$(touch here)",
    "é中.png",
    "a;b='c'.png",
    ".",
]


def network():
    """A small network, the same each time."""
    torch.manual_seed(0)
    return MLP(64, 32, 10).eval()


def answering(model):
    """What the service asks: bytes (N, 1, 8, 8) to probabilities (N, 10)."""
    ready = export.Ready(model, FACTS.mean, FACTS.std)
    return torch.inference_mode()(lambda X: ready(X).softmax(dim=1))


def form(content, field="image", name="a.png", kind="image/png"):
    """The body of a form with one file, and the header that goes with it."""
    line = f'Content-Disposition: form-data; name="{field}"; filename="{name}"'
    head = f"--edge\r\n{line}\r\nContent-Type: {kind}\r\n\r\n"
    body = head.encode("utf8", "replace") + content + b"\r\n--edge--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=edge"}


class Client:
    """One connection at a time, opened again when the service closes it."""

    def __init__(self, address):
        self.host = re.sub("https?://", "", address)
        self.broken = 0  # connections that ended without an answer
        self.open()

    def open(self):
        self.connection = http.client.HTTPConnection(self.host, timeout=120)

    def ask(self, method, path, body=None, headers=None):
        for _ in range(2):
            try:
                self.connection.request(method, path, body, headers or {})
                reply = self.connection.getresponse()
                return reply.status, json.loads(reply.read()), reply.headers
            except (http.client.HTTPException, ConnectionError):
                self.broken += 1
                self.connection.close()
                self.open()
        raise AssertionError("no answer came")

    def send(self, *arguments, **more):
        return self.ask("POST", "/predict", *form(*arguments, **more))[:2]


def raw(address, head, body=b"", patience=20):
    """Send bytes as they are, and read what comes until the other side closes or waits."""
    host, port = re.sub("https?://", "", address).split(":")
    with socket.create_connection((host, int(port)), timeout=patience) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
        reply = b""
        while not reply.endswith(b"}") and (part := connection.recv(65536)):
            reply += part
        return reply.decode()
