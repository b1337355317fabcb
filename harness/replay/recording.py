"""Records the smallest failing case of a scenario, and restores the settings of its run."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from pytest_mews import __version__
from pytest_mews.config import profiles
from pytest_mews.config.settings import Settings
from pytest_mews.execution import SentMessages
from pytest_mews.model import ScenarioResult
from pytest_mews.model.verdict import FAILURES
from pytest_mews.redaction import Redactor
from pytest_mews.replay import (
    Conditions,
    RecordedCase,
    expectations_as_data,
    profile_overrides,
    record_messages,
    secrets_by_name,
    steps_as_data,
    to_replay,
)

REPLAY_OUTPUT_FOLDER = "replayed"  # in the report's folder: what a replay writes


def with_replay(
    result: ScenarioResult,
    sent_messages: SentMessages | None,
    settings: Settings,
    run_start: datetime,
    redactor: Redactor,
) -> ScenarioResult:
    """Add the replay of its smallest failing case to a failure; return other results unchanged.

    Args:
        result: the result, without secrets.
        sent_messages: what the execution of that case sent.
        settings: the settings of the run.
        run_start: when the run started.
        redactor: removes the secrets of the run.

    """
    verdict = result.verdict_without_waiver or result.verdict
    if sent_messages is None or verdict not in FAILURES:
        return result
    scenario = result.scenario
    secrets = secrets_by_name(settings.tenants, sent_messages.tokens)
    messages, message_indexes = record_messages(
        sent_messages.messages, secrets, redactor, settings.sender
    )
    case = RecordedCase(
        scenario=scenario.id,
        title=scenario.title,
        verdict=verdict,
        reason=result.reason,
        case=next((evidence.case for evidence in result.evidence), ""),
        version=__version__,
        recorded_utc=run_start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        execution=sent_messages.execution,
        conditions=conditions_from(settings),
        steps=steps_as_data(scenario),
        expect=expectations_as_data(scenario),
        messages=messages,
        message_indexes=message_indexes,
    )
    return replace(result, replay=to_replay(case, redactor))


def conditions_from(settings: Settings) -> Conditions:
    """Return the settings that the messages and the schedule of a run depend on."""
    return Conditions(
        settings.profile.name,
        profile_overrides(settings.profile),
        settings.time_scale,
        settings.peak_rate,
        settings.fetch_timeout_s,
        settings.events,
        settings.seed,
        tuple((tenant.id, tenant.integration_id) for tenant in settings.tenants.enterprises),
    )


def settings_for(conditions: Conditions, settings: Settings) -> Settings:
    """Return the user's settings with the conditions that a case was recorded under.

    The endpoint, the tenants and the emulators are the user's. The replay doesn't write into the
    report of the run.

    Raises:
        UsageError: this version has no such profile or parameter.

    """
    profile = profiles.load_profile(conditions.profile, settings.sender.profiles)
    return replace(
        settings,
        profile=profiles.override_profile(profile, conditions.profile_overrides),
        time_scale=conditions.time_scale,
        peak_rate=conditions.peak_rate,
        fetch_timeout_s=conditions.fetch_timeout_s,
        events=conditions.events,
        seed=conditions.seed,
        report=settings.report / REPLAY_OUTPUT_FOLDER,
    )
