"""The vocabulary of steps: each verb a small function that delivers and returns what happened."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

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
DeliveryStep = Callable[[CaseContext, Step, Messages], Iterator[Delivery] | Iterator[TlsHandshake]]


def show_preflight(bench: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Show the one valid message that the preflight delivered, which is not sent again.

    Where Integration Webhooks have a URL of their own, a valid one is sent there.
    """
    if bench.preflight is None:
        return
    yield bench.preflight
    for message in messages[HEALTH_CHECK]:
        if bench.has_two_urls and message.kind is not bench.preflight.message.kind:
            url = bench.endpoint.url(message.kind)
            yield bench.courier.deliver(message, url, label=step.name, attempts=1)


def send(bench: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Send each message of the draw once: one attempt, no retry.

    `token` is a spelling of the secret, `content-type` the header's value or `none`, `manner` how
    the bytes travel, `method` another method than POST.
    """
    name, said = step.arguments["message"], step.arguments
    for drawn in messages[name]:
        message = _remarked(drawn, step)
        yield bench.courier.deliver(
            message,
            bench.address(message.kind, said.get("token", RIGHT)),
            label=name,
            attempts=1,
            manner=TransferMode(said.get("transfer", TransferMode.PLAIN)),
            method=said.get("method", "POST"),
        )


def exhaust_retries(bench: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Spoil every attempt, so that each message is discarded in the end.

    `fault` is how: by default the answer is lost; with `cut-body` the partner never has it whole.
    """
    name = step.arguments["message"]
    faults = (Fault(step.arguments.get("fault", Fault.DROP_RESPONSE)),) * bench.attempts
    for message in messages[name]:
        url = bench.endpoint.url(message.kind)
        yield bench.courier.deliver(message, url, label=name, faults=faults)


def send_concurrently(bench: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Deliver all messages of the draw at once, each in `copies`, with all retries."""
    name = step.arguments["message"]
    yield from bench.courier.deliver_concurrently(
        [
            DeliveryOrder(message, bench.endpoint.url(message.kind), name)
            for message in messages[name]
            for _ in range(step.arguments.get("copies", 1))
        ]
    )


def send_at_rate(bench: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Send the messages of the draw on schedule, at the bench's rate; one attempt each."""
    name = step.arguments["message"]
    yield from bench.courier.deliver_concurrently(
        [
            DeliveryOrder(
                message, bench.endpoint.url(message.kind), name, after_ms=n * 1000 / bench.peak_rate
            )
            for n, message in enumerate(messages[name])
        ],
        attempts=1,
    )


def send_increasing(bench: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Send each message once, in turn; none as large again as one that took too long."""
    name = step.arguments["message"]
    too_large = math.inf
    for message in messages[name]:
        if len(message.events) >= too_large:
            continue
        url = bench.endpoint.url(message.kind)
        delivery = bench.courier.deliver(message, url, label=name, attempts=1)
        if delivery.attempts[-1].outcome in TIMEOUTS:
            too_large = len(message.events)
        yield delivery


def deliver(bench: CaseContext, step: Step, messages: Messages) -> Iterator[Delivery]:
    """Deliver each message as Mews would, with all retries; `faults` spoil attempts 1, 2, …."""
    name = step.arguments["message"]
    faults = tuple(Fault(fault) for fault in step.arguments.get("faults", ()))
    for message in messages[name]:
        if message.kind is WebhookKind.WEBSOCKET:
            continue  # one about the same, for another step
        url = bench.endpoint.url(message.kind)
        yield bench.courier.deliver(message, url, label=name, faults=faults)


def _remarked(message: Message, step: Step) -> Message:
    """Give the message its content type, and say in its description what is special about it."""
    said = {key: value for key, value in step.arguments.items() if key not in {"do", "message"}}
    if not said:
        return message
    content_type = said.get("content-type", message.content_type)
    remarks = ", ".join(f"{key} {value}" for key, value in said.items())
    return replace(
        message,
        content_type=None if content_type == "none" else content_type,
        description=f"{message.description} ({remarks})",
    )


def health_check(bench: CaseContext, _step: Step, messages: Messages) -> Iterator[Delivery]:
    """Send the canonical valid message once, after something hostile.

    Where Integration Webhooks have a URL of their own and something hostile went there, a valid
    one goes there too.
    """
    for message in messages[HEALTH_CHECK]:
        url = bench.endpoint.url(message.kind)
        yield bench.courier.deliver(message, url, label=HEALTH_CHECK, attempts=1)


def wait(bench: CaseContext, step: Step, _messages: Messages) -> Iterator[Delivery]:
    """Let `seconds` pass without a delivery; the emulators keep observing."""
    bench.wait(step.arguments["seconds"])
    yield from ()


def show_tls_handshakes(
    bench: CaseContext, _step: Step, _messages: Messages
) -> Iterator[TlsHandshake]:
    """Show what TLS handshakes with each server showed, certificates verified; once in a run."""
    yield from bench.handshakes()


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


def run_steps(scenario: Scenario, messages: Messages, bench: CaseContext) -> Transcript:
    """Play all steps in order; the transcript holds all that was seen of it."""
    deliveries: list[Delivery] = []
    handshakes: list[TlsHandshake] = []
    with (
        ConnectorObserver(bench, messages, deliveries) as watch,
        WebSocketSession(bench, messages) as tap,
    ):
        for step in scenario.steps:
            if step.name in WEBSOCKET_STEPS:
                WEBSOCKET_STEPS[step.name](tap, step)
                continue
            if step.name in CONNECTOR_STEPS:
                CONNECTOR_STEPS[step.name](watch, step)
                continue
            for seen in DELIVERY_STEPS[step.name](bench, step, messages):
                if isinstance(seen, Delivery):
                    deliveries.append(seen)
                    watch.wait_if_asked(step)
                else:
                    handshakes.append(seen)
        calls = watch.calls(everything=scenario.exclusive)
        streamed = scenario.stage is Stage.STREAMING
        return Transcript(
            tuple(deliveries),
            tuple(handshakes),
            bench.limits,
            calls,
            tap.handshakes if streamed else (),
            tap.connections if streamed else (),
            tap.not_sent,
            tap.unsent,
            api_served=bench.twin is not None,
        )
