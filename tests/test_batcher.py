"""torchbook.batcher: every picture gets its own answer, and those that wait share a batch."""

import asyncio
import threading

import pytest
import torch

from torchbook.batcher import Batcher


def double(X):
    return 2 * X


def alive(batcher, body):
    """Run body() in an event loop while the batcher works."""

    async def main():
        batcher.start()
        try:
            return await asyncio.wait_for(body(), 60)
        finally:
            await batcher.stop()

    return asyncio.run(main())


def test_each_gets_the_row_of_its_own_picture():
    batcher = Batcher(double, most=8)

    async def body():
        return await asyncio.gather(*(batcher(torch.tensor([n])) for n in range(100)))

    got = alive(batcher, body)
    assert [row.item() for row in got] == list(range(0, 200, 2))
    assert sum(size * count for size, count in batcher.sizes.items()) == 100
    assert max(batcher.sizes) <= 8


def test_a_lone_picture_waits_for_nobody_and_those_that_wait_go_together():
    begun, go_on = threading.Event(), threading.Event()

    def slow(X):
        begun.set()
        assert go_on.wait(60)
        return X

    batcher = Batcher(slow, most=4)

    async def body():
        first = asyncio.create_task(batcher(torch.zeros(1)))
        await asyncio.to_thread(begun.wait, 60)
        others = [asyncio.create_task(batcher(torch.ones(1))) for _ in range(6)]
        await asyncio.sleep(0)  # the loop is free while the network computes
        go_on.set()
        await asyncio.gather(first, *others)

    alive(batcher, body)
    assert batcher.sizes == {1: 1, 4: 1, 2: 1}


def test_an_error_reaches_its_batch_and_the_next_is_answered():
    def sometimes(X):
        if (X < 0).any():
            raise ArithmeticError("negative")
        return X

    batcher = Batcher(sometimes)

    async def body():
        with pytest.raises(ArithmeticError, match="negative"):
            await batcher(torch.tensor([-1.0]))
        return await batcher(torch.tensor([1.0]))

    assert alive(batcher, body).item() == 1


def test_who_gave_up_is_left_out():
    begun, go_on = threading.Event(), threading.Event()

    def slow(X):
        begun.set()
        assert go_on.wait(60)
        return X

    batcher = Batcher(slow)

    async def body():
        first = asyncio.create_task(batcher(torch.zeros(1)))
        await asyncio.to_thread(begun.wait, 60)
        gone = asyncio.create_task(batcher(torch.zeros(1)))
        other = asyncio.create_task(batcher(torch.ones(1)))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.gather(first, other)

    alive(batcher, body)
    assert batcher.sizes == {1: 2}


def test_batches_have_one_thread_and_never_overlap():
    """Not even where a batch of before the end is still being computed after a new start."""
    begun, go_on, here, most, names = (
        threading.Event(),
        threading.Event(),
        [],
        [],
        set(),
    )

    def slow(X):
        here.append(1)
        most.append(len(here))
        names.add(threading.current_thread().name)
        begun.set()
        assert go_on.wait(60)
        here.pop()
        return X

    batcher = Batcher(slow)

    async def main():
        batcher.start()
        left = asyncio.create_task(batcher(torch.zeros(1)))
        await asyncio.to_thread(begun.wait, 60)
        await batcher.stop()
        batcher.start()
        later = asyncio.create_task(batcher(torch.ones(1)))
        await asyncio.sleep(0.2)
        go_on.set()
        assert (await later).item() == 1
        await batcher.stop()
        return await asyncio.gather(left, return_exceptions=True)

    assert "ending" in str(asyncio.run(main())[0])
    assert max(most) == 1 and len(names) == 1


def test_failures_are_counted_until_one_goes_well():
    broken = [True, True, False]

    def sometimes(X):
        if broken.pop(0):
            raise ArithmeticError
        return X

    batcher, counts = Batcher(sometimes), []

    async def body():
        for _ in range(3):
            await asyncio.gather(batcher(torch.ones(1)), return_exceptions=True)
            counts.append(batcher.failed)

    alive(batcher, body)
    assert counts == [1, 2, 0]


def test_nobody_waits_for_ever_whatever_ends_the_batch():
    class Odd(BaseException):
        pass

    def answer(X):
        raise Odd

    async def main():
        batcher = Batcher(answer)
        batcher.start()
        with pytest.raises(RuntimeError, match="ending"):
            await asyncio.wait_for(batcher(torch.ones(1)), 60)
        await asyncio.sleep(0)
        assert not batcher.running

    asyncio.run(main())


def test_the_end_is_told_to_those_who_wait():
    hold, begun = threading.Event(), threading.Event()

    def slow(X):
        begun.set()
        hold.wait(60)
        return X

    async def main():
        batcher = Batcher(slow, most=1)
        batcher.start()
        waiting = [asyncio.create_task(batcher(torch.zeros(1))) for _ in range(3)]
        await asyncio.to_thread(begun.wait, 60)
        ending = asyncio.create_task(batcher.stop())
        hold.set()
        await ending
        assert not batcher.running
        return await asyncio.gather(*waiting, return_exceptions=True)

    told = asyncio.run(main())
    assert {type(each) for each in told} <= {RuntimeError}
    assert all("ending" in str(each) for each in told)


def test_a_batcher_that_is_not_running_says_so():
    with pytest.raises(RuntimeError, match="call start first"):
        asyncio.run(Batcher(double)(torch.zeros(1)))


def test_a_batch_holds_at_least_one():
    with pytest.raises(ValueError, match="at most 0: wanted 1 or more"):
        Batcher(double, most=0)
