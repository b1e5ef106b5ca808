"""torchbook.metrics: against scikit-learn."""

import pytest
import torch
from sklearn import metrics as sk

from torchbook import metrics


def labels(seed, n=200, classes=7):
    g = torch.Generator().manual_seed(seed)
    return torch.randint(classes, (2, n), generator=g)


def test_mean_weights_batches_by_their_size():
    mean = metrics.Mean()
    values = torch.arange(10.0)
    for batch in values.split(4):  # 4, 4 and 2
        mean.add(batch.mean(), len(batch))
    assert mean.value == 4.5
    assert mean.count == 10


def test_mean_is_that_of_all_samples_whatever_the_batches():
    values = torch.rand(1000, generator=torch.Generator().manual_seed(0))
    for size in (1, 7, 999, 1000):
        mean = metrics.Mean()
        for batch in values.double().split(size):
            mean.add(batch.mean(), len(batch))
        assert mean.value == pytest.approx(values.double().mean().item(), rel=1e-12)


def test_mean_of_many_float32_values_does_not_drift():
    mean = metrics.Mean()
    for _ in range(20_000):
        mean.add(torch.tensor(0.1), 1000)
    assert mean.value == pytest.approx(float(torch.tensor(0.1)), rel=1e-12)


def test_mean_keeps_no_graph():
    mean = metrics.Mean()
    mean.add(torch.ones((), requires_grad=True) * 2, 3)
    assert not mean.total.requires_grad
    assert mean.value == 2


def test_mean_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="loader empty"):
        _ = metrics.Mean().value


def test_float64_is_not_asked_of_a_device_without_it():
    assert metrics._widest(torch.device("mps")) == torch.float32
    assert metrics._widest(torch.device("cpu")) == torch.float64


@pytest.mark.parametrize("seed", range(5))
def test_accuracy_is_that_of_scikit_learn(seed):
    g = torch.Generator().manual_seed(seed)
    logits = torch.randn(101, 5, generator=g)
    y = torch.randint(5, (101,), generator=g)
    want = sk.accuracy_score(y.numpy(), logits.numpy().argmax(1))
    got = metrics.accuracy(logits, y)
    assert got.shape == ()
    assert got.item() == want


@pytest.mark.parametrize(
    ("logits", "y"), [((4, 3), (4, 1)), ((4, 3), (3,)), ((4,), (4,)), ((4, 3, 2), (4,))]
)
def test_accuracy_refuses_other_shapes(logits, y):
    with pytest.raises(ValueError, match="wanted"):
        metrics.accuracy(torch.zeros(logits), torch.zeros(y).long())


@pytest.mark.parametrize("seed", range(5))
def test_confusion_matrix_is_that_of_scikit_learn(seed):
    y, y_hat = labels(seed)
    want = sk.confusion_matrix(y.numpy(), y_hat.numpy(), labels=range(7))
    assert metrics.confusion_matrix(y, y_hat, 7).tolist() == want.tolist()


def test_confusion_matrix_has_rows_for_classes_nobody_met():
    y, y_hat = torch.tensor([0, 0, 2]), torch.tensor([0, 1, 0])
    want = [[1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert metrics.confusion_matrix(y, y_hat, 4).tolist() == want
    assert metrics.confusion_matrix(y[:0], y_hat[:0], 2).tolist() == [[0, 0], [0, 0]]


def test_confusion_matrix_of_bytes_with_many_classes():
    y = torch.tensor([19, 18], dtype=torch.uint8)
    matrix = metrics.confusion_matrix(y, y, 20)
    assert matrix.nonzero().tolist() == [[18, 18], [19, 19]]


@pytest.mark.parametrize(
    ("y", "y_hat", "name"), [([0, 3], [0, 1], "y "), ([0, 1], [-1, 0], "y_hat ")]
)
def test_confusion_matrix_names_what_is_out_of_range(y, y_hat, name):
    with pytest.raises(ValueError, match=f"^{name}holds a class outside 0 … 2"):
        metrics.confusion_matrix(torch.tensor(y), torch.tensor(y_hat), 3)
