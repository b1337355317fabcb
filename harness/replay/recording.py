"""What is kept of a failure, so that it can be sent again, and under which settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pytest_mews import __version__
from pytest_mews.config import profiles
from pytest_mews.config.settings import Settings
from pytest_mews.execution import SentMessages
from pytest_mews.model import ScenarioResult
from pytest_mews.model.verdict import FAILURES
from pytest_mews.redaction import Mask
from pytest_mews.replay import (
    Conditions,
    Kept,
    as_expectations,
    as_steps,
    keep,
    kept_messages,
    overrides,
    secrets_of,
)

REPLAYED = "replayed"  # a folder in the report's own, for whatever a replay writes


def recorded(
    result: ScenarioResult,
    script: SentMessages | None,
    settings: Settings,
    began: datetime,
    mask: Mask,
) -> ScenarioResult:
    """Add to a failure what was sent in its smallest failing play; other results stay as they are.

    Args:
        result: its secrets are masked already.
        script: what that play sent.
        settings: the run's.
        began: when the run began.
        mask: hides the run's secrets.

    """
    if script is None or result.verdict not in FAILURES:
        return result
    scenario = result.scenario
    secrets = secrets_of(settings.tenants, script.tokens)
    messages, draws = kept_messages(script.messages, secrets, mask)
    file = Kept(
        scenario=scenario.id,
        title=scenario.title,
        verdict=result.verdict,
        reason=result.reason,
        case=next((trial.case for trial in result.evidence), ""),
        version=__version__,
        recorded_utc=began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        play=script.play,
        conditions=conditions_of(settings),
        steps=as_steps(scenario),
        expect=as_expectations(scenario),
        messages=messages,
        draws=draws,
    )
    return replace(result, replay=keep(file, mask))


def conditions_of(settings: Settings) -> Conditions:
    """List what the bytes and the schedule of a run depend on."""
    return Conditions(
        settings.profile.name,
        overrides(settings.profile),
        settings.time_scale,
        settings.peak_rate,
        settings.fetch_timeout_s,
        settings.events,
        settings.seed,
        tuple((each.id, each.integration_id) for each in settings.tenants.enterprises),
    )


def settings_for(conditions: Conditions, settings: Settings) -> Settings:
    """Give the user's settings with what a file was kept under.

    Endpoint, tenants and API stay the user's. Nothing is written into the report itself.

    Raises:
        UsageMistake: this version has no such profile, or no such parameter.

    """
    return replace(
        settings,
        profile=profiles.override(profiles.load(conditions.profile), conditions.settings),
        time_scale=conditions.time_scale,
        peak_rate=conditions.peak_rate,
        fetch_timeout_s=conditions.fetch_timeout_s,
        events=conditions.events,
        seed=conditions.seed,
        report=settings.report / REPLAYED,
    )
