"""A rule-based state machine of Hypothesis that plays the integrations of several enterprises."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pytest_mews.kit.messages import build_lifecycle, id_source_maker, target
from pytest_mews.mews.lifecycle import CREATED, IntegrationState
from pytest_mews.model import Message
from pytest_mews.senders.connector import IntegrationStatus, integration_statuses
from pytest_mews.senders.connector.integration_lifecycle import (
    DUPLICATE,
    LifecycleStep,
    next_steps,
)
from pytest_mews.senders.ids import NEW_ENTERPRISE

TARGET = target()


class IntegrationMachine(RuleBasedStateMachine):
    """Connects enterprises, and sends whatever Mews could send next about one of them.

    A subclass says how a message is delivered, and what the service must know afterwards:

        class OurIntegrations(IntegrationMachine):
            def deliver(self, message):
                assert client.post("/webhooks/mews", content=message.body).status_code == 202

            def check(self, integration):
                assert database.token(integration.integration_id) == integration.credential

        TestOurIntegrations = OurIntegrations.TestCase

    It can have rules and invariants of its own, such as a restart of the service.
    """

    def __init__(self) -> None:
        super().__init__()
        self._integrations: list[_Integration] = []

    def deliver(self, message: Message) -> None:
        """Deliver a message; a subclass does."""
        raise NotImplementedError(f"{type(self).__name__} has no method deliver(message)")

    def check(self, integration: IntegrationStatus) -> None:
        """Check what the service knows about an integration; a subclass can.

        It is called after every step, for each integration whose status a service can know: if an
        older message came again, two sound services may differ, and it is left out.

        Args:
            integration: what Mews knows: `integration_id`, `enterprise_id`, `state`, `is_enabled`,
                and the `credential`, which is the newest access token or API key.

        """

    # Rules without preconditions: Hypothesis can leave out any step when it shrinks a failure.
    @initialize(is_enabled=st.booleans())
    def connect_first(self, is_enabled: bool) -> None:  # noqa: FBT001 - Hypothesis passes it by name
        """Connect the first enterprise."""
        self._connect(is_enabled=is_enabled)

    @rule(is_enabled=st.booleans())
    def connect(self, is_enabled: bool) -> None:  # noqa: FBT001 - Hypothesis passes it by name
        """Connect a new enterprise."""
        self._connect(is_enabled=is_enabled)

    @rule(number=st.integers(0, 2), data=st.data())
    def send_next(self, number: int, data: Any) -> None:  # noqa: ANN401 - Hypothesis doesn't export its type
        """Send what Mews could send next about an integration: an action, events, or a copy.

        Args:
            number: the integration, counted from the newest one.
            data: draws the message.

        """
        integration = self._integrations[-1 - number % len(self._integrations)]
        steps = {_name(step): step for step in integration.next_steps()}
        name = data.draw(st.sampled_from(list(steps)), label="message")
        self.deliver(integration.add(steps[name]))

    @invariant()
    def check_all(self) -> None:
        """Check every integration whose status a service can know."""
        for integration in self._integrations:
            status = integration.status
            if status.is_certain and status.is_credential_certain:
                self.check(status)

    def _connect(self, *, is_enabled: bool) -> None:
        integration = _Integration()
        state = IntegrationState.ENABLED if is_enabled else IntegrationState.DISABLED
        self._integrations.append(integration)
        self.deliver(integration.add(LifecycleStep(CREATED, state)))


class _Integration:
    """One integration of the machine: what Mews has sent about it so far.

    Attributes:
        status: its status at Mews after the last message.

    """

    def __init__(self) -> None:
        self._ids = id_source_maker()
        self._steps: tuple[LifecycleStep, ...] = ()
        self._messages: tuple[Message, ...] = ()
        self.status = IntegrationStatus("")

    def next_steps(self) -> tuple[LifecycleStep, ...]:
        """Return what Mews could send next."""
        return next_steps(self._steps, TARGET)

    def add(self, step: LifecycleStep) -> Message:
        """Add a step; return its message, with the ids of the ones before."""
        self._steps += (step,)
        ids = self._ids().for_enterprise(NEW_ENTERPRISE)
        message = build_lifecycle(self._steps, ids)[-1]
        self._messages += (message,)
        self.status = integration_statuses(self._messages)[-1]
        return message


def _name(step: LifecycleStep) -> str:
    """Return a name that is unique among possible steps."""
    if step.duplicate_of is not None:
        return f"{step.name} of step {step.duplicate_of + 1}{DUPLICATE}"
    state = f" ({step.state.value})" if step.name == CREATED else ""
    return step.name + state
