"""Checks for the exercises of the chapter on inference and validation, part 6."""

import math

import torch
from torch import nn

from torchbook.exercises import Case, compare, exercise, fits, hint, show


@exercise("samples_needed")
def check_samples_needed(samples_needed):
    """Small and large sets, none of which comes out whole."""
    for a, se in ((0.9, 0.019), (0.5, 0.019), (0.83, 0.003), (0.97, 0.011)):
        variance = a * (1 - a)
        exact = variance / se**2
        up = "A part of a picture is no picture: round up."
        root = "The formula has a root. Square both sides first."
        toss = "The variance of one toss is a * (1 - a)."
        usual = [
            (exact, up),
            (math.floor(exact), up),
            (math.ceil(variance / se), root),
            (variance / se, root),
            (math.ceil(math.sqrt(variance) / se), root),
            (math.sqrt(variance) / se, root),
            (math.ceil(4 * exact), "That is for two standard errors; wanted is one."),
            (math.ceil(a / se**2), toss),
            (math.ceil((1 - a) / se**2), toss),
        ]
        otherwise = "Solve the formula of the standard error for N, and round up."
        got, want = samples_needed(a, se), math.ceil(exact)
        yield compare(f"samples_needed({a}, {se})", got, want, usual, otherwise)


class _Watching(nn.Module):
    """A classifier with dropout that notes in which mode it was called, and on what."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.norm, self.dropout = nn.BatchNorm1d(classes), nn.Dropout(0.9)
        self.calls: list[tuple[bool, bool]] = []

    def forward(self, X):
        parts = self.training or self.norm.training or self.dropout.training
        self.calls.append((parts, torch.is_grad_enabled()))
        return self.dropout(self.norm(X))


@exercise("predict_classes")
def check_predict_classes(predict_classes):
    """More rows than classes; mode and recording as the model saw them, and the mode after."""
    X = torch.eye(4)[[2, 0, 3, 3, 1, 0]] - 2  # (6, 4)
    want = torch.tensor([2, 0, 3, 3, 1, 0])
    with torch.no_grad():
        logits = _Watching(4).eval()(X)
    along = "The classes are along dim=1."
    usual = [
        (logits, "These are the logits. Which column is the largest?"),
        (logits.softmax(dim=1), "These are probabilities. Which is the largest?"),
        (logits.amax(dim=1), "These are the largest logits. Where are they?"),
        (logits.argmax(dim=0), along),
        (logits.argmax(), along),
        (want[:, None], "Drop the last dimension."),
    ]
    for training, name in ((True, "training"), (False, "eval")):
        model = _Watching(4).train(training)
        with torch.random.fork_rng():  # the reader's own seed stays as it was
            got = predict_classes(model, X)
        yield from _seen(model)
        otherwise = hint(got, usual, "Take the argmax of the logits along dim=1.")
        yield compare("predict_classes(model, X)", got, want, [], otherwise)
        yield Case(
            f"the model came in {name} mode; wanted it back in that mode.",
            all(part.training == training for part in model.modules()),
            "Note model.training first, and put it back with model.train(…).",
        )


def _seen(model: _Watching):
    """Cases of what the model noted while the reader's function ran."""
    yield Case(
        "the model was not called; wanted its logits to be used.",
        bool(model.calls),
        "Call model(X).",
    )
    yield Case(
        "a layer was in training mode when the model was called; wanted eval mode.",
        not any(training for training, _ in model.calls),
        "Call model.eval() before model(X).",
    )
    yield Case(
        "torch was recording when the model was called; wanted no record.",
        not any(recording for _, recording in model.calls),
        "eval() does not stop that. Use torch.inference_mode().",
    )


@exercise("f1")
def check_f1(f1):
    """Classes of other precision than recall, then one never predicted and one never found."""
    plain = torch.tensor([[6, 2, 0], [1, 3, 1], [3, 0, 4]])
    zeros = torch.tensor([[6, 2, 0, 0], [1, 3, 0, 4], [0, 5, 0, 0], [0, 2, 0, 0]])
    for matrix in (plain, zeros):
        given = matrix.clone()
        call, got = f"f1({show(given)})", f1(matrix)
        hits, said, there = given.diag(), given.sum(dim=0), given.sum(dim=1)
        otherwise = (
            "Precision divides by the sums of the columns, recall by those of the rows."
        )
        yield fits(call, got, hits.shape, otherwise)
        want, precision, recall = 2 * hits / (said + there), hits / said, hits / there
        usual = [
            (want / 2, "That is half of it. Is the 2 of the formula there?"),
            ((precision + recall) / 2, "That is the plain mean of the two."),
            (precision * recall, "That is the product alone. Divide it by the sum."),
            (precision, "That is the precision alone."),
            (recall, "That is the recall alone."),
        ]
        undefined = torch.as_tensor(got).isnan().nonzero()[:, 0].tolist()
        yield Case(
            f"{call} gave {show(got)}; wanted no nan in it.",
            not undefined,
            "Where nothing was found, the formula has 0/0 in it. Put both fractions into it "
            "and shorten: what is left below the line is 0 only for a class that is nowhere.",
        )
        yield compare(call, got, want, usual, otherwise)
        yield Case(
            "your function changed the matrix that it was given.",
            torch.equal(matrix, given),
            "Make new tensors, and leave the counts as they are.",
        )
