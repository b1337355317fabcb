"""What all variants and flaws have in common, and what is special about some of them."""

from __future__ import annotations

import pytest

from pytest_mews.demo import FLAWS, NAMES, VARIANTS
from pytest_mews.demo.duplicate_flaws import races_on_duplicates
from pytest_mews.demo.registry import behaviour
from pytest_mews.demo.service import PATH, Request
from pytest_mews.errors import UsageError
from tests.demo.client import GENEROUS_S, ONE, created, send
from tests.demo.conftest import Start
from tests.demo.plays import DELETED, FULL, JSON, KEY, NULL_EVENT, SHARED, TWO

UNSOUND_FROM_THE_START = {
    "demands-signature",
    "redirects-302",
    "token-in-header",
    "times-out",
    "never-answers",
    "only-old-tls",
}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in UNSOUND_FROM_THE_START])
def test_one_plain_message_is_accepted(start: Start, name: str) -> None:
    """Whatever the flaw, the message that the preflight sends is accepted, redirects followed."""
    partner = start(name)
    reply = send(partner.url, ONE, headers=JSON)
    if reply.status in {307, 308}:
        moved = partner.url.partition("/webhooks")[0] + reply.headers["Location"]
        reply = send(moved, ONE, headers=JSON)
    assert reply.status in {200, 202, 204}


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"ignores-token"}))
def test_a_wrong_token_is_refused(name: str) -> None:
    """No flaw but its own opens the door, redirects aside: they are answered at the new place."""
    given = behaviour(name)("right", Request("POST", PATH, "Token=wrong", {}, ONE))
    assert given.status in {401, 302, 307, 308}
    assert (given.accepted is None) is (name != "works-on-refused")


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


def test_a_race_is_lost_only_while_the_work_lasts() -> None:
    """A copy fails within the time that the first one is held, of several events only."""
    now = 0.0
    behave = races_on_duplicates(lambda: now)

    def status(body: bytes) -> int:
        return behave("right", Request("POST", PATH, "Token=right", {}, body)).status

    assert [status(body) for body in (TWO, TWO, SHARED, ONE, ONE)] == [202, 500, 202, 202, 202]
    now = 0.15
    assert [status(TWO), status(TWO)] == [202, 500]


def test_an_answer_that_nobody_reads_starts_the_outage() -> None:
    """Five requests fail from the moment that the client is known to be gone."""
    behave = behaviour("broken-by-reset")
    requests = [Request("POST", PATH, "Token=right", {}, body) for body in (ONE, TWO)]
    alone, several = (behave("right", request) for request in requests)
    assert alone.unread is None
    assert several.unread is not None
    several.unread()
    statuses = [behave("right", requests[1]).status for _ in range(6)]
    assert statuses == [500] * 5 + [202]


def test_names_are_described() -> None:
    """Every name has one sentence, and is either a variant or a flaw."""
    assert list(NAMES) == [*VARIANTS, *FLAWS]
    assert len(set(NAMES)) == len(NAMES)
    for sentence in NAMES.values():
        assert sentence.endswith(".")
        assert "\n" not in sentence


def test_an_unknown_name_is_the_users_mistake() -> None:
    """The message names the closest of all names, and all of them."""
    with pytest.raises(UsageError, match="Did you mean demo:always-200") as caught:
        behaviour("always200")
    assert caught.value.name == "--mews-target"
    assert all(name in caught.value.remedy for name in NAMES)
    with pytest.raises(UsageError) as caught:
        behaviour("?")
    assert caught.value.remedy.startswith("Known: sound,")
