"""Checks for the exercises on averages and momentum, in part 7."""

import math

import torch

from torchbook.exercises import Case, close, compare, exercise, show


@exercise("steps_to_forget")
def check_steps_to_forget(steps_to_forget):
    """Short and long memories, a share that is met exactly, and one below a per cent."""
    for beta, share in ((0.9, 0.5), (0.5, 0.25), (0.99, 0.01), (0.75, 1e-4)):
        exact = math.log(share) / math.log(beta)
        want = math.ceil(round(exact, 9))
        usual = [
            (exact, "There are no parts of a step. Round up."),
            (math.floor(exact), "One step short: round up, not down."),
            (round(1 / (1 - beta)), "That is the window. What share is left after it?"),
            (math.ceil(math.log(1 - share) / math.log(beta)),
             "That much is forgotten. What is asked for is what is left."),
            (math.ceil(math.log(share) / math.log(1 - beta)),
             "Each step keeps beta of it, not 1 - beta."),
            (math.ceil(math.log(share / (1 - beta)) / math.log(beta)),
             "That is for a single value. All older ones count together."),
            (want + 1, "One step too many."),
        ]  # fmt: skip
        got = steps_to_forget(beta, share)
        told = "All that is older than k steps counts beta to the power k."
        told = next((text for wrong, text in usual if close(got, wrong)), told)
        what = f"steps_to_forget({beta}, {share}) gave {show(got)}, wanted {want}."
        yield Case(what, close(got, want), told)


@exercise("corrected_weights")
def check_corrected_weights(corrected_weights):
    """A few values, one alone, and many."""
    for beta, T in ((0.5, 3), (0.9, 5), (0.9, 1), (0.98, 40)):
        age = torch.arange(T - 1, -1, -1)
        raw = (1 - beta) * beta ** age.double()
        want = raw / (1 - beta**T)
        powers = beta ** age.double()
        usual = [
            (want.flip(0), "Oldest first: the newest counts the most, and is the last."),
            (raw, "These add up to less than 1. Divide by 1 - beta**T."),
            (raw.flip(0), "Oldest first, and divide by 1 - beta**T."),
            (powers, "The newest value is multiplied by 1 - beta, not by 1."),
            (powers / (1 - beta**T), "The newest value is multiplied by 1 - beta."),
            (beta * want, "The newest value has not faded yet: its power is 0."),
            (raw / (1 - beta ** (age.double() + 1)),
             "One number divides them all: 1 - beta**T."),
            (raw / (1 - beta ** (T - age.double())),
             "One number divides them all: 1 - beta**T."),
            (raw / beta**T, "Divide by 1 - beta**T."),
        ]  # fmt: skip
        otherwise = (
            "A value k steps old counts (1 - beta) * beta**k, before correction."
        )
        got = corrected_weights(beta, T)
        yield compare(f"corrected_weights({beta}, {T})", got, want, usual, otherwise)


def _coast(g, lr, momentum, steps, late=False):
    v = w = 0.0
    for _ in range(steps):
        if late:
            w -= lr * v
        v = momentum * v + g
        if not late:
            w -= lr * v
    return w


@exercise("coast")
def check_coast(coast):
    """Uphill and downhill, one step, no momentum, many steps, and none."""
    for g, lr, mu, steps in (
        (1.0, 0.1, 0.5, 3),
        (-2.0, 0.1, 0.9, 20),
        (3.0, 0.5, 0.9, 1),
        (1.0, 0.2, 0.0, 4),
        (1.0, 0.1, 0.9, 0),
    ):
        want = _coast(g, lr, mu, steps)
        end = -lr * g / (1 - mu)
        velocity = g * (1 - mu**steps) / (1 - mu)
        usual = [
            (-want, "Downhill is against the slope: subtract."),
            (-lr * velocity, "That is the last step alone. Add all of them up."),
            (velocity, "That is the velocity. Where is the weight?"),
            (end, "That is the length of a step in the long run, not the way."),
            (steps * end, "The velocity is not there at once: it grows from 0."),
            (-lr * g * steps, "These are plain steps. A velocity is missing."),
            ((1 - mu) * want, "Torch's form has no 1 - mu before the slope."),
            (_coast(g, lr, mu, steps, late=True),
             "The slope goes into the velocity before the step, not after it."),
        ]  # fmt: skip
        otherwise = (
            "Walk it in a loop: first the velocity, then the weight, by -lr * v."
        )
        got = coast(g, lr, mu, steps)
        yield compare(f"coast({g}, {lr}, {mu}, {steps})", got, want, usual, otherwise)
