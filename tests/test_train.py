"""torchbook.train: the same numbers as a loop written out, and the edges of it."""

import copy
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from torchbook import train
from torchbook.callbacks import Callback
from torchbook.checkpoint import CheckpointError
from torchbook.data.loader import Batches


def problem(n=23, dtype=torch.float32):
    g = torch.Generator().manual_seed(0)
    X = torch.randn(n, 4, generator=g, dtype=dtype)
    return X, torch.randint(3, (n,), generator=g)


def network(dtype=torch.float32):
    torch.manual_seed(1)
    layers = (
        nn.Linear(4, 8),
        nn.BatchNorm1d(8),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Linear(8, 3),
    )
    return nn.Sequential(*layers).to(dtype)


def same(one, two):
    pairs = zip(one.state_dict().items(), two.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_fit_is_the_loop_written_out_bit_for_bit(name):
    X, y = problem()
    mine = network()
    yours = copy.deepcopy(mine)
    # the last batch has 3; a loader without a generator of its own would disturb Dropout
    loader = DataLoader(TensorDataset(X, y), batch_size=5, generator=torch.Generator())
    optimizer = getattr(torch.optim, name)(mine.parameters(), lr=0.05, fused=True)
    losses = []
    torch.manual_seed(2)  # for Dropout
    for _ in range(4):
        mine.train()
        total = 0.0
        for inputs, labels in loader:
            loss = F.cross_entropy(mine(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(labels)
        losses.append(total / len(X))

    optimizer = getattr(torch.optim, name)(yours.parameters(), lr=0.05)
    torch.manual_seed(2)
    batches = Batches(X, y, 5)
    history = train.fit(
        yours, batches, F.cross_entropy, optimizer, epochs=4, progress=False
    )
    assert same(mine, yours)
    assert history["train_loss"] == pytest.approx(losses, rel=1e-15)


def test_validation_does_not_disturb_the_training():
    X, y = problem()
    runs = []
    for valid in (None, Batches(X, y, 7)):
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        torch.manual_seed(2)
        batches = Batches(X, y, 5, shuffle=True)
        train.fit(model, batches, F.cross_entropy, optimizer, epochs=3, valid=valid)
        runs.append(model)
    assert same(*runs)


def fit_a_line(epochs=2, **options):
    X, y = problem()
    model = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return train.fit(
        model, Batches(X, y, 5), F.cross_entropy, optimizer, epochs=epochs, **options
    )


def test_history_has_a_row_an_epoch_and_a_column_a_number():
    valid = Batches(*problem(), 5)
    assert set(fit_a_line().rows[0]) == {"epoch", "train_loss", "seconds"}
    history = fit_a_line(epochs=3, valid=valid)
    columns = {"epoch", "train_loss", "valid_loss", "valid_accuracy", "seconds"}
    assert all(set(row) == columns for row in history.rows)
    assert len(history) == 3
    assert history["epoch"] == [1, 2, 3]
    assert all(seconds > 0 for seconds in history["seconds"])
    metrics = {"top": lambda logits, y: logits.amax(dim=1).mean()}
    row = fit_a_line(valid=valid, metrics=metrics).rows[0]
    assert set(row) == columns - {"valid_accuracy"} | {"valid_top"}
    assert all(type(value) in (int, float) for value in row.values())


def test_history_names_its_columns_when_one_is_missing():
    with pytest.raises(
        KeyError, match="no column 'valid_loss'; there are epoch, train_loss"
    ):
        fit_a_line()["valid_loss"]


def test_no_epochs_is_an_empty_history():
    history = fit_a_line(epochs=0)
    assert len(history) == 0
    assert history["train_loss"] == []


def test_validation_columns_are_those_of_evaluate():
    X, y = problem()
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    valid = Batches(X, y, 7)
    history = train.fit(model, valid, F.cross_entropy, optimizer, epochs=2, valid=valid)
    scores = train.evaluate(model, valid, F.cross_entropy)
    assert history["valid_loss"][-1] == scores["loss"]
    assert history["valid_accuracy"][-1] == scores["accuracy"]


@pytest.mark.parametrize("batch_size", [1, 5, 22, 23, 50])
def test_averages_are_those_of_one_full_batch(batch_size):
    X, y = problem(dtype=torch.float64)
    model = network(torch.float64).eval()
    batches = Batches(X, y, batch_size)
    with torch.no_grad():
        logits = model(X)
    want = {
        "loss": F.cross_entropy(logits, y).item(),
        "accuracy": (logits.argmax(1) == y).double().mean().item(),
    }
    got = train.evaluate(model, batches, F.cross_entropy)
    assert got == pytest.approx(want, rel=1e-12)

    line = nn.Linear(4, 3).double()
    full = F.cross_entropy(line(X), y).item()
    still = torch.optim.SGD(
        line.parameters(), lr=0.0
    )  # so that every batch meets the same
    history = train.fit(line, batches, F.cross_entropy, still, epochs=1)
    assert history["train_loss"] == pytest.approx([full], rel=1e-12)


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_leaves_the_model_as_it_was(training):
    X, y = problem()
    model = network().train(training)
    before = copy.deepcopy(model)
    train.evaluate(model, Batches(X, y, 5), F.cross_entropy)
    assert model.training is training
    assert all(module.training is training for module in model.modules())
    assert same(model, before)  # the running statistics of BatchNorm too
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_evaluate_uses_eval_mode_and_records_no_graph():
    X, y = problem()
    model = network().train()
    seen = []

    def loss(logits, y):
        seen.append(
            (model.training, logits.requires_grad, torch.is_inference_mode_enabled())
        )
        return F.cross_entropy(logits, y)

    first = train.evaluate(model, Batches(X, y, 5), loss)
    assert set(seen) == {(False, False, True)}
    assert train.evaluate(model, Batches(X, y, 5), loss) == first  # no chance in it
    assert train.evaluate(model, Batches(X, y, 23), loss) == pytest.approx(first)
    assert not torch.is_inference_mode_enabled()
    model(X).sum().backward()  # still trainable


def test_fit_trains_in_training_mode_even_after_eval():
    modes = []

    class Probe(nn.Linear):
        def forward(self, X):
            modes.append(self.training)
            return super().forward(X)

    X, y = problem()
    model = Probe(4, 3).eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = Batches(X, y, 23)
    train.fit(model, batches, F.cross_entropy, optimizer, epochs=2, valid=batches)
    assert modes == [True, False, True, False]


@pytest.mark.parametrize(("value", "epoch"), [("nan", 1), ("inf", 1), ("nan", 3)])
def test_a_loss_that_is_no_longer_a_number_stops_and_names_the_epoch(value, epoch):
    X, y = problem()
    model, calls = nn.Linear(4, 3), 0

    def loss(logits, y):
        nonlocal calls
        calls += 1
        scale = float(value) if calls > 2 * (epoch - 1) + 1 else 1.0
        return F.cross_entropy(logits, y) * scale

    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    with pytest.raises(
        FloatingPointError, match=rf"epoch {epoch}\) is {value}: .*learning rate"
    ):
        train.fit(model, Batches(X, y, 12), loss, optimizer, epochs=5)
    assert calls == 2 * epoch  # two batches an epoch, and none after it


def test_an_empty_loader_is_an_error():
    model = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="yielded no batch"):
        train.fit(model, [], F.cross_entropy, optimizer, epochs=1)
    with pytest.raises(ValueError, match="loader empty"):
        train.evaluate(model, [], F.cross_entropy)
    used_up = iter(Batches(*problem(), 5))  # an iterator has one pass in it
    with pytest.raises(ValueError, match="yielded no batch"):
        train.fit(model, used_up, F.cross_entropy, optimizer, epochs=2)


def test_a_model_without_parameters_can_be_measured():
    X, y = problem()
    scores = train.evaluate(nn.Identity(), Batches(X, y, 5), F.cross_entropy)
    assert scores["loss"] == pytest.approx(F.cross_entropy(X, y).item())


@pytest.mark.parametrize(
    ("variable", "progress", "quiet"),
    [
        ("1", None, True),
        ("0", None, False),
        ("", None, False),
        (None, None, False),
        (None, False, True),
        ("0", False, True),
        ("1", True, False),
    ],
)
def test_the_bar_shows_unless_it_was_told_not_to(
    monkeypatch, capfd, variable, progress, quiet
):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    if variable is not None:
        monkeypatch.setenv("TQDM_DISABLE", variable)
    fit_a_line(progress=progress)
    out, err = capfd.readouterr()
    assert out == ""
    assert ("steps" in err) is not quiet
    assert (err == "") is quiet


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_batches_go_to_the_device_of_the_model():
    X, y = problem()
    model = network().cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = DataLoader(TensorDataset(X, y), batch_size=5)
    history = train.fit(
        model, loader, F.cross_entropy, optimizer, epochs=3, valid=loader
    )
    assert history["train_loss"][-1] < history["train_loss"][0]
    on_cpu = train.evaluate(copy.deepcopy(model).cpu(), loader, F.cross_entropy)
    assert history["valid_loss"][-1] == pytest.approx(on_cpu["loss"], rel=1e-4)


def test_it_learns_the_digits():
    from torchbook.data import images
    from torchbook.models.mlp import MLP

    digits = images.load("digits")
    torch.manual_seed(0)
    model = MLP(64, 32, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    batches = Batches(digits.X_train, digits.y_train, 64, shuffle=True)
    held_out = Batches(digits.X_test, digits.y_test, 100)
    history = train.fit(
        model,
        batches,
        F.cross_entropy,
        optimizer,
        epochs=8,
        valid=held_out,
        progress=False,
    )
    assert history["train_loss"][-1] < 0.3 * history["train_loss"][0]
    assert 0.9 < history["valid_accuracy"][-1] <= 1


def test_evaluate_gives_each_module_its_own_mode_back():
    """Also when the loss function raises: a frozen part stays frozen."""
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
    model.train()
    model[1].eval()
    batch = [(torch.zeros(4, 2), torch.zeros(4, dtype=torch.long))]

    def broken(y_hat, y):
        raise RuntimeError("stop")

    train.evaluate(model, batch, torch.nn.functional.cross_entropy)
    with pytest.raises(ValueError, match="stop"):
        train.evaluate(model, batch, broken)
    assert [m.training for m in model] == [True, False, True]


def test_options_reach_the_run_and_wrong_ones_are_named():
    assert len(fit_a_line(accumulate=5, clip=1.0, device="cpu").losses) == 2
    with pytest.raises(TypeError, match="no option 'lr'; there are device, precision"):
        fit_a_line(lr=0.1)


def test_labels_outside_the_classes_name_the_step():
    X, y = problem()
    model = nn.Linear(4, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(
        ValueError, match=r"step 1 \(epoch 1\): .*labels run from 0 to 2"
    ):
        train.fit(model, Batches(X, y, 23), F.cross_entropy, optimizer, epochs=1)


def test_evaluate_says_what_is_wrong_with_a_batch():
    X, y = problem()
    with pytest.raises(ValueError, match="labels run from 0 to 2, and the model has 2"):
        train.evaluate(nn.Linear(4, 2), Batches(X, y, 23), F.cross_entropy)


def test_it_goes_on_after_a_stop_bit_for_bit(tmp_path):
    X, y = problem()

    def run(epochs, **options):
        torch.manual_seed(0)
        model = network()
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
        batches = Batches(X, y, 5, shuffle=True)
        history = train.fit(
            model, batches, F.cross_entropy, optimizer, epochs=epochs, **options
        )
        return model, history.losses

    whole = run(4)
    run(2, checkpoints=tmp_path)
    again = run(4, checkpoints=tmp_path, resume="auto")
    assert same(whole[0], again[0])
    assert whole[1] == again[1]


def test_a_run_broken_off_in_an_epoch_has_no_row_for_it(tmp_path):
    class Enough(Callback):
        def after_step(self, run):
            if run.step == 7:
                run.stop = "enough"

    X, y = problem()
    whole = network()
    runs = []
    for callbacks in ([], [Enough()]):
        model = copy.deepcopy(whole)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        batches = Batches(X, y, 5, shuffle=True)
        torch.manual_seed(2)
        options = {"checkpoints": tmp_path / str(len(callbacks)), "progress": False}
        train.fit(
            model,
            batches,
            F.cross_entropy,
            optimizer,
            epochs=2,
            callbacks=callbacks,
            device="cpu",
            **options,
        )
        if callbacks:  # five steps an epoch: it goes on in the middle of the second
            torch.manual_seed(9)
            history = train.fit(
                model,
                batches,
                F.cross_entropy,
                optimizer,
                epochs=2,
                resume="auto",
                device="cpu",
                **options,
            )
            assert history["epoch"] == [1, 2]
        runs.append(model)
    assert same(*runs)


def test_a_plateau_watches_what_it_is_to_raise():
    X, y = problem()
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode="max", patience=0, factor=0.5
    )
    still = {"top": lambda logits, y: torch.tensor(0.5)}  # no better, ever
    fit = partial(
        train.fit,
        model,
        Batches(X, y, 23),
        F.cross_entropy,
        optimizer,
        schedule=plateau,
        device="cpu",
    )
    fit(epochs=3, valid=Batches(X, y, 23), metrics=still)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**2)
    with pytest.raises(ValueError, match="'max' needs valid= and a metric"):
        fit(epochs=1)


def test_a_batch_of_nothing_is_named():
    model = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    nothing = [(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long))]
    with pytest.raises(ValueError, match="step 1: the loader yielded no samples"):
        train.fit(model, nothing, F.cross_entropy, optimizer, epochs=1)


def test_a_folder_that_cannot_be_written_is_named_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("")
    X, y = problem()
    model = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(CheckpointError, match="cannot hold checkpoints"):
        train.fit(
            model,
            Batches(X, y, 5),
            lambda *_: pytest.fail("a step was made"),
            optimizer,
            epochs=1,
            checkpoints=tmp_path / "file" / "run",
        )
