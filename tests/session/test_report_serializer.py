"""Results travel on pytest's reports: as objects, and as JSON only between processes."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import pytest

from pytest_mews.model import (
    ApiUsage,
    ErrorCounts,
    OperationUsage,
    ScenarioResult,
    Verdict,
    serialization,
)
from pytest_mews.scenarios import loader
from pytest_mews.session.command_line import scenario_id_in
from pytest_mews.session.xdist import (
    RESULT_KEY,
    ReportSerializer,
    attach_result,
    attach_usage,
    attached_notes,
    attached_result,
    detach_usage,
)

SCENARIO = loader.load_scenarios()[0]
RESULT = ScenarioResult(SCENARIO, Verdict.PASS, "as expected")


@pytest.mark.parametrize(
    ("node_id", "name"),
    [
        ("mews::RET-02", "RET-02"),
        ("mews::RET-02@group", "RET-02"),
        ("mews", None),
        ("mews::", None),
        ("tests/mews::RET-02", None),
        ("test_mine.py::test_mine", None),
    ],
)
def test_scenario_in_a_node_id(node_id: str, name: str | None) -> None:
    """Only node ids of the certification contain a scenario id."""
    assert scenario_id_in(node_id) == name


def report() -> pytest.TestReport:
    """Build a report of pytest without a result."""
    location = ("mews", None, SCENARIO.id)
    return pytest.TestReport(f"mews::{SCENARIO.id}", location, {}, "passed", None, "call")


def through(hook: Generator[None, Any, Any], value: object) -> Any:  # noqa: ANN401
    """Run a wrapper around a hook that returns this value."""
    next(hook)
    with pytest.raises(StopIteration) as stop:
        hook.send(value)
    return stop.value.value


def test_within_one_process_the_result_itself_travels() -> None:
    """A report has the object, and its notes."""
    attach_result(with_result := report(), RESULT, ["a note"])
    assert attached_result(with_result) is RESULT
    assert attached_notes(with_result) == ("a note",)
    assert attached_result(report()) is None
    assert attached_notes(report()) == ()


def test_between_processes_the_result_is_json() -> None:
    """The serialized report is plain data with the scenario's id; the result is read unchanged."""
    serializer = ReportSerializer({SCENARIO.id: SCENARIO})
    attach_result(sent := report(), RESULT, ["a note"])
    data = through(serializer.pytest_report_to_serializable(), dict(vars(sent)))
    assert json.loads(data[RESULT_KEY])["scenario"] == SCENARIO.id
    received = report()
    vars(received).update(data)
    received = through(serializer.pytest_report_from_serializable(), received)
    assert attached_result(received) == RESULT
    assert attached_notes(received) == ("a note",)


def test_other_reports_are_left_alone() -> None:
    """A report without a result, or of another kind, is not changed."""
    serializer = ReportSerializer({})
    assert through(serializer.pytest_report_to_serializable(), None) is None
    assert through(serializer.pytest_report_from_serializable(), (other := report())) is other


def test_the_usage_of_a_process_is_taken_from_its_report() -> None:
    """It arrives as it was, with the name of the process, and the report doesn't keep it."""
    errors = ErrorCounts((("400", 2),), 1, 1)
    operation = OperationUsage("customers/getAll", requests=3, filters=(("Ids", 3),), errors=errors)
    usage = ApiUsage((operation,), (("Client 1", 3),), 0, 3)
    attach_usage(with_usage := report(), usage)
    with_usage.worker_id = "gw1"  # type: ignore[attr-defined]
    assert detach_usage(with_usage) == ("gw1", usage)
    assert detach_usage(with_usage) is None
    assert serialization.usage_from_json(serialization.usage_to_json(usage)) == usage


def test_a_process_without_an_api_attaches_no_usage() -> None:
    """Nothing is merged where no Connector API emulator ran."""
    attach_usage(without := report(), None)
    assert detach_usage(without) is None
