"""One picture from a file to bytes, and batches of them, in a worker or not."""

import random
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import Dataset, get_worker_info

from torchbook.data.folder import DataError

Transform = Callable[[Image.Image], Tensor]
ADVICE = "repair or remove it, or leave such files out with broken='skip'"


def decode(path: Path | str, at_least: int | None = None) -> Image.Image:
    """The picture in RGB, upright as its EXIF data say.

    With at_least (pixels) a JPEG may come at a half, a quarter or an eighth of its size, as
    long as its sides stay twice that long, for less work. Raises what Pillow raises, and
    ValueError for more than 8 bits a channel, which Pillow would cut off at 255.
    """
    if not Path(path).is_file():  # a pipe would be waited for
        raise FileNotFoundError(path)
    with Image.open(path) as image:
        if at_least is not None:
            image.draft(None, (2 * at_least, 2 * at_least))
        if image.mode[0] in "IF":
            raise ValueError(
                f"it has more than 8 bits a channel (mode {image.mode}): convert it"
            )
        return ImageOps.exif_transpose(image).convert("RGB")


def cover(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of the picture, as large as fits, at size (H, W); bilinear, antialiased."""
    height, width = size
    return ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)


def to_tensor(image: Image.Image) -> Tensor:
    """The bytes of an RGB picture, uint8 (3, H, W)."""
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


class Request(NamedTuple):
    """A batch to read: paths, what messages call them, and a seed for each."""

    paths: list[str]
    names: list[str]
    seeds: list[int]


class Reader(Dataset):
    """Reads a batch of files; each is covered to `size` (H, W), or transformed.

    Chance within the transform is set by the seed of the picture, and by nothing else.
    """

    def __init__(self, size: tuple[int, int], transform: Transform | None) -> None:
        self.size, self.transform = size, transform

    def __getitem__(self, request: Request) -> Tensor | str:
        """Bytes (B, C, H, W). What fails raises DataError; in a worker it is returned, as text.

        So the caller reads one sentence, and not where in which worker it was raised.
        """
        try:
            with _chance_kept():
                pictures = [self._one(*one) for one in zip(*request, strict=True)]
            for picture, name in zip(pictures, request.names, strict=True):
                _check_shape(picture, name, pictures[0], request.names[0])
        except DataError as error:
            if get_worker_info() is None:
                raise
            return str(error)
        return torch.stack(pictures)

    def _one(self, path: str, name: str, seed: int) -> Tensor:
        try:
            image = decode(path, None if self.transform else max(self.size))
        except Exception as error:  # a decoder may fail on a strange file in any way
            why = reason(Path(path), error)
            words = f"{name} cannot be read as a picture: {why}; {ADVICE}"
            raise DataError(words) from error
        if self.transform is None:
            return to_tensor(cover(image, self.size))
        _set_chance(seed)
        try:
            X = self.transform(image)
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            raise DataError(
                f"the transform failed on {name} with {type(error).__name__}: {error} "
                f"({where.filename}, line {where.lineno})"
            ) from error
        _check_kind(X, name)
        return X


def reason(path: Path, error: Exception) -> str:
    """Why reading path raised error, in words."""
    if not path.is_file():
        return "it is no file" if path.exists() else "it is not there"
    if isinstance(error, UnidentifiedImageError):
        return (
            "it is empty" if path.stat().st_size == 0 else "its content is no picture"
        )
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _check_kind(X: Tensor, name: str) -> None:
    what = type(X).__name__
    if isinstance(X, Tensor):
        if X.dtype == torch.uint8 and X.ndim == 3:
            return
        what = f"{X.dtype} {tuple(X.shape)}"
    raise DataError(f"the transform made {what} of {name}: wanted uint8 (C, H, W)")


def _check_shape(X: Tensor, name: str, first: Tensor, first_name: str) -> None:
    if X.shape != first.shape:
        raise DataError(
            f"the transform made {tuple(X.shape)} of {name} and {tuple(first.shape)} of "
            f"{first_name}: pictures of a batch must have one shape"
        )


@contextmanager
def _chance_kept() -> Iterator[None]:
    # without workers the global sources are those of the run
    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])
        torch.set_rng_state(kept[2])


def _set_chance(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)  # the CPU's alone
