"""torchbook.exercises.gpu: right answers pass, usual slips get the hint meant for them."""

import statistics

import torch
from answers import *  # noqa: F403
from answers import BROKE


def clocked(summary=statistics.median, *, before=True, after=True, warm=True):
    """A median_time with one of its parts left out, or another summary."""

    def median_time(work, wait, clock, repeats, warm_up):
        for _ in range(warm_up if warm else 0):
            work()
        times = []
        for _ in range(repeats):
            if before:
                wait()
            start = clock()
            work()
            if after:
                wait()
            times.append(clock() - start)
        return summary(times)

    return median_time


def shallow(batch, device):
    if isinstance(batch, tuple | list):
        return type(batch)(p.to(device) if hasattr(p, "to") else p for p in batch)
    return batch.to(device)


def moved(batch, device, form=lambda kind, parts: kind(parts)):
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: moved(part, device, form) for key, part in batch.items()}
    if isinstance(batch, list | tuple):
        return form(type(batch), [moved(part, device, form) for part in batch])
    return batch


def still(batch, device):
    if isinstance(batch, torch.Tensor):
        batch.to(device)
    return batch


RIGHT = {
    "median_time": [clocked(), clocked(lambda t: sorted(t)[len(t) // 2])],
    "overhead": [
        lambda B1, t1, B2, t2: (
            t1 - (t2 - t1) / (B2 - B1) * B1,
            (t2 - t1) / (B2 - B1),
        ),
        lambda B1, t1, B2, t2: torch.linalg.solve(
            torch.tensor([[1.0, B1], [1.0, B2]], dtype=torch.float64),
            torch.tensor([t1, t2], dtype=torch.float64),
        ),
    ],
    "move": [moved],
}

WRONG = {
    "median_time": {
        "no wait at all": (clocked(before=False, after=False), "hand the job over"),
        "no wait before": (clocked(before=False), "wait() before each"),
        "no wait after": (clocked(after=False), "hand the job over"),
        "no warm-up": (clocked(warm=False), "Warm up outside"),
        "mean": (clocked(statistics.mean), "This is the mean"),
        "sum": (clocked(sum), "sum of all repeats"),
        "fastest": (clocked(min), "fastest call"),
        "text": (clocked(str), "Warm up outside"),
        "too few arguments": (lambda work: 0.0, BROKE),
    },
    "overhead": {
        "swapped": (
            lambda B1, t1, B2, t2: RIGHT["overhead"][0](B1, t1, B2, t2)[::-1],
            "overhead comes first",
        ),
        "all of the first time": (
            lambda B1, t1, B2, t2: (t1, (t2 - t1) / (B2 - B1)),
            "take b * B1 away",
        ),
        "time over size": (
            lambda B1, t1, B2, t2: (RIGHT["overhead"][0](B1, t1, B2, t2)[0], t1 / B1),
            "Divide two differences",
        ),
        "one number": (lambda B1, t1, B2, t2: t1, "slope"),
        "a text": (lambda B1, t1, B2, t2: "a", "slope"),
        "too few arguments": (lambda B1, t1: 0.0, BROKE),
    },
    "move": {
        "the same": (still, "Return what .to gives you"),
        "not nested": (shallow, BROKE),
        "lists for tuples": (
            lambda batch, device: moved(batch, device, lambda kind, parts: parts),
            "Go through the form",
        ),
        "a text": (lambda batch, device: "meta", "Go through the form"),
    },
}
