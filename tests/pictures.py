"""Picture files made by the tests, good ones and such as nobody should open."""

import io
import struct
import zlib

import numpy as np
from PIL import Image


def encoded(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def noise(size=(30, 20), mode="RGB"):
    width, height = size
    rng = np.random.default_rng(0)
    values = rng.integers(0, 256, (height, width, 4), dtype=np.uint8)
    return Image.fromarray(values, "RGBA").convert(mode)


def chunk(kind, content):
    crc = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", crc)


def png(width, height, body=b"", depth=8, color=0):
    """A file that claims a size, whatever its body holds."""
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", body), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
