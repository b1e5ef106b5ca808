"""Every answer in a module's tables is a test of its own: see answers.py."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("answers")

TABLES = {("name", "number"): "RIGHT", ("name", "kind"): "WRONG"}


def pytest_generate_tests(metafunc):
    for names, table in TABLES.items():
        if {*names, "request"} <= set(metafunc.fixturenames):
            found = getattr(metafunc.module, table).items()
            numbered = table == "RIGHT"
            rows = [
                (name, key)
                for name, answers in found
                for key in (range(len(answers)) if numbered else answers)
            ]
            metafunc.parametrize(names, rows)
