"""Words about what the partner fetched of that which it acknowledged.

An entity counts as fetched when it was in an answer that the partner could read, however it asked,
to a request that arrived after the last message about it was first sent. What was not acknowledged
is owed to nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from mews_harness.model import Call, Link, Transcript, links
from mews_harness.verdicts.figures import Observed

BATCHED = 0.2  # requests per entity from which on they are no batches
FEW = 10  # entities; of fewer nothing is said about batches
QUOTA = 200  # requests per AccessToken within 30 s (guidelines/requests)
STRAGGLERS = 2  # requests that may come late of what was delivered before
PATIENT_MS = 1_000.0  # an answer that comes so long after a first request may have waited for it


def fetched(transcript: Transcript) -> Observed:
    """Hold when every entity of the acknowledged messages was fetched."""
    owed = links(transcript.deliveries, transcript.calls)
    if not owed:
        return Observed(met=True, observed="no message was acknowledged", judged=0)
    missing = [link for link in owed if link.fetched_ms is None]
    if not missing:
        return Observed(met=True, observed=_in_figures(owed, transcript.calls), judged=len(owed))
    first = missing[0]
    said = (
        f"{len(missing)} of {_entities(len(owed))} not fetched after they were acknowledged; "
        f"first: {first.discriminator} {first.entity_id}{_fate(first)}"
    )
    return Observed(met=False, observed=said + _excuse(transcript.calls), judged=len(owed))


def asked_api(transcript: Transcript) -> Observed:
    """Hold when any request came at all."""
    if not transcript.calls:
        return Observed(
            met=False, observed="no request reached the harness's Connector API", judged=1
        )
    first = transcript.calls[0]
    said = f"{len(transcript.calls)} requests, the first to {first.path}"
    return Observed(met=True, observed=said, judged=1)


def fetched_once(transcript: Transcript) -> Observed:
    """Hold when no entity was fetched more often than messages about it were delivered."""
    taken = _taken(transcript)
    often = [link for link in taken if link.fetches > link.copies]
    if not often:
        most = max((link.fetches for link in taken), default=0)
        said = f"{_entities(len(taken))}, none fetched more than {_times(most)}"
        return Observed(met=True, observed=said, judged=len(taken))
    worst = max(often, key=lambda link: link.fetches / link.copies)
    said = (
        f"{len(often)} of {_entities(len(taken))} fetched more often than delivered; "
        f"{worst.discriminator} {worst.entity_id} was delivered {_times(worst.copies)} and fetched "
        f"{_times(worst.fetches)}"
    )
    return Observed(met=False, observed=said, judged=len(taken))


def fetched_as_one(transcript: Transcript) -> Observed:
    """Hold when each entity was fetched once, however many events of the message named it."""
    taken = _taken(transcript)
    often = [link for link in taken if link.fetches > 1]
    said = f"{_entities(len(taken))} fetched"
    if often:
        said = f"{len(often)} of {said}, {often[0].entity_id} {_times(often[0].fetches)}"
    return Observed(met=not often, observed=said, judged=len(taken))


def batched(transcript: Transcript) -> Observed:
    """Hold when the entities of a large batch were fetched by far fewer requests than entities."""
    taken = _taken(transcript)
    calls = [call for call in transcript.calls if call.returned and call.served]
    said = f"{len(calls)} requests for {_entities(len(taken))}; the limit is {QUOTA} within 30 s"
    if len(taken) < FEW:
        return Observed(met=True, observed=said, judged=0)
    return Observed(
        met=len(calls) <= max(FEW, BATCHED * len(taken)), observed=said, judged=len(taken)
    )


def not_fetched(transcript: Transcript) -> Observed:
    """Hold when nobody asked for, or was given, an entity of these messages."""
    ids = {each.entity_id for d in transcript.deliveries for each in d.message.events}
    about = [call for call in transcript.calls if not ids.isdisjoint({*call.asked, *call.returned})]
    if not about:
        return Observed(
            met=True, observed=f"no request about {_entities(len(ids))}", judged=len(ids)
        )
    first = about[0]
    said = f"{len(about)} requests about them, the first {first.operation}{_whose(first)}"
    return Observed(met=False, observed=said, judged=len(ids))


def found_later(transcript: Transcript) -> Observed:
    """Tell whether what no message could tell was found all the same; nobody has to find it."""
    ids = {each.entity_id for d in transcript.deliveries for each in d.message.events}
    found = ids & {each for call in transcript.calls if call.served for each in call.returned}
    if not found:
        said = "not looked for as long as was watched; nothing documented asks for it"
        return Observed(met=True, observed=said, judged=0)
    said = f"{len(found)} of {_entities(len(ids))} found without a message"
    return Observed(met=True, observed=said, judged=len(ids))


def answers_first(transcript: Transcript) -> Observed:
    """Hold when no message's answer waited for a request about its entities."""
    waited = []
    for delivery in transcript.deliveries:
        ids = {event.entity_id for event in delivery.message.events}
        last = delivery.attempts[-1].last
        since = delivery.attempts[-1].exchanges[0].started_ms
        asked = [
            call.received_ms
            for call in transcript.calls
            if since <= call.received_ms <= last.ended_ms
            and not ids.isdisjoint({*call.asked, *call.returned})
        ]
        if asked and last.ended_ms - min(asked) >= PATIENT_MS:
            waited.append((delivery, last.ended_ms - min(asked)))
    judged = len(transcript.deliveries)
    if not waited:
        slowest = max(
            (d.attempts[-1].last.answer_ms or 0.0 for d in transcript.deliveries), default=0
        )
        return Observed(
            met=True,
            observed=f"slowest answer {slowest:,.0f} ms while the API was slow",
            judged=judged,
        )
    delivery, ms = waited[0]
    said = (
        f"{len(waited)} of {judged} answers came only after a first request to the API; "
        f"{delivery.message.description}: {ms:,.0f} ms after it"
    )
    return Observed(met=False, observed=said, judged=judged)


def quiet(transcript: Transcript) -> Observed:
    """Hold when nothing was asked while nothing was delivered, but for what was late."""
    calls = transcript.calls
    if len(calls) <= STRAGGLERS:
        said = f"{len(calls)} requests while nothing was sent"
        return Observed(met=True, observed=said, judged=1)
    named = Counter(call.operation or call.path for call in calls)
    (operation, times), *_ = named.most_common(1)
    said = f"{len(calls)} requests while nothing was sent, {times} of them {operation}"
    return Observed(met=False, observed=said, judged=len(calls))


def _taken(transcript: Transcript) -> list[Link]:
    owed = links(transcript.deliveries, transcript.calls)
    return [link for link in owed if link.fetches or link.fetched_ms is not None]


def _in_figures(owed: Sequence[Link], calls: Sequence[Call]) -> str:
    delays = [
        link.fetched_ms - link.acknowledged_ms for link in owed if link.fetched_ms is not None
    ]
    requests = sum(bool(call.returned) for call in calls)
    return (
        f"{_entities(len(owed))} fetched by {requests} requests, half of them within "
        f"{max(0.0, median(delays)):,.0f} ms of the answer, the last after "
        f"{max(0.0, *delays):,.0f} ms"
    )


def _fate(link: Link) -> str:
    if link.in_flight:
        return ", a request for it was still being answered"
    if link.asked_ms is not None:
        return ", it was asked for, but not given"
    return ", never asked for" if not link.fetches else ", not asked for again after it changed"


def _excuse(calls: Sequence[Call]) -> str:
    """Say what was answered to requests that failed, for there lies the cause."""
    failed = Counter(
        f"{call.status} {call.message}".strip()
        for call in calls
        if call.fault is None and call.status is not None and call.status >= 400  # noqa: PLR2004
    )
    if not failed:
        return ""
    (answer, times), *_ = failed.most_common(1)
    return f"; {times} of {len(calls)} requests were answered with {answer}"


def _whose(call: Call) -> str:
    return f" with the AccessToken of {call.enterprise_id}" if call.enterprise_id else ""


def _entities(count: int) -> str:
    return "1 entity" if count == 1 else f"{count:,} entities"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
