"""The quick build of `make serve`: the pages that changed, and never the whole book."""

import pytest
from building import Book, cell


@pytest.fixture
def book(tmp_path) -> Book:
    book = Book(tmp_path)
    book.page("one", cell("1 + 1"))
    book.page("other", cell("2 + 2"))
    done = book.build("--quick")
    assert (
        done.returncode == 0 and "The book is in" in done.stdout
    )  # the first is whole
    return book


def written(book: Book) -> dict[str, int]:
    """When each page was written."""
    files = (book.folder / "_build/html").glob("*.html")
    return {file.stem: file.stat().st_mtime_ns for file in files}


def test_a_sentence_writes_its_page_and_a_whole_build_follows(book):
    before = written(book)
    book.edit("book/one.md", "# one\n", "# one\n\nA sentence.\n")
    done = book.build("--quick")
    assert done.returncode == 0, done.stderr
    assert "The changed pages can be looked at" in done.stdout
    assert "A sentence." in book.html("one")
    changed = {name for name, time in written(book).items() if time != before[name]}
    assert "one" in changed and "other" not in changed
    pages = {file: file.read_text() for file in book.folder.glob("_build/html/o*.html")}
    whole = book.build()
    assert "The book is in" in whole.stdout
    assert written(book)["other"] != before["other"]
    assert pages == {file: file.read_text() for file in pages}
    assert "Nothing has changed" in book.build("--quick").stdout


def test_a_changed_cell_is_run(book):
    book.edit("book/one.md", "1 + 1", "1 + 6")
    done = book.build("--quick")
    assert "  one\n" in done.stdout and "  other\n" not in done.stdout
    assert "<span></span>7" in book.html("one")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("_config.yml", 'copyright: "2026"', 'copyright: "2027"'),
        ("code/torchbook/seed.py", '"""', '""" '),
    ],
)
def test_whatever_is_no_text_of_a_page_makes_it_whole(book, file, old, new):
    book.edit(file, old, new)
    done = book.build("--quick")
    assert done.returncode == 0, done.stderr
    assert "The book is in" in done.stdout


def test_a_new_page_makes_it_whole(book):
    book.page("third", "See {ref}`sec-one`.\n", runs=False)
    assert "The book is in" in book.build("--quick").stdout
    assert 'href="one.html' in book.html("other")


def test_a_fault_is_told_until_it_is_mended(book):
    """Also when the next edit is on another page."""
    book.edit("book/one.md", "# one\n", "# one\n\nSee {ref}`sec-nowhere`.\n")
    for sentence in ("A sentence.", "Another one."):
        done = book.build("--quick")
        assert done.returncode == 1 and "sec-nowhere" in done.stderr
        book.edit("book/other.md", "# other\n", f"# other\n\n{sentence}\n")
    book.edit("book/one.md", "sec-nowhere", "sec-other")
    assert book.build("--quick").returncode == 0
