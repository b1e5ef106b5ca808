"""torchbook.exercises.modules: right answers pass, usual slips get the hint meant for them."""

import itertools
from collections import OrderedDict

import torch
from answers import *  # noqa: F403
from torch import nn


def set_to(first, second, bias=0.0):
    """A network of one hidden layer with these weights."""
    first, second = torch.tensor(first), torch.tensor([second])
    model = nn.Sequential(nn.Linear(2, len(first)), nn.ReLU(), nn.Linear(len(first), 1))
    with torch.no_grad():
        model[0].weight.copy_(first)
        model[2].weight.copy_(second)
        model[0].bias.fill_(bias)
        model[2].bias.zero_()
    return model


BOTH = [[1.0, -1.0], [0.0, 1.0], [0.0, -1.0]]
HALVES = [[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0]]


class Biggest(nn.Module):
    def forward(self, X):
        return X.amax(dim=1, keepdim=True)


def named(sizes, *, first=1, last=False, order=1, kinds=(nn.Linear, nn.ReLU)):
    layers = OrderedDict()
    for n, (D, K) in enumerate(itertools.pairwise(sizes), first):
        layers[f"linear{n}"] = kinds[0](D, K)
        layers[f"relu{n}"] = kinds[1]()
    if not last:
        layers.popitem()
    return nn.Sequential(OrderedDict(list(layers.items())[::order]))


def numbered(sizes):
    return nn.Sequential(*named(sizes))


def added(sizes):
    model = nn.Sequential()
    for name, layer in named(sizes).named_children():
        model.add_module(name, layer)
    return model


def turned(sizes):
    """The first pair of sizes the wrong way round."""
    model = named(sizes)
    model.linear1 = nn.Linear(sizes[1], sizes[0])
    return model


class Again(nn.Module):
    def __init__(self, width, times, *, last=True):
        super().__init__()
        self.layer, self.times, self.last = nn.Linear(width, width), times, last

    def forward(self, X):
        for n in range(self.times):
            X = self.layer(X)
            if self.last or n < self.times - 1:
                X = torch.relu(X)
        return X


class New(nn.Module):
    """A layer made in forward, beside one that is not used."""

    def __init__(self, width, times):
        super().__init__()
        self.layer = nn.Linear(width, width)

    def forward(self, X):
        return torch.relu(nn.Linear(X.shape[1], X.shape[1])(X))


class Listed(Again):
    def __init__(self, width, times):
        super().__init__(width, times)
        layer = self.layer
        del self.layer
        self.layers = [layer]

    def forward(self, X):
        return torch.relu(self.layers[0](X))


class Stops(Again):
    def forward(self, X):
        return self.layer(X[:, :-1])


def row(width, times):
    return nn.Sequential(*[nn.Linear(width, width), nn.ReLU()] * times)


def copies(width, times):
    pairs = [(nn.Linear(width, width), nn.ReLU()) for _ in range(times)]
    return nn.Sequential(*[layer for pair in pairs for layer in pair])


RIGHT = {
    "larger": [
        lambda: set_to(BOTH, [1.0, 1.0, -1.0]),
        lambda: set_to(HALVES, [0.5, 0.5, 0.5, -0.5]),
    ],
    "named_layers": [named, added],
    "again": [Again, row],
}

WRONG = {
    "larger": {
        "the difference": (lambda: set_to([[1.0, -1.0]], [1.0]), "Add x_2"),
        "the smaller": (
            lambda: set_to([[-1.0, 1.0], *BOTH[1:]], [-1.0, 1.0, -1.0]),
            "the smaller one",
        ),
        "above zero only": (
            lambda: set_to(BOTH, [1.0, 1.0, 0.0]),
            "Below, relu(x_2) loses it",
        ),
        "apart": (
            lambda: set_to(HALVES, [1.0, 1.0, 0.0, 0.0]),
            "how far they are apart",
        ),
        "the sum": (lambda: set_to(HALVES, [0.0, 0.0, 1.0, -1.0]), "That is the sum"),
        "a bias left": (
            lambda: set_to(BOTH, [1.0, 1.0, -1.0], bias=0.5),
            "weights and biases set",
        ),
        "not set": (
            lambda: nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)),
            "larger(): entry",
        ),
        "by amax": (Biggest, "wanted a nn.Sequential"),
        "one layer": (lambda: nn.Sequential(nn.Linear(2, 1)), "wanted Linear, ReLU"),
        "two outputs": (
            lambda: nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)),
            "one output",
        ),
        "sizes apart": (
            lambda: nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(4, 1)),
            "mind which sizes meet",
        ),
    },
    "named_layers": {
        "numbers": (numbered, "called 0, 1, 2"),
        "from 0": (lambda sizes: named(sizes, first=0), "Count from 1"),
        "a ReLU too many": (lambda sizes: named(sizes, last=True), "there is no ReLU"),
        "turned round": (
            lambda sizes: named(sizes, order=-1),
            "The order of the names",
        ),
        "a sigmoid": (
            lambda sizes: named(sizes, kinds=(nn.Linear, nn.Sigmoid)),
            "relu1 is a Sigmoid",
        ),
        "sizes turned round": (turned, "from one size to the next"),
        "a list": (lambda sizes: list(named(sizes)), "wanted a nn.Sequential"),
        "a dictionary": (
            lambda sizes: nn.ModuleDict(dict(named(sizes).named_children())),
            "wanted a nn.Sequential",
        ),
    },
    "again": {
        "copies": (copies, "made once in __init__"),
        "in forward": (New, "new each time"),
        "a list": (Listed, "must be an attribute"),
        "once too few": (
            lambda width, times: Again(width, times - 1),
            "Once too few",
        ),
        "once too often": (lambda width, times: Again(width, times + 1), "too often"),
        "no last ReLU": (
            lambda width, times: Again(width, times, last=False),
            "behind the last one",
        ),
        "the class": (lambda width, times: Again, "wanted a module"),
        "it stops": (Stops, "mind which sizes meet"),
    },
}
