"""An optimizer made ready for a device: its state moved, its step in one kernel where torch can."""

import torch
from torch import nn, optim

from torchbook import distributed

BOTH = ("cpu", "cuda")
FUSED = {optim.Adam: BOTH, optim.AdamW: BOTH, optim.SGD: BOTH, optim.Adagrad: ("cpu",)}


def settle(
    model: nn.Module,
    optimizer: optim.Optimizer,
    device: torch.device,
    channels_last: bool = False,
) -> None:
    """Move model and optimizer to the device, and let the optimizer step in one pass.

    A sharded model is where it belongs already.
    """
    if not distributed.is_sharded(model):
        layout = torch.channels_last if channels_last else torch.preserve_format
        model.to(device, memory_format=layout)
    fuse(optimizer, device)
    if optimizer.state:
        optimizer.load_state_dict(optimizer.state_dict())  # follows its parameters


def fuse(optimizer: optim.Optimizer, device: torch.device) -> None:
    """Choose torch's fused step where there is one and the optimizer was not told otherwise.

    One call then updates all weights, in place of one call for each term of the formula. The
    result is the same up to rounding. `fused=False` or `foreach=…` in the optimizer keeps it off.
    """
    if device.type not in FUSED.get(type(optimizer), ()):
        return
    for group in optimizer.param_groups:
        free = group.get("fused") is None and group.get("foreach") is None
        floats = all(p.is_floating_point() for p in group["params"])
        if free and floats and not group.get("differentiable"):
            group["fused"] = True
