"""torchbook.data.mirrors: no server keeps us waiting."""

import socket
import threading

import pytest

from torchbook.data import mirrors
from torchbook.data.fetch import MissingError, ensure


def test_those_that_answer_keep_their_order(server, closed):
    other = server.address.replace("127.0.0.1", "localhost")
    assert mirrors.answering([other, closed, server.address]) == [
        other,
        server.address,
    ]


def test_a_name_that_is_never_resolved_is_given_up(monkeypatch):
    name_server = threading.Event()

    def hang(*args, **kwargs):
        name_server.wait(60)
        raise OSError

    monkeypatch.setattr(mirrors, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(socket, "create_connection", hang)
    before = set(threading.enumerate())
    assert mirrors.answering(["http://a.example/", "http://b.example/"]) == []
    asking = set(threading.enumerate()) - before
    assert len(asking) == 2  # still: nobody waited for them
    name_server.set()
    for thread in asking:  # they end before the patch does
        thread.join()


def test_a_proxy_is_asked_in_the_servers_place(server, monkeypatch):
    monkeypatch.setenv("http_proxy", server.address)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert mirrors.answering(["http://behind.invalid/"]) == ["http://behind.invalid/"]
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:no-port/")
    assert mirrors.answering(["http://behind.invalid/"]) == []


def test_a_server_that_is_silent_is_given_up(
    tiny, torchvision_at, tmp_path, monkeypatch
):
    monkeypatch.setattr(mirrors, "STALL_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        torchvision_at([f"http://127.0.0.1:{silent.getsockname()[1]}/"], tiny.packed)
        with pytest.raises(MissingError, match="timed out"):
            ensure(tiny.idx_set, tmp_path, download=True, progress=lambda text: None)
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize("value, is_offline", [("1", True), ("", False), ("0", False)])
def test_offline_is_a_setting(monkeypatch, value, is_offline):
    monkeypatch.setenv("TORCHBOOK_OFFLINE", value)
    assert mirrors.offline() is is_offline
