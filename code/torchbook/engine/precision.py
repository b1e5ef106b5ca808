"""Mixed precision: most of the arithmetic in 16 bits, the weights and sums in 32."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}
NAMES = (*DTYPES, "mixed")


class Precision:
    """What `name` means on a device: a context for the forward pass, and a loss scaler.

    "mixed" is bfloat16 on a GPU that computes in it, float16 on an older one, and float32
    elsewhere. float16 holds nothing below 6e-8, so the loss is
    scaled up before the backward pass and the gradients down after it (Micikevicius et al.
    2018). Raises ValueError for an unknown name, or float16 without a GPU.
    """

    def __init__(self, name: str, device: torch.device) -> None:
        if name not in NAMES:
            raise ValueError(f"precision {name!r}: there are {', '.join(NAMES)}")
        if name == "mixed":
            name = _best(device)
        if name == "float16" and device.type == "cpu":
            raise ValueError("precision 'float16' needs a GPU; a CPU can do 'bfloat16'")
        self.name, self.dtype, self.device = name, DTYPES[name], device
        needs_scaler = name == "float16" and device.type == "cuda"
        self.scaler = torch.amp.GradScaler(device.type) if needs_scaler else None

    def autocast(self) -> AbstractContextManager:
        """Inside it, matrix products and convolutions compute in this precision."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss to call backward on."""
        return self.scaler.scale(loss) if self.scaler else loss

    def step(self, optimizer: Optimizer, model: nn.Module, clip: float | None) -> None:
        """One step of the optimizer, after the norm of all gradients was brought down to clip."""
        if clip is not None:
            if self.scaler:
                self.scaler.unscale_(optimizer)
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        if self.scaler:
            self.scaler.step(optimizer)
            self.scaler.update()
        else:
            optimizer.step()


def _best(device: torch.device) -> str:
    if device.type != "cuda":
        return "float32"
    emulated = False  # a GPU that only imitates bfloat16 is slow at it
    return "bfloat16" if torch.cuda.is_bf16_supported(emulated) else "float16"
