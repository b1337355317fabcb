"""A failure kept by hand: an integration that is created for a new enterprise, then an event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.execution import Script
from pytest_mews.model import Draw, Message, Replay, ScenarioResult, Verdict
from pytest_mews.redaction import Mask
from pytest_mews.replay.recording import kept as kept_of
from pytest_mews.scenarios import loader
from pytest_mews.senders.connector import Mint, Subject, plans

SCENARIOS = {scenario.id: scenario for scenario in loader.load()}
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
