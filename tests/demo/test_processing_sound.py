"""What the sound partner fetches, over real sockets, from a stand-in for the Connector API."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.demo import DemoPartner
from pytest_mews.demo.processing.entity_readers import within
from tests.demo.client import ENTERPRISE, created, general, integration, send
from tests.demo.conftest import Partner
from tests.demo.stand_in import BROKEN, SOON_S, Fault, Seen, StandIn, changed, tell

FIRST, SECOND = DEFAULT.enterprises
KINDS = {
    "ServiceOrderUpdated": "reservations/getAll/2023-06-06",
    "ResourceUpdated": "resources/getAll",
    "ResourceBlockUpdated": "resourceBlocks/getAll",
    "CustomerAdded": "customers/getAll",
    "CustomerUpdated": "customers/getAll",
    "PaymentUpdated": "payments/getAll",
}
FAULTS = {
    "429": Fault(429, {"Retry-After": "0"}),
    "429 alone": Fault(429),
    "401": Fault(401),
    "408": Fault(408),
    "500": Fault(500),
    "503": Fault(503),
    "break": Fault(body=BROKEN),
    "no JSON": Fault(200, body=b"<html>"),
    "no collection": Fault(200, body=b"{}"),
}


def ids_of(seen: list[Seen]) -> list[str]:
    """List every id that was asked for, as often as it was."""
    return sorted(name for each in seen for name in each.ids)


@pytest.mark.parametrize("discriminator", KINDS)
def test_an_event_leads_to_its_entity(mews: StandIn, partner: Partner, discriminator: str) -> None:
    """One request, with the operation that the documentation names."""
    tell(partner(), changed("a", discriminator=discriminator))
    (seen,) = mews.calm()
    assert (seen.operation, seen.ids) == (KINDS[discriminator], ["a"])
    assert seen.body["Limitation"] == {"Count": 1000}
    assert seen.body["ClientToken"] == DEFAULT.client_token
    assert seen.token == FIRST.access_token


def test_a_message_is_found_by_its_threads(mews: StandIn, partner: Partner) -> None:
    """The threads of the longest interval, then the messages since shortly before the event."""
    mews.shown = ("thread-1", "thread-2")
    tell(partner(), changed("a", "b", discriminator="MessageAdded"))
    threads, messages = mews.calm()
    assert threads.operation == "messageThreads/getAll"
    assert messages.operation == "messages/getAll"
    assert messages.body["MessageThreadIds"] == ["thread-1", "thread-2"]
    ends = [
        {name: datetime.fromisoformat(moment) for name, moment in each.body["CreatedUtc"].items()}
        for each in (threads, messages)
    ]
    lengths = [end["EndUtc"] - end["StartUtc"] for end in ends]
    assert timedelta(days=79) < lengths[0] < timedelta(days=89)  # the documented most: 3 months
    assert timedelta(minutes=5) < lengths[1] < timedelta(days=1)


def test_without_threads_no_messages_are_asked_for(mews: StandIn, partner: Partner) -> None:
    """`MessageThreadIds` may not be empty."""
    tell(partner(), changed("a", discriminator="MessageAdded"))
    assert [each.operation for each in mews.calm()] == ["messageThreads/getAll"]


def test_a_batch_is_fetched_at_once(mews: StandIn, partner: Partner) -> None:
    """Five hundred events are one request, and pages are read to the end."""
    names = [str(number) for number in range(500)]
    tell(partner(), changed(*names))
    (seen,) = mews.calm()
    assert set(seen.ids) == set(names)


def test_pages_are_read_to_the_end(mews: StandIn, partner: Partner) -> None:
    """A full page has another one behind it, which is asked for by the cursor."""
    mews.shown = tuple(f"{number:04}" for number in range(1500))
    tell(partner(), changed("a", discriminator="MessageAdded"))
    seen = mews.calm()
    operations = [each.operation for each in seen]
    assert operations == ["messageThreads/getAll"] * 2 + ["messages/getAll"] * 4
    cursors = [each.body["Limitation"].get("Cursor") for each in seen]
    assert cursors == [None, "0999", None, "0999", None, "0999"]


def test_a_mixed_batch_is_fetched_whole(mews: StandIn, partner: Partner) -> None:
    """Each kind once, what is unknown is passed over, and Added with Updated is one change."""
    body = general(
        "CustomerAdded",
        "CustomerUpdated",
        "BillUpdated",
        "PaymentUpdated",
        "ServiceOrderUpdated",
        ids=("c", "c", "x", "same", "same"),
        EnterpriseId=FIRST.id,
    )
    tell(partner(), body)
    asked = sorted((each.operation, *each.ids) for each in mews.calm())
    assert asked == [
        ("customers/getAll", "c"),
        ("payments/getAll", "same"),
        ("reservations/getAll/2023-06-06", "same"),
    ]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_failure_is_overcome(mews: StandIn, partner: Partner, fault: Fault) -> None:
    """What was acknowledged is fetched in the end."""
    mews.faults = [fault]
    started = partner()
    tell(started, changed("a"))
    seen = mews.wait(lambda seen: len(seen) == 2)
    assert ids_of(seen) == ["a", "a"]
    mews.calm()
    assert started.processing is not None
    assert started.processing.store.changed(FIRST.id, "customers", "a") is not None


def test_our_own_mistake_is_not_repeated(mews: StandIn, partner: Partner) -> None:
    """A request that Mews calls malformed is not made again; the next one is."""
    mews.faults = [Fault(400)]
    started = partner()
    tell(started, changed("a"))
    mews.wait(len)
    tell(started, changed("b"))
    assert ids_of(mews.calm()) == ["a", "b"]


def test_retry_after_holds_the_whole_enterprise(mews: StandIn, partner: Partner) -> None:
    """The limit is the AccessToken's: nothing else is asked with it meanwhile."""
    mews.faults = [Fault(429, {"Retry-After": "1"})]
    started = partner()
    tell(started, changed("a"))
    refused = mews.wait(len)[0]
    tell(started, changed("b", discriminator="PaymentUpdated"))
    tell(started, changed("c", enterprise=SECOND.id))
    seen = mews.wait(lambda seen: len(seen) == 4)
    assert seen[1].token == SECOND.access_token
    assert all(each.at_s - refused.at_s >= 1 for each in seen[2:])


def test_a_change_during_its_fetch_is_fetched_again(mews: StandIn, partner: Partner) -> None:
    """An answer that was on its way may be older than the change."""
    mews.faults = [Fault(delay_s=SOON_S)]
    started = partner()
    tell(started, changed("a"))
    mews.wait(len)
    tell(started, changed("a"))
    assert ids_of(mews.wait(lambda seen: len(seen) == 2)) == ["a", "a"]
    mews.released.set()
    assert len(mews.calm()) == 2


def test_the_newest_state_wins(mews: StandIn, partner: Partner) -> None:
    """An answer that was overtaken changes nothing."""
    started = partner()
    assert started.processing is not None
    for stamp, ids in (("2026-01-02T00:00:00Z", 1), ("2026-01-01T00:00:00.5Z", 2), ("?", 3)):
        mews.stamp = stamp
        tell(started, changed("a"))
        mews.wait(lambda seen, ids=ids: len(seen) == ids)  # type: ignore[misc]
        mews.calm(0.2)
    kept = started.processing.store.changed(FIRST.id, "customers", "a")
    assert kept == datetime.fromisoformat("2026-01-02T00:00:00Z")


def test_each_enterprise_has_its_own_token(mews: StandIn, partner: Partner) -> None:
    """Two enterprises are never mixed, and an unknown one is not asked about."""
    started = partner()
    tell(started, changed("a"), changed("b", enterprise=SECOND.id))
    tell(started, changed("c", enterprise=ENTERPRISE))
    assert {(each.token, *each.ids) for each in mews.calm()} == {
        (FIRST.access_token, "a"),
        (SECOND.access_token, "b"),
    }


def test_integrations_are_followed(mews: StandIn, partner: Partner) -> None:
    """Created, replaced, switched off, on again, deleted: each has its effect on what is asked."""
    started = partner()
    tell(started, changed("early", enterprise=ENTERPRISE))
    tell(started, created())
    assert [(each.token, *each.ids) for each in mews.wait(len)] == [("first-access-token", "early")]
    tell(started, integration("IntegrationApiKeyCreated", ApiKey="second"))
    tell(started, changed("b", enterprise=ENTERPRISE))
    assert mews.wait(lambda seen: len(seen) == 2)[1].token == "second"
    tell(started, integration("IntegrationDisabled"), changed("c", enterprise=ENTERPRISE))
    assert len(mews.calm()) == 2
    tell(started, integration("IntegrationEnabled"))
    assert mews.wait(lambda seen: len(seen) == 3)[2].ids == ["c"]
    tell(started, integration("IntegrationDeleted"), changed("d", enterprise=ENTERPRISE))
    assert len(mews.calm()) == 3


def test_refused_messages_and_silence_lead_to_nothing(mews: StandIn, partner: Partner) -> None:
    """A wrong token, a null event, an event of the future, and no message at all."""
    started = partner()
    wrong = started.url.replace("Token=", "Token=x")
    assert send(wrong, changed("a")).status == 401
    null = b'{"EnterpriseId": "e", "IntegrationId": "i", "Events": [null]}'
    assert send(started.url, null).status == 400
    tell(started, general("BillUpdated", EnterpriseId=FIRST.id))
    assert mews.calm(1.0) == []


def test_without_an_address_nothing_is_fetched() -> None:
    """The changes are remembered, as ever."""
    with DemoPartner(tenants=DEFAULT) as partner:
        tell(partner, changed("a"))
        partner._accepted.join()
        assert partner.processing is None
        assert partner.memory.changed == {(FIRST.id, "customers"): {"a"}}


@pytest.mark.parametrize("name", ["sound", "fetches-before-answering", "polls-when-idle"])
@pytest.mark.parametrize(
    "fault",
    [Fault(delay_s=SOON_S), Fault(429, {"Retry-After": "1000"}), Fault(500)],
    ids=["slow", "told to wait", "backing off"],
)
def test_closing_is_prompt(mews: StandIn, name: str, fault: Fault) -> None:
    """A call that waits, a pause and a message that waits for both end at once; no thread stays."""
    mews.faults = [fault] * 100
    before = set(threading.enumerate())
    partner = DemoPartner(name, tenants=DEFAULT, api=mews.api)
    sender = threading.Thread(target=_try, args=(partner.url, changed("a")))
    sender.start()
    mews.wait(len)
    partner.close()
    sender.join(SOON_S / 2)
    mews.released.set()
    left = {each for each in threading.enumerate() if "mews" in each.name or each is sender}
    assert left <= before


def _try(url: str, body: bytes) -> None:
    try:
        send(url, body)
    except OSError:
        return


def test_an_interval_is_never_empty() -> None:
    """Its end is rounded up: what happened within this second is in it."""
    now = datetime.fromisoformat("2026-01-01T00:00:00.900Z")
    assert within(now, now) == {
        "StartUtc": "2026-01-01T00:00:00Z",
        "EndUtc": "2026-01-01T00:00:01Z",
    }
