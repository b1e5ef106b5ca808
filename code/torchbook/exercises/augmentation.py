"""Checks for the exercises on augmentation, in part 8."""

import torch
import torch.nn.functional as F

from torchbook.exercises import Case, compare, compare_entries, exercise, unchanged

IN_PLACE = (
    "X[...] = ... works in place. Make a new tensor, with clone() or torch.where."
)


def _pictures(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(sum(shape)))


@exercise("mirror_some")
def check_mirror_some(mirror_some):
    """Some of four, one alone, none, all; as many samples as channels, and as columns."""
    for shape, chosen in (
        ((4, 1, 2, 3), [True, False, False, True]),
        ((1, 3, 2, 2), [True]),
        ((3, 1, 3, 3), [False, False, False]),
        ((3, 3, 3, 3), [True, False, False]),
    ):
        X, chosen = _pictures(*shape), torch.tensor(chosen)
        given = X.clone(), chosen.clone()
        got = mirror_some(*given)
        yield unchanged(given, (X, chosen), IN_PLACE)
        mask = chosen[:, None, None, None]
        usual = [
            (X.flip(-1), "All are mirrored. Only the chosen ones should be."),
            (torch.where(mask, X, X.flip(-1)), "It is the others that you mirrored."),
            (torch.where(mask, X.flip(-2), X), "That is top to bottom: dimension 2."),
            (
                torch.where(mask, X.flip(-1, -2), X),
                "That is turned round: only columns.",
            ),
            (
                X.flip(-1)[chosen],
                "Keep the pictures that are not chosen, in their places.",
            ),
        ]
        if chosen.any():
            usual.append((X, "Nothing is mirrored. The columns are dimension 3."))
        if shape[3] == len(chosen):
            across = torch.where(chosen, X.flip(-1), X)
            usual.append((across, "chosen was stretched along the columns: shape it."))
        otherwise = (
            "chosen[:, None, None, None] has a row a picture: torch.where takes it."
        )
        call = f"mirror_some, with pictures {shape} and chosen {chosen.tolist()},"
        want = torch.where(mask, X.flip(-1), X)
        yield compare_entries(call, got, want, usual, otherwise)


@exercise("mixup")
def check_mixup(mixup):
    """Three pictures, two of them alike in nothing; shares of 0 and 1; one picture alone."""
    for shape, classes, order, share in (
        ((3, 1, 2, 2), [0, 1, 2], [1, 2, 0], [0.75, 0.5, 0.9]),
        ((4, 3, 4, 4), [2, 0, 1, 1], [3, 0, 1, 2], [0.1, 0.2, 0.3, 0.4]),
        ((2, 1, 3, 3), [0, 2], [1, 0], [0.0, 1.0]),
        ((1, 1, 2, 2), [1], [0], [0.3]),
    ):
        X, Y = _pictures(*shape), F.one_hot(torch.tensor(classes), 3).float()
        order, share = torch.tensor(order), torch.tensor(share)
        given = [x.clone() for x in (X, Y, order, share)]
        got = mixup(*given)
        yield unchanged(given, (X, Y, order, share), IN_PLACE)
        yield Case(
            f"mixup gave {type(got).__name__}, wanted a pair of tensors.",
            isinstance(got, tuple | list) and len(got) == 2,
            "Return a pair: the pictures, the labels.",
        )
        for name, part, values in (("pictures", got[0], X), ("labels", got[1], Y)):
            yield _mixed(
                f"for pictures {shape}, the {name}", part, values, order, share
            )


def _mixed(call: str, got, values, order, share) -> Case:
    part = share.view(-1, *[1] * (values.ndim - 1))
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order))
    first, want = share[0], part * values + (1 - part) * values[order]
    usual = [
        (values, "These are unchanged. Mix them, too."),
        ((1 - part) * values + part * values[order], "share is the part of picture i."),
        (part * values + (1 - part) * values[back], "The other one is values[order]."),
        (part * values + values[order], "The other one gets what is left: 1 - share."),
        (
            first * values + (1 - first) * values[order],
            "Each picture has a share of its own.",
        ),
    ]
    if values.shape[-1] == len(share):
        across = share * values + (1 - share) * values[order]
        usual.append(
            (across, "share was stretched along the last dimension: shape it.")
        )
    otherwise = "share[i] times entry i, plus 1 - share[i] times entry order[i]."
    return compare_entries(call, got, want, usual, otherwise)


def _slips_of_the_mean(logits, of_mean_picture):
    probs = logits.softmax(dim=2)  # (M, N, C)
    want = probs.mean(dim=0)
    votes = F.one_hot(logits.argmax(dim=2), 2).float().mean(dim=0)
    return [
        (logits.mean(dim=0), "These are logits. Take softmax before the mean."),
        (
            logits.mean(dim=0).softmax(dim=1),
            "The mean of the logits is not the mean of the probabilities.",
        ),
        (
            probs.sum(dim=0),
            "This is the sum. Divide by the copies.",
        ),
        (probs, "Take the mean over the copies."),
        (logits.softmax(dim=1).mean(dim=0), "softmax over the classes: dim=1."),
        (votes, "These are votes. The mean of the probabilities keeps doubts."),
        (want.argmax(dim=1), "These are classes. Return the probabilities."),
        (want.mean(dim=0), "Keep the pictures apart: the mean is over the copies."),
        (
            of_mean_picture.softmax(dim=1),
            "That is the answer for the mean picture. Ask first, then take the mean.",
        ),
    ]


@exercise("average_answer")
def check_average_answer(average_answer):
    """Copies that the model agrees on, ones that it does not, and a single copy."""
    weight = torch.tensor([[3.0, -1.0], [0.5, 2.0], [-2.0, 1.0], [1.0, 4.0]])

    def model(X):
        return 4 * X.flatten(1) ** 2 @ weight - 3  # (N, 2)

    same, other, third = (_pictures(n, 1, 2, 2) for n in (2, 2, 2))
    other, third = 1 - other, third.flip(-1)
    for what, copies in (
        ("for three different copies", [same, other, third]),
        ("for two equal copies", [same, same.clone()]),
        ("for one copy", [other]),
    ):
        logits = torch.stack([model(X) for X in copies])  # (M, N, 2)
        want = logits.softmax(dim=2).mean(dim=0)
        usual = _slips_of_the_mean(logits, model(torch.stack(copies).mean(dim=0)))
        otherwise = "softmax over the classes for each copy, then the mean over copies."
        yield compare(
            f"{what}, average_answer",
            average_answer(model, copies),
            want,
            usual,
            otherwise,
        )
