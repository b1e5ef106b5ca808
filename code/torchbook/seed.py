"""One seed for every source of chance, so that a run can be repeated, or taken up again."""

import random

import numpy as np
import torch


def everything(seed: int) -> torch.Generator:
    """Seed Python, NumPy and torch (all devices); return a CPU generator of the same seed.

    Raises ValueError for a seed outside 0 … 2³² - 1, which NumPy would refuse.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed {seed}: wanted a whole number from 0 to 2**32 - 1")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


def states() -> dict:
    """The states of Python's, NumPy's and torch's generators, on every device, as plain values."""
    kind, keys, *rest = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (kind, torch.from_numpy(keys.astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def set_states(state: dict) -> None:
    """Put back what `states` gave; a machine with other GPUs keeps their own states."""
    version, numbers, gauss = state["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.cpu().numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([one.cpu() for one in state["cuda"]])
