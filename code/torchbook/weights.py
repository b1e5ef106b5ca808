"""Weights alone: taken over into another model as far as they fit, and kept as safetensors.

A checkpoint resumes a run. Weights start a new one, or serve a model that is done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from torchbook.checkpoint import CheckpointError
from torchbook.files import replacing


@dataclass(frozen=True)
class Report:
    """What a warm start did with each tensor, by name."""

    matched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # in the model, not in the weights
    unexpected: list[str] = field(
        default_factory=list
    )  # in the weights, not in the model
    different: list[str] = field(default_factory=list)  # in both, with other shapes

    def __repr__(self) -> str:
        lines = [f"{len(self.matched)} tensors taken over"]
        for what in ("missing", "unexpected", "different"):
            names = getattr(self, what)
            if names:
                lines.append(f"{len(names)} {what}: {', '.join(names)}")
        return "\n".join(lines)


def warm_start(model: nn.Module, weights: dict[str, Tensor]) -> Report:
    """Copy the tensors whose name and shape are the model's; leave the others as they are.

    Torch's `load_state_dict(weights, strict=False)` forgives names, not shapes: one tensor of
    another shape and it raises. Raises ValueError when nothing at all fits.
    """
    own = model.state_dict()
    report = Report(missing=[name for name in own if name not in weights])
    for name, tensor in weights.items():
        if name not in own:
            report.unexpected.append(name)
        elif own[name].shape != tensor.shape:
            shapes = f"{tuple(tensor.shape)} for {tuple(own[name].shape)}"
            report.different.append(f"{name} ({shapes})")
        else:
            report.matched.append(name)
    if not report.matched:
        raise ValueError(f"no tensor of these weights fits the model:\n{report}")
    fitting = {name: weights[name] for name in report.matched}
    model.load_state_dict(fitting, strict=False)
    return report


def write(path: str | Path, model: nn.Module, **notes: str) -> Path:
    """Write a model's state_dict to a safetensors file, whole or not at all.

    Tensors that share memory are written once for each name. `notes` are kept beside them as
    text. Raises CheckpointError when the file cannot be written.
    """
    from safetensors.torch import save

    path = Path(path)
    tensors = {
        name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()
    }
    try:
        with replacing(path) as file:
            file.write(
                save({name: t.clone() for name, t in tensors.items()}, notes or None)
            )
    except OSError as error:
        raise CheckpointError(
            f"{path} could not be written ({error}); what stood there before is untouched"
        ) from error
    return path


def read(path: str | Path, device: str | torch.device = "cpu") -> dict[str, Tensor]:
    """The tensors of a safetensors file, by name; CheckpointError when it cannot be read."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path, device=str(device))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{path} is no whole safetensors file: {error}"
        ) from error
