"""The events that each documented use case needs (`use_cases.toml`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pytest_mews.mews.facts import DOCUMENTATION, Basis
from pytest_mews.mews.toml_data import read_data


@dataclass(frozen=True)
class UseCase:
    """One use case; `events` maps each discriminator that it needs to the basis of the claim."""

    name: str
    events: Mapping[str, Basis]

    @property
    def url(self) -> str:
        """The URL of its page on the public site."""
        return f"{DOCUMENTATION}use-cases/{self.name}"


def _use_case(name: str, bases: Mapping[str, Iterable[str]]) -> UseCase:
    events = {event: Basis(basis) for basis, names in bases.items() for event in names}
    return UseCase(name, MappingProxyType(events))


USE_CASES: Mapping[str, UseCase] = MappingProxyType(
    {name: _use_case(name, bases) for name, bases in read_data("use_cases").items()}
)
"""Every use case by its name."""
