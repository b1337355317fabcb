"""The embedded partner and the twin of the Connector API, end to end over sockets."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.demo import DemoPartner
from pytest_mews.demo.webhook_bodies import ENTITIES
from pytest_mews.emulator.connector_api import ConnectorApi, ConnectorApiServer
from pytest_mews.model import ApiCall, ApiFault, Message, RequestProblem, TokenState, WebhookKind
from pytest_mews.model.fetches import OPERATIONS_BY_DISCRIMINATOR
from tests.demo.client import ENTERPRISE, created, integration, send

FIRST, SECOND = (tenant.id for tenant in DEFAULT.enterprises)
SOON_S = 20.0
NEW_KEY = "B1" * 16 + "-" + "B1" * 16


class Stage:
    """A partner by name, the twin that it calls, and the messages between them."""

    def __init__(self, partner: DemoPartner, twin: ConnectorApi) -> None:
        self.partner, self.twin = partner, twin

    def tell(self, discriminator: str, *ids: str, enterprise: str = FIRST) -> tuple[str, ...]:
        """Let entities change and deliver the message; new ones where no ids are given."""
        ids = ids or (str(uuid.uuid4()),)
        events = [{"Discriminator": discriminator, "Value": {"Id": each}} for each in ids]
        document = {"EnterpriseId": enterprise, "IntegrationId": enterprise, "Events": events}
        self.say(json.dumps(document).encode())
        return ids

    def say(self, body: bytes) -> None:
        """Deliver a message, which is true from before it is sent."""
        self.twin.apply_message(Message(WebhookKind.GENERAL, body, (), ""))
        assert send(self.partner.url, body).status == 202

    def until(self, holds: Callable[[tuple[ApiCall, ...]], bool]) -> tuple[ApiCall, ...]:
        """Wait until something holds of the calls, and give them."""
        assert self.twin.wait_until(holds, 0, SOON_S), self.twin.calls()
        return self.twin.calls()

    def stored(self, entity: str, *ids: str) -> bool:
        """Wait until the first enterprise's entities are stored; tell whether it came to that."""
        assert self.partner.processing is not None
        changed = self.partner.processing.store.changed
        give_up = time.monotonic() + SOON_S
        while not all(changed(FIRST, entity, each) for each in ids):
            if time.monotonic() > give_up:
                return False
            time.sleep(0.01)
        return True

    def fetched(self, discriminator: str, *ids: str) -> tuple[ApiCall, ...]:
        """Wait until entities were handed over by an operation that gives them."""
        operations = OPERATIONS_BY_DISCRIMINATOR[discriminator]
        return self.until(
            lambda calls: (
                set(ids)
                <= {
                    name
                    for call in calls
                    if call.operation in operations and call.answered_ok
                    for name in call.returned
                }
            ),
        )


@pytest.fixture
def stage() -> Iterator[Callable[..., Stage]]:
    """Put partners on stage by name."""
    with ExitStack() as running:

        def play(name: str = "sound", *, quota: bool = False) -> Stage:
            started = time.monotonic()
            twin = ConnectorApi(
                DEFAULT,
                lambda: 1000 * (time.monotonic() - started),
                began=datetime.now(UTC),
                enforce_quota=quota,
            )
            server = ConnectorApiServer(twin)
            server.start()
            running.callback(server.stop)
            partner = DemoPartner(name, tenants=DEFAULT, api=server.url)
            running.enter_context(partner)
            return Stage(partner, twin)

        yield play


@pytest.mark.parametrize("name", ["sound", "reads-by-interval", "slow-worker", "one-worker"])
def test_everything_is_fetched_soundly(stage: Callable[..., Stage], name: str) -> None:
    """Every kind of event of both enterprises is fetched, by requests without a fault."""
    played = stage(name)
    for count in (1, 9):
        told = [
            (each, played.tell(each, *(str(uuid.uuid4()) for _ in range(count)), enterprise=whose))
            for each in ENTITIES
            for whose in (FIRST, SECOND)
        ]
        for discriminator, ids in told:
            calls = played.fetched(discriminator, *ids)
    assert {misstep for call in calls for misstep in call.request_problems} == set()
    assert {call.status for call in calls} == {200}
    assert {call.enterprise_id for call in calls} == {FIRST, SECOND}


def test_a_whole_batch_is_fetched_in_one_request(stage: Callable[..., Stage]) -> None:
    """Five hundred reservations are one call, and each of them came."""
    played = stage()
    ids = tuple(str(uuid.uuid4()) for _ in range(500))
    played.tell("ServiceOrderUpdated", *ids)
    (call,) = played.fetched("ServiceOrderUpdated", *ids)
    assert set(call.asked) == set(ids)
    assert played.stored("reservations", *ids)


@pytest.mark.parametrize("fault", [each for each in ApiFault if each is not ApiFault.SLOW])
def test_every_fault_is_overcome(stage: Callable[..., Stage], fault: ApiFault) -> None:
    """What the twin does wrong on purpose is asked again until it is right."""
    played = stage()
    entity = str(uuid.uuid4())
    played.twin.inject_fault(fault, frozenset({entity}), times=2)
    played.tell("PaymentUpdated", entity)
    calls = played.fetched("PaymentUpdated", entity)
    assert len(calls) == (1 if fault is ApiFault.UNKNOWN_FIELDS else 3)
    assert played.stored("payments", entity)


def test_a_life_of_an_integration(stage: Callable[..., Stage]) -> None:
    """The new enterprise's token, then its new key, nothing while it is off, and all of it then."""
    played = stage()
    played.tell("CustomerAdded", "early", enterprise=ENTERPRISE)
    played.say(created(AccessToken="B0" * 16))
    played.fetched("CustomerAdded", "early")
    played.say(integration("IntegrationApiKeyCreated", ApiKey=NEW_KEY))
    played.tell("CustomerUpdated", "early", enterprise=ENTERPRISE)
    calls = played.until(lambda calls: len(calls) == 2)
    assert [call.token for call in calls[:2]] == [TokenState.CURRENT, TokenState.CURRENT]
    played.say(integration("IntegrationDisabled"))
    played.tell("PaymentUpdated", "meanwhile", enterprise=ENTERPRISE)
    assert not played.twin.wait_until(lambda calls: len(calls) > 2, 0, 0.5)
    played.say(integration("IntegrationEnabled"))
    calls = played.fetched("PaymentUpdated", "meanwhile")
    assert {call.enterprise_id for call in calls} == {ENTERPRISE}
    assert {misstep for call in calls for misstep in call.request_problems} == set()


def test_the_quota_is_respected(stage: Callable[..., Stage]) -> None:
    """One who asks for each entity alone is told to wait, and waits."""
    played = stage("fetch-per-event", quota=True)
    ids = tuple(str(uuid.uuid4()) for _ in range(250))
    played.tell("PaymentUpdated", *ids)
    calls = played.until(lambda calls: any(call.status == 429 for call in calls))
    assert not played.twin.wait_until(lambda seen: len(seen) > 220, 0, 1.0)
    assert len({name for call in calls for name in call.returned}) <= 200


@pytest.mark.parametrize(
    ("flaw", "discriminator", "missteps"),
    [
        ("trailing-slash-path", "CustomerUpdated", {RequestProblem.PATH_SPELLING}),
        ("no-client-name", "CustomerUpdated", {RequestProblem.NO_CLIENT}),
        ("deprecated-extents", "CustomerUpdated", {RequestProblem.DEPRECATED_EXTENT}),
        ("deprecated-extents", "ResourceUpdated", {RequestProblem.DEPRECATED_EXTENT}),
        ("old-operation", "ServiceOrderUpdated", {RequestProblem.DEPRECATED_OPERATION}),
    ],
)
def test_missteps_are_seen(
    stage: Callable[..., Stage], flaw: str, discriminator: str, missteps: set[RequestProblem]
) -> None:
    """A request that is not as documented is told apart by exactly what is wrong with it."""
    played = stage(flaw)
    played.tell(discriminator)
    calls = played.until(lambda calls: bool(calls and calls[0].answered_ms is not None))
    assert set(calls[0].request_problems) == missteps


def test_the_deprecated_operation_gives_the_entity(stage: Callable[..., Stage]) -> None:
    """Deprecated is not gone."""
    played = stage("old-operation")
    ids = played.tell("ServiceOrderUpdated")
    assert played.fetched("ServiceOrderUpdated", *ids)
