"""Checks of what a WebSocket client does with events, as far as the Connector API emulator sees it.

The documentation names the calls for commands only (use-cases/device-integration). A client may
take everything else from the event itself, so no check asks for more than the client itself does
elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps

from pytest_mews.checks.check import case_check
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import how_often, join_clauses, quantity
from pytest_mews.checks.websocket_connection import NO_CLIENT, no_client
from pytest_mews.mews.limits import RESPONSE_TIMEOUT_S
from pytest_mews.model import AnswerTimes, ApiCall, EventTrace, Transcript, event_traces
from pytest_mews.model.command_trace import ACTIVE, COMMAND, UPDATE

# Like the response to a webhook; nothing is documented for the WebSocket.
MAX_LOOKUP_MS = RESPONSE_TIMEOUT_S * 1000.0
NO_COMMAND = "no pending command was sent"


def requires_connector_api(
    observe: Callable[[Transcript], Observation],
) -> Callable[[Transcript], Observation]:
    """Make a check evaluate nothing if no Connector API emulator ran to observe the calls."""

    @wraps(observe)
    def observe_calls(transcript: Transcript) -> Observation:
        if not transcript.api_served:
            observed = "without --mews-api, requests are not observed"
            return Observation(met=True, observed=observed, subject_count=0)
        return observe(transcript)

    return observe_calls


@case_check("commands-requested", "a request about a command to the Connector API emulator")
@requires_connector_api
def commands_requested(transcript: Transcript) -> Observation:
    """A request about a command arrived."""
    calls = [call for call in transcript.calls if call.concerns_commands]
    observed = f"{quantity(len(calls), 'request')} about commands"
    if not calls:
        others = quantity(len(transcript.calls), "other request")
        observed = f"no request about a command arrived, but {others}"
    return Observation(met=bool(calls), observed=observed, subject_count=1)


@case_check("command-fetched", "every command fetched")
@requires_connector_api
def command_fetched(transcript: Transcript) -> Observation:
    """Every pending command was in a response to a request of the client."""
    commands = _pending_commands(transcript)
    missing = [command for command in commands if command.fetched_ms is None]
    if not commands:
        return _no_commands(transcript)
    if not missing:
        observed = f"{_commands(len(commands))} fetched"
        return Observation(met=True, observed=observed, subject_count=len(commands))
    requested = missing[0].requested_ms is not None
    observed = join_clauses(
        (
            f"command {missing[0].entity_id} was "
            + ("requested, but not returned" if requested else "never requested"),
            _first_refusal(transcript),
            f"{len(missing)} of {_commands(len(commands))} not fetched",
        )
    )
    return Observation(met=False, observed=observed, subject_count=len(commands))


@case_check("command-reported", "commands/update to Processed for every command")
@requires_connector_api
def command_reported(transcript: Transcript) -> Observation:
    """Every pending command was reported as Processed.

    The report of a command that an injected fault was meant for, but did not affect, does not
    count.
    """
    pending = _pending_commands(transcript)
    if not pending:
        return _no_commands(transcript)
    commands = [
        command
        for command in pending
        if command.processed_ms is None or command.entity_id not in transcript.unaffected_ids
    ]
    if not commands:
        return Observation.without_fault()
    missing = [command for command in commands if command.processed_ms is None]
    if not missing:
        last_ms = max(
            0.0, *((command.processed_ms or 0.0) - command.sent_ms for command in commands)
        )
        observed = (
            f"{_commands(len(commands))} reported as Processed, the last after {last_ms:,.0f} ms"
        )
        return Observation(met=True, observed=observed, subject_count=len(commands))
    first = missing[0]
    observed = join_clauses(
        (
            (
                f"command {first.entity_id} was not reported as Processed: "
                f"{_report_progress(first, transcript)}"
            ),
            _first_refusal(transcript),
            f"{len(missing)} of {_commands(len(commands))}",
        )
    )
    return Observation(met=False, observed=observed, subject_count=len(commands))


@case_check("command-idempotent", "each command reported as Processed once")
@requires_connector_api
def command_idempotent(transcript: Transcript) -> Observation:
    """No command was reported as Processed more than once."""
    commands = _pending_commands(transcript)
    repeated = [command for command in commands if command.processed_count > 1]
    processed_count = sum(command.processed_count > 0 for command in commands)
    observed = (
        f"{processed_count} of {_commands(len(commands))} reported as Processed, none more than "
        "once"
    )
    if repeated:
        worst = max(repeated, key=lambda command: command.processed_count)
        observed = (
            f"command {worst.entity_id} was sent {how_often(worst.message_count)} and reported as "
            f"Processed {how_often(worst.processed_count)}; {len(repeated)} of "
            f"{_commands(len(commands))} carried out again"
        )
    return Observation(met=not repeated, observed=observed, subject_count=processed_count)


@case_check("command-not-executed", "no report about commands that are already over")
@requires_connector_api
def command_not_executed(transcript: Transcript) -> Observation:
    """Nothing was reported about commands that are already over, and were sent to a client."""
    commands = [
        trace for trace in _traces(transcript) if trace.is_command and not trace.is_pending_command
    ]
    if transcript.undeliverable:
        return no_client(transcript)
    wrong = [command for command in commands if command.updated_states]
    observed = f"{_commands(len(commands))} already over, none reported"
    if wrong:
        first = wrong[0]
        observed = (
            f"command {first.entity_id}, which was {first.state}, was reported as "
            f"{first.updated_states[-1]}; {len(wrong)} of {_commands(len(commands))} carried out"
        )
    return Observation(met=not wrong, observed=observed, subject_count=len(commands))


@case_check("handled-in-mixed-batch", "events handled like single ones, whatever comes with them")
@requires_connector_api
def handled_in_mixed_batch(transcript: Transcript) -> Observation:
    """Events of a type that is handled when it comes alone are handled in every other message too.

    Nothing is expected of a type that the client does not handle when it comes alone, except that
    a pending command leads to a request where a client is known to request commands.
    """
    traces = [trace for trace in _traces(transcript) if trace.needs_handling]
    handled_types = {trace.event_type for trace in traces if trace.handled}
    requested = [
        trace
        for trace in traces
        if trace.is_command and transcript.commands_requested and COMMAND not in handled_types
    ]
    expected = [trace for trace in traces if trace.event_type in handled_types]
    missing = [trace for trace in expected if not trace.handled]
    missing += [trace for trace in requested if trace.requested_ms is None]
    count = len(expected) + len(requested)
    if not count:
        observed = "nothing was requested about any of the events, and nothing has to be"
        return Observation(met=True, observed=observed, subject_count=0)
    if not missing:
        types = ", ".join(sorted(handled_types))
        handled = f"{quantity(len(expected), 'event')} handled, of {types}" if expected else ""
        found = f"{_commands(len(requested))} requested" if requested else ""
        observed = join_clauses((handled, found))
        return Observation(met=True, observed=observed, subject_count=count)
    first = missing[0]
    others = "others of its type are handled"
    if first in requested:
        others = "the client requests other commands"
    observed = join_clauses(
        (
            f"{first.event_type} {first.entity_id} led to nothing, though {others}",
            _first_refusal(transcript),
            f"{len(missing)} of {quantity(count, 'event')}",
        )
    )
    return Observation(met=False, observed=observed, subject_count=count)


@case_check("active-commands-requested", "commands/getAllActive after a new connection")
@requires_connector_api
def active_commands_requested(transcript: Transcript) -> Observation:
    """Each client requested the active commands after it had reconnected."""
    reconnected_ms = {
        connection.enterprise_id: connection.opened_ms
        for connection in transcript.connections
        if any(
            earlier.enterprise_id == connection.enterprise_id
            and earlier.ended_ms is not None
            and earlier.ended_ms <= connection.opened_ms
            for earlier in transcript.connections
        )
    }
    if not reconnected_ms:
        return Observation(met=False, observed="no client reconnected", subject_count=1)
    requested = {
        call.enterprise_id
        for call in transcript.calls
        if call.operation == ACTIVE
        and call.received_ms >= reconnected_ms.get(call.enterprise_id or "", 0.0)
    }
    missing = reconnected_ms.keys() - requested
    clients = quantity(len(reconnected_ms), "client")
    observed = join_clauses(
        (
            (
                f"{len(reconnected_ms) - len(missing)} of {clients} requested the active commands "
                "after reconnecting"
            ),
            _first_refusal(transcript),
        )
    )
    return Observation(met=not missing, observed=observed, subject_count=len(reconnected_ms))


@case_check("no-double-fetch", "no more fetches than messages on both channels")
@requires_connector_api
def no_double_fetch(transcript: Transcript) -> Observation:
    """Nothing was fetched more often than webhooks and WebSocket messages reported it."""
    message_counts = {trace.entity_id: trace.message_count for trace in _traces(transcript)}
    for delivery in transcript.deliveries:
        for event in delivery.message.events:
            if event.entity_id in message_counts:
                message_counts[event.entity_id] += len(delivery.attempts)
    fetch_counts = dict.fromkeys(message_counts, 0)
    for call in transcript.calls:
        for entity_id in fetch_counts.keys() & set(call.requested_ids) & set(call.returned_ids):
            fetch_counts[entity_id] += call.answered_ok
    fetched = {entity_id: count for entity_id, count in fetch_counts.items() if count}
    repeated = {
        entity_id: count
        for entity_id, count in fetched.items()
        if count > message_counts[entity_id]
    }
    entities = quantity(len(fetched), "entity", "entities")
    observed = f"{entities} fetched, none more often than messages reported it"
    if repeated:
        worst, count = max(repeated.items(), key=lambda item: item[1])
        observed = (
            f"{worst} was fetched {how_often(count)} after "
            f"{quantity(message_counts[worst], 'message')}; {len(repeated)} of {entities} fetched "
            "more often than messages reported them"
        )
    return Observation(met=not repeated, observed=observed, subject_count=len(fetched))


@case_check("p99-lookup-under-5s", "a first request within 5 s for 99 of 100 events")
@requires_connector_api
def p99_lookup_under_5s(transcript: Transcript) -> Observation:
    """99 of 100 first requests about an event arrived within 5 s of the event.

    A device may execute one command after another, such as an encoder of keys: the time in which
    it executes others before it comes to an event does not count.
    """
    traces = _traces(transcript)
    requested = [(trace, trace.requested_ms) for trace in traces if trace.requested_ms is not None]
    if not requested:
        observed = "nothing was requested about any event" if transcript.connections else NO_CLIENT
        return Observation(met=True, observed=observed, subject_count=0)
    delays_ms = [max(0.0, requested_ms - trace.sent_ms) for trace, requested_ms in requested]
    idle_ms = [
        max(0.0, requested_ms - trace.sent_ms - _executing_ms(traces, trace, requested_ms))
        for trace, requested_ms in requested
    ]
    times, idle = AnswerTimes.of(delays_ms), AnswerTimes.of(idle_ms)
    met = idle.p99_ms <= MAX_LOOKUP_MS
    figures = (
        f"from the event to the first request about it p50 {times.p50_ms:,.0f} ms, "
        f"p99 {times.p99_ms:,.0f} ms, {quantity(times.count, 'event')}"
    )
    is_serial = met and times.p99_ms > MAX_LOOKUP_MS
    in_turn = "one command after another was executed" if is_serial else ""
    observed = join_clauses(("" if met else "the client handles events too late", figures, in_turn))
    return Observation(met=met, observed=observed, subject_count=times.count)


def _executing_ms(traces: Sequence[EventTrace], trace: EventTrace, until_ms: float) -> float:
    """Return how long other commands were executed from an event to a time.

    A command is executed from the first request about it until it is reported as Processed.
    """
    executions = sorted(
        (other.requested_ms, other.processed_ms)
        for other in traces
        if other.requested_ms is not None
        and other.processed_ms is not None
        and other.enterprise_id == trace.enterprise_id
        and other.entity_id != trace.entity_id
    )
    total_ms, counted_until_ms = 0.0, trace.sent_ms
    for start_ms, end_ms in executions:
        from_ms, to_ms = max(start_ms, counted_until_ms), min(end_ms, until_ms)
        if from_ms < to_ms:
            total_ms, counted_until_ms = total_ms + to_ms - from_ms, to_ms
    return total_ms


def _traces(transcript: Transcript) -> tuple[EventTrace, ...]:
    return event_traces(transcript.websocket_messages, transcript.calls)


def _pending_commands(transcript: Transcript) -> list[EventTrace]:
    return [trace for trace in _traces(transcript) if trace.is_pending_command]


def _no_commands(transcript: Transcript) -> Observation:
    """Return the observation without a pending command: not met if no client was connected."""
    connected = bool(transcript.connections)
    observed = NO_COMMAND if connected else NO_CLIENT
    return Observation(met=connected, observed=observed, subject_count=int(not connected))


def _report_progress(trace: EventTrace, transcript: Transcript) -> str:
    """Return how far a command came that was not reported as Processed."""
    calls = [call for call in transcript.calls if call.enterprise_id == trace.enterprise_id]
    updates = [
        call for call in calls if call.operation == UPDATE and trace.entity_id in call.requested_ids
    ]
    if updates:
        if updates[-1].acknowledged:
            return f"it was reported as {updates[-1].state}"
        return (
            f"commands/update arrived {how_often(len(updates))}, the last "
            f"{_describe_response(updates[-1])}"
        )
    lookups = [
        call for call in calls if trace.entity_id in call.requested_ids or call.operation == ACTIVE
    ]
    if not lookups or any(call.answered_ok for call in lookups):
        return "no commands/update arrived"
    return (
        f"no commands/update arrived, and {lookups[-1].operation} {_describe_response(lookups[-1])}"
    )


def _describe_response(call: ApiCall) -> str:
    if call.answered_ms is None:
        return "was still being answered"
    return "was reset" if call.status is None else f"was answered with {call.status}"


def _first_refusal(transcript: Transcript) -> str:
    """Return the first error response without an injected fault, which may be the cause."""
    failed = [call for call in transcript.calls if call.fault is None and call.is_error]
    if not failed:
        return ""
    first = failed[0]
    response = f"{first.status} {first.message}".strip()
    return f"{first.operation or first.path} was answered with {response}"


def _commands(count: int) -> str:
    return quantity(count, "command")
