"""A compact record of one attempt: what causes and charts are derived from.

Evidence shows few executions in full; every attempt of every execution has a record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pytest_mews.model.exchange import (
    INJECTED_OUTCOMES,
    TIMEOUTS,
    Attempt,
    Delivery,
    Fault,
    Outcome,
    RequestChange,
    TransferMode,
)
from pytest_mews.model.message import Validity, WebhookKind

DOCUMENTED_TYPE = "application/json"
MAX_SEARCHED = 2_000  # bytes of a page, for its title
MAX_DESCRIPTION = 80  # characters
# A whole title or none: a part of a secret could not be redacted.
_TITLE = re.compile(rb"<title[^<>]*>([^<>]{1,80})</title>", re.IGNORECASE)
_USUAL_TRANSFER = frozenset({TransferMode.PLAIN, TransferMode.NEW_CONNECTION})


@dataclass(frozen=True)
class AttemptRecord:
    """One attempt to deliver a message.

    Attributes:
        event_count: the number of events in the message.
        size_bytes: the size of the request's body.
        answer_ms: milliseconds from the last byte of the request to that of the response; None
            without a response.
        status: of the final response; None without one.
        outcome: how the attempt ended.
        label: the name of the message in the scenario, or the purpose of the delivery.
        description: the description of the message, shortened.
        kind: the kind of webhook.
        validity: what the message is against the documentation.
        event_types: the discriminators or the action in the message, each once, sorted.
        enterprise_id: the enterprise that the message names; None if it names none.
        repeated: whether the endpoint had the same body before in the same execution. Of attempts
            at the same time nobody knows which came first: it is one that was accepted, if any.
        changes: in what the request differs, on purpose, from one that Mews sends.
        transfer_mode: how the body travelled.
        fault: the fault that the harness injected.
        request_number: the number of the request on its connection, from 1.
        started_ms: when the first request started, in milliseconds on the run's clock.
        ended_ms: when the attempt ended.
        is_html: whether the response is a page of HTML.
        page_title: the title of such a page; empty if it has none, or a long one.
        is_utf8: whether the body that was sent is UTF-8.
        has_retry_after: whether the response has a Retry-After header.
        weight: how many attempts the record stands for, where alike ones were left out.

    """

    event_count: int
    size_bytes: int
    answer_ms: float | None
    status: int | None
    outcome: Outcome = Outcome.DELIVERED
    label: str = ""
    description: str = ""
    kind: WebhookKind = WebhookKind.GENERAL
    validity: Validity = Validity.DOCUMENTED
    event_types: tuple[str, ...] = ()
    enterprise_id: str | None = None
    repeated: bool = False
    changes: tuple[RequestChange, ...] = ()
    transfer_mode: TransferMode = TransferMode.PLAIN
    fault: Fault = Fault.NONE
    request_number: int = 1
    started_ms: float = 0.0
    ended_ms: float = 0.0
    is_html: bool = False
    page_title: str = ""
    is_utf8: bool = True
    has_retry_after: bool = False
    weight: int = 1

    @property
    def accepted(self) -> bool:
        """Whether the status is a 2xx, in time or not."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - HTTP's bounds

    @property
    def delivered(self) -> bool:
        """Whether Mews would count the message as received."""
        return self.outcome is Outcome.DELIVERED

    @property
    def took_ms(self) -> float:
        """How long the response took, or how long the harness waited for it."""
        return self.ended_ms - self.started_ms if self.answer_ms is None else self.answer_ms

    @property
    def is_interrupted(self) -> bool:
        """Whether the harness prevented a normal end, which shows nothing about the partner."""
        return self.outcome in INJECTED_OUTCOMES

    @property
    def timed_out(self) -> bool:
        """Whether the attempt exceeded the time limit."""
        return self.outcome in TIMEOUTS

    @property
    def is_usual(self) -> bool:
        """Whether Mews sends such requests: a documented message, sent as documented."""
        return (
            self.validity is Validity.DOCUMENTED
            and not self.changes
            and self.transfer_mode in _USUAL_TRANSFER
            and not self.is_interrupted
        )


def attempt_records(deliveries: Sequence[Delivery]) -> tuple[tuple[AttemptRecord, ...], ...]:
    """Return for each delivery of an execution the records of its attempts."""
    with_body: dict[bytes, list[Attempt]] = {}
    for delivery in deliveries:
        with_body.setdefault(delivery.message.body, []).extend(delivery.attempts)
    first = {body: _first_of(attempts) for body, attempts in with_body.items() if attempts}
    return tuple(
        tuple(
            _record(delivery, attempt, repeated=attempt is not first[delivery.message.body])
            for attempt in delivery.attempts
        )
        for delivery in deliveries
    )


def _first_of(attempts: Sequence[Attempt]) -> Attempt:
    """Return which of the attempts with one body was the first for the endpoint, most likely."""
    earliest = attempts[0]
    return next(
        (
            attempt
            for attempt in attempts
            if attempt.outcome is Outcome.DELIVERED
            and attempt.exchanges[0].started_ms < earliest.final_exchange.ended_ms
        ),
        earliest,
    )


def thin_out(records: Sequence[AttemptRecord], limit: int) -> tuple[AttemptRecord, ...]:
    """Return at most about `limit` records: the unusual ones, and every n-th usual one.

    A record whose neighbours were left out has their weight. The slowest record is kept.
    """
    if len(records) <= limit:
        return tuple(records)
    slowest = max(records, key=lambda record: record.answer_ms or 0.0)
    common = [record for record in records if record.is_usual and record.delivered]
    rare = [record for record in records if not (record.is_usual and record.delivered)]
    kept = [*_every_nth(common, limit), *_every_nth(rare, limit)]
    if not any(record.started_ms == slowest.started_ms for record in kept):
        kept.append(slowest)
    return tuple(sorted(kept, key=lambda record: record.started_ms))


def _every_nth(records: Sequence[AttemptRecord], limit: int) -> list[AttemptRecord]:
    step = -(-len(records) // (limit // 2))
    return [
        replace(record, weight=min(step, len(records) - index * step))
        for index, record in enumerate(records[:: max(1, step)])
    ]


def _record(delivery: Delivery, attempt: Attempt, *, repeated: bool) -> AttemptRecord:
    message, final = delivery.message, attempt.final_exchange
    is_page = final.has_html_page
    title = _TITLE.search(final.response_body[:MAX_SEARCHED]) if is_page else None
    return AttemptRecord(
        event_count=len(message.events),
        size_bytes=attempt.exchanges[0].request_size,
        answer_ms=final.answer_ms,
        status=final.status,
        outcome=attempt.outcome,
        label=delivery.label,
        description=message.description[:MAX_DESCRIPTION],
        kind=message.kind,
        validity=message.validity,
        event_types=tuple(sorted({event.discriminator for event in message.events})),
        enterprise_id=message.enterprise_id,
        repeated=repeated,
        changes=tuple(_changes(delivery, attempt)),
        transfer_mode=attempt.transfer_mode,
        fault=attempt.fault,
        request_number=final.request_number,
        started_ms=attempt.exchanges[0].started_ms,
        ended_ms=final.ended_ms,
        is_html=is_page,
        page_title="" if title is None else title[1].decode("utf-8", "replace").strip(),
        is_utf8=message.validity is not Validity.NOT_JSON or _is_utf8(message.body),
        has_retry_after=any(name.lower() == "retry-after" for name, _ in final.response_headers),
    )


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _changes(delivery: Delivery, attempt: Attempt) -> Iterator[RequestChange]:
    """Yield in what an attempt differs from one that Mews makes."""
    if attempt.wrong_credentials:
        yield RequestChange.WRONG_TOKEN
    elif delivery.message.token_variant:
        yield RequestChange.TOKEN_FORM
    if delivery.message.content_type != DOCUMENTED_TYPE:
        yield RequestChange.CONTENT_TYPE
    if attempt.exchanges[0].method != "POST":
        yield RequestChange.METHOD
