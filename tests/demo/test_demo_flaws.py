"""Each flaw over a real socket: where it deviates from the sound partner, and where it does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from mews_harness.demo import FLAWS, NAMES, VARIANTS, EmbeddedPartner
from mews_harness.demo.service import PATH, Request
from mews_harness.demo.zoo import behaviour
from mews_harness.errors import UsageMistake
from tests.demo.client import GENEROUS_S, ONE, created, general, integration, send, send_cut
from tests.demo.conftest import Start

IMPATIENT_S = 0.3
OTHER = general("ServiceOrderUpdated", ids=("another",))
SHARED = general("ServiceOrderUpdated", "ServiceOrderUpdated", ids=("same", "same"))
TWO = general("ServiceOrderUpdated", "ServiceOrderUpdated")
FULL = general(*["ServiceOrderUpdated"] * 500)
NULL_EVENT = general(Events=[None])
DELETED = integration("IntegrationDeleted")
KEY = integration("IntegrationApiKeyCreated", ApiKey="second-key")


def whole(*bodies: bytes) -> Callable[[EmbeddedPartner], list[int | None]]:
    """Send bodies one after the other, and list the statuses."""
    return lambda partner: [send(partner.url, body).status for body in bodies]


def hurried(body: bytes) -> Callable[[EmbeddedPartner], list[int | None]]:
    """Send a body without waiting long for the answer: None where there was none."""
    return lambda partner: [send(partner.url, body, timeout_s=IMPATIENT_S).status]


def with_query(query: str) -> Callable[[EmbeddedPartner], list[int | None]]:
    """Send a message with another query."""
    return lambda partner: [send(f"{partner.url.partition('?')[0]}?{query}", ONE).status]


def cut_then(*bodies: bytes) -> Callable[[EmbeddedPartner], list[int | None]]:
    """Send half a body, then whole ones."""

    def play(partner: EmbeddedPartner) -> list[int | None]:
        send_cut(partner.url, ONE)
        return whole(*bodies)(partner)

    return play


@dataclass(frozen=True)
class Deviation:
    """What to send to a flaw, how it answers, and how the sound partner does."""

    flaw: str
    play: Callable[[EmbeddedPartner], list[int | None]]
    flawed: Sequence[int | None]
    sound: Sequence[int | None]


DEVIATIONS = [
    Deviation("demands-signature", whole(ONE), [401], [202]),
    Deviation("rejects-payments", whole(general("PaymentUpdated")), [400], [202]),
    Deviation("chokes-on-mixed", whole(general("CustomerAdded", "MessageAdded")), [500], [202]),
    Deviation("rejects-shared-ids", whole(SHARED), [409], [202]),
    Deviation("body-limit", whole(FULL), [413], [202]),
    Deviation("not-modified", whole(general("ResourceUpdated")), [304], [202]),
    Deviation("refuses-duplicates", whole(ONE, OTHER, ONE), [202, 202, 409], [202] * 3),
    Deviation(
        "locks-out-after-retries", whole(ONE, ONE, OTHER, ONE, TWO, TWO), [202] * 4 + [503] * 2, []
    ),
    Deviation("broken-by-cut-body", cut_then(*[ONE] * 6), [500] * 5 + [202], [202] * 6),
    Deviation("redirects-302", whole(ONE), [302], [202]),
    Deviation("redirects-to-nowhere", whole(ONE, TWO), [202, 308], [202, 202]),
    Deviation("token-in-header", whole(ONE), [401], [202]),
    Deviation("ignores-token", with_query("Token=wrong"), [202], [401]),
    Deviation("ignores-token", with_query(""), [202], [401]),
    Deviation("token-optional", with_query(""), [202], [401]),
    Deviation("always-200", whole(b"{", b"{}"), [200, 200], [400, 400]),
    Deviation(
        "dies-on-malformed",
        whole(b"{}", b"{", *[ONE] * 31),
        [400, *[500] * 31, 202],
        [400, 400, *[202] * 31],
    ),
    Deviation(
        "dies-on-null-event",
        whole(b"{}", b"{", NULL_EVENT, *[ONE] * 31),
        [400, 400, *[500] * 31, 202],
        [400, 400, 400, *[202] * 31],
    ),
    Deviation("strict-events", whole(general("BillUpdated")), [400], [202]),
    Deviation("strict-properties", whole(general(AddedLater=1)), [400], [202]),
    Deviation("strict-properties", whole(created(Service={"AddedLater": 1})), [400], [202]),
    Deviation("strict-actions", whole(integration("IntegrationRenamed")), [400], [202]),
    Deviation("requires-service", whole(created(Service=...), created()), [500, 202], [202] * 2),
    Deviation("created-and-deleted-only", whole(KEY, created(), DELETED), [400, 202, 202], []),
    Deviation("rejects-deletions", whole(created(), DELETED), [202, 500], [202, 202]),
    Deviation("requires-requestor", whole(created(Requestor=None)), [500], [202]),
    Deviation("requires-requestor", whole(created(Requestor=...)), [500], [202]),
    Deviation("forgets-general", whole(ONE, KEY, ONE, ONE), [202, 202, 400, 202], []),
    Deviation("fetches-first", hurried(FULL), [None], []),
    Deviation("times-out", hurried(ONE), [None], []),
    Deviation("never-answers", hurried(ONE), [None], []),
    Deviation("every-third-503", whole(*[ONE] * 6), [202, 202, 503] * 2, [202] * 6),
    Deviation("echoes-hostile", whole(ONE, TWO), [202, 500], [202, 202]),
]
UNSOUND_FROM_THE_START = {
    "demands-signature",
    "redirects-302",
    "token-in-header",
    "times-out",
    "never-answers",
}


@pytest.mark.parametrize("case", DEVIATIONS, ids=lambda case: case.flaw)
def test_a_flaw_deviates(start: Start, case: Deviation) -> None:
    """A flaw answers otherwise than the sound partner to what shows it."""
    assert case.play(start(case.flaw)) == case.flawed


@pytest.mark.parametrize("case", DEVIATIONS, ids=lambda case: case.flaw)
def test_the_sound_partner_does_not(start: Start, case: Deviation) -> None:
    """The same requests are answered soundly without the flaw; 202 where nothing else is said."""
    answered = case.play(start("sound"))
    assert answered == (case.sound or [202] * len(case.flawed))


def test_every_flaw_has_a_deviation() -> None:
    """No flaw goes untested."""
    assert {case.flaw for case in DEVIATIONS} == set(FLAWS)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNSOUND_FROM_THE_START])
def test_one_plain_message_is_accepted(start: Start, name: str) -> None:
    """Whatever the flaw, the message that the preflight sends is accepted, redirects followed."""
    partner = start(name)
    reply = send(partner.url, ONE)
    if reply.status in {307, 308}:
        reply = send(partner.url.partition("/webhooks")[0] + reply.headers["Location"], ONE)
    assert reply.status in {200, 202, 204}


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"ignores-token"}))
def test_a_wrong_token_is_refused(name: str) -> None:
    """No flaw but its own opens the door, redirects aside: they are answered at the new place."""
    given = behaviour(name)("right", Request("POST", PATH, "Token=wrong", {}, ONE))
    assert given.status in {401, 302, 307, 308}
    assert given.accepted is None


@pytest.mark.parametrize("name", sorted(NAMES))
def test_refused_messages_are_not_worked_on(name: str) -> None:
    """What is handed to the worker was answered with success, and only that."""
    behave = behaviour(name)
    for body in (b"{", b"{}", NULL_EVENT, TWO, SHARED, FULL, KEY, DELETED, created(), ONE, ONE):
        given = behave("right", Request("POST", PATH, "Token=right", {}, body))
        assert given.accepted is None or given.status in {200, 202, 204}


def test_a_stateful_flaw_starts_anew() -> None:
    """Two partners of one name share no memory."""
    request = Request("POST", PATH, "Token=right", {}, ONE)
    for _ in range(2):
        assert behaviour("refuses-duplicates")("right", request).status == 202


@pytest.mark.parametrize("name", ["redirects-307", "redirects-308", "redirects-302"])
def test_a_redirect_keeps_the_query(start: Start, name: str) -> None:
    """The new location bears the token, and answers soundly there."""
    partner = start(name)
    place = send(partner.url, ONE).headers["Location"]
    moved = partner.url.partition("/webhooks")[0] + place
    assert place.endswith(f"?Token={partner.token}")
    assert [send(moved, body).status for body in (ONE, b"{")] == [202, 400]
    assert send(moved.partition("?")[0] + "?Token=wrong", ONE).status == 401
    assert send(moved, b"", method="GET").status == 405


def test_nowhere_is_not_found(start: Start) -> None:
    """The redirect to nowhere leads to 404."""
    partner = start("redirects-to-nowhere")
    place = send(partner.url, TWO).headers["Location"]
    assert send(partner.url.partition("/webhooks")[0] + place, TWO).status == 404


def test_a_token_in_the_header_is_what_that_flaw_wants(start: Start) -> None:
    """With the header it accepts, whatever the query."""
    partner = start("token-in-header")
    headers = {"Authorization": f"Bearer {partner.token}"}
    assert send(partner.url.partition("?")[0] + "?", ONE, headers=headers).status == 202


def test_a_signature_is_what_that_flaw_wants(start: Start) -> None:
    """With the header it accepts."""
    reply = send(start("demands-signature").url, ONE, headers={"X-Mews-Signature": "any"})
    assert reply.status == 202


def test_a_hostile_answer_bears_what_a_report_must_survive(start: Start) -> None:
    """Ten megabytes with script, escapes, NULs and the token."""
    partner = start("echoes-hostile")
    reply = send(partner.url, TWO, timeout_s=GENEROUS_S)
    assert len(reply.body) == 10_000_000
    for part in (b"<script>", b"\x1b[", b"\x00", partner.token.encode()):
        assert part in reply.body[:1000]


@pytest.mark.parametrize(
    ("name", "body", "delay_s"),
    [
        ("slow-but-fine", ONE, 0.2),
        ("times-out", ONE, 6.0),
        ("times-out", b"{", 6.0),
        ("never-answers", ONE, float("inf")),
        ("fetches-first", FULL, 7.5),
        ("fetches-first", KEY, 0.0),
    ],
)
def test_a_delay_is_part_of_the_answer(name: str, body: bytes, delay_s: float) -> None:
    """How long a partner takes is decided where the answer is, and waited for elsewhere."""
    given = behaviour(name)("right", Request("POST", PATH, "Token=right", {}, body))
    assert given.delay_s == pytest.approx(delay_s)


@pytest.mark.parametrize(
    ("name", "status"), [("answers-200", 200), ("answers-204", 204), ("verbose-answer", 200)]
)
def test_a_variant_thanks_in_its_own_way(start: Start, name: str, status: int) -> None:
    """Success has several statuses; refusals are those of the sound partner."""
    partner = start(name)
    assert [send(partner.url, body).status for body in (ONE, b"{")] == [status, 400]


def test_names_are_described() -> None:
    """Every name has one sentence, and is either a variant or a flaw."""
    assert list(NAMES) == [*VARIANTS, *FLAWS]
    assert len(set(NAMES)) == len(NAMES)
    for sentence in NAMES.values():
        assert sentence.endswith(".")
        assert "\n" not in sentence


def test_an_unknown_name_is_the_users_mistake() -> None:
    """The message names the closest of all names, and all of them."""
    with pytest.raises(UsageMistake, match="Did you mean demo:always-200") as caught:
        behaviour("always200")
    assert caught.value.name == "--mews-target"
    assert all(name in caught.value.remedy for name in NAMES)
    with pytest.raises(UsageMistake) as caught:
        behaviour("?")
    assert caught.value.remedy.startswith("Known: sound,")
