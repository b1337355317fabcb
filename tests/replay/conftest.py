"""A failure kept by hand: an integration that is created for a new enterprise, then an event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.execution import SentMessages
from pytest_mews.model import Message, MessageSpec, Replay, ScenarioResult, Verdict
from pytest_mews.redaction import Mask
from pytest_mews.replay.recording import recorded as kept_of
from pytest_mews.scenarios import loader
from pytest_mews.senders.connector import IdSource, Target, plans

SCENARIOS = {scenario.id: scenario for scenario in loader.load()}
BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def script(settings: Callable[..., Settings]) -> SentMessages:
    """What the third play of PROC-20 with the seed 1 sends."""
    chosen = settings("demo")
    subject = Target("2026-04", chosen.events, 500, chosen.tenants)
    mint = IdSource(1, "PROC-20", 3, chosen.tenants)
    messages: dict[str, tuple[Message, ...]] = {
        draw.name: plans(MessageSpec(draw.name, draw.generator, draw.arguments), subject)
        .fixed[0]
        .build(mint)
        for draw in SCENARIOS["PROC-20"].message_specs
    }
    return SentMessages(3, messages, mint.tokens)


@pytest.fixture
def keep(script: SentMessages, settings: Callable[..., Settings]) -> Callable[..., Replay]:
    """Keep that failure; keywords are options."""

    def kept(script: SentMessages = script, **options: object) -> Replay:
        chosen = settings("demo", **options)
        result = ScenarioResult(SCENARIOS["PROC-20"], Verdict.FAIL, "it was not fetched")
        found = kept_of(result, script, chosen, BEGAN, Mask.of(chosen)).replay
        assert found is not None
        return found

    return kept
