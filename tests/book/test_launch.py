"""The buttons of a page for three readers: of a published book, of a fork, of a folder."""

import re
import subprocess
import tomllib
from types import SimpleNamespace

import launch
import pytest
import repository
import yaml
from pages import ROOT

PAGE = "02-perceptrons/perceptron"
JOB = {
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "Someone/the-book",
    "GITHUB_REF_NAME": "main",
    "GITHUB_SHA": "0123abc",
}


def git(folder, *words):
    user = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run(
        ["git", "-C", folder, *user, *words], check=True, capture_output=True
    )


@pytest.fixture
def clone(tmp_path):
    """A folder under git with one commit, on the branch "work"."""
    git(tmp_path, "init", "-b", "work")
    git(tmp_path, "commit", "--allow-empty", "-m", "one")
    return tmp_path


def buttons(home, monkeypatch, *, page=PAGE, cells=True) -> dict[str, str]:
    """{text: address} of what the extension puts into the head of a page."""
    monkeypatch.setattr(launch, "home", lambda: home)
    download = {
        "label": "download-buttons",
        "buttons": [{"text": ".md", "url": "x.md"}],
    }
    metadata = {page: {"kernelspec": {}} if cells else {}}
    app = SimpleNamespace(env=SimpleNamespace(metadata=metadata))
    context = {"header_buttons": [download], "pathto": lambda name, _: f"../{name}"}
    launch.set_buttons(app, page, "", context, None)
    return {
        b["text"]: b["url"] for g in context["header_buttons"] for b in g["buttons"]
    }


def test_the_publishing_job_names_the_repository(tmp_path, monkeypatch):
    home = repository.find(JOB, tmp_path)
    assert buttons(home, monkeypatch) == {
        "Colab": "https://colab.research.google.com/github/Someone/the-book/blob/gh-pages/"
        f"{PAGE}.ipynb",
        "Binder": "https://mybinder.org/v2/gh/Someone/the-book/main"
        "?urlpath=lab%2Ftree%2Fnotebooks%2F02-perceptrons%2Fperceptron.ipynb",
        ".ipynb": f"../{PAGE}.ipynb",
        ".md": "x.md",
    }
    assert home.requirement == "git+https://github.com/Someone/the-book@0123abc"
    assert home.book == "https://someone.github.io/the-book"


def test_the_branch_and_the_address_of_the_published_book_can_be_named(tmp_path):
    more = {
        "TORCHBOOK_PUBLISHED_BRANCH": "site",
        "TORCHBOOK_ADDRESS": "https://b.example/",
    }
    home = repository.find(JOB | more, tmp_path)
    assert "/blob/site/" in home.colab(PAGE)
    assert home.book == "https://b.example"
    own = repository.find(
        JOB | {"GITHUB_REPOSITORY": "Someone/someone.github.io"}, tmp_path
    )
    assert own.book == "https://someone.github.io"


def test_a_change_under_review_opens_what_it_is_to_be_merged_into(tmp_path):
    review = JOB | {"GITHUB_REF_NAME": "12/merge", "GITHUB_BASE_REF": "next"}
    assert repository.find(review, tmp_path).branch == "next"


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/fork/er.git",
        "https://user:word@github.com/fork/er",
        "git@github.com:fork/er.git",
        "ssh://git@github.com:22/fork/er.git",
    ],
)
def test_a_fork_opens_the_fork(clone, monkeypatch, remote):
    git(clone, "remote", "add", "origin", remote)
    home = repository.find({}, clone)
    found = buttons(home, monkeypatch)
    assert "/github/fork/er/blob/gh-pages/" in found["Colab"]
    assert "/v2/gh/fork/er/work?" in found["Binder"]
    assert re.fullmatch(
        r"git\+https://github\.com/fork/er@[0-9a-f]{40}", home.requirement
    )
    assert "word" not in repr(home)


def test_the_branch_is_the_one_that_the_remote_has(clone):
    git(clone, "remote", "add", "origin", "https://github.com/fork/er")
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(clone, "branch", "--set-upstream-to", "origin/main")
    assert repository.find({}, clone).branch == "main"


def test_other_forges_have_what_can_open_them(clone, monkeypatch):
    git(clone, "remote", "add", "origin", "https://gitlab.com/group/of/book.git")
    found = buttons(repository.find({}, clone), monkeypatch)
    assert set(found) == {"Binder", ".ipynb", ".md"}
    assert "/v2/gl/group%2Fof%2Fbook/work?" in found["Binder"]
    private = JOB | {"GITHUB_SERVER_URL": "https://forge.example"}
    found = buttons(repository.find(private, clone), monkeypatch)
    assert set(found) == {".ipynb", ".md"}


@pytest.mark.parametrize(
    "remote", [None, "/srv/book", "../book", "https://forge.example/a/b"]
)
def test_with_no_address_only_the_download_is_left(clone, monkeypatch, remote):
    if remote:
        git(clone, "remote", "add", "origin", remote)
    home = repository.find({}, clone)
    assert home is None
    assert buttons(home, monkeypatch) == {".ipynb": f"../{PAGE}.ipynb", ".md": "x.md"}


def test_a_folder_inside_another_repository_is_not_taken_for_it(clone):
    git(clone, "remote", "add", "origin", "https://github.com/some/other")
    (clone / "book").mkdir()
    assert repository.find({}, clone / "book") is None


def test_a_page_without_cells_has_no_buttons(tmp_path, monkeypatch):
    home = repository.find(JOB, tmp_path)
    assert buttons(home, monkeypatch, page="glossary", cells=False) == {".md": "x.md"}


def test_binder_keeps_to_the_versions_of_the_package():
    """Each dependency has the same lower bound there, and torch is the one for CPUs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    listed = yaml.safe_load((ROOT / ".binder/environment.yml").read_text("utf8"))
    assert listed["channels"] == ["conda-forge"]
    there = {re.match(r"[\w.-]+", line)[0]: line for line in listed["dependencies"]}
    conda = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}
    wanted = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted += extra
    for requirement in wanted:
        name, bound = re.fullmatch(r"([\w.-]+)(.*)", requirement).groups()
        name = conda.get(name, name)
        assert there.get(name) == name + bound, requirement
    python = re.fullmatch(r"python=3\.(\d+)", there["python"])
    assert int(python[1]) >= int(project["requires-python"].removeprefix(">=3."))


def test_binder_opens_pages_as_notebooks():
    script = ROOT / ".binder/postBuild"
    assert script.stat().st_mode & 0o111, "repo2docker runs it as it is"
    assert "book/_tools/notebooks.py --to notebooks\n" in script.read_text("utf8")
