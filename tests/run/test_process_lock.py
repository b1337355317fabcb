"""Several processes certify one endpoint: who is alone is alone in all of them."""

from __future__ import annotations

import fcntl
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.run.result_tracker import ResultTracker
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from pytest_mews.session.xdist import XdistController, turns_of


def others_may(path: Path, how: int) -> bool:
    """Tell whether another process would have its turn now."""
    with path.open("ab") as other:
        try:
            fcntl.flock(other, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@pytest.mark.parametrize("alone", [True, False])
def test_alone_keeps_all_others_out(tmp_path: Path, alone: bool) -> None:  # noqa: FBT001
    """Who is alone has no company; who is not keeps out only those who want to be."""
    path = tmp_path / "turns"
    with ProcessLock(path).hold(alone=alone):
        assert others_may(path, fcntl.LOCK_SH) is not alone
        assert not others_may(path, fcntl.LOCK_EX)
    assert others_may(path, fcntl.LOCK_EX)


def test_one_process_waits_for_nobody() -> None:
    """Without a file there are no turns to take."""
    with ProcessLock().hold(alone=True), ProcessLock().hold(alone=True):
        pass


def test_every_worker_takes_turns_by_the_same_file() -> None:
    """The controller names one file to all workers, and removes it at the end."""
    distribution = XdistController(1, ResultTracker())
    nodes: list[Any] = [SimpleNamespace(workerinput={}) for _ in range(2)]
    for node in nodes:
        distribution.pytest_configure_node(node)
    first, second = (turns_of(node) for node in nodes)
    assert first == second
    assert first.path is not None
    assert first.path.exists()
    distribution.pytest_unconfigure()
    assert not first.path.exists()


def test_the_engine_takes_its_turns(settings: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """A hostile scenario is played while nobody else may play."""
    chosen: Settings = settings("demo", time_scale="0.001", examples="1")
    path, seen = tmp_path / "turns", []
    (scenario,) = (each for each in loader.load() if each.id == "ERR-12")
    with CertificationRunner(chosen, turns=ProcessLock(path)) as engine:
        engine.certify(scenario, lambda *_: seen.append(others_may(path, fcntl.LOCK_SH)))
    assert seen
    assert not any(seen)
