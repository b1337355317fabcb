"""The record of a whole run, with nothing secret in it: what the reports are written from."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime

from pytest_mews import __version__
from pytest_mews.acceptance.expected_failures import ExpectedFailures
from pytest_mews.checks import readiness_of, stage_summaries, throttling
from pytest_mews.config.endpoint import with_token
from pytest_mews.config.settings import Settings
from pytest_mews.model import RateLimitUsage, Run, ScenarioResult, Tenant, Tenants
from pytest_mews.options import OPTIONS
from pytest_mews.redaction import Mask, mask_url, redact

NOT_FOR_REPLAY = {
    "mews_target",
    "mews_integration_target",
    "mews_token",
    "mews_report",
    "mews_replay",
    "mews_waivers_template",
}


def build_run(  # noqa: PLR0913 - all that a run is
    settings: Settings,
    results: Sequence[ScenarioResult],
    tolerance: ExpectedFailures,
    *,
    started: datetime,
    duration_s: float,
    command: str,
    folder: str = "mews-report",
    notes: Sequence[str] = (),
    interrupted: bool = False,
    usage: Sequence[RateLimitUsage] = (),
) -> Run:
    """Sum a run up; `results` are in the order in which they are to be shown."""
    asked = [each for each in results if each.scenario.stage in settings.stages]
    limited = throttling([sample for each in results for sample in each.samples])
    run = Run(
        version=__version__,
        started_utc=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        duration_s=round(duration_s, 3),
        target=shown(settings.target),
        integration_target=shown(settings.integration_target or settings.target),
        command=command,
        folder=folder,
        profile=settings.profile,
        time_scale=settings.time_scale,
        seed=settings.seed,
        strict=settings.strict,
        events=settings.events,
        tenants=_without_secrets(settings.tenants),
        readiness=readiness_of(asked, strict=settings.strict),
        stages=stage_summaries(results, settings.stages, strict=settings.strict),
        results=tuple(results),
        notes=(*notes, limited) if limited else tuple(notes),
        interrupted=interrupted,
        rate_limit_usage=tuple(usage),
    )
    return tolerance.told(redact(run, Mask.of(settings)))


def shown(target: str) -> str:
    """Show a target: its secret masked, a demo as it was asked for."""
    return target if target.partition(":")[0] in {"demo", "none"} else mask_url(target)


def replay_command(settings: Settings, given: Mapping[str, object]) -> str:
    """Write the command that repeats this run; the token is left to MEWS_TOKEN.

    `given` holds what the user set, by the option's `dest`.
    """
    words = ["pytest"]
    for flag, target in (
        ("--mews-target", settings.target),
        ("--mews-integration-target", settings.integration_target),
    ):
        if target is not None:
            own = target.partition(":")[0] in {"demo", "none"}
            bare = target if own else mask_url(with_token(target, None))
            words += [flag, shlex.quote(bare)]
    for option in OPTIONS:
        value = given.get(option.dest)
        if option.dest in NOT_FOR_REPLAY or not value:
            continue
        if option.kind == "flag":
            words.append(option.flag)
            continue
        values = value if isinstance(value, list | tuple) else [value]
        words += [f"{option.flag} {shlex.quote(str(each))}" for each in values]
    return " ".join(words)


def _without_secrets(tenants: Tenants) -> Tenants:
    return Tenants(
        "***",
        tuple(Tenant(each.id, each.integration_id, "***") for each in tenants.enterprises),
    )
