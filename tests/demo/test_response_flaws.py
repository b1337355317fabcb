"""Each flaw in responses, over a real socket: how it differs from the sound partner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from pytest_mews.demo import PARTNER_KINDS, DemoPartner
from pytest_mews.demo.certificates import over_tls
from pytest_mews.demo.processing import ProcessingOptions
from pytest_mews.demo.websocket import ClientOptions
from tests.demo.conftest import StartPartner
from tests.demo.request_sequences import (
    DELETED,
    FULL_BATCH,
    LARGE_BODY,
    NEW_KEY,
    NULL_EVENT,
    OTHER_ENTITY,
    SHARED_ID,
    TWO_EVENTS,
    RequestSequence,
    after_reset,
    after_truncated_body,
    concurrent_copies,
    concurrent_messages,
    in_chunks,
    in_order,
    on_one_connection,
    with_content_types,
    with_methods,
    with_queries,
    with_short_timeout,
    with_slow_body,
    with_tokens,
)
from tests.demo.test_processing_flaws import IN_STATE
from tests.demo.webhook_client import (
    INTEGRATION_ID,
    ONE_EVENT,
    general_webhook,
    integration_created,
    integration_webhook,
    send,
)

ADDED, UPDATED = (
    general_webhook(discriminator, ids=("a",))
    for discriminator in ("CustomerAdded", "CustomerUpdated")
)
PAIR = general_webhook("CustomerAdded", "CustomerUpdated", ids=("b", "b"))
FIRST = integration_created()
SECOND = FIRST.replace(INTEGRATION_ID.encode(), b"another")
ON, OFF = integration_webhook("IntegrationEnabled"), integration_webhook("IntegrationDisabled")
# In the future, so that it is not old at the end of a long test run.
FRESH = integration_created(
    CreatedUtc=f"{datetime.now(UTC) + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
)


def percent_encoded(token: str) -> str:
    """Percent-encode each character."""
    return "".join(f"%{ord(character):02X}" for character in token)


def named_enterprise(name: str) -> bytes:
    """Return IntegrationCreated for an enterprise with this name."""
    return integration_created(Enterprise={"Id": "any", "Name": name})


def count_tokens(partner: DemoPartner) -> list[int | None]:
    """Count the places (header, body) with the token in the responses to one and two events."""
    responses = [send(partner.url, body) for body in (ONE_EVENT, TWO_EVENTS)]
    assert {response.status for response in responses} == {202}
    return [
        (partner.token in response.headers.get("X-Request-Url", ""))
        + (partner.token in response.body.decode())
        for response in responses
    ]


@dataclass(frozen=True)
class FlawCase:
    """Requests, the statuses with a flaw, and those of the sound partner: by default all 202."""

    flaw: str
    requests: RequestSequence
    flawed: Sequence[int | None]
    sound: Sequence[int | None] | None = None


CASES = [
    FlawCase("demands-signature", in_order(ONE_EVENT), [401], [202]),
    FlawCase("rejects-payments", in_order(general_webhook("PaymentUpdated")), [400], [202]),
    FlawCase("rejects-entities", in_order(general_webhook(Entities={})), [400], [202]),
    FlawCase(
        "refuses-late-updates",
        in_order(
            general_webhook("ResourceUpdated", "ResourceDeleted", ids=("a", "a")),
            general_webhook("ResourceUpdated", ids=("b",)),
            general_webhook("ResourceUpdated", ids=("a",)),
        ),
        [202, 202, 404],
        [202] * 3,
    ),
    FlawCase(
        "fails-on-mixed-batch",
        in_order(general_webhook("CustomerAdded", "MessageAdded")),
        [500],
        [202],
    ),
    FlawCase("rejects-shared-ids", in_order(SHARED_ID), [409], [202]),
    FlawCase("body-limit", in_order(FULL_BATCH), [413], [202]),
    FlawCase("answers-304", in_order(general_webhook("ResourceUpdated")), [304], [202]),
    FlawCase(
        "refuses-duplicates",
        in_order(ONE_EVENT, OTHER_ENTITY, ONE_EVENT),
        [202, 202, 409],
        [202] * 3,
    ),
    FlawCase(
        "locks-out-after-retries",
        in_order(ONE_EVENT, ONE_EVENT, OTHER_ENTITY, ONE_EVENT, TWO_EVENTS, TWO_EVENTS),
        [202] * 4 + [503] * 2,
    ),
    FlawCase(
        "fails-after-truncated-body",
        after_truncated_body(*[ONE_EVENT] * 6),
        [500] * 5 + [202],
        [202] * 6,
    ),
    FlawCase("redirects-302", in_order(ONE_EVENT), [302], [202]),
    FlawCase("redirects-to-404", in_order(ONE_EVENT, TWO_EVENTS), [202, 308], [202, 202]),
    FlawCase("token-in-header", in_order(ONE_EVENT), [401], [202]),
    FlawCase("ignores-token", with_queries("Token=wrong"), [202], [401]),
    FlawCase("ignores-token", with_queries(""), [202], [401]),
    FlawCase("ignores-token-for-integrations", with_queries("", body=NEW_KEY), [202], [401]),
    FlawCase("ignores-token-for-integrations", with_queries(""), [401], [401]),
    FlawCase(
        "first-enterprise-only",
        in_order(ONE_EVENT, general_webhook(EnterpriseId="b"), ONE_EVENT),
        [202, 403, 202],
    ),
    FlawCase(
        "rejects-unknown-integrations",
        in_order(NEW_KEY, integration_created(), NEW_KEY),
        [404, 202, 202],
    ),
    FlawCase("one-at-a-time", concurrent_messages(30, 3.0), [202, None], [202]),
    FlawCase("token-optional", with_queries(""), [202], [401]),
    FlawCase("always-200", in_order(b"{", b"{}"), [200, 200], [400, 400]),
    FlawCase(
        "dies-on-malformed",
        in_order(b"{}", b"{", *[ONE_EVENT] * 31),
        [400, *[500] * 31, 202],
        [400, 400, *[202] * 31],
    ),
    FlawCase(
        "dies-on-null-event",
        in_order(b"{}", b"{", NULL_EVENT, *[ONE_EVENT] * 31),
        [400, 400, *[500] * 31, 202],
        [400, 400, 400, *[202] * 31],
    ),
    FlawCase("dies-later", in_order(b"{", NULL_EVENT, ONE_EVENT), [400, 202, 202], [400, 400, 202]),
    FlawCase("strict-events", in_order(general_webhook("BillUpdated")), [400], [202]),
    FlawCase("strict-properties", in_order(general_webhook(AddedLater=1)), [400], [202]),
    FlawCase(
        "strict-properties", in_order(integration_created(Service={"AddedLater": 1})), [400], [202]
    ),
    FlawCase("strict-actions", in_order(integration_webhook("IntegrationRenamed")), [400], [202]),
    FlawCase(
        "requires-service",
        in_order(integration_created(Service=...), integration_created()),
        [500, 202],
        [202] * 2,
    ),
    FlawCase(
        "created-and-deleted-only",
        in_order(NEW_KEY, integration_created(), DELETED),
        [400, 202, 202],
    ),
    FlawCase("rejects-deletions", in_order(integration_created(), DELETED), [202, 500], [202, 202]),
    FlawCase("requires-requestor", in_order(integration_created(Requestor=None)), [500], [202]),
    FlawCase("requires-requestor", in_order(integration_created(Requestor=...)), [500], [202]),
    FlawCase(
        "rejects-general-after-integration",
        in_order(ONE_EVENT, NEW_KEY, ONE_EVENT, ONE_EVENT),
        [202, 202, 400, 202],
    ),
    FlawCase("fetches-first", with_short_timeout(FULL_BATCH), [None]),
    FlawCase("slow-per-event", with_short_timeout(FULL_BATCH), [None]),
    FlawCase("falls-behind", concurrent_messages(20, 3.0), [202, None], [202]),
    FlawCase("slows-under-load", concurrent_messages(30, 2.0), [202, None], [202]),
    FlawCase("times-out", with_short_timeout(ONE_EVENT), [None]),
    FlawCase("never-answers", with_short_timeout(ONE_EVENT), [None]),
    FlawCase("cold-start", with_short_timeout(ONE_EVENT, ONE_EVENT), [None, 202], [202, 202]),
    FlawCase("every-third-503", in_order(*[ONE_EVENT] * 6), [202, 202, 503] * 2, [202] * 6),
    FlawCase("echoes-hostile", in_order(ONE_EVENT, TWO_EVENTS), [202, 500], [202, 202]),
    FlawCase("body-limit-100k", in_order(FULL_BATCH, LARGE_BODY), [202, 413], [202, 202]),
    FlawCase(
        "strict-content-type",
        with_content_types("application/json", "application/json; charset=utf-8", "text/plain"),
        [202, 415, 415],
        [202] * 3,
    ),
    FlawCase("strict-content-type", in_order(ONE_EVENT), [415], [202]),
    FlawCase(
        "forgets-kept-connections",
        on_one_connection(ONE_EVENT, ONE_EVENT, ONE_EVENT),
        [202, 400, 400],
    ),
    FlawCase("requires-content-length", in_chunks(ONE_EVENT), [411], [202]),
    FlawCase("answers-before-body", in_order(b"{", ONE_EVENT), [202, 202], [400, 202]),
    FlawCase("rejects-slow-body", with_slow_body(ONE_EVENT, pause_s=3.0), [408], [202]),
    FlawCase(
        "accepts-any-method",
        with_methods("GET", "PUT", "DELETE", "PATCH"),
        [202, 202, 202, 405],
        [405] * 4,
    ),
    FlawCase(
        "compares-prefix",
        with_queries("Token=", "Token={:.4}", "Token={}", "Token={}x", "Token=wrong", ""),
        [202, 202, 202, 401, 401, 401],
        [401, 401, 202, 401, 401, 401],
    ),
    FlawCase(
        "compares-suffix",
        with_queries("Token=x{}", "Token={}", "Token={}x", "Token="),
        [202, 202, 401, 401],
        [401, 202, 401, 401],
    ),
    FlawCase("ignores-token-case", with_tokens(str.swapcase, str), [202, 202], [401, 202]),
    FlawCase(
        "token-in-any-parameter",
        with_queries("Token={}", "token={}", "a=1&secret={}", "secret=wrong"),
        [202, 202, 202, 401],
        [202, 401, 401, 401],
    ),
    FlawCase(
        "accepts-several-tokens",
        with_queries("Token=a&Token={}", "Token={}&Token=a", "Token={}", "Token=a&Token=b"),
        [202, 202, 202, 401],
        [401, 401, 202, 401],
    ),
    FlawCase(
        "accepts-missing-discriminator",
        in_order(general_webhook(Events=[{}]), b"{}"),
        [202, 400],
        [400, 400],
    ),
    FlawCase(
        "accepts-malformed-action",
        in_order(b'{"Action', b'{"Data": {}}', b"{"),
        [202, 202, 400],
        [400] * 3,
    ),
    FlawCase(
        "fails-without-ids",
        in_order(general_webhook(EnterpriseId=None), general_webhook(IntegrationId=7), b"{}"),
        [500, 500, 400],
        [400] * 3,
    ),
    FlawCase(
        "fails-on-incomplete-data",
        in_order(integration_created(AccessToken=...), b'{"Action": "IntegrationDeleted"}'),
        [500, 400],
        [400] * 2,
    ),
    FlawCase(
        "fails-on-huge-numbers",
        in_order(
            ONE_EVENT[:-1] + b',"More":' + b"9" * 4_301 + b"}",
            ONE_EVENT[:-1] + b',"More":99}',
            b"{",
        ),
        [500, 202, 400],
        [400, 202, 400],
    ),
    FlawCase(
        "ignores-body-without-content-type", in_order(b"{", ONE_EVENT), [202, 202], [400, 202]
    ),
    FlawCase("redirect-loop", in_order(ONE_EVENT, TWO_EVENTS), [202, 308], [202, 202]),
    FlawCase("too-many-redirects", in_order(ONE_EVENT, TWO_EVENTS), [202, 308], [202, 202]),
    FlawCase("redirects-to-other-host", in_order(ONE_EVENT, TWO_EVENTS), [202, 308], [202, 202]),
    FlawCase("redirects-to-http", in_order(ONE_EVENT, TWO_EVENTS), [202, 308], [202, 202]),
    FlawCase("raw-query-compare", with_tokens(str, percent_encoded), [202, 401], [202, 202]),
    FlawCase("parses-before-token", with_queries("Token=wrong", body=b"{"), [400], [401]),
    FlawCase("parses-before-token", with_queries("Token=wrong"), [401], [401]),
    FlawCase("races-on-duplicates", concurrent_copies(TWO_EVENTS), [202, 500], [202]),
    FlawCase(
        "refuses-third-copy", in_order(*[ONE_EVENT] * 4, TWO_EVENTS), [202, 202, 409, 409, 202]
    ),
    FlawCase(
        "fails-after-reset", after_reset(*[ONE_EVENT] * 50, abandoned=TWO_EVENTS), [500] * 5, []
    ),
    FlawCase(
        "requires-delivery-order",
        in_order(ONE_EVENT, ONE_EVENT, OTHER_ENTITY, ONE_EVENT, OTHER_ENTITY),
        [202] * 3 + [409, 202],
    ),
    FlawCase(
        "one-message-per-entity",
        in_order(ONE_EVENT, OTHER_ENTITY, TWO_EVENTS, ONE_EVENT, NEW_KEY),
        [202, 202, 409, 409, 202],
    ),
    FlawCase("inserts-instead-of-upserts", in_order(UPDATED, ADDED, ADDED), [202, 500, 202]),
    FlawCase("inserts-instead-of-upserts", in_order(ADDED, UPDATED, ADDED, PAIR), [202] * 4),
    FlawCase("rejects-old-dates", in_order(integration_created(), DELETED), [400, 400]),
    FlawCase(
        "rejects-old-dates",
        in_order(integration_created(CreatedUtc=...), FRESH, ONE_EVENT),
        [400, 202, 202],
    ),
    FlawCase("fails-once-in-20", in_order(*[ONE_EVENT] * 40), ([202] * 19 + [503]) * 2),
    FlawCase(
        "refuses-repeated-creation", in_order(FIRST, OFF, FIRST, SECOND), [202, 202, 409, 202]
    ),
    FlawCase(
        "refuses-second-integration", in_order(FIRST, FIRST, DELETED, SECOND), [202] * 3 + [409]
    ),
    FlawCase(
        "strict-lifecycle",
        in_order(FIRST, OFF, OFF, ON, NEW_KEY, ONE_EVENT),
        [202, 202, 409] + [202] * 3,
    ),
    FlawCase("strict-lifecycle", in_order(FIRST, NEW_KEY, FIRST, ON), [202, 202, 202, 409]),
    FlawCase(
        "rejects-when-disabled",
        in_order(FIRST, ONE_EVENT, OFF, ONE_EVENT, ON, ONE_EVENT),
        [202] * 3 + [403, 202, 202],
    ),
    FlawCase(
        "requires-ascending-dates", in_order(FRESH, ONE_EVENT, FIRST, FRESH), [202, 202, 409, 202]
    ),
    FlawCase("gone-after-deletion", in_order(FIRST, DELETED, DELETED, FIRST), [202] * 3 + [410]),
    FlawCase("gone-after-deletion", in_order(FIRST, DELETED, SECOND, ONE_EVENT), [202] * 4),
    FlawCase(
        "fails-on-null-service", in_order(integration_created(Service=None), FIRST), [500, 202]
    ),
    FlawCase(
        "latin1-names", in_order(named_enterprise("Zürich"), named_enterprise("Łódź")), [202, 500]
    ),
    FlawCase(
        "name-limit", in_order(named_enterprise("H" * 100), named_enterprise("H" * 101)), [202, 400]
    ),
    FlawCase(
        "accepts-unusable-access-token",
        in_order(integration_created(AccessToken=None), integration_created(AccessToken=7)),
        [202, 202],
        [400, 400],
    ),
    FlawCase("echoes-token", count_tokens, [0, 2], [0, 0]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.flaw)
def test_a_flaw_responds_differently(start_partner: StartPartner, case: FlawCase) -> None:
    """The requests show the flaw."""
    assert case.requests(start_partner(case.flaw)) == case.flawed


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.flaw)
def test_the_sound_partner_responds_soundly(start_partner: StartPartner, case: FlawCase) -> None:
    """The same requests get sound responses without the flaw."""
    statuses = case.requests(start_partner("sound"))
    sound = [202] * len(case.flawed) if case.sound is None else case.sound
    assert statuses == sound


def test_every_flaw_has_a_case() -> None:
    """Every flaw in responses is tested here; the others have their own tests."""
    others = IN_STATE | {
        kind.name
        for kind in PARTNER_KINDS.values()
        if kind.is_sound
        or kind.create_options is not ProcessingOptions
        or kind.create_client is not ClientOptions
        or kind.create_context not in {None, over_tls}
    }
    assert {case.flaw for case in CASES} == PARTNER_KINDS.keys() - others
