"""Checks for the exercises on an autograd of our own, of part 1."""

import math

from torchbook.exercises import Case, Unusable, close, compare, exercise, show
from torchbook.scratch.autograd import Value, history


@exercise("by_hand")
def check_by_hand(slope_a, slope_b):
    """The slopes of (a b + a)² for a = 3, b = -2, with the engine's as the truth."""
    a, b = Value(3.0), Value(-2.0)
    ((a * b + a) ** 2).backward()
    usual = [
        (12.0, "That is the way through the product alone; a is also added directly."),
        (-6.0, "That is the direct way alone; a is also in the product."),
        (-1.0, "That is the slope of s. L is its square: multiply by 2 s."),
        (3.0, "The slope of the square is 2 s, not s."),
        (-18.0, "That is the slope in b."),
    ]
    otherwise = (
        "s = a b + a. Every way back begins with 2 s, and a has two ways: add them."
    )
    yield compare("for slope_a you", slope_a, a.grad, usual, otherwise)
    usual = [
        (18.0, "Mind the sign of s, which is below 0."),
        (3.0, "That is the slope of s. L is its square: multiply by 2 s."),
        (-9.0, "The slope of the square is 2 s, not s."),
        (12.0, "The slope of a product in b is a."),
        (-6.0, "That is the slope in s. From s to b there is one more factor."),
    ]
    otherwise = "2 s times the slope of a b in b."
    yield compare("for slope_b you", slope_b, b.grad, usual, otherwise)


@exercise("sigmoid_value")
def check_sigmoid_value(sigmoid):
    """Values, then the rule, then inside an expression, then far out."""
    for x in (-2.0, 0.0, 1.0, 3.5):
        s, v = 1 / (1 + math.exp(-x)), Value(x)
        got = sigmoid(v)
        yield a_value(f"sigmoid(Value({x}))", got)
        usual = [(1 - s, "That is the sigmoid of -v: mind the sign.")]
        told = "1 / (1 + exp(-v.data))."
        yield compare(f"the data of sigmoid({x})", got.data, s, usual, told)
        yield from made_of(got, v)
        usual = [
            (s, "That is s. Its slope is s (1 - s)."),
            (s * (x - s), "1 - s, not v - s."),
            (-s * (1 - s), "The sigmoid rises: its slope is above 0."),
            (1.0, "The slope is passed on as it came. Multiply by s (1 - s)."),
        ]
        told = "The slope of the sigmoid is s (1 - s), with s its value."
        (share,) = shares_of(got)
        yield compare(f"rule(1.0) at {x}", share, s * (1 - s), usual, told)
        v = Value(x)
        (sigmoid(v) * 4 + v).backward()
        told = "The rule multiplies the slope that it is given by the local one."
        call = f"the slope of 4 sigmoid(v) + v at {x}"
        yield compare(call, v.grad, 4 * s * (1 - s) + 1, [], told)
    for x, want in ((1000.0, 1.0), (-1000.0, 0.0)):
        v = Value(x)
        got = sigmoid(v)
        yield a_value(f"sigmoid(Value({x}))", got)
        told = "Take exp only of numbers up to 0, as in exp(-abs(v.data))."
        yield compare(f"the data of sigmoid({x})", got.data, want, [], told)
        shares_of(got, told)
        got.backward()
        yield compare(f"the slope of sigmoid at {x}", v.grad, 0.0, [], told)


def a_value(call, got) -> Case:
    """A case that holds when the reader's function gave a Value."""
    what = f"{call} gave {show(got)}, wanted a Value."
    return Case(what, isinstance(got, Value), "Return Value(number, (v,), rule).")


def made_of(got, v):
    """Cases: got was made of v alone, in one step, and its rule gives one share."""
    kinds = tuple | list
    what = f"the inputs of the answer are {show(got.inputs)}, wanted the tuple (v,)."
    yield Case(what, isinstance(got.inputs, kinds), "The comma makes the tuple: (v,).")
    what = "the answer does not know v, wanted v as its only input."
    if all(isinstance(used, Value) for used in got.inputs) and v in history(got):
        what = f"sigmoid made {len(history(got)) - 1} values out of v, wanted one."
    told = "Compute with v.data, and hand (v,) to Value as the inputs."
    yield Case(what, list(got.inputs) == [v], told)
    what = f"the rule is {show(got.rule)}, wanted a function."
    told = "The rule takes the slope of the answer and gives back v's share."
    yield Case(what, callable(got.rule), told)
    shares = shares_of(got)
    what = f"the rule gave {show(shares)}, wanted a tuple of one number."
    told = "One share for each input, with the comma of a tuple: (share,)."
    yield Case(what, isinstance(shares, kinds) and len(shares) == 1, told)


def shares_of(got, told="It takes one number, the slope of the answer."):
    """What the rule of got gives for a slope of 1; Unusable where the rule stops."""
    try:
        return got.rule(1.0)
    except Exception as error:  # whatever the reader's code raises
        stopped = f"your rule stopped with {type(error).__name__}: {error}"
        raise Unusable(f"{stopped}\n  Hint: {told}") from error


@exercise("reveal")
def check_reveal(reveal):
    """An expression of which an engine that overwrites slopes gets a wrong one."""
    for x in (2.7, 0.6):
        v = Value(x)
        result = reveal(v)
        yield Case(
            f"reveal(Value({x})) gave {show(result)}, wanted a Value made from x.",
            isinstance(result, Value) and v in history(result),
            "Compute with x itself, not with x.data.",
        )
        result.backward()
        broken = overwritten(result)[v]
        yield Case(
            f"at {x} both engines find the slope {show(v.grad)}.",
            math.isfinite(v.grad) and not close(broken, v.grad),
            "Overwriting loses only where a value is used more than once, and each use counts.",
        )


def overwritten(result):
    """The slopes in all of result's history by a backward with = where += belongs."""
    slopes = {value: 0.0 for value in history(result)}
    slopes[result] = 1.0
    for value in reversed(slopes):
        for used, share in zip(value.inputs, value.rule(slopes[value]), strict=True):
            slopes[used] = share
    return slopes
