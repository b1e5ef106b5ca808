"""The figures to play with, by keyboard and pointer: what moves, what is said, what is seen."""

import math
import re

import play
import pytest

figures = pytest.mark.parametrize(("name", "first"), play.figures_of_the_book())
pytestmark = pytest.mark.browser


def said(tab) -> str:
    return tab.locator(".play-says").inner_text().replace("\u2212", "-")


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
    tab.get_by_role("combobox", name="Kernel").select_option("nothing changed")
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
    tab.get_by_role("slider", name="Steps").focus()
    press(tab, "ArrowRight")
    assert "after 31 steps" in said(tab)
    tab.get_by_role("button", name="Keep this path").focus()
    press(tab, "Space")
    tab.get_by_role("combobox", name="Optimizer").select_option("plain")
    assert (
        "Dashed: momentum" in said(tab)
        and tab.get_by_role("slider", name="Momentum").is_disabled()
    )
    tab.get_by_role("slider", name=re.compile("^Start of the walk")).focus()
    press(tab, "Shift+ArrowRight")
    assert "Dashed" not in said(tab)
    tab.get_by_role("slider", name="Rate").focus()
    press(tab, "End")
    assert "runs away" in said(tab)
    for surface in ("saddle", "several minima", "plateau", "ravine"):
        tab.get_by_role("combobox", name="Surface").select_option(surface)
        assert "it began at" in said(tab) or "runs away" in said(tab)


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
