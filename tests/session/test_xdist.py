"""Certification with pytest-xdist: refused options, and results of the workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port

pytestmark = pytest.mark.slow

pytest.importorskip("xdist")
QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
CLOSED_PORT_URL = "http://127.0.0.1:9/hook"


def read_json_report(folder: Path) -> dict[str, Any]:
    """Read the JSON report."""
    report: dict[str, Any] = json.loads(
        (folder / "mews-report" / "selection" / "certification.json").read_text("utf-8")
    )
    return report


@pytest.mark.parametrize(
    ("api", "options"),
    [("127.0.0.1:8088", ("-n", "2")), ("[::1]:8088", ("--tx", "2*popen", "-d"))],
)
def test_one_address_can_not_be_served_by_several_processes(
    pytester: pytest.Pytester, api: str, options: tuple[str, ...]
) -> None:
    """--mews-api with -n exits with status 4, names the remedy, and delivers nothing."""
    result = pytester.runpytest("--mews-target", CLOSED_PORT_URL, "--mews-api", api, *options)
    assert result.ret == 4
    message = result.stderr.str()
    assert f"--mews-api: '{api}' can't be served by several processes (-n)" in message
    assert "--mews-jobs" in message
    assert not (pytester.path / "mews-report").exists()


def test_instances_need_one_process(pytester: pytest.Pytester) -> None:
    """Each worker has its own demo partner, but not several."""
    result = pytester.runpytest("--mews-target", "demo", "--mews-instances", "2", "-n", "2")
    assert result.ret == 4
    assert "--mews-instances: '2' can't be combined with -n" in result.stderr.str()


@pytest.mark.parametrize("workers", [(), ("-n", "0")])
def test_one_process_may_serve_the_api(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """Without workers the API is served, with or without -n 0."""
    options = ("--mews-api", f"127.0.0.1:{free_port()}", "-k", "PRE-01", *workers)
    result = pytester.runpytest("--mews-target", CLOSED_PORT_URL, *options)
    assert result.ret == 1
    assert "PRE-01 FAIL" in result.stdout.str()


def test_dist_each_is_refused(pytester: pytest.Pytester) -> None:
    """--dist each would run every scenario in every worker."""
    result = pytester.runpytest("--mews-target", "demo", "-n", "2", "--dist", "each")
    assert result.ret == 4
    assert "--dist" in result.stderr.str()


def test_each_scenario_runs_once_in_a_worker(pytester: pytest.Pytester) -> None:
    """The controller writes the report; each worker has its own demo partner and emulators."""
    ids = ("PRE-01", "PRE-02", "PRE-03", "REC-01", "REC-02", "PROC-01", "PROC-12", "STR-01")
    options = ("-n", "2", "-k", " or ".join((*ids, "TLS-01")), *QUICK)
    result = pytester.runpytest("--mews-target", "demo", *options)
    assert result.ret == 0, result.stdout.str()
    result.assert_outcomes(passed=len(ids), skipped=1)
    scenarios = read_json_report(pytester.path)["scenarios"]
    verdicts = {item["id"]: item["verdict"] for item in scenarios}
    observed = {name: item for name, item in verdicts.items() if item != "not-observed"}
    assert observed == {**dict.fromkeys(ids, "pass"), "TLS-01": "not-applicable"}
    calls = (pytester.path / "mews-report" / "selection" / "calls.jsonl").read_text("utf-8")
    review = read_json_report(pytester.path)["certification_review"]
    assert 0 < review["requests"] <= len(calls.splitlines())
    operations = {operation["operation"] for operation in review["operations"]}
    assert operations == {json.loads(line)["operation"] for line in calls.splitlines()}


def test_notes_of_the_workers_are_in_the_report(pytester: pytest.Pytester) -> None:
    """A note that several workers have is in the report once."""
    slow = ("--mews-profile-set", "timeout_s=0.1", "--mews-time-scale", "0.001")
    options = ("-n", "2", "-k", "PRE-01 or REC-01 or REC-02", *slow)
    result = pytester.runpytest("--mews-target", "demo:slow-but-fine", *options)
    assert result.ret == 1
    (note,) = read_json_report(pytester.path)["notes"]
    assert note.startswith("The endpoint missed the 0.1 s limit even for a single event")


def test_a_worker_that_crashes(pytester: pytest.Pytester) -> None:
    """The scenario whose worker crashed is an error; the others have their verdicts."""
    pytester.makeconftest(
        "import os\n\n"
        "def pytest_runtest_call(item):\n"
        "    if item.name == 'REC-02':\n"
        "        os._exit(3)\n"
    )
    options = ("-n", "2", "-k", "PRE-01 or REC-01 or REC-02 or REC-08", *QUICK)
    result = pytester.runpytest("--mews-target", "demo", *options)
    assert result.ret == 1, result.stdout.str()
    report = read_json_report(pytester.path)
    scenarios = {scenario["id"]: scenario for scenario in report["scenarios"]}
    assert scenarios["REC-02"]["verdict"] == "error"
    assert "crashed" in scenarios["REC-02"]["reason"]
    assert [scenarios[name]["verdict"] for name in ("PRE-01", "REC-01", "REC-08")] == ["pass"] * 3
    assert report["readiness"] == "incomplete"
