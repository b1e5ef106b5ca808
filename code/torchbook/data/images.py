"""Sets of small pictures, by name: `load("fashion_mnist", stand_in="glyphs")`.

Pictures stay bytes, (N, C, H, W), as they are published: scaling and normalising are lessons of
their own, and so are left to the page.
"""

import difflib
import hashlib
import importlib.metadata
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from torchbook.data import cifar, colors, glyphs, idx
from torchbook.data.cache import cached
from torchbook.data.fetch import MissingError, ensure
from torchbook.data.folder import DataError, data_folder

TRAIN_GLYPHS, TEST_GLYPHS = 50_000, 10_000
TEST_DIGITS = 360
LETTERS = "ABCDEFGHIJ"


class UnknownSetError(DataError, ValueError):
    """No set has that name."""


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """Pictures, uint8 (N, C, H, W), their labels, int64 (N,), and where they are from.

    `wanted` is the title of the set that was asked for; `why`, if another one stands in for it,
    is the reason.
    """

    name: str
    title: str
    origin: str
    X_train: torch.Tensor
    y_train: torch.Tensor
    X_test: torch.Tensor
    y_test: torch.Tensor
    classes: tuple[str, ...]
    wanted: str
    why: str = ""

    @property
    def is_stand_in(self) -> bool:
        return self.wanted != self.title

    @property
    def note(self) -> str:
        """One line for the top of a page: what ran, and what did not and why."""
        height, width = self.X_train.shape[-2:]
        line = (
            f"Data: {self.title} ({self.origin}), {len(self.X_train):,} training and "
            f"{len(self.X_test):,} test images of {height}×{width} pixels in "
            f"{len(self.classes)} classes"
        )
        if not self.is_stand_in:
            return f"{line}."
        return (
            f"{line}, in place of {self.wanted}, which is not in the data folder and was not "
            f"fetched because {self.why}; to run this on {self.wanted}, connect to the network "
            "or set TORCHBOOK_DATA to a folder that has it."
        )

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.X_train.shape[1:]))
        return f"<{self.title}: {len(self.X_train):,} + {len(self.X_test):,} images, {shape}>"


def load(
    name: str,
    *,
    stand_in: str | None = None,
    folder: str | Path | None = None,
    download: bool = True,
    progress: Callable[[str], None] | None = None,
) -> ImageSet:
    """The set of that name, one of NAMES (else UnknownSetError), hyphens and capitals forgiven.

    A published set is read from `folder` (default: `data_folder()`) or fetched into it; failing
    that, `stand_in` is loaded, as its `note` says. DataError: no stand-in was given, or a file is
    there but broken. `progress` is called with a line of text before each slow step.
    """
    name, stand_in, progress = (
        _known(name),
        stand_in and _known(stand_in),
        progress or _silent,
    )
    if name in EMBEDDED:
        return EMBEDDED[name](progress)
    try:
        root = Path(folder or data_folder()).expanduser()
        return _published(name, root, download, progress)
    except MissingError as missing:
        if not stand_in:
            raise
        other = load(stand_in, folder=folder, download=download, progress=progress)
        return replace(other, wanted=TITLES[name], why=missing.why)


def _silent(text: str) -> None:
    pass


def _known(name: str) -> str:
    def bare(text):
        return text.lower().replace("-", "").replace("_", "").replace(" ", "")

    names = {bare(known): known for known in NAMES}
    if bare(name) in names:
        return names[bare(name)]
    close = difflib.get_close_matches(bare(name), names, n=2)
    meant = (
        f" Did you mean {' or '.join(repr(names[c]) for c in close)}?" if close else ""
    )
    there = ", ".join(NAMES)
    raise UnknownSetError(
        f"no set of images is called {name!r}.{meant} There are: {there}."
    )


def _published(name: str, root: Path, download: bool, progress) -> ImageSet:
    if name == "cifar10":
        tensors, origin = cifar.load(root, download=download, progress=progress)
        classes = cifar.CLASSES
    else:
        idx_set = IDX[name]
        raw = ensure(idx_set, root, download=download, progress=progress)
        X_train, y_train, X_test, y_test = (
            idx.read(raw / file.name, file) for file in idx_set.files
        )
        tensors = {
            "X_train": X_train.unsqueeze(1),
            "y_train": y_train.long(),
            "X_test": X_test.unsqueeze(1),
            "y_test": y_test.long(),
        }
        origin, classes = "read from the data folder", idx_set.classes
    title = TITLES[name]
    return ImageSet(name, title, origin, classes=classes, wanted=title, **tensors)


def _digits(progress) -> ImageSet:
    """Handwritten digits of 8×8 pixels, the test set of Alpaydin and Kaynak (1998)."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    published = load_digits()
    X = (
        torch.from_numpy(published.images).mul(255 / 16).round().to(torch.uint8)
    )  # from 0…16
    y = torch.from_numpy(published.target).long()
    train, test = train_test_split(
        range(len(y)), test_size=TEST_DIGITS, stratify=y, random_state=0
    )
    X = X.unsqueeze(1)  # (N, 1, 8, 8)
    classes = tuple(str(name) for name in published.target_names)
    return ImageSet(
        "digits",
        "Digits",
        "handwritten, inside scikit-learn",
        X[train],
        y[train],
        X[test],
        y[test],
        classes,
        "Digits",
    )


def _glyphs(progress) -> ImageSet:
    """Letters, white on black: what Fashion-MNIST is in shape."""

    def draw(n, seed):
        return glyphs.draw(n, LETTERS, seed)

    return _drawn("glyphs", "Glyphs", draw, [glyphs], progress)


def _color_glyphs(progress) -> ImageSet:
    """Letters of one color on another: what CIFAR-10 is in shape and in number."""

    def draw(n, seed):
        ink, labels = glyphs.draw(n, LETTERS, seed, size=32)
        # another seed: chance that chose the letters must not choose their colors
        return colors.colored(ink, seed + 1000), labels

    return _drawn("color_glyphs", "Colored glyphs", draw, [glyphs, colors], progress)


def _drawn(name: str, title: str, draw, modules, progress) -> ImageSet:
    """A set that `draw(n, seed)` makes with the code of these modules, kept when made."""

    def make():
        X_train, y_train = draw(TRAIN_GLYPHS, seed=0)
        X_test, y_test = draw(TEST_GLYPHS, seed=1)
        return {
            "X_train": X_train,
            "y_train": y_train,
            "X_test": X_test,
            "y_test": y_test,
        }

    code = b"".join(Path(module.__file__).read_bytes() for module in modules)
    settings = {
        "classes": LETTERS,
        "counts": [TRAIN_GLYPHS, TEST_GLYPHS],
        "code": hashlib.sha256(code).hexdigest(),
        "versions": [
            importlib.metadata.version(p) for p in ("matplotlib", "pillow", "torch")
        ],
    }
    tensors = cached(name, settings, make, progress)
    origin = "letters drawn from the fonts that Matplotlib ships"
    return ImageSet(
        name, title, origin, classes=tuple(LETTERS), wanted=title, **tensors
    )


EMBEDDED = {"digits": _digits, "glyphs": _glyphs, "color_glyphs": _color_glyphs}
IDX = {"fashion_mnist": idx.FASHION_MNIST, "mnist": idx.MNIST}
TITLES = {name: published.title for name, published in IDX.items()}
TITLES["cifar10"] = cifar.TITLE
NAMES = (*EMBEDDED, *TITLES)
