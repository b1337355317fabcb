"""`certification.json`, format 1, as schemas/report.schema.json describes it: bounded."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from mews_harness.model import (
    Attempt,
    Comparison,
    Delivery,
    Exchange,
    Handshake,
    Message,
    Profile,
    Run,
    ScenarioResult,
    Stage,
    Tenants,
    Trial,
    Waiver,
)
from mews_harness.reports import selection, streaming
from mews_harness.reports.commands import file_of, replay, resend
from mews_harness.reports.machine_calls import processing
from mews_harness.reports.visible import Body, capped, decode

FORMAT = 1
MESSAGE_BYTES = 20_000
ANSWER_BYTES = 2_000
TEXT = 2_000
HEADERS = 50


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
                "how": summary.how,
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
        "usage": [
            {
                "enterprise_id": each.enterprise_id,
                "peak": each.peak,
                "requests": [list(pair) for pair in each.requests],
            }
            for each in run.usage
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
        "obligation": scenario.obligation.value,
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
                "says": source.says,
            }
            for source in scenario.sources
        ],
        "duration_s": round(result.duration_s, 3),
        "plays": result.plays,
        "failing": result.failing,
        "messages": result.messages,
        **_answers(result),
        "evidence": [_trial(trial, scenario.stage) for trial in selection.trials(result)],
        **_waived(result),
    }


def _answers(result: ScenarioResult) -> dict[str, Any]:
    if (times := result.answers) is None:
        return {}
    figures = {f.name: round(getattr(times, f.name), 3) for f in fields(times)}
    return {"answers": figures}


def _waived(result: ScenarioResult) -> dict[str, Any]:
    if result.waiver is None or result.waived is None:
        return {}
    return {"waiver": _waiver(result.waiver), "waived": result.waived.value}


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


def _trial(trial: Trial, stage: Stage) -> dict[str, Any]:
    kept = selection.deliveries(trial)
    places = selection.places(trial)
    return {
        "role": trial.role,
        "case": capped(trial.case, TEXT),
        "findings": [
            {
                "word": finding.word,
                "obligation": finding.obligation.value,
                "met": finding.met,
                "expected": capped(finding.expected, TEXT),
                "observed": capped(finding.observed, TEXT),
                "delivery": places.index(finding.delivery) if finding.delivery in places else None,
            }
            for finding in trial.findings
        ],
        "deliveries": [_delivery(delivery) for delivery in kept],
        "deliveries_left_out": len(trial.transcript.deliveries)
        + trial.transcript.left_out
        - len(kept),
        "handshakes": [_handshake(handshake) for handshake in trial.transcript.handshakes],
        **processing(trial, stage),
        **streaming.machine(trial),
    }


def _handshake(handshake: Handshake) -> dict[str, Any]:
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


def _delivery(delivery: Delivery) -> dict[str, Any]:
    kept = delivery.attempts[: selection.ATTEMPTS]
    return {
        "label": capped(delivery.label, TEXT),
        "delivered": selection.arrived(delivery),
        "message": _message(delivery.message),
        "attempts": [_attempt(attempt, selection.zero_ms(delivery)) for attempt in kept],
        "attempts_left_out": len(delivery.attempts) - len(kept),
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "kind": message.kind.value,
        "description": capped(message.description, TEXT),
        "content_type": message.content_type,
        "enterprise_id": message.enterprise_id,
        "events": len(message.events),
        "body": _body(decode(message.body, len(message.body), MESSAGE_BYTES)),
    }


def _attempt(attempt: Attempt, zero: float) -> dict[str, Any]:
    kept = attempt.exchanges[: selection.HOPS]
    return {
        "number": attempt.number,
        "fault": attempt.fault.value,
        "manner": attempt.manner.value,
        "outcome": attempt.outcome.value,
        "detail": capped(attempt.detail, TEXT),
        "scheduled_ms": round(attempt.scheduled_ms, 3),
        "relative_ms": round(selection.began_ms(attempt) - zero, 3),
        "exchanges": [_exchange(exchange) for exchange in kept],
        "exchanges_left_out": len(attempt.exchanges) - len(kept),
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "method": exchange.method,
        "url": capped(exchange.url, TEXT),
        "http_version": exchange.http_version,
        "outcome": exchange.outcome.value,
        "detail": capped(exchange.detail, TEXT),
        "status": exchange.status,
        "started_ms": _ms(exchange.started_ms),
        "connected_ms": _ms(exchange.connected_ms),
        "sent_ms": _ms(exchange.sent_ms),
        "first_byte_ms": _ms(exchange.first_byte_ms),
        "ended_ms": _ms(exchange.ended_ms),
        "answer_ms": _ms(exchange.answer_ms),
        "request_size": exchange.request_size,
        "request_headers": _headers(exchange.request_headers),
        "response_headers": _headers(exchange.response_headers),
        "response_headers_left_out": max(0, len(exchange.response_headers) - HEADERS),
        "response_body": _body(
            decode(exchange.response_body, exchange.response_size, ANSWER_BYTES),
        ),
    }


def _headers(headers: tuple[tuple[str, str], ...]) -> list[list[str]]:
    return [[capped(name, TEXT), capped(value, TEXT)] for name, value in headers[:HEADERS]]


def _body(body: Body) -> dict[str, Any]:
    shown: dict[str, Any] = {"text": body.text, "size": body.size, "note": body.note}
    if body.base64:
        shown["base64"] = body.base64
    return shown


def _ms(moment: float | None) -> float | None:
    return None if moment is None else round(moment, 3)
