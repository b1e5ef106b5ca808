"""torchbook.models.cnn: its size, what it computes, what it accepts, and that it learns."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook.data import images
from torchbook.data.loader import Batches
from torchbook.models.cnn import CNN, Convolution, MeanAndMax, Residual


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def test_the_default_has_the_parameters_that_it_says():
    kernels = 9 * (16 + 16 * 32 + 32 * 60 + 2 * 60 * 60)
    by_hand = kernels + 2 * (16 + 32 + 3 * 60) + 120 * 10 + 10
    assert parameters(CNN()) == by_hand == 88_498
    assert f"{by_hand:,}" in CNN.__doc__
    assert by_hand < 100_000


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({}, (3, 1, 28, 28)),
        ({}, (2, 1, 16, 16)),
        ({"in_channels": 3}, (2, 3, 32, 32)),
        ({"in_channels": 3, "classes": 7}, (2, 3, 29, 17)),
        ({"widths": (4, 8, 16, 32), "blocks": (1, 0, 2, 1)}, (2, 1, 31, 64)),
        ({"widths": [8], "blocks": [1], "dropout": 0.5}, (1, 1, 28, 28)),
    ],
)
def test_pictures_of_any_size_give_logits(settings, shape):
    model = CNN(**settings)
    assert model(torch.randn(shape)).shape == (shape[0], settings.get("classes", 10))


def test_each_stage_halves_the_picture_and_rounds_up():
    model = CNN(widths=(4, 6, 8, 10), blocks=(1, 0, 2, 0))
    X, shapes = torch.randn(2, 1, 29, 18), []
    for layer in model[:-2]:
        X = layer(X)
        shapes.append(tuple(X.shape[1:]))
    assert shapes == [*[(4, 29, 18)] * 2, (6, 15, 9), *[(8, 8, 5)] * 3, (10, 4, 3)]


def test_forward_is_what_its_parts_compute():
    torch.manual_seed(0)
    model = CNN(widths=(3, 4, 6), blocks=(0, 0, 1))
    X = torch.randn(5, 1, 19, 20)
    full, pooled, strided, (block,), _, linear = model

    def finish(h):
        return F.relu(F.batch_norm(h, None, None, training=True))

    h = finish(F.conv2d(X, full[0].weight, padding=1))
    h = F.conv2d(h, pooled[0].weight, padding=1)
    h = finish(
        F.max_pool2d(F.pad(h, (0, 0, 0, 1), value=-torch.inf), 2)
    )  # 19 rows and one
    h = finish(F.conv2d(h, strided[0].weight, stride=2, padding=1))
    h = h + finish(F.conv2d(h, block[0].weight, padding=1))
    h = torch.cat([h.mean((2, 3)), h.flatten(2).max(2).values], dim=1)
    torch.testing.assert_close(model(X), F.linear(h, linear.weight, linear.bias))


def test_a_residual_around_nothing_doubles():
    X = torch.randn(2, 3, 4, 4)
    assert torch.equal(Residual(nn.Identity())(X), 2 * X)
    assert torch.equal(Residual()(X), 2 * X)


def test_the_mean_and_the_maximum_of_each_channel():
    X = torch.tensor([[[[0.0, 2.0], [4.0, 6.0]], [[-1.0, -1.0], [-1.0, 3.0]]]])
    assert MeanAndMax()(X).tolist() == [[3.0, 0.0, 6.0, 3.0]]


@pytest.mark.parametrize("halve", ["stride", "pool"])
def test_half_an_odd_side_is_rounded_up(halve):
    assert Convolution(2, 3)(torch.randn(2, 2, 9, 8)).shape == (2, 3, 9, 8)
    assert Convolution(2, 3, halve)(torch.randn(2, 2, 9, 8)).shape == (2, 3, 5, 4)


def test_in_eval_mode_a_picture_s_logits_do_not_depend_on_the_others():
    torch.manual_seed(0)
    model, X = CNN(widths=(4, 8), blocks=(0, 1), dropout=0.5), torch.randn(6, 1, 28, 28)
    model(X)  # in training mode batch normalisation counts
    assert not torch.equal(model(X), model(X))
    model.eval()
    assert torch.equal(model(X), model(X))
    torch.testing.assert_close(model(X)[:2], model(X[:2]))


def test_the_layout_in_memory_changes_no_result():
    torch.manual_seed(0)
    model, X = CNN(widths=(8, 8), blocks=(1, 0)).eval(), torch.randn(4, 1, 28, 28)
    plain = model(X)
    model.to(memory_format=torch.channels_last)
    last = model(X.to(memory_format=torch.channels_last))
    torch.testing.assert_close(last, plain)


def test_a_copy_and_a_saved_state_give_the_same_logits():
    model, X = CNN(widths=(4, 8), blocks=(0, 0)), torch.randn(3, 1, 28, 28)
    model(X)
    twin = CNN(widths=(4, 8), blocks=(0, 0))
    twin.load_state_dict(model.state_dict())
    expected = model.eval()(X)
    assert torch.equal(twin.eval()(X), expected)
    assert torch.equal(copy.deepcopy(model)(X), expected)


def test_a_slice_is_a_sequential_of_the_same_layers():
    model = CNN(widths=(4, 8), blocks=(0, 0))
    body = model[:-1]
    assert type(body) is nn.Sequential
    assert body[0] is model[0]
    assert body(torch.randn(2, 1, 28, 28)).shape == (2, 16)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"in_channels": 0}, "in_channels 0"),
        ({"classes": -1}, "classes -1"),
        ({"widths": (), "blocks": ()}, "at least one width"),
        ({"widths": (8, 0)}, r"widths \(8, 0\)"),
        ({"blocks": (1,)}, r"blocks \(1,\) for widths \(16, 32, 60\)"),
        ({"blocks": (1, -1, 0)}, "each 0 or more"),
    ],
)
def test_numbers_that_make_no_network_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        CNN(**settings)


@pytest.mark.parametrize(
    "shape", [(2, 784), (1, 28, 28), (2, 3, 28, 28), (2, 1, 28, 15)]
)
def test_pictures_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match=r"wanted \(N, 1, H, W\) with 16 pixels"):
        CNN()(torch.randn(shape))


def test_every_parameter_gets_a_gradient():
    model = CNN(widths=(4, 8), blocks=(1, 1))
    F.cross_entropy(model(torch.randn(4, 1, 28, 28)), torch.arange(4)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_it_learns_to_read_digits():
    torch.manual_seed(0)
    data = images.load("digits")
    twice = [
        X.repeat_interleave(2, 2).repeat_interleave(2, 3)
        for X in (data.X_train, data.X_test)
    ]
    scale = {"mean": 0.3, "std": 0.35}
    train = Batches(twice[0], data.y_train, 64, shuffle=True, **scale)
    model = CNN(widths=(6, 12, 16), blocks=(0, 0, 1))  # 16 × 16 pixels
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for _ in range(6):
        for X, y in train:
            optimizer.zero_grad()
            F.cross_entropy(model(X), y).backward()
            optimizer.step()
    model.eval()
    (X, y), *_ = Batches(twice[1], data.y_test, 360, **scale)
    accuracy = (model(X).argmax(1) == y).float().mean().item()
    assert accuracy > 0.93
