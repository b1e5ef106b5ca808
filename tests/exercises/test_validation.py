"""torchbook.exercises.validation: right answers pass, usual slips get the hint meant for them."""

import math

import torch
from answers import *  # noqa: F403
from answers import BROKE, run

from torchbook import metrics


def predicting(
    *, evaluating=True, recording=False, restore=True, answer=lambda z: z.argmax(dim=1)
):
    """A predict_classes that leaves out what it is told to."""

    def predict_classes(model, X):
        was_training = model.training
        if evaluating:
            model.eval()
        with torch.set_grad_enabled(recording):
            y_hat = answer(model(X))
        if restore:
            model.train(was_training)
        return y_hat

    return predict_classes


@torch.inference_mode()
def under_inference_mode(model, X):
    modes = [(m, m.training) for m in model.modules()]
    model.eval()
    y_hat = torch.stack([model(x[None])[0].argmax() for x in X])
    for module, training in modes:
        module.training = training
    return y_hat


@torch.no_grad()
def always_back_to_training(model, X):
    y_hat = model.eval()(X).argmax(dim=1)
    model.train()
    return y_hat


@torch.no_grad()
def only_the_outer_module(model, X):
    model.training = False
    return model(X).argmax(dim=1)


def not_called(model, X):
    return torch.tensor([2, 0, 3, 3, 1, 0])


def no_return(model, X):
    predicting()(model, X)


def harmonic(matrix, zero=True):
    precision, recall = metrics.precision_recall(matrix)
    f1 = 2 * precision * recall / (precision + recall)
    return f1.nan_to_num() if zero else f1


def mean_of_both(matrix):
    precision, recall = metrics.precision_recall(matrix)
    return (precision + recall) / 2


def product(matrix):
    precision, recall = metrics.precision_recall(matrix)
    return precision * recall


def in_place(matrix):
    f1 = harmonic(matrix)
    matrix.fill_diagonal_(0)
    return f1


def root(v):
    return math.sqrt(v)


RIGHT = {
    "samples_needed": [
        lambda a, se: math.ceil(a * (1 - a) / se**2),
        lambda a, se: -int(-a * (1 - a) // se**2),
        lambda a, se: next(n for n in range(1, 10**6) if root(a * (1 - a) / n) <= se),
    ],
    "predict_classes": [
        predicting(),
        under_inference_mode,
        predicting(answer=lambda z: z.softmax(1).topk(1).indices[:, 0]),
    ],
    "f1": [
        lambda m: 2 * m.diag() / (m.sum(0) + m.sum(1)),
        harmonic,
        lambda m: [2 * m[c, c] / (m[c].sum() + m[:, c].sum()) for c in range(len(m))],
    ],
}

WRONG = {
    "samples_needed": {
        "rounded down": (lambda a, se: int(a * (1 - a) / se**2), "round up"),
        "not rounded": (lambda a, se: a * (1 - a) / se**2, "round up"),
        "not squared": (lambda a, se: math.ceil(a * (1 - a) / se), "Square both sides"),
        "root kept": (
            lambda a, se: math.ceil(root(a * (1 - a)) / se),
            "Square both sides",
        ),
        "root kept, not rounded": (
            lambda a, se: root(a * (1 - a)) / se,
            "Square both sides",
        ),
        "two standard errors": (
            lambda a, se: math.ceil(a * (1 - a) / (se / 2) ** 2),
            "wanted is one",
        ),
        "accuracy in place of the variance": (
            lambda a, se: math.ceil(a / se**2),
            "The variance of one toss",
        ),
        "share of mistakes in place of the variance": (
            lambda a, se: math.ceil((1 - a) / se**2),
            "The variance of one toss",
        ),
        "standard error": (lambda a, se: root(a * (1 - a) / se), "Solve the formula"),
        "too few arguments": (lambda a: a, BROKE),
    },
    "predict_classes": {
        "no eval": (predicting(evaluating=False), "model.eval() before"),
        "no inference_mode": (predicting(recording=True), "inference_mode()"),
        "neither": (predicting(evaluating=False, recording=True), "model.eval()"),
        "left in eval mode": (predicting(restore=False), "came in training mode"),
        "always back to training": (always_back_to_training, "came in eval mode"),
        "a flag set by hand": (only_the_outer_module, "a layer was in training mode"),
        "logits": (predicting(answer=lambda z: z), "These are the logits"),
        "probabilities": (
            predicting(answer=lambda z: z.softmax(1)),
            "These are probabilities",
        ),
        "largest values": (predicting(answer=lambda z: z.amax(1)), "Where are they?"),
        "wrong axis": (predicting(answer=lambda z: z.argmax(0)), "along dim=1"),
        "no axis": (predicting(answer=torch.argmax), "along dim=1"),
        "a column": (
            predicting(answer=lambda z: z.topk(1).indices),
            "Drop the last dimension",
        ),
        "smallest": (predicting(answer=lambda z: z.argmin(1)), "Take the argmax"),
        "model not called": (not_called, "Call model(X)"),
        "no return": (no_return, "gave back nothing"),
    },
    "f1": {
        "nan": (lambda m: harmonic(m, zero=False), "wanted no nan"),
        "half": (lambda m: harmonic(m) / 2, "the 2 of the formula"),
        "plain mean": (mean_of_both, "plain mean"),
        "product": (product, "Divide it by the sum"),
        "precision": (lambda m: metrics.precision_recall(m)[0], "precision alone"),
        "recall": (lambda m: metrics.precision_recall(m)[1], "recall alone"),
        "of all classes": (lambda m: harmonic(m).mean(), "sums of the columns"),
        "accuracy": (lambda m: m.diag() / m.sum(), "sums of the columns"),
        "counts changed": (in_place, "leave the counts"),
    },
}


def test_a_check_leaves_the_readers_seed_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    run("predict_classes", predicting(evaluating=False))
    assert torch.equal(torch.get_rng_state(), before)
