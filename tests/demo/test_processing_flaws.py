"""Each flaw of processing: what the stand-in sees of it, and of the sound partner."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.demo import PROCESSING_FLAWS, DemoPartner
from pytest_mews.demo.processing.api_client import Reply
from pytest_mews.demo.processing.sound_workers import PROCESSING_VARIANTS
from pytest_mews.demo.registry import habits
from tests.demo.client import ENTERPRISE, created, general, integration, send
from tests.demo.conftest import Partner
from tests.demo.stand_in import BROKEN, SOON_S, Fault, Seen, StandIn, changed, tell

FIRST, SECOND = DEFAULT.enterprises
SOON_ENOUGH_S = 2.0  # for what comes at once, also on a busy machine
HUNDRED = [f"{number:03}" for number in range(1, 101)]
KINDS = (
    "ServiceOrderUpdated",
    "ResourceUpdated",
    "ResourceBlockUpdated",
    "CustomerUpdated",
    "PaymentUpdated",
)
Play = Callable[[DemoPartner, StandIn], object]


def asked(seen: list[Seen]) -> list[str]:
    """List the ids that were asked for, in order, as often as they were."""
    return sorted(name for each in seen for name in each.ids)


def ids_of(*bodies: bytes) -> Play:
    """Deliver messages one after another, each after the last one's fetches; list the ids."""

    def play(partner: DemoPartner, mews: StandIn) -> object:
        for body in bodies:
            tell(partner, body)
            mews.calm()
        return asked(mews.seen)

    return play


def requests_for(*bodies: bytes, show: Callable[[Seen], object]) -> Play:
    """Deliver messages at once, and show something of each request."""

    def play(partner: DemoPartner, mews: StandIn) -> object:
        tell(partner, *bodies)
        return sorted(map(show, mews.calm()), key=str)

    return play


def after(fault: Fault, times: int = 1) -> Play:
    """Fail the first requests, and count them all."""

    def play(partner: DemoPartner, mews: StandIn) -> object:
        mews.faults = [fault] * times
        tell(partner, changed("a"))
        mews.wait(len)
        return len(mews.calm(1.0))

    return play


def slow(partner: DemoPartner, mews: StandIn) -> bool:
    """Answer later than an impatient client waits; tell whether the entity came after all."""
    mews.faults = [Fault(delay_s=2.5)]
    tell(partner, changed("a"))
    mews.wait(len)
    mews.calm(3.0)
    assert partner.processing is not None
    return partner.processing.store.changed(FIRST.id, "customers", "a") is not None


def tokens(*bodies: bytes) -> Play:
    """Show who was asked for with whose token."""

    def play(partner: DemoPartner, mews: StandIn) -> object:
        for body in bodies:
            tell(partner, body)
            mews.calm()
        return [each.token for each in mews.seen]

    return play


def answered_meanwhile(partner: DemoPartner, mews: StandIn) -> bool:
    """Tell whether a message is answered while its fetch is not."""
    mews.faults = [Fault(delay_s=SOON_S)]
    answered = threading.Event()
    sender = threading.Thread(target=lambda: (send(partner.url, changed("a")), answered.set()))
    sender.start()
    mews.wait(len)
    meanwhile = answered.wait(SOON_ENOUGH_S)
    mews.released.set()
    sender.join()
    return meanwhile


def answered_when_much_waits(partner: DemoPartner, mews: StandIn) -> bool:
    """Tell whether a message is answered while a hundred changes are being fetched."""
    mews.faults = [Fault(delay_s=SOON_S)]
    tell(partner, changed(*HUNDRED))
    mews.wait(len)
    answered = threading.Event()
    sender = threading.Thread(target=lambda: (send(partner.url, changed("a")), answered.set()))
    sender.start()
    meanwhile = answered.wait(SOON_ENOUGH_S)
    mews.released.set()
    sender.join()
    return meanwhile


def changed_meanwhile(partner: DemoPartner, mews: StandIn) -> object:
    """Tell of a change again while it is being fetched; list what is asked for."""
    mews.faults = [Fault(delay_s=SOON_S)]
    tell(partner, changed("a"))
    mews.wait(len)
    tell(partner, changed("a"))
    mews.calm()
    mews.released.set()
    return asked(mews.calm(0.6))


def null_then(partner: DemoPartner, mews: StandIn) -> object:
    """Send a null event beside a good one, then another message."""
    body = changed("a").replace(b"[{", b"[null, {")
    status = send(partner.url, body).status
    tell(partner, changed("b"))
    return status, asked(mews.calm())


def refused(partner: DemoPartner, mews: StandIn) -> object:
    """Send messages with a wrong token, one of them malformed."""
    url = partner.url.replace("Token=", "Token=x")
    statuses = [send(url, body).status for body in (changed("a"), b"{")]
    return statuses, asked(mews.calm())


def copies(partner: DemoPartner, mews: StandIn) -> object:
    """Send copies at the same moment, then, later, messages that do not race."""
    tell(partner, changed("a"), changed("a"), changed("b"))
    mews.wait(len)
    tell(partner, changed("c"))
    return sorted({name for each in mews.calm(1.0) for name in each.ids})


def polled(_: DemoPartner, mews: StandIn) -> bool:
    """Tell whether both enterprises are asked about, more than once, without a reason."""
    return mews.comes(lambda seen: Counter(each.token for each in seen).total() >= 4, SOON_ENOUGH_S)


@dataclass(frozen=True)
class Deviation:
    """What to play, and what comes of it with the flaw and without."""

    flaw: str
    play: Play
    flawed: object
    sound: object


A, B, C = "first-access-token", "second", FIRST.access_token
THREE, TWICE = ["a", "b", "c"], ["a", "a"]
PAIR = general("CustomerAdded", "CustomerUpdated", ids=("a", "a"), EnterpriseId=FIRST.id)
SHARED = general("CustomerUpdated", "PaymentUpdated", ids=("a", "a"), EnterpriseId=FIRST.id)
KNOWN_AND_NOT = general("CustomerUpdated", "BillUpdated", ids=("a", "b"), EnterpriseId=FIRST.id)
OURS = changed("a", enterprise=ENTERPRISE)
OFF, ON = integration("IntegrationDisabled"), integration("IntegrationEnabled")
KEY = integration("IntegrationApiKeyCreated", ApiKey=B)

DEVIATIONS = [
    Deviation("fetches-nothing", ids_of(changed("a")), [], ["a"]),
    Deviation(
        "forgets-one-event-in-50",
        ids_of(changed(*HUNDRED)),
        [name for name in HUNDRED if name not in {"050", "100"}],
        HUNDRED,
    ),
    Deviation("first-event-only", ids_of(changed(*THREE)), ["a"], THREE),
    Deviation("takes-shared-id-for-duplicate", ids_of(SHARED), ["a"], ["a", "a"]),
    Deviation("takes-shared-id-for-duplicate", ids_of(changed(*THREE)), THREE, THREE),
    Deviation(
        "drops-second-update", ids_of(changed("a"), changed("a", "b")), ["a", "b"], ["a", "a", "b"]
    ),
    Deviation("unknown-event-drops-batch", ids_of(KNOWN_AND_NOT, changed("c")), ["c"], ["a", "c"]),
    Deviation("null-event-kills-worker", null_then, (202, []), (400, ["b"])),
    Deviation("fetches-before-answering", answered_meanwhile, flawed=False, sound=True),
    Deviation("answers-when-there-is-room", answered_when_much_waits, flawed=False, sound=True),
    Deviation("passes-over-what-it-fetches", changed_meanwhile, ["a"], ["a", "a"]),
    Deviation("passes-over-what-it-fetches", ids_of(changed("a"), changed("a")), TWICE, TWICE),
    Deviation("gives-up-on-429", after(Fault(429)), 1, 2),
    Deviation("gives-up-on-500", after(Fault(500)), 1, 2),
    Deviation("gives-up-on-500", after(Fault(429)), 2, 2),
    Deviation("gives-up-on-terse-error", after(Fault(500, body=b'{"Message": ""}')), 1, 2),
    Deviation("gives-up-on-terse-error", after(Fault(500, body=b'{"RequestId": ""}')), 2, 2),
    Deviation("gives-up-on-terse-error", after(Fault(body=BROKEN)), 2, 2),
    Deviation("gives-up-on-reset", after(Fault(body=BROKEN)), 1, 2),
    Deviation("gives-up-on-unreadable", after(Fault(200, body=b"<html>")), 1, 2),
    Deviation("gives-up-on-unreadable", after(Fault(500)), 2, 2),
    Deviation("dies-on-strangers", ids_of(changed("a"), changed("b")), ["a"], ["a", "b"]),
    Deviation(
        "ignores-messages",
        requests_for(changed("a", discriminator="MessageAdded"), show=lambda each: each.operation),
        [],
        ["messageThreads/getAll"],
    ),
    Deviation("ignores-messages", ids_of(changed("a")), ["a"], ["a"]),
    Deviation("forgets-payments", ids_of(changed("a", discriminator="PaymentUpdated")), [], ["a"]),
    Deviation("forgets-payments", ids_of(changed("a")), ["a"], ["a"]),
    Deviation("races-to-nothing", copies, ["b", "c"], ["a", "b", "c"]),
    Deviation("gives-up-when-slow", slow, flawed=False, sound=True),
    Deviation("gives-up-when-slow", after(Fault(500)), 2, 2),
    Deviation("polls-when-idle", polled, flawed=True, sound=False),
    Deviation("fetches-added-twice", ids_of(PAIR), ["a", "a"], ["a"]),
    Deviation("fetches-added-twice", ids_of(changed("a")), ["a"], ["a"]),
    Deviation(
        "fetch-per-event",
        requests_for(changed(*THREE), show=lambda each: each.ids),
        [["a"], ["b"], ["c"]],
        [THREE],
    ),
    Deviation("once-per-copy-twice", ids_of(changed("a")), ["a"] * 3, ["a"]),
    Deviation(
        "reads-first-page-only",
        requests_for(changed(*HUNDRED), show=lambda each: each.body["Limitation"]),
        [{"Count": 10}],
        [{"Count": 1000}],
    ),
    Deviation(
        "old-operation",
        requests_for(
            changed("a", discriminator="ServiceOrderUpdated"), show=lambda each: each.operation
        ),
        ["reservations/getAll"],
        ["reservations/getAll/2023-06-06"],
    ),
    Deviation(
        "trailing-slash-path",
        requests_for(changed("a"), show=lambda each: each.path),
        ["/api/connector/v1/customers/getAll/"],
        ["/api/connector/v1/customers/getAll"],
    ),
    Deviation(
        "no-client-name",
        requests_for(changed("a"), show=lambda each: each.body["Client"]),
        [""],
        ["pytest-mews demo/1.0"],
    ),
    Deviation(
        "deprecated-extents",
        requests_for(
            changed("a"),
            changed("a", discriminator="ResourceUpdated"),
            show=lambda each: sorted(each.body["Extent"]),
        ),
        [["Customers", "Documents"], ["ResourceCategories", "ResourceFeatures", "Resources"]],
        [["Addresses", "Customers"], ["Resources"]],
    ),
    Deviation(
        "first-token-for-all",
        tokens(changed("a"), changed("b", enterprise=SECOND.id), OURS),
        [C, C],
        [C, SECOND.access_token],
    ),
    Deviation(
        "borrows-token",
        tokens(changed("b", enterprise=SECOND.id), OURS),
        [SECOND.access_token, C],
        [SECOND.access_token],
    ),
    Deviation("borrows-token", tokens(created(), OFF, OURS), [], []),
    Deviation("wrong-access-token", tokens(changed("a")), [C[::-1]], [C]),
    Deviation("never-onboards", tokens(created(), OURS), [], [A]),
    Deviation("keeps-old-key", tokens(created(), KEY, OURS), [A], [B]),
    Deviation("fetches-when-disabled", tokens(created(), OFF, OURS), [A], []),
    Deviation(
        "fetches-when-disabled", tokens(created(), integration("IntegrationDeleted"), OURS), [A], []
    ),
    Deviation("dies-of-401", after(Fault(401)), 1, 2),
    Deviation("dies-of-401", after(Fault(500)), 2, 2),
    Deviation("never-comes-back", tokens(created(), OFF, OURS, ON), [], [A]),
    Deviation("never-comes-back", tokens(created(), OURS), [A], [A]),
    Deviation("works-on-refused", refused, ([401, 401], ["a"]), ([401, 401], [])),
]

PAUSES = [
    ("hammers-on-429", 0.0, 0.0),
    ("fixed-pause", None, 0.2),
    ("ignores-retry-after", 0.1, None),
]


@pytest.mark.parametrize("case", DEVIATIONS, ids=lambda case: case.flaw)
def test_a_flaw_deviates(mews: StandIn, partner: Partner, case: Deviation) -> None:
    """A flaw does otherwise than the sound partner where it shows."""
    assert case.play(partner(case.flaw), mews) == case.flawed


@pytest.mark.parametrize("case", DEVIATIONS, ids=lambda case: case.flaw)
def test_the_sound_partner_does_not(mews: StandIn, partner: Partner, case: Deviation) -> None:
    """The same play without the flaw."""
    assert case.play(partner(), mews) == case.sound


@pytest.mark.parametrize(("flaw", "told", "alone"), PAUSES)
def test_a_flaw_pauses_otherwise(flaw: str, told: float | None, alone: float | None) -> None:
    """How long it waits after a 429 with Retry-After and without; None where that is sound."""
    pause_s = habits(flaw).pause_s
    for failures in (0, 3):
        waits = [pause_s(Reply(429, retry_after_s=wait), failures) for wait in (9.0, None)]
        assert waits[0] == told or (told is None and waits[0] >= 9.0)
        assert waits[1] == alone or (alone is None and waits[1] >= 0.2 * 2**failures)
    assert pause_s(Reply(500), 5) > 5.0


def test_hammering_is_told_by_its_number(mews: StandIn, partner: Partner) -> None:
    """Fifty requests, where the sound partner would wait for an hour."""
    mews.faults = [Fault(429, {"Retry-After": "3600"})] * 50
    tell(partner("hammers-on-429"), changed("a"))
    assert len(mews.wait(lambda seen: len(seen) > 50)) == 51


def test_every_flaw_has_a_deviation() -> None:
    """No flaw goes untested."""
    pausing = {flaw for flaw, _, _ in PAUSES}
    assert {case.flaw for case in DEVIATIONS} | pausing == set(PROCESSING_FLAWS)


@pytest.mark.parametrize(
    "name", [each.__name__.replace("_", "-") for each in PROCESSING_VARIANTS] + ["sound"]
)
def test_a_variant_fetches_everything(mews: StandIn, partner: Partner, name: str) -> None:
    """Every kind of both enterprises is asked for with its own token."""
    started = partner(name)
    for tenant in DEFAULT.enterprises:
        for kind in KINDS:
            tell(started, changed("a", discriminator=kind, enterprise=tenant.id))
    seen = mews.wait(lambda seen: len(seen) == 10)
    assert set(Counter((each.operation, each.token) for each in seen).values()) == {1}
    assert all(each.ids == ["a"] or "UpdatedUtc" in each.body for each in seen)
    assert {bool(each.ids) for each in seen} == {name != "reads-by-interval"}
    assert len(mews.calm(1.2)) == 10
