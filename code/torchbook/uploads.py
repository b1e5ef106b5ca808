"""Pictures from strangers: bytes that may be anything, taken within limits or refused (part 12).

What a file claims is read from its first bytes, and a claim beyond the limits is refused before
a single pixel is decoded. No name is used, and nothing is written to disk here (the server lays
uploads of more than a MiB into the folder for temporary files until it is their turn).
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from torchbook import predict

if TYPE_CHECKING:
    from torchbook.runs import Facts

FORMATS = ("JPEG", "PNG")  # each further one is a decoder that strangers may play with
START_OF_SCAN = b"\xff\xda"
SCANS = 100  # of a JPEG; a common one has 1 to 10, and each is a pass over all pixels


@dataclass(frozen=True)
class Limits:
    """What one upload and all together may cost. Raises ValueError for numbers below 1."""

    bytes: int = 8 * 2**20
    pixels: int = 16_000_000
    seconds: float = 20  # for the upload to arrive
    waiting: int = 64  # at a time; `bytes` of each may lie in the temporary folder
    decoders: int = 2  # at a time; each may need 12 bytes for every pixel

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value >= 1:
                raise ValueError(f"limit {name} is {value}: wanted 1 or more")


class Refused(ValueError):
    """An upload that is not taken: the message says why, `status` is HTTP's code for it."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def read(
    content: bytes, facts: Facts, limits: Limits | None = None, *, invert: bool = False
) -> Tensor:
    """The picture in the bytes of a JPEG or PNG file, as the network wants: (C, H, W).

    It is cut and scaled as `torchbook predict` does it. Raises Refused: 400 for what is
    empty or damaged, 413 for too many bytes or pixels, 415 for what is no such picture.
    """
    from PIL import Image, UnidentifiedImageError

    limits = limits or Limits()
    if not content:
        raise Refused(400, "the file is empty")
    if len(content) > limits.bytes:
        raise too_long(limits)
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            _check_claims(picture, content, limits)
            return predict.fitted(picture, facts, invert=invert)
    except Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(
            413, f"the picture has more than {limits.pixels:,} pixels"
        ) from error
    except UnidentifiedImageError as error:
        words = "the file is no picture that is taken here: send a JPEG or a PNG"
        raise Refused(415, words) from error
    except Exception as error:  # a decoder may fail on a strange file in any way
        words = "the picture cannot be decoded: the file is damaged or was cut off"
        raise Refused(400, words) from error


def too_long(limits: Limits) -> Refused:
    """The refusal of more bytes than the limit."""
    most = f"{limits.bytes:,} bytes"
    return Refused(413, f"the upload is too large: at most {most} are taken")


def _check_claims(picture, content: bytes, limits: Limits) -> None:
    """What the first bytes say, before any pixel is decoded."""
    width, height = picture.size
    if width * height > limits.pixels:
        raise Refused(
            413,
            f"the picture has {width:,} by {height:,} pixels: at most {limits.pixels:,} "
            "in all are taken",
        )
    if picture.mode[0] in "IF":
        words = "the picture has gray of more than 8 bits: send one of 8"
        raise Refused(415, words)
    if picture.format != "PNG" and content.count(START_OF_SCAN) > SCANS:
        raise Refused(400, f"the JPEG has more than {SCANS} scans: save it anew")
