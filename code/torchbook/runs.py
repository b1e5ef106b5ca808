"""A run in a folder: what was asked for in settings.json, and beside it what came of it.

runs/first/settings.json          data, model, numbers: enough to build everything anew
runs/first/step-….pt, best.pt     checkpoints
runs/first/history.csv            a row an epoch
runs/first/weights.safetensors    the best weights, alone, when training is over
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchbook import distributed, seed, train, weights
from torchbook.callbacks import CsvLog
from torchbook.checkpoint import CheckpointError, Checkpoints, load
from torchbook.data import augment, images
from torchbook.data.loader import Batches
from torchbook.engine.history import History
from torchbook.files import replacing
from torchbook.models.cnn import CNN
from torchbook.models.mlp import MLP
from torchbook.models.resnet import ResNet

MODELS = ("mlp", "cnn", "resnet")
AUGMENTATIONS = {
    "crop": partial(augment.random_crop, padding=2),
    "flip": augment.horizontal_flip,
    "rotation": augment.rotation,
    "erasing": augment.erasing,
}
HELD_OUT = 0.1  # of the training images, to choose the best epoch by


class RunError(RuntimeError):
    """A run folder that is not there, not whole, or not for this; the message says which."""


@dataclass(frozen=True)
class Settings:
    """What decides how a run goes; `data` is the name of a set of images."""

    data: str = "fashion_mnist"
    model: str = "cnn"
    epochs: int = 5
    batch_size: int = 128
    lr: float = 2e-3
    weight_decay: float = 0.01
    augment: tuple[str, ...] = ()
    seed: int = 0
    precision: str = "float32"
    compile: bool = False
    shard: bool = False
    stand_in: str | None = None


@dataclass(frozen=True)
class Facts:
    """What a model must know of the pictures that it was trained on.

    `data` is the name of their set: of the stand-in, where there was one.
    """

    data: str
    title: str
    classes: tuple[str, ...]
    shape: tuple[int, int, int]  # (C, H, W)
    mean: float
    std: float


class RunFolder:
    """The folder of one run: write the settings once, read them whenever."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def begin(self, settings: Settings, facts: Facts) -> None:
        """Write settings.json."""
        content = {"settings": asdict(settings), "facts": asdict(facts)}
        with replacing(self.path / "settings.json") as file:
            file.write(json.dumps(content, indent=1).encode())

    def read(self) -> tuple[Settings, Facts]:
        """What was written; RunError when there is no run, or one of a newer torchbook."""
        file = self.path / "settings.json"
        try:
            content = json.loads(file.read_text("utf8"))
            parts = content["settings"], content["facts"]
            return _built(Settings, parts[0]), _built(Facts, parts[1])
        except FileNotFoundError as error:
            raise RunError(
                f"{self.path} holds no run: there is no settings.json in it; `torchbook train "
                f"--out {self.path}` begins one"
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{file} cannot be used: {error}") from error

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return (self.path / "settings.json").exists()

    def model(self, which: str = "best") -> tuple[nn.Module, Settings, Facts]:
        """The model in eval mode with the weights of the "best" epoch, or the "newest"."""
        settings, facts = self.read()
        model, kept = build(settings, facts), Checkpoints(self.path)
        best = self.path / "best.pt"
        is_there = which == "best" and best.exists()
        state = _loaded(best) if is_there else kept.newest()
        if state is None:
            raise RunError(
                f"{self.path} holds no checkpoint that can be read: go on with "
                f"`torchbook train --out {self.path} --resume`"
            )
        try:
            model.load_state_dict(state["model"])
        except (RuntimeError, KeyError) as error:
            raise CheckpointError(
                f"the weights do not fit {settings.model}: {error}"
            ) from error
        return model.eval(), settings, facts


def build(settings: Settings, facts: Facts) -> nn.Module:
    """A new model for such pictures; RunError for a name that is not in MODELS."""
    channels, height, width = facts.shape
    classes = len(facts.classes)
    if settings.model == "mlp":
        return MLP(channels * height * width, 256, 128, 64, classes)
    if settings.model == "cnn":
        return CNN(channels, classes)
    if settings.model == "resnet":
        return ResNet(in_channels=channels, classes=classes)
    raise RunError(
        f"no model is called {settings.model!r}; there are {', '.join(MODELS)}"
    )


def facts_of(data: images.ImageSet) -> Facts:
    """The facts of a set, its statistics over all pixels of the training pictures."""
    pixels = data.X_train.float() / 255
    return Facts(
        data.name,
        data.title,
        data.classes,
        tuple(data.X_train.shape[1:]),
        pixels.mean().item(),
        pixels.std().item(),
    )


def check_set(data: images.ImageSet, facts: Facts) -> None:
    """Raise RunError unless these are the pictures that the run was begun with."""
    now = data.title, tuple(data.classes), tuple(data.X_train.shape[1:])
    if now != (facts.title, facts.classes, facts.shape):
        raise RunError(
            f"this run was trained on {facts.title}, and {data.title} is another set: wanted "
            "the images that it was begun with"
        )


def batches(X: Tensor, y: Tensor, facts: Facts, batch_size: int, **more) -> Batches:
    """Batches of pictures, scaled as this run scales them."""
    return Batches(X, y, batch_size, mean=facts.mean, std=facts.std, **more)


def fit(
    folder: RunFolder, settings: Settings, data: images.ImageSet, **options
) -> tuple[nn.Module, History]:
    """Train as the settings say, in the folder; `options` go to `train.fit`.

    A tenth of the training pictures is held out, and best is the epoch that does best on them.
    Raises RunError for another set than the one that the run in the folder was begun with.
    """
    facts = folder.read()[1] if folder.exists() else facts_of(data)
    check_set(data, facts)
    seed.everything(settings.seed)
    model = build(settings, facts)
    device = options.get("device")
    if settings.shard:
        model = distributed.shard(model, device)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay
    )
    training, valid = _split(data, settings, facts)
    steps = settings.epochs * len(training)
    history = train.fit(
        model,
        training,
        F.cross_entropy,
        optimizer,
        epochs=settings.epochs,
        valid=valid,
        schedule=torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.lr, steps),
        callbacks=[CsvLog(folder.path / "history.csv")],
        precision=settings.precision,
        compile=settings.compile,
        **options,
    )
    return model, history


def finish(folder: RunFolder) -> Path:
    """Write the best weights alone, as safetensors; the file."""
    model, _, facts = folder.model()
    # one note: the order of several is left to chance, and equal weights give equal files
    facts = json.dumps(asdict(facts))
    return weights.write(folder.path / "weights.safetensors", model, facts=facts)


def _split(
    data: images.ImageSet, settings: Settings, facts: Facts
) -> tuple[Batches, Batches]:
    chance = torch.Generator().manual_seed(0)  # the same whatever the run's seed
    order = torch.randperm(len(data.y_train), generator=chance)
    held_out, kept = order.tensor_split([round(len(order) * HELD_OUT)])
    X, y = data.X_train, data.y_train
    more = {"shuffle": True, "seed": settings.seed}
    if settings.augment:
        changes = [AUGMENTATIONS[name] for name in settings.augment]
        more["augment"] = augment.compose(*changes)
    training = batches(X[kept], y[kept], facts, settings.batch_size, **more)
    return training, batches(X[held_out], y[held_out], facts, 1000)


def _loaded(best: Path) -> dict:
    try:
        return load(best)
    except CheckpointError as error:
        raise CheckpointError(
            f"{error}. Use --weights newest, for the newest checkpoint that is whole"
        ) from error


def _built(kind: type, values: dict):
    known = {field.name for field in fields(kind)}
    if not isinstance(values, dict):
        raise ValueError(f"{values!r} is no {kind.__name__.lower()}")
    if values.keys() - known:
        unknown = ", ".join(sorted(values.keys() - known))
        raise ValueError(f"unknown entries: {unknown}; a newer torchbook may know them")
    tuples = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return kind(**tuples)
