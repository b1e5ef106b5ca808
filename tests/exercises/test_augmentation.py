"""torchbook.exercises.augmentation: right answers pass, usual slips get the hint for them."""

import torch
from answers import *  # noqa: F403
from answers import BROKE


def mirrored(X, chosen):
    return torch.where(chosen[:, None, None, None], X.flip(-1), X)


def mirrored_by_rows(X, chosen):
    Z = X.clone()
    Z[chosen] = Z[chosen].flip(-1)
    return Z


def mirrored_in_place(X, chosen):
    X[chosen] = X[chosen].flip(-1)
    return X


def mirrored_across(X, chosen):
    if len(chosen) == X.shape[-1]:
        return torch.where(chosen, X.flip(-1), X)
    return mirrored(X, chosen)


def with_axis(*axes):
    return lambda X, chosen: torch.where(chosen[:, None, None, None], X.flip(axes), X)


def blend(values, other, share):
    share = share.view(-1, *[1] * (values.ndim - 1))
    return share * values + (1 - share) * other


def mixed(X, Y, order, share):
    return blend(X, X[order], share), blend(Y, Y[order], share)


def mixed_by_rows(X, Y, order, share):
    rows = range(len(X))
    return [
        torch.stack([share[i] * V[i] + (1 - share[i]) * V[order[i]] for i in rows])
        for V in (X, Y)
    ]


def mixed_in_place(X, Y, order, share):
    X.copy_(mixed(X, Y, order, share)[0])
    return X, mixed(X, Y, order, share)[1]


def inverse(order):
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order))
    return back


def across(X, Y, order, share):
    if X.shape[-1] == len(share):
        return share * X + (1 - share) * X[order], mixed(X, Y, order, share)[1]
    return mixed(X, Y, order, share)


def answers(model, copies):
    return torch.stack([model(X) for X in copies])


RIGHT = {
    "mirror_some": [mirrored, mirrored_by_rows],
    "mixup": [mixed, mixed_by_rows],
    "average_answer": [
        lambda model, copies: answers(model, copies).softmax(dim=2).mean(dim=0),
        lambda model, copies: sum(model(X).softmax(1) for X in copies) / len(copies),
    ],
}

WRONG = {
    "mirror_some": {
        "all": (lambda X, chosen: X.flip(-1), "All are mirrored"),
        "the others": (lambda X, chosen: mirrored(X, ~chosen), "the others"),
        "rows": (with_axis(2), "top to bottom"),
        "both": (with_axis(2, 3), "turned round"),
        "only those": (lambda X, chosen: X.flip(-1)[chosen], "Keep the pictures"),
        "nothing": (lambda X, chosen: X, "Nothing is mirrored"),
        "across": (mirrored_across, "along the columns"),
        "not shaped": (lambda X, chosen: torch.where(chosen, X.flip(-1), X), BROKE),
        "in place": (mirrored_in_place, "changed a tensor"),
        "channels": (with_axis(1), "Nothing is mirrored"),
        "noise": (lambda X, chosen: X + 1, "has a row a picture"),
    },
    "mixup": {
        "labels unchanged": (
            lambda X, Y, order, share: (mixed(X, Y, order, share)[0], Y),
            "Mix them, too",
        ),
        "pictures unchanged": (
            lambda X, Y, order, share: (X, mixed(X, Y, order, share)[1]),
            "Mix them, too",
        ),
        "the other way": (
            lambda X, Y, order, share: mixed(X, Y, order, 1 - share),
            "the part of picture i",
        ),
        "inverse order": (
            lambda X, Y, order, share: mixed(X, Y, inverse(order), share),
            "values[order]",
        ),
        "too bright": (
            lambda X, Y, order, share: (
                share[:, None, None, None] * X + X[order],
                mixed(X, Y, order, share)[1],
            ),
            "what is left",
        ),
        "one share": (
            lambda X, Y, order, share: mixed(X, Y, order, share[:1].expand(len(X))),
            "a share of its own",
        ),
        "across": (across, "along the last dimension"),
        "not shaped": (lambda X, Y, order, share: (share * X, Y), BROKE),
        "only pictures": (
            lambda X, Y, order, share: mixed(X, Y, order, share)[0],
            "Return a pair",
        ),
        "in place": (mixed_in_place, "changed a tensor"),
        "noise": (lambda X, Y, order, share: (X + 1, Y), "times entry order[i]"),
    },
    "average_answer": {
        "logits": (lambda m, c: answers(m, c).mean(0), "These are logits"),
        "softmax last": (
            lambda m, c: answers(m, c).mean(0).softmax(1),
            "not the mean of the probabilities",
        ),
        "sum": (lambda m, c: answers(m, c).softmax(2).sum(0), "This is the sum"),
        "all answers": (lambda m, c: answers(m, c).softmax(2), "mean over the copies"),
        "over pictures": (
            lambda m, c: answers(m, c).softmax(1).mean(0),
            "over the classes: dim=1",
        ),
        "votes": (
            lambda m, c: (
                torch.nn.functional.one_hot(answers(m, c).argmax(2), 2).float().mean(0)
            ),
            "These are votes",
        ),
        "classes": (
            lambda m, c: answers(m, c).softmax(2).mean(0).argmax(1),
            "These are classes",
        ),
        "one row": (
            lambda m, c: answers(m, c).softmax(2).mean((0, 1)),
            "Keep the pictures apart",
        ),
        "mean picture": (
            lambda m, c: m(torch.stack(c).mean(0)).softmax(1),
            "the mean picture",
        ),
        "noise": (lambda m, c: torch.zeros(2, 2), "for each copy"),
    },
}
