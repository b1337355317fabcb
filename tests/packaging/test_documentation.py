"""The address of the documentation comes from the installed metadata."""

from __future__ import annotations

from email.message import Message

import pytest

from pytest_mews import documentation


def metadata_with(*urls: str) -> Message:
    """Return metadata with entries of [project.urls]."""
    message = Message()
    for url in urls:
        message["Project-URL"] = url
    return message


@pytest.mark.parametrize("url", ["https://docs.example/mews", "https://docs.example/mews/"])
def test_base_url_ends_with_one_slash(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address may be given with a slash at its end or without one."""
    urls = ("Repository, https://code.example/", f"Documentation, {url}")
    monkeypatch.setattr(documentation, "metadata", lambda _: metadata_with(*urls))
    assert documentation.base_url() == "https://docs.example/mews/"


def test_metadata_without_the_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An old installation, without the entry, is told to be made again."""
    monkeypatch.setattr(documentation, "metadata", lambda _: metadata_with())
    with pytest.raises(RuntimeError, match="Documentation URL: install it again"):
        documentation.base_url()
