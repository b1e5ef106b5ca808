"""torchbook.models.resnet: its size as published, its shapes, and a block by hand."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook.models.resnet import Block, ResNet


def count(model):
    return sum(p.numel() for p in model.parameters())


def by_formula(n, in_channels, classes, w):
    """Weights of 3×3 convolutions without bias, two numbers a channel for each norm."""
    convolutions = [(in_channels, w), *[(w, w)] * (2 * n)]
    convolutions += [(w, 2 * w), *[(2 * w, 2 * w)] * (2 * n - 1)]
    convolutions += [(2 * w, 4 * w), *[(4 * w, 4 * w)] * (2 * n - 1)]
    assert len(convolutions) + 1 == 6 * n + 2
    return sum(9 * a * b + 2 * b for a, b in convolutions) + 4 * w * classes + classes


@pytest.mark.parametrize(
    ("n", "layers", "published"),
    [
        (3, 20, "0.27"),
        (5, 32, "0.46"),
        (7, 44, "0.66"),
        (9, 56, "0.85"),
        (18, 110, "1.7"),
    ],
)
def test_the_number_of_parameters_is_the_published_one(n, layers, published):
    """He et al. (2016), table 6, in millions."""
    model = ResNet(n)
    assert count(model) == by_formula(n, 3, 10, 16)
    assert f"{count(model) / 1e6:.{len(published) - 2}f}" == published
    weighted = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(weighted) == layers


@pytest.mark.parametrize("sizes", [(3, 3, 10, 16), (1, 1, 10, 8), (2, 4, 3, 5)])
def test_other_sizes_follow_the_formula(sizes):
    assert count(ResNet(*sizes)) == by_formula(*sizes)


def test_the_count_of_resnet_20_is_exact():
    assert count(ResNet()) == 269_722


@pytest.mark.parametrize(
    ("shape", "classes"),
    [
        ((2, 3, 32, 32), 10),
        ((5, 1, 28, 28), 10),
        ((1, 2, 9, 5), 4),
        ((0, 3, 32, 32), 10),
    ],
)
def test_shapes_on_the_way(shape, classes):
    model = ResNet(1, shape[1], classes, width=4).eval()
    x = model.stem(torch.randn(shape))
    assert x.shape == (shape[0], 4, *shape[2:])
    height, width = (-(-side // 4) for side in shape[2:])
    assert model.stages(x).shape == (shape[0], 16, height, width)
    assert model(torch.randn(shape)).shape == (shape[0], classes)


def block_by_hand(block, x):
    """The same with torch's functions, and the shortcut pixel by pixel."""

    def norm(f, layer):
        if layer.training:
            mean, var = f.mean((0, 2, 3)), f.var((0, 2, 3), unbiased=False)
        else:
            mean, var = layer.running_mean, layer.running_var
        each = (1, -1, 1, 1)
        f = (f - mean.view(each)) / (var.view(each) + layer.eps).sqrt()
        return f * layer.weight.view(each) + layer.bias.view(each)

    f = F.conv2d(x, block.conv1.weight, stride=block.stride, padding=1)
    f = norm(f, block.norm1).clamp(min=0)
    f = norm(F.conv2d(f, block.conv2.weight, padding=1), block.norm2)
    shortcut = torch.zeros_like(f)
    for i in range(f.shape[2]):
        for j in range(f.shape[3]):
            pixel = x[:, :, i * block.stride, j * block.stride]
            shortcut[:, : x.shape[1], i, j] = pixel
    return (f + shortcut).clamp(min=0)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("sizes", [(4, 4, 1), (4, 8, 2), (3, 7, 2), (2, 5, 1)])
@pytest.mark.parametrize("sides", [(8, 8), (7, 5)])
def test_a_block_is_what_its_equation_says(sizes, sides, training):
    torch.manual_seed(0)
    block, x = Block(*sizes), torch.randn(3, sizes[0], *sides)
    for norm in (block.norm1, block.norm2):
        nn.init.uniform_(norm.weight, 0.5, 2)
        nn.init.normal_(norm.bias)
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    block.train(training)
    torch.testing.assert_close(block(x), block_by_hand(block, x), rtol=1e-4, atol=1e-5)


def test_with_a_last_weight_of_zero_a_block_passes_on_what_it_was_given():
    torch.manual_seed(0)
    x = torch.randn(3, 4, 6, 6).relu()
    for block in ResNet(2, width=4, zero_init=True).stages[0]:
        assert torch.equal(block(x), x)
    block = ResNet(2, width=4, zero_init=True).stages[1][0]
    assert torch.equal(block(x)[:, :4], x[:, :, ::2, ::2])
    assert block(x)[:, 4:].abs().max() == 0


def test_zero_init_is_a_choice():
    def last_weights(model):
        return torch.cat(
            [m.norm2.weight for m in model.modules() if isinstance(m, Block)]
        )

    assert last_weights(ResNet(2)).eq(1).all()
    assert last_weights(ResNet(2, zero_init=True)).eq(0).all()


def test_convolutions_start_with_the_variance_of_he():
    torch.manual_seed(0)
    for layer in (m for m in ResNet(3).modules() if isinstance(m, nn.Conv2d)):
        fan_in = layer.weight[0].numel()
        assert layer.weight.std().item() == pytest.approx((2 / fan_in) ** 0.5, rel=0.15)


@pytest.mark.parametrize("zero_init", [True, False])
def test_the_gradient_reaches_every_parameter(zero_init):
    torch.manual_seed(0)
    model, X = ResNet(2, 1, 3, width=4, zero_init=zero_init), torch.randn(6, 1, 12, 12)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):  # where the last weights are 0, the first step moves these alone
        optimizer.zero_grad()
        F.cross_entropy(model(X), torch.tensor([0, 1, 2, 0, 1, 2])).backward()
        optimizer.step()
    still = [name for name, p in model.named_parameters() if not p.grad.abs().max() > 0]
    assert still == []


def test_it_learns_a_batch_by_heart():
    torch.manual_seed(0)
    model, X = ResNet(1, 1, 4, width=8), torch.randn(16, 1, 12, 12)
    y = torch.arange(16) % 4
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(30):
        loss = F.cross_entropy(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.05


def test_a_copy_and_a_saved_state_give_the_same_logits():
    model, X = ResNet(1, width=4).eval(), torch.randn(2, 3, 32, 32)
    twin = ResNet(1, width=4).eval()
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin(X), model(X))
    assert torch.equal(copy.deepcopy(model)(X), model(X))


@pytest.mark.parametrize("name", ["n", "in_channels", "classes", "width"])
def test_sizes_that_make_no_network_are_refused(name):
    with pytest.raises(ValueError, match=rf"{name}=0.*wanted numbers of 1 or more"):
        ResNet(**{name: 0})


def test_a_block_cannot_drop_channels():
    with pytest.raises(ValueError, match=r"Block\(8, 4\): wanted 8 channels or more"):
        Block(8, 4)
