"""Services that can't fetch anything: one scenario fails with the cause, the others are blocked."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.model import ScenarioResult, Stage, Verdict
from pytest_mews.run.preconditions import unmet_precondition
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.concurrent_certification import certify_concurrently

ON_REQUEST = {"PROC-35", "PROC-36", "PROC-38"}  # about events that Mews sends on request
PROCESSING = [
    scenario
    for scenario in loader.load_scenarios()
    if scenario.stage is Stage.PROCESSING and scenario.id not in ON_REQUEST
]
BuildSettings = Callable[..., Settings]


def certify(flaw: str, settings: BuildSettings) -> dict[str, ScenarioResult]:
    """Certify the Processing stage of a partner; return what it did not pass, by id."""
    options = settings(f"demo:{flaw}", time_scale="0.001", examples="2", fetch_timeout="1")
    with CertificationRunner(options) as runner:
        results = certify_concurrently(runner, PROCESSING)
    sound = {Verdict.PASS, Verdict.NOT_APPLICABLE}
    return {name: result for name, result in results.items() if result.verdict not in sound}


def test_a_service_without_calls_fails_once(settings: BuildSettings) -> None:
    """PRE-02 fails and says where to point the service; all others are blocked."""
    results = certify("fetches-nothing", settings)
    assert results.keys() == {scenario.id for scenario in PROCESSING}
    failure = results.pop("PRE-02")
    assert failure.verdict is Verdict.FAIL
    assert "no request reached the Connector API emulator" in failure.reason
    assert {result.verdict for result in results.values()} == {Verdict.BLOCKED}
    remedies = {result.remedy for result in results.values()}
    assert len(remedies) == 1
    assert remedies.pop().startswith("Point the service at the address of --mews-api")


@pytest.mark.parametrize(
    ("flaw", "response"),
    [
        ("wrong-access-token", "Invalid AccessToken"),
        ("trailing-slash-path", "The path must be exact"),
    ],
)
def test_a_service_whose_calls_are_all_refused(
    flaw: str, response: str, settings: BuildSettings
) -> None:
    """PRE-02 and PROC-18 fail with what every call gets wrong; all others are blocked.

    Scenarios that expect no call are blocked too: refused calls don't show that none is made.
    """
    results = certify(flaw, settings)
    assert results.keys() == {scenario.id for scenario in PROCESSING}
    for name in ("PRE-02", "PROC-18"):
        failure = results.pop(name)
        assert (failure.verdict, response in failure.reason) == (Verdict.FAIL, True), failure.reason
    assert {result.verdict for result in results.values()} == {Verdict.BLOCKED}
    assert all(response in result.reason for result in results.values())
    assert all("(PRE-02)" in result.reason for result in results.values())


@pytest.mark.parametrize(("lost_in", "has_remedy"), [("STR-11", True), ("", False)])
def test_a_lost_client_blocks_scenarios(
    settings: BuildSettings, lost_in: str, *, has_remedy: bool
) -> None:
    """Also if it is unknown since when; the remedy is that of the scenario that lost it."""
    clients = SimpleNamespace(
        wait_for_handshake=lambda: True, wait_for_client=lambda: False, was_connected=True
    )
    environment: Any = SimpleNamespace(settings=settings("demo"), clients=clients, death=None)
    (scenario,) = (item for item in loader.load_scenarios() if item.id == "STR-12")
    unmet = unmet_precondition(scenario, environment, lost_in)
    assert unmet is not None
    assert (lost_in or "an earlier scenario") in unmet.reason
    assert unmet.blocked_by is not None
    assert bool(unmet.blocked_by.remedy) is has_remedy
