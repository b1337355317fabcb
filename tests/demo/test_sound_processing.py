"""What the sound partner fetches over real sockets, from a scripted Connector API."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import DemoPartner
from pytest_mews.demo.processing.entity_readers import time_interval
from tests.demo.conftest import StartApiPartner
from tests.demo.scripted_api import (
    BROKEN_CONNECTION,
    TIMEOUT_S,
    ApiRequest,
    ScriptedApi,
    ScriptedFault,
    deliver,
    updates,
)
from tests.demo.webhook_client import (
    ENTERPRISE_ID,
    general_webhook,
    integration_created,
    integration_webhook,
    send,
)

FIRST, SECOND = DEFAULT_TENANTS.enterprises
OPERATIONS = {
    "ServiceOrderUpdated": "reservations/getAll/2023-06-06",
    "ResourceUpdated": "resources/getAll",
    "ResourceBlockUpdated": "resourceBlocks/getAll",
    "CustomerAdded": "customers/getAll",
    "CustomerUpdated": "customers/getAll",
    "PaymentUpdated": "payments/getAll",
}
FAULTS = {
    "429": ScriptedFault(429, {"Retry-After": "0"}),
    "429 alone": ScriptedFault(429),
    "401": ScriptedFault(401),
    "408": ScriptedFault(408),
    "500": ScriptedFault(500),
    "503": ScriptedFault(503),
    "break": ScriptedFault(body=BROKEN_CONNECTION),
    "no JSON": ScriptedFault(200, body=b"<html>"),
    "no collection": ScriptedFault(200, body=b"{}"),
}


def ids_of(requests: list[ApiRequest]) -> list[str]:
    """Return every requested id, as often as it was requested."""
    return sorted(name for request in requests for name in request.ids)


@pytest.mark.parametrize("discriminator", OPERATIONS)
def test_the_entity_of_an_event_is_fetched(
    api: ScriptedApi, start_api_partner: StartApiPartner, discriminator: str
) -> None:
    """The partner makes one request, with the operation that the documentation names."""
    deliver(start_api_partner(), updates("a", discriminator=discriminator))
    (request,) = api.wait_until_idle()
    assert (request.operation, request.ids) == (OPERATIONS[discriminator], ["a"])
    assert request.body["Limitation"] == {"Count": 1000}
    assert request.body["ClientToken"] == DEFAULT_TENANTS.client_token
    assert request.token == FIRST.access_token


def test_messages_are_fetched_by_thread(
    api: ScriptedApi, start_api_partner: StartApiPartner
) -> None:
    """The partner reads recent threads, then the messages since shortly before the event."""
    api.known_ids = ("thread-1", "thread-2")
    deliver(start_api_partner(), updates("a", "b", discriminator="MessageAdded"))
    threads, messages = api.wait_until_idle()
    assert threads.operation == "messageThreads/getAll"
    assert messages.operation == "messages/getAll"
    assert messages.body["MessageThreadIds"] == ["thread-1", "thread-2"]
    intervals = [
        {name: datetime.fromisoformat(time) for name, time in request.body["CreatedUtc"].items()}
        for request in (threads, messages)
    ]
    lengths = [interval["EndUtc"] - interval["StartUtc"] for interval in intervals]
    assert timedelta(days=79) < lengths[0] < timedelta(days=89)  # the documented maximum: 3 months
    assert timedelta(minutes=5) < lengths[1] < timedelta(days=1)


def test_without_threads_no_messages_are_fetched(
    api: ScriptedApi, start_api_partner: StartApiPartner
) -> None:
    """`MessageThreadIds` must not be empty."""
    deliver(start_api_partner(), updates("a", discriminator="MessageAdded"))
    assert [request.operation for request in api.wait_until_idle()] == ["messageThreads/getAll"]


def test_a_batch_is_fetched_in_one_request(
    api: ScriptedApi, start_api_partner: StartApiPartner
) -> None:
    """Five hundred events cause one request."""
    names = [str(number) for number in range(500)]
    deliver(start_api_partner(), updates(*names))
    (request,) = api.wait_until_idle()
    assert set(request.ids) == set(names)


def test_pages_are_read_to_the_end(api: ScriptedApi, start_api_partner: StartApiPartner) -> None:
    """After a full page the partner asks for the next one, with the cursor."""
    api.known_ids = tuple(f"{number:04}" for number in range(1500))
    deliver(start_api_partner(), updates("a", discriminator="MessageAdded"))
    requests = api.wait_until_idle()
    operations = [request.operation for request in requests]
    assert operations == ["messageThreads/getAll"] * 2 + ["messages/getAll"] * 4
    cursors = [request.body["Limitation"].get("Cursor") for request in requests]
    assert cursors == [None, "0999", None, "0999", None, "0999"]


def test_every_event_of_a_mixed_batch_is_fetched(
    api: ScriptedApi, start_api_partner: StartApiPartner
) -> None:
    """Each kind of entity is fetched once, a new customer too; an unknown event is ignored."""
    body = general_webhook(
        "CustomerAdded",
        "CustomerUpdated",
        "BillUpdated",
        "PaymentUpdated",
        "ServiceOrderUpdated",
        ids=("c", "c", "x", "same", "same"),
        EnterpriseId=FIRST.id,
    )
    deliver(start_api_partner(), body)
    fetched = sorted((request.operation, *request.ids) for request in api.wait_until_idle())
    assert fetched == [
        ("customers/getAll", "c"),
        ("payments/getAll", "same"),
        ("reservations/getAll/2023-06-06", "same"),
    ]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_failed_fetch_is_retried(
    api: ScriptedApi, start_api_partner: StartApiPartner, fault: ScriptedFault
) -> None:
    """The partner fetches in the end what it has acknowledged."""
    api.faults = [fault]
    partner = start_api_partner()
    deliver(partner, updates("a"))
    requests = api.wait_until(lambda requests: len(requests) == 2)
    assert ids_of(requests) == ["a", "a"]
    api.wait_until_idle()
    assert partner.workers is not None
    assert partner.workers.entities.updated_at(FIRST.id, "customers", "a") is not None


def test_a_malformed_request_is_not_retried(
    api: ScriptedApi, start_api_partner: StartApiPartner
) -> None:
    """The partner does not repeat a request that was answered with 400; it makes the next one."""
    api.faults = [ScriptedFault(400)]
    partner = start_api_partner()
    deliver(partner, updates("a"))
    api.wait_until(len)
    deliver(partner, updates("b"))
    assert ids_of(api.wait_until_idle()) == ["a", "b"]


def test_retry_after_pauses_the_enterprise(
    api: ScriptedApi, start_api_partner: StartApiPartner
) -> None:
    """The limit belongs to the AccessToken: the partner makes no other request with it."""
    api.faults = [ScriptedFault(429, {"Retry-After": "1"})]
    partner = start_api_partner()
    deliver(partner, updates("a"))
    refused = api.wait_until(len)[0]
    deliver(partner, updates("b", discriminator="PaymentUpdated"))
    deliver(partner, updates("c", enterprise=SECOND.id))
    requests = api.wait_until(lambda requests: len(requests) == 4)
    assert requests[1].token == SECOND.access_token
    assert all(request.at_s - refused.at_s >= 1 for request in requests[2:])


def test_a_change_during_its_fetch_is_fetched_again(
    api: ScriptedApi, start_api_partner: StartApiPartner
) -> None:
    """A response that was on its way may be older than the change."""
    api.faults = [ScriptedFault(delay_s=TIMEOUT_S)]
    partner = start_api_partner()
    deliver(partner, updates("a"))
    api.wait_until(len)
    deliver(partner, updates("a"))
    assert ids_of(api.wait_until(lambda requests: len(requests) == 2)) == ["a", "a"]
    api.released.set()
    assert len(api.wait_until_idle()) == 2


def test_the_newest_state_wins(api: ScriptedApi, start_api_partner: StartApiPartner) -> None:
    """An older state does not replace a newer one."""
    partner = start_api_partner()
    assert partner.workers is not None
    for updated_utc, count in (
        ("2026-01-02T00:00:00Z", 1),
        ("2026-01-01T00:00:00.5Z", 2),
        ("?", 3),
    ):
        api.updated_utc = updated_utc
        deliver(partner, updates("a"))
        api.wait_until(lambda requests, count=count: len(requests) == count)  # type: ignore[misc]
        api.wait_until_idle()
    updated_at = partner.workers.entities.updated_at(FIRST.id, "customers", "a")
    assert updated_at == datetime.fromisoformat("2026-01-02T00:00:00Z")


def test_each_enterprise_has_its_own_token(
    api: ScriptedApi, start_api_partner: StartApiPartner
) -> None:
    """Two enterprises are never mixed, and nothing is fetched for an unknown one."""
    partner = start_api_partner()
    deliver(partner, updates("a"), updates("b", enterprise=SECOND.id))
    deliver(partner, updates("c", enterprise=ENTERPRISE_ID))
    assert {(request.token, *request.ids) for request in api.wait_until_idle()} == {
        (FIRST.access_token, "a"),
        (SECOND.access_token, "b"),
    }


def test_integration_webhooks_decide_what_is_fetched(
    api: ScriptedApi, start_api_partner: StartApiPartner
) -> None:
    """Created, new key, disabled, enabled, deleted: each changes what the partner fetches."""
    partner = start_api_partner()
    deliver(partner, updates("early", enterprise=ENTERPRISE_ID))
    deliver(partner, integration_created())
    assert [(request.token, *request.ids) for request in api.wait_until(len)] == [
        ("first-access-token", "early")
    ]
    deliver(partner, integration_webhook("IntegrationApiKeyCreated", ApiKey="second"))
    deliver(partner, updates("b", enterprise=ENTERPRISE_ID))
    assert api.wait_until(lambda requests: len(requests) == 2)[1].token == "second"
    deliver(
        partner, integration_webhook("IntegrationDisabled"), updates("c", enterprise=ENTERPRISE_ID)
    )
    assert len(api.wait_until_idle()) == 2
    deliver(partner, integration_webhook("IntegrationEnabled"))
    assert api.wait_until(lambda requests: len(requests) == 3)[2].ids == ["c"]
    deliver(
        partner, integration_webhook("IntegrationDeleted"), updates("d", enterprise=ENTERPRISE_ID)
    )
    assert len(api.wait_until_idle()) == 3


def test_nothing_is_fetched_without_an_accepted_event(
    api: ScriptedApi, start_api_partner: StartApiPartner
) -> None:
    """Not after a wrong token, a null event or an unknown event, and not without a message."""
    partner = start_api_partner()
    wrong = partner.url.replace("Token=", "Token=x")
    assert send(wrong, updates("a")).status == 401
    null = b'{"EnterpriseId": "e", "IntegrationId": "i", "Events": [null]}'
    assert send(partner.url, null).status == 400
    deliver(partner, general_webhook("BillUpdated", EnterpriseId=FIRST.id))
    assert api.wait_until_idle() == []


def test_without_an_api_nothing_is_fetched() -> None:
    """The changes stay in the backlog."""
    with DemoPartner(tenants=DEFAULT_TENANTS) as partner:
        deliver(partner, updates("a"))
        partner._accepted.join()
        assert partner.workers is None
        assert partner.state.changed == {(FIRST.id, "customers"): {"a"}}


@pytest.mark.parametrize("name", ["sound", "fetches-before-answering", "polls-when-idle"])
@pytest.mark.parametrize(
    "fault",
    [
        ScriptedFault(delay_s=TIMEOUT_S),
        ScriptedFault(429, {"Retry-After": "1000"}),
        ScriptedFault(500),
    ],
    ids=["slow response", "Retry-After", "backoff"],
)
def test_closing_is_prompt(api: ScriptedApi, name: str, fault: ScriptedFault) -> None:
    """A waiting call, a pause, and a message that waits for them end at once, with all threads."""
    api.faults = [fault] * 100
    before = set(threading.enumerate())
    partner = DemoPartner(name, tenants=DEFAULT_TENANTS, api=api.url)
    sender = threading.Thread(target=_send_ignoring_errors, args=(partner.url, updates("a")))
    sender.start()
    api.wait_until(len)
    partner.close()
    sender.join(TIMEOUT_S / 2)
    api.released.set()
    threads = threading.enumerate()
    left = {thread for thread in threads if "mews" in thread.name or thread is sender}
    assert left <= before


def _send_ignoring_errors(url: str, body: bytes) -> None:
    try:
        send(url, body)
    except OSError:
        return


def test_an_interval_is_never_empty() -> None:
    """Its end is rounded up, so that it contains the current second."""
    now = datetime.fromisoformat("2026-01-01T00:00:00.900Z")
    assert time_interval(now, now) == {
        "StartUtc": "2026-01-01T00:00:00Z",
        "EndUtc": "2026-01-01T00:00:01Z",
    }
