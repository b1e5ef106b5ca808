"""torchbook.exercises.reverse_mode: right answers pass, usual slips get the hint meant for them."""

import math

import torch
from answers import *  # noqa: F403
from answers import BROKE

from torchbook.scratch.autograd import Value


def sigmoid_by(rule, data=lambda x: 1 / (1 + math.exp(-x)) if x > -700 else 0.0):
    def sigmoid(v):
        s = data(v.data)
        return Value(s, (v,), lambda slope: rule(slope, s, v.data))

    return sigmoid


def right_rule(slope, s, x):
    return (slope * s * (1 - s),)


RIGHT = {
    "by_hand": [(6, -18), (torch.tensor(6.0), -18.0)],
    "sigmoid_value": [
        sigmoid_by(lambda slope, s, x: (slope * s * (1 - s),)),
        sigmoid_by(
            lambda slope, s, x: (slope * s * (1 - s),),
            lambda x: (1 + math.tanh(x / 2)) / 2,
        ),
    ],
    "reveal": [
        lambda x: x * x,
        lambda x: x + x,
        lambda x: x.exp() * x + 1,
        lambda x: (x - 1) / x,
        lambda x: x * x.log(),
    ],
}

WRONG = {
    "by_hand": {
        "product alone": ((12, -18), "a is also added directly"),
        "direct way alone": ((-6, -18), "a is also in the product"),
        "slope of s in a": ((-1, -18), "multiply by 2 s"),
        "s for 2 s in a": ((3, -18), "2 s, not s"),
        "exchanged": ((-18, 6), "That is the slope in b"),
        "something else": ((7, -18), "a has two ways"),
        "sign of s": ((6, 18), "sign of s"),
        "slope of s in b": ((6, 3), "multiply by 2 s"),
        "s for 2 s in b": ((6, -9), "2 s, not s"),
        "b for a": ((6, 12), "product in b is a"),
        "stopped at s": ((6, -6), "one more factor"),
        "anything": ((6, 5), "2 s times"),
    },
    "sigmoid_value": {
        "a number": (lambda v: 1 / (1 + math.exp(-v.data)), "Return Value("),
        "of v": (lambda v: Value(1 / (1 + math.exp(-v)), (v,)), BROKE),
        "many operations": (lambda v: 1 / (1 + (-v).exp()), "wanted one"),
        "no inputs": (
            lambda v: Value(1 / (1 + math.exp(-v.data))),
            "hand (v,) to Value",
        ),
        "a number for inputs": (
            lambda v: Value(1 / (1 + math.exp(-v.data)), (v.data,)),
            "hand (v,) to Value",
        ),
        "inputs without a comma": (
            lambda v: Value(1 / (1 + math.exp(-v.data)), (v)),
            "The comma makes the tuple",
        ),
        "a number for the rule": (
            lambda v: Value(1 / (1 + math.exp(-v.data)), (v,), 0.25),
            "The rule takes the slope of the answer",
        ),
        "a rule that stops": (
            sigmoid_by(lambda slope, s, x: (slope * s * (1 - t),)),  # noqa: F405
            "your rule stopped with NameError",
        ),
        "a rule of nothing": (
            lambda v: Value(1 / (1 + math.exp(-v.data)), (v,), lambda: (1.0,)),
            "It takes one number",
        ),
        "a rule that overflows": (
            sigmoid_by(
                lambda slope, s, x: (slope * math.exp(-x) / (1 + math.exp(-x)) ** 2,)
            ),
            "numbers up to 0",
        ),
        "a plain number far out": (
            lambda v: 1.0 if v.data > 700 else sigmoid_by(right_rule)(v),
            "sigmoid(Value(1000.0)) gave 1, wanted a Value",
        ),
        "no rule": (
            lambda v: Value(1 / (1 + math.exp(-v.data)), (v,)),
            "wanted a tuple of one number",
        ),
        "no comma": (
            sigmoid_by(lambda slope, s, x: slope * s * (1 - s)),
            "with the comma",
        ),
        "sign of v": (
            sigmoid_by(
                lambda slope, s, x: (slope * s * (1 - s),),
                lambda x: 1 / (1 + math.exp(x)),
            ),
            "mind the sign",
        ),
        "tanh": (
            sigmoid_by(lambda slope, s, x: (slope * (1 - s * s),), math.tanh),
            "exp(-v.data)",
        ),
        "slope s": (
            sigmoid_by(lambda slope, s, x: (slope * s,)),
            "Its slope is s (1 - s)",
        ),
        "slope falls": (
            sigmoid_by(lambda slope, s, x: (-slope * s * (1 - s),)),
            "The sigmoid rises",
        ),
        "slope of v": (
            sigmoid_by(lambda slope, s, x: (slope * s * (x - s),)),
            "not v - s",
        ),
        "passed on": (sigmoid_by(lambda slope, s, x: (slope,)), "passed on as it came"),
        "slope of tanh": (
            sigmoid_by(lambda slope, s, x: (slope * (1 - s * s),)),
            "The slope of the sigmoid is",
        ),
        "local slope alone": (
            sigmoid_by(lambda slope, s, x: (s * (1 - s),)),
            "multiplies the slope that it is given",
        ),
        "overflow": (
            sigmoid_by(
                lambda slope, s, x: (slope * s * (1 - s),),
                lambda x: 1 / (1 + math.exp(-x)),
            ),
            "exp of a large number overflows",
        ),
        "cut off far out": (
            sigmoid_by(
                lambda slope, s, x: (slope * s * (1 - s),),
                lambda x: 1 / (1 + math.exp(-max(-5.0, min(5.0, x)))),
            ),
            "numbers up to 0",
        ),
    },
    "reveal": {
        "used once": (lambda x: (x * 2 + 1).tanh(), "used more than once"),
        "x itself": (lambda x: x, "used more than once"),
        "too large to tell": (lambda x: (x * 1e3).exp() * x - x, "used more than once"),
        "its data": (lambda x: Value(x.data) * 2, "Compute with x itself"),
        "a number": (lambda x: x.data * x.data, "Compute with x itself"),
        "a second use that counts for nothing": (
            lambda x: x * 1 + x * 0,
            "and each use counts",
        ),
    },
}
