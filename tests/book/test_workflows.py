"""The workflows: well formed, with no more rights than they need, true of the repository."""

import re
import subprocess

import pytest
import yaml
from pages import ROOT

FOLDER = ROOT / ".github/workflows"
FILES = sorted(FOLDER.glob("*.yml"))
by_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def read(file) -> dict:
    """The workflow; the key `on` is True in YAML's eyes, and is put back."""
    workflow = yaml.safe_load(file.read_text("utf8"))
    return {"on" if key is True else key: value for key, value in workflow.items()}


def steps(workflow):
    """(job, step) of every step."""
    for job in workflow["jobs"].values():
        for step in job.get("steps", []):
            yield job, step


def test_there_is_one_for_each_purpose():
    assert {file.stem for file in FILES} == {"ci", "publish", "newest"}


@by_file
def test_a_workflow_has_what_the_forge_asks_for(file):
    workflow = read(file)
    assert workflow.keys() <= {
        "name",
        "on",
        "permissions",
        "concurrency",
        "jobs",
        "env",
    }
    assert workflow["name"] == file.stem
    for name, job in workflow["jobs"].items():
        assert ("uses" in job) != ("runs-on" in job), name
        assert "uses" in job or 0 < job["timeout-minutes"] <= 120, name
        for need in [job.get("needs", [])] if isinstance(job.get("needs"), str) else []:
            assert need in workflow["jobs"]
    for _, step in steps(workflow):
        assert ("uses" in step) != ("run" in step), step


@by_file
def test_rights_are_given_by_the_job_and_are_few(file):
    """At the top there is reading at most; whoever writes says so, and runs no tests."""
    workflow = read(file)
    assert set(workflow["permissions"].items()) <= {("contents", "read")}
    for name, job in workflow["jobs"].items():
        writes = {k for k, v in job.get("permissions", {}).items() if v == "write"}
        allowed = {"branch": {"contents"}, "pages": {"pages", "id-token"}}
        assert writes <= allowed.get(name, {"issues"} if name == "report" else set())
        if writes:
            runs = [step.get("run", "") for step in job["steps"]]
            assert not any(re.search(r"make |\.ci/run|pip ", run) for run in runs)


@by_file
def test_actions_are_pinned_and_come_from_the_forge_itself(file):
    for _, step in steps(read(file)):
        if "uses" in step:
            assert re.fullmatch(r"actions/[\w-]+@(v\d+|[0-9a-f]{40})", step["uses"])


@by_file
def test_no_repository_is_named_and_no_text_of_strangers_reaches_a_shell(file):
    text = file.read_text("utf8")
    assert not re.search(r"https?://(?!127)", text)
    for _, step in steps(read(file)):
        for expression in re.findall(r"\${{(.*?)}}", step.get("run", "")):
            pytest.fail(f"{file.name}: put {expression.strip()} into env, not into run")


@by_file
def test_what_a_workflow_runs_is_there(file):
    text = file.read_text("utf8")
    makefile = (ROOT / "Makefile").read_text("utf8")
    for target in re.findall(r"\bmake ([a-z]+)", text):
        assert re.search(rf"^{target}:", makefile, re.M), target
    for path in re.findall(r"(?:book/_tools|\.ci)/[\w./]+", text):
        assert (ROOT / path.rstrip(".")).is_file(), path


def test_each_kept_file_is_fetched_under_the_name_that_it_was_kept_under():
    kept = {
        step["with"]["name"]
        for file in FILES
        for _, step in steps(read(file))
        if step.get("uses", "").startswith("actions/upload-artifact")
    }
    for _, step in steps(read(FOLDER / "publish.yml")):
        if step.get("uses", "").startswith("actions/download-artifact"):
            assert step["with"]["name"] in kept


def git(folder, *words):
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def clone(tmp_path):
    """A clone with .ci/publish and a built book, beside the repository that it pushes to."""
    git(tmp_path, "init", "--quiet", "--bare", "-b", "main", "remote.git")
    folder = tmp_path / "clone"
    git(tmp_path, "init", "--quiet", "-b", "main", str(folder))
    git(folder, "remote", "add", "origin", str(tmp_path / "remote.git"))
    (folder / ".ci").mkdir()
    publish = (ROOT / ".ci/publish").read_bytes()
    (folder / ".ci/publish").write_bytes(publish)
    (folder / ".ci/publish").chmod(0o755)
    (folder / ".gitignore").write_text("_build/\n")
    git(folder, "add", "--all")
    who = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    git(folder, *who, "commit", "--quiet", "-m", "Sources")
    book = folder / "_build/html"
    (book / "_static").mkdir(parents=True)
    (book / "index.html").write_text("the book")
    (book / "_static/style.css").write_text("")
    return folder


def publish(clone, branch):
    command = [".ci/publish", "_build/html", branch]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True)


def test_the_published_branch_holds_the_built_book_and_keeps_its_history(clone):
    """nbgitpuller merges what is new into a student's copy, and needs a common past."""
    for text in ("first", "second", "second"):
        (clone / "_build/html/index.html").write_text(text)
        done = publish(clone, "gh-pages")
        assert done.returncode == 0, done.stderr
    remote = clone.parent / "remote.git"
    listed = git(remote, "ls-tree", "-r", "--name-only", "gh-pages").split()
    assert listed == [".nojekyll", "_static/style.css", "index.html"]
    assert git(remote, "show", "gh-pages:index.html") == "second"
    assert git(remote, "rev-list", "--count", "gh-pages").strip() == "2"
    assert git(clone, "status", "--porcelain") == "", "the working tree is as it was"


def test_a_shallow_clone_as_jobs_have_it_publishes_too(clone):
    git(clone, "push", "--quiet", "origin", "main")
    assert publish(clone, "gh-pages").returncode == 0
    remote = clone.parent / "remote.git"
    git(clone.parent, "clone", "--quiet", "--depth=1", f"file://{remote}", "job")
    book = clone.parent / "job/_build/html"
    book.mkdir(parents=True)
    (book / "index.html").write_text("from the job")
    done = publish(clone.parent / "job", "gh-pages")
    assert done.returncode == 0, done.stderr
    assert git(remote, "show", "gh-pages:index.html") == "from the job"
    assert git(remote, "rev-list", "--count", "gh-pages").strip() == "2"


@pytest.mark.parametrize("branch", ["main", "master"])
def test_the_sources_are_not_overwritten(clone, branch):
    done = publish(clone, branch)
    assert done.returncode == 1 and "holds the sources" in done.stdout


def test_without_a_book_nothing_is_published(clone):
    (clone / "_build/html/index.html").unlink()
    done = publish(clone, "gh-pages")
    assert done.returncode == 1 and "make book" in done.stdout
