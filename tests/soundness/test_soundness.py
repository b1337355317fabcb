"""Sound services of different kinds pass; `make soundness` does this with all scenarios."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.demo.partner_kinds import PartnerKind
from pytest_mews.model import Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.concurrent_certification import certify_concurrently
from tests.soundness.runs import Outcome, describe
from tests.soundness.services import sound_services
from tests.soundness.sound_kinds import MORE_SOUND_KINDS, register_sound_kinds

pytestmark = pytest.mark.slow

# Where services differ most: copies, a change that comes again, pages.
QUICK = {"PROC-13", "PROC-16", "PROC-45"}

QUICK_KINDS = [kind for kind in MORE_SOUND_KINDS if kind.name != "merges-for-3-s"]


@pytest.mark.parametrize("kind", QUICK_KINDS, ids=lambda kind: kind.name)
def test_sound_kind_passes(kind: PartnerKind, settings: Callable[..., Settings]) -> None:
    """A demo partner that differs as real partners do passes."""
    register_sound_kinds()
    scenarios = [scenario for scenario in loader.load_scenarios() if scenario.id in QUICK]
    options = settings(f"demo:{kind.name}", time_scale="0.001", examples="2")
    with CertificationRunner(options) as runner:
        results = certify_concurrently(runner, scenarios)
    reasons = {name: result.reason for name, result in results.items()}
    assert {result.verdict for result in results.values()} == {Verdict.PASS}, reasons


def test_services_have_names_and_descriptions() -> None:
    """There are at least ten, and each says what is special about it."""
    services = sound_services()
    assert len(services) >= 10
    assert all(service.description.endswith(".") for service in services.values())


def outcome(seed: int, verdict: Verdict, **problems: str) -> Outcome:
    """Build the outcome of a run with one scenario."""
    return Outcome("a-service", seed, 2.0, {"PROC-01": verdict}, problems)


def test_every_run_passed() -> None:
    """The table has a line for each service."""
    lines, sound = describe([outcome(1, Verdict.PASS), outcome(2, Verdict.PASS)])
    assert sound
    assert lines[2:] == [f"{'a-service':32}     2       2            2.0"]


def test_a_verdict_that_is_no_pass_is_shown() -> None:
    """One failure makes the service unsound, and the seed and the reason are shown."""
    problems = {"PROC-01": "fail: never requested"}
    lines, sound = describe([outcome(1, Verdict.PASS), outcome(2, Verdict.FAIL, **problems)])
    assert not sound
    assert lines[3:] == [
        "    seed 2, PROC-01: fail: never requested",
        "    depends on the seed: PROC-01",
    ]


def test_what_applies_must_not_depend_on_the_seed() -> None:
    """A scenario that passes with one seed and does not apply with another is shown."""
    lines, sound = describe([outcome(1, Verdict.PASS), outcome(2, Verdict.NOT_APPLICABLE)])
    assert not sound
    assert lines[3:] == ["    depends on the seed: PROC-01"]
