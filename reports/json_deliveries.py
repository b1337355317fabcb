"""A delivery as `certification.json` has it: bounded."""

from __future__ import annotations

from typing import Any

from pytest_mews.model import Attempt, Delivery, Exchange, Message
from pytest_mews.reports import evidence_selection
from pytest_mews.reports.sanitize import Body, capped, decode

MESSAGE_BYTES = 20_000
ANSWER_BYTES = 2_000
TEXT = 2_000
HEADERS = 50


def delivery_to_json(delivery: Delivery) -> dict[str, Any]:
    """Give a delivery with the attempts and exchanges that are kept of it."""
    kept = delivery.attempts[: evidence_selection.ATTEMPTS]
    return {
        "label": capped(delivery.label, TEXT),
        "delivered": evidence_selection.arrived(delivery),
        "message": _message(delivery.message),
        "attempts": [_attempt(attempt, evidence_selection.zero_ms(delivery)) for attempt in kept],
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
    kept = attempt.exchanges[: evidence_selection.HOPS]
    return {
        "number": attempt.number,
        "fault": attempt.fault.value,
        "transfer": attempt.transfer.value,
        "outcome": attempt.outcome.value,
        "detail": capped(attempt.detail, TEXT),
        "scheduled_ms": round(attempt.scheduled_ms, 3),
        "relative_ms": round(evidence_selection.began_ms(attempt) - zero, 3),
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
