"""What the partner asked the API, and what it fetched, as `certification.json` has it: bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_mews.model import ApiCall, EntityFetch, Evidence, Stage
from pytest_mews.reports import evidence_selection, websocket_table
from pytest_mews.reports.fetch_table import zero_ms
from pytest_mews.reports.sanitize import capped

LINKS = 60
IDS = 10
STREAMED = 20  # requests: of the Streaming stage connections say most
TEXT = 500


def processing(trial: Evidence, stage: Stage) -> dict[str, Any]:
    """Give the requests of a play and the chain; of the Delivery stage nothing is given.

    What its messages lead to may come later: nobody waited for it.
    """
    if stage is Stage.DELIVERY:
        return {"calls": [], "calls_left_out": 0, "fetches": [], "fetches_left_out": 0}
    everything = trial.transcript.calls
    streamed = stage is Stage.STREAMING
    kept = (
        evidence_selection.calls(trial, STREAMED) if streamed else evidence_selection.calls(trial)
    )
    zero = websocket_table.zero_ms(trial) if streamed else zero_ms(trial.transcript.deliveries)
    found = evidence_selection.chain_links(trial)
    shown = _worst(found)
    return {
        "calls": [_call(call, zero) for call in kept],
        "calls_left_out": len(everything) - len(kept),
        "fetches": [_link(link, zero) for link in shown],
        "fetches_left_out": len(found) - len(shown),
    }


def _worst(found: Sequence[EntityFetch]) -> list[EntityFetch]:
    ranked = sorted(range(len(found)), key=lambda place: found[place].fetched_ms is not None)
    return [found[place] for place in sorted(ranked[:LINKS])]


def _call(call: ApiCall, zero: float) -> dict[str, Any]:
    return {
        "number": call.number,
        "operation": call.operation,
        "path": capped(call.path, TEXT),
        "received_ms": _ms(call.received_ms),
        "answered_ms": _ms(call.answered_ms),
        "relative_ms": _ms(call.received_ms - zero),
        "status": call.status,
        "enterprise_id": call.enterprise_id,
        "token": call.token.value,
        "client": capped(call.client, TEXT),
        "asked": [capped(each, TEXT) for each in call.asked[:IDS]],
        "asked_count": len(call.asked),
        "returned": [capped(each, TEXT) for each in call.returned[:IDS]],
        "returned_count": len(call.returned),
        "request_problems": [each.value for each in call.request_problems],
        "message": capped(call.message, TEXT),
        "fault": None if call.fault is None else call.fault.value,
        "retry_after_s": call.retry_after_s,
        "state": capped(call.state, TEXT),
    }


def _link(link: EntityFetch, zero: float) -> dict[str, Any]:
    return {
        "discriminator": link.discriminator,
        "entity_id": link.entity_id,
        "enterprise_id": link.enterprise_id,
        "sent_ms": _ms(link.sent_ms),
        "acknowledged_ms": _ms(link.acknowledged_ms),
        "asked_ms": _ms(link.asked_ms),
        "fetched_ms": _ms(link.fetched_ms),
        "relative_ms": _ms(link.sent_ms - zero),
        "copies": link.copies,
        "fetches": link.fetches,
        "in_flight": link.in_flight,
    }


def _ms(moment: float | None) -> float | None:
    return None if moment is None else round(moment, 3)
