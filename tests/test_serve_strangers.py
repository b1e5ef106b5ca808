"""A service in a process of its own, a thousand bad uploads, and the memory that it takes."""

import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from clients import FACTS, NAMES, Client, form, network
from pictures import encoded, noise, png
from PIL import Image, PngImagePlugin

from torchbook import export


@pytest.fixture(scope="module")
def good():
    return encoded(noise((8, 8), "L"))


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    """A service as `torchbook serve` starts it: its address, its process, its folder."""
    folder = tmp_path_factory.mktemp("service")
    export.write(folder / "digits.pt2", network(), FACTS)
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
KINDS += ["tail", "header", "vast", "scans", "text bomb"]
PIXELS = 16_000_000
SCAN = b"\xff\xda"


def text_bomb():
    """A good picture with a text that is 100 MiB when it is decoded."""
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "a" * (100 * 2**20), zip=True)
    return encoded(noise(), pnginfo=text)


TEXT_BOMB = text_bomb()


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
    if kind == "vast":  # a JPEG that claims 65,000 by 65,000
        place = whole[1].index(b"\xff\xc0") + 5
        return kind, whole[1][:place] + b"\xfd\xe8" * 2 + whole[1][place + 4 :]
    if kind == "scans":
        scan = whole[1][whole[1].index(SCAN) : -2]
        return kind, whole[1][:-2] + scan * rng.randrange(100, 300) + whole[1][-2:]
    if kind == "text bomb":
        return kind, TEXT_BOMB
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


def told(host, n, whole):
    """125 bad uploads over one connection: [(kind, code, reply)], and how often it broke."""
    rng, client, found = random.Random(n), Client(host), []
    names = [name for name in NAMES if len(name) < 1000]
    for _ in range(125):
        kind, content = bad(rng, whole)
        found.append((kind, *client.send(content, name=rng.choice(names))))
    return found, client.broken


def test_a_thousand_bad_uploads(process, good):
    client, started, folder = process
    whole = encoded(noise()), encoded(noise(), "JPEG")
    first, before = client.send(good), memory(started)
    assert first[0] == 200
    with ThreadPoolExecutor(8) as pool:
        every = list(pool.map(lambda n: told(client.host, n, whole), range(8)))
    assert [broken for _, broken in every] == [0] * 8
    seen = {}
    for kind, status, said in (one for found, _ in every for one in found):
        seen.setdefault(kind, set()).add(status)
        assert 400 <= status < 500 or (kind == "flipped" and status == 200), kind
        if status != 200:
            assert said.keys() == {"error"} and len(said["error"].split()) >= 4
    assert seen.keys() == set(KINDS)
    assert seen["bomb"] == seen["huge"] == seen["vast"] == {413}
    assert seen["wrong"] == {415}
    assert seen["scans"] == {400}
    assert seen["empty"] == {400, 422}  # a browser sends an empty form without a name
    assert client.send(good) == first
    assert {path.name for path in folder.iterdir()} == {"digits.pt2", "log"}
    assert "Traceback" not in (folder / "log").read_text()
    if before is not None:
        assert memory(started) < before + 300


def spoiled_forms(good):
    """(body, headers) of forms that are no good, each in its own way."""
    body, headers = form(good)
    part = b'--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    yield body.replace(b"--edge\r\n", b"--edg\r\n"), headers
    yield body.replace(b'name="image"; ', b""), headers
    yield body.replace(b"Content-Disposition", b"Content-Position"), headers
    yield part * 2000 + body, headers
    yield body.replace(b"\r\n\r\n", b"\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 1), headers
    yield part * 3 + b"--edge--\r\n", headers
    yield b"\r\n" * 50_000, headers
    yield b"--edge\r\n" * 50_000, headers
    yield body, {"Content-Type": "multipart/form-data"}
    yield body, {"Content-Type": "multipart/form-data; boundary=" + "e" * 300}
    yield body, {"Content-Type": "multipart/mixed; boundary=edge"}


def test_spoiled_forms_get_a_sentence(process, good):
    client, _, folder = process
    for n, (body, headers) in enumerate(spoiled_forms(good)):
        status, said, _ = client.ask("POST", "/predict", body, headers)
        assert status in (400, 422), n
        assert said.keys() == {"error"} and len(said["error"].split()) >= 3
    assert client.send(good)[0] == 200
    assert "Traceback" not in (folder / "log").read_text()


def test_clients_that_hang_up_in_the_middle_leave_nothing_behind(process, good):
    client, _, folder = process
    host, port = client.host.split(":")
    body, headers = form(bytes(2**21))
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
    head += f"Content-Type: {headers['Content-Type']}\r\n\r\n"
    for n in range(100):  # more than may wait at a time
        with socket.create_connection((host, int(port)), 20) as connection:
            connection.sendall(head.encode() + body[: n * 200])
    until = time.monotonic() + 15  # sooner than an upload is given up
    while client.send(good)[0] == 503:
        assert time.monotonic() < until
        time.sleep(0.2)
    assert client.send(good)[0] == 200
    assert "Traceback" not in (folder / "log").read_text()


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
        assert memory(started) < before + 2 * 12 * PIXELS / 2**20 + 150
