"""Performs the steps that deliver webhooks, show observations, restart the service, or wait."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from pytest_mews.delivery import DeliveryOrder
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.execution import Execution, Messages, perform
from pytest_mews.execution.preflight import deliver_preflight
from pytest_mews.model import Delivery, Message, WebhookKind
from pytest_mews.model.exchange import HEALTH_CHECK, TIMEOUTS
from pytest_mews.model.step import (
    RIGHT,
    Deliver,
    ExhaustRetries,
    HealthCheck,
    RestartService,
    Send,
    SendAtRate,
    SendConcurrently,
    SendIncreasing,
    ShowPreflight,
    ShowTlsHandshakes,
    Wait,
    WaitUntilFetched,
)
from pytest_mews.model.step_tables import step_to_table


@perform.register
def _show_preflight(_: ShowPreflight, execution: Execution) -> None:
    context = execution.context
    if context.preflight is None:
        return
    execution.deliveries.append(context.preflight)
    for message in execution.messages[HEALTH_CHECK]:
        if context.has_two_urls and message.kind is not context.preflight.message.kind:
            url = context.endpoint.url(message.kind)
            execution.deliveries.append(
                deliver_preflight(
                    context.deliverer, message, url, timeout_s=context.limits.answer_timeout_s
                )
            )


@perform.register
def _restart_service(_: RestartService, execution: Execution) -> None:
    context = execution.context
    if context.restart is not None:
        execution.restarted = context.restart()
        execution.not_restarted = not execution.restarted
        context.late_fetches.forget()
        if context.service is not None and execution.restarted:
            context.service.wait_for_return(context.report_wait)


@perform.register
def _send(step: Send, execution: Execution) -> None:
    for message in execution.messages[step.message]:
        execution.deliveries.append(
            execution.context.deliverer.deliver(
                _with_arguments(message, step),
                execution.context.endpoint.url(message.kind),
                label=step.message,
                attempts=1,
                transfer_mode=step.transfer,
                method=step.method,
                variant=step.token,
            )
        )
        _pause_after_action(message, execution)


@perform.register
def _deliver(step: Deliver, execution: Execution) -> None:
    for message in execution.messages[step.message]:
        if message.kind is WebhookKind.WEBSOCKET:
            continue  # another step sends it, about the same entity
        url = execution.context.endpoint.url(message.kind)
        execution.add(
            execution.context.deliverer.deliver(
                message, url, label=step.message, faults=step.faults
            )
        )
        if execution.ends_early:
            return
        _pause_after_action(message, execution)
        if step.wait_each:
            perform(WaitUntilFetched(), execution)
            if execution.calls.misses_fetch:
                return  # the later waits would last as long, for the same entity


@perform.register
def _exhaust_retries(step: ExhaustRetries, execution: Execution) -> None:
    faults = (step.fault,) * execution.context.attempts
    for message in execution.messages[step.message]:
        url = execution.context.endpoint.url(message.kind)
        execution.deliveries.append(
            execution.context.deliverer.deliver(message, url, label=step.message, faults=faults)
        )


@perform.register
def _send_concurrently(step: SendConcurrently, execution: Execution) -> None:
    execution.deliveries += execution.context.deliverer.deliver_concurrently(
        [
            DeliveryOrder(message, execution.context.endpoint.url(message.kind), step.message)
            for message in execution.messages[step.message]
            for _ in range(step.copies)
        ]
    )


@perform.register
def _send_at_rate(step: SendAtRate, execution: Execution) -> None:
    context = execution.context
    execution.deliveries += context.deliverer.deliver_concurrently(
        [
            DeliveryOrder(
                message,
                context.endpoint.url(message.kind),
                step.message,
                delay_ms=number * 1000 / context.peak_rate,
            )
            for number, message in enumerate(execution.messages[step.message])
        ],
        attempts=1,
    )


@perform.register
def _send_increasing(step: SendIncreasing, execution: Execution) -> None:
    too_many_events = math.inf
    for message in execution.messages[step.message]:
        if len(message.events) >= too_many_events:
            continue
        url = execution.context.endpoint.url(message.kind)
        delivery = execution.context.deliverer.deliver(message, url, label=step.message, attempts=1)
        if delivery.attempts[-1].outcome in TIMEOUTS:
            too_many_events = len(message.events)
        execution.deliveries.append(delivery)


@perform.register
def _health_check(_: HealthCheck, execution: Execution) -> None:
    execution.deliveries += send_health_checks(execution.context, execution.messages)


@perform.register
def _wait(step: Wait, execution: Execution) -> None:
    execution.context.wait(step.seconds)


@perform.register
def _show_tls_handshakes(_: ShowTlsHandshakes, execution: Execution) -> None:
    execution.tls_handshakes += execution.context.tls_handshakes()


def send_health_checks(context: CaseContext, messages: Messages) -> Iterator[Delivery]:
    """Send the valid messages of a health check, each with a single attempt."""
    for message in messages[HEALTH_CHECK]:
        url = context.endpoint.url(message.kind)
        yield context.deliverer.deliver(message, url, label=HEALTH_CHECK, attempts=1)


def _pause_after_action(message: Message, execution: Execution) -> None:
    pause_s = execution.context.action_pause_s
    if message.kind is WebhookKind.INTEGRATION and pause_s:
        execution.context.wait(pause_s)


def _with_arguments(message: Message, step: Send) -> Message:
    """Return the message with the step's content type; its description names how it is sent."""
    remarks = ", ".join(
        f"{key.replace('_', '-')} {value}"
        for key, value in step_to_table(step).items()
        if key in {"token", "content_type", "transfer", "method"}
    )
    if not remarks:
        return message
    content_type = step.content_type or message.content_type
    return replace(
        message,
        content_type=None if content_type == "none" else content_type,
        description=f"{message.description} ({remarks})",
        token_variant="" if step.token == RIGHT else step.token,
    )
