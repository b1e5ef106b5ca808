"""torchbook.models.gan: shapes on the way, what DCGAN asks for, what is refused."""

import pytest
import torch
from torch import nn

from torchbook import seed
from torchbook.models.gan import Discriminator, Generator


@pytest.mark.parametrize(
    ("side", "widths", "channels"),
    [(8, (8, 4), 1), (28, (8, 4), 1), (32, (8, 6, 4), 3), (6, (5,), 2), (4, (4, 2), 1)],
)
def test_noise_becomes_pictures_and_pictures_logits(side, widths, channels):
    G = Generator(5, side, widths, channels)
    D = Discriminator(side, widths[::-1], channels)
    X = G(torch.randn(3, 5))
    assert X.shape == (3, channels, side, side)
    assert X.abs().max() < 1
    assert D(X).shape == (3,)


def test_each_layer_doubles_or_halves():
    G, D = Generator(5, 28, (8, 4)), Discriminator(28, (4, 8))
    sizes = []
    kinds = nn.ConvTranspose2d, nn.Conv2d
    for module in (*G, *D):
        if isinstance(module, kinds):
            module.register_forward_hook(
                lambda m, i, o: sizes.append(tuple(o.shape[1:]))
            )
    D(G(torch.randn(2, 5)))
    up = [(8, 7, 7), (4, 14, 14), (1, 28, 28)]
    assert sizes == [*up, (4, 14, 14), (8, 7, 7), (1, 1, 1)]


def test_normalization_is_everywhere_but_at_the_ends():
    G, D = Generator(5, 32, (8, 6, 4)), Discriminator(32, (4, 6, 8))
    norms = [
        [m.num_features for m in n.modules() if isinstance(m, nn.BatchNorm2d)]
        for n in (G, D)
    ]
    assert norms == [[8, 6, 4], [6, 8]]
    assert isinstance(G[-1], nn.Tanh)


def test_first_weights_are_those_of_the_paper():
    seed.everything(0)
    for network in (Generator(50, 28, (64, 32)), Discriminator(28, (32, 64))):
        for module in network:
            if (
                isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
                and module.weight.numel() > 999
            ):
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.1)
                assert abs(module.weight.mean().item()) < 0.002


def test_every_weight_has_a_slope():
    G, D = Generator(5, 8, (8, 4)), Discriminator(8, (4, 8))
    D(G(torch.randn(4, 5))).sum().backward()
    assert all(p.grad is not None for p in (*G.parameters(), *D.parameters()))
    assert all(p.grad.abs().sum() > 0 for p in G.parameters())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Generator(5, 28, (8, 6, 4)), "side 28 cannot be halved 3 times"),
        (lambda: Discriminator(2, (4, 8)), "side 2 cannot be halved 2 times"),
        (lambda: Generator(0, 8, (4,)), "each number 1 or more"),
        (lambda: Generator(5, 8, ()), "at least one width"),
        (lambda: Discriminator(8, (4, 0)), "each number 1 or more"),
        (
            lambda: Generator(5, 8, (4,))(torch.zeros(2, 6)),
            r"\(2, 6\): wanted \(N, 5\)",
        ),
        (
            lambda: Discriminator(8, (4,))(torch.zeros(2, 1, 7, 8)),
            r"\(2, 1, 7, 8\): wanted \(N, 1, 8, 8\)",
        ),
    ],
)
def test_what_does_not_fit_is_told(make, words):
    with pytest.raises(ValueError, match=words):
        make()
