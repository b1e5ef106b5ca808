"""torchbook.exercises.debugging: right answers pass, usual slips get the hint meant for them."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from answers import *  # noqa: F403
from answers import BROKE
from torch import nn

from torchbook.exercises import debugging


def entropy(counts):
    shares = counts[counts > 0] / counts.sum()
    return -(shares * shares.log()).sum()


def entropy_by_hand(counts):
    n = int(sum(counts))
    shares = [int(count) / n for count in counts]
    return -sum(share * math.log(share) for share in shares if share)


def entropy_of_all(counts):
    shares = counts / counts.sum()
    return -(shares * shares.log()).sum()


def finder(
    bad=lambda out: not out.isfinite().all(),
    leaf=lambda part: not list(part.children()),
    pick=lambda names: names[0] if names else "",
    remove=True,
):
    """A first_not_finite with one of its parts done in another way."""

    def first_not_finite(model, X):
        names, hooks = [], []
        for name, part in model.named_modules():
            if leaf(part):

                def look(part, inputs, output, name=name):
                    if bad(output):
                        names.append(name)

                hooks.append(part.register_forward_hook(look))
        model(X)
        for hook in hooks if remove else []:
            hook.remove()
        return pick(names)

    return first_not_finite


def in_the_order_of_making(model, X):
    outputs, hooks = {}, []
    for name, part in model.named_modules():
        if not list(part.children()):
            hooks.append(
                part.register_forward_hook(
                    lambda part, inputs, output, name=name: outputs.update(
                        {name: output}
                    )
                )
            )
    model(X)
    for hook in hooks:
        hook.remove()
    for name, _ in model.named_modules():
        if name in outputs and not outputs[name].isfinite().all():
            return name
    return ""


def layer_after_layer(model, X):
    for name, layer in model.named_children():
        X = layer(X)
        if not X.isfinite().all():
            return name
    return ""


def trainer(*, relu=False, pairs="rows", clear="before", loss=F.cross_entropy, lr=0.01):
    """A train_corners; the defaults are right, each option is one of the usual faults."""

    def train_corners(X, y):
        last = [nn.ReLU()] if relu else []
        model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 3), *last)
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        for _ in range(10):
            for n, rows in enumerate(torch.randperm(len(X)).split(32)):
                labels = y[rows] if pairs == "rows" else y[32 * n :][: len(rows)]
                now = loss(model(X[rows]), labels)
                if clear == "before":
                    optimizer.zero_grad()
                now.backward()
                if clear == "after":
                    optimizer.zero_grad()
                optimizer.step()
        return model

    return train_corners


def other_optimizer(X, y):
    torch.optim.Adam(nn.Linear(2, 3).parameters())
    return nn.Linear(2, 3)


RIGHT = {
    "constant_loss": [
        entropy,
        entropy_by_hand,
        lambda counts: torch.special.entr(counts / counts.sum()).sum(),
        lambda counts: torch.distributions.Categorical(counts / counts.sum()).entropy(),
    ],
    "first_not_finite": [
        finder(),
        finder(bad=lambda out: bool((out - out != 0).any())),
    ],
    "train_corners": [
        trainer(),
        trainer(lr=0.03),
        trainer(loss=lambda z, y: F.nll_loss(z.log_softmax(1), y)),
    ],
}

WRONG = {
    "constant_loss": {
        "sign": (lambda counts: -entropy(counts), "The sign"),
        "bits": (lambda counts: entropy(counts) / math.log(2), "to base 2"),
        "base 10": (lambda counts: entropy(counts) / math.log(10), "natural logarithm"),
        "uniform": (lambda counts: math.log(len(counts)), "classes of one size only"),
        "empty classes": (entropy_of_all, "leave empty classes out"),
        "not weighted": (
            lambda counts: -(counts / counts.sum()).log().sum(),
            "Weight each logarithm",
        ),
        "mean of logarithms": (
            lambda counts: -(counts / counts.sum()).log().mean(),
            "as often as it occurs",
        ),
        "a sum over samples": (
            lambda counts: entropy(counts) * counts.sum(),
            "The loss is their mean",
        ),
        "one a class": (
            lambda counts: -(counts / counts.sum()) * (counts / counts.sum()).log(),
            "Each class: minus its share",
        ),
        "largest share": (
            lambda counts: -(counts.max() / counts.sum()).log(),
            "Each class: minus its share",
        ),
    },
    "first_not_finite": {
        "infinity forgotten": (
            finder(bad=lambda out: out.isnan().any()),
            "Infinity counts too",
        ),
        "the last": (
            finder(pick=lambda names: names[-1] if names else ""),
            "Only the first name counts",
        ),
        "a container": (layer_after_layer, "layers without children"),
        "order of making": (in_the_order_of_making, "the order of running"),
        "hooks left": (finder(remove=False), "call its remove()"),
        "all of the names": (finder(pick=lambda names: names), "Return the name"),
        "no answer for none": (
            finder(pick=lambda names: names[0] if names else None),
            "gave back nothing",
        ),
        "always a name": (
            finder(pick=lambda names: names[0] if names else "one"),
            "return an empty text",
        ),
        "no names": (finder(pick=lambda names: names[0]), BROKE),
    },
    "train_corners": {
        "a ReLU at the end": (trainer(relu=True), "scores below zero"),
        "other labels": (trainer(pairs="places"), "the label of the sample beside it"),
        "slopes cleared": (trainer(clear="after"), "slopes left at optimizer.step()"),
        "nothing trained": (other_optimizer, "The labels change nothing"),
        "an accuracy": (lambda X, y: 1.0, "Return the model"),
        "a loss that cannot be": (
            trainer(loss=lambda z, y: F.cross_entropy(y, z)),
            BROKE,
        ),
    },
}


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("pairs", ["rows", "places"])
@pytest.mark.parametrize("clear", ["before", "after"])
def test_any_mixture_of_the_faults_fails(relu, pairs, clear):
    """So that a reader who mends one of three is not told that all is well."""
    sound = not relu and pairs == "rows" and clear == "before"
    outcome = debugging.check_train_corners(
        trainer(relu=relu, pairs=pairs, clear=clear)
    )
    assert bool(outcome) == sound, repr(outcome)


def test_a_relu_that_does_no_harm_by_luck_is_seen():
    class Lucky(nn.Module):
        def __init__(self, X, y):
            super().__init__()
            self.X, self.y = X, y

        def forward(self, X):
            return F.one_hot(self.y, 3).float()

    outcome = debugging.check_train_corners(Lucky)
    assert "scores below zero" in repr(outcome)


def test_the_readers_random_numbers_stay_as_they_were():
    torch.manual_seed(5)
    debugging.check_train_corners(trainer())
    seen = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(seen, torch.rand(1))


def test_the_corners_can_be_told_apart_and_differ_by_seed():
    for s, t in itertools.pairwise(range(4)):
        X, y = debugging._corners(s)
        assert X.shape == (300, 2)
        assert y.bincount().tolist() == [100] * 3
        assert not torch.equal(X, debugging._corners(t)[0])
