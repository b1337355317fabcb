"""A certification behaves like any pytest run: selection, markers, cache, exit status."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from pytest_mews.mews.events import Channel, event_names
from tests.report_reader import read_report, read_verdicts, validate_report

pytestmark = pytest.mark.slow

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
SOME_OF_EACH_AREA = ("PRE-01", "REC-01", "RET-01", "RED-01", "AUTH-01", "ERR-01", "INT-01")


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a pytester in an empty folder, in an environment without a token."""
    monkeypatch.delenv("MEWS_TOKEN", raising=False)
    return pytester


def test_a_skip_mark_skips_a_scenario(run: pytest.Pytester) -> None:
    """A conftest that skips items by a mark leaves them unobserved, and the run ends normally."""
    run.makeconftest(
        """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                item.add_marker(pytest.mark.skip(reason="needs --integration"))
        """
    )
    result = run.runpytest("--mews-target", "demo", "mews::PRE-01", *QUICK)
    assert result.ret == 0
    report = json.loads(
        (run.path / "mews-report" / "selection" / "certification.json").read_text("utf-8")
    )
    (skipped,) = [item for item in report["scenarios"] if item["id"] == "PRE-01"]
    assert skipped["verdict"] == "not-observed"
    assert "needs --integration" in skipped["reason"]


def test_a_failure_is_an_assertion_error_with_its_reason(run: pytest.Pytester) -> None:
    """Plugins that read the exception see a failure of the product, not an error of a test."""
    run.makeconftest(
        """
        def pytest_exception_interact(call):
            error = call.excinfo.value
            print("SEEN", isinstance(error, AssertionError), str(error)[:3])
        """
    )
    scenario = ("mews::AUTH-02", "-s")
    result = run.runpytest("--mews-target", "demo:ignores-token", *scenario, *QUICK)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*SEEN True 202*"])


@pytest.mark.pictures
def test_demo_is_ready(run: pytest.Pytester) -> None:
    """The sound demo partner passes all scenarios: exit status 0, and both reports."""
    events = ",".join(event_names(Channel.GENERAL, Channel.INTEGRATION))
    options = ("--mews-jobs", "8", "--mews-events", events, *QUICK)
    result = run.runpytest("--mews-target", "demo", *options)
    assert result.ret == 0, result.stdout.str()
    result.stdout.fnmatch_lines(
        [
            "mews: target demo",
            "mews: profile 2026-08, time scale 0.001, seed *, stages: *, up to 6 instances",
            "mews: tenants enterprise *, enterprise *",
            "*mews::PRE-01 PASS *",
            "*Mews certification readiness*",
            "Ready",
            "  delivery *ready *",
            "  processing *ready *",
            "  streaming *ready *",
            "Report: *certification.html",
        ]
    )
    others = {name: item for name, item in read_verdicts(run.path).items() if item != "pass"}
    # It does not redirect, uses plain http, and does not poll for abandoned events.
    redirects = {f"RED-0{number}" for number in range(2, 7)}
    https = {f"TLS-0{number}" for number in range(1, 6)}
    assert others == dict.fromkeys(redirects | https | {"PROC-30"}, "not-applicable")
    validate_report(run.path / "mews-report" / "certification.json")
    assert (run.path / "mews-report" / "certification.html").stat().st_size < 1_100_000


def test_a_flaw_exits_1_with_a_reason(run: pytest.Pytester) -> None:
    """A failed MUST exits with status 1; the summary begins with the cause."""
    result = run.runpytest("--mews-target", "demo:ignores-token", "-k", "AUTH", *QUICK)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*mews::AUTH-02 FAIL *",
            "Fix these first",
            "  1. MUST The service accepts messages without its token or with another one: *",
            "     Fix: *",
            "     For operation; explains * scenarios: AUTH-02, *; evidence: AUTH-02; more: *",
        ]
    )
    assert read_verdicts(run.path)["AUTH-02"] == "fail"
    assert read_verdicts(run.path)["REC-01"] == "not-observed"


def test_a_warning_exits_0_and_strict_1(run: pytest.Pytester) -> None:
    """An unmet SHOULD is a warning; with --mews-strict it fails the run."""
    arguments = ("--mews-target", "demo:strict-events", "-k", "ERR-02", *QUICK)
    result = run.runpytest(*arguments)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*mews::ERR-02 WARN *", "Fix these first", "  1. SHOULD ERR-02 *", "     Fix: *"]
    )
    strict = run.runpytest(*arguments, "--mews-strict")
    assert strict.ret == 1
    strict.stdout.fnmatch_lines(["Fix these first", "  1. SHOULD ERR-02 *"])


def test_collect_only(run: pytest.Pytester) -> None:
    """--collect-only lists stable node ids, delivers nothing and writes nothing."""
    result = run.runpytest("--mews-target", "demo", "--collect-only", "-q")
    assert result.ret == 0
    listed = {line for line in result.outlines if line.startswith("mews::")}
    assert {f"mews::{scenario_id}" for scenario_id in SOME_OF_EACH_AREA} <= listed
    assert not (run.path / "mews-report").exists()


@pytest.mark.parametrize(
    ("options", "selected"),
    [
        (("-k", "INT-03 or INT-04"), {"INT-03", "INT-04"}),
        (("-m", "mews_should and not mews_must", "-k", "RET or LAG"), {"RET-07", "LAG-01"}),
        (("-m", "mews and not (mews_delivery or mews_processing or mews_streaming)"), set()),
        (("--deselect", "mews::INT-03", "-k", "INT-03 or INT-04"), {"INT-04"}),
    ],
)
def test_selection(run: pytest.Pytester, options: tuple[str, ...], selected: set[str]) -> None:
    """-k, -m and --deselect select scenarios; there are markers for stages and levels."""
    result = run.runpytest(
        "--mews-target", "demo", "--strict-markers", "--collect-only", "-q", *options
    )
    listed = {line.removeprefix("mews::") for line in result.outlines if line.startswith("mews::")}
    assert listed == selected


def test_last_failed_and_exitfirst(run: pytest.Pytester) -> None:
    """-x stops at the first failure; --lf then runs that scenario alone."""
    arguments = ("--mews-target", "demo:ignores-token", "-k", "AUTH", *QUICK)
    first = run.runpytest(*arguments, "-x")
    first.stdout.fnmatch_lines(["*1 failed, 1 passed*"])
    assert read_verdicts(run.path)["AUTH-03"] == "not-observed"
    again = run.runpytest(*arguments, "--lf")
    again.stdout.fnmatch_lines(["*1 failed*"])
    again.stdout.no_fnmatch_line("*mews::AUTH-01*")


def test_junit(run: pytest.Pytester) -> None:
    """--junitxml has each scenario, with the reason of its failure."""
    run.runpytest(
        "--mews-target", "demo:ignores-token", "-k", "AUTH", "--junitxml", "j.xml", *QUICK
    )
    cases = {case.get("name"): case for case in ET.parse(run.path / "j.xml").iter("testcase")}
    assert set(cases) == {f"AUTH-0{number}" for number in range(1, 10)}
    failure = cases["AUTH-02"].find("failure")
    assert failure is not None
    assert "202 instead of a 4xx response" in (failure.text or "")


def test_plugin_can_be_disabled(run: pytest.Pytester) -> None:
    """With -p no:mews the options are unknown."""
    result = run.runpytest("-p", "no:mews", "--mews-target", "demo")
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*unrecognized arguments: --mews-target*"])


@pytest.mark.parametrize("plugin", ["no:terminal", "no:cacheprovider", "no:hypothesispytest"])
def test_without_a_plugin_of_pytest(run: pytest.Pytester, plugin: str) -> None:
    """The report is written without the terminal, cache or Hypothesis plugin too."""
    result = run.runpytest("-p", plugin, "--mews-target", "demo", "-k", "PRE", *QUICK)
    assert result.ret == 0, result.stderr.str()
    assert read_verdicts(run.path)["PRE-01"] == "pass"


def test_paths_run_instead(run: pytest.Pytester) -> None:
    """If the command line has a path, its tests run, and no scenario does."""
    run.makepyfile(test_mine="def test_mine(): pass")
    result = run.runpytest("test_mine.py", "--mews-target", "demo")
    assert result.ret == 0
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*mews::*")
    assert not (run.path / "mews-report").exists()


def test_beside_a_users_own_project(run: pytest.Pytester) -> None:
    """The user's conftest, testpaths, addopts, strict settings and package names have no effect."""
    for name in ("schemas", "reports", "scenarios", "harness"):
        (run.path / name).mkdir()
        (run.path / name / "__init__.py").write_text("raise RuntimeError('not mine')\n")
    run.makeconftest("import pytest\n\n@pytest.fixture(autouse=True)\ndef boom(): assert False\n")
    run.makepyfile(**{"mine/test_mine": "def test_mine(): assert False"})
    run.makeini(
        "[pytest]\ntestpaths = mine\naddopts = --strict-markers --strict-config -W error -ra\n"
        "mews_target = demo\nmews_time_scale = 0.001\nmews_examples = 2\n"
        "filterwarnings = error\n"
    )
    result = run.runpytest_subprocess("-k", "REC-01 or PRE-01 or ERR-02")
    assert result.ret == 0, result.stdout.str()
    result.stdout.no_fnmatch_line("*test_mine*")
    assert read_verdicts(run.path)["REC-01"] == "pass"


def test_jobs(run: pytest.Pytester) -> None:
    """With --mews-jobs scenarios run concurrently; verdicts, order and report are the same.

    Scenarios that could not run have no line.
    """
    selection = ("-k", "PRE or AUTH or REC-01 or REC-02 or TLS-01 or PROC-28")
    result = run.runpytest(
        "--mews-target", "demo:ignores-token", "--mews-jobs", "8", *selection, *QUICK
    )
    assert result.ret == 1
    lines = [line for line in result.outlines if line.startswith("mews::")]
    lines = [line for line in lines if " " in line.rstrip()]  # without progress lines
    scenarios = read_report(run.path)["scenarios"]
    verdicts = {scenario["id"]: scenario["verdict"] for scenario in scenarios}
    ran = [scenario["id"] for scenario in scenarios if scenario["cases"]]
    assert [line[6:12].rstrip() for line in lines] == [name[:6] for name in ran]
    failed = {name for name, verdict in verdicts.items() if verdict in {"fail", "warn"}}
    about_tokens = {f"AUTH-0{number}" for number in (2, 3, 4, 6, 8, 9)}
    assert failed == {*about_tokens, "PROC-28"}


def test_xdist_stops_at_a_failure(run: pytest.Pytester) -> None:
    """With -n and -x a failure exits with status 1; the run does not count as interrupted."""
    options = ("-k", "REC-01 or REC-02 or REC-03", "-n", "2", "-x", *QUICK)
    result = run.runpytest("--mews-target", "demo:fails-on-mixed-batch", *options)
    assert result.ret == 1
    result.stdout.no_fnmatch_line("*The run was interrupted*")


def test_a_path_in_addopts_does_not_hide_the_certification(run: pytest.Pytester) -> None:
    """Only a path on the command line itself makes the user's tests run."""
    run.makepyfile(**{"PRE/test_mine": "def test_mine(): pass"})
    run.makeini("[pytest]\naddopts = PRE\n")
    result = run.runpytest("--mews-target", "demo", "-k", "PRE", *QUICK)
    assert result.ret == 0
    assert read_verdicts(run.path)["PRE-01"] == "pass"
