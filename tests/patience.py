"""Waiting in tests for what comes in its own time: from a browser, a thread, another process."""

import time

SECONDS = 30  # far longer than it takes: a busy machine fails no test


def until(happened):
    """Ask `happened` again and again, and return the first answer that counts as true."""
    end = time.monotonic() + SECONDS
    while not (answer := happened()):
        assert time.monotonic() < end, f"it did not happen in {SECONDS} seconds"
        time.sleep(0.05)
    return answer
