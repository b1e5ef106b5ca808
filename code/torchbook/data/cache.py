"""What takes seconds to make is made once and kept, with a checksum, in the cache folder."""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

import torch

from torchbook.data.folder import cache_folder

CHECKSUM = "sha256"  # the name of the tensor that carries it


def cached(name: str, settings: dict, make, progress) -> dict[str, torch.Tensor]:
    """The dict of tensors that `make()` returns, read from the cache where it has been made.

    `settings` is all that decides the result: others are kept in another file. A file that is
    not whole is removed and made again; a cache that can not be written costs time, no more.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[
        :12
    ]
    path = cache_folder() / f"{name}-{digest}.safetensors"
    tensors = _read(path)
    if tensors is None:
        progress(f"Making {name}, to be kept in {path.parent}")
        tensors = make()
        try:
            _write(path, tensors)
        except OSError as error:
            progress(
                f"{name} could not be kept in {path.parent}: {error.strerror or error}"
            )
    return tensors


def _read(path: Path) -> dict[str, torch.Tensor] | None:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        # Read whole, not mapped: the file may be replaced while the tensors are in use.
        tensors = load(path.read_bytes())
        checksum = tensors.pop(CHECKSUM)
    except (OSError, SafetensorError, KeyError):
        tensors = None
    if tensors is None or not torch.equal(_checksum(tensors), checksum):
        # Where it can not be removed, the tensors are made anew every time.
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        return None
    return tensors


def _write(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Write beside, then rename: a reader sees a whole file or none."""
    from safetensors.torch import save

    path.parent.mkdir(parents=True, exist_ok=True)
    file, beside = tempfile.mkstemp(dir=path.parent, prefix=".making-")
    try:
        with os.fdopen(file, "wb") as file:
            file.write(save({**tensors, CHECKSUM: _checksum(tensors)}))
        os.replace(beside, path)
    finally:
        Path(beside).unlink(missing_ok=True)


def _checksum(tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    sha256 = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        sha256.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha256.update(tensor.contiguous().numpy())
    return torch.frombuffer(bytearray(sha256.digest()), dtype=torch.uint8)
