"""Color for gray pictures: each gets a color of its own, on paper of another."""

import torch

BATCH = 1000


def colored(ink: torch.Tensor, seed: int) -> torch.Tensor:
    """Ink, uint8 (N, 1, H, W), to pictures, uint8 (N, 3, H, W): from 0, paper, to 255, color.

    One of the two is dark and the other light, in each channel by 36 or more, and which one it
    is falls by chance: a network cannot go by brightness. The same seed gives the same bytes.
    """
    n, generator = len(ink), torch.Generator().manual_seed(seed)
    dark = torch.randint(0, 110, (n, 3, 1, 1), generator=generator)
    light = torch.randint(146, 256, (n, 3, 1, 1), generator=generator)
    swap = torch.rand(n, 1, 1, 1, generator=generator) < 0.5
    paper = torch.where(swap, light, dark).float()
    color = torch.where(swap, dark, light).float()
    X = torch.empty(n, 3, *ink.shape[2:], dtype=torch.uint8)
    for part in torch.arange(n).split(BATCH):  # as floats they take four times the room
        mixed = torch.lerp(paper[part], color[part], ink[part] / 255)
        X[part] = mixed.round().to(torch.uint8)
    return X
