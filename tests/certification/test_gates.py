"""Waivers, baseline and --mews-fail-on in whole runs: outcomes, exit status, outputs."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from pytest_mews.scenarios import loader
from tests.written import report, verdicts

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
FLAWED = ("--mews-target", "demo:ignores-token", *QUICK)
TOKENS = (*FLAWED, "-k", "AUTH-02 or AUTH-03 or AUTH-07")  # the first two fail
SOON = "9999-12-31"
ALL = len(loader.load())


def waive(folder: Path, *names: str, expires: str = SOON) -> tuple[str, str]:
    """Write waivers for these scenarios, and give the option."""
    text = "".join(
        f'[[waiver]]\nscenario = "{name}"\nreason = "the proxy checks it"\nowner = "ops"\n'
        f'expires = "{expires}"\n'
        for name in names
    )
    with (folder / "w.toml").open("a", encoding="utf-8") as file:
        file.write(text)
    return "--mews-waivers", "w.toml"


def keep(folder: Path) -> tuple[str, str]:
    """Keep the report as a baseline, and give the option."""
    (folder / "mews-report" / "certification.json").rename(folder / "old.json")
    return "--mews-baseline", "old.json"


def test_waived_failures_do_not_fail_the_run(pytester: pytest.Pytester) -> None:
    """They are expected failures in pytest and JUnit; reports and terminal say by whom and why."""
    option = waive(pytester.path, "AUTH-02", "AUTH-03")
    result = pytester.runpytest_subprocess(*TOKENS, *option, "--junitxml", "j.xml", "-x")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "mews: waivers w.toml",
            "*mews::AUTH-02 WAIVED *",
            "*mews::AUTH-07 PASS *",
            "delivery *2 waived*",
            "Waived",
            f"  AUTH-02 *: the proxy checks it (ops, until {SOON}); fail: *",
            "*1 passed, * 2 xfailed*",
        ]
    )
    result.assert_outcomes(passed=1, xfailed=2, deselected=ALL - 3)
    cases = {case.get("name"): case for case in ET.parse(pytester.path / "j.xml").iter("testcase")}
    skipped = cases["AUTH-02"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == f"waived until {SOON} by ops: the proxy checks it"
    read = report(pytester.path)
    entry = next(each for each in read["scenarios"] if each["id"] == "AUTH-02")
    assert (entry["verdict"], entry["verdict_without_waiver"]) == ("waived", "fail")
    assert entry["waiver"]["owner"] == "ops"
    assert "expected a 4xx answer" in entry["reason"]
    assert {each["state"] for each in read["waivers"]} == {"used"}
    assert "comparison" not in read


def test_expired_unused_and_untried_waivers_are_told(pytester: pytest.Pytester) -> None:
    """An expired one does not count; one without a failure, or not judged, is named."""
    waive(pytester.path, "AUTH-03", expires="2020-02-29")
    option = waive(pytester.path, "AUTH-02", "AUTH-07", "REC-01")
    result = pytester.runpytest_subprocess(*TOKENS, *option)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*mews::AUTH-03 FAIL *",
            "Expired waivers*",
            "  AUTH-03 expired on 2020-02-29 (ops): now fail",
            "Unused waivers*",
            f"  AUTH-07 until {SOON} (ops): now pass",
            "Waivers whose scenarios were not judged",
            f"  REC-01 until {SOON} (ops): now not-observed",
        ]
    )
    states = {each["scenario"]: each["state"] for each in report(pytester.path)["waivers"]}
    assert states == {
        "AUTH-03": "expired",
        "AUTH-02": "used",
        "AUTH-07": "unused",
        "REC-01": "not-judged",
    }


def test_the_template_has_what_is_to_be_waived(pytester: pytest.Pytester) -> None:
    """Filled in it makes the next run pass; what is waived already is not in it."""
    option = waive(pytester.path, "AUTH-02")
    result = pytester.runpytest_subprocess(*TOKENS, *option, "--mews-waivers-template")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["Waivers to fill in*waivers-template.toml"])
    template = pytester.path / "mews-report" / "waivers-template.toml"
    text = template.read_text("utf-8")
    assert text.count("[[waiver]]") == 1
    again = pytester.runpytest_subprocess(*TOKENS, "--mews-waivers", str(template))
    assert again.ret == 4
    again.stderr.fnmatch_lines(["*(AUTH-03) that was not filled in*"])
    with (pytester.path / "w.toml").open("a", encoding="utf-8") as file:
        file.write(text.replace("FILL IN", "filled in"))
    assert pytester.runpytest_subprocess(*TOKENS, *option).ret == 0


def test_the_template_does_not_overwrite_the_waivers_given(pytester: pytest.Pytester) -> None:
    """Entries that were filled in where the template is written would be lost: refused."""
    (pytester.path / "mews-report").mkdir()
    path = pytester.path / "mews-report" / "waivers-template.toml"
    path.write_text("# mine\n", encoding="utf-8")
    result = pytester.runpytest_subprocess(
        *TOKENS, "--mews-waivers", str(path), "--mews-waivers-template"
    )
    assert result.ret == 4
    assert path.read_text("utf-8") == "# mine\n"


def test_only_new_failures_fail_the_run(pytester: pytest.Pytester) -> None:
    """With --mews-fail-on new what failed before is expected, and readiness stays what it is."""
    first = pytester.runpytest_subprocess(*FLAWED, "-k", "AUTH-02 or AUTH-07")
    assert first.ret == 1
    baseline = keep(pytester.path)
    gate = (*baseline, "--mews-fail-on", "new")
    result = pytester.runpytest_subprocess(*FLAWED, "-k", "AUTH-02 or AUTH-07", "-x", *gate)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "mews: baseline old.json, fails on new failures only",
            "*mews::AUTH-02 FAIL *(known)*",
            "Since baseline old.json (*): 0 new, 0 fixed, 1 still failing, 0 newly not observed",
            "  still failing: AUTH-02",
            "  note: seed, which draws the cases: *",
            "Not ready, and not failed*",
        ]
    )
    result.assert_outcomes(passed=1, xfailed=1, deselected=ALL - 2)
    assert report(pytester.path)["readiness"] == "not-ready"
    result = pytester.runpytest_subprocess(*TOKENS, *gate)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "Fix these first",
            "  AUTH-03 *",
            "Failing as in the baseline",
            "  AUTH-02 *",
            "  new: AUTH-03",
            "*1 failed*1 xfailed*",
        ]
    )
    result.stdout.no_fnmatch_line("Not ready, and not failed*")
    [new] = [
        each for each in report(pytester.path)["comparison"]["changes"] if each["change"] == "new"
    ]
    assert (new["scenario"], new["before"], new["after"]) == ("AUTH-03", "not-observed", "fail")


def test_a_baseline_alone_only_tells(pytester: pytest.Pytester) -> None:
    """What still fails fails the run; what was fixed, and is no longer observed, is listed."""
    pytester.runpytest_subprocess(*TOKENS)
    baseline = keep(pytester.path)
    arguments = ("-k", "AUTH-02 or AUTH-03", *baseline)
    result = pytester.runpytest_subprocess(*FLAWED, *arguments)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["  newly not observed: AUTH-07"])
    fixed = pytester.runpytest_subprocess("--mews-target", "demo", *QUICK, *arguments)
    assert fixed.ret == 0
    fixed.stdout.fnmatch_lines(
        ["  fixed: AUTH-02, AUTH-03", "  note: target: demo:ignores-token then, demo now"]
    )


@pytest.mark.parametrize("way", [("-n", "2"), ("--mews-jobs", "4"), ("--lf",), ("--runxfail",)])
def test_beside_other_options(pytester: pytest.Pytester, way: tuple[str, ...]) -> None:
    """Workers, threads and the cache know what is waived; --runxfail makes it fail after all."""
    option = waive(pytester.path, "AUTH-02", "AUTH-03")
    result = pytester.runpytest_subprocess(*TOKENS, *option, *way)
    assert result.ret == (1 if way == ("--runxfail",) else 0)
    found = verdicts(pytester.path)
    assert (found["AUTH-02"], found["AUTH-03"], found["AUTH-07"]) == ("waived", "waived", "pass")
    remembered = pytester.path / ".pytest_cache" / "v" / "cache" / "lastfailed"
    assert remembered.exists() == (way == ("--runxfail",))


def test_a_dead_endpoint_is_never_tolerated(pytester: pytest.Pytester) -> None:
    """A baseline of a dead endpoint, and waivers for all, do not make a dead endpoint pass."""
    dead = ("--mews-target", "http://127.0.0.1:9/hook", "-k", "PRE-01 or REC-01")
    pytester.runpytest_subprocess(*dead)
    gate = (*keep(pytester.path), "--mews-fail-on", "new", *waive(pytester.path, "REC-01"))
    result = pytester.runpytest_subprocess(*dead, *gate)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["Fix these first", "  PRE-01 *"])
    found = verdicts(pytester.path)
    assert (found["PRE-01"], found["REC-01"]) == ("fail", "blocked")


def test_collect_only_checks_the_files(pytester: pytest.Pytester) -> None:
    """A wrong file is told without sending anything, a right one changes nothing."""
    option = waive(pytester.path, "AUTH-02")
    look = (*TOKENS, "--collect-only", "-q", "--mews-waivers-template")
    assert pytester.runpytest_subprocess(*look, *option).ret == 0
    assert not (pytester.path / "mews-report").exists()
    waive(pytester.path, "AUTH-02")
    assert pytester.runpytest_subprocess(*look, *option).ret == 4


def test_a_users_own_tests_are_left_alone(pytester: pytest.Pytester) -> None:
    """With paths no scenario runs, and no waivers file is read."""
    pytester.makepyfile(test_mine="def test_mine(): pass")
    result = pytester.runpytest_subprocess("test_mine.py", *FLAWED, "--mews-waivers", "no.toml")
    assert result.ret == 0


def test_strictly_a_warning_is_waived_too(pytester: pytest.Pytester) -> None:
    """What fails a run by --mews-strict alone is in the template and can be waived."""
    strict = ("--mews-target", "demo:strict-events", "-k", "ERR-02", "--mews-strict", *QUICK)
    pytester.runpytest_subprocess(*strict, "--mews-waivers-template")
    text = (pytester.path / "mews-report" / "waivers-template.toml").read_text("utf-8")
    assert "(warn, SHOULD)" in text
    assert pytester.runpytest_subprocess(*strict, *waive(pytester.path, "ERR-02")).ret == 0
