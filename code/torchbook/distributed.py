"""One run on several processes: each takes its share of every batch, and they agree on the step.

    torchrun --nproc-per-node 4 train_it.py

starts four copies of a script. `train.fit` in it sees the others, divides every batch among them
without overlap, and averages their gradients, so that the step is the one that a single process
would have made. Processes talk through gloo on CPUs and NCCL on NVIDIA GPUs.

Nothing here does anything, or costs anything, in a process that is alone.
"""

from __future__ import annotations

import atexit
import os

import torch
import torch.distributed as dist
from torch import Tensor, nn

from torchbook.metrics import Mean


def world() -> int:
    """How many processes there are; 1 without torchrun."""
    return dist.get_world_size() if _started() else 1


def rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if _started() else 0


def is_writer() -> bool:
    """Whether this process writes files and shows progress: the one of rank 0."""
    return rank() == 0


def start(device: torch.device) -> torch.device:
    """Join the processes that torchrun started, if it did; the device of this process.

    On CUDA each process takes the GPU of its own number on its machine. Raises ValueError when
    a machine has fewer GPUs than processes.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        return device
    if device.type == "cuda":
        local, count = int(os.environ["LOCAL_RANK"]), torch.cuda.device_count()
        if local >= count:
            raise ValueError(
                f"process {local} of this machine has no GPU: there are {count}; start as many "
                "processes with --nproc-per-node, or train on device='cpu'"
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    if not _started():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(stop)
    return device


def stop() -> None:
    """Leave the group of processes; at the end of a process this happens by itself."""
    if _started():
        dist.destroy_process_group()


def place(loader, device: torch.device):
    """A loader on the device, yielding this process's share; what cannot be moved stays as it is.

    Raises ValueError where there are several processes and the loader cannot be divided.
    """
    if hasattr(loader, "share"):
        loader.to(device)
        if world() > 1:
            loader.share(rank(), world())
    elif world() > 1 and loader is not None:
        raise ValueError(
            f"a {type(loader).__name__} cannot be divided among {world()} processes: use "
            "Batches or PictureFolder of torchbook.data"
        )
    return loader


def wrap(model: nn.Module, device: torch.device) -> nn.Module:
    """What to call in place of model so that gradients are averaged over the processes.

    The model itself where there is one process, or where it is sharded. After its first step
    DistributedDataParallel lays gradients out anew. Sums of three or more processes are then
    rounded in another order, also in the first step after a resume: with one or two processes a
    run goes on bit for bit, with more up to that rounding.
    """
    if world() == 1 or is_sharded(model):
        return model
    own = [device] if device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(model, device_ids=own)


def shard(model: nn.Module, device: str | torch.device | None = None) -> nn.Module:
    """Divide the weights themselves among the processes (FSDP2), for models too large for one.

    Call it before the optimizer is made, which then holds this process's part. Each child of the
    model is gathered when it computes and let go after. A model in a process that is alone stays
    as it is (Zhao et al. 2023).
    """
    from torch.distributed.fsdp import fully_shard

    from torchbook.device import pick

    device = start(pick(device) if not isinstance(device, torch.device) else device)
    model.to(device)
    if world() == 1:
        return model
    for child in model.children():
        if any(p.requires_grad for p in child.parameters()):
            fully_shard(child)
    return fully_shard(model)


def is_sharded(model: nn.Module) -> bool:
    """Whether `shard` has divided this model."""
    from torch.distributed.tensor import DTensor

    return _started() and any(isinstance(p, DTensor) for p in model.parameters())


def agree(model: nn.Module) -> None:
    """Give every process the buffers of rank 0, as what batch normalization has counted.

    Each process counts its own share; a checkpoint holds what rank 0 has counted, and so that
    is what must be measured on validation data.
    """
    if world() > 1 and not is_sharded(model):
        for buffer in model.buffers():
            dist.broadcast(buffer, src=0)


def synchronise(model: nn.Module, now: bool) -> None:
    """Whether the next backward is to exchange gradients; for accumulation, the last one only."""
    if isinstance(model, nn.parallel.DistributedDataParallel):
        model.require_backward_grad_sync = now
    elif hasattr(model, "set_requires_gradient_sync"):
        model.set_requires_gradient_sync(now)


def total(values: Tensor) -> Tensor:
    """The sum of a tensor over all processes, entry by entry."""
    if world() > 1:
        values = values.clone()
        dist.all_reduce(values)
    return values


def mean(part: Mean) -> float:
    """The mean over the samples of all processes; ValueError when there were none at all."""
    if world() > 1:
        sums = torch.tensor([float(part.total), part.count], dtype=torch.float64)
        whole, count = total(sums.to(_talks_on())).tolist()
        part.total, part.count = whole, int(count)
    return part.value


def any_of(flag: bool) -> bool:
    """Whether the flag is set in any process."""
    if world() == 1:
        return flag
    return bool(total(torch.tensor(float(flag), device=_talks_on())) > 0)


def gathered(value) -> list:
    """The value of each process, by rank."""
    values = [value] * world()
    if world() > 1:
        dist.all_gather_object(values, value)
    return values


def states(model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[dict, dict]:
    """The state dicts of both, whole also where the model is sharded: then all must call it."""
    if not is_sharded(model):
        return model.state_dict(), optimizer.state_dict()
    from torch.distributed.checkpoint import state_dict as sharded

    whole = sharded.StateDictOptions(full_state_dict=True, cpu_offload=True)
    weights, moments = sharded.get_state_dict(model, optimizer, options=whole)
    if not is_writer():  # the whole is gathered for the one that writes it
        return {}, {}
    numbers = {name: i for i, name in enumerate(_names(model, optimizer))}
    return weights, _renamed(moments, numbers)


def set_states(model: nn.Module, optimizer, weights: dict, moments: dict) -> None:
    """Put back what `states` gave, in any number of processes, sharded or not."""
    if not is_sharded(model):
        model.load_state_dict(weights)
        optimizer.load_state_dict(moments)
        return
    from torch.distributed.checkpoint import state_dict as sharded

    names = dict(enumerate(_names(model, optimizer)))
    sharded.set_state_dict(
        model,
        optimizer,
        model_state_dict=weights,
        optim_state_dict=_renamed(moments, names),
        options=sharded.StateDictOptions(full_state_dict=True),
    )


def _names(model: nn.Module, optimizer: torch.optim.Optimizer) -> list[str]:
    # an optimizer counts its parameters, a sharded state names them
    name_of = {id(p): name for name, p in model.named_parameters()}
    return [name_of[id(p)] for group in optimizer.param_groups for p in group["params"]]


def _renamed(moments: dict, keys: dict) -> dict:
    groups = [
        {**group, "params": [keys[key] for key in group["params"]]}
        for group in moments["param_groups"]
    ]
    state = {keys[key]: value for key, value in moments["state"].items()}
    return {"state": state, "param_groups": groups}


def _talks_on() -> torch.device:
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")


def _started() -> bool:
    return dist.is_available() and dist.is_initialized()
