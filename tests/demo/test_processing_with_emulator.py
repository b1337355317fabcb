"""The demo partner with the Connector API emulator, end to end over sockets."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import DemoPartner
from pytest_mews.demo.webhook_bodies import ENTITY_KINDS
from pytest_mews.emulator.connector_api import ConnectorApi, ConnectorApiServer
from pytest_mews.model import ApiCall, ApiFault, Message, RequestProblem, TokenState, WebhookKind
from pytest_mews.model.fetches import OPERATIONS_BY_DISCRIMINATOR
from tests.demo.webhook_client import ENTERPRISE_ID, integration_created, integration_webhook, send

FIRST, SECOND = (tenant.id for tenant in DEFAULT_TENANTS.enterprises)
TIMEOUT_S = 20.0
NEW_KEY = "B1" * 16 + "-" + "B1" * 16


class EmulatorSession:
    """A demo partner, the Connector API emulator that it calls, and the messages to both."""

    def __init__(self, partner: DemoPartner, api: ConnectorApi) -> None:
        self.partner, self.api = partner, api

    def update(self, discriminator: str, *ids: str, enterprise: str = FIRST) -> tuple[str, ...]:
        """Deliver events about entities; by default about a new one. Return their ids."""
        ids = ids or (str(uuid.uuid4()),)
        events = [{"Discriminator": discriminator, "Value": {"Id": entity_id}} for entity_id in ids]
        document = {"EnterpriseId": enterprise, "IntegrationId": enterprise, "Events": events}
        self.deliver(json.dumps(document).encode())
        return ids

    def deliver(self, body: bytes) -> None:
        """Apply a message to the emulator, then deliver it to the partner."""
        self.api.apply_message(Message(WebhookKind.GENERAL, body, (), ""))
        assert send(self.partner.url, body).status == 202

    def wait_until(self, condition: Callable[[tuple[ApiCall, ...]], bool]) -> tuple[ApiCall, ...]:
        """Wait until a condition holds for the calls; return them."""
        assert self.api.wait_until(condition, 0, TIMEOUT_S), self.api.calls()
        return self.api.calls()

    def is_stored(self, entity: str, *ids: str) -> bool:
        """Wait for entities of the first enterprise; return whether they are stored in time."""
        assert self.partner.workers is not None
        updated_at = self.partner.workers.entities.updated_at
        deadline = time.monotonic() + TIMEOUT_S
        while not all(updated_at(FIRST, entity, entity_id) for entity_id in ids):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def wait_until_fetched(self, discriminator: str, *ids: str) -> tuple[ApiCall, ...]:
        """Wait until an operation for the event has returned the entities; return the calls."""
        operations = OPERATIONS_BY_DISCRIMINATOR[discriminator]
        return self.wait_until(
            lambda calls: (
                set(ids)
                <= {
                    entity_id
                    for call in calls
                    if call.operation in operations and call.answered_ok
                    for entity_id in call.returned_ids
                }
            ),
        )


# What the same request gets again: the partner repeats none of them.
FINAL = {
    ApiFault.BAD_REQUEST,
    ApiFault.FORBIDDEN,
    ApiFault.CONFLICT,
    ApiFault.CONTENT_TOO_LARGE,
}


@pytest.fixture
def start() -> Iterator[Callable[..., EmulatorSession]]:
    """A function that starts a session with the demo partner of a name."""
    with ExitStack() as stack:

        def start_session(
            name: str = "sound", *, enforce_rate_limit: bool = False
        ) -> EmulatorSession:
            started = time.monotonic()
            api = ConnectorApi(
                DEFAULT_TENANTS,
                lambda: 1000 * (time.monotonic() - started),
                started_utc=datetime.now(UTC),
                enforce_rate_limit=enforce_rate_limit,
            )
            server = ConnectorApiServer(api)
            server.start()
            stack.callback(server.stop)
            partner = DemoPartner(name, tenants=DEFAULT_TENANTS, api=server.url)
            stack.enter_context(partner)
            return EmulatorSession(partner, api)

        yield start_session


@pytest.mark.parametrize("name", ["sound", "reads-by-interval", "slow-worker", "one-worker"])
def test_everything_is_fetched_soundly(start: Callable[..., EmulatorSession], name: str) -> None:
    """The entities of all events of both enterprises are fetched, without a request problem."""
    session = start(name)
    for count in (1, 9):
        updates = []
        for discriminator in ENTITY_KINDS:
            for enterprise in (FIRST, SECOND):
                new_ids = [str(uuid.uuid4()) for _ in range(count)]
                updates.append(
                    (discriminator, session.update(discriminator, *new_ids, enterprise=enterprise))
                )
        for discriminator, ids in updates:
            calls = session.wait_until_fetched(discriminator, *ids)
    assert {problem for call in calls for problem in call.request_problems} == set()
    assert {call.status for call in calls} == {200}
    assert {call.enterprise_id for call in calls} == {FIRST, SECOND}


def test_a_whole_batch_is_fetched_in_one_request(start: Callable[..., EmulatorSession]) -> None:
    """Five hundred reservations are fetched with one call, and all are stored."""
    session = start()
    ids = tuple(str(uuid.uuid4()) for _ in range(500))
    session.update("ServiceOrderUpdated", *ids)
    (call,) = session.wait_until_fetched("ServiceOrderUpdated", *ids)
    assert set(call.requested_ids) == set(ids)
    assert session.is_stored("reservations", *ids)


@pytest.mark.parametrize(
    "fault", [fault for fault in ApiFault if fault not in {ApiFault.SLOW, *FINAL}]
)
def test_a_fetch_is_retried_after_every_injected_fault(
    start: Callable[..., EmulatorSession], fault: ApiFault
) -> None:
    """The partner retries until the emulator returns the entity."""
    session = start()
    entity = str(uuid.uuid4())
    session.api.inject_fault(fault, frozenset({entity}), times=2)
    session.update("PaymentUpdated", entity)
    calls = session.wait_until_fetched("PaymentUpdated", entity)
    assert len(calls) == (1 if fault is ApiFault.UNKNOWN_FIELDS else 3)
    assert session.is_stored("payments", entity)


@pytest.mark.parametrize(
    ("fault", "requested"),
    [(ApiFault.REQUEST_TIMEOUT, [2, 2, 4]), (ApiFault.CONTENT_TOO_LARGE, [1, 1, 1, 1, 2, 2, 4])],
)
def test_a_request_that_is_too_large_is_split(
    start: Callable[..., EmulatorSession], fault: ApiFault, requested: list[int]
) -> None:
    """The partner halves a request until the emulator answers it: after a 408, once."""
    session = start()
    ids = tuple(str(uuid.uuid4()) for _ in range(4))
    session.api.inject_fault(fault, frozenset(ids), times=None, more_than=1)
    session.update("PaymentUpdated", *ids)
    calls = session.wait_until_fetched("PaymentUpdated", *ids)
    assert sorted(len(call.requested_ids) for call in calls) == requested
    assert session.is_stored("payments", *ids)


def test_the_lifecycle_of_an_integration(start: Callable[..., EmulatorSession]) -> None:
    """The partner uses the access token, then the new key; it fetches nothing while disabled."""
    session = start()
    session.update("CustomerAdded", "early", enterprise=ENTERPRISE_ID)
    session.deliver(integration_created(AccessToken="B0" * 16))
    session.wait_until_fetched("CustomerAdded", "early")
    session.deliver(integration_webhook("IntegrationApiKeyCreated", ApiKey=NEW_KEY))
    session.update("CustomerUpdated", "early", enterprise=ENTERPRISE_ID)
    calls = session.wait_until(lambda calls: len(calls) == 2)
    assert [call.token_state for call in calls[:2]] == [TokenState.CURRENT, TokenState.CURRENT]
    session.deliver(integration_webhook("IntegrationDisabled"))
    session.update("PaymentUpdated", "meanwhile", enterprise=ENTERPRISE_ID)
    assert not session.api.wait_until(lambda calls: len(calls) > 2, 0, 0.5)
    session.deliver(integration_webhook("IntegrationEnabled"))
    calls = session.wait_until_fetched("PaymentUpdated", "meanwhile")
    assert {call.enterprise_id for call in calls} == {ENTERPRISE_ID}
    assert {problem for call in calls for problem in call.request_problems} == set()


def test_the_rate_limit_is_respected(start: Callable[..., EmulatorSession]) -> None:
    """A partner that fetches each entity separately gets a 429, and waits."""
    session = start("fetch-per-event", enforce_rate_limit=True)
    ids = tuple(str(uuid.uuid4()) for _ in range(250))
    session.update("PaymentUpdated", *ids)
    calls = session.wait_until(lambda calls: any(call.status == 429 for call in calls))
    assert not session.api.wait_until(lambda calls: len(calls) > 220, 0, 1.0)
    assert len({entity_id for call in calls for entity_id in call.returned_ids}) <= 200


@pytest.mark.parametrize(
    ("flaw", "discriminator", "problems"),
    [
        ("trailing-slash-path", "CustomerUpdated", {RequestProblem.PATH_SPELLING}),
        ("no-client-name", "CustomerUpdated", {RequestProblem.NO_CLIENT}),
        ("deprecated-extents", "CustomerUpdated", {RequestProblem.DEPRECATED_EXTENT}),
        ("deprecated-extents", "ResourceUpdated", {RequestProblem.DEPRECATED_EXTENT}),
        ("deprecated-operation", "ServiceOrderUpdated", {RequestProblem.DEPRECATED_OPERATION}),
    ],
)
def test_request_problems_are_detected(
    start: Callable[..., EmulatorSession],
    flaw: str,
    discriminator: str,
    problems: set[RequestProblem],
) -> None:
    """The emulator reports exactly the problem of each request flaw."""
    session = start(flaw)
    session.update(discriminator)
    calls = session.wait_until(lambda calls: bool(calls and calls[0].answered_ms is not None))
    assert set(calls[0].request_problems) == problems


def test_the_deprecated_operation_returns_the_entity(start: Callable[..., EmulatorSession]) -> None:
    """A deprecated operation still works."""
    session = start("deprecated-operation")
    ids = session.update("ServiceOrderUpdated")
    assert session.wait_until_fetched("ServiceOrderUpdated", *ids)
