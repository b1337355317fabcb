"""What all variants and flaws have in common, and the behaviour of some of them."""

from __future__ import annotations

import pytest

from pytest_mews.demo import PARTNER_KINDS, partner_kind
from pytest_mews.demo.registry import register
from pytest_mews.demo.service import PATH, Request
from pytest_mews.errors import UsageError
from tests.demo.conftest import StartPartner
from tests.demo.request_sequences import (
    DELETED,
    FULL_BATCH,
    JSON_HEADERS,
    NEW_KEY,
    NULL_EVENT,
    SHARED_ID,
    TWO_EVENTS,
)
from tests.demo.webhook_client import ONE_EVENT, TIMEOUT_S, integration_created, send
from tests.demo_flaws.duplicate_flaws import races_on_duplicates

REJECTS_SINGLE_EVENT = {
    "demands-signature",
    "redirects-302",
    "token-in-header",
    "times-out",
    "never-answers",
    "only-old-tls",
}


@pytest.mark.parametrize(
    "name", [name for name in PARTNER_KINDS if name not in REJECTS_SINGLE_EVENT]
)
def test_a_single_event_is_accepted(start_partner: StartPartner, name: str) -> None:
    """Almost every flaw accepts the message of the preflight, after redirects."""
    partner = start_partner(name)
    response = send(partner.url, ONE_EVENT, headers=JSON_HEADERS)
    if response.status in {307, 308}:
        moved = partner.url.partition("/webhooks")[0] + response.headers["Location"]
        response = send(moved, ONE_EVENT, headers=JSON_HEADERS)
    assert response.status in {200, 202, 204}


def test_a_wrong_token_is_rejected() -> None:
    """Only `ignores-token` accepts it; the others answer 401 or redirect first."""
    for name in PARTNER_KINDS.keys() - {"ignores-token"}:
        response = partner_kind(name).create_behaviour()(
            "right", Request("POST", PATH, "Token=wrong", {}, ONE_EVENT)
        )
        assert response.status in {401, 302, 307, 308}, name
        assert (response.accepted is None) is (name != "processes-rejected-messages"), name


def test_rejected_messages_are_not_processed() -> None:
    """Only messages that were answered with a success status are processed."""
    bodies = (
        b"{",
        b"{}",
        NULL_EVENT,
        TWO_EVENTS,
        SHARED_ID,
        FULL_BATCH,
        NEW_KEY,
        DELETED,
        integration_created(),
        ONE_EVENT,
        ONE_EVENT,
    )
    for name, kind in PARTNER_KINDS.items():
        behave = kind.create_behaviour()
        for body in bodies:
            response = behave("right", Request("POST", PATH, "Token=right", {}, body))
            assert response.accepted is None or response.status in {200, 202, 204}, name


def test_partners_share_no_state() -> None:
    """Two partners with the same flaw remember different messages."""
    request = Request("POST", PATH, "Token=right", {}, ONE_EVENT)
    for _ in range(2):
        assert partner_kind("refuses-duplicates").create_behaviour()("right", request).status == 202


@pytest.mark.parametrize("name", ["redirects-307", "redirects-308", "redirects-302"])
def test_a_redirect_keeps_the_query(start_partner: StartPartner, name: str) -> None:
    """The new location has the token, and responds as the sound partner."""
    partner = start_partner(name)
    location = send(partner.url, ONE_EVENT).headers["Location"]
    moved = partner.url.partition("/webhooks")[0] + location
    assert location.endswith(f"?Token={partner.token}")
    assert [send(moved, body).status for body in (ONE_EVENT, b"{")] == [202, 400]
    assert send(moved.partition("?")[0] + "?Token=wrong", ONE_EVENT).status == 401
    assert send(moved, b"", method="GET").status == 405


def test_the_404_redirect_leads_to_404(start_partner: StartPartner) -> None:
    """The location of the redirect answers 404."""
    partner = start_partner("redirects-to-404")
    location = send(partner.url, TWO_EVENTS).headers["Location"]
    assert send(partner.url.partition("/webhooks")[0] + location, TWO_EVENTS).status == 404


def test_token_in_header_accepts_the_header(start_partner: StartPartner) -> None:
    """With the header it accepts a message, whatever the query."""
    partner = start_partner("token-in-header")
    headers = {"Authorization": f"Bearer {partner.token}"}
    assert send(partner.url.partition("?")[0] + "?", ONE_EVENT, headers=headers).status == 202


def test_demands_signature_accepts_a_signature(start_partner: StartPartner) -> None:
    """With the header it accepts a message."""
    response = send(
        start_partner("demands-signature").url, ONE_EVENT, headers={"X-Mews-Signature": "any"}
    )
    assert response.status == 202


def test_a_hostile_response_has_everything_that_a_report_must_survive(
    start_partner: StartPartner,
) -> None:
    """The response has 10 MB with script, escape sequences, NULs and the token."""
    partner = start_partner("echoes-hostile")
    response = send(partner.url, TWO_EVENTS, timeout_s=TIMEOUT_S)
    assert len(response.body) == 10_000_000
    for part in (b"<script>", b"\x1b[", b"\x00", partner.token.encode()):
        assert part in response.body[:1000]


@pytest.mark.parametrize(
    ("name", "body", "delay_s"),
    [
        ("slow-but-fine", ONE_EVENT, 0.2),
        ("times-out", ONE_EVENT, 6.0),
        ("times-out", b"{", 6.0),
        ("never-answers", ONE_EVENT, float("inf")),
        ("fetches-first", FULL_BATCH, 7.5),
        ("fetches-first", NEW_KEY, 0.0),
    ],
)
def test_a_delay_is_part_of_the_response(name: str, body: bytes, delay_s: float) -> None:
    """The behaviour returns the delay; it does not wait itself."""
    response = partner_kind(name).create_behaviour()(
        "right", Request("POST", PATH, "Token=right", {}, body)
    )
    assert response.delay_s == pytest.approx(delay_s)


@pytest.mark.parametrize(
    ("name", "status"), [("answers-200", 200), ("answers-204", 204), ("verbose-response", 200)]
)
def test_a_variant_has_its_own_success_status(
    start_partner: StartPartner, name: str, status: int
) -> None:
    """Success has several statuses; rejections are those of the sound partner."""
    partner = start_partner(name)
    assert [send(partner.url, body).status for body in (ONE_EVENT, b"{")] == [status, 400]


def test_a_duplicate_fails_only_during_the_work() -> None:
    """A copy of a batch fails while the partner works on the first one; a single event doesn't."""
    now = 0.0
    behave = races_on_duplicates(lambda: now)

    def status(body: bytes) -> int:
        return behave("right", Request("POST", PATH, "Token=right", {}, body)).status

    assert [status(body) for body in (TWO_EVENTS, TWO_EVENTS, SHARED_ID, ONE_EVENT, ONE_EVENT)] == [
        202,
        500,
        202,
        202,
        202,
    ]
    now = 0.15
    assert [status(TWO_EVENTS), status(TWO_EVENTS)] == [202, 500]


def test_a_disconnect_starts_the_outage() -> None:
    """Five requests fail once the partner has noticed that the client disconnected."""
    behave = partner_kind("fails-after-reset").create_behaviour()
    requests = [Request("POST", PATH, "Token=right", {}, body) for body in (ONE_EVENT, TWO_EVENTS)]
    single, batch = (behave("right", request) for request in requests)
    assert single.on_disconnect is None
    assert batch.on_disconnect is not None
    batch.on_disconnect()
    statuses = [behave("right", requests[1]).status for _ in range(6)]
    assert statuses == [500] * 5 + [202]


def test_names_are_described() -> None:
    """Every kind has a one-line description."""
    for name, kind in PARTNER_KINDS.items():
        assert kind.name == name
        assert kind.description.endswith(".")
        assert "\n" not in kind.description


def test_a_name_is_registered_once() -> None:
    """A second kind of the same name is refused."""
    with pytest.raises(ValueError, match="two demo partners with the name always-200"):
        register(PARTNER_KINDS["always-200"])


def test_an_unknown_name_is_a_usage_error() -> None:
    """The error suggests the closest name, and lists all names."""
    with pytest.raises(UsageError, match="Did you mean always-200") as raised:
        partner_kind("always200")
    assert raised.value.name == "--mews-target"
    assert all(name in raised.value.remedy for name in PARTNER_KINDS)
    with pytest.raises(UsageError) as raised:
        partner_kind("?")
    assert raised.value.remedy.startswith("Known: sound,")
