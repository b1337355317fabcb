"""Certifies one mutant of the FastAPI example, until the first scenario that catches it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_mews.config.settings import Settings, resolve_settings
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.execution import Budget
from pytest_mews.mews.events import Channel, event_names
from pytest_mews.model import Scenario, Stage, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.mutants.mutations import Mutant, mutants
from tests.mutants.served_example import serve_example
from tests.partner_processes import FASTAPI_PARTNER
from tests.ports import free_port

SOURCES = ("app.py", "fetcher.py", "api_client.py", "storage.py")
TOKEN = "its-own-secret"
JOBS = 8  # concurrent scenarios
# The quick profile, with all webhooks; the limit of 5 s for a response is never scaled.
QUICK = {
    "mews_examples": "1",
    "mews_time_scale": "0.001",
    "mews_fetch_timeout": "3",
    "mews_portfolios": True,
    "mews_events": ",".join(event_names(Channel.GENERAL, Channel.INTEGRATION)),
}
NO_SHRINKING = Budget(executions=0)


@dataclass(frozen=True)
class Candidate:
    """A mutant of one file of the example."""

    file: str
    mutant: Mutant

    @property
    def name(self) -> str:
        """The file, the line and the change."""
        return f"{self.file}: {self.mutant.name}"


@dataclass(frozen=True)
class Result:
    """What came of one mutant.

    Attributes:
        candidate: the mutant.
        caught_by: the first scenario that did not pass, its verdict and reason; empty if none.
        starts: whether the service started.
        duration_s: how long it took.

    """

    candidate: Candidate
    caught_by: str
    starts: bool
    duration_s: float


def candidates() -> list[Candidate]:
    """Return all mutants of the example, without two of the same program."""
    found = {
        (file, mutant.source): Candidate(file, mutant)
        for file in SOURCES
        for mutant in mutants((FASTAPI_PARTNER / file).read_text("utf-8"))
    }
    return list(found.values())


def certify(candidate: Candidate | None) -> tuple[bool, str]:
    """Certify a mutant; for None the example as it is.

    Returns:
        Whether the service started, and what caught it: empty if every scenario passed.

    """
    with TemporaryDirectory(prefix="mews-mutant-") as name:
        folder = Path(name)
        example = folder / "fastapi_partner"
        shutil.copytree(FASTAPI_PARTNER, example)
        if candidate is not None:
            (example / candidate.file).write_text(candidate.mutant.source, "utf-8")
        api, port = f"127.0.0.1:{free_port()}", free_port()
        environment = {
            "MEWS_TOKEN": TOKEN,
            "MEWS_API_URL": f"http://{api}",
            "MEWS_CLIENT_TOKEN": DEFAULT_TENANTS.client_token,
            "MEWS_TENANTS": "tenants.toml",
        }
        try:
            with serve_example(example, port, environment):
                values = {
                    "mews_target": f"http://127.0.0.1:{port}/webhooks/mews?Token={TOKEN}",
                    "mews_api": api,
                    "mews_report": str(folder / "report"),
                    **QUICK,
                }
                settings = resolve_settings(values, environ={}, rootdir=folder, seed=1)
                return True, _first_failure(settings)
        except RuntimeError:  # the service ended, or did not listen
            return False, "the service does not start"


def timed(candidate: Candidate) -> Result:
    """Certify a mutant, and measure how long it takes."""
    started_s = time.monotonic()
    starts, caught_by = certify(candidate)
    return Result(candidate, caught_by, starts, time.monotonic() - started_s)


def _first_failure(settings: Settings) -> str:
    """Return the first scenario that does not pass, its verdict and reason; empty if all pass."""
    with CertificationRunner(settings, budget=NO_SHRINKING) as runner:
        for scenarios in _groups():
            with ThreadPoolExecutor(JOBS if len(scenarios) > 1 else 1) as pool:
                futures = [pool.submit(runner.certify, scenario) for scenario in scenarios]
                for future in as_completed(futures):
                    result = future.result()
                    if result.verdict not in {Verdict.PASS, Verdict.NOT_APPLICABLE}:
                        runner.interrupt()  # the others end at once
                        pool.shutdown(cancel_futures=True)
                        return f"{result.scenario.id} {result.verdict}: {result.reason}"
    return ""


def _groups() -> Iterator[Sequence[Scenario]]:
    """Yield the scenarios that run concurrently, the preflight first; exclusive ones come alone."""
    stages = (Stage.PROCESSING, Stage.DELIVERY)
    scenarios = [scenario for scenario in loader.load_scenarios() if scenario.stage in stages]
    scenarios.sort(key=lambda scenario: stages.index(scenario.stage))
    for scenario in scenarios:
        if scenario.steps[0].runs_first:
            yield [scenario]
    rest = [scenario for scenario in scenarios if not scenario.steps[0].runs_first]
    yield [scenario for scenario in rest if not scenario.exclusive]
    for scenario in rest:
        if scenario.exclusive:
            yield [scenario]
