"""Slopes of single numbers: each value remembers what it was computed from, and how.

`backward` walks from a result back to its inputs. A value gets, from every value that was
computed from it, that one's slope times the local slope, and adds up what it gets: reverse
mode (Linnainmaa, 1976; Griewank and Walther, 2008, chapter 3; Baydin et al., 2018, section
3.2). Read in the chapter on an autograd of our own. Every value has shape ().

Of finite numbers: where there is no real result, as for log(0), ValueError; one that is too
large is inf, as in torch. What is computed from inf may be nan, as inf - inf is.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from numbers import Real

_count = itertools.count()


def add(a: Value | float, b: Value | float) -> Value:
    """a + b."""
    a, b = _value(a), _value(b)
    return Value(a.data + b.data, (a, b), lambda slope: (slope, slope))


def subtract(a: Value | float, b: Value | float) -> Value:
    """a - b."""
    a, b = _value(a), _value(b)
    return Value(a.data - b.data, (a, b), lambda slope: (slope, -slope))


def multiply(a: Value | float, b: Value | float) -> Value:
    """a times b: each is the slope of the other."""
    a, b = _value(a), _value(b)
    x, y = a.data, b.data  # kept as they are now, whatever happens to a and b later
    return Value(x * y, (a, b), lambda slope: (slope * y, slope * x))


def divide(a: Value | float, b: Value | float) -> Value:
    """a / b; ValueError where b is 0."""
    a, b = _value(a), _value(b)
    x, y = a.data, b.data
    if y == 0:
        raise ValueError(f"{x:g} / 0 has no value: keep the divisor away from 0")
    return Value(x / y, (a, b), lambda slope: (slope / y, -slope * (x / y / y)))


def power(a: Value | float, exponent: float) -> Value:
    """a to a constant power; ValueError for 0 to a negative one, and for roots below 0."""
    if isinstance(exponent, Value):
        raise TypeError(
            "the exponent must be a plain number: for a ** b write (b * a.log()).exp()"
        )
    a, p = _value(a), _number(exponent)
    x = a.data
    if (x == 0 and p < 0) or (x < 0 and not p.is_integer()):
        raise ValueError(f"({x:g}) ** {p:g} has no real value: keep the base above 0")

    def rule(slope: float) -> tuple[float]:
        return (0.0 if p == 0 else slope * (p * _pow(x, p - 1)),)

    return Value(_pow(x, p), (a,), rule)


def exp(a: Value | float) -> Value:
    """e to the power a, which is its own slope."""
    a = _value(a)
    try:
        e = math.exp(a.data)
    except OverflowError:
        e = math.inf
    return Value(e, (a,), lambda slope: (slope * e,))


def log(a: Value | float) -> Value:
    """The natural logarithm; ValueError from 0 down."""
    a = _value(a)
    x = a.data
    if x <= 0:
        raise ValueError(f"log({x:g}) has no real value: keep what goes in above 0")
    return Value(math.log(x), (a,), lambda slope: (slope / x,))


def tanh(a: Value | float) -> Value:
    """The hyperbolic tangent, between -1 and 1."""
    a = _value(a)
    t = math.tanh(a.data)
    return Value(t, (a,), lambda slope: (slope * (1 - t * t),))


def relu(a: Value | float) -> Value:
    """max(0, a); the slope at 0 is 0, as in torch."""
    a = _value(a)
    off = a.data <= 0  # false for nan, which goes through, as in torch
    return Value(0.0 if off else a.data, (a,), lambda slope: (0.0 if off else slope,))


def history(result: Value) -> list[Value]:
    """All that result was computed from, and itself last; each after its own inputs."""
    found, to_visit = {result}, [result]
    while to_visit:  # a loop: Python's stack would not hold a long chain of calls
        for value in to_visit.pop().inputs:
            if value not in found:
                found.add(value)
                to_visit.append(value)
    return sorted(found, key=lambda value: value.number)


def backward(result: Value) -> None:
    """Add the slope of result in every value of its history to that value's grad."""
    slopes = {value: 0.0 for value in history(result)}
    slopes[result] = 1.0
    for value in reversed(slopes):  # from the result back; users before what they use
        shares = value.rule(slopes[value])
        for used, share in zip(value.inputs, shares, strict=True):
            slopes[used] += share
        value.grad += slopes[value]


class Value:
    """A number, what it was computed from, and how its slope is shared among those."""

    def __init__(
        self,
        data: float,
        inputs: tuple[Value, ...] = (),
        rule: Callable[[float], tuple[float, ...]] = lambda slope: (),
    ) -> None:
        self.data = _number(data)
        self.grad = 0.0
        self.inputs = inputs
        self.rule = rule  # from the value's own slope to a share for each input
        self.number = next(_count)  # larger than those of all inputs, which came before

    __add__ = __radd__ = add
    __mul__ = __rmul__ = multiply
    __sub__ = subtract
    __truediv__ = divide
    __pow__ = power
    exp, log, tanh, relu, backward = exp, log, tanh, relu, backward

    def __rsub__(self, other: float) -> Value:
        return subtract(other, self)

    def __rtruediv__(self, other: float) -> Value:
        return divide(other, self)

    def __rpow__(self, other: float) -> Value:
        return power(other, self)

    def __neg__(self) -> Value:
        return multiply(self, -1)

    def __repr__(self) -> str:
        return f"Value({self.data:.6g}, grad={self.grad:.6g})"

    __array_ufunc__ = None  # so that NumPy leaves `array * value` to the checks below


def _value(x: Value | float) -> Value:
    return x if isinstance(x, Value) else Value(x)


def _number(x: float) -> float:
    if not isinstance(x, Real):
        raise TypeError(
            f"wanted a number or a Value, got a {type(x).__name__}: take one number out of "
            "a tensor or an array with .item(), make one of a text with float()"
        )
    return float(x)


def _pow(x: float, p: float) -> float:
    """x ** p with inf where Python raises an error; x is above 0 or p is whole."""
    try:
        return x**p
    except OverflowError:
        return -math.inf if x < 0 and p % 2 == 1 else math.inf
    except ZeroDivisionError:  # the slope of a root at 0
        return math.inf
