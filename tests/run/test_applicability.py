"""Conditions under which a scenario applies: what a partner does not offer is no warning."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.run.environment import Environment
from pytest_mews.run.preconditions import not_for_this_run
from pytest_mews.scenarios import loader

URL = "http://127.0.0.1:9/webhooks/mews"
PORTFOLIO = next(item for item in loader.load_scenarios() if item.id == "PROC-44")
BuildSettings = Callable[..., Settings]


@pytest.mark.parametrize(
    ("target", "offered", "reason"),
    [
        (URL, False, "nothing says that the integration is offered to portfolios"),
        (URL, True, ""),
        ("demo", False, ""),
    ],
)
def test_portfolios_are_for_integrations_that_are_offered_to_them(
    settings: BuildSettings, target: str, reason: str, *, offered: bool
) -> None:
    """Multi-Property is an optional feature: who does not offer it lacks nothing."""
    options = settings(target, api="127.0.0.1:9", portfolios=offered)
    unmet = not_for_this_run(PORTFOLIO, Environment(options))
    assert (unmet is None) == (not reason)
    assert unmet is None or reason in unmet.reason
