"""The report as a reader sees it: opened from the disk in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

# What a page looks like after its styles: a colour as [red, green, blue].
COLOUR = "element => getComputedStyle(element).color.match(/\\d+/g).slice(0, 3).map(Number)"
BEHIND = (
    "element => getComputedStyle(element).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
)

Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, report: str) -> Iterator[Opened]:
    """Opens the report in a fresh context with the options of a reader."""
    contexts = []

    def open_page(width: int = 1200, **options: Any) -> Page:  # noqa: ANN401 - Playwright's own
        viewport = {"width": width, "height": 900}
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.goto(report)
        return page

    yield open_page
    for context in contexts:
        context.close()


def luminance(colour: list[int]) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    parts = [value / 255 for value in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: list[int], other: list[int]) -> float:
    """Contrast ratio of two colours (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_opens_without_a_word_or_a_request(browser: Browser, report: str) -> None:
    """From the disk: nothing on the console, no error, no request but the page's own."""
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report, wait_until="networkidle")
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [report]


def test_reads_without_scripts(opened: Opened) -> None:
    """With scripts off the verdict, the problems and the pictures are there."""
    page = opened(java_script_enabled=False)
    assert page.locator("h1").inner_text().endswith("Not ready")
    assert page.locator("article.problem").count() == 8
    assert page.locator("#pictures figure svg").count() == 4
    assert page.locator("#PROC-03-problem figure.chain svg").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_both_schemes(opened: Opened, scheme: str) -> None:
    """Text and every badge reach 4.5 to 1 against what is behind them (WCAG AA)."""
    page = opened(color_scheme=scheme)
    behind = page.locator("article.problem").first.evaluate(BEHIND)
    for selector in ("article.problem p", ".meta", "article.problem a", ".badge", ".unmet"):
        for element in page.locator(selector).all():
            assert contrast(element.evaluate(COLOUR), behind) >= 4.5, selector


def test_dark_differs_from_light_in_pictures_too(opened: Opened) -> None:
    """The page turns dark with the system, and the labels of the pictures with it."""
    light, dark = opened(color_scheme="light"), opened(color_scheme="dark")
    fill = "element => getComputedStyle(element).fill"
    for selector, look in (("body", BEHIND), ("figure svg text", fill)):
        assert light.locator(selector).first.evaluate(look) != dark.locator(
            selector
        ).first.evaluate(look)


@pytest.mark.parametrize("width", [320, 360, 400, 768, 1200])
def test_no_width_scrolls_sideways(opened: Opened, width: int) -> None:
    """A phone shows the page without sideways scrolling, also with everything unfolded."""
    page = opened(width)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_link_to_details_unfolds_them(opened: Opened) -> None:
    """A scenario's link in the matrix opens its details and brings them into view."""
    page = opened()
    inside = page.locator("#BAT-02-details")
    assert not inside.is_visible()
    page.locator("#BAT-02 th a").click()
    inside.wait_for(state="visible")
    assert page.url.endswith("#BAT-02-details")


def test_stable_anchor_leads_to_the_row(opened: Opened, report: str) -> None:
    """An address with a scenario's id, as in an issue, shows that scenario's row."""
    page = opened(reduced_motion="reduce")
    page.goto(f"{report}#RET-03")
    page.wait_for_function(
        "() => { const box = document.getElementById('RET-03').getBoundingClientRect();"
        " return box.top >= 0 && box.bottom <= innerHeight; }"
    )


def test_chain_can_be_read(opened: Opened) -> None:
    """The chain's labels stand where they are seen, and do not cover one another."""
    page = opened()
    texts = page.locator("#PROC-03-problem figure.chain svg text").all()
    boxes = [each.bounding_box() for each in texts]
    assert all(box is not None and box["height"] >= 8 for box in boxes)
    frame = page.locator("#PROC-03-problem figure.chain svg").bounding_box()
    for box in boxes:
        # A label has a halo of the panel's colour around it.
        assert frame["x"] <= box["x"] + 3
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 3


def test_first_tab_is_the_skip_link(opened: Opened) -> None:
    """A keyboard reaches the problems at once."""
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#fix")


def test_headings_do_not_skip_a_level(opened: Opened) -> None:
    """One first heading, and each heading at most one level below the one before it."""
    levels = opened().evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(one => Number(one.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_prints_on_paper_with_what_is_folded(opened: Opened) -> None:
    """Printing gives a PDF of several pages, and folded evidence is not left out of it."""
    page = opened(color_scheme="dark")
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 3
    page.emulate_media(media="print")
    assert page.locator("#REC-01-details").bounding_box()["height"] > 0
    assert page.locator("body").evaluate(BEHIND) == [255, 255, 255]


def visible_rows(page: Page) -> list[str]:
    """The ids of the scenarios that the matrix shows."""
    return [
        row.get_attribute("id") or ""
        for row in page.locator("#matrix tbody tr").all()
        if row.is_visible()
    ]


@pytest.mark.parametrize("scripts", [True, False])
def test_filters_leave_what_was_asked_for(opened: Opened, *, scripts: bool) -> None:
    """Verdict, obligation and stage narrow the matrix together, with scripts off as well."""
    page = opened(java_script_enabled=scripts)
    assert len(visible_rows(page)) == 16
    page.get_by_label("To fix").check()
    assert "REC-01" not in visible_rows(page)
    assert "AUTH-02" in visible_rows(page)
    assert not page.locator("#area-REC").is_visible()  # nothing is left below it
    page.get_by_label("SHOULD", exact=False).check()
    assert visible_rows(page) == ["TLS-03"]
    page.get_by_label("Streaming").check()
    assert visible_rows(page) == []
    assert page.get_by_text("No scenario is all of this at once.").is_visible()


def test_filters_work_by_keyboard(opened: Opened) -> None:
    """The arrow keys choose among the buttons, as in any group of them."""
    page = opened()
    page.locator("#only-any-verdict").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#only-fix").is_checked()
    assert "REC-01" not in visible_rows(page)


def test_an_address_shows_its_row_whatever_is_filtered(opened: Opened, report: str) -> None:
    """A link to a scenario leads to it also where the filters would hide it."""
    page = opened()
    page.get_by_label("To fix").check()
    page.evaluate("location.hash = '#REC-01'")
    assert "REC-01" in visible_rows(page)
    assert page.locator("#area-REC").is_visible()


def test_paper_shows_what_filters_hide(opened: Opened) -> None:
    """What is printed is whole, whatever was chosen on the screen."""
    page = opened()
    page.get_by_label("To fix").check()
    page.emulate_media(media="print")
    assert len(visible_rows(page)) == 16


def test_navigation_leads_to_every_section(opened: Opened) -> None:
    """Each link of the navigation brings its section's heading into view, not below the bar."""
    page = opened(reduced_motion="reduce")
    for link in page.locator("nav a").all():
        link.click()
        name = (link.get_attribute("href") or "").removeprefix("#")
        heading = page.locator(f"#{name} > h2").bounding_box()
        bar = page.locator("nav").bounding_box()
        assert heading is not None
        assert bar is not None
        assert bar["y"] + bar["height"] <= heading["y"] < 900, name


def test_first_screen_names_what_is_wrong(opened: Opened) -> None:
    """On a small laptop the first thing to fix is there with its remedy, without scrolling."""
    page = opened(1280)
    page.set_viewport_size({"width": 1280, "height": 800})
    for element in ("h1", ".stages", ".facts", ".seen", ".advice"):
        box = page.locator(element).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 800, element


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_has_nothing_serious_to_say(opened: Opened, scheme: str, width: int) -> None:
    """axe-core finds no violation in the page with everything unfolded, the least one neither."""
    page = opened(width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_paper_cuts_nothing_off(opened: Opened) -> None:
    """Nothing is wider than a sheet of A4 between its margins (190 mm are 718 px)."""
    page = opened(718)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
