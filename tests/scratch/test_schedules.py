"""torchbook.scratch.schedules: step for step beside torch's schedulers."""

import math

import pytest
import torch
from torch.optim import lr_scheduler

from torchbook.scratch import optim
from torchbook.scratch import schedules as sched

LR = 0.8
STEPS = 60


def torchs_factors(make, steps=STEPS, lr=LR):
    """The rates of a scheduler of torch over the steps, as factors of the rate lr."""
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=lr)
    scheduler = make(optimizer)
    factors = []
    for _ in range(steps):
        factors.append(optimizer.param_groups[0]["lr"] / LR)
        optimizer.step()
        scheduler.step()
    return factors


def ours(factor, steps=STEPS):
    return [factor(step) for step in range(steps)]


def same(values):
    return pytest.approx(values, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("gamma", [1.0, 0.9, 0.0])
def test_exponential_is_torchs(gamma):
    theirs = torchs_factors(lambda o: lr_scheduler.ExponentialLR(o, gamma))
    assert ours(lambda t: sched.exponential(t, gamma)) == same(theirs)


@pytest.mark.parametrize(("every", "gamma"), [(1, 0.9), (7, 0.1), (20, 0.5), (99, 0.1)])
def test_steps_are_torchs(every, gamma):
    theirs = torchs_factors(lambda o: lr_scheduler.StepLR(o, every, gamma))
    assert ours(lambda t: sched.steps(t, every, gamma)) == same(theirs)


@pytest.mark.parametrize("low", [0.0, 0.1])
@pytest.mark.parametrize("total", [1, 7, 59])
def test_cosine_is_torchs_until_the_end_where_torchs_climbs_again(total, low):
    theirs = torchs_factors(
        lambda o: lr_scheduler.CosineAnnealingLR(o, total, eta_min=low * LR),
        2 * total + 1,
    )
    mine = ours(lambda t: sched.cosine(t, total, low), 2 * total + 1)
    assert mine[: total + 1] == same(theirs[: total + 1])
    assert mine[total:] == [low] * (total + 1)
    assert theirs[-1] == same(1.0)


@pytest.mark.parametrize("length", [2, 5, 30])
def test_warm_up_is_torchs_linear(length):
    theirs = torchs_factors(
        lambda o: lr_scheduler.LinearLR(o, 1 / length, total_iters=length - 1)
    )
    mine = ours(lambda t: sched.warm_up(t, length))
    assert mine == same(theirs)
    assert mine[0] > 0
    assert mine[length - 2] < 1 == mine[length - 1] == mine[-1]


def test_a_warm_up_of_one_step_is_none():
    assert ours(lambda t: sched.warm_up(t, 1)) == [1] * STEPS


@pytest.mark.parametrize("anneal", ["cos", "linear"])
@pytest.mark.parametrize(
    ("total", "options"),
    [
        (60, {}),
        (10, {"pct_start": 0.5}),
        (7, {"pct_start": 0.4}),
        (33, {"div_factor": 4.0, "final_div_factor": 10.0}),
    ],
)
def test_one_cycle_is_torchs(total, options, anneal):
    theirs = torchs_factors(
        lambda o: lr_scheduler.OneCycleLR(
            o,
            max_lr=LR,
            total_steps=total,
            anneal_strategy=anneal,
            cycle_momentum=False,
            **options,
        ),
        total,
    )
    assert ours(
        lambda t: sched.one_cycle(t, total, anneal=anneal, **options), total
    ) == (same(theirs))


def test_one_cycle_stays_low_after_its_end_where_torch_stops():
    end = sched.one_cycle(19, 20)
    assert end == same(1 / 25e4)
    assert sched.one_cycle(20, 20) == sched.one_cycle(500, 20) == end
    with pytest.raises(ValueError):
        torchs_factors(
            lambda o: lr_scheduler.OneCycleLR(
                o, LR, total_steps=20, cycle_momentum=False
            ),
            22,
        )


def test_the_warm_up_times_a_cosine_is_torchs_chain():
    def chain(o):
        return lr_scheduler.ChainedScheduler(
            [
                lr_scheduler.LinearLR(o, 1 / 10, total_iters=9),
                lr_scheduler.CosineAnnealingLR(o, 59),
            ]
        )

    mine = ours(lambda t: sched.warm_up(t, 10) * sched.cosine(t, 59))
    assert mine == same(torchs_factors(chain))


def test_inverse_falls_have_their_known_values():
    assert sched.inverse_time(0, 0.1) == sched.inverse_sqrt(0) == 1
    assert sched.inverse_time(10, 0.1) == same(1 / 2)
    assert sched.inverse_time(30, 0.1) == same(1 / 4)
    assert sched.inverse_sqrt(3) == same(1 / 2)
    assert sched.inverse_sqrt(99) == same(1 / 10)


FACTORS = {
    "inverse time": lambda t: sched.inverse_time(t, 0.1),
    "exponential": lambda t: sched.exponential(t, 0.9),
    "inverse sqrt": sched.inverse_sqrt,
    "steps": lambda t: sched.steps(t, 10, 0.5),
    "cosine": lambda t: sched.cosine(t, 40, 0.01),
    "warm-up": lambda t: sched.warm_up(t, 10),
    "one cycle": lambda t: sched.one_cycle(t, STEPS),
}


@pytest.mark.parametrize("name", FACTORS)
def test_a_schedule_has_the_rates_of_lambda_lr(name):
    theirs = torchs_factors(lambda o: lr_scheduler.LambdaLR(o, FACTORS[name]))
    p = torch.ones(1, requires_grad=True)
    optimizer = optim.SGD([p], lr=LR)
    schedule = sched.Schedule(optimizer, FACTORS[name])
    mine = []
    for _ in range(STEPS):
        mine.append(schedule.rates[0] / LR)
        schedule.step()
    assert mine == same(theirs)


def sides(module):
    """Two groups of parameters, of rates 0.1 and 0.02, and how to give them slopes."""
    g = torch.Generator().manual_seed(0)
    params = [
        torch.randn(4, generator=g, dtype=torch.float64).requires_grad_()
        for _ in range(2)
    ]
    groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.02}]
    return params, module.SGD(groups, lr=0.1, momentum=0.9)


def train(params, optimizer, schedule, steps=STEPS):
    path = []
    for _ in range(steps):
        optimizer.zero_grad()
        sum((p**2 / 2 + p.sin()).sum() for p in params).backward()
        optimizer.step()
        schedule.step()
        path.append([*(p.tolist() for p in params), *rates(optimizer)])
    return path


def rates(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def flat(path):
    return [
        number
        for row in path
        for entry in row
        for number in (entry if isinstance(entry, list) else [entry])
    ]


@pytest.mark.parametrize(
    "factor",
    [
        FACTORS["cosine"],
        [FACTORS["warm-up"], FACTORS["exponential"]],
        (FACTORS["one cycle"], lambda t: 0.0),
    ],
)
@pytest.mark.parametrize("module", [optim, torch.optim])
def test_groups_are_trained_as_with_lambda_lr(factor, module):
    """Ours moves our optimizers, and torch's as well."""
    params, optimizer = sides(module)
    mine = train(params, optimizer, sched.Schedule(optimizer, factor))
    params, optimizer = sides(torch.optim)
    theirs = train(params, optimizer, lr_scheduler.LambdaLR(optimizer, factor))
    assert flat(mine) == pytest.approx(flat(theirs), abs=1e-10)
    assert len(flat(mine)) == STEPS * 10


def test_step_0_holds_at_once():
    _, optimizer = sides(optim)
    sched.Schedule(optimizer, FACTORS["warm-up"])
    assert rates(optimizer) == same([0.01, 0.002])


@pytest.mark.parametrize("optimizer_first", [True, False])
def test_saved_and_restored_in_the_middle_it_goes_on_as_if_never_stopped(
    optimizer_first,
):
    params, optimizer = sides(optim)
    schedule = sched.Schedule(optimizer, FACTORS["cosine"])
    train(params, optimizer, schedule, 25)
    saved = optimizer.state_dict(), schedule.state_dict()
    again, other = sides(optim)
    with torch.no_grad():
        for new, old in zip(again, params, strict=True):
            new.copy_(old)
    if optimizer_first:
        other.load_state_dict(saved[0])
    resumed = sched.Schedule(other, FACTORS["cosine"])
    resumed.load_state_dict(saved[1])
    if not optimizer_first:
        other.load_state_dict(saved[0])
    assert rates(other) == rates(optimizer)
    assert train(again, other, resumed, 30) == train(params, optimizer, schedule, 30)


def test_a_second_schedule_begins_with_the_first_rates_as_torchs_does():
    found = []
    for module, make in ((optim, sched.Schedule), (torch.optim, lr_scheduler.LambdaLR)):
        params, optimizer = sides(module)
        train(params, optimizer, make(optimizer, FACTORS["exponential"]), 5)
        make(optimizer, FACTORS["cosine"])
        found.append(rates(optimizer))
    assert found == [same([0.1, 0.02])] * 2


BAD = [
    (lambda: sched.inverse_time(-1, 0.1), "step is -1: wanted a finite number from 0"),
    (lambda: sched.inverse_time(1, -0.1), "k is -0.1"),
    (lambda: sched.exponential(1, -0.5), "gamma is -0.5"),
    (lambda: sched.exponential(1, math.nan), "gamma is nan"),
    (lambda: sched.inverse_sqrt(-1), "step is -1"),
    (lambda: sched.steps(5, 0), "every is 0: wanted a finite number above 0"),
    (lambda: sched.steps(5, 2, -1), "gamma is -1"),
    (lambda: sched.cosine(5, 0), "total is 0"),
    (lambda: sched.cosine(5, 10, -0.1), "low is -0.1"),
    (lambda: sched.cosine(-5, 10), "step is -5"),
    (lambda: sched.warm_up(5, 0), "length is 0"),
    (lambda: sched.one_cycle(5, 10, anneal="cosine"), "wanted 'cos' or 'linear'"),
    (lambda: sched.one_cycle(5, 10, pct_start=0.1), "a climb of more than one"),
    (lambda: sched.one_cycle(5, 10, pct_start=1.0), "steps left to fall"),
    (lambda: sched.one_cycle(5, 10, pct_start=math.nan), "pct_start nan of 10"),
    (lambda: sched.one_cycle(5, 0), "of 0 steps"),
    (lambda: sched.one_cycle(5, 10, div_factor=0), "div_factor is 0"),
    (lambda: sched.one_cycle(-1, 10), "step is -1"),
]


@pytest.mark.parametrize(("call", "said"), BAD)
def test_what_makes_no_schedule_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_torch_refuses_the_same_rate_of_one_cycle_only_in_parts():
    """With a climb of one step torch divides by zero, with one of less it takes it."""

    def torchs(pct_start):
        return torchs_factors(
            lambda o: lr_scheduler.OneCycleLR(
                o, LR, total_steps=10, pct_start=pct_start, cycle_momentum=False
            ),
            5,
        )

    with pytest.raises(ZeroDivisionError):
        torchs(0.1)
    assert len(torchs(0.05)) == 5


def test_a_schedule_wants_functions_one_for_each_group():
    _, optimizer = sides(optim)
    with pytest.raises(TypeError, match=r"factor 0.5: wanted a function.*lambda step"):
        sched.Schedule(optimizer, 0.5)
    with pytest.raises(ValueError, match="3 factors for 2 groups"):
        sched.Schedule(optimizer, [sched.inverse_sqrt] * 3)
    with pytest.raises(ValueError):
        lr_scheduler.LambdaLR(sides(torch.optim)[1], [sched.inverse_sqrt] * 3)


def test_a_group_that_comes_later_wants_a_new_schedule():
    _, optimizer = sides(optim)
    schedule = sched.Schedule(optimizer, sched.inverse_sqrt)
    optimizer.add_param_group({"params": torch.ones(1, requires_grad=True)})
    with pytest.raises(ValueError, match=r"2 factors for 3 groups.*a new Schedule"):
        schedule.step()


@pytest.mark.parametrize("factor", [math.nan, -0.1, math.inf])
def test_a_factor_that_is_no_factor_is_refused_and_rates_stay(factor):
    _, optimizer = sides(optim)
    schedule = sched.Schedule(
        optimizer, [lambda t: 1.0, lambda t: factor if t else 1.0]
    )
    with pytest.raises(ValueError, match=f"factor 1 at step 1 is {factor}"):
        schedule.step()
    assert rates(optimizer) == [0.1, 0.02]


def test_a_count_below_0_is_refused():
    _, optimizer = sides(optim)
    schedule = sched.Schedule(optimizer, sched.inverse_sqrt)
    with pytest.raises(ValueError, match="count is -3"):
        schedule.load_state_dict({"count": -3})
