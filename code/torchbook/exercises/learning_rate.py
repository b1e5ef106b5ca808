"""Checks for the exercises on learning rates, in part 4."""

import math

import torch

from torchbook.exercises import Case, NothingBack, compare, exercise, show


@exercise("rate_grid")
def check_rate_grid(rate_grid):
    """Powers of ten, another ratio, and two rates alone."""
    for low, high, count in ((1e-3, 10.0, 5), (0.5, 4.0, 4), (0.01, 0.3, 2)):
        t = torch.arange(count, dtype=torch.float64)
        want = low * (high / low) ** (t / (count - 1))
        linear = torch.linspace(low, high, count)
        short = "It must end at `high`: from the first to the last are count - 1 steps."
        usual = [
            (linear, "Equal distances. Wanted: equal ratios."),
            (low * (high / low) ** (t / count), short),
            (want.log10(), "These are the exponents. Take 10 to their power."),
            (want.log(), "These are the exponents. Take exp of them."),
            (want.flip(0), "From `low` to `high`, in this order."),
        ]
        otherwise = "Multiply by the same factor each time, from `low` to `high`."
        call = f"rate_grid({low:g}, {high:g}, {count})"
        yield compare(call, rate_grid(low, high, count), want, usual, otherwise)


@exercise("choose_rate")
def check_choose_rate(choose_rate):
    """A plain curve, runs that diverged, and curves that are lowest at an edge."""
    rates, nan, inf = [0.003, 0.01, 0.03, 0.1, 0.3], math.nan, math.inf
    edge = "Lowest at the first or the last rate, or no run that held: None."
    inside = "The lowest loss has higher ones on both sides: give its rate."
    broke = "A loss of nan or inf is a run that diverged: make it infinite."
    for losses, want in (
        ([5.0, 2.0, 1.0, 3.0, 9.0], 0.03),
        ([5.0, 2.0, 3.0, inf, nan], 0.01),
        ([nan, 4.0, 3.0, 2.0, inf], 0.1),
        ([5.0, 4.0, 3.0, 2.0, 1.0], None),
        ([1.0, 2.0, 3.0, nan, nan], None),
        ([nan, nan, nan, nan, nan], None),
    ):
        call, finite = f"choose_rate({rates}, {losses})", [a for a in losses if a < inf]
        try:
            got = choose_rate(list(rates), list(losses))
        except NothingBack:  # here nothing is an answer
            got = None
        told = inside if len(finite) == len(losses) else broke
        if want is None or got is None:
            told = edge if want is None else told
            yield Case(f"{call} gave {show(got)}, wanted {want}.", got is want, told)
            continue
        usual = [
            (rates.index(want), "That is its place in the list. Which rate is there?"),
            (min(finite), "That is the loss itself."),
            (rates[losses.index(max(finite))], "That is the highest loss."),
        ]
        yield compare(call, got, want, usual, told)
