"""torchbook.twins: nothing is left out, and a difference would be seen."""

import inspect
import math

import pytest
import torch

from torchbook import twins
from torchbook.scratch import activations, losses

EVERY = {**twins.ACTIVATIONS, **twins.LOSSES}
NO_TWIN = {
    "step",
    "zero_one",
    "perceptron",
    "log_loss",
    "one_hot",
}  # no slope, or part 2's


def options(name):
    return {"reduction": "none"} if name in twins.LOSSES else {}


def all_below(most, found):
    """False for nan, which Python's max may pass over."""
    return all(d < most for d in found)


def test_every_function_of_scratch_is_there():
    there = {
        name
        for name, found in inspect.getmembers(activations, inspect.isfunction)
        if not name.startswith("_")
    }
    assert there | set(losses.__all__) == set(EVERY) | NO_TWIN


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    ("dtype", "most"), [(torch.float64, 1e-13), (torch.float32, 1e-4)]
)
def test_only_rounding_is_left(name, dtype, most):
    for seed in range(3):
        found = twins.differences(EVERY[name], seed=seed, dtype=dtype, **options(name))
        assert all_below(most, found)


@pytest.mark.parametrize("name", EVERY)
def test_ours_and_torchs_are_not_the_same_function(name):
    assert EVERY[name].ours is not EVERY[name].torchs


@pytest.mark.parametrize("name", EVERY)
def test_a_difference_in_value_alone_or_in_slope_is_seen(name):
    twin, given = EVERY[name], options(name)

    def shifted(*args, **kwargs):
        return twin.ours(*args, **kwargs) + 0.25

    value, slope = twins.differences(twin._replace(ours=shifted), **given)
    assert value == pytest.approx(0.25)
    assert slope < 1e-12

    def doubled(*args, **kwargs):
        return 2 * twin.ours(*args, **kwargs)

    assert min(twins.differences(twin._replace(ours=doubled), **given)) > 0.01


@pytest.mark.parametrize("name", EVERY)
def test_a_slope_that_is_no_number_is_seen(name):
    twin = EVERY[name]

    def without_slope(first, *others, **kwargs):
        nothing = (0 * first.sum()).sqrt()  # its slope is 0 times inf
        return twin.ours(first, *others, **kwargs) + nothing

    found = twins.differences(twin._replace(ours=without_slope), **options(name))
    assert found[0] < 1e-13
    assert math.isnan(found[1])
    assert not all_below(1e-4, found)


def test_the_table_has_a_row_for_each_with_torchs_name():
    heading, *rows = twins.table().cells()
    assert heading == ["ours", "torch's", "value", "slope"]
    assert [row[0] for row in rows] == list(EVERY)
    for _, theirs, value, slope in rows:
        assert hasattr(torch.nn.functional, theirs)
        assert all_below(1e-13, (float(value), float(slope)))


def test_the_table_is_the_same_every_time_and_coarser_in_float32():
    assert twins.table().cells() == twins.table().cells()
    coarse = twins.table(dtype=torch.float32).cells()[1:]
    assert max(float(row[2]) for row in coarse) > 1e-9
