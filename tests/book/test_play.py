"""The figures to play with: their pictures, their size, and the directive that places them."""

import re
import subprocess
import sys

import play
import play_data
import pytest
from pages import BOOK, sources
from playground import PLAY, data_of, picture_of

FIGURES = play.figures_of_the_book()
NAMES = sorted({name for name, _ in FIGURES})
figures = pytest.mark.parametrize(("name", "first"), FIGURES)
pytestmark = pytest.mark.browser


@figures
def test_pictures_are_what_the_scripts_draw(tab, name, first):
    """Else run python book/_tools/play.py pictures."""
    kept = picture_of(name, first).read_text("utf8")
    numbers = r"-?\d+\.?\d*"
    drawn = play.drawing(tab, name, first)
    assert re.sub(numbers, "#", kept) == re.sub(numbers, "#", drawn)
    for one, other in zip(
        re.findall(numbers, kept), re.findall(numbers, drawn), strict=True
    ):
        assert float(one) == pytest.approx(float(other), abs=0.11)
    assert len(kept) < 20_000 and " style=" not in kept and " id=" not in kept


def test_the_scripts_are_small_and_ask_for_nothing():
    files = sorted(PLAY.glob("*.js"))
    assert {file.stem for file in files} == {"core", *NAMES}
    for file in files:
        text = file.read_text("utf8")
        assert '"use strict";' in text, file
        assert len(text.splitlines()) < 250, file
        for word in (
            "fetch(",
            "eval(",
            "innerHTML",
            "XMLHttpRequest",
            "import(",
            ".style",
            "http:",
        ):
            assert word not in text.replace('"http://www.w3.org/2000/svg"', ""), (
                file,
                word,
            )
    assert sum(file.stat().st_size for file in files) < 48_000
    assert max(data_of(name).stat().st_size for name in play_data.DATA) < 30_000


def test_colors_are_those_of_the_computed_figures():
    from dark_figures import DARK

    style = (PLAY / "play.css").read_text("utf8")
    light, dark = (
        dict(re.findall(r"--play-(\w+): (#\w+)", line))
        for line in style.splitlines()
        if line.startswith("html")
    )
    assert light and {name: DARK[color] for name, color in light.items()} == dark


def small_book(folder, page: str) -> subprocess.CompletedProcess:
    """Two pages in plain Sphinx: one with that text, one without a figure."""
    (folder / "conf.py").write_text(
        f"import sys; sys.path.insert(0, {str(BOOK / '_ext')!r})\n"
        "extensions = ['myst_parser', 'playground']\nnumfig = True\n"
        f"html_static_path = [{str(BOOK / '_assets')!r}]\nhtml_theme = 'basic'\n"
    )
    (folder / "index.md").write_text(
        "# Book\n\n```{toctree}\nplay\n```\n\nSee {numref}`fig-play-x`.\n"
    )
    (folder / "play.md").write_text(f"# Play\n\n{page}\n")
    command = [sys.executable, "-m", "sphinx", "-qW", "-b", "html", ".", "out"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def figure(name: str, *options: str, caption: str = "A caption.") -> str:
    return "\n".join([f"```{{playground}} {name}", *options, "", caption, "```"])


GOOD = (":name: fig-play-x", ':alt: Three bars & "one" <b>line</b>')


def test_the_directive_makes_a_numbered_figure(tmp_path, browser):
    """Without scripts and on paper its picture is seen, else what the script draws."""
    done = small_book(tmp_path, figure("softmax", *GOOD))
    assert done.returncode == 0, done.stderr
    index = (tmp_path / "out/index.html").read_text("utf8")
    assert re.search(r'href="play.html#fig-play-x".*Fig\. 1', index)
    assert "_static/play/" not in index
    address = (tmp_path / "out/play.html").as_uri()
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts)
        page = context.new_page()
        page.goto(address)
        picture = page.locator("figure.playground .play-picture > svg")
        live = page.locator("figure.playground .play-live")
        (live if scripts else picture).wait_for()
        assert (picture.is_visible(), live.is_visible()) == (not scripts, scripts)
        assert page.get_by_text("A caption.").is_visible()
        page.emulate_media(media="print")
        assert (picture.is_visible(), live.is_visible()) == (True, False)
        assert picture.get_attribute("aria-label") == 'Three bars & "one" <b>line</b>'
        context.close()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (figure("softmix", *GOOD), "no figure 'softmix'"),
        (figure("core", *GOOD), "no figure 'core'"),
        (figure("softmax", GOOD[0]), "wanted an option :alt:"),
        (figure("softmax", *GOOD, caption=""), "wanted a caption"),
        (figure("softmax", *GOOD, ":first: Adam"), "softmax-adam.svg: run python"),
    ],
)
def test_the_directive_says_what_is_wrong(tmp_path, text, complaint):
    done = small_book(tmp_path, text)
    assert done.returncode != 0 and complaint in done.stderr


def test_figures_in_pages_say_what_they_show():
    for file in sources():
        text = file.read_text("utf8")
        for options in re.findall(r"^```{playground} \S+\n((?::.*\n)*)", text, re.M):
            alt = re.search(r"^:alt: (.+)$", options, re.M)[1]
            label = re.search(r"^:name: (.+)$", options, re.M)[1]
            assert len(alt.split()) >= 8, file
            assert re.fullmatch(r"fig-play-[a-z-]+", label), file
            assert f"{{numref}}`{label}`" in text, f"{file}: no sentence names {label}"
