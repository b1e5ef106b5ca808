"""One seed for every source of chance, so that a run can be repeated."""

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
