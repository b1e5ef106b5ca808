"""The training loop, whole: the chapter on training reads it line by line."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from torchbook import distributed
from torchbook.callbacks import Callback
from torchbook.engine import checks
from torchbook.engine.history import History
from torchbook.engine.precision import Precision
from torchbook.engine.run import Options, Run
from torchbook.metrics import Mean, accuracy

Loader = Iterable[tuple[Tensor, Tensor]]
Metric = Callable[[Tensor, Tensor], Tensor]


def fit(
    model: nn.Module,
    train: Loader,
    loss_fn: Metric,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    valid: Loader | None = None,
    metrics: dict[str, Metric] | None = None,
    callbacks: Iterable[Callback] = (),
    **options,
) -> History:
    """Train for `epochs` passes over `train`; measure on `valid` after each.

    The training loss is the mean over the pass, while the weights were changing.
    Model and batches move to a GPU where there is one, or to device=. The other
    options, as precision, accumulate, clip, schedule, checkpoints, are in `Options`.

    Raises FloatingPointError when a loss is not finite, and ValueError for a batch that
    the model or the loss refuses; both name the step.
    """
    options = Options.of(options)
    with Run(model, train, optimizer, epochs, callbacks, options) as run:
        for _ in run.epochs():
            if not model.training:
                model.train()
            for batches in run.groups():
                optimizer.zero_grad()
                for X, y, share in batches:
                    with run.careful(X, y):
                        loss = loss_fn(run.forward(X), y)
                    run.backward(loss, share)
                run.update()
            scores = {}
            if valid is not None:
                scores = evaluate(model, valid, loss_fn, metrics, options.precision)
            run.close_epoch(scores)
    return run.history


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    loader: Loader,
    loss_fn: Metric,
    metrics: dict[str, Metric] | None = None,
    precision: str = "float32",
) -> dict[str, float]:
    """The mean loss and each metric, accuracy unless told, over all samples.

    Each module is left in the mode, training or not, that it was in. Of several
    processes each takes its share, and all get the same result. Raises ValueError for a
    batch that the model, the loss or a metric refuses.
    """
    metrics = {"accuracy": accuracy} if metrics is None else metrics
    functions = {"loss": loss_fn, **metrics}
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    means, forward = {name: Mean() for name in functions}, Precision(precision, device)
    distributed.agree(model)
    with eval_mode(model):
        for number, (X, y) in enumerate(distributed.place(loader, device), 1):
            X, y = X.to(device), y.to(device)
            with checks.explained(model, X, y, f"evaluation, batch {number}"):
                with forward.autocast():
                    y_hat = model(X)
                for name, function in functions.items():
                    means[name].add(function(y_hat, y), len(y))
    return {name: distributed.mean(mean) for name, mean in means.items()}


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Eval mode inside; outside each part is in its own mode again, frozen ones in eval."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
