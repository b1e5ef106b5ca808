"""torchbook.journal: rows that outlive a kill, and files that are not ours left alone."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from torchbook import journal
from torchbook.journal import Journal, JournalError

HEADING = {"work": "search", "seed": 0, "share": 0.1, "names": ("a", "b")}
ROWS = [{"n": n, "value": n / 3} for n in range(4)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs" / "work.jsonl"


def write(path, rows=ROWS, heading=HEADING):
    with Journal(path, heading) as opened:
        for row in rows:
            opened.append(row)
    return path


def read(path, heading=HEADING):
    with Journal(path, heading) as opened:
        return opened.rows


def test_rows_are_read_back_as_they_were_written(path):
    write(path)
    assert read(path) == ROWS
    heading, *rows = map(json.loads, path.read_text().splitlines())
    assert heading == {**HEADING, "names": ["a", "b"]}
    assert rows == ROWS


def test_it_goes_on_where_it_ended(path):
    write(path, ROWS[:2])
    before = path.read_bytes()
    write(path, ROWS[2:])
    assert path.read_bytes().startswith(before)
    assert read(path) == ROWS


def test_a_row_is_on_the_disk_when_append_returns(path, monkeypatch):
    synced = []
    monkeypatch.setattr(
        journal.os, "fsync", lambda number: synced.append(path.read_bytes())
    )
    with Journal(path, HEADING) as opened:
        for n, row in enumerate(ROWS, start=2):
            opened.append(row)
            assert len(synced) == n
            assert synced[-1].endswith(json.dumps(row).encode() + b"\n")


@pytest.mark.parametrize("kept", range(5))
def test_whatever_a_kill_leaves_of_the_last_line_is_dropped(path, kept):
    whole = write(path).read_bytes()
    lines = whole.splitlines(keepends=True)
    start = sum(map(len, lines[:kept]))
    for length in {1, len(lines[kept]) // 2, len(lines[kept]) - 1}:
        path.write_bytes(whole[: start + length])
        with pytest.warns(RuntimeWarning, match="ended in half a line"):
            assert read(path) == ROWS[: max(0, kept - 1)]
        write(path, ROWS[max(0, kept - 1) :])
        assert path.read_bytes() == whole


def test_an_empty_file_is_begun(path):
    path.parent.mkdir()
    path.touch()
    write(path)
    assert read(path) == ROWS


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_killed_program_loses_no_row(path):
    code = (
        "import sys; from torchbook.journal import Journal\n"
        "with Journal(sys.argv[1], {'work': 1}) as journal:\n"
        "    for n in range(10**6):\n"
        "        journal.append({'n': n}); print(n, flush=True)\n"
    )
    root = Path(journal.__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", code, path],
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        for _ in range(20):
            running.stdout.readline()
        running.send_signal(signal.SIGKILL)
        told = 20 + len(running.stdout.read().splitlines())
    rows = [json.loads(line)["n"] for line in path.read_bytes().split(b"\n")[1:-1]]
    assert rows == list(range(len(rows)))
    assert len(rows) >= told


@pytest.mark.parametrize("content", [b"half of something", b"\x80PK", b"{", b"\0" * 9])
def test_a_file_of_another_kind_is_refused_and_left(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    if content == b"{":  # what a kill may leave of a heading
        with pytest.warns(RuntimeWarning):
            assert read(path) == []
        return
    with pytest.raises(JournalError, match="another kind of file"):
        read(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\xff\xfe\n", b"[1]\n", b"\n"])
def test_lines_that_are_no_rows_are_refused_and_left(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(JournalError, match="line 1 is damaged"):
        read(path)
    assert path.read_bytes() == content


def test_a_damaged_line_in_the_middle_is_named(path):
    lines = write(path).read_bytes().splitlines(keepends=True)
    lines[2] = b"\0" * len(lines[2][:-1]) + b"\n"
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalError, match=r"line 3 is damaged.*Cut the file before"):
        read(path)
    assert path.read_bytes() == b"".join(lines)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "its seed is 0, and here it is 1"),
        ({"names": ("a",)}, r"its names is \['a', 'b'\], and here it is \['a'\]"),
        ({"more": 2}, "its more is None, and here it is 2"),
    ],
)
def test_the_file_of_other_work_is_refused_and_left(path, change, said):
    before = write(path).read_bytes()
    with pytest.raises(JournalError, match=said):
        read(path, {**HEADING, **change})
    assert path.read_bytes() == before


def test_a_row_that_is_no_journal_at_all_is_other_work(path):
    path.parent.mkdir()
    path.write_text('{"a": 1}\n')
    with pytest.raises(JournalError, match="is of other work"):
        read(path)


def test_two_programs_at_once_are_told(path):
    with Journal(path, HEADING) as first, Journal(path, HEADING) as second:
        first.append(ROWS[0])
        with pytest.raises(JournalError, match="written by another program too"):
            second.append(ROWS[0])
        first.append(ROWS[1])
    assert read(path) == ROWS[:2]


def test_a_full_disk_is_told_and_the_rows_before_it_stay(path, monkeypatch):
    def full(number):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Journal(path, HEADING) as opened:
        opened.append(ROWS[0])
        with monkeypatch.context() as patch:
            patch.setattr(journal.os, "fsync", full)
            with pytest.raises(JournalError, match="No space left") as raised:
                opened.append(ROWS[1])
    assert str(path) in str(raised.value)
    assert read(path)[:1] == ROWS[:1]


def test_a_folder_in_its_place_is_an_error(path):
    path.mkdir(parents=True)
    with pytest.raises(JournalError, match="can not be written: Is a directory"):
        read(path)
    with pytest.raises(JournalError, match="can not be written"):
        read(write(path.parent / "file") / "inside")
