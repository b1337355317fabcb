"""Under pytest-xdist: what the controller tells the workers, and what it learns from them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.errors import UsageError
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.session.command_line import SEED

TURNS = "mews_turns"  # in a worker's input: the file by which they take turns


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of pytest-xdist's workers."""
    return hasattr(config, "workerinput")


def turns_of(config: pytest.Config) -> ProcessLock:
    """Give what lets this process run a scenario alone: among the workers, if it is one."""
    named = getattr(config, "workerinput", {}).get(TURNS)
    return ProcessLock(None if named is None else Path(named))


def check_distribution(
    config: pytest.Config, api: tuple[str, int] | None, websocket: tuple[str, int] | None = None
) -> None:
    """Refuse a distribution that can't work.

    The embedded partner is not meant: unless told otherwise, each worker serves one of its own,
    and the API that it calls, on free ports.

    Args:
        config: of the controller, or of a worker, which the controller has checked already.
        api: where --mews-api says that the Connector API is served; None where it was not given.
        websocket: the same of --mews-websocket.

    Raises:
        UsageMistake: --dist is `each`, or the workers would all listen at one address.

    """
    dist = "no" if is_worker(config) else getattr(config.option, "dist", "no")
    if dist == "each":
        raise UsageError(
            "--dist", "each", "would certify the endpoint once for each worker", "Give --dist load"
        )
    served = {"--mews-api": (api, "calls"), "--mews-websocket": (websocket, "connects to")}
    for option, (address, does) in served.items():
        if dist != "no" and address is not None:
            host, port = address
            raise UsageError(
                option,
                f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                f"can't be served by several processes (-n): the partner {does} one address",
                "Leave -n out; --mews-jobs N lets scenarios overlap in one process.",
            )


class XdistController:
    """The controller's part, as a pytest plugin; without pytest-xdist its hooks are never called.

    Args:
        seed: the one seed of the run.
        select: learns what the workers have collected.

    """

    def __init__(self, seed: int, select: Callable[[Sequence[str]], None]) -> None:
        self._seed, self._select = seed, select
        self._turns: Path | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - pytest-xdist's
        """Give every worker the one seed of the run, and the one file to take turns by."""
        node.workerinput[SEED] = self._seed
        if self._turns is None:
            handle, name = tempfile.mkstemp(prefix="pytest-mews-turns-")
            os.close(handle)
            self._turns = Path(name)
        node.workerinput[TURNS] = str(self._turns)

    def pytest_unconfigure(self) -> None:
        """Remove that file."""
        if self._turns is not None:
            self._turns.unlink(missing_ok=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Note what is to run: every worker collects the same."""
        self._select(ids)
