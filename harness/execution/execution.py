"""One execution of a scenario: what its steps act on, and what is observed meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from functools import singledispatch
from typing import Self

from pytest_mews.execution.call_observer import CallObserver
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.websocket_session import WebSocketSession
from pytest_mews.model import (
    Delivery,
    Message,
    Scenario,
    Stage,
    Step,
    TlsHandshake,
    Transcript,
    Validity,
    WebhookKind,
)

Messages = Mapping[str, tuple[Message, ...]]
"""The messages of a case, by the name of their message spec."""


class Execution:
    """One execution; a context manager: at its end injected faults and rejections end.

    Args:
        context: the context of the case.
        messages: the messages of the case, by the name of their spec.
        stage: that of the scenario.

    Attributes:
        deliveries: the deliveries so far.
        refused_action: the delivery of an Integration Webhook that the service did not accept, so
            that it can't process what follows for this integration; only in the Processing stage.
        tls_handshakes: the TLS handshakes that a step showed.
        calls: observes the calls to the Connector API emulator.
        websocket: what the execution sends on the WebSocket.
        api_faults: removes the faults that are injected into the Connector API emulator.
        at_end: undoes at the end of the execution what steps did to the Connector API emulator.
        faulted_ids: the entities that a fault was injected for.
        unaffected_ids: those of them that a removed fault never affected.
        fault_more_than: a fault affects requests for more than this many of them only.
        restarted: whether the harness has restarted the service.
        revivals: how often it has started a service with an endpoint again that had ended with its
            WebSocket connection.
        not_restarted: whether the harness tried to restart the service, and could not.

    """

    def __init__(
        self, context: CaseContext, messages: Messages, stage: Stage = Stage.DELIVERY
    ) -> None:
        self.context, self.messages, self._stage = context, dict(messages), stage
        self.deliveries: list[Delivery] = []
        self.refused_action: Delivery | None = None
        self.tls_handshakes: list[TlsHandshake] = []
        self.calls = CallObserver(context, messages, self.deliveries)
        self.websocket = WebSocketSession(context)
        self.api_faults, self.at_end = ExitStack(), ExitStack()
        self.faulted_ids: set[str] = set()
        self.unaffected_ids: set[str] = set()
        self.fault_more_than = 0
        self.restarted = self.not_restarted = False
        self._client_starts = context.client_starts()
        self.revivals = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.api_faults.close()
        self.at_end.close()
        self.websocket.close()

    @property
    def ends_early(self) -> bool:
        """Whether further steps would show nothing."""
        return self.not_restarted or self.refused_action is not None

    def add(self, delivery: Delivery) -> None:
        """Add a delivery with all retries, into whose last attempt no fault was injected."""
        self.deliveries.append(delivery)
        message = delivery.message
        is_action = message.kind is WebhookKind.INTEGRATION
        is_documented = message.validity is Validity.DOCUMENTED  # others it may refuse
        is_awaited = self._stage is Stage.PROCESSING and is_action and is_documented
        if is_awaited and not delivery.delivered:
            self.refused_action = delivery

    def transcript(self, scenario: Scenario) -> Transcript:
        """Return everything that was observed, as far as it concerns the scenario.

        The injected faults end.
        """
        self.api_faults.close()
        is_streaming = scenario.stage is Stage.STREAMING
        return Transcript(
            tuple(self.deliveries),
            tuple(self.tls_handshakes),
            self.context.limits,
            self.calls.calls(everything=scenario.exclusive),
            self.websocket.handshakes if is_streaming else (),
            self.websocket.connections if is_streaming else (),
            self.websocket.not_sent,
            self.websocket.undeliverable,
            api_served=self.context.connector_api is not None,
            faulted_ids=frozenset(self.faulted_ids),
            unaffected_ids=frozenset(self.unaffected_ids),
            fault_more_than=self.fault_more_than,
            still_busy=self.calls.still_busy,
            never_idle=self.calls.never_idle,
            commands_requested=self.websocket.commands_requested,
            not_restarted=self.not_restarted,
            refused_action=self.refused_action,
            client_restarts=(self.context.client_starts() - self._client_starts + self.revivals),
        )


@singledispatch
def perform(step: Step, _execution: Execution) -> None:
    """Perform a step; a function is registered for each class of step."""
    raise NotImplementedError(step.do)
