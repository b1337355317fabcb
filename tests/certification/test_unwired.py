"""Services that can't fetch anything: one cause is told once, and nobody waits for the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.model import ScenarioResult, Stage, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader

PROCESSING = [each for each in loader.load() if each.stage is Stage.PROCESSING]
Build = Callable[..., Settings]


def certify(flaw: str, settings: Build) -> dict[str, ScenarioResult]:
    """Certify a partner's processing, and give what it was not cleared of, by id."""
    chosen = settings(f"demo:{flaw}", time_scale="0.001", examples="2", fetch_timeout="1")
    with CertificationRunner(chosen) as engine:
        results = [engine.certify(each) for each in PROCESSING]
    cleared = {Verdict.PASS, Verdict.NOT_APPLICABLE}
    return {each.scenario.id: each for each in results if each.verdict not in cleared}


def test_who_calls_nobody_fails_once(settings: Build) -> None:
    """PRE-02 says where to point the service; all else is blocked."""
    results = certify("fetches-nothing", settings)
    assert results.keys() == {each.id for each in PROCESSING}
    failure = results.pop("PRE-02")
    assert failure.verdict is Verdict.FAIL
    assert "no request reached the harness's Connector API" in failure.reason
    assert {each.verdict for each in results.values()} == {Verdict.BLOCKED}


@pytest.mark.parametrize(
    ("flaw", "answer"),
    [
        ("wrong-access-token", "Invalid AccessToken"),
        ("trailing-slash-path", "The path must be exact"),
    ],
)
def test_who_is_always_refused_fails_for_that(flaw: str, answer: str, settings: Build) -> None:
    """What every request gets wrong is told by PRE-02 and PROC-18; all else is blocked by it.

    So is what expects no request: who is refused anyway has not shown that it makes none.
    """
    results = certify(flaw, settings)
    assert results.keys() == {each.id for each in PROCESSING}
    for name in ("PRE-02", "PROC-18"):
        failure = results.pop(name)
        assert (failure.verdict, answer in failure.reason) == (Verdict.FAIL, True), failure.reason
    assert {each.verdict for each in results.values()} == {Verdict.BLOCKED}
    assert all(answer in each.reason for each in results.values())
    assert all("(PRE-02)" in each.reason for each in results.values())
