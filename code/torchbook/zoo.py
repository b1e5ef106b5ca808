"""Trained networks by name: `load("resnet18", stand_in="backbone")`.

The networks of torchvision, whose weights are fetched once and kept by torch, and the book's
own two small ones, whose weights are part of the package.
"""

import difflib
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import torch
from torch import nn

from torchbook import weights
from torchbook.checkpoint import CheckpointError
from torchbook.data.fetch import FetchError, MissingError, reached
from torchbook.data.folder import DataError
from torchbook.data.mirrors import patience
from torchbook.models import backbone as own
from torchbook.models import letters

FILE = Path(own.__file__).parent / "weights" / "backbone.safetensors"
LETTERS = FILE.with_name("letters.safetensors")
OWN = ("backbone", "letters")


class UnknownNetworkError(DataError, ValueError):
    """No network has that name."""


@dataclass(frozen=True, eq=False, repr=False)
class Trained:
    """A network in eval mode, and the pictures that it wants: size × size, (X - mean) / std.

    `classes` are those that it was trained on. `wanted` is the title of the network that was
    asked for; `why`, if another one stands in for it, is the reason.
    """

    name: str
    title: str
    origin: str
    model: nn.Module
    classes: tuple[str, ...]
    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    wanted: str
    why: str = ""

    @property
    def is_stand_in(self) -> bool:
        return self.wanted != self.title

    @property
    def note(self) -> str:
        """One line for the top of a page: which network ran, and which did not and why."""
        line = f"Network: {self.title} ({self.origin})"
        if not self.is_stand_in:
            return f"{line}."
        return (
            f"{line}, in place of {self.wanted}, whose weights are not on this machine and were "
            f"not fetched because {self.why}; to run this with {self.wanted}, connect to the "
            "network."
        )

    def __repr__(self) -> str:
        return f"<{self.title}: {len(self.classes)} classes, {self.size} × {self.size}>"


def load(
    name: str,
    *,
    stand_in: str | None = None,
    download: bool = True,
    progress: Callable[[str], None] = lambda text: None,
) -> Trained:
    """The trained network of that name: "backbone", "letters", or a classifier of torchvision.

    Weights that torch has kept are used, else fetched; failing that `stand_in` is loaded, as
    its `note` says. Raises UnknownNetworkError, and DataError where there is no stand-in or
    where a file is there but broken. `progress` is called with a line before a download.
    """
    if name == "backbone":
        return _backbone()
    if name == "letters":
        return _letters()
    entry = _entry(name)
    try:
        return _published(name, entry, download, progress)
    except MissingError as missing:
        if stand_in is None:
            raise
        other = load(stand_in, download=download, progress=progress)
        return replace(other, wanted=_title(entry), why=missing.why)


def backbone(pretrained: bool = True) -> own.Backbone:
    """The book's own network, with its trained weights or with random ones."""
    return _backbone().model if pretrained else own.Backbone()


def _backbone() -> Trained:
    known = f"CIFAR-10 without cats and dogs, {len(own.CLASSES)} classes"
    hint = "python benchmarks/backbone.py", "20 minutes on two cores, with CIFAR-10"
    model = _with_weights(own.Backbone(), FILE, "backbone", *hint)
    return _own("backbone", "the book's backbone", known, model, own)


def _letters() -> Trained:
    known = f"drawn letters, {len(letters.CLASSES)} classes"
    hint = "python benchmarks/letters.py", "a minute and a half on one core"
    model = _with_weights(letters.reader(), LETTERS, "reader of letters", *hint)
    return _own("letters", "the book's reader of letters", known, model, letters)


def _own(name: str, title: str, known: str, model: nn.Module, facts) -> Trained:
    origin = f"trained on {known}"
    look = facts.CLASSES, facts.SIZE, facts.MEAN, facts.STD
    return Trained(name, title, origin, model.eval(), *look, wanted=title)


def _with_weights(model: nn.Module, file: Path, what: str, command: str, cost: str):
    try:
        if not file.is_file():
            raise CheckpointError(f"{file} is not there")
        model.load_state_dict(weights.read(file))
    except (CheckpointError, RuntimeError) as error:
        raise DataError(
            f"the weights of the book's {what} cannot be loaded: {error}.\nTo make them, "
            f"run {command} at the top of the repository ({cost})"
        ) from None
    return model


def _entry(name: str):
    """torchvision's default weights for the classifier of that name."""
    from torchvision import models

    names = models.list_models(module=models)
    if name not in names:
        near = difflib.get_close_matches(name, [*OWN, *names], n=2)
        meant = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise UnknownNetworkError(
            f"no trained network is called {name!r}.{meant} There are 'backbone', 'letters', "
            f"'resnet18', 'densenet121', and {len(names) - 2} others of torchvision."
        )
    return models.get_model_weights(name).DEFAULT


def _kept(entry) -> Path:
    """Where torch keeps the file."""
    name = Path(urlsplit(entry.url).path).name
    return Path(torch.hub.get_dir()) / "checkpoints" / name


def _title(entry) -> str:
    return type(entry).__name__.removesuffix("_Weights")


def _published(name: str, entry, download: bool, progress) -> Trained:
    """torchvision's network; MissingError where its weights are not there and did not come."""
    from torchvision import models

    file, title = _kept(entry), _title(entry)
    try:
        if not file.is_file():
            if not download:
                raise FetchError("downloading is switched off")
            reached([entry.url], instead_of=[])
            progress(f"Fetching the weights of {title} into {file.parent}")
        elif fault := _fault(file):
            raise DataError(f"{file} is broken: {fault}; remove it, and run this again")
        with patience():
            model = models.get_model(name, weights=entry, progress=False)
    except (FetchError, OSError, HTTPException, RuntimeError) as error:
        if isinstance(error, DataError):
            raise
        raise _missing(title, file, entry, str(error).rstrip(".")) from None
    look, classes = entry.transforms(), tuple(entry.meta["categories"])
    return Trained(
        name,
        title,
        f"trained on ImageNet, {len(classes):,} classes; {entry}",
        model.eval(),
        classes,
        look.crop_size[0],
        tuple(look.mean),
        tuple(look.std),
        wanted=title,
    )


def _missing(title: str, file: Path, entry, why: str) -> MissingError:
    return MissingError(
        f"the weights of {title} are not at {file}, and were not fetched because {why}.\n"
        f"To get them: connect to the network and run this again; or put the file that "
        f"is at {entry.url} there; or set TORCH_HOME to a folder that has it in "
        "hub/checkpoints.",
        why,
    )


def _fault(file: Path) -> str:
    """What is wrong with a file whose name ends in the beginning of its checksum, or nothing."""
    wanted = re.search(r"-([a-f0-9]{8,})\.", file.name)
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if wanted and not found.startswith(wanted[1]):
        return f"its SHA-256 begins with {found[:8]} instead of {wanted[1]}"
    return ""
