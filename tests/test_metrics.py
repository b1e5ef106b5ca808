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
@pytest.mark.parametrize("k", [1, 2, 4, 5])
def test_topk_accuracy_is_that_of_scikit_learn(seed, k):
    g = torch.Generator().manual_seed(seed)
    logits = torch.randn(101, 5, generator=g)
    y = torch.randint(4, (101,), generator=g)  # nobody is of the last class
    args = y.numpy(), logits.numpy()
    want = sk.top_k_accuracy_score(*args, k=k, labels=range(5)) if k < 5 else 1.0
    got = metrics.topk_accuracy(logits, y, k)
    assert got.shape == ()
    assert got.item() == want


def test_topk_accuracy_of_one_is_accuracy_and_of_all_is_1():
    logits, y = torch.randn(1000, 7, dtype=torch.float64), torch.arange(1000) % 7
    shares = [metrics.topk_accuracy(logits, y, k).item() for k in range(1, 8)]
    assert shares[0] == metrics.accuracy(logits, y).item()
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_topk_accuracy_weighted_by_size_is_that_of_all_samples():
    logits, y = torch.randn(1000, 5), torch.arange(1000) % 5
    mean = metrics.Mean()
    for some, labels_of_some in zip(logits.split(300), y.split(300), strict=True):
        mean.add(metrics.topk_accuracy(some, labels_of_some, 2), len(some))
    want = metrics.topk_accuracy(logits, y, 2).item()
    assert mean.value == pytest.approx(want, rel=1e-12)


def test_topk_accuracy_with_as_many_rows_as_classes():
    # without care for shapes, y (2,) would be compared with columns
    logits = torch.tensor([[3.0, 1.0], [5.0, 4.0]])
    assert metrics.topk_accuracy(logits, torch.tensor([0, 1]), 1) == 0.5


@pytest.mark.parametrize("k", [0, 4, -1])
def test_topk_accuracy_refuses_a_k_that_there_is_not(k):
    with pytest.raises(ValueError, match=f"k {k}: wanted 1 … 3"):
        metrics.topk_accuracy(torch.zeros(4, 3), torch.zeros(4).long(), k)


@pytest.mark.parametrize(
    ("logits", "y"), [((4, 3), (4, 1)), ((4, 3), (3,)), ((4,), (4,))]
)
def test_topk_accuracy_refuses_other_shapes(logits, y):
    with pytest.raises(ValueError, match="wanted"):
        metrics.topk_accuracy(torch.zeros(logits), torch.zeros(y).long(), 1)


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


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("absent", [(), (2,), (0, 6)])
def test_precision_and_recall_are_those_of_scikit_learn(seed, absent):
    y, y_hat = labels(seed, n=53)
    for c in absent:  # first of the labels, then of the predictions as well
        y[y == c] = 3
    for c in absent[1:]:
        y_hat[y_hat == c] = 4
    precision, recall = metrics.precision_recall(metrics.confusion_matrix(y, y_hat, 7))
    args = y.numpy(), y_hat.numpy()
    settings = {"labels": range(7), "average": None, "zero_division": float("nan")}
    want = sk.precision_score(*args, **settings), sk.recall_score(*args, **settings)
    assert precision.shape == recall.shape == (7,)
    assert precision.tolist() == pytest.approx(want[0].tolist(), nan_ok=True)
    assert recall.tolist() == pytest.approx(want[1].tolist(), nan_ok=True)
    assert recall.isnan().nonzero()[:, 0].tolist() == list(absent)
    assert precision.isnan().nonzero()[:, 0].tolist() == list(absent[1:])


def test_precision_and_recall_by_hand():
    matrix = torch.tensor([[3, 1, 0], [2, 2, 0], [1, 0, 1]])
    precision, recall = metrics.precision_recall(matrix)
    assert precision.tolist() == pytest.approx([3 / 6, 2 / 3, 1])
    assert recall.tolist() == pytest.approx([3 / 4, 2 / 4, 1 / 2])


def test_a_class_never_predicted_has_no_precision_but_a_recall_of_0():
    precision, recall = metrics.precision_recall(torch.tensor([[9, 0], [1, 0]]))
    assert precision[0] == 0.9 and precision[1].isnan()
    assert recall.tolist() == [1, 0]
    assert precision.mean().isnan() and precision.nanmean() == 0.9


def test_a_class_that_never_occurred_has_no_recall_but_a_precision_of_0():
    precision, recall = metrics.precision_recall(torch.tensor([[9, 1], [0, 0]]))
    assert precision.tolist() == [1, 0]
    assert recall[0] == 0.9 and recall[1].isnan()


def test_mean_recall_weighted_by_class_size_is_accuracy():
    y, y_hat = labels(0)
    matrix = metrics.confusion_matrix(y, y_hat, 7)
    _, recall = metrics.precision_recall(matrix)
    share = matrix.sum(dim=1) / len(y)
    assert (recall * share).sum().item() == pytest.approx((y == y_hat).double().mean())


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (torch.zeros(2, 3), r"\(2, 3\): wanted \(C, C\)"),
        (torch.zeros(4), r"\(4,\): wanted \(C, C\)"),
        (torch.tensor([[1, 0], [-1, 2]]), "an entry below 0"),
    ],
)
def test_precision_recall_refuses_what_is_no_confusion_matrix(matrix, message):
    with pytest.raises(ValueError, match=message):
        metrics.precision_recall(matrix)
