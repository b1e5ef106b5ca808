"""torchbook.tune: draws, pruning, failures, and searches that go on where they ended."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from torchbook import tune
from torchbook.journal import JournalError
from torchbook.study import Result, Study

SPACE = {
    "lr": tune.log(1e-4, 1e-1),
    "momentum": tune.one_minus(0.9, 0.999),
    "hidden": tune.integer(32, 512, log=True),
    "dropout": tune.uniform(0, 0.5),
    "activation": tune.choice("relu", "tanh"),
}
X = {"x": tune.uniform(0, 1)}


def hill(trial):
    """Highest at lr = 0.01; reached in ten steps; too large a learning rate diverges."""
    if trial["lr"] > 0.07:
        raise FloatingPointError("the loss is nan")
    for step in range(1, 11):
        score = (1 - (math.log10(trial["lr"]) + 2) ** 2 / 4) * step / 10
        trial.report(score)
    return score


def search(objective=hill, space=SPACE, trials=20, **options):
    return tune.search(objective, space, trials=trials, progress=False, **options)


def timeless(study):
    return [{**vars(result), "seconds": 0} for result in study.results]


def kept(file):
    """The file's rows without the seconds, which differ from run to run."""
    return [
        {**json.loads(line), "seconds": 0} for line in file.read_text().splitlines()
    ]


def test_a_search_finds_the_top_of_a_hill():
    study = search(trials=40)
    assert study.best.params["lr"] == pytest.approx(0.01, rel=0.5)
    assert (
        study.best.score == max(r.score for r in study.done) == study.best.reports[-1]
    )
    assert {r.state for r in study.results} == {"done", "pruned", "failed"}
    assert [r.number for r in study.results] == list(range(40))
    assert all(r.params.keys() == SPACE.keys() for r in study.results)


def test_coarse_to_fine_comes_nearer():
    coarse = search(trials=20)
    fine = search(space=coarse.narrowed(), trials=20, seed=1)
    lr = coarse.narrowed()["lr"]
    assert 1e-4 < lr.low < 0.01 < lr.high < 1e-1
    assert fine.best.score > coarse.best.score


def test_a_draw_depends_on_the_seed_and_the_number_alone():
    draws = [tune.draw(SPACE, 0, number) for number in range(50)]
    assert [tune.draw(SPACE, 0, number) for number in reversed(range(50))] == draws[
        ::-1
    ]
    assert len({d["lr"] for d in draws}) == len({d["dropout"] for d in draws}) == 50
    assert tune.draw(SPACE, 1, 0) != draws[0]
    turned = dict(reversed(SPACE.items()))
    assert tune.draw(turned, 0, 7) == draws[7]
    assert tune.draw({"lr": SPACE["lr"]}, 0, 7) == {"lr": draws[7]["lr"]}


def test_draws_are_the_same_on_every_machine():
    """Values that must never change: the files of readers hold searches that go on."""
    assert tune.draw(X, 0, 0) == {"x": 0.4197156180333541}
    assert tune.draw({"n": tune.integer(0, 10**6)}, 7, 3) == {"n": 360931}


def test_draws_of_settings_are_even_and_independent():
    space = {"a": tune.uniform(0, 1), "b": tune.uniform(0, 1)}
    draws = torch.tensor([list(tune.draw(space, 3, n).values()) for n in range(4000)])
    for column in draws.T:
        even = (torch.arange(4000) + 0.5) / 4000
        # Kolmogorov and Smirnov: 1.95 / sqrt(n) is passed by chance once in a thousand times
        assert (column.sort().values - even).abs().max() < 1.95 / math.sqrt(4000)
    assert torch.corrcoef(draws.T)[0, 1].abs() < 4 / math.sqrt(4000)
    beside = torch.stack([draws[:-1, 0], draws[1:, 0]])  # a trial and the next
    assert torch.corrcoef(beside)[0, 1].abs() < 4 / math.sqrt(4000)


def test_a_search_leaves_the_callers_chance_alone():
    import random

    random.seed(5)
    wanted = random.random()
    random.seed(5)
    search(trials=3)
    assert random.random() == wanted


def test_the_same_search_gives_the_same_results():
    assert timeless(search()) == timeless(search())
    assert timeless(search(seed=1)) != timeless(search())


@pytest.mark.parametrize("ended", [1, 6, 13])
def test_a_search_goes_on_where_its_file_ends(tmp_path, ended):
    whole = search(file=tmp_path / "whole.jsonl")
    first = search(file=tmp_path / "parts.jsonl", trials=ended)
    assert timeless(first) == timeless(whole)[:ended]
    tried = []
    both = search(
        lambda trial: tried.append(trial.number) or hill(trial),
        file=tmp_path / "parts.jsonl",
    )
    assert tried == list(range(ended, 20))
    assert timeless(both) == timeless(whole)
    assert kept(tmp_path / "parts.jsonl") == kept(tmp_path / "whole.jsonl")
    # the results as read are those that were written, seconds and all
    again = search(file=tmp_path / "parts.jsonl")
    assert again.results == both.results
    assert again.table() == both.table()


def test_a_search_that_has_ended_tries_nothing_and_loses_nothing(tmp_path):
    file = tmp_path / "a.jsonl"
    search(file=file, trials=8)
    before = file.read_bytes()
    assert len(search(None, file=file, trials=3).results) == 8
    assert file.read_bytes() == before


def test_half_a_line_is_tried_again(tmp_path):
    file = tmp_path / "a.jsonl"
    whole = search(file=file)
    content = file.read_bytes()
    file.write_bytes(content[: -len(content.splitlines()[-1]) // 2])
    with pytest.warns(RuntimeWarning, match="half a line, which was dropped"):
        again = search(file=file)
    assert timeless(again) == timeless(whole)
    assert len(kept(file)) == 21


KILLED = """
import os, signal, sys
from torchbook import tune
def objective(trial):
    if trial.number == int(sys.argv[2]) and len(sys.argv) > 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return trial["x"]
space = {"x": tune.uniform(0, 1)}
study = tune.search(objective, space, trials=6, file=sys.argv[1], progress=False)
print([result.score for result in study.results])
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_search_that_was_killed_goes_on(tmp_path):
    root = Path(tune.__file__).parents[1]

    def run(*args):
        command = [sys.executable, "-c", KILLED, str(tmp_path / "a.jsonl"), *args]
        env = {**os.environ, "PYTHONPATH": str(root)}
        return subprocess.run(command, env=env, capture_output=True, text=True)

    assert run("4", "kill").returncode == -9
    assert len(kept(tmp_path / "a.jsonl")) == 1 + 4
    wanted = [tune.draw(X, 0, number)["x"] for number in range(6)]
    assert json.loads(run("4").stdout) == wanted


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 1}, "its seed is 0, and here it is 1"),
        ({"goal": "min"}, "its goal is max, and here it is min"),
        ({"prune": None}, "its prune is"),
        ({"space": {"x": tune.uniform(0, 2)}}, "its space is"),
        ({"space": {"y": tune.uniform(0, 1)}}, "its space is"),
    ],
)
def test_the_file_of_another_search_is_refused_and_left(tmp_path, options, said):
    file = tmp_path / "a.jsonl"
    search(lambda trial: trial["x"], X, file=file, trials=2)
    before = file.read_bytes()
    with pytest.raises(JournalError, match=said):
        search(**{"objective": None, "space": X, "file": file, **options})
    assert file.read_bytes() == before


def test_a_file_whose_trials_are_not_in_order_is_refused(tmp_path):
    file = tmp_path / "a.jsonl"
    search(lambda trial: trial["x"], X, file=file, trials=4)
    lines = file.read_bytes().splitlines(keepends=True)
    for spoiled in (
        [*lines[:2], *lines[3:]],
        [*lines[:2], lines[1]],
        [*lines[:2], b'{"number": 1}\n'],
    ):
        file.write_bytes(b"".join(spoiled))
        with pytest.raises(JournalError, match=r"a.jsonl, line 3 is not trial 1: cut"):
            search(None, X, file=file, trials=4)


# What the trials of this search report; with hand-made decisions below.
CURVES = [
    [0.1, 0.4, 0.6],  # 0, 1, 2: the warm-up
    [0.3, 0.2, 0.9],
    [0.2, 0.5, 0.7],
    [0.0, 0.3, 0.8],  # 3: at step 2 the median of 0.4, 0.2, 0.5 is 0.4: pruned
    [
        0.4,
        0.1,
        0.5,
    ],  # 4: 0.4 is its best, and no worse; step 3: 0.4 < 0.5 < 0.7: pruned
    [0.0, 0.4, 0.7],  # 5: equal to the medians, 0.4 and 0.7: done
    [0.0, 0.39, 0.9],  # 6: at step 2 the median of 0.4, 0.2, 0.5, 0.4 is 0.4: pruned
    [0.0, 0.45, 0.65],  # 7: at step 3 the median of 0.6, 0.9, 0.7, 0.7 is 0.7: pruned
]
WANTED = ["done", "done", "done", "pruned", "pruned", "done", "pruned", "pruned"]
STEPS = [3, 3, 3, 2, 3, 3, 2, 3]


@pytest.mark.parametrize(("goal", "sign"), [("max", 1), ("min", -1)])
def test_trials_are_pruned_as_computed_by_hand(goal, sign):
    def objective(trial):
        for score in CURVES[trial.number]:
            trial.report(sign * score)
        return sign * score

    study = search(objective, X, trials=8, prune=(3, 1), goal=goal)
    assert [r.state for r in study.results] == WANTED
    assert [len(r.reports) for r in study.results] == STEPS
    # a pruned trial keeps its best report
    wanted = [0.6, 0.9, 0.7, 0.3, 0.5, 0.7, 0.39, 0.65]
    assert [sign * r.score for r in study.results] == wanted
    assert study.best.number == 1


@pytest.mark.parametrize(
    ("prune", "pruned"),
    [((3, 1), 4), ((3, 2), 3), ((3, 3), 0), ((4, 1), 3), ((9, 0), 0), (None, 0)],
)
def test_the_warm_up_leaves_trials_and_steps_alone(prune, pruned):
    def objective(trial):
        for score in CURVES[trial.number]:
            trial.report(score)
        return score

    study = search(objective, X, trials=8, prune=prune)
    assert sum(r.state == "pruned" for r in study.results) == pruned


def test_trials_that_ended_earlier_are_not_compared_with():
    short = [Result(n, {}, "done", 0.9, [0.9], 0.0) for n in range(5)]
    study = Study(X, "max", short)
    assert tune.is_hopeless([0.1], study, after=(5, 0))
    assert not tune.is_hopeless([0.1, 0.1], study, after=(5, 0))
    silent = [Result(n, {}, "done", 0.9, [], 0.0) for n in range(5)]
    assert not tune.is_hopeless([0.1], Study(X, "max", silent), after=(0, 0))


def test_only_trials_that_are_done_are_compared_with():
    results = [
        Result(0, {}, "done", 0.5, [0.5], 0.0),
        Result(1, {}, "pruned", 0.1, [0.1], 0.0),
        Result(2, {}, "failed", None, [0.1], 0.0, "Error"),
    ]
    study = Study(X, "max", results)
    assert tune.is_hopeless([0.4], study, after=(1, 0))
    assert not tune.is_hopeless([0.5], study, after=(1, 0))
    assert not tune.is_hopeless([0.4], study, after=(2, 0))


def test_an_objective_may_prune_itself():
    def objective(trial):
        if trial.number:
            raise tune.Pruned
        return 1

    assert [r.state for r in search(objective, X, trials=2).results] == [
        "done",
        "pruned",
    ]
    assert search(objective, X, trials=2).results[1].score is None


def test_a_trial_that_raises_has_failed_and_the_search_goes_on():
    def objective(trial):
        trial.report(0.25)
        if trial.number % 2 == 0:
            raise RuntimeError("out of memory")
        return 1.0

    study = search(objective, X, trials=4)
    assert [r.state for r in study.results] == ["failed", "done", "failed", "done"]
    failed = study.results[2]
    assert failed.error.startswith("RuntimeError: out of memory (line ")
    assert failed.error.endswith(" of objective)")
    assert failed.reports == [0.25]
    assert failed.score is None
    assert failed.params == tune.draw(X, 0, 2)


@pytest.mark.parametrize(
    ("score", "said"),
    [
        (math.nan, "ValueError: the score is nan: wanted a finite number"),
        (-math.inf, "the score is -inf"),
        (torch.tensor(math.nan), "the score is nan"),
        (None, "the score is None: wanted a number"),
        ("high", "the score is 'high': wanted a number"),
        (torch.zeros(2), "the score is tensor"),
    ],
)
def test_a_score_that_is_no_number_has_failed(score, said):
    study = search(lambda trial: score if trial.number else 0.5, X, trials=2)
    assert study.results[1].state == "failed"
    assert said in study.results[1].error


def test_a_report_that_is_no_number_has_failed():
    def objective(trial):
        trial.report(0.5)
        trial.report(math.nan if trial.number else 0.6)
        return 0.5

    failed = search(objective, X, trials=2).results[1]
    assert "ValueError: report 2 is nan" in failed.error
    assert failed.reports == [0.5]


def test_scores_may_be_tensors_and_whole_numbers(tmp_path):
    scores = [torch.tensor(0.5), 1, torch.tensor([0.25], dtype=torch.float64)]
    study = search(
        lambda trial: scores[trial.number], X, trials=3, file=tmp_path / "a.jsonl"
    )
    assert [r.score for r in study.results] == [0.5, 1.0, 0.25]
    assert all(type(r.score) is float for r in study.results)


def test_when_all_failed_the_error_is_told(tmp_path):
    def objective(trial):
        return trial["learning_rate"]

    with pytest.raises(RuntimeError, match="all 3 trials failed") as raised:
        search(objective, X, trials=3, file=tmp_path / "a.jsonl")
    assert "no setting 'learning_rate'; there are x" in str(raised.value)
    assert f"Mend the objective, and remove {tmp_path / 'a.jsonl'}" in str(raised.value)
    assert len(kept(tmp_path / "a.jsonl")) == 4
    with pytest.raises(RuntimeError, match="Mend the objective, and search again"):
        search(objective, X, trials=3)


def test_ctrl_c_ends_the_search_and_loses_nothing(tmp_path):
    def objective(trial):
        if trial.number == 3 and not going_on:
            raise KeyboardInterrupt
        return trial["x"]

    going_on = False
    for file in (None, tmp_path / "a.jsonl"):
        with pytest.warns(UserWarning, match="by hand when 3 trials had ended") as told:
            study = search(objective, X, trials=6, file=file)
        assert told[0].filename == __file__
        assert [r.state for r in study.results] == ["done"] * 3
    going_on = True
    assert timeless(search(objective, X, trials=6, file=file)) == timeless(
        search(objective, X, trials=6)
    )


def test_ctrl_c_before_anything_is_done_passes():
    def objective(trial):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(objective, X)


def test_what_an_objective_does_to_its_settings_is_not_kept():
    def objective(trial):
        trial.params.clear()
        return 1.0

    assert search(objective, X, trials=1).best.params == tune.draw(X, 0, 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"trials": 0}, "trials 0: wanted 1 or more"),
        ({"trials": -3}, "trials -3: wanted 1 or more"),
        ({"space": {}}, "the space is empty"),
        ({"space": {"x": (0, 1)}}, "x: .* is no scale"),
        ({"goal": "top"}, "goal 'top': wanted 'max' or 'min'"),
        (
            {"prune": True},
            r"prune True: wanted \(trials, steps\), as \(5, 1\), or None",
        ),
        ({"prune": (5,)}, r"prune \(5,\): wanted"),
    ],
)
def test_arguments_that_make_no_search(tmp_path, options, said):
    file = tmp_path / "a.jsonl"
    with pytest.raises(ValueError, match=said):
        search(**{"objective": None, "file": file, **options})
    assert not file.exists()


def test_a_trial_by_hand_needs_no_search():
    trial = tune.Trial(0, {"lr": 0.1})
    trial.report(0.5)
    assert (trial["lr"], trial.reports) == (0.1, [0.5])
    with pytest.raises(KeyError, match="no setting 'momentum'; there are lr"):
        trial["momentum"]


def test_progress_is_quiet_when_told(capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)

    def shown(**options):
        tune.search(lambda trial: 0.5, X, trials=2, **options)
        return "2/2" in capsys.readouterr().err

    assert shown()
    assert not shown(progress=False)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    assert not shown()
    assert shown(progress=True)


def test_the_module_is_light():
    heavy = "{'torch', 'matplotlib', 'sklearn'}"
    code = f"import sys, torchbook.tune; print({heavy} & set(sys.modules))"
    env = {**os.environ, "PYTHONPATH": str(Path(tune.__file__).parents[1])}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
