"""Causes that are about time, of a run with several instances of the service."""

from __future__ import annotations

from dataclasses import replace

from pytest_mews.causes import find_causes
from pytest_mews.model import CauseKind, ScenarioResult
from tests.causes.observed_results import processing_result
from tests.transcript_builders import call, delivery


def result(number: int, *, instance: int, at_s: float, fetched: bool) -> ScenarioResult:
    """Return the result of one message at an instance."""
    name, at_ms = f"{number}-a", 1000 * at_s
    deliveries = [delivery(name, event="ServiceOrderUpdated", at_ms=at_ms)]
    calls = [call(name, at_ms=at_ms + 100.0)] if fetched else []
    one = processing_result(f"PROC-{number}", deliveries, calls, met=fetched)
    return replace(one, instance=instance)


def results(instance: int, *, stops: bool) -> list[ScenarioResult]:
    """Return the results of eight scenarios; the instance may stop after five of them."""
    return [
        result(10 * instance + number, instance=instance, at_s=10.0 * number, fetched=fetched)
        for number in range(1, 9)
        for fetched in [not stops or number <= 5]
    ]


def test_an_instance_stops_while_another_one_goes_on() -> None:
    """What the others request meanwhile hides nothing."""
    (cause,) = find_causes([*results(1, stops=False), *results(2, stops=True)])
    assert cause.kind is CauseKind.STOPPED_FETCHING
    assert cause.explains == ("PROC-26", "PROC-27", "PROC-28")
    assert "PROC-25, which passed, and PROC-26" in cause.summary
    assert "instance" not in cause.summary


def test_what_several_instances_do_is_one_cause() -> None:
    """It explains the scenarios of all of them."""
    (cause,) = find_causes([line for number in (1, 2, 3) for line in results(number, stops=True)])
    assert cause.kind is CauseKind.STOPPED_FETCHING
    assert cause.explains == tuple(f"PROC-{ten}{one}" for ten in (1, 2, 3) for one in (6, 7, 8))
    assert cause.summary.endswith("2 other instances of the service did so, too.")
