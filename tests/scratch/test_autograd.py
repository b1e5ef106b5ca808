"""torchbook.scratch.autograd: values and slopes against torch in float64."""

import math
import operator
import random
import sys
from fractions import Fraction

import numpy as np
import pytest
import torch

from torchbook.scratch.autograd import Value, divide, history, multiply, power

INF, NAN = math.inf, math.nan


def both(function, *numbers, keep=False):
    """Results and slopes of function in its inputs, (ours, torch's), as lists of numbers."""
    ours = [Value(x) for x in numbers]
    theirs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in numbers]
    a, b = function(*ours), function(*theirs)
    a.backward()
    b.backward()
    return [a.data, *(v.grad for v in ours)], [
        b.item(),
        *(t.grad.item() for t in theirs),
    ]


def assert_same(function, *numbers, **tolerance):
    ours, theirs = both(function, *numbers)
    tolerance = {"rel": 1e-12, "abs": 1e-300, "nan_ok": True} | tolerance
    assert ours == pytest.approx(theirs, **tolerance)


UNARY = {
    "exp": lambda a: a.exp(),
    "log": lambda a: a.log(),
    "tanh": lambda a: a.tanh(),
    "relu": lambda a: a.relu(),
    "minus": lambda a: -a,
    "square": lambda a: a**2,
    "cube": lambda a: a**3,
    "to the zero": lambda a: a**0,
    "root": lambda a: a**0.5,
    "inverse": lambda a: a**-1,
    "power": lambda a: a**-2.5,
    "number first": lambda a: 3 - 2 / (1 + 4 * a),
    "number last": lambda a: (a - 3) / 2 + 1 * 4,
}


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("x", [0.3, 1.0, 2.5, 40.0])
def test_functions_of_one_value(name, x):
    assert_same(UNARY[name], x)


@pytest.mark.parametrize(
    "name", ["exp", "tanh", "relu", "minus", "square", "cube", "inverse"]
)
@pytest.mark.parametrize("x", [-0.3, -1.0, -30.0])
def test_functions_below_zero(name, x):
    assert_same(UNARY[name], x)


@pytest.mark.parametrize(
    "operation", [operator.add, operator.sub, operator.mul, operator.truediv]
)
@pytest.mark.parametrize("a", [-3.0, -0.1, 0.0, 7.0])
@pytest.mark.parametrize("b", [-2.0, 0.1, 5.0])
def test_operators(operation, a, b):
    assert_same(operation, a, b)
    assert_same(lambda x: operation(x, b), a)
    if a != 0 or operation is not operator.truediv:
        assert_same(lambda x: operation(b, x), a)


STEPS = [  # of one or two values, inside every domain, of moderate size
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b.tanh(),
    lambda a, b: a / (b * b + 0.5),
    lambda a, b: -a,
    lambda a, b: (a.tanh() * 2).exp(),
    lambda a, b: (a * a + 0.1).log(),
    lambda a, b: a.relu() - 0.3 * b,
    lambda a, b: (a.tanh() + 1.5) ** -1.5,
    lambda a, b: 2 - a.tanh() ** 3,
]


def expression(seed, length=60):
    """A function of four numbers: random steps, each on results of earlier ones."""
    choose = random.Random(seed)
    plan = [
        (choose.choice(STEPS), choose.random(), choose.random()) for _ in range(length)
    ]

    def function(*leaves):
        values = list(leaves)
        for step, i, j in plan:
            a, b = (values[int(k * len(values))] for k in (i, j))
            values.append(step(a, b).tanh())
        return sum(values)

    return function


@pytest.mark.parametrize("seed", range(50))
def test_random_expressions(seed):
    choose = random.Random(1000 + seed)
    numbers = [choose.gauss(0, 1.5) for _ in range(4)]
    assert_same(expression(seed), *numbers, rel=1e-9, abs=1e-10)


def test_values_in_between_have_the_slopes_that_torch_retains():
    def parts(x, w, b):
        u = w * x
        z = u + b
        return u, z, (z * z + u).tanh()

    ours = parts(Value(0.5), Value(-0.8), Value(0.9))
    ours[-1].backward()
    theirs = parts(
        *torch.tensor([0.5, -0.8, 0.9], dtype=torch.float64, requires_grad=True)
    )
    for t in theirs:
        t.retain_grad()
    theirs[-1].backward()
    for v, t in zip(ours, theirs, strict=True):
        assert v.grad == pytest.approx(t.grad.item(), rel=1e-13)
    assert ours[-1].grad == 1


def test_a_value_used_often_gets_the_sum_of_its_slopes():
    assert_same(lambda a: a + a, 3.0)
    assert_same(lambda a: a * a, 3.0)
    assert_same(lambda a: a / a, 3.0)
    assert_same(lambda a: a - a, 3.0)
    assert_same(lambda a, b: (a * b) * (a + b) - (a * b).tanh() * a, 0.7, -0.4)


def test_a_diamond_is_walked_once_not_path_by_path():
    """Doubling 60 times has 2**60 paths; each value must wait for all that use it."""
    a = Value(1.0)
    out = a
    for _ in range(60):
        out = out + out
    out.backward()
    assert a.grad == 2.0**60
    assert len(history(out)) == 61


def test_short_and_long_ways_to_a_value_arrive_before_it_passes_on():
    def function(a):
        b = a.tanh()
        c = b * b + b.exp()
        return c * b + b  # b is used near the end and far from it

    assert_same(function, 0.4)


def test_every_value_of_a_history_comes_after_its_inputs():
    leaves = [Value(x) for x in (0.1, -0.7, 1.3, 0.4)]
    out = expression(seed=3)(*leaves)
    values = history(out)
    place = {value: n for n, value in enumerate(values)}
    assert len(place) == len(values)
    assert values[-1] is out
    for value in values:
        assert all(place[used] < place[value] for used in value.inputs)
    outside = Value(1.0) * leaves[0]
    assert outside not in place


def test_two_calls_add_up_as_in_torch():
    def twice(x, w, make):
        x, w = make(x), make(w)
        out = (x * w).tanh() * w
        out.backward(**({"retain_graph": True} if make is not Value else {}))
        out.backward()  # the same graph again
        ((w - x) ** 2).backward()  # and another one over the same leaves
        return x, w

    leaf = lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True)  # noqa: E731
    for v, t in zip(twice(0.3, 1.2, Value), twice(0.3, 1.2, leaf), strict=True):
        assert v.grad == pytest.approx(t.grad.item(), rel=1e-13)


def test_a_second_call_counts_values_in_between_once_more_and_no_more():
    """An engine that goes on from the old slopes of inner values would give 9, not 6."""
    a = Value(1.0)
    b = a * 1
    out = b * 3
    out.backward()
    out.backward()
    assert (a.grad, b.grad, out.grad) == (6, 6, 2)


def test_backward_from_the_middle_leaves_the_rest_alone():
    a, b = Value(2.0), Value(5.0)
    middle = a * a
    out = middle * b
    middle.backward()
    assert (a.grad, b.grad, out.grad) == (4, 0, 0)


def test_forward_leaves_no_slopes_and_backward_no_new_data():
    a = Value(2.0)
    out = a.exp() * a
    assert all(value.grad == 0 for value in history(out))
    before = [value.data for value in history(out)]
    out.backward()
    assert [value.data for value in history(out)] == before


def test_a_leaf_is_its_own_history():
    a = Value(2.0)
    a.backward()
    assert (a.grad, a.data, history(a)) == (1, 2, [a])


def test_data_changed_after_the_forward_pass_do_not_reach_the_slopes():
    """Torch refuses here; ours goes by the numbers that the forward pass saw."""
    for function in (lambda a, b: a * b, lambda a, b: a / b, lambda a, b: a**3 + b):
        changed, kept = [Value(2.0), Value(5.0)], [Value(2.0), Value(5.0)]
        out = function(*changed)
        changed[0].data = 100.0
        out.backward()
        function(*kept).backward()
        assert [v.grad for v in changed] == [v.grad for v in kept]

    t = torch.tensor(2.0, requires_grad=True)
    u = t * 1
    out = u * u
    u.add_(98)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.backward()


@pytest.mark.parametrize("length", [10_000, 100_000])
def test_long_chains_need_no_recursion(length):
    assert length > sys.getrecursionlimit()
    a, b = Value(1.0), Value(0.5)
    out = a
    for n in range(length):
        out = out * 0.5 + b if n % 2 else out - b
    out.backward()
    rate = 0.5 ** (length // 2)  # 0 for the longer chain: too small for a float
    assert a.grad == rate
    assert b.grad == pytest.approx(1.0, rel=1e-9)  # a geometric series of halves
    del out  # nor may Python's own clearing up run out of stack


def test_a_long_chain_has_the_slope_of_torch():
    def chain(a, b):
        out = a
        for _ in range(10_000):
            out = out * 0.999 + b.tanh()
        return out

    assert_same(chain, 0.3, 0.7, rel=1e-10)


# what torch answers with inf, nan or a number, and what ours does

TORCH_TOO = {
    "exp of much": (lambda a: a.exp(), 1e3),
    "exp of little": (lambda a: a.exp(), -1e3),
    "exp of inf": (lambda a: a.exp(), INF),
    "exp of -inf": (lambda a: a.exp(), -INF),
    "tanh of much": (lambda a: a.tanh(), 1e3),
    "tanh of -inf": (lambda a: a.tanh(), -INF),
    "log of the smallest": (lambda a: a.log(), 5e-324),
    "log of inf": (lambda a: a.log(), INF),
    "product too large": (lambda a: a * 1e200 * a, 1e200),
    "product too small": (lambda a: a * 1e-200 * a, 1e-200),
    "inf - inf": (lambda a: a - a, INF),
    "0 times inf": (lambda a: a * 0, INF),
    "division by the smallest": (lambda a: 1 / a, 5e-324),
    "smallest by smallest": (lambda a: a / 5e-324, 5e-324),
    "power too large": (lambda a: a**2, 1e200),
    "odd power too large": (lambda a: a**3, -1e200),
    "even power too large": (lambda a: a**4, -1e200),
    "root at 0": (lambda a: a**0.5, 0.0),
    "square at 0": (lambda a: a**2, 0.0),
    "first power at 0": (lambda a: a**1, 0.0),
    "power 0 at 0": (lambda a: a**0, 0.0),
    "relu at 0": (lambda a: a.relu(), 0.0),
    "relu at -0": (lambda a: a.relu(), -0.0),
    "relu of -inf": (lambda a: a.relu(), -INF),
    "relu switched off before inf": (lambda a: (a.relu() + 1e3).exp(), -1.0),
    "root of a square at 0": (lambda a: (a**2) ** 0.5, 0.0),
    **{f"{name} of nan": (UNARY[name], NAN) for name in UNARY},
}


@pytest.mark.parametrize("name", TORCH_TOO)
def test_extremes_that_are_as_in_torch(name):
    assert_same(*TORCH_TOO[name])


REFUSED = {  # ours raises ValueError, torch gives inf or nan
    "log of 0": (lambda a: a.log(), 0.0, "above 0"),
    "log below 0": (lambda a: a.log(), -1.0, "above 0"),
    "log of -inf": (lambda a: a.log(), -INF, "above 0"),
    "division by 0": (lambda a: 1 / a, 0.0, "away from 0"),
    "division by -0": (lambda a: 1 / a, -0.0, "away from 0"),
    "0 / 0": (lambda a: a / a, 0.0, "away from 0"),
    "inverse of 0": (lambda a: a**-1, 0.0, "base above 0"),
    "root below 0": (lambda a: a**0.5, -2.0, "base above 0"),
    "third root below 0": (lambda a: a ** (1 / 3), -8.0, "base above 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_where_there_is_no_number_ours_refuses_and_torch_does_not(name):
    function, x, advice = REFUSED[name]
    assert not function(torch.tensor(x, dtype=torch.float64)).isfinite()
    a = Value(x)
    with pytest.raises(ValueError, match=advice):
        function(a)
    assert (a.data == x, a.grad) == (True, 0)


NOT_NUMBERS = {
    "text": ("3", "got a str"),
    "none": (None, "got a NoneType"),
    "list": ([1.0], "got a list"),
    "complex": (1j, "got a complex"),
    "tensor": (torch.tensor(2.0), "with .item()"),
    "array": (np.ones(3), "got a ndarray"),
}


@pytest.mark.parametrize("name", NOT_NUMBERS)
def test_operands_that_are_no_numbers_are_refused(name):
    wrong, told = NOT_NUMBERS[name]
    told = told.replace("(", r"\(").replace(")", r"\)")
    a = Value(1.0)
    with pytest.raises(TypeError, match=told):
        Value(wrong)
    for operation in (operator.add, operator.sub, operator.mul, operator.truediv):
        with pytest.raises(TypeError, match=told):
            operation(a, wrong)
        with pytest.raises(
            TypeError
        ):  # where torch or Python answers first, in its words
            operation(wrong, a)
    with pytest.raises(TypeError, match=told):
        a**wrong
    with pytest.raises(TypeError, match=told):
        multiply(wrong, a)


def test_the_exponent_is_a_plain_number_and_torch_also_takes_a_tensor():
    a = Value(2.0)
    for wrong in (lambda: a**a, lambda: 2**a, lambda: power(2, a)):
        with pytest.raises(TypeError, match=r"write \(b \* a.log\(\)\).exp\(\)"):
            wrong()
    assert_same(lambda x, y: (y * x.log()).exp(), 2.0, 3.0)
    t = torch.tensor(2.0)
    assert (t**t).item() == 4


@pytest.mark.parametrize(
    "two", [2, 2.0, np.float64(2), np.float32(2), np.int64(2), Fraction(2)]
)
def test_numbers_of_any_kind_become_floats(two):
    assert type(Value(two).data) is float
    a = Value(3.0)
    for out, want in (
        (a * two, 6),
        (two * a, 6),
        (two - a, -1),
        (two / a, 2 / 3),
        (a**two, 9),
    ):
        assert isinstance(out, Value)
        assert out.data == want
    assert divide(two, 4).data == 0.5


def test_true_is_one_as_in_torch():
    assert (Value(2.0) + True).data == (torch.tensor(2.0) + True).item() == 3


def test_a_whole_number_too_large_for_a_float_is_an_error():
    with pytest.raises(OverflowError):
        Value(10**400)


def test_comparing_values_is_left_to_their_data():
    a, b = Value(1.0), Value(1.0)
    assert a != b  # two values, though of one number: they have their own slopes
    with pytest.raises(TypeError):
        _ = a < b


def test_it_shows_its_number_and_its_slope():
    a = Value(2)
    (a * 3).backward()
    assert repr(a) == "Value(2, grad=3)"


def test_slopes_agree_with_differences():
    function, h = expression(seed=7, length=20), 1e-5
    numbers = [0.3, -0.8, 1.1, 0.5]
    leaves = [Value(x) for x in numbers]
    function(*leaves).backward()
    for n, leaf in enumerate(leaves):
        up, down = ([*numbers] for _ in range(2))
        up[n] += h
        down[n] -= h
        ends = [function(*[Value(x) for x in side]).data for side in (up, down)]
        assert leaf.grad == pytest.approx(
            (ends[0] - ends[1]) / (2 * h), rel=1e-4, abs=1e-6
        )
