"""Playing ahead of pytest, which asks for one scenario after the other, and being interrupted."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from pytest_mews.errors import HarnessError, UsageError
from pytest_mews.model import Scenario, ScenarioResult
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.session.items import ScenarioItem
from pytest_mews.session.schedule import Certify, Schedule, Waiting

SLUGGISH_JOBS = 8
LOOK_AHEAD = 2  # scenarios that a worker of pytest-xdist knows to be its own: this one and the next
FAREWELL_S = 4.0  # how long a run that was interrupted waits for what is under way


class ConcurrentRunner:
    """Plays several scenarios at once where that was asked for, or the endpoint is slow.

    `certify` is what plays one of them, with the engine.
    """

    def __init__(self, engine: CertificationRunner, certify: Certify) -> None:
        self._engine, self._certify = engine, certify
        self._schedule: Schedule | None = None

    def start(self, items: Iterable[pytest.Item], *, worker: bool) -> None:
        """Begin with items of which pytest will ask for each.

        Where even a plain message takes too long, several are played at once in any case: else the
        run would take too long as well. A worker of pytest-xdist plays as many as it knows of.

        Raises:
            UsageError: SSL_CERT_FILE or SSL_CERT_DIR names what is not there.

        """
        scenarios = [item.scenario for item in items if isinstance(item, ScenarioItem)]
        if not scenarios:
            return
        try:
            sluggish = self._engine.environment.is_slow
        except UsageError as mistake:
            raise pytest.UsageError(str(mistake)) from None
        except HarnessError:
            return  # each scenario meets it again, and reports it as an error of the harness
        asked, slow = (
            (1, LOOK_AHEAD) if worker else (self._engine.environment.settings.jobs, SLUGGISH_JOBS)
        )
        jobs = max(asked, slow if sluggish else 1)
        if jobs == 1:
            return
        self._engine.probe(scenarios)  # once, before several threads ask for it
        self._schedule = self._schedule or Schedule(self._certify, jobs, sluggish=sluggish)
        self._schedule.start(scenarios)

    def result(self, scenario: Scenario, waiting: Waiting) -> ScenarioResult | None:
        """Wait for a scenario that was begun; None where none is played ahead."""
        return None if self._schedule is None else self._schedule.result(scenario, waiting)

    def finished(self, *, interrupted: bool) -> list[ScenarioResult]:
        """Give the results that are there, asked for or not; nothing more is begun.

        Where the run was interrupted, what is under way ends first, as far as it came.
        """
        if self._schedule is None:
            return []
        self._schedule.stop()
        if interrupted:
            self._engine.interrupt()
            self._schedule.wait(FAREWELL_S)
        return self._schedule.finished()

    def stop(self) -> None:
        """Begin nothing more."""
        if self._schedule is not None:
            self._schedule.stop()
