"""Published sets of pictures: used where they lie, else fetched, and never trusted unchecked.

A file is fetched beside its place, checked there, and only then moved in. So a download that
fails loses nothing, not even the broken file that it was to replace.
"""

import errno
import os
import ssl
import tempfile
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

from torchbook.data.folder import DataError
from torchbook.data.idx import IdxFile, IdxSet, fault
from torchbook.data.mirrors import answering, offline, patience

NEEDED_MB = 100  # the unpacked files of a set, and the largest one packed
OFFLINE = "TORCHBOOK_OFFLINE is set"
NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
NOT_OURS = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOTDIR,
    errno.EEXIST,
    errno.EISDIR,
}


class MissingError(DataError):
    """A set is not in the data folder and could not be put there; `why` says why, in a clause.

    A broken file is another matter: it raises DataError, which no stand-in may hide.
    """

    def __init__(self, message: str, why: str):
        super().__init__(message)
        self.why = why


class _FetchError(Exception):
    """Why a download did not happen, in a clause."""


def ensure(idx_set: IdxSet, root: Path, *, download: bool, progress) -> Path:
    """The folder with a set's four files, each checked; what lacks or is broken is fetched.

    Raises MissingError if files lack and could not be fetched, DataError if one is broken and
    could not be replaced. Without `download` nothing in the folder is changed.
    """
    raw = root / idx_set.folder / "raw"
    missing, broken = _wanting(idx_set, raw)
    if not missing and not broken:
        return raw
    try:
        if not download:
            raise _FetchError("downloading is switched off")
        _fetch(idx_set, raw, [*missing, *broken], progress)
    except (_FetchError, OSError) as error:
        why = (
            _about_the_folder(error, raw) if isinstance(error, OSError) else str(error)
        )
        missing, broken = _wanting(
            idx_set, raw
        )  # some may have been fetched before the trouble
        message = _message(idx_set, raw, missing, broken, why)
        raise (DataError(message) if broken else MissingError(message, why)) from None
    return raw


def _wanting(idx_set: IdxSet, raw: Path) -> tuple[list[IdxFile], dict[IdxFile, str]]:
    """The files that are not there, and those that are broken with what is wrong."""
    missing = [file for file in idx_set.files if not os.path.lexists(raw / file.name)]
    there = [file for file in idx_set.files if file not in missing]
    return missing, {
        file: wrong for file in there if (wrong := fault(raw / file.name, file))
    }


def _message(idx_set, raw, missing, broken, why) -> str:
    wrong = [f"{file.name} is broken: it {words}" for file, words in broken.items()]
    wrong += [f"{file.name} is not there" for file in missing]
    if len(missing) == len(idx_set.files):
        wrong = ["none of its four files is there"]
    kept = " What is broken was left as it is." if broken else ""
    return (
        f"{idx_set.title} can not be read from {raw}: {'; '.join(wrong)}.\n"
        f"It was not fetched because {why}.{kept}\n"
        f"To get it: connect to the network and run this again; or put the four files of "
        f"{idx_set.page} (unpacked, or .gz) into {raw}; or set TORCHBOOK_DATA to a folder that "
        f"has them in {idx_set.folder}/raw."
    )


def _about_the_folder(error: OSError, raw: Path) -> str:
    if error.errno in NO_SPACE:
        return (
            f"there is no space left for {raw} (free {NEEDED_MB} MB, or set TORCHBOOK_DATA to a "
            "folder on a larger disk)"
        )
    return (
        f"the folder {raw} can not be written: {error.strerror or error} (set TORCHBOOK_DATA to "
        "a folder of your own)"
    )


def _fetch(idx_set: IdxSet, raw: Path, files: list[IdxFile], progress) -> None:
    """Put whole files into `raw`, from a .gz that lies there or from the network.

    Raises _FetchError, or OSError if the folder can not be written.
    """
    if offline() and not any(_packed(raw, file).exists() for file in files):
        raise _FetchError(
            OFFLINE
        )  # without the seconds that importing torchvision takes
    from torchvision import datasets

    published = getattr(datasets, idx_set.folder)
    md5 = {Path(packed).stem: checksum for packed, checksum in published.resources}
    check = datasets.utils.check_integrity
    here = [file for file in files if check(_packed(raw, file), md5[file.name])]
    wanted = [file for file in files if file not in here]
    mirrors = _mirrors(published.mirrors, raw, wanted) if wanted else []
    raw.mkdir(parents=True, exist_ok=True)
    for file in files:
        doing = "Unpacking" if file in here else "Fetching"
        progress(f"{doing} {file.name}.gz of {idx_set.title} in {raw}")
        with tempfile.TemporaryDirectory(dir=raw, prefix=".fetching-") as desk:
            if file in here:
                datasets.utils.extract_archive(_packed(raw, file), desk)
            else:
                _download(file, md5[file.name], mirrors, desk)
            _move_in(file, Path(desk), raw)


def _move_in(file: IdxFile, desk: Path, raw: Path) -> None:
    if words := fault(desk / file.name, file):
        raise _FetchError(f"{file.name} as fetched {words}")
    os.replace(desk / file.name, raw / file.name)


def _packed(raw: Path, file: IdxFile) -> Path:
    return raw / f"{file.name}.gz"


def _mirrors(published: list[str], raw: Path, wanted: list[IdxFile]) -> list[str]:
    """The mirrors that answer; _FetchError if none does."""
    mirrors = [] if offline() else answering(published)
    if mirrors:
        return mirrors
    hosts = ", ".join(sorted({urlsplit(mirror).netloc for mirror in published}))
    why = OFFLINE if offline() else f"no server answered ({hosts})"
    # Somebody put it there to be used, and would look for the fault elsewhere.
    damaged = [
        _packed(raw, file).name for file in wanted if _packed(raw, file).exists()
    ]
    raise _FetchError(f"{why} and {', '.join(damaged)} is broken" if damaged else why)


def _download(file: IdxFile, md5: str, mirrors: list[str], desk: str) -> None:
    """Fetch and unpack one file into the folder `desk` with torchvision, mirror after mirror."""
    from torchvision.datasets.utils import download_and_extract_archive

    errors = []
    for mirror in mirrors:
        try:
            with patience():
                download_and_extract_archive(f"{mirror}{file.name}.gz", desk, md5=md5)
            return
        except (RuntimeError, OSError, HTTPException) as error:
            remote = isinstance(error, (URLError, ssl.SSLError))
            local = isinstance(error, OSError) and not remote
            if local and error.errno in NO_SPACE | NOT_OURS:
                raise
            errors.append(f"{mirror} gave: {error}")
    raise _FetchError(f"the download of {file.name}.gz failed ({'; '.join(errors)})")
