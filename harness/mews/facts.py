"""Facts: what Mews documents, in our own words, and what we infer from it.

`facts.toml` explains its keys. Scenarios and limits name facts by their ids; reports and
docs/requirements.md show their texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any

from pytest_mews.mews.toml_data import read_data

DOCUMENTATION = "https://docs.mews.com/connector-api/"


class Basis(StrEnum):
    """Whether the documentation states it, or we infer it from the documentation.

    Or neither: a scenario of the user's own. No fact has this basis.
    """

    DOCUMENTED = "documented"
    INFERRED = "inferred"
    OWN = "own"


class Stage(StrEnum):
    """What is observed: the endpoint, calls to the Connector API, or WebSocket clients."""

    DELIVERY = "delivery"
    PROCESSING = "processing"
    STREAMING = "streaming"


@dataclass(frozen=True)
class Source:
    """A place in the documentation.

    `revision` is the first revision that is known to state it; empty if none is known.
    """

    page: str
    anchor: str
    revision: str

    @property
    def revision_text(self) -> str:
        """The revision as a phrase for people."""
        return f"revision {self.revision}" if self.revision else "revision not known"

    @property
    def url(self) -> str:
        """The URL of the paragraph on the public site."""
        return f"{DOCUMENTATION}{self.page}" + (f"#{self.anchor}" if self.anchor else "")


@dataclass(frozen=True)
class Fact:
    """One documented or inferred statement about Mews.

    Attributes:
        id: such as `T-25`; it never changes.
        text: one or two sentences in our own words; Markdown with `code` only.
        source: where the documentation states it, or what it is inferred from.
        basis: documented or inferred.
        stage: where a violation shows.
        untested: why no scenario of that stage tests it; empty if one does.

    """

    id: str
    text: str
    source: Source
    basis: Basis
    stage: Stage
    untested: str = ""

    @property
    def is_documented(self) -> bool:
        """Whether the documentation states it."""
        return self.basis is Basis.DOCUMENTED


@dataclass(frozen=True)
class Section:
    """A part of the documentation with its facts."""

    title: str
    facts: tuple[Fact, ...]


def parse_sections(data: Mapping[str, Any]) -> tuple[Section, ...]:
    """Parse the content of `facts.toml`.

    Raises:
        KeyError: a fact lacks a key.
        TypeError: a fact has an unknown key.
        ValueError: a basis or a stage is unknown.

    """
    return tuple(
        Section(section["title"], tuple(_fact(**fact) for fact in section["fact"]))
        for section in data["section"]
    )


def _fact(  # noqa: PLR0913 - the keys of a fact
    *,
    id: str,  # noqa: A002
    text: str,
    page: str,
    anchor: str,
    revision: str,
    basis: str,
    stage: str,
    untested: str = "",
) -> Fact:
    return Fact(id, text, Source(page, anchor, revision), Basis(basis), Stage(stage), untested)


@cache
def load_sections() -> tuple[Section, ...]:
    """Load all facts by section, in the order of the file."""
    return parse_sections(read_data("facts"))


@cache
def load_facts() -> Mapping[str, Fact]:
    """Load all facts by id."""
    facts = (fact for section in load_sections() for fact in section.facts)
    return MappingProxyType({fact.id: fact for fact in facts})
