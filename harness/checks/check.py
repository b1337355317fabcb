"""What a check is, and the registry of all checks, which decorators fill.

The docstring of a check's function says when it is met; docs/scenario-files.md has it from there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from pytest_mews.checks.observation import Observation
from pytest_mews.model import Transcript

Function = TypeVar("Function", bound=Callable[..., object])


@dataclass(frozen=True)
class Check:
    """A check, as an expectation in a scenario file names it.

    Attributes:
        name: its name in scenario files.
        expected: what it expects, as a phrase for the report.
        function: the function whose docstring says when it is met.
        observe: evaluates a transcript with the deliveries and WebSocket messages that the
            expectation is about; a pure function.
        has_figures: whether the observation has figures that belong into every reason.
        about_redirects: whether the reason of a passed scenario names the redirects.
        about_health: whether it is about the health checks, and not about the other deliveries.
        about_fetches: whether it is met only if acknowledged entities are fetched.
        about_speed: whether it is about how response times develop, which a moment without CPU time
            changes: one execution that breaks it, and one that meets it, show no flaw.

    """

    name: str
    expected: str
    function: Callable[..., object]
    observe: Callable[[Transcript], Observation]
    has_figures: bool = False
    about_redirects: bool = False
    about_health: bool = False
    about_fetches: bool = False
    about_speed: bool = False

    @property
    def documentation(self) -> str:
        """When it is met, for people."""
        return inspect.getdoc(self.function) or ""


_CHECKS: dict[str, Check] = {}
CHECKS: Mapping[str, Check] = MappingProxyType(_CHECKS)
"""All checks by name."""


def register(check: Check) -> None:
    """Add a check to `CHECKS`."""
    assert check.name not in _CHECKS
    _CHECKS[check.name] = check


def case_check(
    name: str,
    expected: str,
    *,
    has_figures: bool = True,
    about_fetches: bool = False,
    about_speed: bool = False,
) -> Callable[[Callable[[Transcript], Observation]], Callable[[Transcript], Observation]]:
    """Register a function as a check of a whole transcript, for what no single attempt shows.

    Unless `has_figures` is False, its observation has figures, so that the reason of a passed
    scenario gives them as well. `about_fetches` and `about_speed`: see `Check`.
    """

    def decorate(
        observe: Callable[[Transcript], Observation],
    ) -> Callable[[Transcript], Observation]:
        register(
            Check(
                name,
                expected,
                observe,
                observe,
                has_figures=has_figures,
                about_fetches=about_fetches,
                about_speed=about_speed,
            )
        )
        return observe

    return decorate
