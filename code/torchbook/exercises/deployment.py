"""Checks for the exercises on exporting and serving a network, in part 12."""

import math

import torch
from torch import nn

from torchbook.exercises import (
    Case,
    Unusable,
    compare,
    compare_entries,
    exercise,
    show,
    unchanged,
)


@exercise("fold_scaling")
def check_fold_scaling(fold_scaling):
    """One unit, several, and inputs of very different spreads: the new layer gives the same."""
    chance = torch.Generator().manual_seed(0)
    for H, D in ((1, 2), (3, 2), (2, 3), (4, 5)):
        weight, bias = (
            torch.randn(H, D, generator=chance),
            torch.randn(H, generator=chance),
        )
        m = 3 * torch.randn(D, generator=chance)
        s = 0.5 + 2 * torch.rand(D, generator=chance)
        given = weight, bias, m, s
        got = fold_scaling(*(part.clone() for part in given))
        call = f"fold_scaling with weight of shape {(H, D)}"
        two = isinstance(got, (tuple, list)) and len(got) == 2
        what = f"{call} gave {type(got).__name__}, wanted a pair of tensors."
        yield Case(what, two, "Return weight and bias, in this order.")
        want = weight / s
        usual = [
            (weight, "The spreads go into the weights: what is divided by s in x?"),
            (weight * s, "Divide by the spreads: x / s times w is x times w / s."),
            ((weight - m) / s, "The means change the bias, and not the weights."),
        ]
        otherwise = "Write W((x - m) / s) + b out, and collect what stands before x."
        yield compare_entries(f"the weight of {call}", got[0], want, usual, otherwise)
        usual = [
            (bias, "The means have to go somewhere: set x to 0 and look."),
            (bias + want @ m, "The means are taken off, so their share is, too."),
            (bias - weight @ m, "The means are divided by the spreads as well."),
            (bias - m.mean(), "Each mean goes through the weights of its input."),
        ]
        otherwise = "What does the old layer give for x = 0?"
        yield compare_entries(
            f"the bias of {call}", got[1], bias - want @ m, usual, otherwise
        )


@exercise("brighten")
def check_brighten(brighten):
    """Dark and light pictures in one batch, several channels, one alone; and as a graph."""
    chance = torch.Generator().manual_seed(0)
    dark = 0.3 * torch.rand(2, 3, 4, 5, generator=chance)  # means below 0.2
    light = 0.5 + 0.5 * torch.rand(2, 3, 4, 5, generator=chance)
    mixed = torch.cat([dark[:1], light, dark[1:]])
    uneven = torch.full((1, 2, 2, 2), 0.1)
    uneven[0, 0] = 0.9  # a dark channel beside a light one: light in all
    for what, X in (
        ("dark and light pictures", mixed),
        ("a dark picture", dark[:1]),
        ("a light picture", light[:1]),
        ("a picture with a dark channel", uneven),
    ):
        given = X.clone()
        got = brighten(given)
        yield unchanged([given], [X], "X *= 2 works in place. Make a new tensor.")
        mean = X.mean(dim=(1, 2, 3), keepdim=True)
        by_channel = torch.where(X.mean(dim=(2, 3), keepdim=True) < 0.2, 2 * X, X)
        usual = [
            (by_channel, "One mean for a picture: over channels, too."),
            (torch.where(X < 0.2, 2 * X, X), "Double whole pictures, not by pixels."),
            (
                torch.where(mean < 0.2, X, 2 * X),
                "It is the dark ones that are doubled.",
            ),
            (2 * X, "Light pictures stay as they are."),
            (X, "Dark pictures are doubled, each by a mean of its own: dim=(1, 2, 3)."),
        ]
        otherwise = "torch.where(mean < 0.2, 2 * X, X), with a mean for each picture."
        want = torch.where(mean < 0.2, 2 * X, X)
        yield compare_entries(f"brighten of {what}", got, want, usual, otherwise)
    yield Case(
        "torch.export cannot write it down.",
        _is_a_graph(brighten),
        "There is an if on a number of X, a loop over its pictures, or a .item() in it.",
    )


def _is_a_graph(function) -> bool:
    """Whether a function of a batch can be exported, and serves another batch size then."""
    from torchbook import export

    class Module(nn.Module):
        def forward(self, X):
            return function(X)

    try:
        ask = export.traced(Module(), torch.rand(3, 1, 2, 2)).module()
        return ask(torch.rand(5, 1, 2, 2)).shape == (5, 1, 2, 2)
    except Unusable:
        return False
    except Exception:  # of a graph that fits one size
        return False


@exercise("tail")
def check_tail(tail):
    """Shares that fall on a latency, between two, all of them, one latency, and ties."""
    ten = [3.0, 9.0, 1.0, 7.0, 5.0, 2.0, 8.0, 4.0, 10.0, 6.0]
    for latencies, share, want in (
        (ten, 0.3, 3.0),
        (ten, 0.65, 7.0),
        (ten, 0.99, 10.0),
        (ten, 1.0, 10.0),
        (ten, 0.01, 1.0),
        ([4.0], 0.99, 4.0),
        ([1.0, 1.0, 1.0, 50.0], 0.75, 1.0),
        ([1.0, 1.0, 1.0, 50.0], 0.76, 50.0),
    ):
        given = list(latencies)
        got = tail(given, share)
        yield Case(
            "your function changed the list that it was given.",
            given == latencies,
            "sorted(latencies) makes a new list; .sort() does not.",
        )
        ordered, n = sorted(latencies), len(latencies)
        rank = math.ceil(share * n)
        cut = min(n - 1, int(share * n))
        usual = [
            (sum(latencies) / n, "A mean hides the slow ones. Sort and count."),
            (latencies[cut], "Sort them first."),
            (latencies[rank - 1], "Sort them first."),
            (ordered[cut], "One place too far: how many must lie at or below it?"),
            (ordered[-rank], "Count from the fast end."),
            (ordered[max(0, cut - 1)], "Round the number of places up: math.ceil."),
        ]
        otherwise = (
            "The rank is share times their number, rounded up; ranks begin at 1."
        )
        yield compare(f"tail({show(latencies)}, {share})", got, want, usual, otherwise)


@exercise("batch_sizes")
def check_batch_sizes(batch_sizes):
    """A lone picture, a crowd, more than fit, pauses, and one that comes just in time."""
    for arrivals, a, b, most, want in (
        ([0.0], 1.0, 0.0, 8, [1]),
        ([0.0, 0.1, 0.2, 0.3], 1.0, 0.0, 8, [1, 3]),
        ([0.0] * 5, 1.0, 0.0, 2, [2, 2, 1]),
        ([0.0, 0.5, 5.0, 5.5, 5.6], 1.0, 0.0, 8, [1, 1, 1, 2]),
        ([0.0, 1.0, 1.5], 1.0, 0.0, 8, [1, 1, 1]),
        ([0.0, 0.5, 1.0, 1.5], 0.5, 0.5, 8, [1, 2, 1]),
        ([0.0, 0.1, 0.2, 2.0, 2.1], 0.5, 0.5, 8, [1, 2, 2]),
    ):
        given = list(arrivals)
        got = batch_sizes(given, a, b, most)
        call = f"batch_sizes({show(arrivals)}, {a}, {b}, {most})"
        kept = Case(
            "your function changed the list that it was given.",
            given == arrivals,
            "Count how many are done instead of taking them out of the list.",
        )
        yield kept
        is_list = isinstance(got, (list, tuple)) and all(type(k) is int for k in got)
        told = "Return a list of whole numbers."
        yield Case(f"{call} gave {show(got)}, wanted a list of sizes.", is_list, told)
        usual = [
            ([1] * len(arrivals), "All that wait go together, not one by one."),
            ([len(arrivals)], "Who has not arrived when a batch begins is not in it."),
        ]
        otherwise = (
            "A batch begins when the network is free and a picture is there. How long "
            "does a batch take, and who has come by then?"
        )
        if sum(got) != len(arrivals):
            otherwise = "Each picture is in one batch: sizes add up to their number."
        elif max(got) > most:
            usual, otherwise = [], f"A batch holds {most} at the most; others wait."
        same = list(got) == want
        hint = next((text for wrong, text in usual if list(got) == wrong), otherwise)
        yield Case(f"{call} gave {show(got)}, wanted {show(want)}.", same, hint)
