"""torchbook.checkup: sound set-ups pass every check, each fault is found and nothing is touched."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from torchbook import checkup, seed
from torchbook.data import images
from torchbook.models.mlp import MLP

DIGITS = images.load("digits")
X, y = DIGITS.X_train[:64].float() / 128 - 1, DIGITS.y_train[:64]
adam = torch.optim.Adam


def mlp():
    return MLP(64, 64, 32, 10)


def convolutional():
    """Batch normalisation and dropout: both behave differently while training."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Flatten(),
        nn.Linear(16 * 36, 10),
    )


def frozen():
    model = mlp()
    model[1].requires_grad_(False)
    return model


class Listed(nn.Module):
    """Hidden layers in a list of this kind; torch knows them only in its own."""

    def __init__(self, kind):
        super().__init__()
        self.hidden = kind([nn.Linear(64, 64), nn.Linear(64, 32)])
        self.head = nn.Linear(32, 10)

    def forward(self, X):
        X = X.flatten(1)
        for layer in self.hidden:
            X = layer(X).relu()
        return self.head(X)


class Changed(nn.Module):
    """An MLP with something done to its pictures first, or to its logits last."""

    def __init__(self, first=lambda X: X, last=lambda z: z):
        super().__init__()
        self.body, self.first, self.last = mlp(), first, last

    def forward(self, X):
        return self.last(self.body(self.first(X)))


class Branched(nn.Module):
    """An MLP with a second branch that adds nothing: not used, or bent to zero."""

    def __init__(self, branch, used=False, bend=lambda z: (z - 1e3).relu()):
        super().__init__()
        self.body, self.branch, self.used, self.bend = mlp(), branch, used, bend

    def forward(self, X):
        logits = self.body(X)
        return logits + self.bend(self.branch(X.flatten(1))) if self.used else logits


def root_of_zero(z):
    """Zero, with a slope that is none: the root of a square that is nothing."""
    return (z - z).pow(2).sqrt()


def swapped_head():
    model = mlp()
    optimizer = adam(model.parameters())
    model[-1] = nn.Linear(32, 10)
    return model, F.cross_entropy, optimizer


def look(model, loss_fn=F.cross_entropy, optimizer=None, X=X, y=y, **options):
    optimizer = optimizer or adam(model.parameters(), lr=3e-3)
    return checkup.first_look(model, X, y, loss_fn, optimizer, **options)


def found(report):
    return [check.name for check in report.checks if check.doubt]


SOUND = {
    "mlp": lambda: look(mlp()),
    "module list": lambda: look(Listed(nn.ModuleList)),
    "convolutional": lambda: look(convolutional()),
    "frozen layer": lambda: look(
        (m := frozen()), optimizer=adam(m[2:].parameters(), lr=3e-3)
    ),
    "frozen, and in the optimizer": lambda: look(frozen()),
    "sgd": lambda: look(
        (m := mlp()),
        optimizer=torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9),
    ),
    "weighted classes": lambda: look(
        mlp(), nn.CrossEntropyLoss(weight=torch.linspace(0.5, 1.5, 10))
    ),
    "log-softmax, then nll": lambda: look(
        mlp(), lambda z, y: F.nll_loss(z.log_softmax(1), y)
    ),
    "two classes": lambda: look(MLP(64, 32, 2), y=y % 2),
    "a batch of two": lambda: look(mlp(), X=X[:2], y=y[:2]),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_set_up_passes_every_check(name):
    for s in range(3):
        seed.everything(s)
        report = SOUND[name]()
        assert report, repr(report)
        assert len(report.checks) == len(checkup.LOOKS)


def with_nan():
    spoilt = X.clone()
    spoilt[3] = float("nan")
    return spoilt


FAULTS = {  # what is wrong → the check that finds it, and words of its doubt
    "bytes": (lambda: look(mlp(), X=DIGITS.X_train[:64]), "inputs", "X.float()"),
    "not scaled": (lambda: look(mlp(), X=(X + 1) * 128), "inputs", "scale them"),
    "nan among the inputs": (lambda: look(mlp(), X=with_nan()), "inputs", "0/0"),
    "float64": (lambda: look(mlp(), X=X.double()), "logits", "Double and Float"),
    "too few inputs": (lambda: look(MLP(32, 10)), "logits", "cannot be multiplied"),
    "one score": (lambda: look(MLP(64, 32, 1)), "logits", "a score for each class"),
    "dead": (lambda: look(Changed(first=lambda X: X * 0)), "logits", "dead"),
    "softmax too many": (
        lambda: look(Changed(last=lambda z: z.softmax(1))),
        "logits",
        "softmax after the last layer",
    ),
    "relu too many": (lambda: look(Changed(last=torch.relu)), "logits", "is a ReLU"),
    "log of a negative": (lambda: look(Changed(last=torch.log)), "logits", "NaN"),
    "float labels": (lambda: look(mlp(), y=y.float()), "labels", "torch.int64"),
    "a column of labels": (lambda: look(mlp(), y=y[:, None]), "labels", "(64,)"),
    "labels from 1": (lambda: look(mlp(), y=y + 1), "labels", "from 0 to 9"),
    "sorted": (
        lambda: look(mlp(), X=X[y == 3], y=y[y == 3]),
        "labels",
        "is the set sorted",
    ),
    "raw scores into nll_loss": (
        lambda: look(mlp(), F.nll_loss),
        "starting loss",
        "raw scores into nll_loss",
    ),
    "a sum": (
        lambda: look(mlp(), lambda z, y: F.cross_entropy(z, y, reduction="sum")),
        "starting loss",
        "a sum",
    ),
    "softmax along the batch": (
        lambda: look(
            mlp(), lambda z, y: F.nll_loss(z.log_softmax(0), y), X=X[:10], y=y[:10]
        ),
        "neighbours",
        "dim=0",
    ),
    "a view in place of a transpose": (
        lambda: look(Changed(first=lambda X: X.permute(1, 2, 3, 0).reshape(-1, 64))),
        "neighbours",
        "a reshape",
    ),
    "a plain list": (
        lambda: look(Listed(list)),
        "gradients",
        "Not in model.parameters(): one of shape",
    ),
    "detached": (
        lambda: look(Changed(last=torch.detach)),
        "gradients",
        "depends on no weight",
    ),
    "an unused layer": (
        lambda: look(Branched(nn.Linear(3, 3))),
        "gradients",
        "No gradient: branch.weight",
    ),
    "a dead branch": (
        lambda: look(Branched(nn.Linear(64, 10), used=True)),
        "gradients",
        "Zero: branch",
    ),
    "an endless slope": (
        lambda: look(Branched(nn.Linear(64, 10), used=True, bend=root_of_zero)),
        "gradients",
        "NaN or infinite: branch",
    ),
    "another model's optimizer": (
        lambda: look(mlp(), optimizer=adam(mlp().parameters())),
        "optimizer",
        "build it anew",
    ),
    "head swapped after the optimizer": (
        lambda: look(*swapped_head()),
        "optimizer",
        "not this model's",
    ),
    "the head alone": (
        lambda: look((m := mlp()), optimizer=adam(m[-1].parameters())),
        "optimizer",
        "Not moved: 1.weight",
    ),
    "no learning rate": (
        lambda: look((m := mlp()), optimizer=adam(m.parameters(), lr=0.0)),
        "optimizer",
        "Not moved",
    ),
    "too small a learning rate": (
        lambda: look((m := mlp()), optimizer=adam(m.parameters(), lr=1e-6)),
        "memorise",
        "the learning rate",
    ),
    "too large a learning rate": (
        lambda: look(
            (m := mlp()), optimizer=torch.optim.SGD(m.parameters(), lr=1000.0)
        ),
        "memorise",
        "the learning rate",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_first_by_the_check_for_it(name):
    seed.everything(0)
    report_of, check, words = FAULTS[name]
    report = report_of()
    assert not report
    assert found(report)[0] == check, repr(report)
    doubt = next(c.doubt for c in report.checks if c.name == check)
    assert words in doubt


def test_nothing_of_the_readers_is_touched():
    seed.everything(0)
    model, inputs = convolutional(), X.clone()
    optimizer = adam(model.parameters(), lr=3e-3)
    F.cross_entropy(model(inputs), y).backward()
    optimizer.step()
    model.eval()
    gradients = [p.grad.clone() for p in model.parameters()]
    before = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    chance = torch.rand(1, generator=torch.default_generator.clone_state())
    assert look(model, optimizer=optimizer, X=inputs)
    after = model.state_dict(), optimizer.state_dict()
    torch.testing.assert_close(after, before, rtol=0, atol=0)
    for p, gradient in zip(model.parameters(), gradients, strict=True):
        assert torch.equal(p.grad, gradient)
    assert not model.training
    assert torch.equal(inputs, X)
    assert torch.equal(torch.rand(1), chance)


def test_a_model_that_changes_its_input_gets_a_copy():
    inputs = X.clone()
    look(Changed(first=lambda X: X.mul_(0.5)), X=inputs)
    assert torch.equal(inputs, X)


def test_an_error_ends_the_list_and_is_its_last_doubt():
    def broken(logits, y):
        raise RuntimeError("no such loss")

    report = look(mlp(), broken)
    assert [check.name for check in report.checks] == [
        "inputs",
        "logits",
        "labels",
        "starting loss",
    ]
    assert "no such loss" in report.checks[-1].doubt


def test_several_faults_are_all_named():
    """The page's own network: a plain list, and a softmax along the batch."""
    report = look(Listed(list), lambda z, y: F.nll_loss(z.log_softmax(0), y))
    assert found(report) == [
        "starting loss",
        "neighbours",
        "gradients",
        "optimizer",
        "memorise",
    ]


def test_the_report_is_a_line_a_check_and_doubts_below():
    seed.everything(0)
    lines = repr(look(mlp())).splitlines()
    assert len(lines) == len(checkup.LOOKS)
    assert all(line.startswith("ok  ") for line in lines)
    assert lines[0].endswith(" inputs         torch.float32 (64, 1, 8, 8), -1 to 0.992")
    lines = repr(look(mlp(), F.nll_loss)).splitlines()
    assert lines[3].startswith("suspicious  starting loss")
    assert lines[4].strip().startswith("Too low")
    assert max(map(len, lines)) <= 88


@pytest.mark.parametrize("rows", [0, 3])
def test_a_batch_that_does_not_match_is_refused(rows):
    with pytest.raises(ValueError, match=f"{rows} inputs, 0 labels"):
        look(mlp(), X=X[:rows], y=y[:0])


def test_fewer_steps_are_taken_when_asked():
    report = look(mlp(), steps=2)
    assert report.checks[-1].seen.endswith("after 2")
    assert found(report) == ["memorise"]


def test_leaves_are_what_backward_gives_a_gradient():
    model, loose = Listed(list), torch.zeros(3, requires_grad=True)
    own = [t for layer in [*model.hidden, model.head] for t in layer.parameters()]
    loss = model(X).sum() + (loose * torch.ones(3)).sum()
    assert set(checkup.leaves(loss)) == {*own, loose}
    loss.backward()
    assert all(tensor.grad is not None for tensor in [*own, loose])
    assert checkup.leaves(torch.zeros(())) == []
