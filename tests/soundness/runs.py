"""One run of one sound service, and what all of them came to."""

from __future__ import annotations

import time
import traceback
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pytest_mews.config.settings import resolve_settings
from pytest_mews.model import Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.concurrent_certification import certify_concurrently
from tests.soundness.services import sound_services

JOBS = 8  # concurrent scenarios, as `make demo` has


@dataclass(frozen=True)
class Outcome:
    """What one run of one service came to.

    Attributes:
        service: its name.
        seed: the seed of the run.
        duration_s: how long the run took.
        verdicts: by scenario.
        problems: the reasons of the verdicts that are neither `pass` nor `not-applicable`, by
            scenario; for a run that raised an exception, its traceback.

    """

    service: str
    seed: int
    duration_s: float
    verdicts: dict[str, str]
    problems: dict[str, str]


def certify(service: str, seed: int, examples: int, stages: Collection[str]) -> Outcome:
    """Certify one service with one seed."""
    started_s = time.monotonic()
    try:
        with TemporaryDirectory(prefix="mews-soundness-") as name:
            folder = Path(name)
            with sound_services()[service].run(folder) as options:
                values = {
                    "mews_report": str(folder / "report"),
                    "mews_examples": str(examples),
                    **options,
                }
                settings = resolve_settings(values, environ={}, rootdir=folder, seed=seed)
                scenarios = [
                    scenario
                    for scenario in loader.load_scenarios()
                    if scenario.stage in {*stages} & {*settings.stages}
                ]
                with CertificationRunner(settings) as runner:
                    results = certify_concurrently(runner, scenarios, JOBS)
    except Exception:  # noqa: BLE001 - shown in the table; the other runs go on
        problems = {"the run": traceback.format_exc()}
        return Outcome(service, seed, time.monotonic() - started_s, {}, problems)
    problems = {
        name: f"{result.verdict}: {result.reason}"
        for name, result in results.items()
        if result.verdict not in {Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.BLOCKED}
    }
    blocked = [name for name, result in results.items() if result.verdict is Verdict.BLOCKED]
    if blocked:
        problems[blocked[0]] = (
            f"blocked, with {len(blocked) - 1} others: {results[blocked[0]].reason}"
        )
    return Outcome(
        service,
        seed,
        time.monotonic() - started_s,
        {name: str(result.verdict) for name, result in results.items()},
        problems,
    )


def describe(outcomes: Iterable[Outcome]) -> tuple[list[str], bool]:
    """Return the table of results, and whether every run passed and applied alike."""
    by_service: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_service[outcome.service].append(outcome)
    lines = ["", f"{'service':32} {'runs':>5} {'passed':>7} {'seconds a run':>14}"]
    sound = True
    for service, runs in sorted(by_service.items()):
        passed = sum(not run.problems for run in runs)
        mean_s = sum(run.duration_s for run in runs) / len(runs)
        lines.append(f"{service:32} {len(runs):5} {passed:7} {mean_s:14.1f}")
        for run in sorted(runs, key=lambda run: run.seed):
            for scenario, reason in sorted(run.problems.items()):
                lines.append(f"    seed {run.seed}, {scenario}: {reason}")
        varying = varying_scenarios(runs)
        if varying:
            lines.append(f"    depends on the seed: {', '.join(varying)}")
        sound = sound and passed == len(runs) and not varying
    return lines, sound


def varying_scenarios(runs: Iterable[Outcome]) -> list[str]:
    """Return the scenarios whose verdict differs between the runs that have it."""
    verdicts: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        for scenario, verdict in run.verdicts.items():
            verdicts[scenario].add(verdict)
    return sorted(scenario for scenario, found in verdicts.items() if len(found) > 1)
