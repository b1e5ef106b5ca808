"""CIFAR-10 (Krizhevsky, 2009): 60,000 small color photographs in ten classes.

It is read as it was published, or from archives of JPEGs that lie in the data folder. The
published files are pickles, which run what they say when they are read: so none is, before its
checksum is found to be the published one.
"""

import hashlib
import importlib.metadata
import pickle
import tarfile
import tempfile
import warnings
from pathlib import Path

import torch

from torchbook.data import jpegs
from torchbook.data.cache import cached
from torchbook.data.fetch import OFFLINE, FetchError, downloaded, ensured, reached
from torchbook.data.folder import DataError
from torchbook.data.mirrors import offline
from torchbook.files import replacing

TITLE = "CIFAR-10"
PAGE = "https://www.cs.toronto.edu/~kriz/cifar.html"
CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
FOLDER = "cifar-10-batches-py"  # laid in the data folder as torchvision does
PACKED = "cifar-10-python.tar.gz"
MD5 = {  # of the published files, as in torchvision's class
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
META = "batches.meta"  # the names of the classes: torchvision wants it, and we do not
NEEDED_MB = 400  # for the packed file, and what comes out of it

JPEG_FOLDER = "cifar10-jpeg"


def load(root: Path, *, download: bool, progress) -> tuple[dict, str]:
    """The tensors of the set, X_train uint8 (N, 3, 32, 32) and so on, and their origin in words.

    JPEGs are read where they are in `root` and the published files are not. Raises
    MissingError when neither are there and nothing could be fetched, and DataError when a file
    is there but broken.
    """
    archives = {
        split: root / JPEG_FOLDER / f"{split}.tar.xz" for split in ("train", "test")
    }
    published = (root / FOLDER).exists() or (root / PACKED).exists()
    if not published and all(path.exists() for path in archives.values()):
        origin = "JPEGs from the data folder, so a little lossy, in an order of our own"
        return _from_jpegs(archives, progress), origin
    return _from_batches(root, download, progress), "read from the data folder"


def _from_batches(root: Path, download: bool, progress) -> dict[str, torch.Tensor]:
    """The published set, its files checked, and fetched where they are not there."""
    # What was found whole is kept, and read from here: it cannot change in between.
    whole: dict[str, bytes] = {}
    ensured(
        root / FOLDER,
        wanting=lambda: _wanting(root / FOLDER, whole),
        fetch=lambda files: whole.update(_fetch(root, files, progress)),
        message=lambda *what: _message(root, *what),
        download=download,
        needed_mb=NEEDED_MB,
    )
    batches = {name: _unpickled(whole.pop(name)) for name in MD5}
    test = batches.pop("test_batch")
    train = zip(*batches.values(), strict=True)
    X_train, y_train = (torch.cat(parts) for parts in train)
    return {
        "X_train": X_train,
        "y_train": y_train,
        "X_test": test[0],
        "y_test": test[1],
    }


def _wanting(folder: Path, whole: dict) -> tuple[list[str], dict[str, str]]:
    """The files that are not there, and what is wrong with others; the rest goes into `whole`."""
    missing, broken = [], {}
    for name in MD5.keys() - whole.keys():
        try:
            content = (folder / name).read_bytes()
        except FileNotFoundError:
            missing.append(name)
        except OSError as error:
            broken[name] = f"can not be read ({error.strerror})"
        else:
            if fault := _fault(name, content):
                broken[name] = fault
            else:
                whole[name] = content
    return sorted(missing), dict(sorted(broken.items()))


def _fault(name: str, content: bytes) -> str | None:
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if found == MD5[name]:
        return None
    return (
        f"has {len(content):,} bytes with the MD5 checksum {found[:12]}… instead of "
        f"{MD5[name][:12]}…"
    )


def _message(root: Path, missing: list[str], broken: dict[str, str], why: str) -> str:
    wrong = [f"{name} is broken: it {words}" for name, words in broken.items()]
    wrong += [f"{name} is not there" for name in missing]
    if len(missing) == len(MD5):
        wrong = ["none of its six files is there"]
    kept = " What is broken was left as it is." if broken else ""
    return (
        f"{TITLE} can not be read from {root / FOLDER}: {'; '.join(wrong)}.\n"
        f"It was not fetched because {why}.{kept}\n"
        f"To get it: connect to the network and run this again; or put {PACKED} of {PAGE} into "
        f"{root}; or set TORCHBOOK_DATA to a folder that has {FOLDER}, or JPEGs in "
        f"{JPEG_FOLDER}/train.tar.xz and test.tar.xz."
    )


def _fetch(root: Path, files: list[str], progress) -> dict[str, bytes]:
    """Put whole files into the folder, from the packed one, which is fetched if it must be.

    Returns what is in them. Raises FetchError, or OSError if the folder can not be written.
    """
    packed = root / PACKED
    if offline() and not packed.exists():
        raise FetchError(OFFLINE)
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    if check_integrity(packed, CIFAR10.tgz_md5):
        progress(f"Unpacking {PACKED} in {root}")
        return _unpack(packed, root / FOLDER, files)
    server = CIFAR10.url.removesuffix(PACKED)
    mirrors = reached([server], instead_of=[packed])
    root.mkdir(parents=True, exist_ok=True)
    progress(f"Fetching {PACKED} (170 MB) of {TITLE} in {root}")
    with tempfile.TemporaryDirectory(dir=root, prefix=".fetching-") as desk:
        fetched = downloaded(PACKED, CIFAR10.tgz_md5, mirrors, desk)
        return _unpack(fetched, root / FOLDER, files)


def _unpack(packed: Path, folder: Path, files: list[str]) -> dict[str, bytes]:
    """Write these files and no others: what else an archive may hold stays in it."""
    unpacked = {}
    with tarfile.open(packed) as tar:
        for name in (*files, META):
            try:
                content = tar.extractfile(f"{FOLDER}/{name}").read()
            except (KeyError, AttributeError):  # not there, or no file
                raise FetchError(f"{PACKED} has no file {FOLDER}/{name}") from None
            if name != META and (words := _fault(name, content)):
                raise FetchError(f"{name} in {PACKED} {words}")
            with replacing(folder / name) as file:
                file.write(content)
            unpacked[name] = content
    return unpacked


def _unpickled(content: bytes) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures (N, 3, 32, 32) and labels (N,) of a batch whose checksum was found right."""
    with warnings.catch_warnings(action="ignore"):
        # NumPy minds how a file of 2009 writes its types.
        batch = pickle.loads(content, encoding="latin1")
    X = torch.from_numpy(batch["data"]).view(-1, 3, 32, 32)
    return X, torch.tensor(batch["labels"])


def _from_jpegs(archives: dict[str, Path], progress) -> dict[str, torch.Tensor]:
    """The set as JPEGs have it, decoded once and kept in the cache."""

    def make():
        tensors = {}
        for split, path in archives.items():
            X, y = jpegs.read(path, split, CLASSES, side=32)
            tensors |= {f"X_{split}": X, f"y_{split}": y}
        return tensors

    settings = {
        "archives": [_sha256(path) for path in archives.values()],
        "code": _sha256(Path(jpegs.__file__)),
        "versions": [importlib.metadata.version(p) for p in ("pillow", "torch")],
    }
    return cached(JPEG_FOLDER, settings, make, progress)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path} can not be read: {error.strerror or error}") from error
