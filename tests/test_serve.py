"""torchbook.serve: answers as the network does, refuses in sentences, survives bad uploads."""

import io
import sys
import threading
import time

import numpy as np
import pytest
import torch
from clients import FACTS, NAMES, Client, answering, form, network, raw
from pictures import encoded, noise
from PIL import Image

from torchbook import gate, serve
from torchbook.uploads import Limits


@pytest.fixture(scope="module")
def answer():
    return answering(network())


@pytest.fixture(scope="module")
def good():
    return encoded(noise((8, 8), "L"))


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
        body = form(bytes(gate.ROOM + 2000))[0]
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
            hold.wait(120)
        return answer(X)

    limits = Limits(waiting=3)
    with serve.background(serve.app(slow, FACTS, limits)) as address:
        client, replies, threads = Client(address), [], []
        ask = lambda: replies.append(Client(address).send(good)[0])  # noqa: E731
        while 503 not in replies:
            assert len(threads) < 100
            threads.append(threading.Thread(target=ask))
            threads[-1].start()
            time.sleep(0.1)
        status, said, headers = client.ask("POST", "/predict", *form(good))
        assert (status, headers["Retry-After"]) == (503, "1")
        assert "full" in said["error"]
        assert client.ask("GET", "/health")[0] == 200
        hold.set()
        for thread in threads:
            thread.join(120)
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


def test_what_is_loaded_is_left_alone_by_the_garbage_collector(answer, monkeypatch):
    """Or it is walked through every few seconds, while everybody waits."""
    import gc

    import uvicorn

    seen = []
    monkeypatch.setattr(
        uvicorn, "run", lambda *a, **k: seen.append(gc.get_freeze_count())
    )
    before = gc.get_freeze_count()
    try:
        serve.run(serve.app(answer, FACTS), port=0)
    finally:
        gc.unfreeze()
    assert seen[0] > before + 10_000
