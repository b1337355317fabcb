"""Performs the steps on the WebSocket. Without the emulators that a step needs it does nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from itertools import pairwise

from pytest_mews.emulator.websocket import WebSocketServer
from pytest_mews.execution.execution import Execution, perform
from pytest_mews.execution.patience import Awaited
from pytest_mews.execution.preflight import response_ms
from pytest_mews.execution.websocket_session import WebSocketSession
from pytest_mews.model import ApiCall, Attempt, Disconnect, EventTrace, Outcome, WebhookKind
from pytest_mews.model.command_trace import ACTIVE
from pytest_mews.model.step import (
    CloseConnection,
    RejectHandshakes,
    SendWhileDisconnected,
    ServerDown,
    ShowHandshakes,
    SkipSend,
    WaitForActiveCommands,
    WaitForReconnect,
    WaitUntilHandled,
    WebSocketPing,
    WebSocketSend,
)
from pytest_mews.model.websocket import CLOSE_CODES

REVIVAL_INTERVAL_S = 1.0  # after which a service that has ended with its connection is missed
CLOSE_TIMEOUT_S = 6.0  # longer than the emulator waits for the answer to a close frame
# How long to wait for a first call about a type of event that no client has to call about.
FIRST_REQUEST_TIMEOUT_S = 1.0
# How many times its longest pause so far a client may wait before it tries again: it doubles the
# pause, and adds jitter. And how long the harness waits for that after the timeout at most.
NEXT_PAUSE_FACTOR, MAX_BACKOFF_S = 3.0, 180.0
# A response is prompt within this time, or within twice that of the preflight's.
PROMPT_MS, PROMPT_FACTOR = 100.0, 2.0


@perform.register
def _show_handshakes(_: ShowHandshakes, execution: Execution) -> None:
    execution.websocket.show_all()


@perform.register
def _websocket_send(step: WebSocketSend, execution: Execution) -> None:
    context = execution.context
    if context.websocket is None:
        return
    messages = [
        message
        for message in execution.messages[step.message]
        if message.kind is WebhookKind.WEBSOCKET
    ]
    owners = {message.enterprise_id for message in messages if message.enterprise_id}
    _wait_until_connected(context.websocket, owners, context.fetch_timeout_s)
    visible_from_ms = None
    if not step.duplicate:
        visible_from_ms = context.now_ms()
        for message in messages:
            if context.connector_api is not None:
                context.connector_api.apply_message(message)
    execution.websocket.send(context.websocket, step.message, messages, visible_from_ms)


@perform.register
def _websocket_ping(_: WebSocketPing, execution: Execution) -> None:
    server = execution.context.websocket
    if server is not None:
        open_connections = [
            connection for connection in server.log.connections() if connection.ended_ms is None
        ]
        execution.websocket.ping(server, {connection.number: 0 for connection in open_connections})


@perform.register
def _close_connection(step: CloseConnection, execution: Execution) -> None:
    if execution.context.websocket is not None:
        execution.context.websocket.disconnect(step.how, execution.websocket.clients)


@perform.register
def _server_down(step: ServerDown, execution: Execution) -> None:
    if execution.context.websocket is not None:
        execution.context.websocket.pause_listening(step.seconds)


@perform.register
def _reject_handshakes(step: RejectHandshakes, execution: Execution) -> None:
    if execution.context.websocket is not None:
        clients = execution.websocket.clients
        execution.context.websocket.reject_handshakes(
            step.status, step.times, step.seconds, clients, step.max_seconds or math.inf
        )


@perform.register
def _send_while_disconnected(step: SendWhileDisconnected, execution: Execution) -> None:
    context, session = execution.context, execution.websocket
    server = context.websocket
    if server is None or not session.clients:
        return
    server.reject_handshakes(503, 1, math.inf, session.clients)
    server.disconnect(Disconnect.GOING_AWAY, session.clients)
    handshake_count = len(session.handshakes)
    for message in execution.messages[step.message]:

        def tried_again(count: int = handshake_count) -> bool:
            return len(session.handshakes) > count

        timeout_s = context.fetch_timeout_s * step.timeout_factor
        if not _wait_for_client(server, execution, tried_again, timeout_s) or execution.revivals:
            break
        handshake_count = len(session.handshakes)  # one during the delivery is a new one
        url = context.endpoint.url(message.kind)
        delivery = context.deliverer.deliver(message, url, label=step.message, attempts=1)
        execution.deliveries.append(delivery)
        attempt = delivery.attempts[-1]
        if attempt.outcome is not Outcome.DELIVERED or _is_prompt(attempt, execution):
            break
    server.accept_all()


def _is_prompt(attempt: Attempt, execution: Execution) -> bool:
    """Return whether an attempt was answered about as fast as the preflight."""
    preflight = execution.context.preflight
    usual_ms = 0.0 if preflight is None else response_ms(preflight.attempts[-1])
    return response_ms(attempt) <= max(PROMPT_MS, PROMPT_FACTOR * usual_ms)


@perform.register
def _wait_for_reconnect(step: WaitForReconnect, execution: Execution) -> None:
    server = execution.context.websocket
    if server is None:
        return
    log = server.log
    timeout_s = execution.context.fetch_timeout_s * step.timeout_factor
    _wait_until_reconnected(server, execution, timeout_s)

    def none_half_closed() -> bool:
        return not any(
            connection.disconnect in CLOSE_CODES and connection.closed_ms is None
            for connection in log.connections()
        )

    log.wait_until(none_half_closed, CLOSE_TIMEOUT_S)
    if execution.revivals and execution.context.service is not None:
        execution.context.service.wait_for_return(execution.context.report_wait)


@perform.register
def _wait_for_active_commands(_: WaitForActiveCommands, execution: Execution) -> None:
    context = execution.context
    if context.connector_api is None or context.websocket is None:
        return
    connected_ms = {
        connection.enterprise_id: connection.opened_ms
        for connection in context.websocket.log.connections()
        if connection.ended_ms is None
    }

    def all_requested(calls: Sequence[ApiCall]) -> bool:
        requested = {
            call.enterprise_id
            for call in calls
            if call.operation == ACTIVE
            and call.received_ms >= connected_ms.get(call.enterprise_id or "", 0.0)
        }
        return connected_ms.keys() <= requested

    before_any_call = 0
    context.connector_api.wait_until(all_requested, before_any_call, context.fetch_timeout_s)


@perform.register
def _skip_send(step: SkipSend, execution: Execution) -> None:
    connector_api = execution.context.connector_api
    for message in execution.messages[step.message]:
        if connector_api is not None and message.enterprise_id is not None:
            if message.kind is WebhookKind.WEBSOCKET:
                execution.websocket.skip(step.message, message)
            connector_api.apply_message(message)


@perform.register
def _wait_until_handled(step: WaitUntilHandled, execution: Execution) -> None:
    """Wait until everything is handled that the client handles, as far as calls show it.

    If there is no call about the first event of a type within `FIRST_REQUEST_TIMEOUT_S`, the wait
    leaves that type out; commands only if no client ever requests anything about them.
    """
    context, session = execution.context, execution.websocket
    if context.connector_api is None:
        return
    timeout_s = context.fetch_timeout_s * step.timeout_factor

    def all_handled(calls: Sequence[ApiCall]) -> bool:
        return all(trace.handled for trace in session.traces(calls))

    first_timeout_s = min(FIRST_REQUEST_TIMEOUT_S, timeout_s)
    if context.connector_api.wait_until(all_handled, session.last_call, first_timeout_s):
        return
    has_command = any(trace.is_pending_command for trace in session.traces(()))
    waits_for_commands = has_command and context.handles_commands()
    session.commands_requested |= waits_for_commands

    def awaited(calls: Sequence[ApiCall]) -> list[Awaited]:
        traces = session.traces(calls)
        started_types = {
            trace.event_type for trace in traces if trace.handled or trace.requested_ms is not None
        }
        return [
            _awaited(trace)
            for trace in traces
            if trace.event_type in started_types
            or (trace.is_pending_command and waits_for_commands)
        ]

    session.wait_until_done(context.connector_api, awaited, timeout_s)


def _awaited(trace: EventTrace) -> Awaited:
    done_ms = trace.processed_ms if trace.is_pending_command else trace.fetched_ms
    if trace.requested_ms is None:
        return Awaited(trace.entity_id, trace.handled, request_delay_s=None)
    return Awaited(
        trace.entity_id,
        trace.handled,
        request_delay_s=(trace.requested_ms - trace.sent_ms) / 1000,
        work_s=((done_ms or trace.requested_ms) - trace.requested_ms) / 1000,
    )


def _wait_until_connected(
    server: WebSocketServer, enterprises: AbstractSet[str], timeout_s: float
) -> None:
    server.log.wait_until(lambda: enterprises <= server.connected_enterprises(), timeout_s)


def _wait_for_client(
    server: WebSocketServer, execution: Execution, predicate: Callable[[], bool], timeout_s: float
) -> bool:
    """Wait until a predicate about the log holds; return whether it does.

    A service with an endpoint is started again if its process has ended meanwhile. That is due to
    its connection, since these scenarios run alone.
    """
    remaining_s = timeout_s
    while not server.log.wait_until(predicate, min(remaining_s, REVIVAL_INTERVAL_S)):
        remaining_s -= REVIVAL_INTERVAL_S
        if remaining_s <= 0:
            return False
        execution.revivals += execution.context.revive()
    return True


def _wait_until_reconnected(
    server: WebSocketServer, execution: Execution, timeout_s: float
) -> None:
    """Wait until every client of the execution is connected.

    A client whose handshakes are rejected makes growing pauses, so that its next one may be due
    after the timeout: then the wait goes on, by `MAX_BACKOFF_S` at most.
    """
    session, now_ms = execution.websocket, execution.context.now_ms

    def connected() -> bool:
        return session.clients <= server.connected_enterprises()

    timeout_ms = now_ms() + timeout_s * 1000
    last_ms = timeout_ms + MAX_BACKOFF_S * 1000
    while True:
        handshake_count = len(session.handshakes)
        until_ms = min(last_ms, max(timeout_ms, _next_handshake_due_ms(server, session)))

        def connected_or_rejected(count: int = handshake_count) -> bool:
            return connected() or len(session.handshakes) > count

        wait_s = (until_ms - now_ms()) / 1000
        changed = _wait_for_client(server, execution, connected_or_rejected, wait_s)
        if not changed or connected():
            return


def _next_handshake_due_ms(server: WebSocketServer, session: WebSocketSession) -> float:
    """Return by when each client that was rejected should try again; 0 if none was.

    A pause may be a few times as long as the client's longest one of the run: a random pause may
    follow a short one.
    """
    due_ms = 0.0
    for connection in session.connections:
        if connection.disconnect_ms is None:
            continue
        tries_ms = [
            handshake.at_ms
            for handshake in session.handshakes
            if handshake.enterprise_id == connection.enterprise_id
            and handshake.at_ms >= connection.disconnect_ms
        ]
        if tries_ms:
            pause_ms = NEXT_PAUSE_FACTOR * _longest_pause_ms(server, connection.enterprise_id)
            due_ms = max(due_ms, tries_ms[-1] + pause_ms)
    return due_ms


def _longest_pause_ms(server: WebSocketServer, enterprise_id: str) -> float:
    """Return the longest time from a rejection, or the end of a connection, to a handshake."""
    tries = [
        (handshake.at_ms, True)
        for handshake in server.log.handshakes()
        if handshake.enterprise_id == enterprise_id
    ]
    ends = [
        (connection.ended_ms, False)
        for connection in server.log.connections()
        if connection.enterprise_id == enterprise_id and connection.ended_ms is not None
    ]
    moments = sorted([*tries, *ends])
    pauses_ms = [after - before for (before, _), (after, is_try) in pairwise(moments) if is_try]
    return max(pauses_ms, default=0.0)
