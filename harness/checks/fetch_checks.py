"""Checks that acknowledged events led to a fetch of their entity: once, in batches, not too early.

An entity counts as fetched if a response that the partner could read contained it, by id or by
interval, and the request arrived after the Connector API emulator knew what the last message about
the entity says, which is just before that message was first sent. For a message that the partner
did not acknowledge, no fetch is expected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from statistics import median

from pytest_mews.checks.check import case_check
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import how_often, join_clauses, quantity
from pytest_mews.checks.remedies import FAULT_NOT_MET, REQUEST_REFUSED
from pytest_mews.mews.limits import REQUEST_WINDOW_S, REQUESTS_PER_TOKEN
from pytest_mews.model import (
    OPERATIONS_BY_DISCRIMINATOR,
    ApiCall,
    Attempt,
    EntityFetch,
    TokenState,
    Transcript,
    Validity,
    entity_fetches,
)
from pytest_mews.model.exchange import ANSWERED, INJECTED_OUTCOMES, TIMEOUTS
from pytest_mews.model.fetches import (
    IDS_FROM,
    is_on_unread_page,
    requests_by_interval,
    requests_of_others,
)

MAX_REQUESTS_PER_ENTITY = 0.2  # with more requests than this per entity, they are not batches
MIN_ENTITIES = 10  # with fewer entities, batches are not evaluated
MAX_IDLE_REQUESTS = 2  # requests of one kind that are tolerated while nothing is sent
LONG_REQUEST_MS = 1_000.0  # a response must not wait for a request that takes this long


@case_check("fetched", "every entity of an acknowledged message fetched", about_fetches=True)
def fetched(transcript: Transcript) -> Observation:
    """Every entity of the acknowledged messages was fetched.

    The fetch of an entity that an injected fault was meant for, but did not affect, does not count.
    What a service has not fetched that was still busy with earlier messages is not judged, unless
    the API refused its request: it asked, and with this body it will not get it.
    """
    acknowledged = entity_fetches(transcript.deliveries, transcript.calls)
    if not acknowledged:
        return _nothing_acknowledged(transcript)
    expected = [
        fetch
        for fetch in acknowledged
        if fetch.fetched_ms is None or fetch.entity_id not in transcript.unaffected_ids
    ]
    if not expected or transcript.not_restarted:
        return _nothing_to_judge(transcript)
    missing = [fetch for fetch in expected if fetch.fetched_ms is None]
    if not missing:
        observed = _fetch_figures(expected, transcript.calls)
        return Observation(met=True, observed=observed, subject_count=len(expected))
    if transcript.still_busy and not any(fetch.is_refused for fetch in missing):
        return Observation.of_busy_service(len(missing), len(expected))
    missing.sort(key=lambda fetch: not fetch.is_refused)
    first, entities = missing[0], _entities(len(acknowledged))
    observed = join_clauses(
        (
            f"{first.discriminator} {first.entity_id} {_why_missing(first, transcript.calls)}",
            f"{len(missing)} of {entities} not fetched after the acknowledgement",
            _failed_requests(transcript.calls),
        )
    )
    if all(fetch.is_refused for fetch in missing):
        remedy = REQUEST_REFUSED
    else:
        met_no_fault = all(
            fetch.entity_id in transcript.unaffected_ids
            and not any(call.fault for call in requests_by_interval(fetch, transcript.calls))
            for fetch in missing
        )
        remedy = FAULT_NOT_MET if met_no_fault else ""
    return Observation(
        met=False,
        observed=observed,
        subject_count=len(expected),
        remedy=remedy,
    )


@case_check("requested-meanwhile", "a request before the last of these messages")
def requested_meanwhile(transcript: Transcript) -> Observation:
    """The service requested an entity of these messages before the last of them was sent.

    A service that requests none of them, not even after the last, shows nothing.
    """
    requested = [
        fetch
        for fetch in entity_fetches(transcript.deliveries, transcript.calls)
        if fetch.requested_ms is not None
    ]
    if not requested:
        return _nothing_acknowledged(transcript)
    first_request_ms = min(fetch.requested_ms or 0.0 for fetch in requested)
    sent_ms = [delivery.started_ms for delivery in transcript.deliveries]
    observed = (
        f"the first request about their entities came {_elapsed(sent_ms[0], first_request_ms)} "
        f"after the first of {quantity(len(sent_ms), 'message')}, and the last of these "
        f"{_elapsed(sent_ms[0], sent_ms[-1])} after it"
    )
    return Observation(
        met=first_request_ms < sent_ms[-1], observed=observed, subject_count=len(requested)
    )


def _elapsed(from_ms: float, until_ms: float) -> str:
    return f"{(until_ms - from_ms) / 1000:,.1f} s"


def _nothing_to_judge(transcript: Transcript) -> Observation:
    """Return why the fetches of the acknowledged entities say nothing."""
    if transcript.not_restarted:
        return Observation.without_restart()
    if transcript.fault_more_than:
        return Observation.without_large_request(transcript.fault_more_than)
    return Observation.without_fault()


@case_check("no-repeated-fetch", "no more fetches of an entity than deliveries")
def no_repeated_fetch(transcript: Transcript) -> Observation:
    """No entity was fetched by its id more often than messages about it arrived.

    A request by interval does not count: it may have been made for another entity.
    """
    fetches = _fetched_entities(transcript)
    repeated = [fetch for fetch in fetches if fetch.fetch_by_id_count > fetch.accepted_count]
    if not repeated:
        most = max((fetch.fetch_by_id_count for fetch in fetches), default=0)
        limit = f" more than {how_often(most)}" if most else ""
        observed = f"{_entities(len(fetches))} fetched, none by its id{limit}"
        return Observation(met=True, observed=observed, subject_count=len(fetches))
    worst = max(repeated, key=lambda fetch: fetch.fetch_by_id_count / fetch.accepted_count)
    observed = (
        f"{worst.discriminator} {worst.entity_id} was delivered {how_often(worst.accepted_count)} "
        f"and fetched {how_often(worst.fetch_by_id_count)}; {len(repeated)} of "
        f"{_entities(len(fetches))} fetched more often than delivered"
    )
    return Observation(met=False, observed=observed, subject_count=len(fetches))


@case_check("one-fetch-per-entity", "one fetch for all events about an entity in a message")
def one_fetch_per_entity(transcript: Transcript) -> Observation:
    """Each entity was fetched once per message, even if several events of the message name it.

    Each attempt that the partner may have received allows one more fetch. Requests by interval do
    not count.
    """
    fetches = _fetched_entities(transcript)
    repeated = [fetch for fetch in fetches if fetch.fetch_by_id_count > fetch.accepted_count]
    observed = f"{_entities(len(fetches))} fetched"
    if repeated:
        first = repeated[0]
        observed = (
            f"{first.entity_id} was fetched {how_often(first.fetch_by_id_count)} after "
            f"{quantity(first.accepted_count, 'message')}; {len(repeated)} of "
            f"{_entities(len(fetches))} fetched for each event"
        )
    return Observation(met=not repeated, observed=observed, subject_count=len(fetches))


@case_check("unusable-token-refused", "a 4xx response to an AccessToken that no request can use")
def unusable_token_refused(transcript: Transcript) -> Observation:
    """No IntegrationCreated with an unusable AccessToken was accepted.

    A service that gets its AccessTokens in another way may ignore this one. So messages count only
    if the entities of the valid messages after them were fetched.
    """
    unusable = [
        delivery
        for delivery in transcript.deliveries
        if delivery.message.validity is Validity.INCOMPLETE
    ]
    if not _fetched_entities(transcript):
        observed = "the service did not fetch with the AccessToken of IntegrationCreated"
        return Observation(met=True, observed=observed, subject_count=0)
    accepted = [delivery for delivery in unusable if delivery.delivered]
    observed = f"{quantity(len(unusable), 'unusable AccessToken')}, {len(accepted)} accepted"
    if accepted:
        first = accepted[0]
        status = first.attempts[-1].final_exchange.status
        observed = f"{first.message.description}: answered with {status}; {observed}"
    return Observation(
        met=not accepted,
        observed=observed,
        subject_count=len(unusable),
        broken=tuple(delivery.attempts[-1] for delivery in accepted),
    )


@case_check("batched-requests", "requests for many entities each")
def batched_requests(transcript: Transcript) -> Observation:
    """The entities of a large batch were fetched with far fewer requests than entities."""
    fetches = _fetched_entities(transcript)
    calls = [call for call in transcript.calls if call.returned_ids and call.answered_ok]
    observed = (
        f"{_requests(len(calls))} for {_entities(len(fetches))}; the limit is "
        f"{REQUESTS_PER_TOKEN} requests within {REQUEST_WINDOW_S} s"
    )
    if len(fetches) < MIN_ENTITIES:
        return Observation(met=True, observed=observed, subject_count=0)
    met = len(calls) <= max(MIN_ENTITIES, MAX_REQUESTS_PER_ENTITY * len(fetches))
    return Observation(met=met, observed=observed, subject_count=len(fetches))


@case_check("not-fetched", "no request about these entities")
def not_fetched(transcript: Transcript) -> Observation:
    """The partner requested no entity of these messages.

    A request by interval does not name its entities. It counts only if the integration of the
    message no longer has a valid token, so that the partner must request nothing at all for it.

    A service that was still busy with earlier messages may make such a request later, and is not
    judged. Without such a request the check needs a response to one of the messages that is not a
    5xx: a service that is gone requests nothing either.
    """
    ids = {
        event.entity_id for delivery in transcript.deliveries for event in delivery.message.events
    }
    relevant = [
        call
        for call in transcript.calls
        if not ids.isdisjoint(call.requested_ids) or _reads_with_inactive_token(call, transcript)
    ]
    if not relevant and not _has_answer(transcript):
        return Observation.without_answer()
    if not relevant and transcript.still_busy:
        return Observation.not_reached()
    if not relevant:
        observed = f"no request about {_entities(len(ids))}"
        return Observation(met=True, observed=observed, subject_count=len(ids))
    first = relevant[0]
    observed = (
        f"the service requested entities that it must not: {_requests(len(relevant))}, the first "
        f"{first.operation}{_token_owner(first)}"
    )
    return Observation(met=False, observed=observed, subject_count=len(ids))


@case_check("further-pages-read", "entities on the further pages of a response fetched as well")
def further_pages_read(transcript: Transcript) -> Observation:
    """Each entity was fetched for which a request had a response with further pages.

    Where no response had any, as with requests by ids, nothing is evaluated.
    """
    paged = [
        (fetch, calls)
        for fetch in entity_fetches(transcript.deliveries, transcript.calls)
        if (calls := _paged_calls(fetch, transcript.calls))
    ]
    if not paged:
        observed = "no response had further pages"
        return Observation(met=True, observed=observed, subject_count=0)
    missing = [(fetch, calls) for fetch, calls in paged if fetch.fetched_ms is None]
    if not missing:
        count = sum(call.is_next_page for call in transcript.calls)
        observed = f"{_entities(len(paged))} fetched, {quantity(count, 'further page')} read"
        return Observation(met=True, observed=observed, subject_count=len(paged))
    fetch, calls = missing[0]
    observed = join_clauses(
        (
            _why_page_missing(fetch, calls, transcript.calls),
            f"{len(missing)} of {_entities(len(paged))} not fetched",
            _failed_requests(transcript.calls),
        )
    )
    return Observation(met=False, observed=observed, subject_count=len(paged))


@case_check(
    "found-by-polling", "entities found by polling when no message reported them (for information)"
)
def found_by_polling(transcript: Transcript) -> Observation:
    """Always met: reports whether the service found entities that no message reported."""
    ids = {
        event.entity_id for delivery in transcript.deliveries for event in delivery.message.events
    }
    returned = {
        entity_id
        for call in transcript.calls
        if call.answered_ok
        for entity_id in call.returned_ids
    }
    found = ids & returned
    if not found:
        observed = (
            "the service did not request these entities during the wait; nothing documented "
            "requires it"
        )
        return Observation(met=True, observed=observed, subject_count=0)
    observed = f"{len(found)} of {_entities(len(ids))} found without a message"
    return Observation(met=True, observed=observed, subject_count=len(ids))


@case_check("answers-before-fetching", "a response that does not wait for a request to the API")
def answers_before_fetching(transcript: Transcript) -> Observation:
    """No response to a message waited for a slow request about its entities."""
    waiting = []
    message_count = 0
    for delivery in transcript.deliveries:
        ids = {event.entity_id for event in delivery.message.events}
        relevant = [
            call
            for call in transcript.calls
            if not ids.isdisjoint({*call.requested_ids, *call.returned_ids})
        ]
        attempts = [
            attempt for attempt in delivery.attempts if attempt.outcome not in INJECTED_OUTCOMES
        ]
        message_count += bool(attempts)
        waits_ms = [_waited_ms(attempt, relevant) for attempt in attempts]
        long_waits_ms = [wait_ms for wait_ms in waits_ms if wait_ms >= LONG_REQUEST_MS]
        if long_waits_ms:
            waiting.append((delivery, long_waits_ms[0]))
    if not waiting:
        times_ms = [
            attempt.final_exchange.answer_ms
            for delivery in transcript.deliveries
            for attempt in delivery.attempts
        ]
        slowest_ms = max((time_ms for time_ms in times_ms if time_ms is not None), default=0.0)
        observed = f"slowest response {slowest_ms:,.0f} ms while the API was slow"
        return Observation(met=True, observed=observed, subject_count=message_count)
    delivery, wait_ms = waiting[0]
    observed = (
        f"the response waited for a request to the API: {delivery.message.description}, "
        f"{wait_ms:,.0f} ms after that request; {len(waiting)} of "
        f"{quantity(message_count, 'message')}"
    )
    return Observation(met=False, observed=observed, subject_count=message_count)


@case_check("no-polling", "no requests while nothing is sent")
def no_polling(transcript: Transcript) -> Observation:
    """No operation was called more than twice for an enterprise while nothing was delivered.

    An occasional request for everything is sound. Further pages of a response do not count.

    Refused requests do not count: they are retries with growing pauses, for example for an
    integration that was disabled and may be enabled again.

    A service that was still busy with earlier messages is not judged.
    """
    if transcript.never_idle:
        return Observation.never_idle()
    first_pages = [call for call in transcript.calls if not call.is_next_page]
    calls = [call for call in first_pages if not call.is_error]
    refused_count = len(first_pages) - len(calls)
    by_kind = Counter((call.operation, call.enterprise_id) for call in calls)
    ((operation, _), most), *_ = by_kind.most_common(1) or [(("", None), 0)]
    met = most <= MAX_IDLE_REQUESTS
    observed = join_clauses(
        (
            "" if met else f"the service polls: {most} requests {operation} for one enterprise",
            f"{_requests(len(calls))} while nothing was sent",
            f"{quantity(refused_count, 'refused one')} not counted" if refused_count else "",
        )
    )
    return Observation(met=met, observed=observed, subject_count=max(1, len(calls)))


def _nothing_acknowledged(transcript: Transcript) -> Observation:
    """Return that no message was accepted: refused, or not answered by a busy or absent service."""
    attempts = [attempt for delivery in transcript.deliveries for attempt in delivery.attempts]
    if attempts and not any(attempt.outcome in ANSWERED for attempt in attempts):
        return Observation.without_answer()
    return Observation(met=True, observed="no message was acknowledged", subject_count=0)


def _has_answer(transcript: Transcript) -> bool:
    """Return whether a message got a complete response that is not a 5xx, or none was sent."""
    attempts = [attempt for delivery in transcript.deliveries for attempt in delivery.attempts]
    return not attempts or any(
        attempt.outcome in ANSWERED
        and (attempt.final_exchange.status or 0) < HTTPStatus.INTERNAL_SERVER_ERROR
        for attempt in attempts
    )


def _paged_calls(fetch: EntityFetch, calls: Sequence[ApiCall]) -> list[ApiCall]:
    """Return the calls that could lead to an entity and whose responses had further pages."""
    operations = {*OPERATIONS_BY_DISCRIMINATOR[fetch.discriminator]}
    operations |= {IDS_FROM[name] for name in operations if name in IDS_FROM}
    return [
        call
        for call in calls
        if call.answered_ok
        and call.cursor is not None
        and call.operation in operations
        and call.enterprise_id == fetch.enterprise_id
        and call.received_ms >= fetch.sent_ms
    ]


def _why_page_missing(
    fetch: EntityFetch, paged: Sequence[ApiCall], calls: Sequence[ApiCall]
) -> str:
    """Return what happened to an entity that is on a further page of the responses to `paged`."""
    entity, last = f"{fetch.discriminator} {fetch.entity_id}", paged[-1]
    unread = [call for call in paged if not any(later.follows(call) for later in calls)]
    if last.is_next_page and any(call.cursor == last.cursor for call in paged[:-1]):
        problem = f"the response to {last.operation} had further pages, and one of them was read "
        return f"{problem}again and again: {entity} was not on the first page"
    if unread:
        page = unread[-1]
        problem = f"the response to {page.operation} had further pages, and the next one was"
        count = _pages_up_to(page, calls)
        if count > 1:
            return f"{problem} not read after {count}: {entity} was on none of them"
        return f"{problem} not read: {entity} was not on the first page"
    following = [call for call in calls if call.follows(last)]
    if not any(call.answered_ok for call in following):
        problem = f"the request for a further page of {last.operation} failed"
        return f"{problem}, and was not repeated until it succeeded: {entity} was on no other page"
    return f"{entity} {_why_missing(fetch, calls)}, although all pages were read"


def _pages_up_to(page: ApiCall, calls: Sequence[ApiCall]) -> int:
    """Return how many pages in a row were read up to this one, from the first page on."""
    count = 1
    for call in calls:
        if (call.operation, call.enterprise_id) == (page.operation, page.enterprise_id):
            count = count + 1 if call.is_next_page else 1
        if call is page:
            break
    return count


def _fetched_entities(transcript: Transcript) -> list[EntityFetch]:
    fetches = entity_fetches(transcript.deliveries, transcript.calls)
    return [fetch for fetch in fetches if fetch.fetch_count]


def _waited_ms(attempt: Attempt, calls: Sequence[ApiCall]) -> float:
    """Return how long before the end of an attempt the first call arrived that it waited for.

    0 if there is no such call. An attempt waited for a call that was answered before the attempt
    ended, and took at least `LONG_REQUEST_MS`. A timed-out attempt may have waited for any call.
    """
    start_ms, end_ms = attempt.exchanges[0].started_ms, attempt.final_exchange.ended_ms
    timed_out = attempt.outcome in TIMEOUTS
    first_ms = min(
        (
            call.received_ms
            for call in calls
            if start_ms <= call.received_ms <= end_ms
            and (timed_out or _ended_ms(call, end_ms) - call.received_ms >= LONG_REQUEST_MS)
        ),
        default=end_ms,
    )
    return end_ms - first_ms


def _ended_ms(call: ApiCall, by_ms: float) -> float:
    """Return when a call ended; when it arrived if it had not ended by then."""
    answered_ms = call.answered_ms
    return answered_ms if answered_ms is not None and answered_ms <= by_ms else call.received_ms


def _reads_with_inactive_token(call: ApiCall, transcript: Transcript) -> bool:
    """Return whether a call by interval reads what a message is about, with an inactive token."""
    if call.token_state is not TokenState.INACTIVE or call.requested_ids:
        return False
    return any(
        delivery.message.token_owner == call.enterprise_id
        and call.received_ms >= delivery.started_ms
        and call.operation in OPERATIONS_BY_DISCRIMINATOR.get(event.discriminator, ())
        for delivery in transcript.deliveries
        for event in delivery.message.events
    )


def _fetch_figures(fetches: Sequence[EntityFetch], calls: Sequence[ApiCall]) -> str:
    delays_ms = [
        max(0.0, fetch.fetched_ms - fetch.acknowledged_ms)
        for fetch in fetches
        if fetch.fetched_ms is not None
    ]
    request_count = sum(bool(call.returned_ids) and call.answered_ok for call in calls)
    figures = f"{_entities(len(fetches))} fetched with {_requests(request_count)}"
    if len(delays_ms) == 1:
        return f"{figures}, {delays_ms[0]:,.0f} ms after the response"
    return (
        f"{figures}, half of them within {median(delays_ms):,.0f} ms of the response, the last "
        f"after {max(delays_ms):,.0f} ms"
    )


def _why_missing(fetch: EntityFetch, calls: Sequence[ApiCall]) -> str:
    """Return what happened instead of the fetch, as the end of a sentence about the entity."""
    if fetch.in_flight:
        return "was requested, but that request had no response yet"
    if unread := _unread_page(fetch, calls):
        return f"was requested, but {unread}"
    if fetch.requested_ms is not None:
        return "was requested, but not returned"
    if others := requests_of_others(fetch, calls):
        return f"was requested{_token_owner(others[0]) or ' with an unknown AccessToken'}"
    again = "not requested again after it changed" if fetch.fetch_count else "never requested"
    return _by_interval(fetch, calls) or f"was {again}"


def _by_interval(fetch: EntityFetch, calls: Sequence[ApiCall]) -> str:
    """Return what came of requests by interval that could return an entity; empty without any."""
    relevant = requests_by_interval(fetch, calls)
    if not relevant:
        return ""
    requests = f"{_requests(len(relevant))} to {relevant[-1].operation} by interval"
    if is_on_unread_page(fetch, relevant):
        return f"was in no response to {requests}, whose further pages were not read"
    if any(call.answered_ok for call in relevant):
        return f"was in no response to {requests}"
    return f"was not returned: {requests}, none successful"


def _unread_page(fetch: EntityFetch, calls: Sequence[ApiCall]) -> str:
    """Return which page of a request by id was not read; empty if none was left out.

    For a request by interval this is unknown: its pages may hold nothing of this execution.
    """
    relevant = [
        call
        for call in calls
        if fetch.entity_id in call.requested_ids
        and call.enterprise_id == fetch.enterprise_id
        and call.operation in OPERATIONS_BY_DISCRIMINATOR[fetch.discriminator]
        and call.received_ms >= fetch.sent_ms
    ]
    cursors = [call.cursor for call in relevant if call.answered_ok and call.cursor is not None]
    next_cursors = [call.cursor for call in relevant if call.is_next_page]
    if not cursors:
        return ""
    if not next_cursors:
        return "the response had further pages, and the next one was not read"
    repeated = next(
        (cursor for cursor in next_cursors if cursor is not None and cursors.count(cursor) > 1),
        None,
    )
    if repeated is None and next_cursors[-1] is not None:
        pages = quantity(len(next_cursors) + 1, "page")
        return f"the response had further pages, and the next one was not read after {pages}"
    if repeated is None:
        return ""
    return f"one page was read {how_often(cursors.count(repeated))}, and the one after it never"


def _failed_requests(calls: Sequence[ApiCall]) -> str:
    """Return the most frequent error response, which may be the cause; empty if there is none."""
    errors = Counter(
        f"{call.status} {call.message}".strip()
        for call in calls
        if call.fault is None and call.is_error
    )
    if not errors:
        return ""
    (response, count), *_ = errors.most_common(1)
    were = "was" if count == 1 else "were"
    return f"{count} of {_requests(len(calls))} {were} answered with {response}"


def _token_owner(call: ApiCall) -> str:
    return f" with the AccessToken of {call.enterprise_id}" if call.enterprise_id else ""


def _entities(count: int) -> str:
    return quantity(count, "entity", "entities")


def _requests(count: int) -> str:
    return quantity(count, "request")
