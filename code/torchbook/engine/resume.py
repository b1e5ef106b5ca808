"""What a checkpoint keeps of a run, and how a run is taken up from one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from torchbook import checkpoint, distributed, seed
from torchbook.checkpoint import CheckpointError

if TYPE_CHECKING:
    from torchbook.engine.run import Run


def begin(run: Run) -> None:
    """Put the run where `options.resume` says; a new run where there is nothing to resume.

    Raises CheckpointError for a file that is not of this run, and ValueError where a new run
    would be mixed up with the checkpoints of an older one.
    """
    kept, source = run.options.checkpoints, run.options.resume
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
    else:
        set_state(run, state)


def save(run: Run) -> Path:
    """Write the run's checkpoint; the path of it. All processes call it, one writes."""
    state, kept = state_of(run), run.options.checkpoints
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
        history=run.history,
        callbacks={type(c).__name__: c.state_dict() for c in run.callbacks},
        epoch=run.epoch - bool(run.sizes),  # those that ended
        step=run.step,
        sizes=torch.tensor(run.sizes, dtype=torch.int64),  # (steps of this epoch,)
        seconds=run.seconds,
        processes=distributed.gathered(seed.states()),
    )


def set_state(run: Run, state: dict) -> None:
    """Put back what `state_of` gave, on this run's device and in its number of processes."""
    missing = {"model", "optimizer", "history", "epoch", "sizes"} - state.keys()
    if missing:
        raise CheckpointError(
            f"no checkpoint of a run of fit: it lacks {', '.join(missing)}"
        )
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
    for callback in run.callbacks:
        if type(callback).__name__ in state["callbacks"]:
            callback.load_state_dict(state["callbacks"][type(callback).__name__])
    run.epoch, run.step, run.seconds = state["epoch"], state["step"], state["seconds"]
    run.sizes = state["sizes"].tolist()
    processes = state["processes"]
    if len(processes) == distributed.world():
        seed.set_states(processes[distributed.rank()])
    else:
        _part_ways()


def _part_ways() -> None:
    # the same seed in each process would drop out the same units everywhere
    if distributed.rank() > 0:
        torch.manual_seed(torch.initial_seed() + distributed.rank())
