"""torchbook.models.backbone: its size, its shapes, its parts, and what it refuses."""

import pytest
import torch
import torch.nn.functional as F

from torchbook import transfer
from torchbook.data.cifar import CLASSES as ALL
from torchbook.models import backbone
from torchbook.models.backbone import Backbone


def by_formula(classes):
    """3 × 3 convolutions without bias, two numbers a channel for each norm, a linear layer."""
    pairs = [(3, 16), (16, 48), (48, 48), (48, 96), (96, 96), (96, 192), (192, 192)]
    return sum(9 * a * b + 2 * b for a, b in pairs) + (2 * 192 + 1) * classes


@pytest.mark.parametrize("classes", [8, 2, 1])
def test_the_number_of_parameters(classes):
    assert transfer.count(Backbone(classes)).total == by_formula(classes)


def test_the_number_in_the_docstring():
    assert f"{by_formula(8):,} parameters" in " ".join(Backbone.__doc__.split())


def test_it_has_seen_everything_but_cats_and_dogs():
    assert set(ALL) - set(backbone.CLASSES) == {"cat", "dog"}
    assert [name for name in ALL if name in backbone.CLASSES] == [*backbone.CLASSES]


@pytest.mark.parametrize("shape", [(2, 3, 32, 32), (1, 3, 16, 16), (2, 3, 64, 48)])
def test_shapes_on_the_way(shape):
    model, X = Backbone().eval(), torch.randn(shape)
    for name in ("stem", "stage1", "stage2", "stage3"):
        X = model.get_submodule(name)(X)
    assert X.shape == (shape[0], 192, shape[2] // 8, shape[3] // 8)
    assert model.pool(X).shape == (shape[0], 384)
    assert model(torch.randn(shape)).shape == (shape[0], 8)


def test_its_head_and_its_parts_have_the_names_that_transfer_uses():
    model = Backbone()
    assert transfer.head_name(model) == "fc"
    names = [group["name"] for group in transfer.groups(model, 1e-3, 1e-2)]
    assert names == ["stem", "stage1", "stage2", "stage3", "fc"]


def test_it_learns_a_batch_by_heart():
    torch.manual_seed(0)
    model, X, y = Backbone(4), torch.randn(16, 3, 16, 16), torch.arange(16) % 4
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(20):
        loss = F.cross_entropy(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.1


@pytest.mark.parametrize("shape", [(2, 1, 32, 32), (3, 32, 32), (2, 3, 8, 32)])
def test_pictures_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match=r"wanted \(N, 3, H, W\) with 16 pixels"):
        Backbone()(torch.zeros(shape))
