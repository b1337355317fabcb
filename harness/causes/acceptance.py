"""What should be refused, and is accepted or makes the service fail: invalid bodies, tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_mews.causes.cause_phrases import of
from pytest_mews.causes.explanation import Explanation
from pytest_mews.causes.missing_entities import lost_with_messages
from pytest_mews.causes.observations import SERVER_ERRORS, Observations, Observed, total
from pytest_mews.model import CauseKind, RequestChange, Validity

MIN_COUNT = 3
MIN_SHARE = 0.9  # of such requests that are accepted
MIN_FAILING = 0.5  # of invalid bodies: a service may not need a property that others lack
_REFUSABLE = frozenset({Validity.NOT_JSON, Validity.INVALID, Validity.INCOMPLETE})


def find_acceptance(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation for each kind of request that is nearly never refused."""
    yield from _accepted_bodies(observations)
    yield from _failing_bodies(observations)
    yield from _accepted_tokens(observations)


def _accepted_bodies(observations: Observations) -> Iterator[Explanation]:
    sent = {
        validity: [
            item
            for item in observations.attempts
            if item.record.validity is validity
            and RequestChange.WRONG_TOKEN not in item.record.changes
            and not item.record.is_interrupted
        ]
        for validity in (Validity.NOT_JSON, Validity.INVALID)
    }
    accepted = {
        validity: [item for item in items if item.record.delivered]
        for validity, items in sent.items()
    }
    takes = {
        validity
        for validity, items in sent.items()
        if total(items) >= MIN_COUNT and total(accepted[validity]) >= MIN_SHARE * total(items)
    }
    if Validity.INVALID not in takes:
        if Validity.NOT_JSON not in takes:
            yield from _accepted_bytes(sent[Validity.NOT_JSON])
        return
    # What is not even looked at: messages without a property that the service needs.
    unread = takes | {Validity.INCOMPLETE}
    counts = {
        validity: of(total(accepted[validity]), total(items)) for validity, items in sent.items()
    }
    structure = f"{counts[Validity.INVALID]} messages of another structure"
    if Validity.NOT_JSON in takes:
        kind = CauseKind.ACCEPTS_ANYTHING
        summary = (
            "The service answers 2xx to anything, JSON or not: to "
            f"{counts[Validity.NOT_JSON]} bodies that are not JSON, and to {structure}."
        )
    else:
        kind = CauseKind.ACCEPTS_ANY_JSON
        summary = f"The service answers 2xx to any JSON: to {structure}."
    yield Explanation(
        kind,
        summary,
        lambda item: item.record.delivered and item.record.validity in unread,
        accounts_for_missing=lambda transcript: lost_with_messages(transcript, takes),
        shown_by=min(item.scenario_id for item in accepted[max(takes)]),
    )


def _accepted_bytes(not_json: Sequence[Observed]) -> Iterator[Explanation]:
    """Yield an explanation if of all bodies that are no JSON only those are accepted."""
    invalid = [item for item in not_json if not item.record.is_utf8]
    others = [item for item in not_json if item.record.is_utf8]
    accepted = [item for item in invalid if item.record.delivered]
    accepted_others = total(item for item in others if item.record.delivered)
    if total(accepted) < MIN_COUNT or accepted_others > (1 - MIN_SHARE) * total(others):
        return
    yield Explanation(
        CauseKind.ACCEPTS_INVALID_ENCODING,
        f"The service answers 2xx to bodies with bytes that are not UTF-8: to "
        f"{of(total(accepted), total(invalid))}, and to {accepted_others:,} of {total(others):,} "
        "others that are not JSON.",
        lambda item: item.record.delivered and not item.record.is_utf8,
    )


def _failing_bodies(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if at least half of the bodies that are no valid message get a 5xx."""
    sent = [
        item
        for item in observations.attempts
        if item.record.validity in _REFUSABLE
        and RequestChange.WRONG_TOKEN not in item.record.changes
        and not item.record.is_interrupted
    ]
    failed = [item for item in sent if _is_server_error(item)]
    if total(failed) < MIN_COUNT or total(failed) < MIN_FAILING * total(sent):
        return
    yield Explanation(
        CauseKind.FAILS_ON_INVALID,
        f"The service answers 5xx to bodies that it can't use: to {of(total(failed), total(sent))} "
        "that are not JSON, have another structure, or lack a property.",
        lambda item: item.record.validity in _REFUSABLE and _is_server_error(item),
    )


def _is_server_error(item: Observed) -> bool:
    return item.record.status in SERVER_ERRORS


def _accepted_tokens(observations: Observations) -> Iterator[Explanation]:
    sent = [
        item
        for item in observations.attempts
        if item.record.changes == (RequestChange.WRONG_TOKEN,)
        and item.record.validity is Validity.DOCUMENTED
    ]
    accepted = [item for item in sent if item.record.delivered]
    if total(sent) < MIN_COUNT or total(accepted) < MIN_SHARE * total(sent):
        return

    def accounts_for(item: Observed) -> bool:
        changes = {RequestChange.WRONG_TOKEN, RequestChange.TOKEN_FORM}
        return not changes.isdisjoint(item.record.changes) and item.record.status != 401  # noqa: PLR2004

    yield Explanation(
        CauseKind.TOKEN_NOT_CHECKED,
        f"The service accepts messages without its token or with another one: "
        f"{of(total(accepted), total(sent))}. Anybody who knows the URL can send it events.",
        accounts_for,
    )
