"""Every example in docs/kit runs as it is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pytest_mews

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs" / "kit"
PAGES = sorted(DOCS.glob("*.md"))
_BLOCK = re.compile(r'^```python title="(\S+)"( fails)?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_OUTPUT = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path) -> list[tuple[str, bool, str]]:
    """Return the examples of a page: the name of the file, whether its test fails, its text."""
    found = _BLOCK.findall(path.read_text("utf-8"))
    return [(name, bool(fails), text) for name, fails, text in found]


@pytest.fixture
def shared_files(pytester: pytest.Pytester) -> None:
    """Write the service and its conftest.py, which the first page shows."""
    for name, _, text in blocks(DOCS / "index.md"):
        if not name.startswith("test_"):
            (pytester.path / name).write_text(text, "utf-8")


@pytest.mark.usefixtures("shared_files")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_examples_of_a_page_pass(pytester: pytest.Pytester, path: Path) -> None:
    """The files of a page, with those of the first page, are a suite that passes."""
    for name, fails, text in blocks(path):
        if not fails:
            (pytester.path / name).write_text(text, "utf-8")
    result = pytester.runpytest("-p", "no:cacheprovider", "-W", "error")
    outcomes = result.parseoutcomes()
    assert outcomes.keys() == {"passed"}, result.stdout.str()
    shown = sum(
        text.count("\ndef test_") + text.count("\nasync def test_") for *_, text in blocks(path)
    )
    assert outcomes["passed"] == shown - sum(fails for _, fails, _ in blocks(path))


@pytest.mark.usefixtures("shared_files")
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_failing_example_has_the_shown_report(pytester: pytest.Pytester, path: Path) -> None:
    """Every line that a page shows of the report of a failing example is in that report."""
    failing = [(name, text) for name, fails, text in blocks(path) if fails]
    shown = _OUTPUT.findall(path.read_text("utf-8"))
    assert len(shown) == len(failing)
    for (name, text), output in zip(failing, shown, strict=True):
        (pytester.path / name).write_text(text, "utf-8")
        result = pytester.runpytest("-p", "no:cacheprovider", name)
        result.assert_outcomes(failed=1)
        for line in output.splitlines():
            assert line in result.outlines


def test_every_public_function_is_in_the_pages() -> None:
    """Each builder, strategy and class of the kit that a test can import is on a page."""
    text = "\n".join(path.read_text("utf-8") for path in PAGES)
    names = [name for name in pytest_mews.__all__ if name.islower() and name != "tenants_template"]
    assert [name for name in names if f"`{name}" not in text] == []


def test_every_python_example_is_run() -> None:
    """No page has Python code that the tests above don't run."""
    for path in PAGES:
        assert path.read_text("utf-8").count("```python") == len(blocks(path))


@pytest.mark.parametrize(
    ("page", "fixture"),
    [
        ("websocket", pytest_mews.MewsWebSocket),
        ("connector-api", pytest_mews.MewsApi),
        ("webhooks", pytest_mews.MewsWebhooks),
        ("webhooks", pytest_mews.WebhookAttempt),
        ("webhooks", pytest_mews.WebhookDelivery),
    ],
)
def test_the_attributes_of_a_fixture_are_on_its_page(page: str, fixture: type) -> None:
    """Each public attribute that the class itself defines is named there."""
    text = (DOCS / f"{page}.md").read_text("utf-8")
    names = [name for name in (*vars(fixture), *fixture.__annotations__) if name[0] != "_"]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


def test_the_pages_name_what_exists() -> None:
    """A page names no attribute of a fixture that doesn't exist."""
    with pytest_mews.MewsApi() as mews_api, pytest_mews.MewsWebhooks() as mews_webhooks:
        fixtures = {"mews_api": mews_api, "mews_webhooks": mews_webhooks}
        for path in PAGES:
            text = path.read_text("utf-8")
            for fixture, name in re.findall(r"\b(mews_api|mews_webhooks)\.(\w+)", text):
                assert hasattr(fixtures[fixture], name), f"{path.name}: {fixture}.{name}"
