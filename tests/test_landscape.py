"""torchbook.landscape: known lowest points and curvatures, and walks beside a loop by hand."""

import math

import pytest
import torch

from torchbook import landscape
from torchbook.landscape import plateau, ravine, saddle, several_minima, walk
from torchbook.scratch import optim

SURFACES = [ravine, saddle, several_minima, plateau]
every_surface = pytest.mark.parametrize("surface", SURFACES, ids=lambda s: s.name)


def point(w1, w2):
    return torch.tensor([w1, w2], dtype=torch.float64)


def slope(surface, w):
    w = torch.as_tensor(w, dtype=torch.float64).clone().requires_grad_()
    return torch.autograd.grad(surface.function(w).sum(), w)[0]


def curvatures(surface, w):
    """From the lowest to the highest."""
    hessian = torch.autograd.functional.hessian(surface.function, point(*w))
    return torch.linalg.eigvalsh(hessian).tolist()


def grid(surface, n=201):
    low1, high1, low2, high2 = surface.limits
    return torch.cartesian_prod(
        torch.linspace(low1, high1, n, dtype=torch.float64),
        torch.linspace(low2, high2, n, dtype=torch.float64),
    )


def gd(lr, **settings):
    return lambda params: torch.optim.SGD(params, lr=lr, **settings)


@every_surface
def test_the_lowest_point_has_height_0_no_slope_and_nothing_below(surface):
    assert surface.function(point(*surface.lowest)).item() == pytest.approx(
        0, abs=1e-12
    )
    assert slope(surface, surface.lowest).norm() < 1e-12
    assert min(curvatures(surface, surface.lowest)) > 0.5
    assert surface.function(grid(surface)).min() >= -1e-12


@every_surface
def test_start_and_lowest_point_are_on_the_map(surface):
    low1, high1, low2, high2 = surface.limits
    for w1, w2 in (surface.start, surface.lowest):
        assert low1 < w1 < high1
        assert low2 < w2 < high2


@every_surface
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_surface_takes_points_of_any_shape_one_by_one(surface, dtype):
    g = torch.Generator().manual_seed(0)
    w = torch.randn(3, 4, 2, generator=g, dtype=dtype)
    heights = surface.function(w)
    assert (heights.shape, heights.dtype) == ((3, 4), dtype)
    alone = torch.stack([surface.function(v) for v in w.reshape(-1, 2)])
    torch.testing.assert_close(heights.reshape(-1), alone)


def test_names_are_those_of_the_book():
    assert [s.name for s in SURFACES] == [
        "ravine",
        "saddle",
        "several minima",
        "plateau",
    ]


def test_the_ravine_is_50_times_as_steep_across_as_along_and_turned():
    for w in ((0, 0), (1.3, -0.4)):
        assert curvatures(ravine, w) == pytest.approx([1, 50])
    along = point(math.cos(math.pi / 6), math.sin(math.pi / 6))
    assert slope(ravine, along).tolist() == pytest.approx(along.tolist())
    assert abs(slope(ravine, point(1, 0)).tolist()[1]) > 1  # so no axis is a floor


def test_the_ravine_is_left_upwards_by_rates_above_a_25th():
    def last(lr):
        return ravine.function(walk(ravine, gd(lr), 500)[-1]).item()

    assert last(0.039) < 1e-6
    assert last(0.041) > 1e6


def test_the_saddle_has_no_slope_at_0_and_minima_to_both_sides():
    assert slope(saddle, (0, 0)).tolist() == [0, 0]
    assert curvatures(saddle, (0, 0)) == pytest.approx([-1, 1])
    for side in (1.0, -1.0):
        assert saddle.function(point(0, side)).item() == 0
        assert slope(saddle, (0, side)).norm() == 0
        assert curvatures(saddle, (0, side)) == pytest.approx([1, 2])
    assert saddle.lowest == (0, 1)


def test_the_saddle_holds_a_walk_for_a_while_and_the_start_on_the_ridge_for_ever():
    path = walk(saddle, gd(0.1), 200)
    near = (path.norm(dim=1) < 0.3).sum().item()
    assert near > 15
    assert (path[-1] - point(*saddle.lowest)).norm() < 1e-3
    ridge = walk(saddle, gd(0.1), 500, start=(-1.5, 0.0))
    assert ridge[-1].norm() < 1e-10


def test_several_minima_are_the_corners_of_a_square_at_four_heights():
    corners = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    for corner in corners:
        assert slope(several_minima, corner).norm() < 1e-12
        assert min(curvatures(several_minima, corner)) > 0.5
    heights = [several_minima.function(point(*c)).item() for c in corners]
    assert heights == sorted(heights)
    assert heights == pytest.approx([0, 0.4 / 3, 1.2 / 3, 1.6 / 3])


def test_between_several_minima_lie_a_hump_and_four_saddles():
    signs = {}
    for w1 in (-1, 0.3, 1):
        for w2 in (-1, 0.1, 1):
            assert slope(several_minima, (w1, w2)).norm() < 1e-7
            low, high = curvatures(several_minima, (w1, w2))
            signs[w1, w2] = (low > 0) + (high > 0)
    assert sorted(signs.values()) == [0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert signs[0.3, 0.1] == 0


def test_descent_on_several_minima_ends_in_another_than_the_lowest():
    end = walk(several_minima, gd(0.1), 300)[-1]
    assert end.tolist() == pytest.approx([1, 1], abs=1e-6)


def test_the_plateau_is_almost_flat_and_its_cliff_is_not():
    at_start = slope(plateau, plateau.start).norm().item()
    line = torch.linspace(0, 1, 500, dtype=torch.float64)[:, None]
    steepest = slope(plateau, line * point(*plateau.start)).norm(dim=1).max().item()
    assert at_start < 0.06
    assert steepest > 20 * at_start
    outside = grid(plateau)
    outside = outside[outside.norm(dim=1) > 1.6]
    assert slope(plateau, outside).norm(dim=1).max() < 0.1


def by_hand(surface, lr, momentum, steps):
    w, v = point(*surface.start), torch.zeros(2, dtype=torch.float64)
    path = [w]
    for _ in range(steps):
        v = momentum * v + slope(surface, w)
        w = w - lr * v
        path.append(w)
    return torch.stack(path)


@every_surface
@pytest.mark.parametrize("momentum", [0, 0.9])
def test_a_walk_is_that_of_a_loop_by_hand(surface, momentum):
    path = walk(surface, gd(0.02, momentum=momentum), 100)
    expected = by_hand(surface, 0.02, momentum, 100)
    torch.testing.assert_close(path, expected, rtol=0, atol=1e-10)
    assert (path.shape, path.dtype) == ((101, 2), torch.float64)
    assert path[0].tolist() == list(surface.start)
    assert not path.requires_grad


@every_surface
@pytest.mark.parametrize("kind", ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"])
def test_our_optimizers_walk_as_torchs_do(surface, kind):
    ours, theirs = (
        walk(surface, lambda params, m=module: getattr(m, kind)(params, lr=0.03), 150)
        for module in (optim, torch.optim)
    )
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    assert (ours[-1] - ours[0]).norm() > 0.1


def test_a_walk_forgets_the_slopes_of_the_step_before():
    class Forgetful(torch.optim.SGD):
        def zero_grad(self):
            """Leaves them, so that they add up: this walk must differ."""

    kept = walk(ravine, lambda params: Forgetful(params, lr=0.01), 5)
    path = walk(ravine, gd(0.01), 5)
    assert torch.equal(kept[:2], path[:2])
    assert not torch.allclose(kept[2:], path[2:])


def test_a_walk_may_begin_elsewhere_and_leaves_its_start_alone():
    start = torch.tensor([1.0, 0.5], requires_grad=True)
    path = walk(several_minima, gd(0.1), 10, start=start)
    assert path[0].tolist() == start.tolist() == [1.0, 0.5]
    assert path[-1].tolist() != [1.0, 0.5]
    assert start.grad is None
    assert walk(several_minima, gd(0.1), 0, start=[2, -1]).tolist() == [[2, -1]]


def test_a_walk_that_diverges_comes_back_whole():
    path = walk(saddle, gd(10.0), 50)
    assert path.shape == (51, 2)
    assert not path[-1].isfinite().all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"steps": -1}, "steps -1: wanted a number from 0"),
        ({"steps": 1, "start": (1.0,)}, "wanted two finite numbers"),
        ({"steps": 1, "start": (1.0, 2.0, 3.0)}, "wanted two finite numbers"),
        ({"steps": 1, "start": (math.nan, 0.0)}, "wanted two finite numbers"),
        ({"steps": 1, "start": (0.0, math.inf)}, "wanted two finite numbers"),
    ],
)
def test_a_walk_refuses_what_is_none(given, said):
    with pytest.raises(ValueError, match=said):
        walk(ravine, gd(0.1), **given)


def test_a_surface_of_ones_own_can_be_walked():
    bowl = landscape.Surface(
        "bowl", lambda w: w.square().sum(-1), (1.0, 2.0), (-3, 3, -3, 3), (0.0, 0.0)
    )
    path = walk(bowl, gd(0.25), 3)
    assert path.tolist() == [[1, 2], [0.5, 1], [0.25, 0.5], [0.125, 0.25]]
