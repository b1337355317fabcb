"""`certification.json`, format 1, as schemas/report.schema.json describes it: bounded."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pytest_mews.model import (
    Comparison,
    Evidence,
    Profile,
    Run,
    ScenarioResult,
    Stage,
    Tenants,
    TlsHandshake,
    Waiver,
)
from pytest_mews.reports import evidence_selection, websocket_table
from pytest_mews.reports.command_lines import file_of, replay, resend
from pytest_mews.reports.json_calls import processing
from pytest_mews.reports.json_deliveries import HEADERS, TEXT, delivery_to_json
from pytest_mews.reports.sanitize import capped

FORMAT = 1


def to_json(run: Run) -> dict[str, Any]:
    """Give the whole run as what `json.dump` takes; times are ms on the run's clock."""
    return {
        "format": FORMAT,
        "version": run.version,
        "started_utc": run.started_utc,
        "duration_s": round(run.duration_s, 3),
        "interrupted": run.interrupted,
        "readiness": run.readiness.value,
        "target": run.target,
        "integration_target": run.integration_target,
        "command": run.command,
        "seed": run.seed,
        "strict": run.strict,
        "time_scale": run.time_scale,
        "events": list(run.events),
        "notes": [capped(note, TEXT) for note in run.notes],
        "profile": _profile(run.profile),
        "tenants": _tenants(run.tenants),
        "stages": {
            summary.stage.value: {
                "readiness": summary.readiness.value,
                "counts": dict(summary.counts),
                "how_to_observe": summary.how_to_observe,
            }
            for summary in run.stages
        },
        "scenarios": [_scenario(result) | _replay(run, result) for result in run.results],
        "waivers": [
            _waiver(use.waiver)
            | {"state": use.state.value, "verdict": use.verdict and use.verdict.value}
            for use in run.waivers
        ],
        **({} if run.comparison is None else {"comparison": _comparison(run.comparison)}),
        "rate_limit_usage": [
            {
                "enterprise_id": each.enterprise_id,
                "peak": each.peak,
                "requests": [list(pair) for pair in each.requests],
            }
            for each in run.rate_limit_usage
        ],
    }


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "title": profile.title,
        "parameters": [
            {
                "name": parameter.name,
                "value": list(parameter.value)
                if isinstance(parameter.value, tuple)
                else parameter.value,
                "origin": parameter.origin,
                "source": parameter.source,
                "note": parameter.note,
            }
            for parameter in profile.parameters
        ],
    }


def _tenants(tenants: Tenants) -> dict[str, Any]:
    return {
        "client_token": tenants.client_token,
        "enterprises": [
            {
                "id": tenant.id,
                "integration_id": tenant.integration_id,
                "access_token": tenant.access_token,
            }
            for tenant in tenants.enterprises
        ],
    }


def _scenario(result: ScenarioResult) -> dict[str, Any]:
    scenario = result.scenario
    return {
        "id": scenario.id,
        "title": scenario.title,
        "stage": scenario.stage.value,
        "level": scenario.level.value,
        "basis": scenario.basis.value,
        "verdict": result.verdict.value,
        "reason": capped(result.reason, TEXT),
        "why": scenario.why,
        "remedy": scenario.remedy,
        "sources": [
            {
                "page": source.page,
                "anchor": source.anchor,
                "url": source.url,
                "revision": source.revision,
                "summary": source.summary,
            }
            for source in scenario.sources
        ],
        "duration_s": round(result.duration_s, 3),
        "plays": result.plays,
        "failing": result.failing,
        "messages": result.messages,
        **_answers(result),
        "evidence": [
            _trial(trial, scenario.stage) for trial in evidence_selection.select_evidence(result)
        ],
        **_waived(result),
    }


def _answers(result: ScenarioResult) -> dict[str, Any]:
    if (times := result.answers) is None:
        return {}
    figures = {f.name: round(getattr(times, f.name), 3) for f in fields(times)}
    return {"answers": figures}


def _waived(result: ScenarioResult) -> dict[str, Any]:
    if result.waiver is None or result.verdict_without_waiver is None:
        return {}
    return {
        "waiver": _waiver(result.waiver),
        "verdict_without_waiver": result.verdict_without_waiver.value,
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "scenario": waiver.scenario,
        "reason": capped(waiver.reason, TEXT),
        "owner": capped(waiver.owner, TEXT),
        "expires": waiver.expires,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "name": comparison.name,
        "started_utc": comparison.started_utc,
        "version": comparison.version,
        "only_new": comparison.only_new,
        "remarks": [capped(remark, TEXT) for remark in comparison.remarks],
        "changes": [
            {
                "scenario": changed.scenario,
                "title": capped(changed.title, TEXT),
                "change": changed.change.value,
                "before": changed.before and changed.before.value,
                "after": changed.after and changed.after.value,
            }
            for changed in comparison.changes
        ],
    }


def _replay(run: Run, result: ScenarioResult) -> dict[str, Any]:
    """How to send a failure again; nothing for what did not fail."""
    if result.replay is None:
        return {}
    kept = bool(result.replay.text)
    return {
        "replay": {
            "file": file_of(result) if kept else None,
            "command": resend(run, result) or replay(run, result.scenario),
            "problem": result.replay.problem,
        }
    }


def _trial(trial: Evidence, stage: Stage) -> dict[str, Any]:
    kept = evidence_selection.deliveries(trial)
    places = evidence_selection.places(trial)
    return {
        "role": trial.role,
        "case": capped(trial.case, TEXT),
        "findings": [
            {
                "check": finding.check,
                "level": finding.level.value,
                "met": finding.met,
                "expected": capped(finding.expected, TEXT),
                "observed": capped(finding.observed, TEXT),
                "delivery": places.index(finding.delivery) if finding.delivery in places else None,
            }
            for finding in trial.findings
        ],
        "deliveries": [delivery_to_json(delivery) for delivery in kept],
        "deliveries_left_out": len(trial.transcript.deliveries)
        + trial.transcript.left_out
        - len(kept),
        "tls_handshakes": [_handshake(handshake) for handshake in trial.transcript.tls_handshakes],
        **processing(trial, stage),
        **websocket_table.machine(trial),
    }


def _handshake(handshake: TlsHandshake) -> dict[str, Any]:
    shown = handshake.certificate
    return {
        "origin": capped(handshake.origin, TEXT),
        "asked_utc": handshake.asked_utc,
        "version": handshake.version,
        "certificate": None
        if shown is None
        else {
            "subject": capped(shown.subject, TEXT),
            "issuer": capped(shown.issuer, TEXT),
            "not_after_utc": shown.not_after_utc,
            "names": [capped(name, TEXT) for name in shown.names[:HEADERS]],
        },
        "chain_problem": None if handshake.chain is None else handshake.chain.value,
        "host_problem": None if handshake.host is None else handshake.host.value,
        "old_versions": list(handshake.old),
        "untried_versions": list(handshake.untried),
        "detail": capped(handshake.detail, TEXT),
    }
