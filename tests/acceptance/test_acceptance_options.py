"""--mews-waivers, --mews-baseline and --mews-fail-on in whole runs."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pytest_mews.scenarios import loader
from tests.report_reader import read_report, read_verdicts

pytestmark = pytest.mark.slow

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
FLAWED = ("--mews-target", "demo:ignores-token", *QUICK)
TOKENS = (*FLAWED, "-k", "AUTH-02 or AUTH-03 or AUTH-07")  # the first two fail
FAR_FUTURE = "9999-12-31"
SCENARIO_COUNT = len(loader.load_scenarios())


def write_waivers(folder: Path, *ids: str, expires: str = FAR_FUTURE) -> tuple[str, str]:
    """Write waivers for these scenarios, and return the option."""
    text = "".join(
        f'[[waiver]]\nscenario = "{scenario_id}"\nreason = "the proxy checks it"\nowner = "ops"\n'
        f'expires = "{expires}"\n'
        for scenario_id in ids
    )
    with (folder / "w.toml").open("a", encoding="utf-8") as file:
        file.write(text)
    return "--mews-waivers", "w.toml"


def keep_as_baseline(folder: Path) -> tuple[str, str]:
    """Keep the report as a baseline, and return the option."""
    (folder / "mews-report" / "selection" / "certification.json").rename(folder / "old.json")
    return "--mews-baseline", "old.json"


def test_waived_failures_do_not_fail_the_run(pytester: pytest.Pytester) -> None:
    """They are expected failures in pytest and JUnit; the report has owner and reason."""
    option = write_waivers(pytester.path, "AUTH-02", "AUTH-03")
    result = pytester.runpytest(*TOKENS, *option, "--junitxml", "j.xml", "-x")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "mews: waivers w.toml",
            "*mews::AUTH-02 WAIVED *",
            "*mews::AUTH-07 PASS *",
            "Waived",
            f"  AUTH-02 *: the proxy checks it (ops, until {FAR_FUTURE}); fail: *",
            "  delivery *2 waived*",
            "*1 passed, * 2 xfailed*",
        ]
    )
    result.assert_outcomes(passed=1, xfailed=2, deselected=SCENARIO_COUNT - 3)
    cases = {case.get("name"): case for case in ET.parse(pytester.path / "j.xml").iter("testcase")}
    skipped = cases["AUTH-02"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == f"waived until {FAR_FUTURE} by ops: the proxy checks it"
    report = read_report(pytester.path)
    entry = next(item for item in report["scenarios"] if item["id"] == "AUTH-02")
    assert (entry["verdict"], entry["verdict_without_waiver"]) == ("waived", "fail")
    assert entry["waiver"]["owner"] == "ops"
    assert "202 instead of a 4xx response" in entry["reason"]
    assert {waiver["state"] for waiver in report["waivers"]} == {"used"}
    assert "comparison" not in report


def test_expired_unused_and_inconclusive_waivers(pytester: pytest.Pytester) -> None:
    """An expired waiver is ignored; waivers without a failure or a verdict are listed."""
    write_waivers(pytester.path, "AUTH-03", expires="2020-02-29")
    option = write_waivers(pytester.path, "AUTH-02", "AUTH-07", "REC-01")
    result = pytester.runpytest(*TOKENS, *option)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*mews::AUTH-03 FAIL *",
            "Expired waivers*",
            "  AUTH-03 expired on 2020-02-29 (ops): now fail",
            "Unused waivers*",
            f"  AUTH-07 until {FAR_FUTURE} (ops): now pass",
            "Inconclusive waivers*",
            f"  REC-01 until {FAR_FUTURE} (ops): now not-observed",
        ]
    )
    waivers = read_report(pytester.path)["waivers"]
    states = {waiver["scenario"]: waiver["state"] for waiver in waivers}
    assert states == {
        "AUTH-03": "expired",
        "AUTH-02": "used",
        "AUTH-07": "unused",
        "REC-01": "inconclusive",
    }


def test_the_template_has_the_unwaived_failures(pytester: pytest.Pytester) -> None:
    """A filled-in template makes the next run pass."""
    option = write_waivers(pytester.path, "AUTH-02")
    result = pytester.runpytest(*TOKENS, *option, "--mews-waivers-template")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["Waivers template*waivers-template.toml"])
    template = pytester.path / "mews-report" / "selection" / "waivers-template.toml"
    text = template.read_text("utf-8")
    assert text.count("[[waiver]]") == 1
    again = pytester.runpytest(*TOKENS, "--mews-waivers", str(template))
    assert again.ret == 4
    again.stderr.fnmatch_lines(["*still has a placeholder*(AUTH-03)*"])
    with (pytester.path / "w.toml").open("a", encoding="utf-8") as file:
        file.write(text.replace("FILL IN", "filled in"))
    assert pytester.runpytest(*TOKENS, *option).ret == 0


def test_the_template_does_not_overwrite_the_waivers(pytester: pytest.Pytester) -> None:
    """--mews-waivers with the path of the template is refused."""
    (pytester.path / "mews-report" / "selection").mkdir(parents=True)
    path = pytester.path / "mews-report" / "selection" / "waivers-template.toml"
    path.write_text("# mine\n", encoding="utf-8")
    result = pytester.runpytest(*TOKENS, "--mews-waivers", str(path), "--mews-waivers-template")
    assert result.ret == 4
    assert path.read_text("utf-8") == "# mine\n"


def test_only_new_failures_fail_the_run(pytester: pytest.Pytester) -> None:
    """With --mews-fail-on new known failures are expected; the readiness does not change."""
    first = pytester.runpytest(*FLAWED, "-k", "AUTH-02 or AUTH-07")
    assert first.ret == 1
    baseline = keep_as_baseline(pytester.path)
    gate = (*baseline, "--mews-fail-on", "new")
    result = pytester.runpytest(*FLAWED, "-k", "AUTH-02 or AUTH-07", "-x", *gate)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "mews: baseline old.json, only new failures fail the run",
            "*mews::AUTH-02 FAIL *(known)*",
            "Since baseline old.json (*): 0 new, 0 fixed, 1 still failing, 0 newly not observed",
            "  still failing: AUTH-02",
            "  note: seed: *",
            "Not ready, but the run does not fail*",
        ]
    )
    result.assert_outcomes(passed=1, xfailed=1, deselected=SCENARIO_COUNT - 2)
    assert read_report(pytester.path)["readiness"] == "not-ready"
    result = pytester.runpytest(*TOKENS, *gate)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "  new: AUTH-03",
            "Fix these first",
            "  1. MUST The service accepts messages without its token *",
            "     For operation; explains 2 scenarios: AUTH-02, AUTH-03; *",
            "*1 failed*1 xfailed*",
        ]
    )
    result.stdout.no_fnmatch_line("Not ready, but the run does not fail*")
    changes = read_report(pytester.path)["comparison"]["changes"]
    [new] = [change for change in changes if change["change"] == "new"]
    assert (new["scenario"], new["before"], new["after"]) == ("AUTH-03", "not-observed", "fail")


def test_a_baseline_alone_changes_no_exit_status(pytester: pytest.Pytester) -> None:
    """Known failures still fail the run; fixed and newly not observed scenarios are listed."""
    pytester.runpytest(*TOKENS)
    baseline = keep_as_baseline(pytester.path)
    arguments = ("-k", "AUTH-02 or AUTH-03", *baseline)
    result = pytester.runpytest(*FLAWED, *arguments)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  newly not observed: AUTH-07"])
    fixed = pytester.runpytest("--mews-target", "demo", *QUICK, *arguments)
    assert fixed.ret == 0
    fixed.stdout.fnmatch_lines(
        [
            "  fixed: AUTH-02, AUTH-03",
            "  note: target: demo:ignores-token in the baseline, demo in this run",
        ]
    )


@pytest.mark.parametrize("options", [("-n", "1"), ("--mews-jobs", "4"), ("--lf",), ("--runxfail",)])
def test_with_other_options(pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    """Workers, threads and pytest's cache respect waivers; with --runxfail the run fails."""
    option = write_waivers(pytester.path, "AUTH-02", "AUTH-03")
    result = pytester.runpytest(*TOKENS, *option, *options)
    assert result.ret == (1 if options == ("--runxfail",) else 0)
    verdicts = read_verdicts(pytester.path)
    assert (verdicts["AUTH-02"], verdicts["AUTH-03"], verdicts["AUTH-07"]) == (
        "waived",
        "waived",
        "pass",
    )
    last_failed = pytester.path / ".pytest_cache" / "v" / "cache" / "lastfailed"
    assert last_failed.exists() == (options == ("--runxfail",))


def test_a_dead_endpoint_always_fails(pytester: pytest.Pytester) -> None:
    """Neither a baseline of a dead endpoint nor waivers make a dead endpoint pass."""
    dead = ("--mews-target", "http://127.0.0.1:9/hook", "-k", "PRE-01 or REC-01")
    pytester.runpytest(*dead)
    gate = (
        *keep_as_baseline(pytester.path),
        "--mews-fail-on",
        "new",
        *write_waivers(pytester.path, "REC-01"),
    )
    result = pytester.runpytest(*dead, *gate)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["Fix these first", "  1. MUST *", "*; evidence: PRE-01; more: *"])
    verdicts = read_verdicts(pytester.path)
    assert (verdicts["PRE-01"], verdicts["REC-01"]) == ("fail", "blocked")


def test_collect_only_checks_the_files(pytester: pytest.Pytester) -> None:
    """An invalid file is refused; with a valid one nothing is sent or written."""
    option = write_waivers(pytester.path, "AUTH-02")
    collect = (*TOKENS, "--collect-only", "-q", "--mews-waivers-template")
    assert pytester.runpytest(*collect, *option).ret == 0
    assert not (pytester.path / "mews-report").exists()
    write_waivers(pytester.path, "AUTH-02")
    assert pytester.runpytest(*collect, *option).ret == 4


def test_a_users_own_tests_are_left_alone(pytester: pytest.Pytester) -> None:
    """If the command line has paths, no scenario runs and no waivers file is read."""
    pytester.makepyfile(test_mine="def test_mine(): pass")
    result = pytester.runpytest("test_mine.py", *FLAWED, "--mews-waivers", "no.toml")
    assert result.ret == 0


def test_with_strict_a_warning_is_waived_too(pytester: pytest.Pytester) -> None:
    """A warning that fails the run only by --mews-strict is in the template and can be waived."""
    strict = ("--mews-target", "demo:strict-events", "-k", "ERR-02", "--mews-strict", *QUICK)
    pytester.runpytest(*strict, "--mews-waivers-template")
    text = (pytester.path / "mews-report" / "selection" / "waivers-template.toml").read_text(
        "utf-8"
    )
    assert "(warn, SHOULD)" in text
    assert pytester.runpytest(*strict, *write_waivers(pytester.path, "ERR-02")).ret == 0
