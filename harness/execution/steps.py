"""The delivery steps, and the execution of all steps of a scenario.

A step function is named like its step in a scenario file. It takes the context, the step with its
arguments, and the messages of the case; it yields what it delivered.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from pytest_mews.checks import PREFLIGHT
from pytest_mews.delivery import DeliveryOrder
from pytest_mews.execution.connector_steps import CONNECTOR_STEPS, ConnectorObserver
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.token_variants import RIGHT
from pytest_mews.execution.websocket_steps import WEBSOCKET_STEPS, WebSocketSession
from pytest_mews.model import (
    Delivery,
    Fault,
    Message,
    Scenario,
    Stage,
    Step,
    TlsHandshake,
    Transcript,
    TransferMode,
    WebhookKind,
)
from pytest_mews.model.exchange import TIMEOUTS
from pytest_mews.model.verdict import HEALTH_CHECK

Messages = Mapping[str, tuple[Message, ...]]
"""The messages of a case, by the name of their message spec."""
DeliveryStep = Callable[[CaseContext, Step, Messages], Iterator[Delivery] | Iterator[TlsHandshake]]


def show_preflight(context: CaseContext, _step: Step, messages: Messages) -> Iterator[Delivery]:
    """Show the delivery of the preflight; nothing is sent again.

    If Integration Webhooks have a URL of their own, a valid one is sent there.
    """
    if context.preflight is None:
        return
    yield context.preflight
    for message in messages[HEALTH_CHECK]:
        if context.has_two_urls and message.kind is not context.preflight.message.kind:
            url = context.endpoint.url(message.kind)
            yield context.sender.deliver(message, url, label=PREFLIGHT, attempts=1)


def send(context: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Send each message with a single attempt.

    Arguments: `message`, the name of the message spec; `token`, a variant of the token;
    `content-type`, the value of the header or `none`; `transfer`, the transfer mode; `method`, the
    HTTP method.
    """
    name, arguments = step.arguments["message"], step.arguments
    for built in messages[name]:
        message = _with_arguments(built, step)
        yield context.sender.deliver(
            message,
            context.url(message.kind, arguments.get("token", RIGHT)),
            label=name,
            attempts=1,
            transfer_mode=TransferMode(arguments.get("transfer", TransferMode.PLAIN)),
            method=arguments.get("method", "POST"),
        )


def exhaust_retries(context: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Deliver each message with a fault in every attempt, so that it is discarded in the end.

    Arguments: `message`; `fault`, `drop-response` by default. With `truncate-request` the partner
    never has the whole message.
    """
    name = step.arguments["message"]
    faults = (Fault(step.arguments.get("fault", Fault.DROP_RESPONSE)),) * context.attempts
    for message in messages[name]:
        url = context.endpoint.url(message.kind)
        yield context.sender.deliver(message, url, label=name, faults=faults)


def send_concurrently(context: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Deliver all messages at the same time, with all retries.

    Arguments: `message`; `copies`, how often each message is delivered, once by default.
    """
    name = step.arguments["message"]
    yield from context.sender.deliver_concurrently(
        [
            DeliveryOrder(message, context.endpoint.url(message.kind), name)
            for message in messages[name]
            for _ in range(step.arguments.get("copies", 1))
        ]
    )


def send_at_rate(context: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Send the messages at the peak rate, each with a single attempt. Argument: `message`."""
    name = step.arguments["message"]
    yield from context.sender.deliver_concurrently(
        [
            DeliveryOrder(
                message,
                context.endpoint.url(message.kind),
                name,
                delay_ms=number * 1000 / context.peak_rate,
            )
            for number, message in enumerate(messages[name])
        ],
        attempts=1,
    )


def send_increasing(context: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Send the messages one after another, each with a single attempt. Argument: `message`.

    After a timeout, messages with as many events or more are left out.
    """
    name = step.arguments["message"]
    too_many_events = math.inf
    for message in messages[name]:
        if len(message.events) >= too_many_events:
            continue
        url = context.endpoint.url(message.kind)
        delivery = context.sender.deliver(message, url, label=name, attempts=1)
        if delivery.attempts[-1].outcome in TIMEOUTS:
            too_many_events = len(message.events)
        yield delivery


def deliver(context: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Deliver each message as Mews does, with all retries.

    Arguments: `message`; `faults`, the faults of attempts 1, 2, …; `wait_each`, whether to wait
    after each delivery until its entities are fetched.
    """
    name = step.arguments["message"]
    faults = tuple(Fault(fault) for fault in step.arguments.get("faults", ()))
    for message in messages[name]:
        if message.kind is WebhookKind.WEBSOCKET:
            continue  # another step sends it, about the same entity
        url = context.endpoint.url(message.kind)
        yield context.sender.deliver(message, url, label=name, faults=faults)


def health_check(context: CaseContext, _step: Step, messages: Messages) -> Iterator[Delivery]:
    """Send the simplest valid message once, after a hostile one.

    If Integration Webhooks have a URL of their own and a hostile message went there, a valid one
    follows there too.
    """
    for message in messages[HEALTH_CHECK]:
        url = context.endpoint.url(message.kind)
        yield context.sender.deliver(message, url, label=HEALTH_CHECK, attempts=1)


def wait(context: CaseContext, step: Step, _messages: Messages) -> Iterator[Delivery]:
    """Wait without a delivery; the emulators keep observing. Argument: `seconds`."""
    context.wait(step.arguments["seconds"])
    yield from ()


def show_tls_handshakes(
    context: CaseContext, _step: Step, _messages: Messages
) -> Iterator[TlsHandshake]:
    """Show the TLS handshakes with each server, with certificates verified; made once in a run."""
    yield from context.tls_handshakes()


DELIVERY_STEPS: Mapping[str, DeliveryStep] = {
    "show-preflight": show_preflight,
    "send": send,
    "deliver": deliver,
    "exhaust-retries": exhaust_retries,
    "send-concurrently": send_concurrently,
    "send-at-rate": send_at_rate,
    "send-increasing": send_increasing,
    "health-check": health_check,
    "wait": wait,
    "show-tls-handshakes": show_tls_handshakes,
}


def run_steps(scenario: Scenario, messages: Messages, context: CaseContext) -> Transcript:
    """Run all steps of a scenario in order, and return everything that was observed."""
    deliveries: list[Delivery] = []
    tls_handshakes: list[TlsHandshake] = []
    with (
        ConnectorObserver(context, messages, deliveries) as observer,
        WebSocketSession(context, messages) as session,
    ):
        for step in scenario.steps:
            if step.name in WEBSOCKET_STEPS:
                WEBSOCKET_STEPS[step.name](session, step)
                continue
            if step.name in CONNECTOR_STEPS:
                CONNECTOR_STEPS[step.name](observer, step)
                continue
            for result in DELIVERY_STEPS[step.name](context, step, messages):
                if isinstance(result, Delivery):
                    deliveries.append(result)
                    observer.wait_after_delivery(step)
                else:
                    tls_handshakes.append(result)
        calls = observer.calls(everything=scenario.exclusive)
        is_streaming = scenario.stage is Stage.STREAMING
        return Transcript(
            tuple(deliveries),
            tuple(tls_handshakes),
            context.limits,
            calls,
            session.handshakes if is_streaming else (),
            session.connections if is_streaming else (),
            session.not_sent,
            session.undeliverable,
            api_served=context.connector_api is not None,
        )


def _with_arguments(message: Message, step: Step) -> Message:
    """Return the message with the step's content type; its description names all arguments."""
    arguments = {
        key: value for key, value in step.arguments.items() if key not in {"do", "message"}
    }
    if not arguments:
        return message
    content_type = arguments.get("content-type", message.content_type)
    remarks = ", ".join(f"{key} {value}" for key, value in arguments.items())
    return replace(
        message,
        content_type=None if content_type == "none" else content_type,
        description=f"{message.description} ({remarks})",
    )
