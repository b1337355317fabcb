"""What a whole run leaves for machines: JUnit's properties, GitHub's page and annotations."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.reports import OUTPUTS
from pytest_mews.scenarios import loader

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
FLAWED = ("--mews-target", "demo:ignores-token", "-k", "PRE or AUTH", *QUICK)
COMMANDS = re.compile(r"^\s*::|##[a-z]*\[", re.MULTILINE)


def written(folder: Path) -> dict[str, Any]:
    """Read the JSON report."""
    report: dict[str, Any] = json.loads(
        (folder / "mews-report" / "certification.json").read_text("utf-8")
    )
    return report


def properties(element: ET.Element) -> dict[str, list[str]]:
    """Collect the properties of a suite or a case, which may have one name several times."""
    found: dict[str, list[str]] = {}
    for each in element.findall("properties/property"):
        found.setdefault(each.get("name", ""), []).append(each.get("value", ""))
    return found


@pytest.mark.parametrize("chosen", [(), ("-n", "2"), ("--mews-jobs", "4")])
def test_junit_says_what_was_asked_and_where(
    pytester: pytest.Pytester, chosen: tuple[str, ...]
) -> None:
    """Each case bears obligation, sources and verdict, the suite readiness and seed."""
    asked = ("--hypothesis-seed", "7", "--junitxml", "junit.xml", *chosen)
    assert pytester.runpytest_subprocess(*FLAWED, *asked).ret == 1
    root = ET.parse(pytester.path / "junit.xml").getroot()
    (suite,) = root.findall("testsuite")
    of_suite = properties(suite)
    assert of_suite["mews.readiness"] == ["not-ready"]
    assert of_suite["mews.readiness.streaming"] == ["incomplete"]  # of it only PRE was asked for
    assert of_suite["mews.seed"] == ["7"]
    assert of_suite["mews.profile"] == ["2026-04"]
    assert of_suite["mews.target"] == ["demo:ignores-token"]
    results = {each["id"]: each for each in written(pytester.path)["scenarios"]}
    scenarios = {each.id: each for each in loader.load_scenarios()}
    cases = {case.get("name", ""): properties(case) for case in suite.findall("testcase")}
    assert set(cases) == {name for name in scenarios if name[:3] in {"PRE", "AUT"}}
    for name, said in cases.items():
        sources = scenarios[name].sources
        assert said["mews.source"] == [source.url for source in sources]
        assert said["mews.revision"] == [source.revision for source in sources]
        assert said["mews.requirement"] == [source.summary for source in sources]
        for key in ("stage", "level", "basis", "verdict", "reason"):
            assert said[f"mews.{key}"] == [results[name][key]]


def test_junit_has_the_form_that_pytest_gives_it(pytester: pytest.Pytester) -> None:
    """But for the properties of cases, the file has only what the family xunit2 has."""
    pytester.runpytest_subprocess(*FLAWED, "--junitxml", "junit.xml")
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


@pytest.mark.parametrize("chosen", [(), ("-n", "2")])
def test_on_github(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, chosen: tuple[str, ...]
) -> None:
    """The page of the job gets the summary once, failures are annotated, and nothing else is."""
    page = pytester.path / "page.md"
    page.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    result = pytester.runpytest_subprocess(*FLAWED, *chosen)
    assert result.ret == 1
    summary = (pytester.path / "mews-report" / "summary.md").read_text("utf-8")
    assert page.read_text("utf-8") == f"before\n\n{summary}"
    annotated = [line for line in result.outlines if COMMANDS.search(line)]
    failed = [x["id"] for x in written(pytester.path)["scenarios"] if x["verdict"] == "fail"]
    errors = [line for line in annotated if line.startswith("::error title=")]
    assert [line.split("=")[1].split()[0] for line in errors] == failed
    assert {line.split()[0] for line in annotated} <= {"::error", "::warning"}


def test_elsewhere(pytester: pytest.Pytester) -> None:
    """In a terminal there is no workflow command, and every output is in the folder."""
    result = pytester.runpytest_subprocess(*FLAWED)
    assert not COMMANDS.search(result.stdout.str())
    there = {path.name for path in (pytester.path / "mews-report").iterdir()}
    assert {output.name for output in OUTPUTS} <= there


def test_a_page_that_can_not_be_written_is_no_crash(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The summary in the terminal says so, and the exit status is the verdict's."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path))
    result = pytester.runpytest_subprocess("--mews-target", "demo", "-k", "PRE-01", *QUICK)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["GITHUB_STEP_SUMMARY: * can't be written (*"])


def test_an_output_that_can_not_be_rendered_is_said(pytester: pytest.Pytester) -> None:
    """A fault in one output is a line in the terminal; the JSON is written and valid."""
    pytester.makeconftest(
        "from pytest_mews.reports import writing\n\n"
        "def broken(run):\n"
        "    raise ValueError('no')\n\n"
        "writing.OUTPUTS = tuple(\n"
        "    writing.Output(o.name, broken if o.name.endswith('.html') else o.render)\n"
        "    for o in writing.OUTPUTS\n"
        ")\n"
    )
    result = pytester.runpytest_subprocess("--mews-target", "demo", "-k", "PRE-01", *QUICK)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["certification.html could not be rendered (ValueError)"])
    assert written(pytester.path)["seed"]
