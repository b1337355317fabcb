"""What a flaw costs: how often scenarios are played, what they send, and what they await in vain.

The .toml file of the same name has the numbers. Only the number of executions ends the shrinking,
and the seed is fixed, so they depend on the code alone, unless the machine is so busy that a fetch
takes longer than 2 s. A change that makes a flawed partner costlier, or cheaper, changes the file
on purpose.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.execution import Budget, Messages, scenario_runner
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.patience import Awaited, Patience
from pytest_mews.model import ApiCall, Scenario, Transcript
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios.loader import load_scenarios

pytestmark = pytest.mark.slow

EXPECTED = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
SCENARIOS = {scenario.id: scenario for scenario in load_scenarios()}
BUDGET = Budget(executions=6, seconds=3600)
BuildSettings = Callable[..., Settings]
Work = dict[str, dict[str, int]]


def work(settings: Settings, scenario_ids: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> Work:
    """Certify scenarios one after another; return by id what each did."""
    counts: Counter[tuple[str, str]] = Counter()
    running = ""
    run_steps, note_end = scenario_runner.run_steps, Patience.note_end

    def counted_steps(scenario: Scenario, messages: Messages, context: CaseContext) -> Transcript:
        transcript = run_steps(scenario, messages, context)
        counts[scenario.id, "executions"] += 1
        counts[scenario.id, "deliveries"] += len(transcript.deliveries)
        return transcript

    def counted_end(
        patience: Patience,
        awaited: Collection[Awaited],
        calls: Sequence[ApiCall],
        timeout_s: float,
    ) -> None:
        counts[running, "waits-in-vain"] += not all(one.is_done for one in awaited)
        note_end(patience, awaited, calls, timeout_s)

    with monkeypatch.context() as patches, CertificationRunner(settings, budget=BUDGET) as runner:
        patches.setattr(scenario_runner, "run_steps", counted_steps)
        patches.setattr(Patience, "note_end", counted_end)
        for scenario_id in scenario_ids:
            running = scenario_id
            runner.certify(SCENARIOS[scenario_id])
    names = ("executions", "deliveries", "waits-in-vain")
    return {id_: {name: counts[id_, name] for name in names} for id_ in scenario_ids}


@pytest.mark.parametrize("partner", EXPECTED)
def test_work_on_a_partner(
    partner: str, settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scenario does as much as the file says, in one of three tries on a busy machine."""
    options = settings(
        f"demo:{partner}", time_scale="0.001", examples="2", jobs="1", fetch_timeout="2"
    )
    for _ in range(3):
        done = work(options, list(EXPECTED[partner]), monkeypatch)
        if done == EXPECTED[partner]:
            break
    assert done == EXPECTED[partner]
