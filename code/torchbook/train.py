"""The training loop, whole: the chapter on training reads it line by line."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from torchbook.metrics import Mean, accuracy

Loader = Iterable[tuple[Tensor, Tensor]]
Metric = Callable[[Tensor, Tensor], Tensor]


@dataclass
class History:
    """One row an epoch: {"epoch": 1, "seconds": …, "train_loss": …, "valid_loss": …, …}."""

    rows: list[dict[str, float]] = field(default_factory=list)

    def __getitem__(self, name: str) -> list[float]:
        """The column called name, an entry an epoch; KeyError names the columns there are."""
        if self.rows and name not in self.rows[0]:
            raise KeyError(f"no column {name!r}; there are {', '.join(self.rows[0])}")
        return [row[name] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)


def fit(
    model: nn.Module,
    train: Loader,
    loss_fn: Metric,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    valid: Loader | None = None,
    metrics: dict[str, Metric] | None = None,
    progress: bool | None = None,
) -> History:
    """Train for `epochs` passes over `train`; measure on `valid` after each.

    Batches go to the device of the model. The training loss is the mean over the pass,
    taken while the weights were changing. A bar shows the progress unless `progress` is
    False, or is not given and TQDM_DISABLE is set.

    Raises FloatingPointError when the loss is no longer finite.
    """
    device, history = _device(model), History()
    for epoch in tqdm(range(1, epochs + 1), unit="epoch", disable=_quiet(progress)):
        start, train_loss = perf_counter(), Mean()
        model.train()
        for X, y in train:
            X, y = X.to(device), y.to(device)
            loss = loss_fn(model(X), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            train_loss.add(loss, len(y))
        row = {"epoch": epoch, "train_loss": _finite(train_loss.value, epoch)}
        if valid is not None:
            scores = evaluate(model, valid, loss_fn, metrics)
            row |= {f"valid_{name}": value for name, value in scores.items()}
        history.rows.append(row | {"seconds": perf_counter() - start})
    return history


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    loader: Loader,
    loss_fn: Metric,
    metrics: dict[str, Metric] | None = None,
) -> dict[str, float]:
    """The mean loss and each metric, accuracy unless told, over all samples.

    Each module is left in the mode, training or not, that it was in.
    """
    metrics = {"accuracy": accuracy} if metrics is None else metrics
    functions = {"loss": loss_fn, **metrics}
    means, device = {name: Mean() for name in functions}, _device(model)
    with _eval_mode(model):
        for X, y in loader:
            X, y = X.to(device), y.to(device)
            y_hat = model(X)
            for name, function in functions.items():
                means[name].add(function(y_hat, y), len(y))
    return {name: mean.value for name, mean in means.items()}


@contextmanager
def _eval_mode(model: nn.Module) -> Iterator[None]:
    # a part that was frozen in eval mode must not come back in training mode
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _device(model: nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def _quiet(progress: bool | None) -> bool:
    # tqdm's bar for notebooks does not look at its own variable
    return (
        os.environ.get("TQDM_DISABLE", "0") not in ("", "0")
        if progress is None
        else not progress
    )


def _finite(loss: float, epoch: int) -> float:
    if loss != loss or loss in (float("inf"), float("-inf")):
        raise FloatingPointError(
            f"the training loss became {loss} in epoch {epoch}: try a smaller learning rate, "
            "and look for inputs that are not finite"
        )
    return loss
