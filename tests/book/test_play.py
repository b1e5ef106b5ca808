"""The figures to play with: their arithmetic, their keys, their pictures, their directive.

Each is opened alone in headless Chromium, with the scripts that the book serves.
"""

import json
import math
import re
import subprocess
import sys

import play
import play_data
import pytest
import torch
from pages import BOOK, sources
from playground import PLAY, data_of, picture_of
from torch import nn
from torch.nn import functional as F

from torchbook import landscape
from torchbook.data import toy
from torchbook.scratch import activations, conv, linear, losses, optim, perceptron

FIGURES = play.figures_of_the_book()
NAMES = sorted({name for name, _ in FIGURES})
OPTIONS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
figures = pytest.mark.parametrize(("name", "first"), FIGURES)
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser):
    """A page of the browser; an error in a script fails the test."""
    page, errors = browser.new_page(viewport={"width": 390, "height": 800}), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert not errors


@pytest.fixture
def call(tab):
    """Call a function of a figure: call("perceptron-trick", "trick", …)."""

    def call(name, function, *arguments):
        if tab.evaluate("typeof torchbookPlay") == "undefined":
            play.open_figure(tab, name)
        return tab.evaluate(
            "([name, f, a]) => torchbookPlay.figures[name][f](...a)",
            [name, function, arguments],
        )

    return call


def doubles(*values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def said(tab) -> str:
    return tab.locator(".play-says").inner_text().replace("\u2212", "-")


# Arithmetic


def test_the_perceptron_trick_is_the_packages(call):
    g = torch.Generator().manual_seed(0)
    for n in range(20):
        x, w = torch.randn(2, 2, generator=g).double()
        b, y = torch.randn(1, generator=g).item(), n % 2
        label = torch.tensor(y)
        new_w, new_b = perceptron.trick(x, label, w, b, 0.3)
        theirs = call("perceptron-trick", "trick", x.tolist(), y, w.tolist(), b, 0.3)
        assert theirs["w"] == pytest.approx(new_w.tolist(), rel=1e-12)
        assert theirs["b"] == pytest.approx(new_b, rel=1e-12)
        wrong = call("perceptron-trick", "isMistake", x.tolist(), y, w.tolist(), b)
        assert wrong == bool(perceptron.is_mistake(x, label, w, b))
    assert call("perceptron-trick", "isMistake", [1, 1], 1, [1, -1], 0)  # on the line


def test_softmax_and_cross_entropy_are_the_packages(call):
    for z in ([2, 1, -1], [0, 0, 0], [1000, -1000, 999.5]):
        for T in (0.1, 1, 10):
            ours = activations.softmax(doubles(*z) / T, dim=0)
            assert call("softmax", "softmax", z, T) == pytest.approx(ours.tolist())
            for y in range(3):
                loss = losses.cross_entropy(doubles(z) / T, torch.tensor([y]))
                theirs = call("softmax", "crossEntropy", z, y, T)
                assert theirs == pytest.approx(loss.item(), abs=1e-12)


def test_sigmoid_and_its_losses_are_the_packages(call):
    for z in (-1000.0, -8.0, -0.3, 0.0, 2.0, 8.0, 1000.0):
        p = activations.sigmoid(doubles(z)).item()
        assert call("sigmoid", "sigmoid", z) == pytest.approx(p, rel=1e-12)
        for y in (0, 1):
            score = doubles(z).requires_grad_()
            loss = losses.log_loss(score, torch.tensor([y]))
            square = losses.mse(activations.sigmoid(score), doubles(y))
            slopes = [
                torch.autograd.grad(one, score)[0].item() for one in (loss, square)
            ]
            theirs = call("sigmoid", "logLoss", z, y)
            assert theirs == pytest.approx(loss.item(), rel=1e-12)
            assert call("sigmoid", "square", z, y) == pytest.approx(square.item())
            found = call("sigmoid", "slopes", z, y)
            assert [found["log"], found["square"]] == pytest.approx(slopes, abs=1e-12)


def test_convolution_is_the_packages(call):
    play_file = json.loads(data_of("convolution").read_text("utf8"))
    picture = call("convolution", "unpack", play_file["photo"])
    X = torch.tensor(picture, dtype=torch.float64)
    assert X.shape == (36, 36) and X.min() < 0.2 and X.max() > 0.8
    kernel = torch.randn(3, 3, generator=torch.Generator().manual_seed(0)).double()
    ours = conv.conv2d(X[None, None], kernel[None, None], padding=1)[0, 0]
    theirs = torch.tensor(call("convolution", "convolve", picture, kernel.tolist()))
    assert torch.allclose(theirs.double(), ours, atol=1e-12)


SURFACES = [
    landscape.ravine,
    landscape.saddle,
    landscape.several_minima,
    landscape.plateau,
]
RULES = {
    "plain": lambda p, lr, mu: optim.SGD(p, lr),
    "momentum": lambda p, lr, mu: optim.SGD(p, lr, momentum=mu),
    "Nesterov": lambda p, lr, mu: optim.SGD(p, lr, momentum=mu, nesterov=True),
    "Adagrad": lambda p, lr, mu: optim.Adagrad(p, lr),
    "RMSprop": lambda p, lr, mu: optim.RMSprop(p, lr),
    "Adam": lambda p, lr, mu: optim.Adam(p, lr, betas=(mu, 0.999)),
}


@pytest.mark.parametrize("rule", RULES)
def test_walks_are_the_packages(call, rule):
    """Forty steps on each surface, from its own start: the surfaces' slopes agree too."""
    for surface in SURFACES:
        path = landscape.walk(surface, lambda p: RULES[rule](p, 0.015, 0.8), 40)
        how = {"lr": 0.015, "momentum": 0.8, "steps": 40}
        theirs = call("descent", "walk", surface.name, rule, how)
        assert torch.allclose(doubles(*theirs), path, rtol=1e-9, atol=1e-9), (
            surface.name
        )


def test_surfaces_are_the_packages(tab):
    play.open_figure(tab, "descent")
    known = "torchbookPlay.figures.descent.SURFACES"
    assert tab.evaluate(f"Object.keys({known})") == [s.name for s in SURFACES]
    for surface in SURFACES:
        theirs = tab.evaluate(
            f"s => ({{...{known}[s], h: {known}[s].height(0.7, -0.4)}})", surface.name
        )
        height = surface.function(doubles(0.7, -0.4)).item()
        assert theirs["h"] == pytest.approx(height, rel=1e-12)
        for key in ("start", "limits", "lowest"):
            assert theirs[key] == list(getattr(surface, key)), (surface.name, key)


@pytest.mark.parametrize("degree", [0, 1, 3, 8, 11])
def test_polynomials_are_the_packages(call, degree):
    draws = call("bias-variance", "sets", 15, 0.3, 1)
    x, y = doubles(*draws[0]["x"]), doubles(*draws[0]["y"])
    weights = doubles(
        *call("bias-variance", "fit", draws[0]["x"], draws[0]["y"], degree)
    )
    powers = x[:, None] ** torch.arange(degree + 1)
    if degree:
        w, b = linear.least_squares(powers[:, 1:], y)
        ours = torch.cat([b[None], w])
    else:
        ours = y.mean()[None]
    assert torch.allclose(weights, ours, rtol=1e-6, atol=1e-6)
    values = [call("bias-variance", "value", weights.tolist(), v) for v in x.tolist()]
    assert torch.allclose(doubles(*values), powers @ weights)


def test_bias_and_variance_are_those_of_the_page(call):
    answers = torch.randn(7, 5, generator=torch.Generator().manual_seed(0)).double()
    f = torch.linspace(-1, 1, 5).double()
    found = call("bias-variance", "parts", answers.tolist(), f.tolist())
    bias = (answers.mean(dim=0) - f).square().mean().item()
    assert found["bias"] == pytest.approx(bias)
    assert found["variance"] == pytest.approx(
        answers.var(0, correction=0).mean().item()
    )


def test_drawn_points_are_noise_on_a_wave(call):
    draws = call("bias-variance", "sets", 50, 0.3, 3)
    x = torch.tensor([s["x"] for s in draws])
    noise = torch.tensor([s["y"] for s in draws]) - torch.sin(3 * x)
    places = 2 * torch.arange(51) / 50 - 1
    assert (x >= places[:-1]).all() and (x <= places[1:]).all()
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 0.3) < 0.02
    assert draws == call("bias-variance", "sets", 50, 0.3, 3)


# The networks that were trained beforehand


def test_networks_side_by_side_are_trained_as_alone(monkeypatch):
    """Those without dropout, step for step, as AdamW trains one network."""
    X, y = toy.moons(60, noise=0.3, seed=4)
    monkeypatch.setattr(play_data, "STEPS", 0)
    begin = [p.detach()[0] for p in play_data.train(X, y)]
    monkeypatch.setattr(play_data, "STEPS", 15)
    together = play_data.train(X, y)
    for k, decay in enumerate(play_data.DECAYS):
        weights = [nn.Parameter(p.clone()) for p in begin]
        optimizer = torch.optim.AdamW(weights, play_data.RATE, weight_decay=decay)
        for _ in range(15):
            A, a, B, b, C, c = weights
            z = (X @ A + a).relu() @ B + b
            z = (z.relu() @ C + c)[:, 0]
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(z, y.float()).backward()
            optimizer.step()
        for alone, all_of_them in zip(weights, together, strict=True):
            assert torch.allclose(alone, all_of_them[k], atol=1e-4), decay


def test_the_frames_are_whole_and_tell_the_story():
    data = json.loads(data_of("regions").read_text("utf8"))
    X, y = toy.moons(60, noise=0.3, seed=4)
    points = torch.tensor(data["points"])
    assert torch.allclose(points[:, :2], X, atol=0.006) and torch.equal(points[:, 2], y)
    assert (len(data["frames"]), len(data["frames"][0])) == (
        len(data["dropouts"]),
        len(data["decays"]),
    )
    frames = [frame for row in data["frames"] for frame in row]
    assert all(re.fullmatch(rf"\d{{{data['cells'] ** 2}}}", frame) for frame in frames)
    errors = torch.tensor(data["errors"])  # (dropouts, decays, 2)
    assert errors[0, 0, 0] == 0 and errors[..., 1].min() < errors[0, 0, 1] - 0.02
    assert (errors[-1, -1] > errors[0, 0]).all()  # too much of both


# Keys, and what is said


def press(tab, *keys):
    for key in keys:
        tab.keyboard.press(key)


def test_the_perceptron_works_by_keyboard(tab):
    play.open_figure(tab, "perceptron-trick")
    assert "5 mistakes left" in said(tab)
    tab.get_by_role("button", name="Next mistake").focus()
    press(tab, "Enter")
    assert "Correction 1: point 1, class 0" in said(tab)
    point = tab.get_by_role("slider", name=re.compile("^Point 1, class 0"))
    point.focus()
    before = point.get_attribute("aria-valuetext")
    press(tab, "ArrowRight", "Shift+ArrowUp", "Enter")
    now = tab.get_by_role("slider", name=re.compile("^Point 1, class 1"))
    assert now.get_attribute("aria-valuetext") != before
    assert now.get_attribute("aria-valuetext") == "\u22120.65, 0.90"
    for _ in range(60):
        if "No mistake left" in said(tab):
            break
        tab.get_by_role("button", name="A whole pass").click()
    assert "No mistake left" in said(tab) and tab.locator(".play-wrong").count() == 0
    tab.get_by_role("button", name="Start again").click()
    assert "5 mistakes left" in said(tab)


def test_the_perceptrons_points_can_be_dragged(tab):
    play.open_figure(tab, "perceptron-trick")
    point = tab.get_by_role("slider", name=re.compile("^Point 7, "))
    box = point.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 40, y - 60, steps=4)
    tab.mouse.up()
    a, b = map(
        float, point.get_attribute("aria-valuetext").replace("\u2212", "-").split(", ")
    )
    assert a > 0.25 and b > -0.5
    assert "Point 7 moved" in said(tab)


def test_the_kernel_works_by_keyboard(tab):
    play.open_figure(tab, "convolution")
    assert "row 13, column 15" in said(tab)
    tab.get_by_role("slider", name=re.compile("^Window")).focus()
    press(tab, "ArrowRight", "ArrowDown", "Shift+ArrowLeft")
    assert "row 14, column 11" in said(tab)
    tab.get_by_label("Kernel", exact=True).select_option("nothing changed")
    assert "1 product with" in said(tab) and "add up to 1.00" in said(tab)
    middle = tab.get_by_label("row 2, column 2")
    middle.focus()
    press(tab, "Control+a", "0")
    assert "score 0.00" in said(tab)
    press(tab, "ArrowUp")
    assert "add up to 0.10" in said(tab)


def test_descent_works_by_keyboard(tab):
    play.open_figure(tab, "descent")
    assert said(tab).startswith(
        "momentum with rate 0.02 and momentum 0.80: after 30 steps"
    )
    tab.get_by_label("Steps").focus()
    press(tab, "ArrowRight")
    assert "after 31 steps" in said(tab)
    tab.get_by_role("button", name="Keep this path").focus()
    press(tab, "Space")
    tab.get_by_label("Optimizer").select_option("plain")
    assert (
        "Dashed: momentum" in said(tab) and tab.get_by_label("Momentum").is_disabled()
    )
    tab.get_by_role("slider", name=re.compile("^Start of the walk")).focus()
    press(tab, "Shift+ArrowRight")
    assert "Dashed" not in said(tab)
    tab.get_by_label("Rate").focus()
    press(tab, "End")
    assert "runs away" in said(tab)
    for surface in SURFACES:
        tab.get_by_label("Surface").select_option(surface.name)
        assert "it began at" in said(tab) or "runs away" in said(tab)


@pytest.mark.parametrize(
    ("name", "label", "start", "then"),
    [
        ("softmax", "Score of fox", "cat is true and gets 0.705", "gets 0.704"),
        ("sigmoid", "Score", "Score -2.0", "Score -1.9"),
        ("regions", "Dropout", "Dropout 0, weight decay 0", "Dropout 0.1,"),
        ("regions", "Weight decay", "0 mistakes on the 60", "weight decay 0.1:"),
        ("bias-variance", "Degree", "Degree 1:", "Degree 2:"),
    ],
)
def test_sliders_work_by_keyboard(tab, name, label, start, then):
    play.open_figure(tab, name)
    assert start in said(tab)
    tab.get_by_role("slider", name=label, exact=True).focus()
    press(tab, "ArrowRight")
    assert then in said(tab)


def test_the_dial_agrees_with_the_page(tab):
    """Degree 3 is best for fifteen points, and what is said adds up."""
    play.open_figure(tab, "bias-variance")
    dial, totals = tab.get_by_role("slider", name="Degree"), []
    for degree in range(10):
        dial.fill(str(degree))
        bias, variance, noise, total = map(float, re.findall(r"\d+\.\d+", said(tab)))
        assert math.isclose(bias + variance + noise, total, abs_tol=0.002)
        totals.append(total)
    assert totals.index(min(totals)) == 3


@figures
def test_every_control_has_a_name_and_every_drawing_a_text(tab, name, first):
    play.open_figure(tab, name, first)
    live = tab.locator(".play-live")
    for control in live.locator("button, select, input, [tabindex]").all():
        named = control.evaluate(
            "e => e.labels?.[0]?.innerText || e.ariaLabel || e.innerText"
        )
        assert named.strip(), control.evaluate("e => e.outerHTML")
    for drawing in live.locator("svg.play-plane").all():
        assert len(drawing.get_attribute("aria-label").split()) >= 5
    assert live.locator("[role=status]").inner_text()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


@figures
def test_focus_is_seen(tab, name, first):
    """Each stop of the tab key changes its look."""
    play.open_figure(tab, name, first)
    stops = tab.locator(
        ".play-live :is(button, select, input, [tabindex]):not([disabled])"
    ).count()
    for _ in range(stops):
        press(tab, "Tab")
        look = tab.evaluate(
            """() => { const e = document.activeElement, grip = e.querySelector('.play-grip');
            const s = getComputedStyle(grip || e);
            return grip ? s.stroke !== 'none' : s.outlineStyle !== 'none' }"""
        )
        assert look, tab.evaluate("document.activeElement.outerHTML")
    assert stops >= 2


# Pictures, sizes, pages


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
    """Without scripts its picture is seen, with them what the script draws, on paper the picture."""
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
