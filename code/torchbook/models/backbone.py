"""A small network trained on photographs, to be moved to other pictures.

It has seen eight of the ten classes of CIFAR-10, and never a cat or a dog. The network ends in
`fc`, as a ResNet does. Its weights come from `torchbook.zoo`, and `benchmarks/backbone.py` makes
them.
"""

from collections import OrderedDict

from torch import Tensor, nn

from torchbook.models.cnn import Convolution, MeanAndMax, Residual

SIZE = 32  # pixels a side of the pictures that it was trained on
CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "deer",
    "frog",
    "horse",
    "ship",
    "truck",
)
# of its training pictures, a number for each channel
MEAN, STD = (0.490, 0.487, 0.454), (0.243, 0.241, 0.262)


class Backbone(nn.Sequential):
    """Pictures (N, 3, H, W), 16 pixels or more a side, give logits (N, classes).

    A stem of 16 channels at full size; three stages of 48, 96 and 192 channels, each of which
    halves the picture and has one residual convolution (He et al. 2016); the mean and the
    maximum of each channel, 384 features; a linear layer, `fc`. For eight classes it has
    654,616 parameters. Raises ValueError for pictures of another shape.
    """

    def __init__(self, classes: int = len(CLASSES)) -> None:
        parts = OrderedDict(stem=Convolution(3, 16))
        n_in = 16
        for number, (width, halve) in enumerate(
            ((48, "pool"), (96, "stride"), (192, "stride")), 1
        ):
            parts[f"stage{number}"] = nn.Sequential(
                Convolution(n_in, width, halve), Residual(Convolution(width, width))
            )
            n_in = width
        parts["pool"] = MeanAndMax()
        parts["fc"] = nn.Linear(2 * n_in, classes)
        super().__init__(parts)

    def forward(self, X: Tensor) -> Tensor:
        if X.ndim != 4 or X.shape[1] != 3 or min(X.shape[2:]) < 16:
            raise ValueError(
                f"pictures of shape {tuple(X.shape)}: wanted (N, 3, H, W) with 16 pixels or "
                "more a side"
            )
        return super().forward(X)
