"""The figures to play with, by keyboard and pointer: what moves, what is said, what is seen."""

import math
import re

import play
import pytest
from patience import until
from playwright.sync_api import expect

figures = pytest.mark.parametrize(("name", "first"), play.figures_of_the_book())
pytestmark = pytest.mark.browser


def said(tab) -> str:
    return tab.locator(".play-says").inner_text().replace("\u2212", "-")


def says(tab, text):
    """Wait until the figure says this, with a minus or a hyphen."""
    pattern = re.sub(r"\\-", "[-\u2212]", re.escape(text))
    expect(tab.locator(".play-says")).to_contain_text(re.compile(pattern))


def press(tab, *keys):
    for key in keys:
        tab.keyboard.press(key)


def test_the_perceptron_works_by_keyboard(tab):
    play.open_figure(tab, "perceptron-trick")
    says(tab, "5 mistakes left")
    tab.get_by_role("button", name="Next mistake").focus()
    press(tab, "Enter")
    says(tab, "Correction 1: point 1, class 0")
    point = tab.get_by_role("slider", name=re.compile("^Point 1, class 0"))
    point.focus()
    before = point.get_attribute("aria-valuetext")
    press(tab, "ArrowRight", "Shift+ArrowUp", "Enter")
    now = tab.get_by_role("slider", name=re.compile("^Point 1, class 1"))
    assert before != "\u22120.65, 0.90"
    expect(now).to_have_attribute("aria-valuetext", "\u22120.65, 0.90")
    for _ in range(60):
        if "No mistake left" in said(tab):
            break
        tab.get_by_role("button", name="A whole pass").click()
    says(tab, "No mistake left")
    expect(tab.locator(".play-wrong")).to_have_count(0)
    tab.get_by_role("button", name="Start again").click()
    says(tab, "5 mistakes left")


def test_the_perceptrons_points_can_be_dragged(tab):
    play.open_figure(tab, "perceptron-trick")
    point = tab.get_by_role("slider", name=re.compile("^Point 7, "))
    box = point.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 40, y - 60, steps=4)
    tab.mouse.up()
    says(tab, "Point 7 moved")

    def place():
        text = point.get_attribute("aria-valuetext").replace("\u2212", "-")
        return tuple(map(float, text.split(", ")))

    until(lambda: place()[0] > 0.25 and place()[1] > -0.5)


def test_the_kernel_works_by_keyboard(tab):
    play.open_figure(tab, "convolution")
    says(tab, "row 13, column 15")
    tab.get_by_role("slider", name=re.compile("^Window")).focus()
    press(tab, "ArrowRight", "ArrowDown", "Shift+ArrowLeft")
    says(tab, "row 14, column 11")
    tab.get_by_role("combobox", name="Kernel").select_option("nothing changed")
    says(tab, "1 product with")
    says(tab, "add up to 1.00")
    middle = tab.get_by_label("row 2, column 2")
    middle.focus()
    press(tab, "Control+a", "0")
    says(tab, "score 0.00")
    press(tab, "ArrowUp")
    says(tab, "add up to 0.10")


def test_descent_works_by_keyboard(tab):
    play.open_figure(tab, "descent")
    assert said(tab).startswith(
        "momentum with rate 0.02 and momentum 0.80: after 30 steps"
    )
    tab.get_by_role("slider", name="Steps").focus()
    press(tab, "ArrowRight")
    says(tab, "after 31 steps")
    tab.get_by_role("button", name="Keep this path").focus()
    press(tab, "Space")
    tab.get_by_role("combobox", name="Optimizer").select_option("plain")
    says(tab, "Dashed: momentum")
    assert tab.get_by_role("slider", name="Momentum").is_disabled()
    tab.get_by_role("slider", name=re.compile("^Start of the walk")).focus()
    press(tab, "Shift+ArrowRight")
    until(lambda: "Dashed" not in said(tab))
    tab.get_by_role("slider", name="Rate").focus()
    press(tab, "End")
    says(tab, "runs away")
    for surface in ("saddle", "several minima", "plateau", "ravine"):
        tab.get_by_role("combobox", name="Surface").select_option(surface)
        until(lambda: "it began at" in said(tab) or "runs away" in said(tab))


@pytest.mark.parametrize(
    ("name", "label", "start", "then"),
    [
        ("softmax", "Score of fox", "cat is true and gets 0.705", "gets 0.703"),
        ("sigmoid", "Score", "Score -2.0", "Score -1.9"),
        ("regions", "Dropout", "Dropout 0, weight decay 0", "Dropout 0.1,"),
        ("regions", "Weight decay", "0 mistakes on the 60", "weight decay 0.1:"),
        ("bias-variance", "Degree", "Degree 1:", "Degree 2:"),
    ],
)
def test_sliders_work_by_keyboard(tab, name, label, start, then):
    play.open_figure(tab, name)
    says(tab, start)
    tab.get_by_role("slider", name=label, exact=True).focus()
    press(tab, "ArrowRight")
    says(tab, then)


def test_the_dial_agrees_with_the_page(tab):
    """Degree 3 is best for fifteen points, and what is said adds up."""
    play.open_figure(tab, "bias-variance")
    dial, totals = tab.get_by_role("slider", name="Degree"), []
    for degree in range(10):
        dial.fill(str(degree))
        says(tab, f"Degree {degree}:")
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
