"""torchbook.serve when something fails: the network, a client that leaves, a second start."""

import io
import socket
import threading
import time
import warnings

import pytest
import torch
from clients import FACTS, Client, answering, form, network, raw
from pictures import encoded, noise, png
from PIL import Image, ImageOps

from torchbook import export, serve, uploads
from torchbook.uploads import Limits


@pytest.fixture(scope="module")
def answer():
    return answering(network())


@pytest.fixture(scope="module")
def good():
    return encoded(noise((8, 8), "L"))


def sent(address, content, clients):
    """The codes that so many clients at the same time get."""
    codes = []
    ask = lambda: codes.append(Client(address).send(content)[0])  # noqa: E731
    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return codes


def test_numbers_that_are_not_finite_are_no_answer(answer, good):
    def sometimes(X):
        return answer(X) * (torch.nan if X.any() else 1)

    with serve.background(serve.app(sometimes, FACTS)) as address:
        status, said = Client(address).send(good)
    assert status == 500
    assert said == {"error": serve.FAILED}


def test_a_service_that_ended_may_start_again(answer):
    service = serve.app(answer, FACTS, Limits(decoders=1))
    large = encoded(Image.new("RGB", (1500, 1500)))  # so that some wait
    for _ in range(2):
        with serve.background(service) as address:
            assert sent(address, large, 6) == [200] * 6


def test_a_network_that_fails_is_no_healthy_service(answer, good):
    broken = threading.Event()

    def sometimes(X):
        if broken.is_set():
            raise RuntimeError("CUDA error: an illegal memory access")
        return answer(X)

    with serve.background(serve.app(sometimes, FACTS)) as address:
        client = Client(address)
        health = lambda: client.ask("GET", "/health")[:2]  # noqa: E731
        broken.set()
        for _ in range(serve.FAILURES):
            assert health()[0] == 200
            assert client.send(good) == (500, {"error": serve.FAILED})
        assert health() == (503, {"error": "the network failed 3 times in a row"})
        broken.clear()
        assert client.send(good)[0] == 200
        assert health()[0] == 200


def test_who_went_away_costs_nothing(answer, good, monkeypatch):
    """Clients that leave while the only decoder is busy are not answered later."""
    hold, begun, asked, read = threading.Event(), threading.Event(), [], uploads.read

    def held(content, facts, *others, **more):
        if more:  # not in the warm-up
            begun.set()
            assert hold.wait(60)
        return read(content, facts, *others, **more)

    def watched(X):
        asked.append(len(X))
        return answer(X)

    monkeypatch.setattr(uploads, "read", held)
    service = serve.app(watched, FACTS, Limits(decoders=1))
    asked.clear()
    body, headers = form(good)
    lines = ["POST /predict HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
    lines += [f"Content-Type: {headers['Content-Type']}", "", ""]
    with serve.background(service) as address:
        host, port = address.removeprefix("http://").split(":")
        first = threading.Thread(target=sent, args=(address, good, 1))
        first.start()
        assert begun.wait(20)
        gone = [socket.create_connection((host, int(port)), 20) for _ in range(5)]
        for connection in gone:
            connection.sendall("\r\n".join(lines).encode() + body)
        time.sleep(2)  # until all of them stand before the decoder
        for connection in gone:
            connection.close()
        time.sleep(2)  # until the service has heard of it
        hold.set()
        first.join(20)
        assert Client(address).send(good)[0] == 200
    assert sum(asked) == 2


def test_the_end_does_not_wait_for_a_stalled_upload(answer):
    before = set(threading.enumerate())
    with serve.background(serve.app(answer, FACTS)) as address:
        host, port = address.removeprefix("http://").split(":")
        stalled = socket.create_connection((host, int(port)), 20)
        head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
        head += "Content-Type: multipart/form-data; boundary=edge\r\n\r\n"
        stalled.sendall(head.encode())
        time.sleep(0.5)
    left = [t for t in set(threading.enumerate()) - before if "run" in t.name]
    stalled.close()
    assert left == []


def test_warnings_about_strange_files_are_not_collected(answer):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with serve.background(serve.app(answer, FACTS)) as address:
            for side in (10_000, 10_001, 13_000):
                assert Client(address).send(png(side, side, b"x"))[0] == 413
    assert [str(w.message) for w in told if "pixels" in str(w.message)] == []


def test_what_is_no_form_is_refused_before_it_comes(answer):
    with serve.background(serve.app(answer, FACTS)) as address:
        head = "POST /predict HTTP/1.1\nHost: x\nContent-Length: 1000000\n"
        head += "Content-Type: application/x-www-form-urlencoded\n"
        assert raw(address, head, b"a=").startswith("HTTP/1.1 422")


def test_dark_on_light_can_be_turned(answer, good):
    codes = []
    turned = encoded(ImageOps.invert(Image.open(io.BytesIO(good))))
    for invert, content in ((False, good), (True, turned)):
        service = serve.app(answer, FACTS, invert=invert)
        with serve.background(service) as address:
            codes.append(Client(address).send(content))
    assert codes[0] == codes[1]
    assert codes[0][0] == 200


def test_an_address_that_is_taken_or_none_is_said(answer):
    service = serve.app(answer, FACTS)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ValueError, match=f"port {port} .*another --port"):
            serve.run(service, "127.0.0.1", port)
    with pytest.raises(ValueError, match="cannot listen at no such host, port 80"):
        serve.run(service, "no such host", 8000)


@pytest.mark.parametrize("device", ["cuda", "nonsense"])
def test_a_file_computes_on_the_cpu_and_says_so(tmp_path, device):
    path = tmp_path / "a.pt2"
    export.write(path, network(), FACTS)
    assert serve.load(path, "cpu")[1] == FACTS
    with pytest.raises(ValueError, match=f"cannot compute on {device}: leave --device"):
        serve.load(path, device)
