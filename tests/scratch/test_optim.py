"""torchbook.scratch.optim: 200 steps beside torch's optimizers, and what either refuses."""

import inspect
import io
import itertools
import math
import warnings

import pytest
import torch

from torchbook.data import toy
from torchbook.scratch import optim

SHAPES = [(4, 3), (3,), (), (2, 1, 3), (0, 3)]
SCALES = [1.0, 1e-2, 3.0, 1e-4, 1.0]
STEPS = 200
KINDS = ["SGD", "Adagrad", "RMSprop", "Adam", "AdamW"]


def every(**choices):
    """All combinations of the settings."""
    return [
        dict(zip(choices, values, strict=True))
        for values in itertools.product(*choices.values())
    ]


SETTINGS = [
    *(
        ("SGD", {"lr": 0.05, **s})
        for s in every(
            momentum=[0, 0.9],
            dampening=[0, 0.5],
            weight_decay=[0, 0.1],
            nesterov=[False, True],
        )
        if not s["nesterov"] or (s["momentum"] and not s["dampening"])
    ),
    *(("Adagrad", s) for s in every(lr_decay=[0, 0.05], weight_decay=[0, 0.1])),
    ("Adagrad", {"lr": 0.5, "eps": 0.1}),
    *(
        ("RMSprop", s)
        for s in every(centered=[False, True], momentum=[0, 0.9], weight_decay=[0, 0.1])
    ),
    ("RMSprop", {"lr": 0.02, "alpha": 0.5, "eps": 0.1}),
    *(
        (kind, {"lr": 0.02, **s})
        for kind in ("Adam", "AdamW")
        for s in every(amsgrad=[False, True], weight_decay=[0, 0.1])
    ),
    ("Adam", {"betas": (0.0, 0.5), "eps": 0.1}),
    ("AdamW", {"betas": (0.5, 0.0), "weight_decay": 1}),
    *((kind, {"lr": 0.01}) for kind in KINDS),
]


def parameters(seed=0, dtype=torch.float64):
    g = torch.Generator().manual_seed(seed)
    return [
        torch.randn(shape, generator=g, dtype=dtype).requires_grad_()
        for shape in SHAPES
    ]


def give_slopes(params, step, seed=0):
    """Those of a bowl with waves, its bottom elsewhere at every step; now and then None."""
    g = torch.Generator().manual_seed(1000 * seed + step)
    for p, scale in zip(params, SCALES, strict=True):
        d = p.detach() - torch.randn(p.shape, generator=g, dtype=p.dtype)
        given = torch.rand((), generator=g) > 0.2
        p.grad = scale * (d + d.cos()) if given else None


def walk(params, optimizer, steps=range(STEPS), seed=0, before=None):
    """All parameters after each step."""
    path = []
    for step in steps:
        give_slopes(params, step, seed)
        if before:
            before(optimizer, step)
        optimizer.step()
        path.append([p.detach().clone() for p in params])
    return path


def assert_same(ours, theirs, atol=1e-10):
    """nan is the same as nothing."""
    assert len(ours) == len(theirs)
    for step in zip(ours, theirs, strict=True):
        for a, b in zip(*step, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=atol)


def both(kind, make=lambda params: params, **settings):
    """Twice the same parameters, with our optimizer and with torch's."""
    sides = []
    for module in (optim, torch.optim):
        params = parameters()
        sides.append((params, getattr(module, kind)(make(params), **settings)))
    return sides


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("kind", "settings"), SETTINGS)
def test_200_steps_are_those_of_torch(kind, settings, seed):
    paths = []
    for module in (optim, torch.optim):
        params = parameters(seed)
        start = [p.detach().clone() for p in params]
        optimizer = getattr(module, kind)(params, **settings)
        paths.append(walk(params, optimizer, seed=seed))
        moved = [not torch.equal(p, s) for p, s in zip(params, start, strict=True)]
        assert moved == [True] * 4 + [False]  # the last has no entries
    assert_same(*paths)


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_are_those_of_torch_but_for_the_rate_of_sgd(kind):
    ours = inspect.signature(getattr(optim, kind)).parameters
    theirs = inspect.signature(getattr(torch.optim, kind)).parameters
    for name in list(ours)[1:]:
        if (kind, name) == ("SGD", "lr"):
            assert ours[name].default is inspect.Parameter.empty
        else:
            assert ours[name].default == theirs[name].default
    if kind != "Adagrad":  # torch's has initial_accumulator_value between
        assert list(ours) == list(theirs)[: len(ours)]


OWN = {
    "SGD": [{"lr": 0.01, "momentum": 0.9}, {"weight_decay": 0.1}],
    "Adagrad": [{"lr": 0.1}, {"lr_decay": 0.1}],
    "RMSprop": [{"lr": 0.1, "centered": True}, {"momentum": 0.5}],
    "Adam": [{"lr": 0.1, "amsgrad": True}, {"betas": (0.5, 0.9)}],
    "AdamW": [{"lr": 0.1, "weight_decay": 0}, {"eps": 0.1}],
}


@pytest.mark.parametrize("kind", KINDS)
def test_groups_have_their_own_settings_as_in_torch(kind):
    first, second = OWN[kind]

    def make(params):
        return [
            {"params": params[:2], **first},
            {"params": params[2], **second},
            {"params": iter(params[3:])},
        ]

    (ours, our), (theirs, their) = both(kind, make, lr=0.02)
    assert [g["lr"] for g in our.param_groups] == [first["lr"], 0.02, 0.02]
    for mine, other in zip(our.param_groups, their.param_groups, strict=True):
        for name, value in mine.items():
            if name == "params":
                assert len(value) == len(other[name])
            else:
                assert value == other[name]
    assert_same(walk(ours, our), walk(theirs, their))


def test_a_group_that_comes_later_is_taken_in_as_in_torch():
    paths = []
    for params, optimizer in both("Adam", lambda params: params[:2], lr=0.05):
        path = walk(params, optimizer, range(50))
        optimizer.add_param_group({"params": params[2:], "lr": 0.01})
        paths.append(path + walk(params, optimizer, range(50, STEPS)))
    assert_same(*paths)


def change_rate(optimizer, step):
    """One group's rate falls, the other's rises, and once there is none."""
    low, high = optimizer.param_groups
    low["lr"] = 0.05 / (1 + step)
    high["lr"] = 0.0 if step == 30 else 1e-4 * step


@pytest.mark.parametrize("kind", KINDS)
def test_a_rate_changed_between_steps_is_followed_as_in_torch(kind):
    def make(params):
        return [{"params": params[:2]}, {"params": params[2:]}]

    paths = [walk(*side, before=change_rate) for side in both(kind, make, lr=0.02)]
    assert_same(*paths)


RICH = [
    ("SGD", {"lr": 0.05, "momentum": 0.9, "weight_decay": 0.1}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.05}),
    ("RMSprop", {"centered": True, "momentum": 0.9}),
    ("Adam", {"lr": 0.02, "amsgrad": True}),
    ("AdamW", {"lr": 0.02, "weight_decay": 0.1}),
]


def through_a_file(saved):
    file = io.BytesIO()
    torch.save(saved, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


def copies(params):
    return [p.detach().clone().requires_grad_() for p in params]


@pytest.mark.parametrize(("kind", "settings"), RICH)
def test_saved_and_restored_in_the_middle_it_goes_on_as_if_never_stopped(
    kind, settings
):
    (ours, our), (theirs, their) = both(kind, **settings)
    walk(ours, our, range(77))
    walk(theirs, their, range(77))
    saved, again = through_a_file(our.state_dict()), copies(ours)
    other = getattr(optim, kind)(again, lr=123.0)  # the saved settings replace it
    other.load_state_dict(saved)
    rest = walk(ours, our, range(77, STEPS))
    assert_same(walk(again, other, range(77, STEPS)), rest, atol=0)
    assert_same(rest, walk(theirs, their, range(77, STEPS)))


@pytest.mark.parametrize(("kind", "settings"), RICH)
def test_the_state_of_torchs_twin_can_be_carried_on(kind, settings):
    params = parameters()
    theirs = getattr(torch.optim, kind)(params, **settings)
    walk(params, theirs, range(77))
    again = copies(params)
    ours = getattr(optim, kind)(again, lr=123.0)
    ours.load_state_dict(through_a_file(theirs.state_dict()))
    rest = range(77, STEPS)
    assert_same(walk(again, ours, rest), walk(params, theirs, rest))


def entries(saved):
    """The tensors of a state dict, as numbers."""
    return [
        value.tolist()
        for entry in saved["state"].values()
        for value in entry.values()
        if isinstance(value, torch.Tensor)
    ]


@pytest.mark.parametrize(("kind", "settings"), RICH)
def test_what_was_saved_stays_as_it_was_where_torchs_goes_on_changing(kind, settings):
    changed = []
    for params, optimizer in both(kind, **settings):
        walk(params, optimizer, range(5))
        saved = optimizer.state_dict()
        before = entries(saved)
        assert before
        walk(params, optimizer, range(5, 10))
        changed.append(entries(saved) != before)
    assert changed == [False, True]


@pytest.mark.parametrize(("kind", "settings"), RICH)
def test_a_restored_optimizer_shares_nothing_with_what_it_was_given(kind, settings):
    params = parameters()
    first = getattr(optim, kind)(params, **settings)
    walk(params, first, range(5))
    saved = first.state_dict()
    second = getattr(optim, kind)(copies(params), lr=0.5)
    second.load_state_dict(saved)
    before = entries(first.state_dict())
    for entry in second.state.values():
        for value in entry.values():
            if isinstance(value, torch.Tensor):
                value.fill_(7)
    second.param_groups[0]["lr"] = 9.0
    assert entries(first.state_dict()) == before == entries(saved)
    assert first.param_groups[0]["lr"] == saved["param_groups"][0]["lr"] != 9.0


@pytest.mark.parametrize(("kind", "settings"), RICH)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_parameters_and_state_keep_their_dtype(kind, settings, dtype):
    params = parameters(dtype=dtype)
    optimizer = getattr(optim, kind)(params, **settings)
    walk(params, optimizer, range(5))
    state = [v for entry in optimizer.state.values() for v in entry.values()]
    kept = [v.dtype for v in [*params, *state] if isinstance(v, torch.Tensor)]
    assert set(kept) == {dtype}


@pytest.mark.parametrize(("kind", "settings"), RICH)
def test_a_step_leaves_slopes_alone_and_records_no_graph(kind, settings):
    params = parameters()
    optimizer = getattr(optim, kind)(params, **settings)
    same = [id(p) for p in params]
    for step in range(3):
        give_slopes(params, step)
        before = [None if p.grad is None else p.grad.clone() for p in params]
        optimizer.step()
        for p, g in zip(params, before, strict=True):
            assert p.grad is None if g is None else torch.equal(p.grad, g)
            assert p.is_leaf and p.requires_grad
    assert [id(p) for p in optimizer.param_groups[0]["params"]] == same
    state = [v for entry in optimizer.state.values() for v in entry.values()]
    assert not any(v.requires_grad for v in state if isinstance(v, torch.Tensor))


@pytest.mark.parametrize(
    ("kind", "settings"), [*RICH, ("SGD", {"lr": 0.05, "momentum": 0.9})]
)
def test_slopes_that_are_never_forgotten_add_up_as_in_torch(kind, settings):
    """backward() adds to .grad in place: what is remembered must not be .grad itself."""
    paths = []
    for module in (optim, torch.optim):
        p = torch.ones(3, dtype=torch.float64, requires_grad=True)
        optimizer = getattr(module, kind)([p], **settings)
        path = []
        for step in range(20):
            (p * torch.arange(3) * (step - 8)).sum().backward()
            optimizer.step()
            path.append([p.detach().clone()])
        paths.append(path)
    assert_same(*paths)


def test_zero_grad_forgets_the_slopes_of_all_groups():
    params = parameters()
    groups = [{"params": params[:2]}, {"params": params[2:]}]
    optimizer = optim.SGD(groups, lr=0.1)
    for p in params:
        p.sum().backward()
    optimizer.zero_grad()
    assert [p.grad for p in params] == [None] * len(params)


def test_parameters_without_slopes_stay_and_are_not_decayed():
    p = torch.ones(2, requires_grad=True)
    frozen = torch.ones(2)
    for kind in KINDS:
        optimizer = getattr(optim, kind)([p, frozen], lr=0.1, weight_decay=0.5)
        optimizer.step()
        assert p.tolist() == frozen.tolist() == [1, 1]
        assert optimizer.state_dict()["state"] == {}


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_learns_the_same_weights_as_with_torch(kind):
    X, y = toy.moons(60, seed=0)
    X, y = X.double(), y.long()
    trained = []
    for module in (optim, torch.optim):
        torch.manual_seed(0)
        net = torch.nn.Sequential(
            torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)
        ).double()
        optimizer = getattr(module, kind)(net.parameters(), lr=0.02)
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(X), y)
            loss.backward()
            optimizer.step()
        trained.append([p.detach() for p in net.parameters()])
    assert_same([trained[0]], [trained[1]])
    assert loss < 0.6


def one_step(optimizer_of, slope):
    """How far one step goes from 1, for a slope that is given."""
    p = torch.ones((), dtype=torch.float64, requires_grad=True)
    p.grad = torch.tensor(slope, dtype=torch.float64)
    optimizer_of([p]).step()
    return 1 - p.item()


@pytest.mark.parametrize("module", [optim, torch.optim])
def test_the_first_step_with_momentum_is_not_dampened(module):
    def dampened(params):
        return module.SGD(params, lr=0.1, momentum=0.9, dampening=0.5)

    assert one_step(dampened, 2.0) == pytest.approx(0.2)


@pytest.mark.parametrize("slope", [1e-5, 1.0, 1e5])
def test_the_first_step_of_adam_has_the_size_of_the_rate(slope):
    step = one_step(lambda params: optim.Adam(params, lr=0.1), slope)
    assert step == pytest.approx(0.1, rel=1e-2)


@pytest.mark.parametrize("slope", [1.0, 0.1, 3.3])
def test_centered_rmsprop_leaps_but_is_a_number_where_a_slope_never_changes(slope):
    """The variance falls to 0, and below it by rounding; torch's leaps as well."""
    for module in (optim, torch.optim):
        p = torch.zeros(1, requires_grad=True)
        optimizer = module.RMSprop([p], lr=0.01, centered=True)
        p.grad = torch.tensor([slope])
        for _ in range(2500):
            optimizer.step()
        assert p.isfinite()
        assert p < -100  # not 2500 steps of 0.01


def test_amsgrad_never_divides_by_less_than_before():
    p = torch.zeros(1, requires_grad=True)
    optimizer = optim.Adam([p], lr=0.1, betas=(0.9, 0.5), amsgrad=True)
    largest = []
    for slope in (1.0, 100.0, 1e-3, 1e-3, 1e-3):
        p.grad = torch.tensor([slope])
        optimizer.step()
        largest.append(optimizer.state[p]["max_exp_avg_sq"].item())
    assert largest == sorted(largest)
    assert largest[-1] == largest[1] > largest[0]


@pytest.mark.parametrize(
    ("kind", "name", "value"), [("RMSprop", "momentum", 0.9), ("Adam", "amsgrad", True)]
)
def test_what_is_turned_on_later_begins_then_where_torch_stops(kind, name, value):
    (ours, our), (theirs, their) = both(kind, lr=0.01)
    walk(ours, our, range(20))
    walk(theirs, their, range(20))
    our.param_groups[0][name] = their.param_groups[0][name] = value
    path = walk(ours, our, range(20, 40))
    assert all(p.isfinite().all() for p in path[-1])
    with pytest.raises(KeyError):
        walk(theirs, their, range(20, 40))


nan, inf = math.nan, math.inf
REFUSED_BY_BOTH = [
    ("SGD", {"lr": -0.1}, "lr -0.1: wanted a number from 0"),
    ("SGD", {"lr": 0.1, "momentum": -0.9}, "momentum -0.9"),
    ("SGD", {"lr": 0.1, "weight_decay": -1}, "weight_decay -1"),
    ("SGD", {"lr": 0.1, "nesterov": True}, "wanted a momentum above 0"),
    (
        "SGD",
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.1, "nesterov": True},
        "no dampening",
    ),
    ("Adagrad", {"lr": -1}, "lr -1"),
    ("Adagrad", {"lr": nan}, "lr nan"),
    ("Adagrad", {"lr_decay": -1}, "lr_decay -1"),
    ("Adagrad", {"eps": -1e-9}, "eps -1e-09"),
    ("RMSprop", {"lr": nan}, "lr nan"),
    ("RMSprop", {"alpha": -0.1}, "alpha -0.1: wanted a number from 0, below 1"),
    ("RMSprop", {"momentum": nan}, "momentum nan"),
    ("RMSprop", {"weight_decay": nan}, "weight_decay nan"),
    ("Adam", {"lr": nan}, "lr nan"),
    ("Adam", {"betas": (1.0, 0.999)}, "beta of 1.0: wanted a number from 0, below 1"),
    ("Adam", {"betas": (0.9, -0.1)}, "beta of -0.1"),
    ("Adam", {"betas": (0.9, nan)}, "beta of nan"),
    ("Adam", {"eps": nan}, "eps nan"),
    ("AdamW", {"weight_decay": -0.01}, "weight_decay -0.01"),
]
REFUSED_BY_US_ALONE = [
    ("SGD", {"lr": nan}, "lr nan"),
    ("SGD", {"lr": inf}, "lr inf: wanted a number from 0, finite"),
    ("SGD", {"lr": 0.1, "momentum": nan}, "momentum nan"),
    ("SGD", {"lr": 0.1, "weight_decay": nan}, "weight_decay nan"),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 1}, "dampening 1"),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": -0.5}, "dampening -0.5"),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": nan}, "dampening nan"),
    ("Adagrad", {"lr": inf}, "lr inf"),
    ("RMSprop", {"alpha": 1.0}, "alpha 1.0"),
    ("RMSprop", {"alpha": 1.5}, "alpha 1.5"),
    ("Adam", {"lr": inf}, "lr inf"),
    ("Adam", {"betas": (0.9, 0.99, 0.999)}, "wanted two, as"),
]


@pytest.mark.parametrize(("kind", "settings", "said"), REFUSED_BY_BOTH)
def test_settings_that_torch_refuses_too(kind, settings, said):
    with pytest.raises(ValueError, match=said):
        getattr(optim, kind)(parameters(), **settings)
    with pytest.raises(ValueError):
        getattr(torch.optim, kind)(parameters(), **settings)


@pytest.mark.parametrize(("kind", "settings", "said"), REFUSED_BY_US_ALONE)
def test_settings_that_torch_takes(kind, settings, said):
    with pytest.raises(ValueError, match=said):
        getattr(optim, kind)(parameters(), **settings)
    getattr(torch.optim, kind)(parameters(), **settings)


@pytest.mark.parametrize("lr", ["0.1", None, [0.1]])
def test_a_rate_that_is_no_number_is_refused_by_both(lr):
    with pytest.raises(TypeError, match=r"lr .*: wanted a number"):
        optim.SGD(parameters(), lr=lr)
    with pytest.raises(TypeError):
        torch.optim.SGD(parameters(), lr=lr)


def test_a_rate_in_a_tensor_is_refused_with_the_remedy_though_torch_takes_it():
    with pytest.raises(TypeError, match=r"\.item\(\) makes one of a tensor"):
        optim.SGD(parameters(), lr=torch.tensor(0.1))
    torch.optim.SGD(parameters(), lr=torch.tensor(0.1))


@pytest.mark.parametrize("betas", [0.9, (0.9,), "ab"])
def test_betas_are_two_numbers(betas):
    with pytest.raises((ValueError, TypeError), match=r"beta.*wanted"):
        optim.Adam(parameters(), betas=betas)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"lr": -1.0}, "lr -1.0"),
        ({"learning_rate": 0.1}, r"\['learning_rate'\]: wanted"),
    ],
)
def test_settings_of_a_group_are_checked_where_torchs_are_not(own, said):
    group = {"params": parameters(), **own}
    with pytest.raises(ValueError, match=said):
        optim.SGD([dict(group)], lr=0.1)
    torch.optim.SGD([dict(group)], lr=0.1)


@pytest.mark.parametrize(
    "bad", [{"lr": nan}, {"lr": -0.1}, {"nesterov": True}, {"momentum": -1}]
)
def test_a_setting_made_bad_later_is_refused_before_anything_moves(bad):
    params = parameters()
    groups = [{"params": params[:2]}, {"params": params[2:]}]
    optimizer = optim.SGD(groups, lr=0.1)
    optimizer.param_groups[1].update(bad)
    give_slopes(params, 0)
    before = copies(params)
    with pytest.raises(ValueError, match="wanted"):
        optimizer.step()
    assert_same([params], [before], atol=0)


def computed():
    return (2 * torch.ones(2, requires_grad=True),)


REFUSED_PARAMETERS_BY_BOTH = [
    (lambda: [], ValueError, "no parameters"),
    (lambda: iter([]), ValueError, "can be read once only"),
    (lambda: torch.ones(2), TypeError, "a Tensor: wanted a list"),
    (lambda: [0.5], TypeError, "a float among the parameters"),
    (lambda: {"params": parameters()}, TypeError, "a dict: wanted a list"),
    (lambda: [{"params": set(parameters())}], TypeError, "a set: wanted a list"),
    (lambda: [{"params": parameters()}, torch.ones(2)], TypeError, "wanted a dict"),
    (computed, ValueError, "Wanted a leaf"),
]


@pytest.mark.parametrize(("make", "error", "said"), REFUSED_PARAMETERS_BY_BOTH)
def test_parameters_that_torch_refuses_too(make, error, said):
    with pytest.raises(error, match=said):
        optim.SGD(make(), lr=0.1)
    with pytest.raises(error):
        torch.optim.SGD(make(), lr=0.1)


def twice_in_a_group():
    p = torch.ones(2, requires_grad=True)
    return [p, p]


def named():
    return torch.nn.Linear(2, 1).named_parameters()


def complex_numbers():
    return [torch.ones(2, dtype=torch.complex64, requires_grad=True)]


def a_set():
    return set(parameters())


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (twice_in_a_group, ValueError, "given twice"),
        (named, TypeError, r"a tuple among .* model\.parameters\(\)"),
        (complex_numbers, ValueError, "complex64: wanted real floats"),
        (a_set, TypeError, "a set: wanted a list"),
    ],
)
def test_parameters_that_torch_takes(make, error, said):
    with pytest.raises(error, match=said):
        optim.SGD(make(), lr=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of those that are given twice
        torch.optim.SGD(make(), lr=0.1)


def test_a_parameter_of_two_groups_is_refused_by_both():
    p = torch.ones(2, requires_grad=True)
    groups = [{"params": [p]}, {"params": [p]}]
    with pytest.raises(ValueError, match="given twice"):
        optim.SGD([dict(g) for g in groups], lr=0.1)
    with pytest.raises(ValueError):
        torch.optim.SGD([dict(g) for g in groups], lr=0.1)
    optimizer = optim.SGD([p], lr=0.1)
    with pytest.raises(ValueError, match="given twice"):
        optimizer.add_param_group({"params": p})
    assert len(optimizer.param_groups) == 1


def test_sparse_slopes_are_refused_though_torch_takes_some():
    for module in (optim, torch.optim):
        table = torch.nn.Embedding(5, 2, sparse=True)
        optimizer = module.SGD(table.parameters(), lr=0.1)
        table(torch.tensor([1, 3])).sum().backward()
        if module is optim:
            with pytest.raises(ValueError, match="sparse=False"):
                optimizer.step()
        else:
            optimizer.step()


def saved_by(kind, params, **settings):
    optimizer = getattr(optim, kind)(params, **settings)
    for p in optimizer.param_groups[0]["params"]:
        p.grad = torch.ones_like(p)
    optimizer.step()
    return optimizer.state_dict()


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        (
            lambda: saved_by("Adam", parameters(), lr=0.1),
            r"do not have \['momentum', 'dampening', 'nesterov'\]: wanted those of SGD",
        ),
        (
            lambda: saved_by("SGD", parameters()[:2], lr=0.1, momentum=0.5),
            r"the saved groups hold \[2\] parameters, these \[5\]",
        ),
        (
            lambda: saved_by("SGD", parameters()[::-1], lr=0.1, momentum=0.5),
            r"saved momentum_buffer has shape \(0, 3\), the parameter \(4, 3\)",
        ),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_nothing_changes(saved, said):
    params = parameters()
    optimizer = optim.SGD(params, lr=0.1, momentum=0.9)
    walk(params, optimizer, range(3))
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match=said):
        optimizer.load_state_dict(saved())
    after = optimizer.state_dict()
    assert entries(after) == entries(before)
    assert after["param_groups"] == before["param_groups"]


def test_torch_takes_a_state_of_other_shapes():
    saved = torch.optim.SGD(parameters()[::-1], lr=0.1, momentum=0.9)
    for p in saved.param_groups[0]["params"]:
        p.grad = torch.ones_like(p)
    saved.step()
    theirs = torch.optim.SGD(parameters(), lr=0.1, momentum=0.9)
    theirs.load_state_dict(saved.state_dict())
