"""Where data lies: a folder of published sets to read, and a cache for what we make ourselves.

The two are apart because the data folder may be somebody else's, and read-only.
"""

import os
from pathlib import Path


class DataError(RuntimeError):
    """A data set can not be had; the message says what was wanted and how to get it."""


def _named_by(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value).expanduser() if value else None


def _of_user() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("torchbook")


def cache_folder() -> Path:
    """The folder for what the package draws or unpacks: TORCHBOOK_CACHE, else the user's cache.

    It need not exist yet: whoever writes there makes it.
    """
    return _named_by("TORCHBOOK_CACHE") or _of_user()


def data_folder() -> Path:
    """The folder of the published sets: TORCHBOOK_DATA, else `data` in the user's cache."""
    return _named_by("TORCHBOOK_DATA") or _of_user() / "data"
