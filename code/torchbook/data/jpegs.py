"""Pictures from an archive, `split/class/name.jpg` in a .tar.xz: read in memory, never unpacked.

An archive may name files outside its folder, hold links, or unpack to more than the disk holds.
So no name in it is ever given to the disk, and what is not a small picture of a class is refused.
"""

import io
import tarfile
from pathlib import Path

import torch

from torchbook.data.folder import DataError

LARGEST = 500_000_000  # bytes of an unpacked archive


def read(
    path: Path, split: str, classes: tuple[str, ...], side: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The pictures, uint8 (N, 3, side, side), and labels, int64 (N,), in a shuffled order.

    The order is the same each time. Raises DataError for an archive that is broken, that holds
    anything else, or that lacks a class.
    """
    found: dict[tuple[int, str], bytes] = {}
    with _opened(path) as tar:
        for member in tar:
            if member.isdir() or member.name.split("/")[-1].startswith("."):
                continue  # some systems add files of their own, with a dot
            key = _place(member, split, classes)
            if key is None:
                raise DataError(
                    f"{path} holds {member.name!r}; wanted {split}/class/name.jpg, with the "
                    f"classes {', '.join(classes)}"
                )
            found[key] = _pixels(
                tar.extractfile(member).read(), side, path, member.name
            )
    lacking = set(range(len(classes))) - {label for label, _ in found}
    if lacking:
        names = ", ".join(classes[label] for label in sorted(lacking))
        raise DataError(f"{path} has no picture of {names}")
    return _tensors(found, side)


def _opened(path: Path) -> tarfile.TarFile:
    import lzma  # here, as some Pythons are built without it

    try:
        with lzma.open(path) as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise DataError(f"{path} unpacks to more than {LARGEST:,} bytes")
        return tarfile.open(fileobj=io.BytesIO(content), mode="r:")
    except (lzma.LZMAError, EOFError, tarfile.TarError) as error:
        raise DataError(
            f"{path} is broken: {error}. Put a whole one in its place, or remove it"
        ) from error
    except OSError as error:
        raise DataError(f"{path} can not be read: {error.strerror or error}") from error


def _place(member: tarfile.TarInfo, split: str, classes) -> tuple[int, str] | None:
    """The label and the name of a picture; None for what is none."""
    parts = member.name.removeprefix("./").split("/")
    if not member.isfile() or len(parts) != 3:
        return None
    if parts[0] != split or parts[1] not in classes or not parts[2].endswith(".jpg"):
        return None
    return classes.index(parts[1]), parts[2]


def _pixels(jpeg: bytes, side: int, path: Path, name: str) -> bytes:
    """Red, green and blue of each pixel, row by row."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
            size = image.size  # known before anything large is unpacked
            if size == (side, side):
                return image.convert("RGB").tobytes()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{name} in {path} is no whole JPEG: {error}") from error
    raise DataError(
        f"{name} in {path} has {size[0]}×{size[1]} pixels, not {side}×{side}"
    )


def _tensors(found, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    keys = sorted(found)  # by class and name, whatever the order of the archive
    generator = torch.Generator().manual_seed(0)
    keys = [keys[i] for i in torch.randperm(len(keys), generator=generator)]
    pixels = bytearray(b"".join(found[key] for key in keys))
    X = torch.frombuffer(pixels, dtype=torch.uint8).view(-1, side, side, 3)
    y = torch.tensor([label for label, _ in keys])
    return X.permute(0, 3, 1, 2).contiguous(), y  # (N, 3, side, side)
