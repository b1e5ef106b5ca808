"""What is wrong with a batch, in words, when the model or the loss will not have it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch
from torch import Tensor, nn


def before_training(
    model: nn.Module, optimizer: torch.optim.Optimizer, schedule=None
) -> None:
    """Raises ValueError where training could change nothing: no parameter, or not this model's.

    And for a schedule that sets the learning rate of another optimizer.
    """
    trainable = [p for p in model.parameters() if p.requires_grad]
    if not trainable:
        raise ValueError(
            "the model has no parameter that requires a gradient, so there is nothing to train"
        )
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not held & {id(p) for p in trainable}:
        raise ValueError(
            "the optimizer holds no parameter of this model: it was made for another one, or "
            "before the model was replaced; make it anew from model.parameters()"
        )
    if getattr(schedule, "optimizer", optimizer) is not optimizer:
        raise ValueError(
            "the schedule was made for another optimizer, and would change nothing here; "
            "make it anew from this one"
        )


@contextmanager
def explained(model: nn.Module, X, y, where: str) -> Iterator[None]:
    """Around model and loss: what they raise becomes a ValueError that says what was wrong."""
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        raise ValueError(f"{where}: {explain(model, X, y, error)}") from error


def explain(model: nn.Module, X, y, error: Exception) -> str:
    """A sentence about a batch on which model or loss raised `error`: what it is, what is wrong."""
    batch = f"X {_describe(X)}, y {_describe(y)}"
    reason = _reason(model, X, y)
    return f"{batch}: {reason or 'the model or the loss refused it'} ({_first_line(error)})"


def _reason(model: nn.Module, X, y) -> str:
    try:
        logits = _logits(model, X)
    except Exception:
        wanted = _dtype_that_works(model, X)
        if wanted is not None:
            return (
                f"the inputs are {_dtype(X)} and the weights {_dtype(wanted)}; "
                f"turn the inputs into that, as by X.to({wanted.dtype})"
            )
        return "the model does not take such inputs"
    if not isinstance(logits, Tensor) or not isinstance(y, Tensor):
        return ""
    return _labels(logits, y)


def _dtype_that_works(model: nn.Module, X) -> Tensor | None:
    """A weight whose dtype the model would have taken the inputs in, if there is one."""
    for weight in {p.dtype: p for p in model.parameters()}.values():
        if isinstance(X, Tensor) and weight.dtype != X.dtype:
            with suppress(Exception):
                _logits(model, X.to(weight.dtype))
                return weight
    return None


@torch.no_grad()
def _logits(model: nn.Module, X) -> Tensor:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()  # so that BatchNorm and Dropout are left as they are
    try:
        return model(X)
    finally:
        for module, mode in modes:
            module.training = mode


def _labels(logits: Tensor, y: Tensor) -> str:
    if logits.ndim < 2 or y.is_floating_point():
        return (
            f"the model gives {_describe(logits)}, which does not go with these labels"
        )
    classes = logits.shape[1]
    low, high = int(y.min()), int(y.max())
    if y.ndim == logits.ndim - 1 and not 0 <= low <= high < classes:
        return (
            f"labels run from {low} to {high}, and the model has {classes} outputs, "
            f"for classes 0 to {classes - 1}"
        )
    if y.ndim == logits.ndim - 1 and y.dtype != torch.int64:
        return f"the labels are {_dtype(y)}; turn them into int64, as by y.long()"
    if y.ndim == logits.ndim and y.shape[1] == 1:
        return "the labels have a column too many; drop it, as by y.squeeze(1)"
    return f"the model gives {_describe(logits)}, and the labels have another shape or dtype"


def _describe(value) -> str:
    if not isinstance(value, Tensor):
        return type(value).__name__
    return f"{tuple(value.shape)} {_dtype(value)}"


def _dtype(value: Tensor) -> str:
    return str(value.dtype).removeprefix("torch.")


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
