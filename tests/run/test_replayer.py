"""`Replayer` replays a recorded case, and says whether it is fixed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.config.settings import Settings, resolve_settings
from pytest_mews.errors import UsageError
from pytest_mews.run.replayer import Replayer, ReplayOutcome, ReplayResult, read_replay_files
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
BuildSettings = Callable[..., Settings]


@pytest.fixture(scope="session")
def auth_02(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the text of a replay file of AUTH-02."""
    return record("AUTH-02", "demo:ignores-token", tmp_path_factory.mktemp("recorded"))


def record(scenario_id: str, target: str, folder: Path) -> str:
    """Certify a flawed partner, and return the text of the replay file."""
    options = {"mews_target": target, "mews_report": str(folder)}
    with CertificationRunner(
        resolve_settings(options, environ={}, rootdir=folder, seed=1)
    ) as runner:
        replay = runner.certify(SCENARIOS[scenario_id]).replay
    assert replay is not None
    return replay.text


@pytest.fixture
def replay_file(auth_02: str, tmp_path: Path) -> Path:
    """Write that file, for a test to change."""
    path = tmp_path / "AUTH-02.json"
    path.write_text(auth_02)
    return path


def replay(path: Path, settings: Settings) -> ReplayResult:
    """Replay a file."""
    (file,) = read_replay_files([str(path)], settings.report)
    replayer = Replayer(settings, [file.case], SCENARIOS)
    try:
        return replayer.replay(file.case)
    finally:
        replayer.close()


def change(path: Path, change_data: Callable[[dict[str, Any]], object]) -> None:
    """Change the JSON of a file in one place."""
    data = json.loads(path.read_text())
    change_data(data)
    path.write_text(json.dumps(data))


def test_a_fixed_flaky_failure_has_a_caveat(replay_file: Path, settings: BuildSettings) -> None:
    """One pass of a case that was flaky is little evidence."""
    change(replay_file, lambda data: data.update(verdict="flaky"))
    result = replay(replay_file, settings("demo"))
    assert result.outcome is ReplayOutcome.FIXED
    assert result.reason.endswith("it was flaky: one pass is little evidence")


@pytest.mark.parametrize(
    ("change_data", "reason"),
    [
        (lambda data: data["steps"][0].update(token="missing"), "has changed since"),
        (lambda data: data["expect"].pop(), "has changed since"),
        (lambda data: data.update(scenario="AUTH-77"), "--mews-scenarios"),
        (lambda data: data["conditions"]["enterprises"].pop(), "--mews-tenants"),
    ],
)
def test_inconclusive_replays(
    replay_file: Path,
    settings: BuildSettings,
    change_data: Callable[[dict[str, Any]], object],
    reason: str,
) -> None:
    """If the scenario or the tenants have changed, nothing is sent; the reason says why."""
    change(replay_file, change_data)
    result = replay(replay_file, settings("demo"))
    assert result.outcome is ReplayOutcome.INCONCLUSIVE
    assert reason in result.reason


def test_an_unknown_profile_is_refused(replay_file: Path, settings: BuildSettings) -> None:
    """A file with a profile that this version does not know is refused before it is sent."""
    change(replay_file, lambda data: data["conditions"].update(profile="2031-01"))
    with pytest.raises(UsageError, match="2031-01"):
        replay(replay_file, settings("demo"))


def test_files_of_several_runs(replay_file: Path, tmp_path: Path, settings: BuildSettings) -> None:
    """Each file is replayed under its own conditions; two of the same name get different names."""
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / replay_file.name
    other.write_text(replay_file.read_text())
    change(other, lambda data: data["conditions"].update(time_scale=0.5))
    demo = settings("demo")
    files = read_replay_files([str(replay_file), str(other)], demo.report)
    assert [file.name for file in files] == ["AUTH-02", "AUTH-02-2"]
    replayer = Replayer(demo, [file.case for file in files], SCENARIOS)
    try:
        assert [replayer.replay(file.case).outcome for file in files] == [ReplayOutcome.FIXED] * 2
    finally:
        replayer.close()


@pytest.mark.slow
def test_a_busy_service_has_fixed_nothing(
    tmp_path: Path, settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it would do wrong here comes only after what it still has to do for the file before.

    What fails, fails all the same. Each file waits until the service is idle, so that the first one
    does not hide what the second one shows.
    """
    path = tmp_path / "PROC-28.json"
    path.write_text(record("PROC-28", "demo:processes-rejected-messages", tmp_path))
    waits: list[bool] = []

    def wait_until_idle(_: CertificationRunner, report: Callable[[str], None]) -> bool:
        report("waiting")
        return waits.pop()

    monkeypatch.setattr(CertificationRunner, "wait_until_idle", wait_until_idle)
    expected = {
        ("demo", True): ReplayOutcome.FIXED,
        ("demo", False): ReplayOutcome.INCONCLUSIVE,
        ("demo:processes-rejected-messages", False): ReplayOutcome.STILL_FAILING,
    }
    for (target, is_idle), outcome in expected.items():
        waits.append(is_idle)
        result = replay(path, settings(target))
        assert (result.outcome, waits) == (outcome, [])
        assert ("alone" in result.reason) == (outcome is ReplayOutcome.INCONCLUSIVE)
