"""`ProcessLock` keeps exclusive scenarios alone among several processes."""

from __future__ import annotations

import fcntl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from pytest_mews.session.xdist import XdistController, process_lock_of


def can_lock(path: Path, mode: int) -> bool:
    """Return whether another process could get the lock now."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@pytest.mark.parametrize("exclusive", [True, False])
def test_exclusive_and_shared_holders(tmp_path: Path, exclusive: bool) -> None:  # noqa: FBT001
    """An exclusive holder blocks all others; a shared one blocks only exclusive ones."""
    path = tmp_path / "lock"
    with ProcessLock(path).hold(exclusive=exclusive):
        assert can_lock(path, fcntl.LOCK_SH) is not exclusive
        assert not can_lock(path, fcntl.LOCK_EX)
    assert can_lock(path, fcntl.LOCK_EX)


def test_without_a_file_nothing_blocks() -> None:
    """Without a path the lock does nothing."""
    with ProcessLock().hold(exclusive=True), ProcessLock().hold(exclusive=True):
        pass


def test_all_workers_share_one_lock_file() -> None:
    """The controller sends one path to all workers, and deletes the file at the end."""
    controller = XdistController(1, lambda _: None)
    nodes: list[Any] = [SimpleNamespace(workerinput={}) for _ in range(2)]
    for node in nodes:
        controller.pytest_configure_node(node)
    first, second = (process_lock_of(node) for node in nodes)
    assert first == second
    assert first.path is not None
    assert first.path.exists()
    controller.pytest_unconfigure()
    assert not first.path.exists()


def test_the_runner_holds_the_lock(settings: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """While a hostile scenario runs, no other process can get the lock."""
    options: Settings = settings("demo", time_scale="0.001", examples="1")
    path, unlocked = tmp_path / "lock", []
    (scenario,) = (item for item in loader.load_scenarios() if item.id == "ERR-12")
    with CertificationRunner(options, process_lock=ProcessLock(path)) as runner:
        runner.certify(scenario, lambda *_: unlocked.append(can_lock(path, fcntl.LOCK_SH)))
    assert unlocked
    assert not any(unlocked)
