"""Words about what a WebSocket client makes of events, as far as the Connector API shows it.

The documentation says what to call for commands alone (use-cases/device-integration). A client may
take all else from the event itself, so that no word asks for more than it does by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps

from pytest_mews.checks.latency import Observed
from pytest_mews.checks.phrasing import counted, times
from pytest_mews.checks.websocket_connection import NOBODY
from pytest_mews.model import AnswerTimes, ApiCall, EventTrace, Transcript, event_traces
from pytest_mews.model.command_trace import ACTIVE, UPDATE

PROMPT_MS = 5_000.0  # as long as a webhook may take; for the WebSocket nothing is documented
NOTHING = "no command was sent to be carried out"


def watched(observe: Callable[[Transcript], Observed]) -> Callable[[Transcript], Observed]:
    """Let a word say nothing where no Connector API was served to see it by."""

    @wraps(observe)
    def look(transcript: Transcript) -> Observed:
        if not transcript.api_served:
            said = "what it leads to is not seen without --mews-api"
            return Observed(met=True, observed=said, judged=0)
        return observe(transcript)

    return look


def asks_commands(transcript: Transcript) -> Observed:
    """Hold when any request about a command came."""
    about = [each for each in transcript.calls if each.about_commands]
    said = f"{counted(len(about), 'request')} about commands"
    if not about:
        said = f"no request about a command, {counted(len(transcript.calls), 'other')} came"
    return Observed(met=bool(about), observed=said, judged=1)


def looks_up(transcript: Transcript) -> Observed:
    """Hold when every command to carry out was in an answer that the client asked for."""
    owed = _owed(transcript)
    missing = [each for each in owed if each.fetched_ms is None]
    if not owed:
        return _nothing(transcript)
    if not missing:
        said = f"{_commands(len(owed))} looked up"
        return Observed(met=True, observed=said, judged=len(owed))
    asked = "asked for, but not given" if missing[0].asked_ms is not None else "never asked for"
    said = f"{len(missing)} of {_commands(len(owed))} not looked up; {missing[0].entity_id} {asked}"
    return Observed(met=False, observed=said + _refused(transcript), judged=len(owed))


def reports_done(transcript: Transcript) -> Observed:
    """Hold when every command to carry out was reported as Processed."""
    owed = _owed(transcript)
    if not owed:
        return _nothing(transcript)
    missing = [each for each in owed if each.done_ms is None]
    if not missing:
        last = max(0.0, *((each.done_ms or 0.0) - each.sent_ms for each in owed))
        said = f"{_commands(len(owed))} reported as Processed, the last after {last:,.0f} ms"
        return Observed(met=True, observed=said, judged=len(owed))
    first = missing[0]
    said = f"{len(missing)} of {_commands(len(owed))} not reported as Processed; "
    said += f"{first.entity_id}: {_report_of(first, transcript)}"
    return Observed(met=False, observed=said + _refused(transcript), judged=len(owed))


def done_once(transcript: Transcript) -> Observed:
    """Hold when no command was reported as Processed more than once."""
    owed = _owed(transcript)
    twice = [each for each in owed if each.done > 1]
    done = sum(each.done > 0 for each in owed)
    said = f"{_commands(done)} of {len(owed)} done, none more than once"
    if twice:
        worst = max(twice, key=lambda each: each.done)
        said = (
            f"{len(twice)} of {_commands(len(owed))} done again: {worst.entity_id} came "
            f"{worst.copies} times and was reported as Processed {worst.done} times"
        )
    return Observed(met=not twice, observed=said, judged=done)


def not_carried_out(transcript: Transcript) -> Observed:
    """Hold when nothing was reported of commands that are over already."""
    over = [each for each in _traces(transcript) if each.is_command and not each.owed]
    wrong = [each for each in over if each.updated]
    said = f"{_commands(len(over))} left alone"
    if wrong:
        first = wrong[0]
        said = (
            f"{len(wrong)} of {_commands(len(over))} carried out: {first.entity_id}, which was "
            f"{first.state}, was reported as {first.updated[-1]}"
        )
    return Observed(met=not wrong, observed=said, judged=len(over))


def as_alone(transcript: Transcript) -> Observed:
    """Hold when what is handled of one event alone is handled of each among others too.

    Of a type that the client asked nothing about when it came alone, nothing is expected.
    """
    seen = [each for each in _traces(transcript) if each.tracked]
    known = {each.type for each in seen if each.handled}
    of_known = [each for each in seen if each.type in known or each.owed]
    lost = [each for each in of_known if not each.handled]
    if not of_known:
        said = "nothing was asked about any of them, which nobody has to"
        return Observed(met=True, observed=said, judged=0)
    if not lost:
        said = f"{counted(len(of_known), 'event')} handled, of {', '.join(sorted(known))}"
        return Observed(met=True, observed=said, judged=len(of_known))
    first = lost[0]
    said = (
        f"{len(lost)} of {counted(len(of_known), 'event')} led to nothing; first: {first.type} "
        f"{first.entity_id}, though others of its type are handled"
    )
    if first.type not in known:
        said = f"{len(lost)} of {counted(len(of_known), 'event')} led to nothing; first: "
        said += f"{first.type} {first.entity_id}"
    return Observed(met=False, observed=said + _refused(transcript), judged=len(of_known))


def asks_active(transcript: Transcript) -> Observed:
    """Hold when each client asked for the active commands after it had come back."""
    back = {
        line.enterprise_id: line.opened_ms
        for line in transcript.connections
        if any(
            other.enterprise_id == line.enterprise_id
            and other.over_ms is not None
            and other.over_ms <= line.opened_ms
            for other in transcript.connections
        )
    }
    if not back:
        return Observed(met=False, observed="no client came back", judged=1)
    asked = {
        call.enterprise_id
        for call in transcript.calls
        if call.operation == ACTIVE and call.received_ms >= back.get(call.enterprise_id or "", 0.0)
    }
    missing = back.keys() - asked
    said = f"{len(back) - len(missing)} of {counted(len(back), 'client')} that came back asked for "
    said += "the active commands"
    return Observed(met=not missing, observed=said + _refused(transcript), judged=len(back))


def own_commands(transcript: Transcript) -> Observed:
    """Hold when commands were asked about with the AccessToken of their own enterprise alone."""
    sent = replace(transcript, undeliverable=())
    owners = {each.entity_id: each.enterprise_id for each in _traces(sent)}
    if len(set(owners.values())) < 2:  # noqa: PLR2004 - one has no other
        said = "the clients of one enterprise at most are connected"
        return Observed(met=True, observed=said, judged=0)
    about = [call for call in transcript.calls if not owners.keys().isdisjoint(call.asked)]
    wrong = [
        call
        for call in about
        if any(owners.get(each, call.enterprise_id) != call.enterprise_id for each in call.asked)
    ]
    said = f"{counted(len(about), 'request')}, each with the AccessToken of its own enterprise"
    if wrong:
        said = f"{len(wrong)} of {counted(len(about), 'request')} with the AccessToken of another "
        said += f"enterprise, the first {wrong[0].operation}"
    return Observed(met=not wrong, observed=said, judged=len(about))


def told_twice(transcript: Transcript) -> Observed:
    """Hold when nothing was fetched more often than webhooks and WebSocket together told of it."""
    copies = {each.entity_id: each.copies for each in _traces(transcript)}
    for delivery in transcript.deliveries:
        for event in delivery.message.events:
            if event.entity_id in copies:
                copies[event.entity_id] += len(delivery.attempts)
    fetched = dict.fromkeys(copies, 0)
    for call in transcript.calls:
        for each in fetched.keys() & set(call.asked) & set(call.returned):
            fetched[each] += call.answered_ok
    taken = {each: count for each, count in fetched.items() if count}
    often = {each: count for each, count in taken.items() if count > copies[each]}
    said = f"{counted(len(taken), 'entity', 'entities')} fetched, each no more often than told of"
    if often:
        worst, count = max(often.items(), key=lambda each: each[1])
        said = (
            f"{len(often)} of {counted(len(taken), 'entity', 'entities')} fetched more often than "
            f"told of: {worst} {count} times after {copies[worst]} messages"
        )
    return Observed(met=not often, observed=said, judged=len(taken))


def real_time(transcript: Transcript) -> Observed:
    """Hold when 99 of 100 events that the client asks about were asked about within 5 s."""
    asked = [
        max(0.0, each.asked_ms - each.sent_ms)
        for each in _traces(transcript)
        if each.asked_ms is not None
    ]
    if not asked:
        said = NOBODY if not transcript.connections else "nothing was asked about any event"
        return Observed(met=True, observed=said, judged=0)
    times = AnswerTimes.of(asked)
    said = (
        f"from the event to the first request about it p50 {times.p50_ms:,.0f} ms, "
        f"p99 {times.p99_ms:,.0f} ms, {counted(times.count, 'event')}"
    )
    return Observed(met=times.p99_ms <= PROMPT_MS, observed=said, judged=times.count)


def _traces(transcript: Transcript) -> tuple[EventTrace, ...]:
    return event_traces(transcript.websocket_messages, transcript.calls)


def _owed(transcript: Transcript) -> Sequence[EventTrace]:
    return [each for each in _traces(transcript) if each.owed]


def _nothing(transcript: Transcript) -> Observed:
    """Say that there was nothing to do: a fault where nobody was connected to be told."""
    absent = not transcript.connections
    said = NOBODY if absent else NOTHING
    return Observed(met=not absent, observed=said, judged=int(absent))


def _report_of(trace: EventTrace, transcript: Transcript) -> str:
    """Say how far a command came that was not reported as Processed."""
    calls = [each for each in transcript.calls if each.enterprise_id == trace.enterprise_id]
    tries = [each for each in calls if each.operation == UPDATE and trace.entity_id in each.asked]
    if tries:
        if tries[-1].acknowledged:
            return f"reported as {tries[-1].state}"
        return f"commands/update came {times(len(tries))}, the last {_answer_to(tries[-1])}"
    asked = [each for each in calls if trace.entity_id in each.asked or each.operation == ACTIVE]
    if not asked or any(each.answered_ok for each in asked):
        return "no commands/update came"
    return f"no commands/update came; {asked[-1].operation} {_answer_to(asked[-1])}"


def _answer_to(call: ApiCall) -> str:
    if call.answered_ms is None:
        return "was still being answered"
    return "was reset" if call.status is None else f"was answered with {call.status}"


def _refused(transcript: Transcript) -> str:
    """Say what was answered to a request about commands that failed, for there lies the cause."""
    failed = [call for call in transcript.calls if call.fault is None and call.refused]
    if not failed:
        return ""
    first = failed[0]
    said = f"; {first.operation or first.path} was answered with {first.status} {first.message}"
    return said.rstrip()


def _commands(count: int) -> str:
    return counted(count, "command")
