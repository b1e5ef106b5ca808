"""torchbook.twins.layers: nothing is left out, and a difference would be seen."""

import inspect
import math

import pytest
import torch
from torch import nn

from torchbook.scratch import layers, penalties
from torchbook.twins import layers as twins

EVERY = {**twins.LAYERS, **twins.FUNCTIONS}


def differences(twin, **options):
    kind = twins.of_layers if isinstance(twin, twins.Layers) else twins.of_functions
    return kind(twin, **options)


def all_below(most, found):
    """False for nan, which Python's max may pass over."""
    return all(d is None or d < most for d in found)


class Changed(nn.Module):
    """One of our layers, with outputs that are changed."""

    def __init__(self, layer, change):
        super().__init__()
        self.layer, self.change = layer, change

    def state_dict(self, *args, **kwargs):
        return self.layer.state_dict(*args, **kwargs)

    def load_state_dict(self, *args, **kwargs):
        return self.layer.load_state_dict(*args, **kwargs)

    def forward(self, X):
        return self.change(self.layer(X), X)


def changed(twin, change):
    if isinstance(twin, twins.Layers):
        return twin._replace(ours=lambda: Changed(twin.ours(), change))
    return twin._replace(ours=lambda w: change(twin.ours(w), w))


def test_every_layer_and_penalty_of_scratch_is_there():
    classes = {
        name
        for name, found in inspect.getmembers(layers, inspect.isclass)
        if issubclass(found, nn.Module) and found.__module__ == layers.__name__
    }
    assert {name.split(" ")[0].rstrip(",") for name in twins.LAYERS} == classes
    functions = {
        name
        for name, found in inspect.getmembers(penalties, inspect.isfunction)
        if found.__module__ == penalties.__name__ and not name.startswith("_")
    }
    assert {name.split(",")[0] for name in twins.FUNCTIONS} == functions


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize(
    ("dtype", "most"), [(torch.float64, 1e-12), (torch.float32, 1e-4)]
)
def test_only_rounding_is_left(name, dtype, most):
    for seed in range(3):
        assert all_below(most, differences(EVERY[name], seed=seed, dtype=dtype))


@pytest.mark.parametrize("name", EVERY)
def test_a_difference_in_value_alone_or_in_slope_is_seen(name):
    shifted = changed(EVERY[name], lambda out, x: out + 0.25)
    value, slope = differences(shifted)
    assert 0 < value <= 0.25 + 1e-12
    assert slope is None or slope < 1e-12
    doubled = differences(changed(EVERY[name], lambda out, x: 2 * out))
    assert all(d is None or d > 0.01 for d in doubled)


@pytest.mark.parametrize(
    "name", [n for n, t in EVERY.items() if getattr(t, "slope", 1)]
)
def test_a_slope_that_is_no_number_is_seen(name):
    def without_slope(out, x):
        return out + (0 * x.sum()).sqrt()  # its slope is 0 times inf

    value, slope = differences(changed(EVERY[name], without_slope))
    assert value < 1e-12
    assert math.isnan(slope)


def test_running_statistics_that_differ_are_seen():
    twin = twins.LAYERS["BatchNorm (N, C), train"]
    other = twin._replace(ours=lambda: layers.BatchNorm(twins.C, momentum=0.2))
    value, slope = differences(other)
    assert value > 1e-3
    assert slope < 1e-12


def test_another_mask_is_seen():
    twin = twins.LAYERS["Dropout, train"]
    other = twin._replace(ours=lambda: layers.Dropout(0.31))
    assert min(differences(other)) > 0.01


def test_the_table_has_a_row_for_each_with_torchs_name():
    heading, *rows = twins.table().cells()
    assert heading == ["ours", "torch's", "value", "slope"]
    assert [row[0] for row in rows] == list(EVERY)
    homes = {"nn": nn, "F": nn.functional, "optim": torch.optim}
    for _, theirs, value, slope in rows:
        home, name = theirs.split(".")
        assert hasattr(homes[home], name)
        assert all_below(1e-12, (float(value), float(slope or 0)))
    assert [row[3] for row in rows].count("") == 2


def test_the_table_is_the_same_every_time_and_draws_nothing_of_the_callers():
    torch.manual_seed(3)
    first = twins.table().cells()
    after = torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(after, torch.rand(2))
    assert twins.table().cells() == first
    coarse = twins.table(dtype=torch.float32).cells()[1:]
    assert max(float(row[2]) for row in coarse) > 1e-9
