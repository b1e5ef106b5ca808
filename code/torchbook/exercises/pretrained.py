"""Checks for the exercises on pretrained networks and on photographs, in part 10."""

from collections import OrderedDict

import torch
from torch import nn

from torchbook.exercises import Case, Unusable, compare, exercise, show, unchanged


@exercise("without_prefix")
def check_without_prefix(without_prefix):
    """A wrapper's names, names that hold the prefix elsewhere, none, and two that meet."""
    for names, prefix in (
        (["module.fc.weight", "module.model.bias"], "module."),
        (["module.a", "b", "c.module.d"], "module."),
        (["_orig_mod.x", "_orig_mod.y._orig_mod.z"], "_orig_mod."),
        (["stem.weight", "stem.bias"], "module."),
    ):
        state = {name: torch.tensor(float(k)) for k, name in enumerate(names)}
        given = dict(state)
        got = without_prefix(given, prefix)
        call = f"without_prefix of {names}, prefix {prefix!r},"
        want = [n[len(prefix) :] if n.startswith(prefix) else n for n in names]
        yield Case(
            f"{call} gave {_kind(got)}, wanted a dictionary.",
            isinstance(got, dict),
            "Return a new dictionary, from the new names to the same tensors.",
        )
        yield Case(
            f"{call} changed the dictionary that it was given.",
            list(given) == names,
            "Build a new one; pop and del change the old.",
        )
        told = "Take the prefix off the front alone, and only where it stands there."
        if list(got) == [n.replace(prefix, "") for n in names]:
            told = "replace takes it off everywhere. removeprefix looks at the front."
        elif list(got) == [n[len(prefix) :] for n in names]:
            told = "A name that does not begin with the prefix stays whole."
        elif list(got) == [n.lstrip(prefix) for n in names]:
            told = "lstrip takes off single letters. removeprefix takes the whole word."
        elif len(got) < len(names):
            told = "Names without the prefix are kept, too."
        yield Case(f"{call} has the names {list(got)}, wanted {want}.",
                   list(got) == want, told)  # fmt: skip
        same = all(got[new] is state[old] for new, old in zip(want, names, strict=True))
        yield Case(f"{call} has other tensors, wanted the same.", same,
                   "Each new name keeps the tensor of the old one.")  # fmt: skip
    yield from _meeting(without_prefix)


def _meeting(without_prefix):
    """Two names that would become one."""
    state = {"module.a": torch.zeros(1), "a": torch.ones(1)}
    came = None
    try:
        without_prefix(state, "module.")
    except Unusable as error:
        came = error.__cause__
    told = "no error" if came is None else f"{type(came).__name__}: {came}"
    yield Case(
        f"for the names 'module.a' and 'a' came {told}, wanted a ValueError.",
        isinstance(came, ValueError),
        "Raise a ValueError of your own."
        if came is not None
        else "A dictionary keeps one of two equal names and is silent: count them first.",
    )


def _model() -> nn.Module:
    parts = OrderedDict(
        stem=nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)),
        stage=nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)),
        stage2=nn.Conv2d(3, 4, 3),
        fc=nn.Linear(4, 2),
    )
    model = nn.Sequential(parts)
    model.register_parameter("token", nn.Parameter(torch.zeros(3)))  # of no part
    return model


@exercise("thaw")
def check_thaw(thaw):
    """A frozen model, one that learns everywhere, names that begin alike, and no part."""
    for before, parts in (
        (False, ["stage2", "fc"]),
        (True, ["fc"]),
        (True, ["stage", "fc"]),
        (False, []),
    ):
        model = _model().requires_grad_(before)
        values = [p.detach().clone() for p in model.parameters()]
        got = thaw(model, list(parts))
        named = {n: p.requires_grad for n, p in model.named_parameters()}
        learning = {name.split(".")[0] for name, on in named.items() if on}
        halves = [n for n, on in named.items() if on != (n.split(".")[0] in parts)]
        state = "learns everywhere" if before else "is frozen"
        call = f"thaw(model, {parts}), of a model that {state},"
        yield Case(
            f"{call} left learning {sorted(learning)}, wanted {sorted(parts)}.",
            learning == set(parts),
            _still(learning, set(parts)),
        )
        yield Case(
            f"{call} left {', '.join(halves[:3])} as they should not be.",
            not halves,
            "Every parameter of a part counts: weights, biases, and those of "
            "normalizations.",
        )
        yield unchanged(
            [p.detach() for p in model.parameters()],
            values,
            "Only requires_grad is set.",
        )
        yield _counted(call, got, model, parts)


def _still(learning: set[str], parts: set[str]) -> str:
    """What to say of parts that learn, or do not."""
    if "stage2" in learning - parts and "stage" in parts:
        return "'stage2' begins with 'stage' and is another part: compare whole names."
    if learning - parts == {"token"}:
        return "'token' is the model's own, in none of its parts: it does not learn."
    if learning > parts:
        return "Those not named are not to learn: set theirs to False."
    return "Set requires_grad of every part: True for those named, False for others."


def _counted(call: str, got, model: nn.Module, parts: list[str]) -> Case:
    """The number that came back, of those that learn."""
    sizes = {n: sum(p.numel() for p in c.parameters())
             for n, c in model.named_children()}  # fmt: skip
    want, everything = sum(sizes[name] for name in parts), sum(sizes.values()) + 3
    tensors = sum(p.requires_grad for p in model.parameters())
    usual = [
        (
            everything,
            "This counts all parameters. Count those that learn.",
        ),
        (tensors, "These are tensors. Count the numbers in them: numel()."),
        (everything - want, "These are those that do not learn."),
    ]
    return compare(call, got, want, usual, "Sum numel() of those that learn.")


class _Leaning(nn.Module):
    """Features that differ between a picture and its mirror image."""

    def forward(self, X):
        ramp = torch.arange(X.shape[-1], dtype=X.dtype)
        return torch.stack([(X * ramp).sum((1, 2, 3)).square(), X[:, 0, 0, 0]], dim=1)


@exercise("mirrored_features")
def check_mirrored_features(mirrored_features):
    """Several pictures, one, and pictures that are no squares."""
    model = _Leaning()
    for shape in ((3, 2, 4, 4), (1, 1, 2, 3), (2, 3, 3, 5)):
        X = torch.linspace(0, 1, torch.Size(shape).numel()).reshape(shape) ** 1.5
        given = X.clone()
        got = mirrored_features(model, given)
        yield unchanged([given], [X], "Make new tensors; not the one given.")
        plain, mirrored = model(X), model(X.flip(-1))
        usual = [
            (plain, "These are the features of the picture alone."),
            (mirrored, "These are the features of the mirror image alone."),
            (plain + mirrored, "This is the sum. Take the mean of the two."),
            ((plain + model(X.flip(-2))) / 2, "That is upside down: left and right are "
             "the last dimension."),
            ((plain + model(X.flip(-1, -2))) / 2, "That is turned by 180°: flip the last "
             "dimension alone."),
            (model((X + X.flip(-1)) / 2), "Here two pictures were mixed. Mix features."),
            (torch.cat([plain, mirrored], dim=1), "These lie side by side. Take the mean."),
        ]  # fmt: skip
        otherwise = (
            "The model gives features for X, and for X with its columns reversed."
        )
        call = f"for pictures of shape {shape}, mirrored_features(model, X)"
        yield compare(call, got, (plain + mirrored) / 2, usual, otherwise)


@exercise("balanced_accuracy")
def check_balanced_accuracy(balanced_accuracy):
    """Classes of different size, one always missed, three classes, a number left out."""
    for said, y in (
        ([0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 1]),
        ([0] * 10, [0] * 9 + [1]),
        ([2, 1, 0, 2, 2, 2, 1], [0, 1, 0, 2, 2, 2, 2]),
        ([1, 1, 0], [1, 1, 0]),
        ([0, 2, 1, 2], [0, 2, 2, 2]),
    ):
        s, t = torch.tensor(said), torch.tensor(y)
        got = balanced_accuracy(s.clone(), t.clone())
        right = (s == t).double()
        by_class = torch.stack([right[t == c].mean() for c in t.unique()])
        of_said = torch.stack([right[s == c].mean() for c in s.unique()])
        usual = [
            (by_class, "One number for each class is right; now their mean."),
            (right.mean(), "Here a large class counts more than a small one."),
            (of_said.mean(), "Go by the true classes, y; not by what was said."),
            (by_class.sum(), "This is their sum. Divide by the number of classes."),
            (
                by_class.sum() / (t.max() + 1),
                "A class that has no sample in y does not count.",
            ),
            (by_class.min(), "This is the worst class. Take the mean over all."),
        ]
        otherwise = "For each class in y: the share of its samples that are right."
        if isinstance(got, float | torch.Tensor) and torch.as_tensor(got).isnan().any():
            otherwise = "A class that has no sample in y does not count: 0 / 0 is nan."
        call = f"balanced_accuracy({show(s)}, {show(t)})"
        yield compare(call, got, by_class.mean(), usual, otherwise)


def _kind(got) -> str:
    return (
        show(got) if isinstance(got, str | int | float) else f"a {type(got).__name__}"
    )
