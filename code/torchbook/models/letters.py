"""A small network trained on drawn letters, to be moved to handwritten digits (part 10).

Its weights come from `torchbook.zoo`, and `benchmarks/letters.py` makes them.
"""

import string

from torchbook.models.resnet import ResNet

SIZE = 8  # pixels a side of the letters that it was trained on
CLASSES = tuple(string.ascii_letters)
# of its training letters, in 0 … 1
MEAN, STD = (0.297,), (0.312,)


def reader() -> ResNet:
    """Letters (N, 1, 8, 8) give logits (N, 52): eight layers, random weights."""
    return ResNet(1, in_channels=1, classes=len(CLASSES), width=16)
