"""torchbook.data.folder: which folder is used, and that none is made by asking."""

from pathlib import Path

import platformdirs
import pytest

from torchbook.data.folder import DataError, cache_folder, data_folder


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path):
    for variable in ("TORCHBOOK_DATA", "TORCHBOOK_CACHE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda name: tmp_path / name)


def test_both_are_in_the_users_cache_unless_named(tmp_path):
    assert cache_folder() == tmp_path / "torchbook"
    assert data_folder() == tmp_path / "torchbook" / "data"
    assert list(tmp_path.iterdir()) == []


def test_the_data_folder_can_be_named_and_the_cache_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCHBOOK_DATA", "~/sets")
    assert data_folder() == Path.home() / "sets"
    assert cache_folder() == tmp_path / "torchbook"


def test_the_cache_can_be_named_and_the_data_folder_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCHBOOK_CACHE", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere"
    assert data_folder() == tmp_path / "torchbook" / "data"


def test_an_empty_setting_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCHBOOK_DATA", "")
    assert data_folder() == tmp_path / "torchbook" / "data"


def test_a_data_error_is_a_runtime_error():
    assert issubclass(DataError, RuntimeError)
