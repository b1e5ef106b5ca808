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


class FetchError(Exception):
    """Why a download did not happen, in a clause."""


def ensure(idx_set: IdxSet, root: Path, *, download: bool, progress) -> Path:
    """The folder with a set's four files, each checked; what lacks or is broken is fetched.

    Raises MissingError if files lack and could not be fetched, DataError if one is broken and
    could not be replaced. Without `download` nothing in the folder is changed.
    """
    raw = root / idx_set.folder / "raw"
    ensured(
        raw,
        wanting=lambda: _wanting(idx_set, raw),
        fetch=lambda files: _fetch(idx_set, raw, files, progress),
        message=lambda *what: _message(idx_set, raw, *what),
        download=download,
    )
    return raw


def ensured(
    folder: Path, *, wanting, fetch, message, download: bool, needed_mb: int = NEEDED_MB
) -> None:
    """What `ensure` does, for any set: see that its files are in the folder, and whole.

    `wanting()` gives a list of the files that are not there and a dict of what is wrong with
    those that are broken; `fetch(files)` puts them right, or raises FetchError or OSError;
    `message(missing, broken, why)` is what an error then says.
    """
    missing, broken = wanting()
    if not missing and not broken:
        return
    try:
        if not download:
            raise FetchError("downloading is switched off")
        fetch([*missing, *broken])
    except (FetchError, OSError) as error:
        why = str(error)
        if isinstance(error, OSError):
            why = _about_the_folder(error, folder, needed_mb)
        missing, broken = wanting()  # some may have been fetched before the trouble
        text = message(missing, broken, why)
        raise (DataError(text) if broken else MissingError(text, why)) from None


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


def _about_the_folder(error: OSError, raw: Path, needed_mb: int) -> str:
    if error.errno in NO_SPACE:
        return (
            f"there is no space left for {raw} (free {needed_mb} MB, or set TORCHBOOK_DATA to a "
            "folder on a larger disk)"
        )
    return (
        f"the folder {raw} can not be written: {error.strerror or error} (set TORCHBOOK_DATA to "
        "a folder of your own)"
    )


def _fetch(idx_set: IdxSet, raw: Path, files: list[IdxFile], progress) -> None:
    """Put whole files into `raw`, from a .gz that lies there or from the network.

    Raises FetchError, or OSError if the folder can not be written.
    """
    if offline() and not any(_packed(raw, file).exists() for file in files):
        # said without the seconds that importing torchvision takes
        raise FetchError(OFFLINE)
    from torchvision import datasets

    published = getattr(datasets, idx_set.folder)
    md5 = {Path(packed).stem: checksum for packed, checksum in published.resources}
    check = datasets.utils.check_integrity
    here = [file for file in files if check(_packed(raw, file), md5[file.name])]
    wanted = [_packed(raw, file) for file in files if file not in here]
    mirrors = reached(published.mirrors, instead_of=wanted) if wanted else []
    raw.mkdir(parents=True, exist_ok=True)
    for file in files:
        doing = "Unpacking" if file in here else "Fetching"
        progress(f"{doing} {file.name}.gz of {idx_set.title} in {raw}")
        with tempfile.TemporaryDirectory(dir=raw, prefix=".fetching-") as desk:
            if file in here:
                datasets.utils.extract_archive(_packed(raw, file), desk)
            else:
                packed = downloaded(f"{file.name}.gz", md5[file.name], mirrors, desk)
                datasets.utils.extract_archive(packed, desk)
            _move_in(file, Path(desk), raw)


def _move_in(file: IdxFile, desk: Path, raw: Path) -> None:
    if words := fault(desk / file.name, file):
        raise FetchError(f"{file.name} as fetched {words}")
    os.replace(desk / file.name, raw / file.name)


def _packed(raw: Path, file: IdxFile) -> Path:
    return raw / f"{file.name}.gz"


def reached(published: list[str], *, instead_of: list[Path]) -> list[str]:
    """The mirrors that answer; FetchError if none does.

    A file that lies where the packed one is looked for has been found to be broken. Somebody
    put it there to be used, and would look for the fault elsewhere: so the error names it.
    """
    mirrors = [] if offline() else answering(published)
    if mirrors:
        return mirrors
    hosts = ", ".join(sorted({urlsplit(mirror).netloc for mirror in published}))
    why = OFFLINE if offline() else f"no server answered ({hosts})"
    damaged = [path.name for path in instead_of if path.exists()]
    raise FetchError(f"{why} and {', '.join(damaged)} is broken" if damaged else why)


def downloaded(name: str, md5: str, mirrors: list[str], desk: str) -> Path:
    """Fetch one file into the folder `desk` with torchvision, mirror after mirror, and check it.

    Raises FetchError when no mirror gives it, OSError when the folder can not be written.
    """
    from torchvision.datasets.utils import download_url

    errors = []
    for mirror in mirrors:
        try:
            with patience():
                download_url(f"{mirror}{name}", desk, md5=md5)
            return Path(desk, name)
        except (RuntimeError, OSError, HTTPException) as error:
            remote = isinstance(error, (URLError, ssl.SSLError))
            local = isinstance(error, OSError) and not remote
            if local and error.errno in NO_SPACE | NOT_OURS:
                raise
            errors.append(f"{mirror} gave: {error}")
    raise FetchError(f"the download of {name} failed ({'; '.join(errors)})")
