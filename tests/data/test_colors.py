"""torchbook.data.colors: ink of one color on paper of another."""

import pytest
import torch

from torchbook.data import colors

N = 400


@pytest.fixture(scope="module")
def ink():
    ink = torch.randint(
        0, 256, (N, 1, 5, 7), generator=torch.Generator().manual_seed(9)
    )
    ink[:, :, 0, 0], ink[:, :, 0, 1] = 0, 255
    return ink.to(torch.uint8)


@pytest.fixture(scope="module")
def paper_and_color(ink):
    X = colors.colored(ink, seed=0).int()
    return X[:, :, 0, 0], X[:, :, 0, 1]  # (N, 3) each: no ink, and all of it


def test_a_pixel_lies_between_paper_and_color_as_far_as_there_is_ink(
    ink, paper_and_color
):
    X = colors.colored(ink, seed=0)
    assert (X.shape, X.dtype) == ((N, 3, 5, 7), torch.uint8)
    paper, color = (c.double()[..., None, None] for c in paper_and_color)
    wanted = paper + (color - paper) * ink / 255
    assert (X.double() - wanted).abs().max() < 0.51


def test_letters_can_be_seen_in_every_channel_and_go_one_way(paper_and_color):
    paper, color = paper_and_color
    assert (color - paper).abs().min() >= 36
    lighter = color > paper  # (N, 3)
    assert torch.equal(lighter.all(1), lighter.any(1))
    assert 0.4 < lighter[:, 0].double().mean() < 0.6


def test_brightness_tells_nothing_and_colors_differ(paper_and_color):
    paper, color = paper_and_color
    assert len(paper.unique(dim=0)) > 0.95 * N
    assert (paper.double().mean() - color.double().mean()).abs() < 12
    for channel in torch.cat([paper, color]).T:
        assert channel.min() < 10
        assert channel.max() > 245


def test_the_seed_decides(ink, monkeypatch):
    X = colors.colored(ink, seed=0)
    assert not torch.equal(X, colors.colored(ink, seed=1))
    monkeypatch.setattr(colors, "BATCH", 7)
    assert torch.equal(X, colors.colored(ink, seed=0))


def test_no_picture_gives_none():
    assert colors.colored(torch.empty(0, 1, 4, 4, dtype=torch.uint8), 0).shape == (
        0,
        3,
        4,
        4,
    )
