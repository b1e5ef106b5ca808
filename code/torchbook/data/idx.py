"""The IDX files of MNIST and its descendants: which there are, and whether one is whole.

IDX (LeCun et al., 1998) is a header of big-endian numbers (0, 0, type, dimensions, then each
length) and the values, row by row. The checksums are those of the published files, unpacked.
"""

import hashlib
import math
import struct
from dataclasses import dataclass
from pathlib import Path

import torch

UNSIGNED_BYTE = 8  # the header's code of the type


@dataclass(frozen=True)
class IdxFile:
    """One unpacked file: its name, the shape of what it holds, its SHA-256."""

    name: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def header(self) -> bytes:
        dimensions = len(self.shape)
        return struct.pack(
            f">HBB{dimensions}I", 0, UNSIGNED_BYTE, dimensions, *self.shape
        )

    @property
    def size(self) -> int:
        return len(self.header) + math.prod(self.shape)


@dataclass(frozen=True)
class IdxSet:
    """Four files, laid in `folder`/raw as torchvision does, and the page that publishes them."""

    title: str
    folder: str  # also the name of torchvision's class
    page: str
    classes: tuple[str, ...]
    files: tuple[IdxFile, ...]  # training images and labels, test images and labels


def _four(*checksums: str) -> tuple[IdxFile, ...]:
    names = (
        "train-images-idx3",
        "train-labels-idx1",
        "t10k-images-idx3",
        "t10k-labels-idx1",
    )
    shapes = ((60_000, 28, 28), (60_000,), (10_000, 28, 28), (10_000,))
    each = zip(names, shapes, checksums, strict=True)
    return tuple(
        IdxFile(f"{name}-ubyte", shape, sha256) for name, shape, sha256 in each
    )


FASHION_MNIST = IdxSet(
    "Fashion-MNIST",
    "FashionMNIST",
    "https://github.com/zalandoresearch/fashion-mnist",
    (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    _four(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)
MNIST = IdxSet(
    "MNIST",
    "MNIST",
    "https://github.com/cvdfoundation/mnist",
    tuple("0123456789"),
    _four(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)

_found_whole: set[tuple] = set()  # (path, what was expected, size, time of change)


def fault(path: Path, expected: IdxFile) -> str | None:
    """What is wrong with a file that is there, in words; None if it is byte for byte the
    published one. An answer of None is remembered until the file changes."""
    try:
        stat = path.stat()
        seen = (path, expected, stat.st_size, stat.st_mtime_ns)
        if seen in _found_whole:
            return None
        found = _fault(path, expected, stat.st_size)
    except OSError as error:
        return f"can not be read ({error.strerror})"
    if found is None:
        _found_whole.add(seen)
    return found


def _fault(path: Path, expected: IdxFile, size: int) -> str | None:
    with open(path, "rb") as file:
        if size != expected.size:
            return f"has {size:,} bytes instead of {expected.size:,}"
        if file.read(len(expected.header)) != expected.header:
            return f"does not begin as an IDX file of shape {expected.shape} does"
        file.seek(0)
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 != expected.sha256:
        wanted = expected.sha256[:12]
        return f"has the SHA-256 checksum {sha256[:12]}… instead of {wanted}…"
    return None


def read(path: Path, expected: IdxFile) -> torch.Tensor:
    """The values of a file without fault, uint8, of the expected shape.

    As torchvision reads it, but without the seconds that importing torchvision takes.
    """
    values = bytearray(path.read_bytes())
    return torch.frombuffer(
        values, dtype=torch.uint8, offset=len(expected.header)
    ).view(expected.shape)
