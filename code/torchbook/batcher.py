"""Requests that come at the same time share one pass through the network (part 12).

While a batch is computed, pictures queue up; what waits when it is done is the next batch. So
nobody waits for company: a lone picture is answered at once, and the busier it gets, the larger
the batches are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor


class Batcher:
    """await batcher(x), x (C, H, W), gives the row of answer(X) that belongs to x.

    answer takes (N, C, H, W) with N up to `most`, and gives (N, …); it is called in a thread
    of its own, one batch at a time, so the event loop goes on. What it raises reaches all of
    its batch. Works between `start` and `stop`. `sizes` counts the batches of each size,
    `failed` how many failed in a row. Raises ValueError for `most` below 1, RuntimeError for a
    picture before the start or after the end.
    """

    def __init__(self, answer: Callable[[Tensor], Tensor], most: int = 32) -> None:
        if most < 1:
            raise ValueError(f"batches of at most {most}: wanted 1 or more")
        self.answer, self.most, self.sizes = answer, most, {}
        self.failed = 0
        # one thread, over stop and start too: batches never overlap
        self._thread = ThreadPoolExecutor(1, "network")
        self._queue: asyncio.Queue | None = None
        self._task: asyncio.Task | None = None

    @property
    def running(self) -> bool:
        """Whether pictures are being answered."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin, in the event loop that is running."""
        self._queue = asyncio.Queue()
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """End; whoever still waits gets RuntimeError."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        while not self._queue.empty():
            _, future = self._queue.get_nowait()
            _settle(future, error=RuntimeError("the service is ending"))

    async def __call__(self, x: Tensor) -> Tensor:
        if not self.running:
            raise RuntimeError("the batcher is not running: call start first")
        future = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((x, future))
        return await future

    async def _work(self) -> None:
        while True:
            waiting = [await self._queue.get()]
            while len(waiting) < self.most and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            # whose caller gave up meanwhile needs no answer
            waiting = [(x, future) for x, future in waiting if not future.done()]
            if waiting:
                await self._answer(*zip(*waiting, strict=True))

    async def _answer(self, xs: tuple[Tensor, ...], futures: tuple) -> None:
        self.sizes[len(xs)] = self.sizes.get(len(xs), 0) + 1
        work, loop = lambda: self.answer(torch.stack(xs)), asyncio.get_running_loop()
        try:
            rows = await loop.run_in_executor(self._thread, work)
            for future, row in zip(futures, rows, strict=True):
                _settle(future, row)
            self.failed = 0
        except Exception as error:  # of the network: the next batch may fare better
            self.failed += 1
            for future in futures:
                _settle(future, error=error)
        finally:  # nobody is left to wait, whatever ended the batch
            for future in futures:
                _settle(future, error=RuntimeError("the service is ending"))


def _settle(future: asyncio.Future, row: Tensor | None = None, error=None) -> None:
    if future.done():  # has its answer, or was cancelled as its caller gave up
        return
    if error is None:
        future.set_result(row)
    else:
        future.set_exception(error)
