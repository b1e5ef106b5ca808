"""torchbook.cli: train, evaluate, predict on the digits, and how bad input is answered."""

import csv
import json
import re
import shlex

import click
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import safe_open

from torchbook import checkpoint, predict, runs, train, weights
from torchbook.cli import main
from torchbook.data import images


def contents(folder):
    return {f.name: (f.read_bytes(), f.stat().st_mtime_ns) for f in folder.iterdir()}


def best_weights(folder):
    return checkpoint.load(folder / "best.pt")["model"]


def equal(one, two):
    assert one.keys() == two.keys()
    return all(torch.equal(one[name], two[name]) for name in one)


# what a run leaves


def test_a_run_leaves_settings_checkpoints_history_and_weights(trained):
    names = {f.name for f in trained.folder.iterdir()}
    checkpoints = {f"step-{step:09d}.pt" for step in (378, 399, 420)}  # 21 an epoch
    others = {"settings.json", "best.pt", "history.csv", "weights.safetensors"}
    assert names == checkpoints | others
    content = json.loads((trained.folder / "settings.json").read_text("utf8"))
    settings, facts = content["settings"], content["facts"]
    asked = {"data": "digits", "model": "mlp", "epochs": 20, "batch_size": 64}
    assert settings.items() >= asked.items()
    assert (facts["data"], facts["shape"]) == ("digits", [1, 8, 8])
    assert facts["classes"] == list("0123456789")


def test_the_history_is_a_table_with_a_row_an_epoch(trained):
    with (trained.folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == [str(n) for n in range(1, 21)]
    assert float(rows[-1]["train_loss"]) < 0.2 < float(rows[0]["train_loss"])
    newest = checkpoint.load(trained.folder / "step-000000420.pt")
    kept = newest["history"]["rows"]
    assert [float(r["valid_accuracy"]) for r in rows] == [
        r["valid_accuracy"] for r in kept
    ]


def test_the_weights_alone_are_those_of_the_best_epoch(trained):
    alone = weights.read(trained.folder / "weights.safetensors")
    assert equal(alone, best_weights(trained.folder))
    with safe_open(trained.folder / "weights.safetensors", "pt") as file:
        facts = json.loads(file.metadata()["facts"])
    content = json.loads((trained.folder / "settings.json").read_text("utf8"))
    assert facts == content["facts"]
    best = checkpoint.load(trained.folder / "best.pt")
    column = [row["valid_accuracy"] for row in best["history"]["rows"]]
    assert column[-1] == max(column) == best["score"]


def test_training_says_what_ran_and_what_to_do_next(trained):
    assert trained.said.startswith("Data: Digits (")
    assert len(re.findall(r"^ +\d+ ", trained.said, re.MULTILINE)) == 20
    quoted = shlex.quote(str(trained.folder))
    assert trained.said.endswith(f"Next: torchbook evaluate {quoted}\n")


# evaluate


def test_evaluate_prints_the_numbers_of_the_best_weights(command, trained, digits):
    said = command.call("evaluate", trained.folder)
    content = json.loads((trained.folder / "settings.json").read_text("utf8"))
    facts = content["facts"]
    model = runs.build(runs.Settings(model="mlp"), runs.facts_of(digits))
    model.load_state_dict(best_weights(trained.folder))
    X = (digits.X_test.float() / 255 - facts["mean"]) / facts["std"]
    with torch.inference_mode():
        logits = model.eval()(X)
    y_hat, y = logits.argmax(1), digits.y_test
    accuracy = (y_hat == y).double().mean().item()
    loss = F.cross_entropy(logits, y).item()
    assert accuracy > 0.9
    assert f"test loss {loss:.4f}, accuracy {accuracy:.4f}\n" in said
    for k in range(10):
        hits = ((y_hat == k) & (y == k)).sum().item()
        precision = hits / (y_hat == k).sum().item()
        recall, count = hits / (y == k).sum().item(), (y == k).sum().item()
        row = [str(k), f"{precision:.4f}", f"{recall:.4f}", str(count)]
        assert row in [line.split() for line in said.splitlines()]


def test_evaluate_takes_the_newest_weights_when_told(command, run):
    best = command.call("evaluate", run)
    state = checkpoint.load(run / "step-000000420.pt")
    state["model"]["7.bias"] += torch.arange(10) * 100.0
    checkpoint.save(run / "step-000000420.pt", state)
    assert command.call("evaluate", run) == best
    newest = command.call("evaluate", run, "--weights", "newest")
    assert "accuracy 0.1" in newest or "accuracy 0.0" in newest  # always a nine
    assert newest.count(" never ") == 9


# predict


def test_predict_puts_the_digit_first_and_its_probabilities_sum_to_one(
    command, trained, digits, picture
):
    right = [n for n in range(30) if digits.y_test[n] == n % 10][:3]
    paths = [picture(n) for n in right]
    said = command.call("predict", trained.folder, *paths, "--top", 10)
    head, *rows = said.splitlines()
    assert head.split() == ["image", "class", "probability"]
    assert len(rows) == 10 * len(paths)
    for i, (n, path) in enumerate(zip(right, paths, strict=True)):
        mine = [row.split() for row in rows[10 * i : 10 * i + 10]]
        assert mine[0][:2] == [str(path), str(digits.y_test[n].item())]
        probs = [float(row[-1]) for row in mine]
        assert probs == sorted(probs, reverse=True)
        assert sum(probs) == pytest.approx(1, abs=0.001)
        assert probs[0] > 0.5
        assert sorted(row[-2] for row in mine) == list("0123456789")


def test_predict_names_three_classes_unless_told(command, trained, picture):
    path = picture(0)
    assert len(command.call("predict", trained.folder, path).splitlines()) == 4
    more = command.call("predict", trained.folder, path, "--top", 99)
    assert len(more.splitlines()) == 11  # there are no more than ten


def test_invert_swaps_dark_and_light(command, trained, digits, picture, tmp_path):
    straight = command.call("predict", trained.folder, picture(0))
    negative = tmp_path / "0.png"  # the same name, so that all that is printed agrees
    Image.fromarray(255 - digits.X_test[0, 0].numpy()).save(negative)
    assert command.call("predict", trained.folder, negative) != straight
    assert command.call("predict", trained.folder, negative, "--invert") == straight


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "1"])
def test_other_kinds_of_pictures_are_turned_into_gray(
    command, trained, picture, digits, mode
):
    n = next(n for n in range(30) if digits.y_test[n] == 0)
    said = command.call("predict", trained.folder, picture(n, mode=mode))
    assert said.splitlines()[1].split()[1] == "0"
    if mode in ("RGB", "RGBA", "LA"):  # which lose nothing
        plain = command.call("predict", trained.folder, picture(n))
        assert said == plain


def test_a_plot_is_a_picture(command, trained, picture, tmp_path):
    paths = [picture(0), picture(1, "a $ b $.png")]
    for name in ("figures/p.png", "p.svg", "p.PDF"):
        plot = tmp_path / name
        said = command.call("predict", trained.folder, *paths, "--plot", plot)
        assert said.endswith(f"Drawn into {plot}.\n")
    with Image.open(tmp_path / "figures/p.png") as drawn:
        assert drawn.format == "PNG"
        assert drawn.height > 400  # two rows
        assert len(drawn.convert("L").getcolors()) > 10
    assert "<svg" in (tmp_path / "p.svg").read_text("utf8")[:500]
    assert (tmp_path / "p.PDF").read_bytes().startswith(b"%PDF")


# going on


def test_resume_ends_with_the_weights_of_an_uninterrupted_run(
    command, tmp_path, monkeypatch
):
    options = ["--augment", "crop", "--augment", "rotation", "--save-every", "5"]
    command.train(tmp_path / "whole", *options, epochs=3)

    def stop_at(step):
        def update(run):
            whole_step(run)
            if run.step == step:
                raise RuntimeError("as a power cut would")

        return update

    from torchbook.engine.run import Run

    whole_step, cut = Run.update, tmp_path / "cut"
    for step, arguments in ((32, ["--epochs", 3, *options]), (47, ["--resume"])):
        monkeypatch.setattr(Run, "update", stop_at(step))
        with pytest.raises(RuntimeError, match="power cut"):
            command.invoke("train", *command.small, "--out", cut, *arguments)
    monkeypatch.setattr(Run, "update", whole_step)
    command.call("train", "--out", cut, "--resume", "--quiet")
    one, two = (
        checkpoint.load(tmp_path / d / "step-000000063.pt") for d in ("whole", "cut")
    )
    assert equal(one["model"], two["model"])
    assert torch.equal(one["history"]["losses"], two["history"]["losses"])
    assert equal(
        *(weights.read(tmp_path / d / "weights.safetensors") for d in ("whole", "cut"))
    )


def test_resuming_a_run_that_is_over_changes_nothing(command, run):
    before = {name: data for name, (data, _) in contents(run).items()}
    said = command.call("train", "--out", run, "--resume")
    assert {name: data for name, (data, _) in contents(run).items()} == before
    assert len(re.findall(r"^ +\d+ ", said, re.MULTILINE)) == 20


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--epochs", 21], "begun with --epochs 20, not with --epochs 21"),
        (["--model", "cnn"], "begun with --model mlp, not with --model cnn"),
        (["--compile"], "begun without --compile, not with --compile"),
        (["--augment", "crop"], "begun without --augment, not with --augment crop"),
        (["--stand-in", "glyphs"], "begun without --stand-in, not with --stand-in glyphs"),
    ],
)  # fmt: skip
def test_resume_refuses_other_settings(command, run, given, words):
    before = contents(run)
    sentence = command.refused("train", "--out", run, "--resume", *given)
    assert words in sentence
    assert contents(run) == before
    command.call("train", "--out", run, "--resume", "--epochs", 20)  # as it was begun


def test_a_second_run_in_a_folder_is_refused(command, run):
    before = contents(run)
    sentence = command.refused("train", *command.small, "--out", run)
    assert sentence.startswith(f"{run} holds a run already: add --resume")
    assert contents(run) == before


def test_checkpoints_without_settings_are_not_mixed_with_a_new_run(command, run):
    (run / "settings.json").unlink()
    before = contents(run)
    sentence = command.refused("train", *command.small, "--out", run)
    assert "step-000000420.pt, but no settings.json" in sentence
    assert contents(run) == before


def test_resume_where_there_is_no_run(command, tmp_path):
    sentence = command.refused("train", "--out", tmp_path / "none", "--resume")
    assert "holds no run" in sentence
    assert not (tmp_path / "none").exists()


def test_a_damaged_checkpoint_is_skipped_and_named(command, run):
    (run / "step-000000420.pt").write_bytes(b"half")
    said = command.call("train", "--out", run, "--resume")
    assert re.search(
        r"^Warning: skipped: .*step-000000420\.pt is cut short", said, re.M
    )
    assert "RuntimeWarning" not in said


def test_a_run_that_cannot_begin_leaves_no_folder(command, tmp_path):
    out = tmp_path / "deep" / "run"
    words = ["train", "--data", "digits", "--model", "cnn", "--quiet", "--out", out]
    assert "16 pixels or more" in command.refused(*words)
    assert not out.exists()
    words[4] = "mlp"
    command.call(*words, "--epochs", 1)  # and the name is free


# Ctrl-C is in test_interrupt.py


# bad input


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--data", "digit"], "no set of images is called 'digit'. Did you mean 'digits'?"),
        (["--stand-in", "glyph", "--data", "mnist"], "Did you mean 'glyphs'"),
        (["--model", "mpl"], "'mpl' is not one of 'mlp', 'cnn', 'resnet'"),
        (["--device", "gpu"], "no device is called 'gpu'; at hand: "),
        (["--precision", "half"], "'half' is not one of"),
        (["--epochs", "0"], "0 is not in the range x>=1"),
        (["--lr", "0"], "0.0 is not in the range x>0"),
        (["--augment", "mirror"], "'mirror' is not one of"),
        (["--device", "cpu", "--precision", "float16"], "'float16' needs a GPU"),
        (["--data", "mnist"], "MNIST can not be read from"),
    ],
)  # fmt: skip
def test_bad_settings_get_a_sentence_and_no_folder(command, tmp_path, words, sentence):
    out = tmp_path / "run"
    said = command.refused("train", *command.small, *words, "--out", out)
    assert sentence in said
    assert not out.exists()


def test_a_set_that_cannot_be_had_says_how_to_get_it(command, tmp_path):
    said = command.refused("train", "--data", "fashion_mnist", "--out", tmp_path / "r")
    assert "It was not fetched because TORCHBOOK_OFFLINE is set" in said
    assert "To get it: " in said


def test_a_stand_in_is_named_and_is_what_the_run_is_measured_on(
    command, tmp_path, monkeypatch, digits
):
    out = tmp_path / "run"
    words = ["--data", "mnist", "--stand-in", "digits", "--model", "mlp", "--quiet"]
    said = command.call("train", *words, "--epochs", "2", "--out", out)
    assert "Digits" in said.splitlines()[0]
    assert "in place of MNIST, which is not in the data folder" in said
    # also when the set that was wanted is there now
    found = images.load
    monkeypatch.setattr(
        images, "load", lambda name, **kw: found({"mnist": "glyphs"}.get(name, name))
    )
    assert "Data: Digits" in command.call("evaluate", out)
    assert "Data: Digits" in command.call("train", "--out", out, "--resume")


def test_another_set_than_the_one_trained_on_is_refused(
    command, run, monkeypatch, digits
):
    other = images.ImageSet(
        "digits", "Letters", "", *[digits.X_test, digits.y_test] * 2, digits.classes, ""
    )
    monkeypatch.setattr(images, "load", lambda name, **_: other)
    for words in (["evaluate", run], ["train", "--out", run, "--resume"]):
        said = command.refused(*words)
        assert "trained on Digits, and Letters is another set" in said


def test_a_loss_that_is_not_finite_names_the_step(command, tmp_path):
    words = ["--data", "digits", "--model", "mlp", "--quiet", "--lr", "1e30"]
    said = command.refused("train", *words, "--out", tmp_path / "run")
    assert re.search(r"the loss of step \d+ \(epoch 1\) is (nan|inf)", said)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_cannot_be_written(command, tmp_path):
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "run"
    assert "cannot be read or written" in command.refused(
        "train", *command.small, "--out", out
    )
    assert "is a file" in command.refused(
        "train", *command.small, "--out", tmp_path / "file"
    )


def test_pictures_that_are_none(command, trained, picture, tmp_path):
    whole = picture(0)
    broken, text, empty = (
        tmp_path / n for n in ("broken.png", "text.png", "empty.png")
    )
    big = Image.effect_noise((64, 64), 50)
    big.save(broken)
    broken.write_bytes(broken.read_bytes()[:1500])
    text.write_text("no picture")
    empty.write_bytes(b"")
    deep = tmp_path / "deep.png"
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(deep)
    for path, why in [
        (tmp_path / "none.png", "it is not there"),
        (broken, "truncated"),
        (text, "its content is no picture"),
        (empty, "it is empty"),
        (tmp_path, "it is no file"),
        (deep, "gray of more than 8 bits"),
    ]:
        said = command.refused("predict", trained.folder, whole, path)
        assert said.startswith(f"{path} cannot be read as a picture: ")
        assert why in said


def test_a_plot_of_an_unknown_kind_is_refused_before_anything_is_done(
    command, trained, picture, tmp_path
):
    for name in ("plot.xyz", "plot"):
        result = command.invoke(
            "predict", trained.folder, picture(0), "--plot", tmp_path / name
        )
        assert result.exit_code == 2
        assert f"{name} must end in .png, .svg or .pdf" in result.output
        assert "probability" not in result.output
    (tmp_path / "file").write_text("")
    plot = tmp_path / "file" / "plot.png"
    said = command.refused("predict", trained.folder, picture(0), "--plot", plot)
    assert "cannot be read or written" in said


@pytest.mark.parametrize("words", [["evaluate", "RUN"], ["predict", "RUN", "a.png"]])
def test_folders_without_a_run(command, tmp_path, words):
    def refused(folder):
        return command.refused(*[folder if w == "RUN" else w for w in words])

    assert "does not exist" in refused(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert "holds no run: there is no settings.json in it" in refused(
        tmp_path / "empty"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting"),
        ("[]", "cannot be used"),
        ("{}", "'settings'"),
        ('{"settings": [], "facts": {}}', "[] is no settings"),
        ('{"settings": {"magic": 1}, "facts": {}}', "unknown entries: magic"),
        ('{"settings": {}, "facts": {}}', "missing"),
        ("\0\xff", "cannot be used"),
    ],
)
def test_damaged_settings(command, run, text, why):
    (run / "settings.json").write_bytes(text.encode("latin1"))
    said = command.refused("evaluate", run)
    assert said.startswith(f"{run / 'settings.json'} cannot be used: ")
    assert why in said


def test_a_damaged_best_checkpoint_says_which_other_to_use(command, run, picture):
    (run / "best.pt").write_bytes(b"half")
    for words in (["evaluate", run], ["predict", run, picture(0)]):
        said = command.refused(*words)
        assert "best.pt is cut short" in said
        assert "Use --weights newest" in said
        command.call(*words, "--weights", "newest")


def test_a_run_without_any_checkpoint(command, run):
    for file in run.glob("*.pt"):
        file.unlink()
    assert "holds no checkpoint that can be read" in command.refused("evaluate", run)


def test_weights_of_another_model(command, run):
    text = (run / "settings.json").read_text("utf8")
    (run / "settings.json").write_text(text.replace('"mlp"', '"resnet"'), "utf8")
    said = command.refused("evaluate", run)
    assert said.startswith("the weights do not fit resnet: ")


def test_what_is_no_matter_of_the_reader_is_not_hidden(command, run, monkeypatch):
    def bug(*_):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(predict, "report", bug)
    with pytest.raises(ZeroDivisionError):
        command.invoke("evaluate", run)


def test_a_full_gpu_is_said_in_a_sentence(command, tmp_path, monkeypatch):
    def full(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate …")

    monkeypatch.setattr(train, "fit", full)
    said = command.refused("train", *command.small, "--out", tmp_path / "run")
    assert said.startswith("the memory of the GPU is full: try a smaller --batch-size")


# help


def commands(group=main, path=()):
    yield path, group
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


@pytest.mark.parametrize(("path", "each"), list(commands()), ids=lambda v: str(v)[:20])
def test_every_command_and_option_has_help(command, path, each):
    text = command.call(*path, "--help")
    assert text == command.call(*path, "-h")
    assert each.help
    assert max(map(len, text.splitlines())) <= 80
    for option in each.params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert option.opts[0] in text


def test_without_a_command_the_help_is_shown(command):
    result = command.invoke()
    for name in ("train", "evaluate", "predict", "sets"):
        assert re.search(rf"^  {name} ", result.output, re.MULTILINE)
    assert "torchbook predict runs/first shoe.png" in result.output


def test_the_version_and_the_sets(command):
    assert re.search(r"\d+\.\d+", command.call("--version"))
    lines = command.call("sets").splitlines()
    assert [line.split()[0] for line in lines] == list(images.NAMES)
