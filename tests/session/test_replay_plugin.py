"""--mews-replay sends the messages of a failing case again, byte for byte."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from pytest_mews.config.report_folder import FolderLock
from tests.recording_endpoint import recording_endpoint

pytestmark = pytest.mark.slow

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
TOKEN = "t0ken-distinct-9f8e7d6c"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a pytester in an empty folder, in an environment without a token."""
    monkeypatch.delenv("MEWS_TOKEN", raising=False)
    return pytester


def replay_file_names(folder: Path) -> list[str]:
    """Return the names of the replay files of the run in a folder."""
    return sorted(
        path.stem for path in (folder / "mews-report" / "selection" / "replays").glob("*.json")
    )


@pytest.mark.parametrize(
    ("flaw", "scenario", "observed"),
    [
        ("locks-out-after-retries", "RET-02", "503: *"),
        ("races-on-duplicates", "RET-04", "500: *"),
        ("ws-executes-twice", "STR-26", "command * sent twice *"),
        ("ws-fetches-three-times", "STR-29", "* fetched * times *"),
    ],
)
def test_still_failing_and_fixed(
    run: pytest.Pytester, flaw: str, scenario: str, observed: str
) -> None:
    """The case still fails with the flawed partner, and is fixed with the sound one."""
    run.runpytest("--mews-target", f"demo:{flaw}", "-k", scenario, *QUICK)
    assert replay_file_names(run.path) == [scenario]
    report = (run.path / "mews-report" / "selection" / "certification.json").read_bytes()
    result = run.runpytest("--mews-target", f"demo:{flaw}", "--mews-replay", scenario)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            f"mews::replay/{scenario} STILL FAILING*",
            f"STILL FAILING {scenario}: *",
            f"  now:    {observed}",
            f"  before: {observed} (20*)",
        ]
    )
    assert sum("STILL FAILING" in line for line in result.outlines) == 2  # progress, and result
    result.stdout.no_fnmatch_line("*= FAILURES =*")
    file = f"mews-report/selection/replays/{scenario}.json"
    result = run.runpytest("--mews-target", "demo", "--mews-replay", file)
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"FIXED         {scenario}: *", "*1 passed*"])
    assert (run.path / "mews-report" / "selection" / "certification.json").read_bytes() == report


def test_a_chosen_traceback_style_shows_failures(run: pytest.Pytester) -> None:
    """With --tb and -r pytest's own sections are there as well."""
    run.runpytest("--mews-target", "demo:ignores-token", "-k", "AUTH-02", *QUICK)
    replay = ("--mews-target", "demo:ignores-token", "--mews-replay", "AUTH-02")
    result = run.runpytest(*replay, "--tb", "short", "-r", "a")
    result.stdout.fnmatch_lines(
        ["*= FAILURES =*", "*= Mews replay =*", "*= short test summary info =*"]
    )


def test_a_processing_failure_needs_the_api(run: pytest.Pytester) -> None:
    """The API has the entities of a replay; without the API the replay is inconclusive."""
    flawed = ("--mews-target", "demo:never-onboards", "--mews-fetch-timeout", "2")
    run.runpytest(*flawed, "-k", "PROC-20", *QUICK)
    assert replay_file_names(run.path) == ["PROC-20"]
    replay = ("--mews-replay", "PROC-20")
    assert run.runpytest("--mews-target", "demo:never-onboards", *replay).ret == 1
    assert run.runpytest("--mews-target", "demo", *replay).ret == 0
    with recording_endpoint() as endpoint:
        result = run.runpytest("--mews-target", endpoint.url, *replay)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["INCONCLUSIVE  PROC-20: needs --mews-api*"])
    assert endpoint.received == []


def test_the_same_requests_are_sent_again(run: pytest.Pytester) -> None:
    """A replay repeats bytes, content types, duplicates, retries and token variants."""
    arguments = ("-k", "RET-04 or AUTH-04 or ERR-01", *QUICK, "--mews-examples", "1")
    with recording_endpoint(
        lambda path, body: 202 if _is_preflight(body, path) else 500
    ) as failing:
        target = f"{failing.url}?Token={TOKEN}"
        run.runpytest("--mews-target", target, *arguments)
    recorded = replay_file_names(run.path)
    assert {"RET-04", "ERR-01"} <= set(recorded)
    for scenario in recorded:
        text = (run.path / "mews-report" / "selection" / "replays" / f"{scenario}.json").read_text()
        assert TOKEN not in text
        with recording_endpoint() as fixed:
            replay = ("--mews-target", f"{fixed.url}?Token={TOKEN}", "--mews-replay", scenario)
            run.runpytest(*replay)
        sent = Counter(fixed.received)
        assert sent.keys() <= Counter(failing.received).keys(), scenario
        assert len(sent) > 1, scenario
        if scenario == "RET-04":
            assert max(sent.values()) > 1


def _is_preflight(body: bytes, path: str) -> bool:
    """Return whether a request is like the preflight: one event, with the correct token."""
    return body.count(b"Discriminator") == 1 and path.endswith(f"?Token={TOKEN}")


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["plain", "n"])
def test_several_files_from_a_folder(run: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """All files of a folder are replayed; -k selects among them, also with pytest-xdist."""
    run.runpytest("--mews-target", "demo:ignores-token", "-k", "AUTH-02 or AUTH-03", *QUICK)
    recorded = replay_file_names(run.path)
    assert len(recorded) == 2
    folder = ("--mews-replay", "mews-report/selection/replays")
    result = run.runpytest("--mews-target", "demo", *folder, *workers)
    assert result.ret == 0
    result.assert_outcomes(passed=2)
    result = run.runpytest(
        "--mews-target", "demo:ignores-token", *folder, *workers, "-k", "AUTH-02"
    )
    assert result.ret == 1
    result.assert_outcomes(failed=1, deselected=0 if workers else 1)


def test_collect_only_sends_nothing(run: pytest.Pytester) -> None:
    """--collect-only lists the files by stable ids."""
    run.runpytest("--mews-target", "demo:ignores-token", "-k", "AUTH-02", *QUICK)
    arguments = ("--mews-target", "demo", "--mews-replay", "AUTH-02", "--collect-only", "-q")
    result = run.runpytest(*arguments)
    assert "mews::replay/AUTH-02" in result.outlines


def test_files_of_an_earlier_run_are_deleted(run: pytest.Pytester) -> None:
    """The folder has only the replay files of its report."""
    for flaw, scenario in (("ignores-token", "AUTH-02"), ("locks-out-after-retries", "RET-02")):
        run.runpytest("--mews-target", f"demo:{flaw}", "-k", scenario, *QUICK)
    assert replay_file_names(run.path) == ["RET-02"]


def test_the_report_names_the_command(run: pytest.Pytester) -> None:
    """The HTML and JSON reports have the command for a replay, and it works."""
    arguments = ("--mews-target", "demo:ignores-token", "-k", "AUTH-02", *QUICK)
    run.runpytest(*arguments, "--mews-report", "out")
    report = json.loads((run.path / "out" / "selection" / "certification.json").read_text("utf-8"))
    (failed,) = [item for item in report["scenarios"] if item["id"] == "AUTH-02"]
    assert failed["replay"]["file"] == "replays/AUTH-02.json"
    command = failed["replay"]["command"]
    assert command.endswith("--mews-replay out/selection/replays/AUTH-02.json")
    assert command in (run.path / "out" / "selection" / "certification.html").read_text("utf-8")
    assert run.runpytest(*command.split()[1:]).ret == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--mews-replay", "RET-02"), "*--mews-replay*Give --mews-target*"),
        (("--mews-target", "demo", "--mews-replay", "RET-02"), "*There are none in*"),
        (
            ("--mews-target", "demo", "--mews-replay", "f.json", "mews::RET-01"),
            "*can't be combined*",
        ),
        (("test_x.py", "--mews-target", "demo", "--mews-replay", "f.json"), "*can't be combined*"),
    ],
)
def test_usage_errors_exit_4(
    run: pytest.Pytester, arguments: tuple[str, ...], message: str
) -> None:
    """A replay without a file, without a target, or with other tests is refused."""
    run.makepyfile(test_x="def test_x(): pass")
    result = run.runpytest(*arguments)
    assert result.ret == 4
    result.stderr.fnmatch_lines([message])


def test_a_replay_does_not_run_beside_another_run(run: pytest.Pytester) -> None:
    """It writes calls.jsonl into the report folder, so it holds the folder as every run does."""
    run.runpytest("--mews-target", "demo:ignores-token", "-k", "AUTH-02", *QUICK)
    replay = ("--mews-target", "demo", "--mews-replay", "AUTH-02")
    with FolderLock(run.path / "mews-report"):
        result = run.runpytest(*replay)
        assert run.runpytest(*replay, "--collect-only").ret == 0
    assert result.ret == 4
    result.stderr.fnmatch_lines(["ERROR: --mews-report: *is in use: another run*"])
    assert run.runpytest(*replay).ret == 0


def test_an_unreachable_endpoint_fixes_nothing(run: pytest.Pytester) -> None:
    """If nobody listens, the preflight still fails, and other replays are inconclusive."""
    dead = "http://127.0.0.1:9/hook"
    run.runpytest("--mews-target", dead, "-k", "PRE-01", *QUICK)
    flawed = ("--mews-target", "demo:locks-out-after-retries", "-k", "RET-02", *QUICK)
    run.runpytest(*flawed, "--mews-report", "b")
    files = ("--mews-replay", "PRE-01", "--mews-replay", "b/selection/replays/RET-02.json")
    result = run.runpytest("--mews-target", dead, *files)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "STILL FAILING PRE-01: *",
            "  now: *refused*",
            "INCONCLUSIVE  RET-02: the preflight failed*refused*",
        ]
    )


@pytest.mark.parametrize(
    ("option", "parts"),
    [
        (("--mews-baseline", "b.json"), ("can't be combined with --mews-baseline", "no report")),
        (("--mews-strict",), ("can't be combined with --mews-strict", "Leave --mews-strict out")),
        (("--mews-profile-set", "attempts=2"), ("--mews-profile-set", "its own run")),
        (("--mews-jobs", "2"), ("--mews-jobs", "one after another")),
        (("--hypothesis-seed", "1"), ("--hypothesis-seed", "its own run")),
    ],
)
def test_an_option_without_effect_is_refused(
    run: pytest.Pytester, option: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    """The message names it, before anything is read or sent."""
    result = run.runpytest("--mews-target", "demo", "--mews-replay", "RET-02", *option)
    assert result.ret == 4
    for part in ("--mews-replay: 'RET-02'", *parts):
        assert part in result.stderr.str()


def test_ini_keys_without_effect_are_allowed(run: pytest.Pytester) -> None:
    """They are for certifications; so is an option in addopts."""
    run.makeini("[pytest]\nmews_strict = true\nmews_jobs = 2\naddopts = --mews-time-scale 0.001")
    result = run.runpytest("--mews-target", "demo", "--mews-replay", "RET-02")
    assert "There are none in" in result.stderr.str()
