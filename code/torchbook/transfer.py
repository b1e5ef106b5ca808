"""A trained network for another task: hold its body still, give it a new head, train that.

The *head* is the last layer, which turns what the network has found in a picture, its
features, into a logit for each class; the *body* is everything before it. Features of a body
that does not change need to be computed only once. Part 10 teaches all of it.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Count(NamedTuple):
    """How many numbers in a model training would move, and how many there are."""

    trainable: int
    total: int


def count(model: nn.Module) -> Count:
    """The parameters that require a gradient, and all; one that is used twice counts once."""
    parameters = list(model.parameters())
    trainable = sum(p.numel() for p in parameters if p.requires_grad)
    return Count(trainable, sum(p.numel() for p in parameters))


def freeze(module: nn.Module) -> nn.Module:
    """Hold a module still and return it: no gradients, no statistics that move.

    BatchNorm has numbers that no gradient moves: each forward pass in training mode
    shifts its running mean and variance. Frozen, it stays in eval mode, whatever
    train() says. Dropout is left as it is.
    """
    module.requires_grad_(False)
    for norm in _with_statistics(module):
        norm.eval()
        if _stay_in_eval not in norm._forward_pre_hooks.values():
            norm.register_forward_pre_hook(_stay_in_eval)
    return module


def unfreeze(module: nn.Module) -> nn.Module:
    """Let a module train again, and return it; its running statistics move in training mode."""
    module.requires_grad_(True)
    for norm in _with_statistics(module):
        hooks = norm._forward_pre_hooks
        for key in [key for key, hook in hooks.items() if hook is _stay_in_eval]:
            del hooks[key]
            norm.training = norm is module or module.training
    return module


def _with_statistics(module: nn.Module) -> list[nn.Module]:
    """Every BatchNorm, or other normalization, that keeps a running mean."""
    return [
        part
        for part in module.modules()
        if getattr(part, "running_mean", None) is not None
    ]


def _stay_in_eval(module: nn.Module, inputs) -> None:
    # A function of the module, and so right for a copy of it too; train() comes before.
    module.training = False


def head_name(model: nn.Module) -> str:
    """The name of the head: "fc" in a ResNet, "classifier" in a DenseNet, "heads.head" in a ViT.

    It is the last module that has parameters of its own. Raises ValueError where that is not
    a linear layer, or where the model is nothing but one.
    """
    own = [
        (name, part)
        for name, part in model.named_modules()
        if next(part.parameters(recurse=False), None) is not None
    ]
    kind = type(model).__name__
    if not own:
        raise ValueError(
            f"{kind} has no parameters: wanted a model that ends in a head"
        )
    name, last = own[-1]
    if not name:
        raise ValueError(
            f"this {kind} is a single layer: wanted a model whose last part is a head"
        )
    if not isinstance(last, nn.Linear):
        raise ValueError(
            f"{kind} ends in {name!r}, a {type(last).__name__}: wanted an nn.Linear; if "
            "another part is the head, say so by head="
        )
    return name


def swap_head(
    model: nn.Module, classes: int, seed: int = 0, *, head: str | None = None
) -> nn.Linear:
    """Put a new linear layer with `classes` outputs where the head was, and return it.

    It takes as many features as the old one and starts at random, by `seed` alone; no other
    random number is touched. Being new, it requires gradients. `head` names the layer where
    `head_name` would find another one. Raises ValueError for fewer classes than 1, and for a
    head that is not there or not linear.
    """
    if classes < 1:
        raise ValueError(f"classes {classes}: wanted 1 or more")
    name, old = _head(model, head)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # the CPU's, and no other
        new = nn.Linear(old.in_features, classes, bias=old.bias is not None)
    new.to(old.weight.device, old.weight.dtype).train(old.training)
    parent, _, last = name.rpartition(".")
    setattr(model.get_submodule(parent), last, new)
    return new


def _head(model: nn.Module, name: str | None) -> tuple[str, nn.Linear]:
    """The name of the head, and the layer itself."""
    name = head_name(model) if name is None else name
    there = ", ".join(child for child, _ in model.named_children())
    try:
        layer = model.get_submodule(name)
    except AttributeError:
        layer = None
    if not name or layer is None:
        raise ValueError(f"no layer is called {name!r}; the model has {there}")
    if not isinstance(layer, nn.Linear):
        raise ValueError(
            f"{name!r} is a {type(layer).__name__}: wanted the name of an nn.Linear"
        )
    return name, layer


def groups(
    model: nn.Module,
    lr: float,
    head_lr: float,
    *,
    decay: float = 1.0,
    head: str | None = None,
) -> list[dict]:
    """Parameter groups for an optimizer: the head learns at head_lr, the body at lr.

    With decay below 1 the rate falls towards the input: the last part of the body has lr, the
    part before it lr · decay, then lr · decay², … (Howard & Ruder 2018). The parts are the
    model's direct children with parameters, in the order in which they were made, after the
    model's "own". Frozen parameters are left out, and so is a part that has no others. Each
    group has a "name".
    Raises ValueError where nothing is left to train, and for rates and a decay that are not
    above 0.
    """
    _check_rates(lr, head_lr, decay)
    name, layer = _head(model, head)
    parts = _parts(model, layer)
    found = [
        {"name": part, "params": parameters, "lr": lr * decay**depth}
        for depth, (part, parameters) in enumerate(reversed(parts))
    ][::-1]
    found.append({"name": name, "params": [*layer.parameters()], "lr": head_lr})
    for group in found:
        group["params"] = [p for p in group["params"] if p.requires_grad]
    if not any(group["params"] for group in found):
        raise ValueError("every parameter is frozen: unfreeze what is to be trained")
    return [group for group in found if group["params"]]


def _check_rates(lr: float, head_lr: float, decay: float) -> None:
    if not (lr > 0 and head_lr > 0 and 0 < decay <= 1):
        raise ValueError(
            f"lr {lr}, head_lr {head_lr}, decay {decay}: wanted rates above 0, and a decay "
            "above 0 and up to 1"
        )


def _parts(model: nn.Module, head: nn.Linear) -> list[tuple[str, list[nn.Parameter]]]:
    """The body by parts, each with those of its parameters that no earlier part has."""
    seen = {id(p) for p in head.parameters()}
    parts = []
    own = [("own", [*model.parameters(recurse=False)])]
    for part, held in own + [(n, [*c.parameters()]) for n, c in model.named_children()]:
        fresh = [p for p in held if id(p) not in seen]
        seen |= {id(p) for p in fresh}
        if fresh:
            parts.append((part, fresh))
    return parts


@torch.no_grad()
def features(
    model: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    *,
    head: str | None = None,
) -> tuple[Tensor, Tensor]:
    """What the head is given for each sample, (N, D), and the labels (N,), on the model's device.

    The whole model is in eval mode meanwhile, and each part is left in the mode that it was
    in. Raises ValueError for a loader without batches, and where the model does not pass its
    head, or passes it more than once.
    """
    name, layer = _head(model, head)
    modes = [(part, part.training) for part in model.modules()]
    device = next(model.parameters()).device
    seen, X_new, y_new = [], [], []
    hook = layer.register_forward_pre_hook(lambda part, inputs: seen.append(inputs[0]))
    model.eval()
    try:
        for X, y in loader:
            seen.clear()
            model(X.to(device))
            if len(seen) != 1:
                raise ValueError(
                    f"the model called its head, {name!r}, {len(seen)} times: wanted once"
                )
            X_new.append(seen[0].clone())
            y_new.append(y.to(device))
    finally:
        hook.remove()
        for part, training in modes:
            part.training = training
    if not X_new:
        raise ValueError("the loader yielded no batch: there is nothing to compute")
    return torch.cat(X_new), torch.cat(y_new)
