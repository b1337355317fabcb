"""Conditions under which a scenario applies: what a partner does not offer is no warning."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.run.environment import Environment
from pytest_mews.run.preconditions import not_for_this_run
from pytest_mews.scenarios import loader

URL = "http://127.0.0.1:9/webhooks/mews"
SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
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
    unmet = not_for_this_run(SCENARIOS["PROC-44"], Environment(options))
    assert (unmet is None) == (not reason)
    assert unmet is None or reason in unmet.reason


@pytest.mark.parametrize(
    ("target", "start", "can_restart"),
    [
        (URL, {}, False),
        ("/hook", {"start": "no-program"}, True),
        ("/hook", {"app": "app:app"}, False),
        ("demo", {}, True),
    ],
)
def test_only_a_service_that_the_harness_started_can_be_restarted(
    settings: BuildSettings, target: str, start: dict[str, str], *, can_restart: bool
) -> None:
    """Neither one that runs elsewhere nor an application in the process of the run."""
    options = settings(target, api="127.0.0.1:9", **start)
    unmet = not_for_this_run(SCENARIOS["PROC-49"], Environment(options))
    assert (unmet is None) == can_restart
    assert unmet is None or "--mews-start" in unmet.reason


@pytest.mark.parametrize(
    ("scenario", "options", "reason"),
    [
        (
            "REC-13",
            {},
            "Mews sends ResourceDeleted only to a partner that asked for it: if you did",
        ),
        ("PROC-35", {}, "Mews sends ResourceDeleted or ProductDeleted only to a partner"),
        ("PROC-02", {"events": "CustomerAdded"}, "not subscribed to MessageAdded (--mews-events)"),
        (
            "ERR-04",
            {"events": "CustomerAdded"},
            "IntegrationCreated or IntegrationEnabled or another",
        ),
        ("INT-07", {"events": "CustomerAdded"}, "not subscribed to its events (--mews-events)"),
        (
            "REC-13",
            {"profile": "2022-08"},
            "its events don't exist in profile 2022-08, or don't fit",
        ),
        ("PROC-17", {"profile_set": ["batch_limit=1"]}, "or don't fit into a batch of 1"),
    ],
)
def test_the_reason_names_the_events_that_are_missing(
    settings: BuildSettings, scenario: str, options: dict[str, str], reason: str
) -> None:
    """What a user has to name in --mews-events, if Mews sends it to the integration."""
    unmet = not_for_this_run(
        SCENARIOS[scenario], Environment(settings(URL, api="127.0.0.1:9", **options))
    )
    assert unmet is not None
    assert reason in unmet.reason
