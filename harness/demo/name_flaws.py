"""Flaws that refuse good integration messages for the names in them, or for what is null.

They are asked like those in `refusals`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_mews.demo.service import Answer
from pytest_mews.demo.webhook_bodies import Document

SHORT = 100  # characters


def chokes_on_null_service(document: Document) -> Answer | None:
    """Answers 500 when an IntegrationCreated has a Service that is null."""
    null = "Data" in document and document["Data"].get("Service", ...) is None
    return Answer(500) if null else None


def latin1_names(document: Document) -> Answer | None:
    """Answers 500 when a name has a character that is not in Latin-1."""
    foreign = any(ord(character) > 0xFF for name in _names(document) for character in name)  # noqa: PLR2004
    return Answer(500) if foreign else None


def short_names(document: Document) -> Answer | None:
    """Answers 400 when a name is longer than 100 characters."""
    return Answer(400) if any(len(name) > SHORT for name in _names(document)) else None


def _names(document: Document) -> Iterator[str]:
    data = document.get("Data")
    for value in data.values() if isinstance(data, dict) else ():
        name = value.get("Name") if isinstance(value, dict) else None
        if isinstance(name, str):
            yield name


NAME_REFUSALS = (chokes_on_null_service, latin1_names, short_names)
