"""What takes seconds to make is made once and kept, with a checksum, in the cache folder."""

import contextlib
import hashlib
import json
from pathlib import Path

import torch

from torchbook.data.folder import cache_folder
from torchbook.files import replacing

CHECKSUM = "sha256"  # the name of the tensor that carries it


def cached(name: str, settings: dict, make, progress) -> dict[str, torch.Tensor]:
    """The dict of tensors that `make()` returns, read from the cache where it has been made.

    `settings` is all that decides the result: others are kept in another file. A file that is
    not whole is removed and made again; a cache that can not be written costs time, no more.
    """
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
    path = cache_folder() / f"{name}-{digest[:12]}.safetensors"
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
        content = (
            path.read_bytes()
        )  # whole, not mapped: the file may be replaced meanwhile
    except OSError:  # not there, or not ours to read: either way it is left as it is
        return None
    try:
        tensors = load(content)
        checksum = tensors.pop(CHECKSUM)
    except (SafetensorError, KeyError):
        tensors = None
    if tensors is not None and torch.equal(_checksum(tensors), checksum):
        return tensors
    # Where it can not be removed, the tensors are made anew every time.
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
    return None


def _write(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    from safetensors.torch import save

    with replacing(path) as file:
        file.write(save({**tensors, CHECKSUM: _checksum(tensors)}))


def _checksum(tensors: dict[str, torch.Tensor]) -> torch.Tensor:
    sha256 = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        sha256.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha256.update(tensor.contiguous().numpy())
    return torch.frombuffer(bytearray(sha256.digest()), dtype=torch.uint8)
