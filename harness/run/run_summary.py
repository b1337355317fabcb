"""Builds the `Run` that reports are written from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from pytest_mews import __version__
from pytest_mews.causes import find_causes
from pytest_mews.checks import readiness_of, stage_summaries
from pytest_mews.config.service_start import as_typed, redact_template
from pytest_mews.config.settings import Settings
from pytest_mews.model import (
    ApiCall,
    ApiUsage,
    RateLimitUsage,
    Run,
    ScenarioResult,
    Tenant,
    Tenants,
)
from pytest_mews.options import OPTIONS, spell
from pytest_mews.shell_words import quote_word

NOT_REPEATED = {
    "mews_target",
    "mews_integration_target",
    "mews_token",
    "mews_report",
    "mews_replay",
    "mews_waivers_template",
}


def build_run(  # noqa: PLR0913 - everything that a run consists of
    settings: Settings,
    results: Sequence[ScenarioResult],
    *,
    started: datetime,
    duration_s: float,
    command: str,
    folder: str = "mews-report",
    notes: Sequence[str] = (),
    interrupted: bool = False,
    rate_limit_usage: Sequence[RateLimitUsage] = (),
    api_usage: ApiUsage | None = None,
    late_ids: Collection[str] = (),
    last_calls: Mapping[int, Sequence[ApiCall]] = MappingProxyType({}),
    waits_for_messages: bool = False,
) -> Run:
    """Build a run; `results` are in the order in which reports list them.

    `late_ids` are the entities that were fetched after the run had ceased to wait for them,
    `last_calls` the last requests of each instance of the service, and `waits_for_messages` says
    whether those entities were requested only when another message came. Its URLs have no secrets;
    its other texts can.
    """
    in_stages = [result for result in results if result.scenario.stage in settings.stages]
    return Run(
        version=__version__,
        started_utc=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        duration_s=round(duration_s, 3),
        target=display_target(settings.target),
        integration_target=display_target(settings.integration_target or settings.target),
        command=command,
        report_folder=folder,
        profile=settings.profile,
        time_scale=settings.time_scale,
        seed=settings.seed,
        strict=settings.strict,
        events=settings.events,
        tenants=_without_secrets(settings.tenants),
        readiness=readiness_of(in_stages, strict=settings.strict),
        stages=stage_summaries(results, settings.stages, strict=settings.strict),
        results=tuple(results),
        notes=tuple(notes),
        interrupted=interrupted,
        rate_limit_usage=tuple(rate_limit_usage),
        causes=find_causes(results, late_ids, last_calls, waits_for_messages=waits_for_messages),
        about=settings.about,
        selection=settings.selection,
        api_usage=api_usage,
        listed_operations=settings.listed_operations,
    )


def display_target(target: str) -> str:
    """Return a target as reports show it: `demo` and `none` as they are, a URL without secrets."""
    return target if target.partition(":")[0] in {"demo", "none"} else redact_template(target)


def rerun_command(settings: Settings, options: Mapping[str, object]) -> str:
    """Return the command that repeats this run, without tokens (it needs MEWS_TOKEN).

    Args:
        settings: what the user chose, checked.
        options: what the user set, by the option's `dest`.

    """
    words = []
    program = settings.program[0]
    for before, target in (
        (settings.program, settings.target),
        ((spell("--mews-integration-target", program),), settings.integration_target),
    ):
        if target is not None:
            is_url = target.partition(":")[0] not in {"demo", "none"}
            shown = (
                redact_template(settings.authentication.without_secrets(target))
                if is_url
                else target
            )
            words += [*before, quote_word(as_typed(shown))]
    for option in OPTIONS:
        value = options.get(option.dest)
        if option.dest in NOT_REPEATED or not value:
            continue
        flag = spell(option.flag, program)
        if option.kind == "flag":
            words.append(flag)
            continue
        if option.dest == "mews_start" and settings.service is not None:
            value = settings.service.shown  # without the values of variables
        values = value if isinstance(value, list | tuple) else [value]
        words += [f"{flag} {quote_word(str(item))}" for item in values]
    return " ".join(words)


def _without_secrets(tenants: Tenants) -> Tenants:
    return Tenants(
        "***",
        tuple(Tenant(tenant.id, tenant.integration_id, "***") for tenant in tenants.enterprises),
    )
