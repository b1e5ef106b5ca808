"""What large weights cost; read in part 8.

A penalty of strength λ is added to the loss. The slope of each weight w then grows by:

    λ w          for λ/2 * l2, sum of w²     each step takes off a share: L2 shrinks
    λ sign(w)    for λ * l1, sum of |w|      each step takes off the same: L1 zeroes

The weight_decay λ of torch.optim.SGD is the first, with its half. AdamW's shrinks the
weights beside the step instead, which is `decay_`. Plain descent with an L1 slope jumps
to and fro across 0; `soft_threshold` stops there.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from torchbook.scratch.activations import relu


def l1(parameters: Iterable[Tensor]) -> Tensor:
    """The sum of |w| over all entries of all parameters: (); its slope at 0 is 0.

    Raises ValueError where there are no parameters.
    """
    return sum(w.abs().sum() for w in _all_of(parameters))


def l2(parameters: Iterable[Tensor]) -> Tensor:
    """The sum of w² over all entries of all parameters: (); no half, no root.

    Raises ValueError where there are no parameters.
    """
    return sum((w**2).sum() for w in _all_of(parameters))


@torch.no_grad()
def decay_(parameters: Iterable[Tensor], lr: float, strength: float) -> None:
    """w <- (1 - lr * strength) w, in place, as AdamW (Loshchilov and Hutter, 2019).

    Raises ValueError for a rate or strength below 0, for a product above 1, which would
    turn the signs round, and where there are no parameters; then nothing has changed.
    """
    if not (lr >= 0 and strength >= 0 and lr * strength <= 1):
        raise ValueError(
            f"lr {lr}, strength {strength}: wanted both from 0 up, "
            "their product at most 1"
        )
    for w in _all_of(parameters):
        w.mul_(1 - lr * strength)


def soft_threshold(w: Tensor, by: float) -> Tensor:
    """Every number moves towards 0 by `by` and stops there: sign(w) max(|w| - by, 0).

    It is the u of the lowest (u - w)² / 2 + by |u|: after a step of descent on the loss
    alone, by = lr * λ takes the step of an L1 penalty (Daubechies et al., 2004).
    Torch's is F.softshrink. Raises ValueError for a `by` below 0 or not a number.
    """
    if not by >= 0:
        raise ValueError(f"by {by}: wanted a number from 0 up, lr * strength say")
    return relu(w - by) - relu(-w - by)  # one of the two is 0


def _all_of(parameters: Iterable[Tensor]) -> list[Tensor]:
    """The parameters as a list; a tensor is one, a module is refused."""
    if isinstance(parameters, nn.Module):
        raise ValueError(
            f"got the module {type(parameters).__name__}: wanted its parameters, "
            "model.parameters()"
        )
    if isinstance(parameters, Tensor):
        return [parameters]
    found = list(parameters)
    if not found:
        raise ValueError(
            "no parameters: the model has none, or a loop has used up "
            "model.parameters(), which gives them once; list(model.parameters()) "
            "keeps them"
        )
    return found
