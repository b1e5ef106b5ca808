"""torchbook.serve: answers as the network does, refuses in sentences, survives bad uploads."""

import http.client
import io
import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from torchbook import export, runs, serve
from torchbook.models.mlp import MLP
from torchbook.uploads import Limits

sys.path.insert(0, str(Path(__file__).parent))

from pictures import encoded, noise, png

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


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return MLP(64, 32, 10).eval()


@pytest.fixture(scope="module")
def answer(model):
    ready = export.Ready(model, FACTS.mean, FACTS.std)
    return torch.inference_mode()(lambda X: ready(X).softmax(dim=1))


@pytest.fixture(scope="module")
def good():
    return encoded(noise((8, 8), "L"))


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
        self.open()

    def open(self):
        self.connection = http.client.HTTPConnection(self.host, timeout=30)

    def ask(self, method, path, body=None, headers=None):
        for _ in range(2):
            try:
                self.connection.request(method, path, body, headers or {})
                reply = self.connection.getresponse()
                return reply.status, json.loads(reply.read()), reply.headers
            except (http.client.HTTPException, ConnectionError):
                self.connection.close()
                self.open()
        raise AssertionError("no answer came")

    def send(self, *arguments, **more):
        return self.ask("POST", "/predict", *form(*arguments, **more))[:2]


@pytest.fixture(scope="module")
def client(answer):
    with serve.background(serve.app(answer, FACTS)) as address:
        yield Client(address)


def test_a_picture_gets_the_probabilities_of_the_network(client, answer, good):
    status, said = client.send(good)
    X = torch.from_numpy(np.array(Image.open(io.BytesIO(good))))[None, None]
    want = answer(X)[0]
    assert status == 200
    got = [said["probabilities"][name] for name in FACTS.classes]
    assert torch.allclose(torch.tensor(got), want, atol=1e-6)
    assert said["class"] == FACTS.classes[want.argmax()]
    assert said["probability"] == max(got)


def test_health_says_what_is_served(client):
    status, said, _ = client.ask("GET", "/health")
    assert (status, said["status"], said["shape"]) == (200, "ok", [1, 8, 8])
    assert said["classes"] == list("0123456789")


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_changes_nothing(client, good, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the service runs in this process
    status, said = client.send(good, name=name)
    if len(name) < 1000:  # a longer one is refused with the header that it is in
        assert (status, said) == client.send(good)
    assert status == (200 if len(name) < 1000 else 400)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-sh", "image/gif", "é"])
def test_the_kind_that_is_claimed_changes_nothing(client, good, kind):
    assert client.send(good, kind=kind)[0] == 200
    assert client.send(b"#!/bin/sh", kind="image/png")[0] == 415


FORM = "multipart/form-data"


@pytest.mark.parametrize(
    ("body", "headers", "wanted"),
    [
        (b"", {}, 422),
        (b"{}", {"Content-Type": "application/json"}, 422),
        (b"image=1", {"Content-Type": "application/x-www-form-urlencoded"}, 422),
        (b"abc", {"Content-Type": FORM}, 400),
        (b"abc", {"Content-Type": f"{FORM}; boundary=edge"}, 400),
        (form(b"abc")[0][:60], form(b"")[1], 422),
        (*form(b"abc", field="picture"), 422),
        (*form(b""), 400),
    ],
)
def test_a_form_that_is_none_gets_a_sentence(client, body, headers, wanted):
    status, said, _ = client.ask("POST", "/predict", body, headers)
    assert status == wanted
    assert said.keys() == {"error"}
    assert len(said["error"].split()) >= 3


def test_other_ways_and_places_are_refused_in_the_same_form(client):
    assert client.ask("GET", "/predict")[0] == 405
    for path in ("/", "/docs", "/../etc/passwd", "/predict/x", "/%00"):
        status, said, _ = client.ask("GET", path)
        assert (status, said) == (404, {"error": "Not Found"})


def raw(address, head, body=b"", patience=20):
    """Send bytes as they are, and read what comes until the other side closes or waits."""
    host, port = re.sub("https?://", "", address).split(":")
    with socket.create_connection((host, int(port)), timeout=patience) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body)
        reply = b""
        while not reply.endswith(b"}") and (part := connection.recv(65536)):
            reply += part
        return reply.decode()


def test_a_body_that_says_it_is_too_long_is_refused_before_it_comes(client):
    head = "POST /predict HTTP/1.1\nHost: x\nContent-Length: 99999999999\n"
    reply = raw(
        client.host, head + "Content-Type: multipart/form-data; boundary=edge\n"
    )
    assert reply.startswith("HTTP/1.1 413")
    assert "at most 8,388,608 bytes" in reply


def test_a_body_that_does_not_say_how_long_it_is_is_counted(answer):
    limits = Limits(bytes=1000)
    with serve.background(serve.app(answer, FACTS, limits)) as address:
        head = "POST /predict HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n"
        head += "Content-Type: multipart/form-data; boundary=edge\n"
        body = form(bytes(serve.ROOM + 2000))[0]
        chunks = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
        reply = raw(address, head, chunks)
        assert reply.startswith("HTTP/1.1 413")
        assert Client(address).send(bytes(1001))[0] == 413


def test_a_body_that_does_not_come_is_waited_for_so_long(answer):
    with serve.background(serve.app(answer, FACTS, Limits(seconds=1))) as address:
        head = "POST /predict HTTP/1.1\nHost: x\nContent-Length: 1000\n"
        head += "Content-Type: multipart/form-data; boundary=edge\n"
        reply = raw(address, head, b"--edge\r\n")
        assert reply.startswith("HTTP/1.1 408")
        assert "longer than 1 seconds" in reply


def test_a_full_service_sends_away_and_stays_healthy(answer, good):
    hold, count = threading.Event(), [0]

    def slow(X):
        count[0] += 1
        if count[0] > 2:  # the first two warm it up
            hold.wait(20)
        return answer(X)

    limits = Limits(waiting=3)
    with serve.background(serve.app(slow, FACTS, limits)) as address:
        client, replies, threads = Client(address), [], []
        ask = lambda: replies.append(Client(address).send(good)[0])  # noqa: E731
        while 503 not in replies:
            assert len(threads) < 20
            threads.append(threading.Thread(target=ask))
            threads[-1].start()
            time.sleep(0.1)
        status, said, headers = client.ask("POST", "/predict", *form(good))
        assert (status, headers["Retry-After"]) == (503, "1")
        assert "full" in said["error"]
        assert client.ask("GET", "/health")[0] == 200
        hold.set()
        for thread in threads:
            thread.join(20)
        assert replies.count(200) == 3
        assert client.send(good)[0] == 200


def test_a_network_that_gives_no_probabilities_is_not_served(answer):
    for wrong in (lambda X: answer(X)[:, :3], lambda X: answer(X) * torch.nan):
        with pytest.raises(ValueError, match=r"wanted probabilities \(1, 10\)"):
            serve.app(wrong, FACTS)


def test_a_missing_extra_is_named(answer, monkeypatch):
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(ImportError, match=r"pip install 'torchbook\[serve\]'"):
        serve.app(answer, FACTS)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ImportError, match=r"pip install 'torchbook\[serve\]'"):
        serve.run(None)


# a thousand bad uploads to a process of its own


@pytest.fixture(scope="module")
def process(model, tmp_path_factory):
    """A service as `torchbook serve` starts it: its address, its process, its folder."""
    folder = tmp_path_factory.mktemp("service")
    export.write(folder / "digits.pt2", model, FACTS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["-m", "torchbook", "serve", "digits.pt2", "--port", str(port)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (folder / "log").open("w") as log:
        started = subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        client, until = Client(f"http://127.0.0.1:{port}"), time.monotonic() + 120
        while True:
            try:
                assert client.ask("GET", "/health")[0] == 200
                break
            except (OSError, AssertionError):
                assert started.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until
                time.sleep(0.2)
        yield client, started, folder
    finally:
        started.terminate()
        assert started.wait(30) in (0, -15)


BOMB = zlib.compress(bytes(2**26))
KINDS = ["empty", "random", "cut", "flipped", "huge", "bomb", "wrong", "text", "deep"]
KINDS += ["tail", "header"]


def bad(rng, whole):
    """(kind, content) of an upload that is no good."""
    kind, file = rng.choice(KINDS), rng.choice(whole)
    if kind == "empty":
        return kind, b""
    if kind == "random":
        return kind, rng.randbytes(rng.randrange(1, 5000))
    if kind == "cut":
        return kind, file[: rng.randrange(1, len(file) - 20)]
    if kind == "flipped":
        places = rng.sample(range(len(file)), 10)
        return kind, bytes(b ^ (255 * (n in places)) for n, b in enumerate(file))
    if kind == "huge":
        sides = rng.randrange(5_000, 2**31), rng.randrange(5_000, 2**31)
        return kind, png(*sides, b"x")
    if kind == "bomb":
        side = rng.choice([4_100, 9_000, 13_000, 30_000])
        return kind, png(side, side, BOMB)
    if kind == "wrong":
        return kind, encoded(noise(), rng.choice(["GIF", "BMP", "TIFF", "WEBP"]))
    if kind == "text":
        return kind, rng.choice(
            [b"<svg/>", b"{}", b"%PDF-1.7\n", b"PK\3\4", b"\xff\xd8"]
        )
    if kind == "deep":
        return kind, encoded(Image.fromarray(np.zeros((9, 9), dtype=np.uint16)))
    if kind == "tail":  # as large as is taken, and cut off
        return kind, png(3_999, 4_000, BOMB[: rng.randrange(10, 2000)])
    return kind, whole[0][:8] + rng.randbytes(60)


def memory(process):
    """The most that the process has held so far, in MiB; None where the system does not say."""
    try:
        text = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return None
    return int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) / 1024


def test_a_thousand_bad_uploads(process, good):
    client, started, folder = process
    rng = random.Random(0)
    whole = encoded(noise()), encoded(noise(), "JPEG")
    first, before = client.send(good), memory(started)
    assert first[0] == 200
    seen, names = {}, [name for name in NAMES if len(name) < 1000]
    for _ in range(1000):
        kind, content = bad(rng, whole)
        status, said = client.send(content, name=rng.choice(names))
        seen.setdefault(kind, set()).add(status)
        assert 400 <= status < 500 or (kind == "flipped" and status == 200), kind
        if status != 200:
            assert said.keys() == {"error"} and len(said["error"].split()) >= 4
    assert len(seen) == 11
    assert seen["bomb"] == seen["huge"] == {413}
    assert seen["wrong"] == {415}
    assert seen["empty"] == {400, 422}  # a browser sends an empty form without a name
    assert client.send(good) == first
    assert {path.name for path in folder.iterdir()} == {"digits.pt2", "log"}
    assert "Traceback" not in (folder / "log").read_text()
    if before is not None:
        assert memory(started) < before + 200


def test_many_at_once_keep_the_memory_bounded(process, good):
    """The largest pictures that are taken, from 16 clients: two are decoded at a time."""
    client, started, _ = process
    before = memory(started)
    content = encoded(Image.new("RGBA", (4_000, 4_000)))
    statuses = []

    def ask():
        mine = Client(f"http://{client.host}")
        statuses.append(mine.send(content)[0])

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert statuses == [200] * 16
    assert client.send(good)[0] == 200
    if before is not None:
        assert memory(started) < before + 1000
