"""A failure kept by hand: an integration that is created for a new enterprise, then an event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mews_harness import catalogue
from mews_harness.certification.keepsakes import kept as kept_of
from mews_harness.masking import Mask
from mews_harness.model import Draw, Message, Replay, ScenarioResult, Verdict
from mews_harness.payloads import Mint, Subject, plans
from mews_harness.player import Script
from mews_harness.settings import Settings

SCENARIOS = {scenario.id: scenario for scenario in catalogue.load()}
BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def script(settings: Callable[..., Settings]) -> Script:
    """What the third play of PROC-20 with the seed 1 sends."""
    chosen = settings("demo")
    subject = Subject("2026-04", chosen.events, 500, chosen.tenants)
    mint = Mint(1, "PROC-20", 3, chosen.tenants)
    messages: dict[str, tuple[Message, ...]] = {
        draw.name: plans(Draw(draw.name, draw.word, draw.arguments), subject).fixed[0].build(mint)
        for draw in SCENARIOS["PROC-20"].draws
    }
    return Script(3, messages, mint.tokens)


@pytest.fixture
def keep(script: Script, settings: Callable[..., Settings]) -> Callable[..., Replay]:
    """Keep that failure; keywords are options."""

    def kept(script: Script = script, **options: object) -> Replay:
        chosen = settings("demo", **options)
        result = ScenarioResult(SCENARIOS["PROC-20"], Verdict.FAIL, "it was not fetched")
        found = kept_of(result, script, chosen, BEGAN, Mask.of(chosen)).replay
        assert found is not None
        return found

    return kept
