"""The tutorial: its service has the flaws that it names, and each step fixes one."""

from __future__ import annotations

import difflib
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.model import Stage, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios.loader import load_scenarios
from tests.concurrent_certification import certify_concurrently
from tests.partner_processes import ROOT, RunningService, run_service

pytestmark = pytest.mark.slow

FOLDER = ROOT / "examples" / "tutorial"
VERSIONS = sorted(FOLDER.glob("step*.py"))
TEXT = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
SHOWN_BY = ("INT-01", "RET-01", "REC-04", "AUTH-02")
"""The scenario that shows the flaw which each step removes."""
QUICK = {"time_scale": "0.001", "examples": "1"}

BuildSettings = Callable[..., Settings]


@contextmanager
def run_version(step: int, folder: Path) -> Iterator[RunningService]:
    """Run the service as it is after a step; 0 is the broken one."""
    command = f'{sys.executable} -m uvicorn step{step}:app --port "$PORT"'
    environment = {"MEWS_TOKEN": "a-secret-of-the-tutorial"}
    with run_service(command, FOLDER, folder / "uvicorn.log", environment) as service:
        yield service


def blocks(language: str) -> list[str]:
    """Return the code blocks of the tutorial in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("step", range(1, len(SHOWN_BY) + 1))
def test_each_step_fixes_the_flaw_that_its_scenario_shows(
    step: int, settings: BuildSettings, tmp_path: Path
) -> None:
    """The scenario fails before the step, and passes after it.

    With a limit of 1 s instead of 5 s, the service that works first fails sooner.
    """
    (scenario,) = [s for s in load_scenarios() if s.id == SHOWN_BY[step - 1]]
    verdicts = []
    for version in (step - 1, step):
        with run_version(version, tmp_path) as service:
            target = f"{service.url}?Token={service.token}"
            run_settings = settings(target, profile_set=["timeout_s=1"], **QUICK)
            with CertificationRunner(run_settings) as runner:
                verdicts.append(runner.certify(scenario).verdict)
    assert verdicts == [Verdict.FAIL, Verdict.PASS]


def test_last_version_passes_the_stage(settings: BuildSettings, tmp_path: Path) -> None:
    """The report at the end of the tutorial has no failure and no warning."""
    scenarios = [s for s in load_scenarios() if s.stage is Stage.DELIVERY]
    with run_version(len(SHOWN_BY), tmp_path) as service:
        target = f"{service.url}?Token={service.token}"
        with CertificationRunner(settings(target, **QUICK)) as runner:
            results = certify_concurrently(runner, scenarios)
    verdicts = {result.verdict for result in results.values()}
    assert verdicts == {Verdict.PASS, Verdict.NOT_APPLICABLE}


def test_tutorial_shows_the_service_and_each_change() -> None:
    """The code in the text is that of the files."""
    versions = [path.read_text("utf-8") for path in VERSIONS]
    assert blocks("python") == [versions[0]]
    changes = []
    for before, after in itertools.pairwise(versions):
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm="")
        changes.append("".join(f"{line}\n" for line in list(lines)[2:]))
    assert blocks("diff") == changes


def test_tutorial_replays_the_scenarios_that_show_the_flaws() -> None:
    """Each step sends the message again that showed its flaw."""
    assert tuple(re.findall(r"--replay ([A-Z]+-\d+)$", TEXT, re.MULTILINE)) == SHOWN_BY
