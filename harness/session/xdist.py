"""Support for pytest-xdist: what the controller sends to its workers and learns from them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.config.endpoint import format_address
from pytest_mews.config.service_start import INSTANCES, ServiceStart
from pytest_mews.errors import UsageError
from pytest_mews.model import ApiUsage, Scenario, ScenarioResult, serialization
from pytest_mews.run.process_lock import ProcessLock
from pytest_mews.session.command_line import SEED_KEY, program_of

LOCK_FILE_KEY = "mews_lock_file"  # the key of the lock file in the input of a worker
# Attributes of a pytest report.
RESULT_KEY, NOTES_KEY, USAGE_KEY = "mews_result", "mews_notes", "mews_api_usage"


def is_worker(config: pytest.Config) -> bool:
    """Return whether this process is a worker of pytest-xdist."""
    return hasattr(config, "workerinput")


def has_workers(config: pytest.Config) -> bool:
    """Return whether workers of pytest-xdist run the items of this process."""
    return not is_worker(config) and getattr(config.option, "dist", "no") != "no"


def is_only_process(config: pytest.Config) -> bool:
    """Return whether this process runs all items: no pytest-xdist, no --collect-only."""
    return not (is_worker(config) or has_workers(config) or config.option.collectonly)


def start_or_fail(start: Callable[[], None], config: pytest.Config) -> None:
    """Start something, and let pytest end with exit status 4 if it isn't available.

    Raises:
        pytest.UsageError: the message names the option or file, the value and the remedy.

    """
    try:
        start()
    except UsageError as error:
        raise pytest.UsageError(program_of(config).respell(str(error))) from None


def process_lock_of(config: pytest.Config) -> ProcessLock:
    """Return the lock that this process shares with the other workers; a no-op if it is none."""
    path = getattr(config, "workerinput", {}).get(LOCK_FILE_KEY)
    return ProcessLock(None if path is None else Path(path))


def check_distribution(
    config: pytest.Config,
    api: tuple[str, int] | None,
    websocket: tuple[str, int] | None = None,
    service: ServiceStart | None = None,
    instances: object = None,
) -> None:
    """Check that the scenarios can be distributed as the options say.

    Without --mews-api, each worker serves the demo partner and its Connector API on free ports.

    Args:
        config: the controller's configuration; a worker's is not checked again.
        api: the host and port of --mews-api; None without that option.
        websocket: the host and port of --mews-websocket; None without that option.
        service: how the harness starts the service under test; None if it runs already.
        instances: the value of --mews-instances; None if the user gave none.

    Raises:
        UsageError: --dist is `each`, or all workers would listen on the same address, or start the
            service or several instances of the demo partner.

    """
    dist = "no" if is_worker(config) else getattr(config.option, "dist", "no")
    if dist == "each":
        raise UsageError(
            "--dist", "each", "would certify the endpoint once per worker", "Use --dist load."
        )
    if dist != "no" and service is not None:
        raise UsageError(
            service.option,
            service.shown,
            "can't be started by several processes (-n)",
            "Remove -n; --mews-jobs N runs scenarios concurrently in one process.",
        )
    if dist != "no" and instances is not None:
        remedy = "Remove -n: instances run scenarios at the same time in one process."
        raise UsageError(INSTANCES, instances, "can't be combined with -n", remedy)
    servers = {"--mews-api": (api, "calls"), "--mews-websocket": (websocket, "connects to")}
    for option, (address, verb) in servers.items():
        if dist != "no" and address is not None:
            raise UsageError(
                option,
                format_address(*address),
                f"can't be served by several processes (-n): the service {verb} one address",
                "Remove -n; --mews-jobs N runs scenarios concurrently in one process.",
            )


def attach_result(report: pytest.TestReport, result: ScenarioResult, notes: Sequence[str]) -> None:
    """Attach a result to its report, with the notes of this process."""
    setattr(report, RESULT_KEY, result)
    setattr(report, NOTES_KEY, list(notes))


def attach_usage(report: pytest.TestReport, usage: ApiUsage | None) -> None:
    """Attach what this process has counted so far of the service's requests."""
    if usage is not None:
        setattr(report, USAGE_KEY, serialization.usage_to_json(usage))


def detach_usage(report: pytest.TestReport) -> tuple[str, ApiUsage] | None:
    """Take from a report the name of its process and what it has counted; None if it has nothing.

    pytest keeps the reports of a run, and needs this of none of them.
    """
    text = report.__dict__.pop(USAGE_KEY, None)
    if text is None:
        return None
    return getattr(report, "worker_id", ""), serialization.usage_from_json(text)


def attached_result(report: pytest.TestReport) -> ScenarioResult | None:
    """Return the result that a report has; None if it has none."""
    result: ScenarioResult | None = getattr(report, RESULT_KEY, None)
    return result


def attached_notes(report: pytest.TestReport) -> tuple[str, ...]:
    """Return the notes of the process that made a report."""
    return tuple(getattr(report, NOTES_KEY, ()))


class ReportSerializer:
    """Writes the result of a report as JSON where pytest serializes the report, and reads it back.

    pytest-xdist serializes reports to send them to another process.

    Args:
        scenarios: all scenarios by id; a result has only the id of its scenario.

    """

    def __init__(self, scenarios: Mapping[str, Scenario]) -> None:
        self._reader = serialization.Reader(scenarios)

    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(
        self,
    ) -> Generator[None, dict[str, Any] | None, dict[str, Any] | None]:
        """Replace the result by its JSON."""
        data = yield
        if data is not None and RESULT_KEY in data:
            data[RESULT_KEY] = serialization.result_to_json(data[RESULT_KEY])
        return data

    @pytest.hookimpl(wrapper=True)
    def pytest_report_from_serializable(self) -> Generator[None, Any, Any]:
        """Replace the JSON of a result by the result."""
        report = yield
        text = getattr(report, RESULT_KEY, None)
        if text is not None:
            setattr(report, RESULT_KEY, self._reader.result_from_json(text))
        return report


class XdistController:
    """Shares the seed and a lock file with the workers; without pytest-xdist it does nothing.

    Args:
        seed: the seed of the run.
        select: is called with the node ids that the workers have collected.

    """

    def __init__(self, seed: int, select: Callable[[Sequence[str]], None]) -> None:
        self._seed, self._select = seed, select
        self._lock_file: Path | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - pytest-xdist's
        """Send the seed and the path of the lock file to a worker."""
        node.workerinput[SEED_KEY] = self._seed
        if self._lock_file is None:
            descriptor, name = tempfile.mkstemp(prefix="pytest-mews-lock-")
            os.close(descriptor)
            self._lock_file = Path(name)
        node.workerinput[LOCK_FILE_KEY] = str(self._lock_file)

    def pytest_unconfigure(self) -> None:
        """Delete the lock file."""
        if self._lock_file is not None:
            self._lock_file.unlink(missing_ok=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Note the selected scenarios; every worker collects the same ones."""
        self._select(ids)
