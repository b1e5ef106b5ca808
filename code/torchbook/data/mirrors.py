"""Servers that a download may be tried on: which of them answer, and patience with an end."""

import os
import queue
import socket
import threading
import urllib.request
from contextlib import contextmanager
from urllib.parse import urlsplit

ANSWER_SECONDS = 5  # for some mirror to accept a connection
STALL_SECONDS = 15  # for the next piece of a download


def offline() -> bool:
    """Whether TORCHBOOK_OFFLINE forbids the network."""
    return os.environ.get("TORCHBOOK_OFFLINE", "0") not in ("", "0")


def answering(mirrors: list[str]) -> list[str]:
    """The mirrors that accept a connection, asked all at once, within ANSWER_SECONDS.

    Without a network a name may take minutes to fail, address after address: so torchvision is
    let loose only on a server that answers.
    """
    answers = queue.SimpleQueue()

    def ask(mirror):
        answers.put((mirror, _answers(mirror)))

    for mirror in mirrors:
        threading.Thread(target=ask, args=(mirror,), daemon=True).start()
    answered = set()
    try:
        for _ in mirrors:
            mirror, yes = answers.get(timeout=ANSWER_SECONDS)
            answered |= {mirror} if yes else set()
    except queue.Empty:
        pass
    return [mirror for mirror in mirrors if mirror in answered]


def _answers(mirror: str) -> bool:
    url = urlsplit(mirror)
    proxy = urllib.request.getproxies().get(url.scheme)
    if proxy and not urllib.request.proxy_bypass(url.netloc):
        url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        port = url.port or {"https": 443}.get(url.scheme, 80)
        socket.create_connection((url.hostname, port), timeout=ANSWER_SECONDS).close()
    except (OSError, ValueError):  # ValueError: a proxy setting that is no address
        return False
    return True


@contextmanager
def patience():
    """urllib, as torchvision calls it, waits for ever; the default of its sockets bounds that."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALL_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
