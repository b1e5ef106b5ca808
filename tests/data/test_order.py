"""torchbook.data.order: every sample once, parts that make the batch, passes taken up anywhere."""

from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from torchbook.data.order import Order

sizes = st.integers(1, 40)


def flat(lists):
    return list(chain.from_iterable(lists))


def rows_of(order):
    """One whole pass, as lists, its place moved as a loader would."""
    this_pass, batches = order.begin(), []
    for part in this_pass:
        batches.append(part.rows.tolist())
        this_pass.reached(part)
    this_pass.end()
    return batches


@given(sizes, sizes, st.booleans(), st.integers(-(2**63), 2**64 - 1))
@settings(deadline=None)
def test_every_sample_comes_once_in_batches_of_the_size(n, size, shuffle, seed):
    order = Order(n, size, shuffle, seed)
    for epoch in range(3):
        assert order.epoch == epoch
        batches = rows_of(order)
        assert sorted(flat(batches)) == list(range(n))
        assert len(batches) == len(order)
        assert all(len(batch) == size for batch in batches[:-1])
        if not shuffle:
            assert flat(batches) == list(range(n))


@given(st.data(), sizes, sizes, st.booleans())
@settings(deadline=None)
def test_a_pass_goes_on_with_any_number_of_processes(data, n, size, shuffle):
    most = min(n, size)
    worlds = [data.draw(st.integers(1, most)) for _ in range(2)]
    first, epoch = Order(n, size, shuffle, 5), data.draw(st.integers(0, 2))
    first.share(data.draw(st.integers(0, worlds[0] - 1)), worlds[0])
    whole = Order(n, size, shuffle, 5)
    for _ in range(epoch):
        rows_of(first), rows_of(whole)
    this_pass = first.begin()
    k = data.draw(st.integers(0, len(whole)))
    for _, part in zip(range(k), this_pass, strict=False):
        this_pass.reached(part)
    want, later = rows_of(whole)[k:], rows_of(whole)

    parts = []
    for rank in range(worlds[1]):
        order = Order(n, size, shuffle, seed=77)
        if data.draw(st.booleans()):  # before or after, it makes no difference
            order.share(rank, worlds[1])
            order.load_state_dict(first.state_dict())
        else:
            order.load_state_dict(first.state_dict())
            order.share(rank, worlds[1])
        assert (order.epoch, order.position) == (epoch, k)
        parts.append((rows_of(order), rows_of(order)))
    for number, batches in enumerate((want, later)):
        mine = [part[number] for part in parts]
        assert [flat(batch) for batch in zip(*mine, strict=True)] == batches
        for batch in zip(*mine, strict=True):
            lengths = [len(rows) for rows in batch]
            assert max(lengths) - min(lengths) <= 1
            assert sorted(lengths, reverse=True) == lengths


def test_the_parts_are_those_of_tensor_split():
    order = Order(11, 4, shuffle=True, seed=2)
    whole = [torch.tensor(batch) for batch in rows_of(order)]
    for rank in range(3):
        mine = Order(11, 4, shuffle=True, seed=2)
        mine.share(rank, 3)
        want = [batch.tensor_split(3)[rank].tolist() for batch in whole]
        assert rows_of(mine) == want
        assert [part.total for part in mine.begin()] == [4, 4, 3]


def test_a_last_batch_smaller_than_the_processes_leaves_some_without_rows():
    orders = [Order(7, 6) for _ in range(3)]
    for rank, order in enumerate(orders):
        order.share(rank, 3)
    assert [rows_of(order) for order in orders] == [
        [[0, 1], [6]],
        [[2, 3], []],
        [[4, 5], []],
    ]


def test_a_pass_can_be_read_as_often_as_wanted_and_moves_nothing_by_itself():
    order = Order(10, 3, shuffle=True)
    this_pass = order.begin()
    one, two = ([part.rows.tolist() for part in this_pass] for _ in range(2))
    assert one == two
    assert (len(this_pass), order.position, order.epoch) == (4, 0, 0)


def test_sharing_holds_from_the_next_pass_on():
    order = Order(8, 4)
    this_pass = order.begin()
    parts = iter(this_pass)
    next(parts)
    order.share(1, 2)
    assert next(parts).rows.tolist() == [4, 5, 6, 7]
    assert [part.rows.tolist() for part in order.begin()] == [[2, 3], [6, 7]]


@pytest.mark.parametrize(
    ("rank", "world", "words"),
    [
        (2, 2, "rank 2 of 2 processes: wanted"),
        (-1, 2, "rank -1 of 2 processes"),
        (0, 0, "at least one process"),
        (0, 5, "batch_size of 4 for 5 processes.* give 5 or more, or start fewer"),
    ],
)
def test_a_share_that_cannot_be_is_refused_and_changes_nothing(rank, world, words):
    order = Order(8, 4)
    order.share(1, 2)
    with pytest.raises(ValueError, match=words):
        order.share(rank, world)
    assert (order.rank, order.world) == (1, 2)


def test_fewer_samples_than_processes_are_refused():
    with pytest.raises(ValueError, match="3 samples for 4 processes: start at most 3"):
        Order(3, 64).share(0, 4)


@pytest.mark.parametrize(
    ("samples", "size", "words"),
    [(0, 4, "0 samples"), (4, 0, "batch_size 0"), (4, -1, "batch_size -1")],
)
def test_nothing_to_order_is_refused(samples, size, words):
    with pytest.raises(ValueError, match=words):
        Order(samples, size)


def draws(order, share=(0, 1)):
    """The first random number of each batch of a pass."""
    order.share(*share)
    this_pass, numbers = order.begin(), []
    for part in this_pass:
        numbers.append(torch.rand((), generator=this_pass.generator(part)).item())
        this_pass.reached(part)
    this_pass.end()
    return numbers


def test_chance_is_set_by_seed_epoch_position_and_rank():
    numbers = {}
    for seed in (0, 1):
        for rank in (0, 1):
            order = Order(12, 4, seed=seed)
            for epoch in range(3):
                for position, number in enumerate(draws(order, (rank, 2))):
                    numbers[seed, epoch, position, rank] = number
    assert len(set(numbers.values())) == len(numbers) == 36
    alone = Order(12, 4, seed=0)
    assert draws(alone) == [numbers[0, 0, position, 0] for position in range(3)]


def test_chance_is_that_of_a_seed_sequence():
    order = Order(12, 4, seed=9)
    order.share(1, 2)
    this_pass = order.begin()
    words = np.random.SeedSequence(9, spawn_key=(0, 1)).generate_state(3, np.uint64)
    for part in this_pass:
        assert this_pass.generator(part).initial_seed() == words[part.position]


def test_chance_is_the_same_when_a_pass_is_taken_up():
    whole = Order(40, 4, shuffle=True, seed=3)
    want = [draws(whole), draws(whole)]
    for k in (0, 3, 9):
        stopped = Order(40, 4, shuffle=True, seed=3)
        this_pass = stopped.begin()
        for _, part in zip(range(k), this_pass, strict=False):
            this_pass.reached(part)
        resumed = Order(40, 4, shuffle=True, seed=8)
        resumed.load_state_dict(stopped.state_dict())
        assert draws(resumed) == want[0][k:]
        assert draws(resumed) == want[1]


def test_the_seed_of_a_sample_is_set_by_seed_epoch_and_row():
    def seeds(seed, world=1):
        found = {}
        for rank in range(world):
            order = Order(20, 6, shuffle=True, seed=seed)
            order.share(rank, world)
            for epoch in range(2):
                this_pass = order.begin()
                for part in this_pass:
                    rows = part.rows.tolist()
                    for row, number in zip(
                        rows, this_pass.seeds(part.rows), strict=True
                    ):
                        found[epoch, row] = number
                this_pass.end()
        return found

    assert seeds(1) == seeds(1, world=3)
    assert len(set(seeds(1).values()) | set(seeds(2).values())) == 80


def test_a_negative_seed_is_read_as_torch_reads_it():
    negative, positive = Order(20, 4, True, seed=-1), Order(20, 4, True, seed=2**64 - 1)
    want = torch.randperm(20, generator=torch.Generator().manual_seed(-1)).tolist()
    assert flat(rows_of(negative)) == flat(rows_of(positive)) == want
    with pytest.raises(TypeError):
        Order(20, 4, True, seed=0.5)


def test_the_place_is_that_of_the_pass_begun_last():
    order = Order(6, 2)
    older, newer = order.begin(), order.begin()
    for part in older:
        older.reached(part)
    older.end()
    assert (order.epoch, order.position) == (0, 0)
    newer.reached(next(iter(newer)))
    assert order.position == 1
    newer.end()
    newer.end()  # a second time counts for nothing
    assert (order.epoch, order.position) == (1, 0)
