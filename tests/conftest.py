"""What all tests share: the folders, and a word at the end about what could not run."""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / f) for f in ("book/_tools", "book/_ext", "tests")]
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("TORCHBOOK_OFFLINE", "1")
os.environ["TORCHBOOK_PROGRESS"] = "off"  # whoever runs the tests is no reader

NO_BROWSER = (
    "No Chromium was found, so the built pages were not opened in a browser. Install it "
    "(Debian: apt install chromium; elsewhere: .venv/bin/playwright install chromium), or "
    "name one in TORCHBOOK_CHROMIUM, and run make test again."
)


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: opens the built book in Chromium")


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def html(root) -> Path:
    """The built book, of the sources as they are now; it is made by `make book`."""
    import build

    build.find_data_folder()
    if not build.DONE.is_file() or build.DONE.read_text() != build.fingerprint():
        pytest.fail("the built book is not that of these sources: run make book first")
    return root / "_build/html"


@pytest.fixture(scope="session")
def chromium(request) -> str:
    """The path of a Chromium; without one the test is left out, or fails where one is required."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = os.environ.get("TORCHBOOK_CHROMIUM") or next(
        filter(None, map(shutil.which, names)), ""
    )
    if not found:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            own = playwright.chromium.executable_path
        found = own if Path(own).is_file() else ""
    if not found:
        if os.environ.get("TORCHBOOK_REQUIRE_BROWSER"):
            pytest.fail(NO_BROWSER)
        request.config.stash[left_out] = True
        pytest.skip("no Chromium")
    return found


left_out = pytest.StashKey[bool]()


def pytest_terminal_summary(terminalreporter, config):
    if config.stash.get(left_out, False):
        terminalreporter.section("left out", sep="-")
        terminalreporter.write_line(NO_BROWSER)
