"""torchbook.twins.optimizers: every optimizer and setting is there, a difference is seen."""

import inspect
import math

import pytest
import torch

from torchbook.scratch import optim
from torchbook.twins import optimizers as twins

RATES_AND_THE_LIKE = {"self", "params", "lr", "eps"}


def test_every_optimizer_is_there_with_every_setting():
    assert {name for name, _ in twins.TWINS} == set(optim.__all__) - {"Optimizer"}
    for kind in {name for name, _ in twins.TWINS}:
        used = {key for name, given in twins.TWINS if name == kind for key in given}
        wanted = set(inspect.signature(getattr(optim, kind)).parameters)
        if kind == "AdamW":
            wanted -= {"betas"}  # Adam's
        assert used | RATES_AND_THE_LIKE >= wanted


@pytest.mark.parametrize(
    ("dtype", "most"), [(torch.float64, 1e-12), (torch.float32, 1e-4)]
)
@pytest.mark.parametrize(("name", "settings"), twins.TWINS)
def test_only_rounding_is_left(name, settings, dtype, most):
    for seed in range(2):
        ours, torchs = getattr(optim, name), getattr(torch.optim, name)
        found = twins.difference(ours, torchs, settings, seed=seed, dtype=dtype)
        assert found < most


@pytest.mark.parametrize(("name", "settings"), twins.TWINS)
def test_another_rate_is_seen(name, settings):
    def faster(params, lr, **others):
        return getattr(optim, name)(params, lr=1.001 * lr, **others)

    assert twins.difference(faster, getattr(torch.optim, name), settings) > 1e-5


def test_a_difference_at_one_step_only_is_seen():
    class Late(optim.SGD):
        """Off at step 150 by a thousandth, and back at the next."""

        count = 0

        @torch.no_grad()
        def step(self):
            super().step()
            self.count += 1
            off = {150: 1e-3, 151: -1e-3}.get(self.count, 0)
            self.param_groups[0]["params"][0].add_(off)

    found = twins.difference(Late, torch.optim.SGD, {"lr": 0.0})
    assert found == pytest.approx(1e-3, rel=1e-6)


def test_a_number_that_is_none_is_seen_though_later_ones_are_well():
    class Broken(optim.SGD):
        count = 0

        @torch.no_grad()
        def step(self):
            self.count += 1
            first = self.param_groups[0]["params"][0]
            if self.count == 1:
                self.before = first.clone()
            first.copy_(self.before * (math.nan if self.count == 3 else 1))

    found = twins.difference(Broken, torch.optim.SGD, {"lr": 0.0})
    assert math.isnan(found)


def test_the_table_has_a_row_for_each():
    heading, *rows = twins.table().cells()
    assert heading == ["ours", "torch's", "settings", "largest difference"]
    assert [row[0] for row in rows] == [name for name, _ in twins.TWINS]
    for name, theirs, shown, found in rows:
        assert theirs == f"optim.{name}"
        assert shown.startswith("lr=")
        assert float(found) < 1e-12


def test_a_difference_is_the_same_every_time_and_another_for_another_seed():
    def found(seed):
        settings = {"lr": 0.01, "amsgrad": True}
        return twins.difference(optim.Adam, torch.optim.Adam, settings, seed=seed)

    assert found(0) == found(0)
    assert len({found(seed) for seed in range(4)}) > 1
