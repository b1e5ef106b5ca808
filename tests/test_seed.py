"""torchbook.seed: the same seed, the same numbers, from every source."""

import random

import numpy as np
import pytest
import torch

from torchbook import seed


def draw(generator):
    return (
        [random.random() for _ in range(3)],
        np.random.rand(3).tolist(),
        torch.rand(3).tolist(),
        torch.rand(3, generator=generator).tolist(),
    )


@pytest.mark.parametrize("value", [0, 1, 2**32 - 1])
def test_every_source_repeats(value):
    first = draw(seed.everything(value))
    later = draw(seed.everything(value))
    assert first == later


def test_another_seed_gives_other_numbers_from_every_source():
    pairs = zip(draw(seed.everything(1)), draw(seed.everything(2)), strict=True)
    assert all(one != two for one, two in pairs)


def test_the_numbers_are_those_of_the_libraries_own_seeds():
    generator = seed.everything(7)
    assert random.random() == random.Random(7).random()
    assert np.random.rand() == np.random.RandomState(7).rand()
    mine = torch.Generator().manual_seed(7)
    want = torch.rand(3, generator=mine)
    assert torch.equal(torch.rand(3), want)
    assert torch.equal(torch.rand(3, generator=generator), want)
    assert generator.initial_seed() == 7


def test_the_generator_is_not_the_global_one():
    generator = seed.everything(3)
    expected = torch.rand(4, generator=torch.Generator().manual_seed(3))
    torch.rand(100)  # others may draw in between
    assert torch.equal(torch.rand(4, generator=generator), expected)


@pytest.mark.parametrize("value", [-1, 2**32])
def test_out_of_range_is_an_error_and_changes_nothing(value):
    seed.everything(5)
    with pytest.raises(ValueError, match=str(value)):
        seed.everything(value)
    after = torch.rand(3)
    seed.everything(5)
    assert torch.equal(torch.rand(3), after)
