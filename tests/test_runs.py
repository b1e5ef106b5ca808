"""torchbook.runs: settings that come back as they were, and what is refused."""

import json

import pytest
import torch

from torchbook import runs
from torchbook.checkpoint import Checkpoints
from torchbook.data.images import ImageSet
from torchbook.runs import Facts, RunError, RunFolder, Settings

FACTS = Facts("letters", "Letters", ("a", "b", "ç"), (1, 8, 8), 0.1 + 0.2, 1 / 3)
OTHER = Settings(
    data="digits",
    model="mlp",
    epochs=2,
    batch_size=7,
    lr=0.1,
    weight_decay=0.0,
    augment=("crop", "flip"),
    seed=5,
    precision="bfloat16",
    compile=True,
    shard=True,
    stand_in="glyphs",
)


def letters(title="Letters", n=40, channels=1):
    g = torch.Generator().manual_seed(0)
    X = torch.randint(256, (n, channels, 8, 8), generator=g).to(torch.uint8)
    y = torch.randint(3, (n,), generator=g)
    return ImageSet("letters", title, "", X, y, X[:9], y[:9], FACTS.classes, title)


@pytest.mark.parametrize("settings", [Settings(), OTHER])
def test_settings_and_facts_come_back_as_they_were(tmp_path, settings):
    folder = RunFolder(tmp_path / "deep" / "run")
    assert not folder.exists()
    folder.begin(settings, FACTS)
    assert folder.exists()
    assert folder.read() == (settings, FACTS)  # floats to the last bit
    assert [f.name for f in folder.path.iterdir()] == ["settings.json"]


def test_no_setting_was_left_out_of_the_test():
    same = [k for k, v in vars(OTHER).items() if v == getattr(Settings(), k)]
    assert same == []


@pytest.mark.parametrize("part", ["settings", "facts"])
def test_unknown_entries_are_refused(tmp_path, part):
    folder = RunFolder(tmp_path)
    folder.begin(Settings(), FACTS)
    file = tmp_path / "settings.json"
    content = json.loads(file.read_text("utf8"))
    content[part] |= {"magic": 1, "wand": 2}
    file.write_text(json.dumps(content))
    with pytest.raises(
        RunError, match=r"settings\.json cannot be used: unknown entries: ma"
    ):
        folder.read()
    del content[part]
    file.write_text(json.dumps(content))
    with pytest.raises(RunError, match=part):
        folder.read()


def test_a_fact_that_lacks_is_named(tmp_path):
    content = {"settings": {}, "facts": {"title": "Letters"}}
    (tmp_path / "settings.json").write_text(json.dumps(content))
    with pytest.raises(RunError, match="'classes'"):
        RunFolder(tmp_path).read()


def test_a_setting_that_an_older_torchbook_did_not_write_has_its_default(tmp_path):
    RunFolder(tmp_path).begin(Settings(seed=3), FACTS)
    file = tmp_path / "settings.json"
    content = json.loads(file.read_text("utf8"))
    del content["settings"]["shard"]
    file.write_text(json.dumps(content))
    assert RunFolder(tmp_path).read()[0] == Settings(seed=3)


def test_facts_are_those_of_the_training_images():
    data = letters()
    facts = runs.facts_of(data)
    pixels = data.X_train.double() / 255
    assert (facts.data, facts.title) == ("letters", "Letters")
    assert (facts.classes, facts.shape) == (FACTS.classes, (1, 8, 8))
    assert facts.mean == pytest.approx(pixels.mean().item(), rel=1e-5)
    assert facts.std == pytest.approx(pixels.std().item(), rel=1e-5)


def test_batches_are_scaled_by_the_facts():
    data = letters()
    facts = runs.facts_of(data)
    X = torch.cat([X for X, _ in runs.batches(data.X_train, data.y_train, facts, 7)])
    assert X.mean().item() == pytest.approx(0, abs=1e-5)
    assert X.std().item() == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize("model", runs.MODELS)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32)])
def test_every_model_takes_the_pictures(model, shape):
    facts = Facts("x", "X", ("a", "b", "c"), shape, 0.0, 1.0)
    built = runs.build(Settings(model=model), facts).eval()
    assert built(torch.zeros(2, *shape)).shape == (2, 3)


def test_an_unknown_model_is_refused():
    with pytest.raises(
        RunError, match="no model is called 'x'; there are mlp, cnn, res"
    ):
        runs.build(Settings(model="x"), FACTS)


@pytest.mark.parametrize(
    "other", [letters("Digits"), letters(channels=3)], ids=["title", "shape"]
)
def test_another_set_is_refused(tmp_path, other):
    folder, settings = RunFolder(tmp_path), Settings(model="mlp")
    runs.check_set(letters(), runs.facts_of(letters()))
    folder.begin(settings, runs.facts_of(letters()))
    with pytest.raises(RunError, match=r"trained on Letters, and .* is another set"):
        runs.fit(folder, settings, other, progress=False)


def test_a_run_in_python(tmp_path):
    folder, settings = (
        RunFolder(tmp_path),
        Settings(model="mlp", epochs=2, batch_size=8),
    )
    data = letters()
    folder.begin(settings, runs.facts_of(data))
    kept = Checkpoints(tmp_path, best="valid_accuracy")
    options = {"checkpoints": kept, "progress": False, "device": "cpu"}
    model, history = runs.fit(folder, settings, data, **options)
    # a tenth is held out: 36 of 40 make 5 batches of 8
    assert len(history) == 2
    assert len(history.losses) == 10
    newest, asked, facts = folder.model("newest")
    assert (asked, facts) == (settings, runs.facts_of(data))
    assert not newest.training
    states = newest.state_dict(), model.state_dict()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_what_is_held_out_does_not_depend_on_the_seed(tmp_path, monkeypatch):
    seen = []

    def fit(model, training, *_, valid, **options):
        seen.append((valid.X.clone(), training.X.clone(), next(iter(training))[1]))

    monkeypatch.setattr(runs.train, "fit", fit)
    data = letters()
    for seed in (0, 1):
        runs.fit(RunFolder(tmp_path), Settings(model="mlp", seed=seed), data)
    (valid, kept, first), (valid_1, kept_1, first_1) = seen
    assert torch.equal(valid, valid_1)
    assert torch.equal(kept, kept_1)
    assert not torch.equal(first, first_1)  # the order does
    assert (len(valid), len(kept)) == (4, 36)
    together = torch.cat([valid, kept]).flatten(1).unique(dim=0)
    assert torch.equal(together, data.X_train.flatten(1).unique(dim=0))
