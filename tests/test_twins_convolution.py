"""torchbook.twins.convolution: nothing is left out, and a difference would be seen."""

import inspect
import math

import pytest
import torch

from torchbook.scratch import conv
from torchbook.twins import convolution as twins

NO_TWIN = {"output_size"}  # numbers, no tensors


def changed(twin, change):
    def ours(X, *others, **settings):
        return change(twin.ours(X, *others, **settings), X, *others)

    return twin._replace(ours=ours)


def test_every_function_of_scratch_is_there():
    there = {
        name
        for name, found in inspect.getmembers(conv, inspect.isfunction)
        if found.__module__ == conv.__name__ and not name.startswith("_")
    }
    assert {name.split(",")[0] for name in twins.TWINS} | NO_TWIN == there


def test_every_setting_of_a_convolution_is_there_alone_and_with_the_others():
    wanted = set(inspect.signature(conv.conv2d).parameters) - {"X", "weight", "bias"}
    rows = [set(t.settings) for t in twins.TWINS.values() if t.ours is conv.conv2d]
    assert all({setting} in rows for setting in wanted)
    assert wanted in rows


@pytest.mark.parametrize("name", twins.TWINS)
@pytest.mark.parametrize(
    ("dtype", "most"), [(torch.float64, 1e-13), (torch.float32, 1e-4)]
)
def test_only_rounding_is_left(name, dtype, most):
    for seed in range(3):
        found = twins.differences(twins.TWINS[name], seed=seed, dtype=dtype)
        assert all(d < most for d in found)


@pytest.mark.parametrize("name", twins.TWINS)
def test_a_difference_in_value_alone_or_in_slope_is_seen(name):
    twin = twins.TWINS[name]
    value, slope = twins.differences(changed(twin, lambda out, *_: out + 0.25))
    assert 0 < value <= 0.25 + 1e-12
    assert slope < 1e-12
    assert min(twins.differences(changed(twin, lambda out, *_: 2 * out))) > 0.01


@pytest.mark.parametrize("which", [1, 2])
def test_a_slope_in_the_kernels_or_biases_alone_is_seen(which):
    def more(out, *tensors):
        extra = tensors[which].sum()
        return out + extra - extra.detach()  # no change in value

    value, slope = twins.differences(changed(twins.TWINS["conv2d"], more))
    assert value < 1e-12
    assert slope > 0.01


@pytest.mark.parametrize("name", twins.TWINS)
def test_a_slope_that_is_no_number_is_seen(name):
    def without_slope(out, X, *_):
        return out + (0 * X.sum()).sqrt()  # its slope is 0 times inf

    value, slope = twins.differences(changed(twins.TWINS[name], without_slope))
    assert value < 1e-12
    assert math.isnan(slope)


def test_the_table_has_a_row_for_each_with_torchs_name():
    heading, *rows = twins.table().cells()
    assert heading == ["ours", "torch's", "value", "slope"]
    assert [row[0] for row in rows] == list(twins.TWINS)
    for _, theirs, value, slope in rows:
        assert hasattr(torch.nn.functional, theirs.removeprefix("F."))
        assert float(value) < 1e-13
        assert float(slope) < 1e-13


def test_the_table_is_the_same_every_time_and_coarser_in_float32():
    assert twins.table().cells() == twins.table().cells()
    coarse = twins.table(dtype=torch.float32).cells()[1:]
    assert max(float(row[2]) for row in coarse) > 1e-9
