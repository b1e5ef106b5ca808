"""Checks for the exercises on dropout, in part 8."""

import torch
from torch import nn

from torchbook.exercises import Case, compare, exercise, fits, unchanged


@exercise("channel_dropout")
def check_channel_dropout(channel_dropout):
    """Pictures of ones under several p: what is zero, what is left, how often, and how alike."""
    with torch.random.fork_rng():  # the reader's own seed stays as it was
        torch.manual_seed(0)
        for p, shape in (
            (0.3, (400, 5, 2, 3)),
            (0.75, (300, 8, 3, 2)),
            (0.0, (4, 3, 2, 2)),
        ):
            yield from _channels(channel_dropout, p, shape)


def _channels(channel_dropout, p, shape):
    X = torch.ones(shape)
    got = channel_dropout(X, p)
    call = f"channel_dropout(X {shape}, {p})"
    yield fits(call, got, shape, "One entry a channel, (N, C, 1, 1), times X.")
    told = "X *= … works in place. Make a new tensor instead."
    yield unchanged([X], [torch.ones(shape)], told)
    yield from _kept(call, got, p)


def _kept(call, got, p):
    kept = got != 0
    whole = (kept == kept[:, :, :1, :1]).all()
    yield Case(
        f"{call}: some channels are kept in part; wanted all of their pixels or none.",
        bool(whole),
        "Draw a mask of shape (N, C, 1, 1); it is spread over the pixels.",
    )
    left = got[kept]
    usual = {1.0: "What is kept has to be divided.", 1 - p: "Divide; do not multiply."}
    if p:
        usual[1 / p] = "Divide by the probability of being kept, not of being dropped."
    value = left[0].item() if len(left) else 0.0
    near = [text for wrong, text in usual.items() if abs(value - wrong) < 1e-4]
    yield Case(
        f"{call}: what was kept of a 1 is {value:.4g}, wanted {1 / (1 - p):.4g}.",
        bool(len(left)) and torch.allclose(left, torch.tensor(1 / (1 - p))),
        near[0] if near else "Divide what is kept by 1 - p.",
    )
    channels = kept[:, :, 0, 0].double()  # (N, C)
    if p:
        yield Case(
            f"{call}: every sample has the same mask, or every channel; wanted one each.",
            bool(channels.std(dim=0).amin() > 0 and channels.std(dim=1).amax() > 0),
            "The mask needs an entry for each sample and each channel: (N, C, 1, 1).",
        )
        counts = channels.sum(dim=1)
        yield Case(
            f"{call}: every sample kept {counts[0]:.0f} channels; wanted each by itself.",
            bool((counts != counts[0]).any()),
            "A toss for each channel, and no fixed number.",
        )
    share = channels.mean().item()
    told = "Compare torch.rand with p, the right way round."
    yield Case(
        f"{call}: {share:.2f} of the channels were kept, wanted about {1 - p:.2f}.",
        abs(share - (1 - p)) < 0.06,
        told,
    )


def _network():
    inner = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    return nn.Sequential(inner, nn.Dropout(0.2), nn.Linear(4, 2), nn.Dropout1d(0.5))


@exercise("wake_dropout")
def check_wake_dropout(wake_dropout):
    """A network with parts in parts, that came in either mode."""
    for training in (True, False):
        model = _network().train(training)
        got = wake_dropout(model)
        yield Case(
            "wanted the model back that was given.",
            got is model,
            "return model; the modes are changed in place.",
        )
        sleeping = [
            m for m in model.modules() if isinstance(m, nn.Dropout) and not m.training
        ]
        came = "training" if training else "eval"
        yield Case(
            f"the model came in {came} mode, and {len(sleeping)} of its 2 dropout layers "
            "are in eval mode; wanted all in training mode.",
            not sleeping,
            "modules() also finds those inside of parts; children() does not.",
        )
        awake = [
            type(m).__name__
            for m in model.modules()
            if m.training and not isinstance(m, nn.Dropout)
        ]
        yield Case(
            f"the model came in {came} mode, and still training are {', '.join(awake)}; "
            "wanted nn.Dropout alone.",
            not awake,
            "First model.eval(), then train() on the dropout layers alone.",
        )


@exercise("dropout_price")
def check_dropout_price(dropout_price):
    """Inputs and weights of both signs, a p that is no half, and nothing dropped."""
    x, w = torch.tensor([1.0, -2.0, 0.5, 3.0]), torch.tensor([0.5, 1.0, -2.0, -0.1])
    for p in (0.25, 0.5, 0.8, 0.0):
        squares = (w**2 * x**2).sum()
        want = p / (1 - p) * squares
        usual = [
            (p * squares, "Divide by 1 - p, too: what is kept was made larger."),
            (p * (1 - p) * squares, "That is without the division of what is kept."),
            (p / (1 - p) * (w @ x) ** 2, "Square each term, then add; not the sum."),
            (p / (1 - p) * (w**2).sum(), "The inputs count, too: w² x²."),
            (p / (1 - p) * (w * x).sum(), "Variances have squares: (w x)²."),
            (p / (1 - p) ** 2 * squares, "The toss has the variance p (1 - p)."),
            (
                (1 - p) / p * squares if p else want + 1,
                "p and 1 - p are the wrong way round.",
            ),
            (p / (1 - p) * w**2 * x**2, "Add up over the inputs."),
        ]
        otherwise = "The variance of x̃ is x² p / (1 - p). What is that of w x̃?"
        yield compare(
            f"dropout_price(x, w, {p})", dropout_price(x, w, p), want, usual, otherwise
        )
