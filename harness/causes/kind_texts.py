"""What is told of each kind of cause, whatever the run: title, measure, claim, remedy, example."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from pytest_mews.model import CauseKind


@dataclass(frozen=True)
class Example:
    """A demo partner, and scenarios of which it fails some for one cause and no other."""

    partner: str
    scenarios: tuple[str, ...]


@dataclass(frozen=True)
class KindText:
    """A kind of cause for people: Markdown with `code` only.

    Attributes:
        title: a sentence without its stop.
        measured: what it is measured from, a phrase.
        claims: what its sentence in a report says, a phrase.
        remedy: what to change; empty if that depends on what was observed.
        remedies: what to change, by what was observed.
        remedy_of: the ids of the scenarios whose failure it is, which have the remedy.
        example: what shows it; None if no demo partner of the package does.

    """

    title: str
    measured: str
    claims: str
    remedy: str = ""
    remedies: Mapping[str, str] = field(default_factory=dict)
    remedy_of: tuple[str, ...] = ()
    example: Example | None = None


@cache
def load_kind_texts() -> Mapping[CauseKind, KindText]:
    """Load the texts of all kinds (`kinds.toml`), in the order of `CauseKind`."""
    tables = tomllib.loads((files("pytest_mews.causes") / "kinds.toml").read_text("utf-8"))
    for table in tables.values():
        if (other := table.pop("remedy_as", None)) is not None:
            table["remedy"] = tables[other]["remedy"]
        if (example := table.get("example")) is not None:
            table["example"] = Example(example["partner"], tuple(example["scenarios"]))
        table["remedy_of"] = tuple(table.get("remedy_of", ()))
    return MappingProxyType({CauseKind(name): KindText(**table) for name, table in tables.items()})


def remedy_if(kind: CauseKind, case: str) -> str:
    """Return what to change for a kind whose remedy depends on what was observed.

    Raises:
        KeyError: the kind has no remedy for the case.

    """
    return load_kind_texts()[kind].remedies[case]
