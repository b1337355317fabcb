"""Messages name the documentation's pages by an address that the package's metadata have."""

from __future__ import annotations

from email.message import Message

import pytest

from pytest_mews import documentation


def metadata(*urls: str) -> Message:
    """Return metadata with entries of [project.urls]."""
    message = Message()
    for url in urls:
        message["Project-URL"] = url
    return message


def set_metadata(monkeypatch: pytest.MonkeyPatch, *urls: str) -> None:
    """Give the package such metadata."""
    monkeypatch.setattr(documentation, "metadata", lambda _: metadata(*urls))
    monkeypatch.setattr(documentation, "SITE", documentation.site_address())


def test_a_published_page_is_named_by_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other addresses are ignored, and a slash at the end makes no difference."""
    urls = ("Issues, https://git.example/issues", "Documentation, https://docs.example/mews")
    for slash in ("", "/"):
        set_metadata(monkeypatch, urls[0], urls[1] + slash)
        assert documentation.name_page("processing") == "https://docs.example/mews/processing/"
        tokens = documentation.name_page("processing", "tokens")
        assert tokens == "https://docs.example/mews/processing/#tokens"


def test_without_a_site_the_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is the state of the package today: no message leads to a page that is not there."""
    assert documentation.site_address() == ""
    set_metadata(monkeypatch, "Issues, https://git.example/issues")
    tokens = documentation.name_page("processing", "tokens")
    assert tokens == "docs/processing.md#tokens of pytest-mews"
