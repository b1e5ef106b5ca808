"""torchbook.models.mlp: its layers, its size, and what it computes."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook.models.mlp import MLP


def kinds(model):
    return [type(layer).__name__ for layer in model]


@pytest.mark.parametrize(
    ("sizes", "count"),
    [
        ((784, 256, 128, 10), 235_146),  # 200,960 + 32,896 + 1,290
        ((784, 256, 10), 203_530),
        ((2, 1), 3),
        ((64, 64, 10), 4_810),
    ],
)
def test_the_number_of_parameters_is_known(sizes, count):
    assert sum(p.numel() for p in MLP(*sizes).parameters()) == count


def test_the_layers_are_those_of_its_description():
    assert kinds(MLP(5, 4)) == ["Flatten", "Linear"]
    assert kinds(MLP(5, 4, 3)) == ["Flatten", "Linear", "ReLU", "Linear"]
    with_dropout = ["Flatten", *["Linear", "ReLU", "Dropout"] * 2, "Linear"]
    assert kinds(MLP(5, 4, 3, 2, dropout=0.5)) == with_dropout


def test_forward_is_its_layers_one_after_another():
    torch.manual_seed(0)
    model, X = MLP(6, 5, 4, 3), torch.randn(7, 6)
    W1, b1, W2, b2, W3, b3 = model.parameters()
    h = F.relu(F.relu(X @ W1.T + b1) @ W2.T + b2)
    torch.testing.assert_close(model(X), h @ W3.T + b3)


def test_the_weights_are_torch_s_own_from_the_same_seed():
    torch.manual_seed(3)
    first, second = nn.Linear(6, 5), nn.Linear(5, 2)
    torch.manual_seed(3)
    model = MLP(6, 5, 2)
    assert torch.equal(model[1].weight, first.weight)
    assert torch.equal(model[3].weight, second.weight)


@pytest.mark.parametrize("shape", [(4, 12), (4, 3, 2, 2), (1, 1, 3, 4), (0, 12)])
def test_inputs_of_any_shape_are_flattened(shape):
    model, X = MLP(12, 3), torch.randn(shape)
    assert model(X).shape == (shape[0], 3)
    torch.testing.assert_close(model(X), model(X.reshape(shape[0], 12)))


@pytest.mark.parametrize("sizes", [(), (5,), (5, 0), (0, 5), (5, -1, 2)])
def test_sizes_that_make_no_network_are_refused(sizes):
    with pytest.raises(ValueError, match=r"MLP\(.*at least two sizes"):
        MLP(*sizes)


def test_dropout_acts_in_training_only():
    torch.manual_seed(0)
    model, X = MLP(20, 200, 5, dropout=0.5), torch.randn(3, 20)
    hidden = model.train()[:-1](X)
    active = F.relu(model[1](X)) > 0
    assert not torch.equal(model(X), model(X))
    assert 0.3 < (hidden == 0)[active].double().mean() < 0.7
    model.eval()
    assert torch.equal(model(X), model(X))
    plain = MLP(20, 200, 5).eval()
    for layer, twin in zip((model[1], model[-1]), (plain[1], plain[-1]), strict=True):
        twin.load_state_dict(layer.state_dict())
    assert torch.equal(model(X), plain(X))


def test_a_slice_is_a_sequential_of_the_same_layers():
    model, X = MLP(6, 5, 4, 3), torch.randn(2, 6)
    body = model[:-1]
    assert type(body) is nn.Sequential
    assert body[1] is model[1]
    assert body(X).shape == (2, 4)
    torch.testing.assert_close(model[-1](body(X)), model(X))


def test_a_copy_and_a_saved_state_give_the_same_logits():
    model, X = MLP(6, 5, 3), torch.randn(2, 6)
    twin = MLP(6, 5, 3)
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin(X), model(X))
    assert torch.equal(copy.deepcopy(model)(X), model(X))
