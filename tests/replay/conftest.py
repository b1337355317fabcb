"""A recorded failure: an integration that is created for a new enterprise, then an event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.execution import SentMessages
from pytest_mews.model import Message, Replay, ScenarioResult, Verdict
from pytest_mews.redaction import Redactor
from pytest_mews.replay.recording import with_replay
from pytest_mews.scenarios import loader
from pytest_mews.senders import IdSource, Target
from pytest_mews.senders.connector import plans_for

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
RUN_START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def sent_messages(settings: Callable[..., Settings]) -> SentMessages:
    """The messages of the third execution of PROC-20 with the seed 1."""
    demo_settings = settings("demo")
    target = Target("2026-04", demo_settings.events, 500, demo_settings.tenants)
    ids = IdSource(1, "PROC-20", 3, demo_settings.tenants)
    messages: dict[str, tuple[Message, ...]] = {
        spec.name: plans_for(spec, target).fixed[0].build(ids)
        for spec in SCENARIOS["PROC-20"].message_specs
    }
    return SentMessages(3, messages, ids.tokens)


@pytest.fixture
def record(sent_messages: SentMessages, settings: Callable[..., Settings]) -> Callable[..., Replay]:
    """Record that failure; keywords are options of the run."""

    def record_failure(sent_messages: SentMessages = sent_messages, **options: object) -> Replay:
        run_settings = settings("demo", **options)
        result = with_replay(
            ScenarioResult(SCENARIOS["PROC-20"], Verdict.FAIL, "it was not fetched"),
            sent_messages,
            run_settings,
            RUN_START,
            Redactor.from_settings(run_settings),
        )
        assert result.replay is not None
        return result.replay

    return record_failure
