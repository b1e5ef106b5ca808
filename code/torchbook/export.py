"""A trained network as one file that runs without the code that made it (part 12).

The file takes pictures as they come, bytes (N, C, H, W) for any N of 1 or more, and gives
logits (N, classes). Scaling is part of the network in it, and the facts of the pictures (size,
classes, mean, spread) lie beside: nothing is left that a caller could get wrong.

`.pt2` is torch's own program (torch.export), `.onnx` is read by many other runtimes.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_CEILING, Context, Decimal
from pathlib import Path

import torch
from torch import Tensor, nn

from torchbook import programs
from torchbook.files import replacing
from torchbook.runs import Facts

FORMATS = {
    ".pt2": (programs.to_pt2, programs.from_pt2),
    ".onnx": (programs.to_onnx, programs.from_onnx),
}
SIZES = (1, 2, 3, 8, 33)  # of the batches that a file is tried on
TOLERANCE = (
    1e-4  # of the largest logit: float32 has seven digits, and sums are reordered
)


class ExportError(RuntimeError):
    """A network that cannot be exported, or a file that is no export; the message says why."""


class Ready(nn.Module):
    """A network behind its scaling: bytes (N, C, H, W) give logits (N, classes)."""

    def __init__(self, model: nn.Module, mean: float, std: float) -> None:
        super().__init__()
        self.model, self.mean, self.std = model, mean, std

    def forward(self, X: Tensor) -> Tensor:
        return self.model((X.float() / 255 - self.mean) / self.std)


@dataclass(frozen=True, repr=False)
class Exported:
    """A network read from a file: exported(X) gives logits (N, classes) for bytes X (N, C, H, W).

    Raises ValueError for anything else than such bytes of the shape in `facts`.
    """

    path: Path
    facts: Facts
    run: programs.Run

    def __call__(self, X: Tensor) -> Tensor:
        if X.dtype != torch.uint8 or X.ndim != 4 or X.shape[1:] != self.facts.shape:
            wanted = ", ".join(map(str, self.facts.shape))
            raise ValueError(
                f"{X.dtype} {tuple(X.shape)} for {self.path.name}: wanted torch.uint8 "
                f"(N, {wanted}), pictures that are not scaled"
            )
        if not len(X):
            raise ValueError(f"no pictures for {self.path.name}: wanted 1 or more")
        return self.run(X)

    def __repr__(self) -> str:
        shape = ", ".join(map(str, self.facts.shape))
        return f"<{self.path.name}: bytes (N, {shape}) to {len(self.facts.classes)} logits>"


def write(
    path: str | Path, model: nn.Module, facts: Facts, sizes: Sequence[int] = SIZES
) -> float:
    """Export a network to a .pt2 or .onnx file, whole or not at all.

    What is to be written is opened and held against the network on random pictures, in batches
    of all `sizes`; the largest difference of a logit comes back. The network is left as it was,
    and exported in eval mode, on the CPU. Raises ExportError when it cannot be traced, when its
    logits are not finite, when the file would answer otherwise or cannot be written;
    ImportError for .onnx without its extra.
    """
    path = Path(path)
    encode, _ = _format(path)
    model = copy.deepcopy(getattr(model, "_orig_mod", model))  # of a compiled one
    ready = Ready(model, facts.mean, facts.std).cpu().eval()
    program = traced(ready, _pictures(facts, 2))
    with torch.no_grad():
        proof = ready(_pattern(facts))[0].tolist()
    if not all(map(math.isfinite, proof)):
        raise ExportError(
            "the network's own logits are not finite: its training went wrong, so train it anew"
        )
    text = json.dumps({"facts": asdict(facts), "proof": proof})
    try:
        content = encode(program, text)
    except (ImportError, MemoryError):
        raise
    except Exception as error:  # an exporter may stop at an operation in any way
        raise ExportError(
            f"{path.suffix} cannot hold this network: {_first_line(error)}"
        ) from error
    apart = check(ready, _opened(path, content), facts, sizes)
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise ExportError(
            f"{path} could not be written ({error}); what stood there before is untouched"
        ) from error
    return apart


def read(path: str | Path) -> Exported:
    """A network from a file that `write` wrote.

    The file tells what the network answered to one picture when it was written, and is asked
    again. Open files of people you trust: a .pt2 file may hold more than numbers. Raises
    ExportError for a file that is missing, damaged or not from here, and ImportError for .onnx
    without its extra.
    """
    path = Path(path)
    _format(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ExportError(
            f"{path} cannot be read: {error.strerror or error}"
        ) from error
    return _opened(path, content)


def traced(model: nn.Module, X: Tensor) -> torch.export.ExportedProgram:
    """The network as a graph of operations, with the number of samples left open.

    X are two samples or more, to see what varies. Raises ExportError, with torch's
    first line, where the way through the network depends on the numbers, or fits one
    batch size alone.
    """
    if len(X) < 2:
        raise ExportError(
            "an example of one sample: wanted two or more, to see what varies"
        )
    open_batch = {0: torch.export.Dim("N", min=1)}
    try:
        with programs.quiet(), torch.no_grad():
            return torch.export.export(model, (X,), dynamic_shapes=(open_batch,))
    except Exception as error:  # torch raises a dozen kinds, some of them private
        raise ExportError(
            f"the network cannot be written down as a graph: {_first_line(error)} "
            "Is there an `if` that depends on the numbers, or a batch size in it? "
            "torch.where chooses without an `if`."
        ) from error


def check(
    model: nn.Module,
    exported: Callable[[Tensor], Tensor],
    facts: Facts,
    sizes: Sequence[int] = SIZES,
) -> float:
    """The largest difference of two networks' logits on random pictures, batch by batch.

    `model` takes bytes too, as `Ready` does. Raises ExportError for logits of another shape,
    or further apart than rounding explains.
    """
    largest = 0.0
    for size in sizes:
        X = _pictures(facts, size)
        with torch.no_grad():
            want = model(X)
        largest = max(largest, _apart(exported(X), want, f"in a batch of {size}"))
    return largest


def _apart(got: Tensor, want: Tensor, where: str) -> float:
    """The largest difference; ExportError where it is more than rounding."""
    if got.shape != want.shape:
        shapes = f"{tuple(got.shape)} for {tuple(want.shape)}"
        raise ExportError(f"{where} the logits have another shape: {shapes}")
    apart = (got - want).abs().max().item()
    if not apart <= TOLERANCE * max(1.0, want.abs().max().item()):  # nan neither
        raise ExportError(
            f"the file does not answer as the network did: {where} logits are {apart:.2g} "
            "apart. Either the file is damaged, or the network draws random numbers"
        )
    return apart


def _pictures(facts: Facts, count: int) -> Tensor:
    """Random bytes (count, C, H, W), the same for each count."""
    chance = torch.Generator().manual_seed(count)
    size = (count, *facts.shape)
    return torch.randint(256, size, dtype=torch.uint8, generator=chance)


def _pattern(facts: Facts) -> Tensor:
    """One picture (1, C, H, W) that is the same for every version of torch."""
    places = torch.arange(torch.Size(facts.shape).numel())
    return (places * 2654435761 >> 16).bitwise_and(255).byte().view(1, *facts.shape)


def _format(path: Path) -> tuple[Callable, Callable]:
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise ExportError(f"{path} ends in {kind or 'nothing'}: wanted .pt2 or .onnx")
    return FORMATS[kind]


def _opened(path: Path, content: bytes) -> Exported:
    try:
        run, text = _format(path)[1](content)
        said = json.loads(text)
        values = said["facts"].items()
        facts = Facts(**{k: tuple(v) if isinstance(v, list) else v for k, v in values})
        exported = Exported(path, facts, run)
        _apart(
            exported(_pattern(facts))[0], torch.tensor(said["proof"]), "for a pattern"
        )
    except (ExportError, ImportError, MemoryError):
        raise
    except Exception as error:  # of runtimes, archives, JSON
        raise ExportError(
            f"{path} is no whole file of `torchbook export`: {_first_line(error)}"
        ) from error
    return exported


def at_most(value: float) -> str:
    """A bound of one digit that is not below the value, as 2e-06 for 1.4e-6."""
    rounded = Context(prec=1, rounding=ROUND_CEILING).plus(Decimal(repr(value)))
    return f"{float(rounded):.1g}"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
