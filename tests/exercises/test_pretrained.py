"""torchbook.exercises.pretrained: right answers pass, usual slips get the hint for them."""

import torch
from answers import *  # noqa: F403


def stripped(state, prefix):
    new = {name.removeprefix(prefix): t for name, t in state.items()}
    if len(new) < len(state):
        raise ValueError("two names would become the same")
    return new


def popped(state, prefix):
    new = stripped(state, prefix)
    for name in [*state]:
        if name.startswith(prefix):
            state[name.removeprefix(prefix)] = state.pop(name)
    return new


def learning(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def thawed(model, parts):
    for name, p in model.named_parameters():
        p.requires_grad = name.split(".")[0] in parts
    return learning(model)


def thawed_and(answer):
    def thaw(model, parts):
        thawed(model, parts)
        return answer(model, parts)

    return thaw


def only_on(model, parts):
    for name in parts:
        model.get_submodule(name).requires_grad_(True)
    return learning(model)


def only_off(model, parts):
    for name, p in model.named_parameters():
        if name.split(".")[0] not in parts:
            p.requires_grad = False
    return learning(model)


def children_only(model, parts):
    for name, child in model.named_children():
        child.requires_grad_(name in parts)
    return learning(model)


def by_beginning(model, parts):
    for name, p in model.named_parameters():
        p.requires_grad = name.startswith(tuple(parts)) if parts else False
    return learning(model)


def only_weights(model, parts):
    """Leaves the normalizations still, and counts them all the same."""
    thawed(model, parts)
    count = learning(model)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.requires_grad_(False)
    return count


def with_another_error(state, prefix):
    new = {name.removeprefix(prefix): t for name, t in state.items()}
    if len(new) < len(state):
        raise RuntimeError("two names meet")
    return new


def recalls(said, y):
    return torch.stack([(said[y == c] == c).double().mean() for c in y.unique()])


RIGHT = {
    "without_prefix": [
        stripped,
        lambda state, prefix: stripped(dict(state), prefix),
    ],
    "thaw": [
        thawed,
        lambda model, parts: [only_off(model, parts), only_on(model, parts)][1],
    ],
    "mirrored_features": [
        lambda model, X: (model(X) + model(X.flip(-1))) / 2,
        lambda model, X: torch.stack([model(X), model(X.flip(3))]).mean(dim=0),
    ],
    "balanced_accuracy": [
        lambda said, y: recalls(said, y).mean(),
        lambda said, y: recalls(said, y).mean().item(),
    ],
}

WRONG = {
    "without_prefix": {
        "everywhere": (
            lambda s, p: {n.replace(p, ""): t for n, t in s.items()},
            "removeprefix looks at the front",
        ),
        "cut off": (
            lambda s, p: {n[len(p) :]: t for n, t in s.items()},
            "stays whole",
        ),
        "letters": (
            lambda s, p: {n.lstrip(p): t for n, t in s.items()},
            "lstrip takes off single letters",
        ),
        "only those": (
            lambda s, p: {
                n.removeprefix(p): t for n, t in s.items() if n.startswith(p)
            },
            "Names without the prefix are kept",
        ),
        "in place": (popped, "Build a new one"),
        "as it was": (lambda s, p: dict(s), "Take the prefix off the front"),
        "copies": (
            lambda s, p: {n: t.clone() for n, t in stripped(s, p).items()},
            "wanted the same",
        ),
        "silent": (
            lambda s, p: {n.removeprefix(p): t for n, t in s.items()},
            "no error, wanted a ValueError",
        ),
        "another error": (with_another_error, "RuntimeError: two names meet, wanted"),
        "names": (lambda s, p: [n.removeprefix(p) for n in s], "wanted a dictionary"),
    },
    "thaw": {
        "children only": (children_only, "the model's own"),
        "only on": (only_on, "Those not named are not to learn"),
        "only the convolutions": (only_weights, "Every parameter of a part counts"),
        "only off": (only_off, "Set requires_grad of every part"),
        "by beginning": (by_beginning, "compare whole names"),
        "all parameters": (
            thawed_and(lambda model, parts: sum(p.numel() for p in model.parameters())),
            "This counts all parameters",
        ),
        "tensors": (
            thawed_and(
                lambda model, parts: sum(p.requires_grad for p in model.parameters())
            ),
            "These are tensors",
        ),
        "the still ones": (
            thawed_and(
                lambda model, parts: sum(
                    p.numel() for p in model.parameters() if not p.requires_grad
                )
            ),
            "those that do not learn",
        ),
        "another number": (thawed_and(lambda model, parts: 1), "Sum numel()"),
        "zeros": (
            lambda model, parts: [
                thawed(model, parts),
                [p.data.zero_() for p in model.parameters()],
            ][0],
            "Only requires_grad is set",
        ),
    },
    "mirrored_features": {
        "plain": (lambda m, X: m(X), "of the picture alone"),
        "mirror": (lambda m, X: m(X.flip(-1)), "of the mirror image alone"),
        "sum": (lambda m, X: m(X) + m(X.flip(-1)), "This is the sum"),
        "upside down": (lambda m, X: (m(X) + m(X.flip(-2))) / 2, "upside down"),
        "turned": (lambda m, X: (m(X) + m(X.flip(-1, -2))) / 2, "turned by 180°"),
        "mixed pictures": (lambda m, X: m((X + X.flip(-1)) / 2), "Mix features"),
        "side by side": (
            lambda m, X: torch.cat([m(X), m(X.flip(-1))], dim=1),
            "lie side by side",
        ),
        "the larger": (
            lambda m, X: torch.maximum(m(X), m(X.flip(-1))),
            "with its columns reversed",
        ),
    },
    "balanced_accuracy": {
        "accuracy": (
            lambda s, y: (s == y).double().mean(),
            "a large class counts more",
        ),
        "each class": (recalls, "now their mean"),
        "sum": (lambda s, y: recalls(s, y).sum(), "Divide by the number of classes"),
        "numbers up to the largest": (
            lambda s, y: recalls(s, y).sum() / (y.max() + 1),
            "no sample in y does not count",
        ),
        "nan for a class that is not there": (
            lambda s, y: torch.stack(
                [(s[y == c] == c).double().mean() for c in range(y.max() + 1)]
            ).mean(),
            "no sample in y does not count",
        ),
        "worst": (lambda s, y: recalls(s, y).min(), "This is the worst class"),
        "precision": (
            lambda s, y: torch.stack(
                [(y[s == c] == c).double().mean() for c in s.unique()]
            ).mean(),
            "not by what was said",
        ),
        "one": (lambda s, y: 1.0, "For each class in y"),
    },
}
