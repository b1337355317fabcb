"""The report in a real browser, opened from the disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.pictures, pytest.mark.slow]

# JavaScript that returns a computed colour as [red, green, blue].
TEXT_COLOUR = "element => getComputedStyle(element).color.match(/\\d+/g).slice(0, 3).map(Number)"
BACKGROUND_COLOUR = (
    "element => getComputedStyle(element).backgroundColor.match(/\\d+/g).slice(0, 3).map(Number)"
)

OpenPage = Callable[..., "Page"]


@pytest.fixture(scope="module")
def pages(browser: Browser) -> Iterator[dict[str, Page]]:
    """The pages so far, by their options."""
    opened: dict[str, Page] = {}
    yield opened
    for page in opened.values():
        page.context.close()


@pytest.fixture
def open_page(browser: Browser, report: str, pages: dict[str, Page]) -> OpenPage:
    """A function that loads the report anew, in the page that has the given options."""

    def open_report(width: int = 1200, **options: Any) -> Page:  # noqa: ANN401 - Playwright's own
        key = repr(options)
        if key not in pages:
            pages[key] = browser.new_context(**options).new_page()
        page = pages[key]
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(media="null")
        page.goto("about:blank")  # the report again, with another fragment, would not be loaded
        page.goto(report)
        return page

    return open_report


def luminance(colour: list[int]) -> float:
    """Return the relative luminance of an sRGB colour (WCAG 2.2)."""
    parts = [value / 255 for value in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: list[int], other: list[int]) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_opens_without_messages_or_requests(browser: Browser, report: str) -> None:
    """From the disk: nothing on the console, no error, no request but that of the page."""
    page = browser.new_page()
    messages: list[str] = []
    urls: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: urls.append(request.url))
    page.goto(report, wait_until="networkidle")
    page.close()
    assert messages == []
    assert [url for url in urls if not url.startswith("data:")] == [report]


def test_is_readable_without_scripts(open_page: OpenPage) -> None:
    """Without scripts, the page shows verdict, problems and pictures."""
    page = open_page(java_script_enabled=False)
    assert (
        page.locator("h1")
        .inner_text()
        .endswith(
            "Delivery not ready; Processing incomplete; Streaming not tested (add --mews-websocket)"
        )
    )
    assert not page.locator("#tools").is_visible()  # what only scripts can do
    assert page.locator("article.problem").count() == 8
    assert page.locator("#pictures figure svg").count() == 4
    assert page.locator("#PROC-03-problem figure.timeline svg").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_both_schemes(open_page: OpenPage, scheme: str) -> None:
    """Text and badges have a contrast of 4.5 to 1 with their background (WCAG AA)."""
    page = open_page(color_scheme=scheme)
    background = page.locator(".problem-card").first.evaluate(BACKGROUND_COLOUR)
    for selector in ("article.problem p", ".meta", "article.problem a", ".badge", ".unmet"):
        colours = page.locator(selector).evaluate_all(f"elements => elements.map({TEXT_COLOUR})")
        assert colours
        assert all(contrast(colour, background) >= 4.5 for colour in colours), selector


def test_dark_differs_from_light_in_pictures_too(open_page: OpenPage) -> None:
    """The page follows the system's dark mode, and so do the labels of the pictures."""
    light, dark = open_page(color_scheme="light"), open_page(color_scheme="dark")
    fill = "element => getComputedStyle(element).fill"
    for selector, script in (("body", BACKGROUND_COLOUR), ("figure svg text", fill)):
        light_colour = light.locator(selector).first.evaluate(script)
        assert light_colour != dark.locator(selector).first.evaluate(script)


def test_no_width_scrolls_sideways(open_page: OpenPage) -> None:
    """No width needs sideways scrolling, also with all details open."""
    page = open_page()
    page.evaluate("document.querySelectorAll('details').forEach(element => element.open = true)")
    for width in (320, 360, 400, 768, 1200):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_link_to_details_opens_them(open_page: OpenPage) -> None:
    """A scenario's link in the matrix opens its details and scrolls to them."""
    page = open_page()
    details = page.locator("#BAT-02-details")
    assert not details.is_visible()
    page.locator("#BAT-02-row th a").click()
    details.wait_for(state="visible")
    assert page.url.endswith("#BAT-02-details")


@pytest.mark.parametrize("anchor", ["RET-03", "BAT-02-problem", "PROC-03-details"])
def test_anchor_opens_its_card(open_page: OpenPage, report: str, anchor: str) -> None:
    """A URL with a scenario's id, as in an issue, opens the card of that scenario."""
    page = open_page(reduced_motion="reduce")
    page.goto(f"{report}#{anchor}")
    page.wait_for_function(
        "id => { const element = document.getElementById(id);"
        " const box = element.getBoundingClientRect();"
        " return element.closest('details').open && box.top >= 0 && box.top <= innerHeight; }",
        arg=anchor,
    )


def test_square_leads_to_its_card(open_page: OpenPage) -> None:
    """There is one square per scenario, with its title, which opens its card."""
    page = open_page()
    squares = page.locator(".map a")
    assert squares.count() == 16
    square = page.locator('.map a[href="#BAT-02"]')
    assert (square.get_attribute("title") or "").startswith("BAT-02 A batch of hundreds")
    square.click()
    page.locator("#BAT-02-details").wait_for(state="visible")


def test_search_hides_what_does_not_match(open_page: OpenPage) -> None:
    """All words must occur; an empty search shows everything again."""
    page = open_page()
    page.get_by_label("Search").fill("batch limit hundreds")
    assert visible_rows(page) == ["BAT-02"]
    page.get_by_label("Search").fill("")
    assert len(visible_rows(page)) == 16


def test_expand_all_and_back(open_page: OpenPage) -> None:
    """One button opens all cards and closes them again."""
    page = open_page()
    page.get_by_role("button", name="Expand all").click()
    assert page.locator("#BAT-02-details").is_visible()
    page.get_by_role("button", name="Collapse all").click()
    assert not page.locator("#BAT-02-details").is_visible()


def test_fetch_picture_is_readable(open_page: OpenPage) -> None:
    """The labels of the fetch picture have a readable size and are within its frame."""
    page = open_page()
    page.get_by_role("button", name="Expand all").click()
    texts = page.locator("#PROC-03-problem figure.timeline svg text").all()
    boxes = [text.bounding_box() for text in texts]
    assert all(box is not None and box["height"] >= 8 for box in boxes)
    frame = page.locator("#PROC-03-problem figure.timeline svg").bounding_box()
    for box in boxes:
        # A label has an outline in the panel's colour.
        assert frame["x"] <= box["x"] + 3
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 3


def test_first_tab_is_the_skip_link(open_page: OpenPage) -> None:
    """The first Tab and Enter lead to the problems."""
    page = open_page()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#fix")


def test_headings_do_not_skip_a_level(open_page: OpenPage) -> None:
    """There is one h1, and each heading is at most one level below the previous one."""
    levels = open_page().evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4')].map(element => Number(element.tagName[1]))"
    )
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_prints_what_is_open(open_page: OpenPage) -> None:
    """Printing gives a short PDF on white paper; it has a card only if the reader opened it."""
    page = open_page(color_scheme="dark")
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    assert 2 < len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 6
    page.locator("#BAT-02-row th a").click()
    page.emulate_media(media="print")
    assert page.locator("#BAT-02-details").is_visible()
    assert not page.locator("#REC-01").is_visible()
    assert page.locator("body").evaluate(BACKGROUND_COLOUR) == [255, 255, 255]


def visible_rows(page: Page) -> list[str]:
    """Return the ids of the scenarios that the matrix shows."""
    ids: list[str] = page.locator("#matrix tbody tr").evaluate_all(
        "rows => rows.filter(row => row.checkVisibility({visibilityProperty: true}))"
        ".map(row => row.id)"
    )
    return [name.removesuffix("-row") for name in ids]


def test_rows_of_the_matrix_are_table_rows(open_page: OpenPage) -> None:
    """No style for another element applies to a row by the name of its filter class."""
    rows = open_page().locator("#matrix tbody tr")
    displays = rows.evaluate_all("rows => rows.map(row => getComputedStyle(row).display)")
    assert len(displays) == 16
    assert set(displays) == {"table-row"}


@pytest.mark.parametrize("scripts", [True, False])
def test_filters_combine(open_page: OpenPage, *, scripts: bool) -> None:
    """Filters by verdict, level and stage combine, also without scripts."""
    page = open_page(java_script_enabled=scripts)
    assert len(visible_rows(page)) == 16
    page.get_by_label("To fix").check()
    assert "REC-01" not in visible_rows(page)
    assert "AUTH-02" in visible_rows(page)
    assert not page.locator("#area-REC").is_visible()  # an area without rows
    page.get_by_label("SHOULD", exact=False).check()
    assert visible_rows(page) == ["TLS-03"]
    page.get_by_label("Streaming").check()
    assert visible_rows(page) == []
    assert page.get_by_text("No scenario matches all filters.").is_visible()


def test_filters_work_by_keyboard(open_page: OpenPage) -> None:
    """The arrow keys select an option, as in any group of radio buttons."""
    page = open_page()
    page.locator("#only-any-verdict").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#only-fix").is_checked()
    assert "REC-01" not in visible_rows(page)


def test_print_ignores_filters(open_page: OpenPage) -> None:
    """The print has all rows, whatever the filters on the screen."""
    page = open_page()
    page.get_by_label("To fix").check()
    page.emulate_media(media="print")
    assert len(visible_rows(page)) == 16


def test_navigation_leads_to_every_section(open_page: OpenPage) -> None:
    """Each navigation link scrolls to its section, whose heading is below the bar."""
    page = open_page(reduced_motion="reduce")
    for link in page.locator("nav a").all():
        link.click()
        name = (link.get_attribute("href") or "").removeprefix("#")
        heading = page.locator(f"#{name} > h2").bounding_box()
        bar = page.locator("nav").bounding_box()
        assert heading is not None
        assert bar is not None
        assert bar["y"] + bar["height"] <= heading["y"] < 900, name


def test_first_screen_has_the_first_problem(open_page: OpenPage) -> None:
    """On a small laptop the first problem and its fix are visible without scrolling."""
    page = open_page(1280)
    page.set_viewport_size({"width": 1280, "height": 800})
    for element in ("h1", ".stages", ".facts", ".observed-line", ".fix-line"):
        box = page.locator(element).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 800, element


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_violation(open_page: OpenPage, scheme: str, width: int) -> None:
    """axe-core finds no violation, not even a minor one, with all details open."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 - slow to import

    page = open_page(width, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(element => element.open = true)")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_print_cuts_nothing_off(open_page: OpenPage) -> None:
    """Nothing is wider than A4 paper between its margins (190 mm are 718 px)."""
    page = open_page(718)
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
