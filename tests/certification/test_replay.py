"""Failures are kept, and sent again byte for byte on the same schedule."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.config.settings import Settings, resolve
from pytest_mews.errors import UsageError
from pytest_mews.redaction import Mask
from pytest_mews.run.replayer import Replayer, ReplayOutcome, ReplayResult, failures
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from pytest_mews.session.items import fault_in_words
from tests.recording import recording

SCENARIOS = {scenario.id: scenario for scenario in loader.load()}

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
TOKEN = "t0ken-distinct-9f8e7d6c"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Give an empty folder to run in, and an environment without a token."""
    monkeypatch.delenv("MEWS_TOKEN", raising=False)
    return pytester


@pytest.fixture(scope="session")
def auth_02(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the text of a file that was kept of AUTH-02."""
    folder = tmp_path_factory.mktemp("kept")
    options = {"mews_target": "demo:ignores-token", "mews_report": str(folder)}
    chosen = resolve(options, environ={}, rootdir=folder, seed=1)
    with CertificationRunner(chosen) as engine:
        replay = engine.certify(SCENARIOS["AUTH-02"]).replay
    assert replay is not None
    return replay.text


@pytest.fixture
def kept(auth_02: str, tmp_path: Path) -> Path:
    """That file, to be changed."""
    path = tmp_path / "AUTH-02.json"
    path.write_text(auth_02)
    return path


def replayed(path: Path, settings: Settings) -> ReplayResult:
    """Send what a file holds."""
    (failure,) = failures([str(path)], settings.report)
    replayer = Replayer(settings, [failure.kept], SCENARIOS)
    try:
        return replayer.replay(failure.kept)
    finally:
        replayer.close()


def replays(folder: Path) -> list[str]:
    """Name the replay files of the run in a folder."""
    return sorted(path.stem for path in (folder / "mews-report" / "replays").glob("*.json"))


@pytest.mark.parametrize(
    ("flaw", "scenario"),
    [
        ("locks-out-after-retries", "RET-02"),
        ("races-on-duplicates", "RET-04"),
        ("ws-double-effect", "STR-26"),
        ("ws-fetches-each", "STR-29"),
    ],
)
def test_still_failing_and_fixed(run: pytest.Pytester, flaw: str, scenario: str) -> None:
    """The flawed partner still fails (exit 1), the sound one has it fixed (exit 0)."""
    run.runpytest_subprocess("--mews-target", f"demo:{flaw}", "-k", scenario, *QUICK)
    assert replays(run.path) == [scenario]
    own = (run.path / "mews-report" / "certification.json").read_bytes()
    result = run.runpytest_subprocess("--mews-target", f"demo:{flaw}", "--mews-replay", scenario)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            f"mews::replay/{scenario} STILL FAILING*",
            f"{scenario} *",
            "  now:    expected *",
            "  before: *expected *",
            f"STILL FAILING {scenario}: expected *",
        ]
    )
    file = f"mews-report/replays/{scenario}.json"
    result = run.runpytest_subprocess("--mews-target", "demo", "--mews-replay", file)
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"FIXED         {scenario}: *", "*1 passed*"])
    assert (run.path / "mews-report" / "certification.json").read_bytes() == own


def test_a_processing_failure_needs_the_api(run: pytest.Pytester) -> None:
    """Entities of a replay exist in the API again; where none is served nothing can be said."""
    run.runpytest_subprocess("--mews-target", "demo:never-onboards", "-k", "PROC-20", *QUICK)
    assert replays(run.path) == ["PROC-20"]
    again = ("--mews-replay", "PROC-20")
    assert run.runpytest_subprocess("--mews-target", "demo:never-onboards", *again).ret == 1
    assert run.runpytest_subprocess("--mews-target", "demo", *again).ret == 0
    with recording() as endpoint:
        result = run.runpytest_subprocess("--mews-target", endpoint.url, *again)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["NOT JUDGED    PROC-20: needs --mews-api*"])
    assert endpoint.received == []


def test_the_same_requests_are_sent_again(run: pytest.Pytester) -> None:
    """Bytes, content types, copies, retries and tokens' spellings are those of the failing play."""
    arguments = ("-k", "RET-04 or AUTH-04 or ERR-01", *QUICK, "--mews-examples", "1")
    with recording(lambda path, body: 202 if _plain(body, path) else 500) as failing:
        target = f"{failing.url}?Token={TOKEN}"
        run.runpytest_subprocess("--mews-target", target, *arguments)
    kept = replays(run.path)
    assert {"RET-04", "ERR-01"} <= set(kept)
    for scenario in kept:
        text = (run.path / "mews-report" / "replays" / f"{scenario}.json").read_text()
        assert TOKEN not in text
        with recording() as fixed:
            again = ("--mews-target", f"{fixed.url}?Token={TOKEN}", "--mews-replay", scenario)
            run.runpytest_subprocess(*again)
        sent = Counter(fixed.received)
        assert sent.keys() <= Counter(failing.received).keys(), scenario
        assert len(sent) > 1, scenario
        assert max(sent.values()) > 1 or scenario != "RET-04"


def _plain(body: bytes, path: str) -> bool:
    """Take the preflight's message only: one event, with the right token."""
    return body.count(b"Discriminator") == 1 and path.endswith(f"?Token={TOKEN}")


@pytest.mark.parametrize("how", [(), ("-n", "2")], ids=["plain", "n"])
def test_several_files_from_a_folder(run: pytest.Pytester, how: tuple[str, ...]) -> None:
    """A folder replays all of its files, -k chooses among them, also under pytest-xdist."""
    run.runpytest_subprocess("--mews-target", "demo:ignores-token", "-k", "AUTH", *QUICK)
    kept = replays(run.path)
    assert len(kept) == 6
    folder = ("--mews-replay", "mews-report/replays")
    result = run.runpytest_subprocess("--mews-target", "demo", *folder, *how)
    assert result.ret == 0
    result.assert_outcomes(passed=6)
    result = run.runpytest_subprocess(
        "--mews-target", "demo:ignores-token", *folder, *how, "-k", "AUTH-02"
    )
    assert result.ret == 1
    result.assert_outcomes(failed=1, deselected=0 if how else 5)


def test_collect_only_sends_nothing(run: pytest.Pytester) -> None:
    """--collect-only lists the files by stable ids."""
    run.runpytest_subprocess("--mews-target", "demo:ignores-token", "-k", "AUTH-02", *QUICK)
    arguments = ("--mews-target", "demo", "--mews-replay", "AUTH-02", "--collect-only", "-q")
    result = run.runpytest_subprocess(*arguments)
    assert "mews::replay/AUTH-02" in result.outlines


def test_files_of_an_earlier_run_go(run: pytest.Pytester) -> None:
    """The replay files are those of the report beside them."""
    for flaw, scenario in (("ignores-token", "AUTH-02"), ("locks-out-after-retries", "RET-02")):
        run.runpytest_subprocess("--mews-target", f"demo:{flaw}", "-k", scenario, *QUICK)
    assert replays(run.path) == ["RET-02"]


def test_the_report_names_the_command(run: pytest.Pytester) -> None:
    """HTML and JSON tell how to send the failure again; the command works as it stands."""
    arguments = ("--mews-target", "demo:ignores-token", "-k", "AUTH-02", *QUICK)
    run.runpytest_subprocess(*arguments, "--mews-report", "out")
    report = json.loads((run.path / "out" / "certification.json").read_text("utf-8"))
    (failed,) = [each for each in report["scenarios"] if each["id"] == "AUTH-02"]
    assert failed["replay"]["file"] == "replays/AUTH-02.json"
    command = failed["replay"]["command"]
    assert command.endswith("--mews-replay out/replays/AUTH-02.json")
    assert command in (run.path / "out" / "certification.html").read_text("utf-8")
    assert run.runpytest_subprocess(*command.split()[1:]).ret == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--mews-replay", "RET-02"), "*--mews-replay*Give --mews-target*"),
        (("--mews-target", "demo", "--mews-replay", "RET-02"), "*There is none in*"),
        (("--mews-target", "demo", "--mews-replay", "f.json", "mews::RET-01"), "*go together*"),
        (("test_x.py", "--mews-target", "demo", "--mews-replay", "f.json"), "*go together*"),
    ],
)
def test_mistakes_exit_4(run: pytest.Pytester, arguments: tuple[str, ...], said: str) -> None:
    """A replay of nothing, to nowhere, or beside other tests is refused."""
    run.makepyfile(test_x="def test_x(): pass")
    result = run.runpytest_subprocess(*arguments)
    assert result.ret == 4
    result.stderr.fnmatch_lines([said])


def test_an_unreachable_endpoint_says_nothing(run: pytest.Pytester) -> None:
    """Where nobody listens nothing is fixed; the preflight's own failure is still there."""
    dead = "http://127.0.0.1:9/hook"
    run.runpytest_subprocess("--mews-target", dead, "-k", "PRE-01", *QUICK)
    flawed = ("--mews-target", "demo:locks-out-after-retries", "-k", "RET-02", *QUICK)
    run.runpytest_subprocess(*flawed, "--mews-report", "b")
    files = ("--mews-replay", "PRE-01", "--mews-replay", "b/replays/RET-02.json")
    result = run.runpytest_subprocess("--mews-target", dead, *files)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["STILL FAILING PRE-01: *refused*", "NOT JUDGED    RET-02: the preflight failed*refused*"]
    )


def change(path: Path, place: Callable[[dict[str, Any]], object]) -> None:
    """Change a file in one place."""
    data = json.loads(path.read_text())
    place(data)
    path.write_text(json.dumps(data))


def test_a_flaky_failure_that_is_gone_is_not_praised(
    kept: Path, settings: Callable[..., Settings]
) -> None:
    """Once passed says little where it was flaky."""
    change(kept, lambda data: data.update(verdict="flaky"))
    found = replayed(kept, settings("demo"))
    assert found.became is ReplayOutcome.FIXED
    assert found.reason.endswith("it was flaky: once says little")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (lambda data: data["steps"][0].update(token="missing"), "was another scenario"),
        (lambda data: data["expect"].pop(), "was another scenario"),
        (lambda data: data.update(scenario="AUTH-77"), "was another scenario"),
        (lambda data: data["conditions"]["enterprises"].pop(), "--mews-tenants"),
    ],
)
def test_what_cannot_be_judged(
    kept: Path,
    settings: Callable[..., Settings],
    place: Callable[[dict[str, Any]], object],
    said: str,
) -> None:
    """Where scenario or tenants are others now nothing is sent, and the reason says why."""
    change(kept, place)
    found = replayed(kept, settings("demo"))
    assert found.became is ReplayOutcome.NOT_JUDGED
    assert said in found.reason


def test_an_unknown_profile_is_a_mistake(kept: Path, settings: Callable[..., Settings]) -> None:
    """A file of a version with another profile is refused before anything is sent."""
    change(kept, lambda data: data["conditions"].update(profile="2031-01"))
    with pytest.raises(UsageError, match="2031-01"):
        replayed(kept, settings("demo"))


def test_files_of_several_runs(
    kept: Path, tmp_path: Path, settings: Callable[..., Settings]
) -> None:
    """Each is sent under its own conditions, and two of one name are told apart."""
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / kept.name
    other.write_text(kept.read_text())
    change(other, lambda data: data["conditions"].update(time_scale=0.5))
    chosen = settings("demo")
    found = failures([str(kept), str(other)], chosen.report)
    assert [each.name for each in found] == ["AUTH-02", "AUTH-02-2"]
    replayer = Replayer(chosen, [each.kept for each in found], SCENARIOS)
    try:
        assert [replayer.replay(each.kept).became for each in found] == [ReplayOutcome.FIXED] * 2
    finally:
        replayer.close()


def test_a_fault_shows_no_secret() -> None:
    """A traceback of the harness is masked, has no local variables, and obeys nobody."""
    secret = "distinct-token-77"
    with pytest.raises(OSError, match="gone") as caught:
        raise OSError(f"{secret} is gone\n##[error]")
    said = fault_in_words(caught, Mask([secret]))
    assert "*** is gone" in said
    assert secret not in said
    assert "##[" not in said
