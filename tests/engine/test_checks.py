"""torchbook.engine.checks: what is wrong with a batch, where, and what to do."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD

from torchbook import train
from torchbook.data.loader import Batches

X = torch.zeros(4, 6)
y = torch.tensor([0, 1, 2, 1])


def line(dtype=torch.float32):
    return nn.Sequential(nn.Linear(6, 3, dtype=dtype), nn.Dropout(0.5))


def fit(model, batches, loss=F.cross_entropy, optimizer=None):
    optimizer = optimizer or SGD(model.parameters(), lr=0.1)
    return train.fit(
        model, batches, loss, optimizer, epochs=1, device="cpu", progress=False
    )


@pytest.mark.parametrize(
    ("batch", "said"),
    [
        (
            (X, y + 1),
            "labels run from 1 to 3, and the model has 3 outputs, for classes 0",
        ),
        ((X, y - 7), "labels run from -7 to -5, and the model has 3 outputs"),
        ((X[:, :5], y), r"\(4, 5\) float32.*does not take such inputs.*shapes"),
        (
            (X.double(), y),
            r"inputs are float64 and the weights float32.*X\.to\(torch\.float32",
        ),
        ((X.to(torch.uint8), y), "inputs are uint8 and the weights float32; turn"),
        ((X, y.int()), r"the labels are int32; turn them into int64, as by y\.long"),
        ((X, y[:, None]), r"y \(4, 1\) int64: .*a column too many.*y\.squeeze\(1\)"),
        (
            (X, y[:3].repeat(2)),
            r"model gives \(4, 3\) float32, and the labels have another",
        ),
        ((X, torch.zeros(4)), r"\(4, 3\) float32, which does not go with these labels"),
    ],
)
def test_a_batch_that_does_not_fit(batch, said):
    model = line()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match=rf"step 2 \(epoch 1\): X .*{said}") as caught:
        fit(model, [(X, y), batch], optimizer=SGD(model.parameters(), lr=0.0))
    assert isinstance(caught.value.__cause__, RuntimeError | IndexError | ValueError)
    assert str(caught.value.__cause__).splitlines()[0] in str(caught.value)
    assert all(module.training for module in model.modules())
    assert all(torch.equal(before[n], t) for n, t in model.state_dict().items())


def test_whole_numbers_are_what_an_embedding_wants():
    """So the inputs are not blamed for the labels, nor told to be floats."""
    words = torch.tensor([[0, 1], [2, 3]])
    model = nn.Sequential(nn.Embedding(4, 5), nn.Flatten(), nn.Linear(10, 2))
    fit(model, [(words, torch.tensor([0, 1]))])
    with pytest.raises(ValueError, match="labels run from 0 to 9, and the model has 2"):
        fit(model, [(words, torch.tensor([0, 9]))])
    with pytest.raises(ValueError, match=r"such inputs \(IndexError: index out"):
        fit(model, [(words + 4, torch.tensor([0, 1]))])
    with pytest.raises(ValueError, match="does not take such inputs"):
        fit(model, [(words.float(), torch.tensor([0, 1]))])


def test_running_statistics_are_not_touched_by_the_explanation():
    model = nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 3))
    with pytest.raises(ValueError, match="labels run"):
        fit(model, [(X + 1, y + 5)])
    assert model[0].num_batches_tracked == 1  # the forward pass of the step itself
    assert model.training


def test_a_loss_that_is_not_one_number_is_refused():
    def loss(logits, y):
        return F.cross_entropy(logits, y, reduction="none")

    with pytest.raises(
        ValueError,
        match=r"step 1 \(epoch 1\): the loss has shape \(4,\); .*loss\.mean\(\)",
    ):
        fit(line(), [(X, y)], loss)


def test_a_mistake_in_the_loss_itself_is_passed_on():
    def loss(logits, y):
        raise ValueError("mine")

    with pytest.raises(
        ValueError, match=r"the model or the loss|another.*ValueError: mine"
    ):
        fit(line(), [(X, y)], loss)

    def broken(logits, y):
        return logits.no_such_name

    with pytest.raises(AttributeError, match="no_such_name"):
        fit(line(), [(X, y)], broken)


def test_inputs_that_are_no_tensor_are_described():
    from torchbook.engine.checks import explain

    said = explain(line(), [1.0], "cat", TypeError("no"))
    assert said.startswith("X list, y str: ")
    assert said.endswith("(TypeError: no)")


def test_an_optimizer_of_another_model_is_refused():
    other = SGD(line().parameters(), lr=0.1)
    with pytest.raises(
        ValueError, match=r"no parameter of this model.*model\.parameters\(\)"
    ):
        fit(line(), [(X, y)], optimizer=other)


def test_an_optimizer_of_the_frozen_part_alone_is_refused():
    model = nn.Sequential(nn.Linear(6, 6), nn.Linear(6, 3))
    model[0].requires_grad_(False)
    with pytest.raises(ValueError, match="no parameter of this model"):
        fit(model, [(X, y)], optimizer=SGD(model[0].parameters(), lr=0.1))
    fit(model, [(X, y)], optimizer=SGD(model[1].parameters(), lr=0.1))


def test_a_model_with_nothing_to_train_is_refused():
    model, some = line().requires_grad_(False), SGD(line().parameters(), lr=0.1)
    with pytest.raises(ValueError, match="no parameter that requires a gradient"):
        fit(model, [(X, y)], optimizer=some)
    with pytest.raises(ValueError, match="no parameter that requires a gradient"):
        fit(nn.ReLU(), [(X, y)], optimizer=some)


def test_an_empty_set_is_refused_by_the_loader_and_by_the_loop():
    with pytest.raises(ValueError, match="0 inputs and 0 labels"):
        Batches(X[:0], y[:0])
    with pytest.raises(ValueError, match="training set is empty"):
        fit(line(), [])
