"""Cheap checks of a classifier before it is trained for long, in the order of a search.

`first_look` says of each check what was seen and, where that is odd, a doubt. A check means
little while an earlier one is suspicious. Nothing here looks at pictures: that is left to you.
The chapter on debugging does the same by hand.
"""

import copy
import math
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from torchbook import seed

LARGE = 10.0  # inputs that spread more than this want to be scaled
NEAR = 0.25  # a starting loss within this share of log C is as it should be
LEARNED = 0.1  # a few samples are memorised when this share of log C is left


@dataclass(frozen=True)
class Check:
    """One thing looked at, what was seen, and the doubt about it: empty when there is none."""

    name: str
    seen: str
    doubt: str = ""

    def __str__(self) -> str:
        head = f"{'suspicious' if self.doubt else 'ok':12}{self.name:15}"
        return f"\n{' ' * 27}".join([head + self.seen, *textwrap.wrap(self.doubt, 60)])


@dataclass(frozen=True)
class Report:
    """The checks in their order; true when none is suspicious."""

    checks: tuple[Check, ...]

    def __bool__(self) -> bool:
        return not any(check.doubt for check in self.checks)

    def __repr__(self) -> str:
        return "\n".join(map(str, self.checks))


def first_look(
    model: nn.Module,
    X: Tensor,
    y: Tensor,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    *,
    steps: int = 200,
) -> Report:
    """Check a classifier on one batch X (B, …), as it enters the model, with labels y (B,).

    The last check trains on 16 of the samples for at most `steps` steps. All of this is done
    to copies, which must fit into memory; random states are put back. An error in one of your
    parts is the doubt of the check that met it, and ends the list.

    Raises ValueError when X and y are empty or differ in length.
    """
    if not len(X) == len(y) > 0:
        raise ValueError(f"{len(X)} inputs, {len(y)} labels: wanted as many, not none")
    # copied in one go, so that the one copy holds the weights of the other
    copies = copy.deepcopy((model, optimizer, X.detach(), y.detach()))
    start = _Start(*copies, loss_fn, steps)
    states, checks = seed.states(), []
    try:
        for look in LOOKS:
            name = look.__name__.strip("_").replace("_", " ")
            checks.append(Check(name, *look(start)))
    except Exception as error:  # whatever the reader's model, loss or optimizer raises
        checks.append(Check(name, "stopped with an error", repr(error)))
    finally:
        seed.set_states(states)
    return Report(tuple(checks))


def leaves(loss: Tensor) -> list[Tensor]:
    """The tensors that `loss.backward()` gives a gradient: the ends of its graph."""
    found, known, todo = [], set(), [loss.grad_fn]
    while todo:
        node = todo.pop()
        if node is not None and node not in known:
            known.add(node)
            todo += [before for before, _ in node.next_functions]
            if type(node).__name__ == "AccumulateGrad":
                found.append(node.variable)
    return found


@dataclass
class _Start:
    """What the checks look at; logits, loss and gradients are computed once, at the start."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    X: Tensor
    y: Tensor
    loss_fn: Callable[[Tensor, Tensor], Tensor]
    steps: int

    @cached_property
    def logits(self) -> Tensor:
        return self.model.train()(self.X)

    @cached_property
    def loss(self) -> Tensor:
        return self.loss_fn(self.logits, self.y)

    @cached_property
    def weights(self) -> list[Tensor]:
        """The tensors that the loss depends on, with their gradients."""
        weights = leaves(self.loss)
        for tensor in weights:
            tensor.grad = None
        if weights:
            self.loss.backward()
        return weights

    def names(self, tensors) -> str:
        """Names of up to three tensors; those that the model does not list go by their shape."""
        listed = {p: name for name, p in self.model.named_parameters()}
        names = [name for p, name in listed.items() if p in {*tensors}]
        names += [f"one of shape {(*t.shape,)}" for t in tensors if t not in listed]
        return ", ".join(names[:3]) + (", and more" if len(names) > 3 else "")


def _inputs(start: _Start) -> tuple[str, str]:
    X = start.X
    seen = f"{X.dtype} {tuple(X.shape)}"
    if not X.is_floating_point():
        return seen, "Layers want floats: X.float(), before any arithmetic on bytes."
    seen += f", {X.min():.3g} to {X.max():.3g}"
    if not X.isfinite().all():
        return seen, "Some are NaN or infinite: look for 0/0 in what prepares them."
    large = X.std(correction=0) > LARGE
    return seen, "Large numbers give large scores: scale them." if large else ""


def _logits(start: _Start) -> tuple[str, str]:
    logits, B = start.logits, len(start.X)
    seen = f"{logits.dtype} {tuple(logits.shape)}"
    if logits.ndim != 2 or len(logits) != B or logits.shape[1] < 2:
        return seen, f"Wanted {B} rows, with a score for each class."
    if not logits.isfinite().all():
        return seen, "NaN or infinite: look for the first layer whose output is."
    if B > 1 and logits.eq(logits[0]).all():
        return seen, "The same for every sample: is a layer dead, or all weights zero?"
    if logits.min() >= 0:
        return seen, "None is below zero: is a ReLU or a softmax after the last layer?"
    return seen, ""


def _labels(start: _Start) -> tuple[str, str]:
    y, C = start.y, start.logits.shape[-1]
    seen = f"{y.dtype} {tuple(y.shape)}, {y.min()} to {y.max()}"
    if y.dtype != torch.int64 or y.ndim != 1:
        return seen, f"Wanted whole numbers, torch.int64, of shape ({len(y)},)."
    if y.min() < 0 or y.max() >= C:
        return seen, f"The model has {C} classes, so labels run from 0 to {C - 1}."
    one = len(y) > 1 and y.eq(y[0]).all()
    return seen, "All of one class: is the set sorted?" if one else ""


def _starting_loss(start: _Start) -> tuple[str, str]:
    loss, C = start.loss.item(), start.logits.shape[1]
    seen = f"{loss:.3f}, and log({C}) is {math.log(C):.3f}"
    if loss < (1 - NEAR) * math.log(C):
        return seen, "Too low: raw scores into nll_loss, or a model that is trained?"
    if not loss < (1 + NEAR) * math.log(C):
        return seen, "Too high: large inputs or weights, a sum, a softmax along dim=0?"
    return seen, ""


def _neighbours(start: _Start) -> tuple[str, str]:
    """Replace the second half of the batch: logits and slopes of the first must stay."""
    half, model = (len(start.X) + 1) // 2, start.model.eval()  # not train: it may mix
    twice = torch.arange(len(start.X), device=start.X.device) % half
    with torch.no_grad():
        both = [model(X).requires_grad_() for X in (start.X, start.X[twice])]
    if not _same(*[logits[:half] for logits in both]):
        return "the model mixes samples", "Does a reshape in it mix up dimensions?"
    slopes = [torch.autograd.grad(start.loss_fn(z, start.y), z)[0] for z in both]
    if not _same(*[slope[:half] for slope in slopes]):
        return "the loss mixes samples", "Does a softmax in it run along dim=0?"
    return "each sample has its own logits and loss", ""


def _gradients(start: _Start) -> tuple[str, str]:
    if not start.weights:
        return "none", "The loss depends on no weight: no_grad, detach, or all frozen?"
    norms = {tensor: tensor.grad.norm().item() for tensor in start.weights}
    listed = {p: None for p in start.model.parameters() if p.requires_grad}
    kinds = {
        "NaN or infinite": [t for t, n in norms.items() if not math.isfinite(n)],
        "Zero": [t for t, n in norms.items() if n == 0],
        "No gradient": [p for p in listed if p not in norms],
        "Not in model.parameters()": [t for t in norms if t not in listed],
    }
    least, most = min(norms.values()), max(norms.values())
    seen = f"of {len(norms)} weights, lengths {least:.1g} to {most:.1g}"
    return seen, " ".join(f"{k}: {start.names(ts)}." for k, ts in kinds.items() if ts)


def _optimizer(start: _Start) -> tuple[str, str]:
    mine = {p for group in start.optimizer.param_groups for p in group["params"]}
    held = sum(tensor in mine for tensor in start.weights)
    strangers = mine - {*start.weights, *start.model.parameters()}
    before = [tensor.detach().clone() for tensor in start.weights]
    start.optimizer.step()
    still = [t for t, old in zip(start.weights, before, strict=True) if t.equal(old)]
    seen = f"holds {held} of {len(before)} weights, moves {len(before) - len(still)}"
    if strangers:
        return seen, "It holds tensors that are not this model's: build it anew."
    return seen, f"Not moved: {start.names(still)}." if still else ""


def _memorise(start: _Start) -> tuple[str, str]:
    X, y, model, losses = start.X[:16], start.y[:16], start.model.train(), []
    goal = LEARNED * math.log(start.logits.shape[1])
    for _ in range(start.steps):
        loss = start.loss_fn(model(X), y)
        losses.append(loss.item())
        if 0 <= losses[-1] < goal / 10 or not math.isfinite(losses[-1]):
            break
        start.optimizer.zero_grad()
        loss.backward()
        start.optimizer.step()
    last = losses[-1]
    seen = f"{len(X)} samples: loss {losses[0]:.3g}, and {last:.3g} after {len(losses)}"
    if last < -goal:
        return seen, "A cross-entropy is never below zero: raw scores into nll_loss?"
    return seen, "" if last < goal else "A doubt above, or the learning rate."


LOOKS = [_inputs, _logits, _labels, _starting_loss, _neighbours]
LOOKS += [_gradients, _optimizer, _memorise]


def _same(a: Tensor, b: Tensor) -> bool:
    scale = a.abs().max().item()
    return bool(torch.allclose(a, b, rtol=1e-3, atol=1e-4 * scale, equal_nan=True))
