"""torchbook.exercises.networks: right answers pass, usual slips get the hint meant for them."""

from itertools import pairwise

import torch
from answers import *  # noqa: F403
from answers import BROKE


def tent_of(*changes, sign=-1):
    """An answer that bends by these changes of slope; each is a function of rise and fall."""

    def tent(left, top, right):
        up, down = 1 / (top - left), 1 / (right - top)
        v = torch.tensor([change(up, down) for change in changes])
        return torch.ones(3), sign * torch.tensor([left, top, right]), v

    return tent


def mirrored(left, top, right):
    """The same tent out of units that look to the left."""
    up, down = 1 / (top - left), 1 / (right - top)
    c = torch.tensor([left, top, right])
    return [-1.0] * 3, c, torch.tensor([up, -up - down, down])


RIGHT = {
    "tent": [
        tent_of(lambda u, d: u, lambda u, d: -u - d, lambda u, d: d),
        mirrored,
    ],
    "inside": [
        lambda K: (torch.ones(K), 0.5 - K),
        lambda K: ([2.0] * K, torch.tensor(1.0 - 2 * K)),
    ],
    "parameters": [
        lambda sizes: sum((a + 1) * b for a, b in pairwise(sizes)),
        lambda sizes: sum(
            p.numel()
            for a, b in pairwise(sizes)
            for p in torch.nn.Linear(a, b).parameters()
        ),
    ],
}

WRONG = {
    "tent": {
        "no end": (
            tent_of(lambda u, d: u, lambda u, d: -u - d, lambda u, d: 0.0),
            "goes on falling",
        ),
        "falls too late": (
            tent_of(lambda u, d: u, lambda u, d: -d, lambda u, d: d),
            "from rising to falling",
        ),
        "level": (
            tent_of(lambda u, d: u, lambda u, d: -u, lambda u, d: 0.0),
            "not stay level",
        ),
        "level, then up": (
            tent_of(lambda u, d: u, lambda u, d: -u, lambda u, d: d),
            "from rising to falling",
        ),
        "even sides": (
            tent_of(lambda u, d: 1.0, lambda u, d: -2.0, lambda u, d: 1.0),
            "how wide the two sides are",
        ),
        "upside down": (
            tent_of(lambda u, d: -u, lambda u, d: u + d, lambda u, d: -d),
            "upside down",
        ),
        "sign of c": (
            tent_of(lambda u, d: u, lambda u, d: -u - d, lambda u, d: d, sign=1),
            "mind the sign of c",
        ),
        "one tensor": (lambda *c: torch.tensor(c), "wanted w, c and v"),
        "two of three": (
            lambda *c: (torch.ones(3), torch.ones(3)),
            "wanted w, c and v",
        ),
        "two units": (lambda *c: (torch.ones(2),) * 3, "of shape (3,)"),
        "nothing bends": (lambda *c: (torch.zeros(3),) * 3, "change of slope there"),
    },
    "inside": {
        "any": (lambda K: (torch.ones(K), -0.5), "Lower the bias"),
        "too strict": (lambda K: (torch.ones(K), -0.5 - K), "Raise the bias"),
        "on the line": (lambda K: (torch.ones(K), -K), "exactly 0"),
        "two units only": (lambda K: (torch.ones(2), -1.5), "A weight for each"),
        "for two units": (lambda K: (torch.ones(K), -1.5), "Raise the bias"),
        "no bias": (lambda K: torch.ones(K), "weights and a bias"),
        "a bias each": (lambda K: (torch.ones(K), -torch.ones(K)), "one number"),
    },
    "parameters": {
        "weights": (
            lambda sizes: sum(a * b for a, b in pairwise(sizes)),
            "has a bias, too",
        ),
        "biases": (lambda sizes: sum(sizes[1:]), "biases alone"),
        "of the inputs": (
            lambda sizes: sum(a * b for a, b in pairwise(sizes)) + sum(sizes),
            "inputs have no biases",
        ),
        "at the wrong end": (
            lambda sizes: sum(a * (b + 1) for a, b in pairwise(sizes)),
            "each output of a layer",
        ),
        "one a layer": (
            lambda sizes: sum(a * b + 1 for a, b in pairwise(sizes)),
            "not each layer",
        ),
        "sizes": (lambda sizes: sum(sizes), "once more"),
        "out of range": (
            lambda sizes: sum(sizes[i] * sizes[i + 1] for i in range(len(sizes))),
            BROKE,
        ),
    },
}
