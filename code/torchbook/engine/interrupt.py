"""Ctrl-C that waits for the end of a step, so that what was computed can be written down."""

from __future__ import annotations

import signal
import threading
from pathlib import Path


class Interrupted(KeyboardInterrupt):
    """A run was asked to stop, and did after a whole step; `path` is its checkpoint."""

    def __init__(self, step: int, path: Path) -> None:
        super().__init__(
            f"stopped after step {step}; {path} holds all to go on from there"
        )
        self.step, self.path = step, path


class Requests:
    """While open, Ctrl-C and SIGTERM are noted in `asked`; the second Ctrl-C interrupts at once.

    Where signals cannot be caught, outside the main thread, it does nothing.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, object] = {}

    def __enter__(self) -> Requests:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *error) -> None:
        for number, handler in self._before.items():
            # None: it was not Python that had set it
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before.clear()

    def _note(self, number: int, frame) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True
