"""Output for CI systems: JUnit properties, GitHub's job summary and annotations."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.reports import OUTPUTS, report_files
from pytest_mews.scenarios import loader

pytestmark = pytest.mark.slow

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
FLAWED = (
    "--mews-target",
    "demo:ignores-token",
    "-k",
    "PRE-01 or PRE-03 or AUTH-01 or AUTH-02 or AUTH-03",
    *QUICK,
)
JUNIT = ("--hypothesis-seed", "7", "--junitxml", "junit.xml")
WORKFLOW_COMMAND = re.compile(r"^\s*::|##[a-z]*\[", re.MULTILINE)


def read_json_report(folder: Path) -> dict[str, Any]:
    """Read the JSON report."""
    report: dict[str, Any] = json.loads(
        (folder / "mews-report" / "selection" / "certification.json").read_text("utf-8")
    )
    return report


def properties(element: ET.Element) -> dict[str, list[str]]:
    """Return the properties of a suite or a case, by name; a name may occur several times."""
    values: dict[str, list[str]] = {}
    for item in element.findall("properties/property"):
        values.setdefault(item.get("name", ""), []).append(item.get("value", ""))
    return values


def test_junit_properties_with_jobs(pytester: pytest.Pytester) -> None:
    """Scenarios that run concurrently have the same properties."""
    assert pytester.runpytest(*FLAWED, *JUNIT, "--mews-jobs", "4").ret == 1
    check_junit_properties(pytester.path)


def check_junit_properties(folder: Path) -> None:
    """Each case has its level, facts and verdict; the suite has the readiness and the seed."""
    root = ET.parse(folder / "junit.xml").getroot()
    (suite,) = root.findall("testsuite")
    suite_properties = properties(suite)
    assert suite_properties["mews.readiness"] == ["not-ready"]
    assert suite_properties["mews.readiness.streaming"] == [
        "incomplete"
    ]  # only its PRE scenarios were selected
    assert suite_properties["mews.seed"] == ["7"]
    assert suite_properties["mews.profile"] == ["2026-08"]
    assert suite_properties["mews.target"] == ["demo:ignores-token"]
    results = {item["id"]: item for item in read_json_report(folder)["scenarios"]}
    scenarios = {scenario.id: scenario for scenario in loader.load_scenarios()}
    cases = {case.get("name", ""): properties(case) for case in suite.findall("testcase")}
    assert set(cases) == {"PRE-01", "PRE-03", "AUTH-01", "AUTH-02", "AUTH-03"}
    for name, values in cases.items():
        facts = scenarios[name].facts
        assert values["mews.source"] == [fact.source.url for fact in facts]
        assert values["mews.revision"] == [fact.source.revision for fact in facts]
        assert values["mews.requirement"] == [fact.text for fact in facts]
        for key in ("stage", "level", "basis", "verdict", "reason"):
            assert values[f"mews.{key}"] == [results[name][key]]


def test_junit_matches_the_family_xunit2(pytester: pytest.Pytester) -> None:
    """Except for the properties of cases, the file has only what the family xunit2 allows."""
    pytester.runpytest(*FLAWED, "--junitxml", "junit.xml")
    root = ET.parse(pytester.path / "junit.xml").getroot()
    allowed = {
        "testsuites": {"name"},
        "testsuite": {"name", "errors", "failures", "skipped", "tests", "time"}
        | {"timestamp", "hostname"},
        "testcase": {"classname", "name", "time"},
        "properties": set(),
        "property": {"name", "value"},
        "failure": {"message"},
        "skipped": {"type", "message"},
    }
    for element in root.iter():
        assert set(element.keys()) <= allowed[element.tag]
    for suite in root.findall("testsuite"):
        assert [child.tag for child in suite].count("properties") == 1


@pytest.mark.parametrize("options", [(), ("-n", "1")])
def test_on_github(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """The job summary gets the summary once; failures, and nothing else, are annotated.

    JUnit's file has all properties, also with workers.
    """
    page = pytester.path / "page.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    result = pytester.runpytest(*FLAWED, *JUNIT, *options)
    assert result.ret == 1
    check_junit_properties(pytester.path)
    summary = (pytester.path / "mews-report" / "selection" / "summary.md").read_text("utf-8")
    assert page.read_text("utf-8") == f"before\n\n{summary}"
    annotations = [line for line in result.outlines if WORKFLOW_COMMAND.search(line)]
    report = read_json_report(pytester.path)
    failed = [item["id"] for item in report["scenarios"] if item["verdict"] == "fail"]
    (cause,) = report["causes"]
    (error,) = (line for line in annotations if line.startswith("::error title="))
    assert error.startswith(f"::error title=Cause 1%3A {cause['kind']}::")
    assert [name for name in cause["explains"] if name in failed] == failed
    assert [name for name in failed if name not in error] == []
    assert {line.split()[0] for line in annotations} <= {"::error", "::warning"}


def test_outside_github(pytester: pytest.Pytester) -> None:
    """The terminal has no workflow command, and the folder has every output."""
    result = pytester.runpytest(*FLAWED)
    assert not WORKFLOW_COMMAND.search(result.stdout.str())
    names = {path.name for path in (pytester.path / "mews-report" / "selection").iterdir()}
    assert {output.name for output in OUTPUTS} <= names


def test_a_job_summary_that_can_not_be_written(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal says so, and the exit status still follows the verdicts."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path))
    result = pytester.runpytest("--mews-target", "demo", "-k", "PRE-01", *QUICK)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["GITHUB_STEP_SUMMARY: * can't be written (*"])


def test_an_output_that_can_not_be_rendered(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in one output is a line in the terminal; the JSON is written and valid."""

    def broken(*_: object) -> str:
        raise ValueError("no")

    outputs = tuple(
        replace(output, render=broken) if output.name.endswith(".html") else output
        for output in report_files.OUTPUTS
    )
    monkeypatch.setattr(report_files, "OUTPUTS", outputs)
    result = pytester.runpytest("--mews-target", "demo", "-k", "PRE-01", *QUICK)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["certification.html could not be rendered (ValueError)"])
    assert read_json_report(pytester.path)["seed"]
