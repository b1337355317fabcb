"""`certification.json`, format 1, as schemas/report.schema.json describes it.

All lists and texts are bounded, so the file stays small however long the run is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from pytest_mews.model import (
    ApiCall,
    ApiUsage,
    Attempt,
    Cause,
    Comparison,
    Connection,
    Delivery,
    EntityFetch,
    ErrorCounts,
    Evidence,
    Exchange,
    Fact,
    Message,
    OperationUsage,
    Profile,
    Run,
    ScenarioResult,
    SentMessage,
    Stage,
    Tenants,
    TlsHandshake,
    Waiver,
    WebSocketHandshake,
    evidence_selection,
)
from pytest_mews.model.run import REPORT_FORMAT
from pytest_mews.reports.command_lines import next_command, replay_file
from pytest_mews.reports.fetch_table import first_delivery_ms
from pytest_mews.reports.headline import readiness_phrase
from pytest_mews.reports.websocket_table import (
    MAX_CONNECTIONS,
    MAX_HANDSHAKES,
    MAX_MESSAGES,
    case_start_ms,
)
from pytest_mews.review import judge_points
from pytest_mews.sanitize import Body, capped, decode_body

MAX_TEXT = 2_000
MAX_SHORT_TEXT = 500  # of calls and WebSocket messages, of which there are many
MAX_MESSAGE_BYTES = 20_000
MAX_RESPONSE_BYTES = 2_000
MAX_HEADERS = 50
MAX_FETCHES = 60
MAX_IDS = 10
MAX_STREAMING_CALLS = 20  # in the Streaming stage, connections say more than calls


def to_json(run: Run) -> dict[str, Any]:
    """Return the run as an object for `json.dump`; times are ms on the run's clock."""
    return {
        "format": REPORT_FORMAT,
        "version": run.version,
        "started_utc": run.started_utc,
        "duration_s": round(run.duration_s, 3),
        "interrupted": run.interrupted,
        "readiness": run.readiness.value,
        "readiness_text": readiness_phrase(run),
        "target": run.target,
        "integration_target": run.integration_target,
        "about": run.about,
        "command": run.command,
        "selection": run.selection,
        "seed": run.seed,
        "strict": run.strict,
        "time_scale": run.time_scale,
        "events": list(run.events),
        "notes": [capped(note, MAX_TEXT) for note in run.notes],
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
        "causes": [_cause(run, cause) for cause in run.causes],
        "scenarios": [_scenario(result) | _replay(run, result) for result in run.results],
        "waivers": [
            _waiver(use.waiver)
            | {"state": use.state.value, "verdict": use.verdict and use.verdict.value}
            for use in run.waivers
        ],
        **({} if run.comparison is None else {"comparison": _comparison(run.comparison)}),
        **({} if run.api_usage is None else {"certification_review": _review(run, run.api_usage)}),
        "rate_limit_usage": [
            {
                "enterprise_id": usage.enterprise_id,
                "peak": usage.peak,
                "requests": [list(pair) for pair in usage.requests],
            }
            for usage in run.rate_limit_usage
        ],
    }


def to_json_text(run: Run) -> str:
    """Return the content of the file."""
    # In ASCII, control and direction characters are \\u escapes, also for `cat` and `less`.
    return json.dumps(to_json(run), indent=1, ensure_ascii=True)


def _cause(run: Run, cause: Cause) -> dict[str, Any]:
    shown = next(result for result in run.results if result.scenario.id == cause.shown_by)
    evidence = evidence_selection.select_evidence(shown)
    return {
        "kind": cause.kind.value,
        "summary": capped(cause.summary, MAX_TEXT),
        "remedy": capped(cause.remedy, MAX_TEXT),
        "level": cause.level.value,
        "explains": list(cause.explains),
        "evidence": {
            "scenario": cause.shown_by,
            "role": evidence[0].role if evidence else None,
        },
    }


def _review(run: Run, usage: ApiUsage) -> dict[str, Any]:
    return {
        "requests": usage.requests,
        "peak": usage.peak,
        "clients": [
            {"client": capped(client, MAX_SHORT_TEXT), "requests": count}
            for client, count in usage.clients
        ],
        "other_clients": usage.other_clients,
        "listed_operations": list(run.listed_operations),
        "points": [
            {
                "name": judged.point.name.value,
                "title": judged.point.title,
                "verdict": judged.judgement.verdict.value,
                "observed": capped(judged.judgement.observed, MAX_TEXT),
                "remedy": judged.judgement.remedy,
                "sources": [_source(fact) for fact in judged.point.facts],
                "scenarios": list(judged.scenario_ids),
            }
            for judged in judge_points(run)
        ],
        "operations": [_operation(operation) for operation in usage.operations],
    }


def _operation(usage: OperationUsage) -> dict[str, Any]:
    return {
        "operation": capped(usage.operation, MAX_SHORT_TEXT),
        "documented": usage.is_documented,
        "requests": usage.requests,
        "succeeded": usage.succeeded,
        "by_ids": usage.by_ids,
        "unfiltered": usage.unfiltered,
        "next_pages": usage.next_pages,
        "next_pages_offered": usage.next_pages_offered,
        "filters": dict(usage.filters),
        "extents": dict(usage.extents),
        "several_extents": usage.several_extents,
        "problems": dict(usage.problems),
        "errors": _errors(usage.errors),
        "provoked_errors": _errors(usage.provoked_errors),
    }


def _errors(errors: ErrorCounts) -> dict[str, Any]:
    return {
        "statuses": dict(errors.statuses),
        "resolved": errors.resolved,
        "unresolved": errors.unresolved,
    }


def _source(fact: Fact) -> dict[str, Any]:
    return {
        "fact": fact.id,
        "basis": fact.basis.value,
        "page": fact.source.page,
        "anchor": fact.source.anchor,
        "url": fact.source.url,
        "revision": fact.source.revision,
        "summary": fact.text,
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
        "concern": scenario.concern.value,
        "verdict": result.verdict.value,
        "reason": capped(result.reason, MAX_TEXT),
        "why": scenario.why,
        "remedy": result.remedy,
        "sources": [_source(fact) for fact in scenario.facts],
        "duration_s": round(result.duration_s, 3),
        "cases": result.case_count,
        "failing_cases": result.failing_cases,
        "messages": result.message_count,
        **_answer_times(result),
        "evidence": [
            _evidence(evidence, scenario.stage)
            for evidence in evidence_selection.select_evidence(result)
        ],
        **_waived(result),
        **({"service_log": list(result.service_log)} if result.service_log else {}),
    }


def _answer_times(result: ScenarioResult) -> dict[str, Any]:
    if (times := result.answer_times) is None:
        return {}
    figures = {field.name: round(getattr(times, field.name), 3) for field in fields(times)}
    return {"answer_times": figures}


def _waived(result: ScenarioResult) -> dict[str, Any]:
    if result.waiver is None or result.verdict_without_waiver is None:
        return {}
    return {
        "waiver": _waiver(result.waiver),
        "verdict_without_waiver": result.verdict_without_waiver.value,
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "scenario": waiver.scenario_id,
        "reason": capped(waiver.reason, MAX_TEXT),
        "owner": capped(waiver.owner, MAX_TEXT),
        "expires": waiver.expires,
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "name": comparison.name,
        "started_utc": comparison.started_utc,
        "version": comparison.version,
        "new_failures_only": comparison.new_failures_only,
        "remarks": [capped(remark, MAX_TEXT) for remark in comparison.remarks],
        "changes": [
            {
                "scenario": change.scenario_id,
                "title": capped(change.title, MAX_TEXT),
                "change": change.change.value,
                "before": change.before and change.before.value,
                "after": change.after and change.after.value,
            }
            for change in comparison.changes
        ],
    }


def _replay(run: Run, result: ScenarioResult) -> dict[str, Any]:
    """Say how to replay a failure; nothing for a result without one."""
    if result.replay is None:
        return {}
    return {
        "replay": {
            "file": replay_file(result) if result.replay.text else None,
            "command": next_command(run, result),
            "problem": result.replay.problem,
        }
    }


def _evidence(evidence: Evidence, stage: Stage) -> dict[str, Any]:
    transcript = evidence.transcript
    deliveries = evidence_selection.select_deliveries(evidence)
    indexes = evidence_selection.select_delivery_indexes(evidence)
    return {
        "role": evidence.role,
        "case": capped(evidence.case, MAX_TEXT),
        "findings": [
            {
                "check": finding.check,
                "level": finding.level.value,
                "met": finding.met,
                "expected": capped(finding.expected, MAX_TEXT),
                "observed": capped(finding.observed, MAX_TEXT),
                "delivery": indexes.index(finding.delivery_index)
                if finding.delivery_index in indexes
                else None,
            }
            for finding in evidence.findings
        ],
        "deliveries": [_delivery(delivery) for delivery in deliveries],
        "deliveries_left_out": len(transcript.deliveries)
        + transcript.omitted_deliveries
        - len(deliveries),
        "tls_handshakes": [_tls_handshake(handshake) for handshake in transcript.tls_handshakes],
        **_calls(evidence, stage),
        **_websocket(evidence),
    }


def _delivery(delivery: Delivery) -> dict[str, Any]:
    attempts = delivery.attempts[: evidence_selection.MAX_ATTEMPTS]
    start_ms = evidence_selection.delivery_start_ms(delivery)
    return {
        "label": capped(delivery.label, MAX_TEXT),
        "delivered": evidence_selection.is_delivered(delivery),
        "message": _message(delivery.message),
        "attempts": [_attempt(attempt, start_ms) for attempt in attempts],
        "attempts_left_out": len(delivery.attempts) - len(attempts),
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "kind": message.kind.value,
        "description": capped(message.description, MAX_TEXT),
        "content_type": message.content_type,
        "enterprise_id": message.enterprise_id,
        "events": len(message.events),
        "body": _body(decode_body(message.body, len(message.body), MAX_MESSAGE_BYTES)),
    }


def _attempt(attempt: Attempt, start_ms: float) -> dict[str, Any]:
    exchanges = attempt.exchanges[: evidence_selection.MAX_EXCHANGES]
    return {
        "number": attempt.number,
        "fault": attempt.fault.value,
        "transfer": attempt.transfer_mode.value,
        "outcome": attempt.outcome.value,
        "detail": capped(attempt.detail, MAX_TEXT),
        "scheduled_ms": round(attempt.scheduled_ms, 3),
        "relative_ms": round(evidence_selection.attempt_start_ms(attempt) - start_ms, 3),
        "exchanges": [_exchange(exchange) for exchange in exchanges],
        "exchanges_left_out": len(attempt.exchanges) - len(exchanges),
    }


def _exchange(exchange: Exchange) -> dict[str, Any]:
    return {
        "method": exchange.method,
        "url": capped(exchange.url, MAX_TEXT),
        "http_version": exchange.http_version,
        "outcome": exchange.outcome.value,
        "detail": capped(exchange.detail, MAX_TEXT),
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
        "response_headers_left_out": max(0, len(exchange.response_headers) - MAX_HEADERS),
        "response_body": _body(
            decode_body(exchange.response_body, exchange.response_size, MAX_RESPONSE_BYTES),
        ),
    }


def _headers(headers: tuple[tuple[str, str], ...]) -> list[list[str]]:
    return [
        [capped(name, MAX_TEXT), capped(value, MAX_TEXT)] for name, value in headers[:MAX_HEADERS]
    ]


def _body(body: Body) -> dict[str, Any]:
    data: dict[str, Any] = {"text": body.text, "size": body.size, "note": body.note}
    if body.base64:
        data["base64"] = body.base64
    return data


def _tls_handshake(handshake: TlsHandshake) -> dict[str, Any]:
    certificate = handshake.certificate
    return {
        "origin": capped(handshake.origin, MAX_TEXT),
        "checked_utc": handshake.checked_utc,
        "version": handshake.version,
        "certificate": None
        if certificate is None
        else {
            "subject": capped(certificate.subject, MAX_TEXT),
            "issuer": capped(certificate.issuer, MAX_TEXT),
            "not_after_utc": certificate.not_after_utc,
            "names": [capped(name, MAX_TEXT) for name in certificate.names[:MAX_HEADERS]],
        },
        "chain_problem": handshake.chain_problem and handshake.chain_problem.value,
        "host_problem": handshake.host_problem and handshake.host_problem.value,
        "deprecated_versions": list(handshake.deprecated_versions),
        "untested_versions": list(handshake.untested_versions),
        "detail": capped(handshake.detail, MAX_TEXT),
    }


def _calls(evidence: Evidence, stage: Stage) -> dict[str, Any]:
    """Return the calls and fetches of a case; none for the Delivery stage.

    In the Delivery stage the harness doesn't wait for what a message leads to.
    """
    if stage is Stage.DELIVERY:
        return {"calls": [], "calls_left_out": 0, "fetches": [], "fetches_left_out": 0}
    if stage is Stage.STREAMING:
        calls = evidence_selection.select_calls(evidence, MAX_STREAMING_CALLS)
        start_ms = case_start_ms(evidence)
    else:
        calls = evidence_selection.select_calls(evidence)
        start_ms = first_delivery_ms(evidence.transcript.deliveries)
    fetches = evidence_selection.acknowledged_fetches(evidence)
    selected = _select_fetches(fetches)
    return {
        "calls": [_call(call, start_ms) for call in calls],
        "calls_left_out": len(evidence.transcript.calls) - len(calls),
        "fetches": [_fetch(fetch, start_ms) for fetch in selected],
        "fetches_left_out": len(fetches) - len(selected),
    }


def _select_fetches(fetches: Sequence[EntityFetch]) -> list[EntityFetch]:
    """Return at most `MAX_FETCHES` in their order, unfetched entities first of all."""
    ranked = sorted(range(len(fetches)), key=lambda index: fetches[index].fetched_ms is not None)
    return [fetches[index] for index in sorted(ranked[:MAX_FETCHES])]


def _call(call: ApiCall, start_ms: float) -> dict[str, Any]:
    return {
        "number": call.number,
        "operation": call.operation,
        "path": capped(call.path, MAX_SHORT_TEXT),
        "received_ms": _ms(call.received_ms),
        "answered_ms": _ms(call.answered_ms),
        "relative_ms": _ms(call.received_ms - start_ms),
        "status": call.status,
        "enterprise_id": call.enterprise_id,
        "token": call.token_state.value,
        "client": capped(call.client, MAX_SHORT_TEXT),
        "requested_ids": [capped(id_, MAX_SHORT_TEXT) for id_ in call.requested_ids[:MAX_IDS]],
        "requested_count": len(call.requested_ids),
        "returned_ids": [capped(id_, MAX_SHORT_TEXT) for id_ in call.returned_ids[:MAX_IDS]],
        "returned_count": len(call.returned_ids),
        "request_problems": [problem.value for problem in call.request_problems],
        "message": capped(call.message, MAX_SHORT_TEXT),
        "fault": call.fault and call.fault.value,
        "retry_after_s": call.retry_after_s,
        "state": capped(call.state, MAX_SHORT_TEXT),
    }


def _fetch(fetch: EntityFetch, start_ms: float) -> dict[str, Any]:
    return {
        "discriminator": fetch.discriminator,
        "entity_id": fetch.entity_id,
        "enterprise_id": fetch.enterprise_id,
        "sent_ms": _ms(fetch.sent_ms),
        "acknowledged_ms": _ms(fetch.acknowledged_ms),
        "requested_ms": _ms(fetch.requested_ms),
        "fetched_ms": _ms(fetch.fetched_ms),
        "relative_ms": _ms(fetch.sent_ms - start_ms),
        "accepted_count": fetch.accepted_count,
        "fetch_count": fetch.fetch_count,
        "in_flight": fetch.in_flight,
    }


def _websocket(evidence: Evidence) -> dict[str, Any]:
    transcript = evidence.transcript
    connections = transcript.connections[:MAX_CONNECTIONS]
    handshakes = transcript.websocket_handshakes[:MAX_HANDSHAKES]
    not_sent = (*transcript.not_sent, *transcript.undeliverable)[:MAX_MESSAGES]
    start_ms = case_start_ms(evidence)
    return {
        "connections": [_connection(connection, start_ms) for connection in connections],
        "connections_left_out": len(transcript.connections) - len(connections),
        "websocket_handshakes": [
            _websocket_handshake(handshake, start_ms) for handshake in handshakes
        ],
        "websocket_handshakes_left_out": len(transcript.websocket_handshakes) - len(handshakes),
        "not_sent": [_sent_message(message) for message in not_sent],
    }


def _connection(connection: Connection, start_ms: float) -> dict[str, Any]:
    return {
        "number": connection.number,
        "enterprise_id": capped(connection.enterprise_id, MAX_SHORT_TEXT),
        "opened_ms": _ms(connection.opened_ms),
        "relative_ms": _ms(connection.opened_ms - start_ms),
        "disconnect": connection.disconnect and connection.disconnect.value,
        "disconnect_ms": _ms(connection.disconnect_ms),
        "closed_ms": _ms(connection.closed_ms),
        "close_code": connection.close_code,
        "received_count": connection.received_count,
        "sent": [_sent_message(message) for message in connection.sent[:MAX_MESSAGES]],
        "sent_left_out": max(0, len(connection.sent) - MAX_MESSAGES),
        "pings": [
            {
                "at_ms": _ms(ping.at_ms),
                "pong_ms": _ms(ping.pong_ms),
                "events_before": ping.events_before,
            }
            for ping in connection.pings[:MAX_MESSAGES]
        ],
    }


def _sent_message(message: SentMessage) -> dict[str, Any]:
    return {
        "label": capped(message.label, MAX_SHORT_TEXT),
        "description": capped(message.description, MAX_SHORT_TEXT),
        "size": message.size,
        "events": [
            {
                "type": capped(event.discriminator, MAX_SHORT_TEXT),
                "entity_id": event.entity_id,
                "state": event.state,
            }
            for event in message.events[:MAX_IDS]
        ],
        "events_count": len(message.events),
        "at_ms": _ms(message.at_ms),
        "done_ms": _ms(message.done_ms),
    }


def _websocket_handshake(handshake: WebSocketHandshake, start_ms: float) -> dict[str, Any]:
    return {
        "number": handshake.number,
        "at_ms": _ms(handshake.at_ms),
        "relative_ms": _ms(handshake.at_ms - start_ms),
        "path": capped(handshake.path, MAX_SHORT_TEXT),
        "status": handshake.status,
        "enterprise_id": handshake.enterprise_id,
        "problems": [problem.value for problem in handshake.problems],
        "tokens_in_query": handshake.tokens_in_query,
    }


def _ms(moment: float | None) -> float | None:
    return None if moment is None else round(moment, 3)
