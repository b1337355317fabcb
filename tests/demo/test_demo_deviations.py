"""Each flaw over a real socket: where it deviates from the sound partner, and where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from pytest_mews.demo import FLAWS, PROCESSING_FLAWS, STREAMING_FLAWS, DemoPartner
from pytest_mews.demo.certificates import TLS_FLAWS
from tests.demo.client import INTEGRATION, ONE, created, general, integration, send
from tests.demo.conftest import Start
from tests.demo.plays import (
    DELETED,
    FULL,
    IMPATIENT_S,
    KEY,
    LARGE,
    NULL_EVENT,
    OTHER,
    SHARED,
    TWO,
    Play,
    at_once,
    by,
    cut_then,
    dripping,
    hurried,
    in_chunks,
    many_at_once,
    on_one_connection,
    reset_then,
    typed,
    whole,
    with_query,
    with_token,
)

ADDED, UPDATED = (general(each, ids=("a",)) for each in ("CustomerAdded", "CustomerUpdated"))
PAIR = general("CustomerAdded", "CustomerUpdated", ids=("b", "b"))
FIRST = created()
SECOND = FIRST.replace(INTEGRATION.encode(), b"another")
ON, OFF = integration("IntegrationEnabled"), integration("IntegrationDisabled")
# Not stale for as long as a whole test run may take.
FRESH = created(CreatedUtc=f"{datetime.now(UTC) + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}")

OF_TLS = {flaw.__name__.replace("_", "-") for flaw in TLS_FLAWS}  # they answer as the sound one


def percent_encoded(token: str) -> str:
    """Spell each character by its code."""
    return "".join(f"%{ord(character):02X}" for character in token)


def named(name: str) -> bytes:
    """Write an IntegrationCreated of an enterprise with this name."""
    return created(Enterprise={"Id": "any", "Name": name})


def told(partner: DemoPartner) -> list[int | None]:
    """Count where the answers to one event and to two tell the token: header, body."""
    replies = [send(partner.url, body) for body in (ONE, TWO)]
    assert {reply.status for reply in replies} == {202}
    places = [(reply.headers.get("X-Request-Url", ""), reply.body.decode()) for reply in replies]
    return [sum(partner.token in text for text in each) for each in places]


@dataclass(frozen=True)
class Deviation:
    """What to send to a flaw, how it answers, and how the sound partner does: 202 by default."""

    flaw: str
    play: Play
    flawed: Sequence[int | None]
    sound: Sequence[int | None] | None = None


DEVIATIONS = [
    Deviation("demands-signature", whole(ONE), [401], [202]),
    Deviation("rejects-payments", whole(general("PaymentUpdated")), [400], [202]),
    Deviation("chokes-on-mixed", whole(general("CustomerAdded", "MessageAdded")), [500], [202]),
    Deviation("rejects-shared-ids", whole(SHARED), [409], [202]),
    Deviation("body-limit", whole(FULL), [413], [202]),
    Deviation("not-modified", whole(general("ResourceUpdated")), [304], [202]),
    Deviation("refuses-duplicates", whole(ONE, OTHER, ONE), [202, 202, 409], [202] * 3),
    Deviation(
        "locks-out-after-retries", whole(ONE, ONE, OTHER, ONE, TWO, TWO), [202] * 4 + [503] * 2
    ),
    Deviation("broken-by-cut-body", cut_then(*[ONE] * 6), [500] * 5 + [202], [202] * 6),
    Deviation("redirects-302", whole(ONE), [302], [202]),
    Deviation("redirects-to-nowhere", whole(ONE, TWO), [202, 308], [202, 202]),
    Deviation("token-in-header", whole(ONE), [401], [202]),
    Deviation("ignores-token", with_query("Token=wrong"), [202], [401]),
    Deviation("ignores-token", with_query(""), [202], [401]),
    Deviation("ignores-token-for-integrations", with_query("", body=KEY), [202], [401]),
    Deviation("ignores-token-for-integrations", with_query(""), [401], [401]),
    Deviation("first-enterprise-only", whole(ONE, general(EnterpriseId="b"), ONE), [202, 403, 202]),
    Deviation("rejects-unknown-integrations", whole(KEY, created(), KEY), [404, 202, 202]),
    Deviation("one-at-a-time", many_at_once(12, IMPATIENT_S), [202, None], [202]),
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
    Deviation("dies-later", whole(b"{", NULL_EVENT, ONE), [400, 202, 202], [400, 400, 202]),
    Deviation("strict-events", whole(general("BillUpdated")), [400], [202]),
    Deviation("strict-properties", whole(general(AddedLater=1)), [400], [202]),
    Deviation("strict-properties", whole(created(Service={"AddedLater": 1})), [400], [202]),
    Deviation("strict-actions", whole(integration("IntegrationRenamed")), [400], [202]),
    Deviation("requires-service", whole(created(Service=...), created()), [500, 202], [202] * 2),
    Deviation("created-and-deleted-only", whole(KEY, created(), DELETED), [400, 202, 202]),
    Deviation("rejects-deletions", whole(created(), DELETED), [202, 500], [202, 202]),
    Deviation("requires-requestor", whole(created(Requestor=None)), [500], [202]),
    Deviation("requires-requestor", whole(created(Requestor=...)), [500], [202]),
    Deviation("forgets-general", whole(ONE, KEY, ONE, ONE), [202, 202, 400, 202]),
    Deviation("fetches-first", hurried(FULL), [None]),
    Deviation("slow-per-event", hurried(FULL), [None]),
    Deviation("falls-behind", hurried(ONE), [None]),
    Deviation("sags-under-load", many_at_once(30, IMPATIENT_S), [202, None], [202]),
    Deviation("times-out", hurried(ONE), [None]),
    Deviation("never-answers", hurried(ONE), [None]),
    Deviation("every-third-503", whole(*[ONE] * 6), [202, 202, 503] * 2, [202] * 6),
    Deviation("echoes-hostile", whole(ONE, TWO), [202, 500], [202, 202]),
    Deviation("body-limit-100k", whole(FULL, LARGE), [202, 413], [202, 202]),
    Deviation(
        "wants-exact-type",
        typed("application/json", "application/json; charset=utf-8", "text/plain"),
        [202, 415, 415],
        [202] * 3,
    ),
    Deviation("wants-exact-type", whole(ONE), [415], [202]),
    Deviation("forgets-kept-connections", on_one_connection(ONE, ONE, ONE), [202, 400, 400]),
    Deviation("needs-content-length", in_chunks(ONE), [411], [202]),
    Deviation("answers-before-body", whole(b"{", ONE), [202, 202], [400, 202]),
    Deviation("impatient", dripping(ONE, pause_s=1.1), [408], [202]),
    Deviation(
        "any-method",
        by("GET", "PUT", "DELETE", "PATCH"),
        [202, 202, 202, 405],
        [405] * 4,
    ),
    Deviation(
        "compares-prefix",
        with_query("Token=", "Token={:.4}", "Token={}", "Token={}x", "Token=wrong", ""),
        [202, 202, 202, 401, 401, 401],
        [401, 401, 202, 401, 401, 401],
    ),
    Deviation(
        "compares-ending",
        with_query("Token=x{}", "Token={}", "Token={}x", "Token="),
        [202, 202, 401, 401],
        [401, 202, 401, 401],
    ),
    Deviation("ignores-case", with_token(str.swapcase, str), [202, 202], [401, 202]),
    Deviation(
        "token-under-any-name",
        with_query("Token={}", "token={}", "a=1&secret={}", "secret=wrong"),
        [202, 202, 202, 401],
        [202, 401, 401, 401],
    ),
    Deviation(
        "token-among-others",
        with_query("Token=a&Token={}", "Token={}&Token=a", "Token={}", "Token=a&Token=b"),
        [202, 202, 202, 401],
        [401, 401, 202, 401],
    ),
    Deviation("any-discriminator", whole(general(Events=[{}]), b"{}"), [202, 400], [400, 400]),
    Deviation(
        "thanks-for-any-action",
        whole(b'{"Action', b'{"Data": {}}', b"{"),
        [202, 202, 400],
        [400] * 3,
    ),
    Deviation(
        "breaks-without-ids",
        whole(general(EnterpriseId=None), general(IntegrationId=7), b"{}"),
        [500, 500, 400],
        [400] * 3,
    ),
    Deviation(
        "breaks-on-incomplete-data",
        whole(created(AccessToken=...), b'{"Action": "IntegrationDeleted"}'),
        [500, 400],
        [400] * 2,
    ),
    Deviation(
        "breaks-on-huge-numbers",
        whole(ONE[:-1] + b',"More":' + b"9" * 4_301 + b"}", ONE[:-1] + b',"More":99}', b"{"),
        [500, 202, 400],
        [400, 202, 400],
    ),
    Deviation("ignores-untyped-body", whole(b"{", ONE), [202, 202], [400, 202]),
    Deviation("redirects-in-a-circle", whole(ONE, TWO), [202, 308], [202, 202]),
    Deviation("redirects-too-often", whole(ONE, TWO), [202, 308], [202, 202]),
    Deviation("redirects-to-other-host", whole(ONE, TWO), [202, 308], [202, 202]),
    Deviation("redirects-to-http", whole(ONE, TWO), [202, 308], [202, 202]),
    Deviation("raw-query-compare", with_token(str, percent_encoded), [202, 401], [202, 202]),
    Deviation("parses-before-token", with_query("Token=wrong", body=b"{"), [400], [401]),
    Deviation("parses-before-token", with_query("Token=wrong"), [401], [401]),
    Deviation("races-on-duplicates", at_once(TWO), [202, 500], [202]),
    Deviation("refuses-third-copy", whole(*[ONE] * 4, TWO), [202, 202, 409, 409, 202]),
    Deviation("broken-by-reset", reset_then(*[ONE] * 50, left=TWO), [500] * 5, []),
    Deviation("wants-order", whole(ONE, ONE, OTHER, ONE, OTHER), [202] * 3 + [409, 202]),
    Deviation("once-per-entity", whole(ONE, OTHER, TWO, ONE, KEY), [202, 202, 409, 409, 202]),
    Deviation("inserts-added-customers", whole(UPDATED, ADDED, ADDED), [202, 500, 202]),
    Deviation("inserts-added-customers", whole(ADDED, UPDATED, ADDED, PAIR), [202] * 4),
    Deviation("rejects-stale", whole(created(), DELETED), [400, 400]),
    Deviation("rejects-stale", whole(created(CreatedUtc=...), FRESH, ONE), [400, 202, 202]),
    Deviation("fails-once-in-20", whole(*[ONE] * 40), ([202] * 19 + [503]) * 2),
    Deviation("refuses-repeated-creation", whole(FIRST, OFF, FIRST, SECOND), [202, 202, 409, 202]),
    Deviation(
        "refuses-second-integration", whole(FIRST, FIRST, DELETED, SECOND), [202] * 3 + [409]
    ),
    Deviation(
        "strict-lifecycle", whole(FIRST, OFF, OFF, ON, KEY, ONE), [202, 202, 409] + [202] * 3
    ),
    Deviation("strict-lifecycle", whole(FIRST, KEY, FIRST, ON), [202, 202, 202, 409]),
    Deviation(
        "forbids-disabled", whole(FIRST, ONE, OFF, ONE, ON, ONE), [202] * 3 + [403, 202, 202]
    ),
    Deviation("refuses-older-dates", whole(FRESH, ONE, FIRST, FRESH), [202, 202, 409, 202]),
    Deviation("gone-after-deletion", whole(FIRST, DELETED, DELETED, FIRST), [202] * 3 + [410]),
    Deviation("gone-after-deletion", whole(FIRST, DELETED, SECOND, ONE), [202] * 4),
    Deviation("chokes-on-null-service", whole(created(Service=None), FIRST), [500, 202]),
    Deviation("latin1-names", whole(named("Zürich"), named("Łódź")), [202, 500]),
    Deviation("short-names", whole(named("H" * 100), named("H" * 101)), [202, 400]),
    Deviation("echoes-token", told, [0, 2], [0, 0]),
]


@pytest.mark.parametrize("case", DEVIATIONS, ids=lambda case: case.flaw)
def test_a_flaw_deviates(start: Start, case: Deviation) -> None:
    """A flaw answers otherwise than the sound partner to what shows it."""
    assert case.play(start(case.flaw)) == case.flawed


@pytest.mark.parametrize("case", DEVIATIONS, ids=lambda case: case.flaw)
def test_the_sound_partner_does_not(start: Start, case: Deviation) -> None:
    """The same requests are answered soundly without the flaw; 202 where nothing else is said."""
    answered = case.play(start("sound"))
    sound = [202] * len(case.flawed) if case.sound is None else case.sound
    assert answered == sound


def test_every_flaw_has_a_deviation() -> None:
    """No flaw in how messages are answered goes untested; for the others see their own tests."""
    others = OF_TLS | {*PROCESSING_FLAWS, *STREAMING_FLAWS}
    assert {case.flaw for case in DEVIATIONS} == set(FLAWS) - others
