"""What a checkpoint keeps of a run, and how a run is taken up from one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from torchbook import checkpoint, distributed, seed
from torchbook.checkpoint import CheckpointError

if TYPE_CHECKING:
    from torchbook.callbacks import Callback
    from torchbook.engine.run import Run

PARTS = ("model", "optimizer", "history", "epoch", "step", "sizes", "over")
PARTS = (*PARTS, "seconds", "callbacks", "processes")
SWITCHES = ("fused", "foreach", "capturable", "differentiable")


def begin(run: Run) -> None:
    """Put the run where `options.resume` says; a new run where there is nothing to resume.

    Raises CheckpointError for a file that is not of this run, and ValueError where a new run
    would be mixed up with the checkpoints of an older one.
    """
    kept, source = run.options.checkpoints, run.options.resume
    if kept and distributed.is_writer():
        kept.prepare()
    if kept and kept.every and not hasattr(run.train, "state_dict"):
        raise ValueError(
            f"checkpoints every {kept.every} steps need a loader that knows its place: a "
            f"{type(run.train).__name__} has no state_dict; use Batches, or leave out every="
        )
    if kept and source is None and kept.files():
        raise ValueError(
            f"{kept.folder} holds checkpoints of an earlier run, the newest {kept.files()[0].name}"
            ": resume='auto' goes on with it; or name another folder, or empty this one"
        )
    if source is None:
        _part_ways()
        return
    state = kept.newest() if source == "auto" else checkpoint.load(Path(source))
    if state is None:
        _part_ways()
        return
    set_state(run, state)
    if kept and source != "auto" and kept.files()[:1] > [kept.path_of(run.step)]:
        raise ValueError(
            f"{kept.folder} holds checkpoints of later steps, the newest "
            f"{kept.files()[0].name}, which would be mixed up with those of this run: name "
            "another folder, or move them away"
        )


def save(run: Run) -> Path:
    """Write the run's checkpoint; the path of it. All processes call it, one writes."""
    state, kept = state_of(run), run.options.checkpoints
    for name, _ in run.model.named_parameters():
        if name in state["model"] and not state["model"][name].isfinite().all():
            raise FloatingPointError(
                f"{name} is not finite after step {run.step} (epoch {run.epoch}), so no "
                "checkpoint was written: try a smaller learning rate, or clip the gradients"
                + kept.newest_name()
            )
    score = (
        kept.score_of(run.history.rows[-1])
        if not run.sizes and run.history.rows
        else None
    )
    if distributed.is_writer():
        return kept.save(state, run.step, score)
    return kept.path_of(run.step)


def state_of(run: Run) -> dict:
    """Everything that decides how the run goes on."""
    weights, moments = distributed.states(run.model, run.optimizer)
    loader = run.train if hasattr(run.train, "state_dict") else None
    return checkpoint.capture(
        model=weights,
        optimizer=moments,
        schedule=run.options.schedule,
        scaler=run.precision.scaler,
        loader=loader,
        shuffle=_own_generator(run).get_state() if _own_generator(run) else None,
        history=run.history,
        callbacks={n: c.state_dict() for n, c in _named(run.callbacks).items()},
        epoch=run.epoch - bool(run.sizes),  # those that ended
        step=run.step,
        sizes=torch.tensor(run.sizes, dtype=torch.int64),  # (steps of this epoch,)
        over=run.over,
        seconds=run.seconds,
        processes=distributed.gathered(seed.states()),
    )


def _check(run: Run, state: dict) -> None:
    """CheckpointError for a state that lacks a part, or that this loader cannot go on from."""
    missing = [part for part in PARTS if part not in state]
    if missing:
        raise CheckpointError(
            f"no checkpoint of a run of fit: it lacks {', '.join(missing)}"
        )
    if len(state["sizes"]) and not hasattr(run.train, "load_state_dict"):
        raise CheckpointError(
            f"the checkpoint of step {state['step']} is from the middle of an epoch, and a "
            f"{type(run.train).__name__} cannot go on there; use Batches, as the run did"
        )


def set_state(run: Run, state: dict) -> None:
    """Put back what `state_of` gave, on this run's device and in its number of processes."""
    _check(run, state)
    _keep_switches(run.optimizer, state["optimizer"])
    try:
        distributed.set_states(
            run.model, run.optimizer, state["model"], state["optimizer"]
        )
    except (RuntimeError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"the checkpoint is of another model or optimizer: {error}"
        ) from error
    others = {
        "schedule": run.options.schedule,
        "scaler": run.precision.scaler if "scaler" in state else None,
        "loader": run.train if hasattr(run.train, "load_state_dict") else None,
        "history": run.history,
    }
    checkpoint.restore(state, **others)
    if _own_generator(run) and "shuffle" in state:
        _own_generator(run).set_state(state["shuffle"])
    for name, callback in _named(run.callbacks).items():
        if name in state["callbacks"]:
            callback.load_state_dict(state["callbacks"][name])
    run.epoch, run.step, run.seconds = state["epoch"], state["step"], state["seconds"]
    run.sizes, run.over = state["sizes"].tolist(), state["over"]
    processes = state["processes"]
    if len(processes) == distributed.world():
        seed.set_states(processes[distributed.rank()])
    else:
        _part_ways()


def _named(callbacks: list[Callback]) -> dict[str, Callback]:
    """The callbacks by class, and by number where a class has several."""
    named = {}
    for callback in callbacks:
        kind = type(callback).__name__
        number = sum(type(other) is type(callback) for other in named.values())
        named[f"{kind} {number + 1}" if number else kind] = callback
    return named


def _own_generator(run: Run) -> torch.Generator | None:
    # a DataLoader shuffles by torch's generator, unless it was given one of its own
    generator = getattr(run.train, "generator", None)
    return generator if isinstance(generator, torch.Generator) else None


def _keep_switches(optimizer: torch.optim.Optimizer, moments: dict) -> None:
    # how the step is computed is this machine's and this caller's affair, not the checkpoint's
    for mine, theirs in zip(
        optimizer.param_groups, moments["param_groups"], strict=False
    ):
        theirs |= {switch: mine[switch] for switch in SWITCHES if switch in mine}


def _part_ways() -> None:
    # the same seed in each process would drop out the same units everywhere
    if distributed.rank() > 0:
        torch.manual_seed(torch.initial_seed() + distributed.rank())
