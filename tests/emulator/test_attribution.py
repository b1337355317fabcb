"""Requests of strangers are told from the partner's."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pytest_mews.emulator.attribution import AttributedLog, Origin, TokenFinder, ids_in
from pytest_mews.emulator.connector_api import ApiRequest, ConnectorApi
from pytest_mews.model.api_call import RequestProblem
from tests.connector_api.emulator_client import (
    JSON,
    PREFIX,
    TENANTS,
    general_webhook,
    guid,
    make_connector_api,
)

TOKEN = "0123456789ABCDEF0123456789ABCDEF-FEDCBA9876543210FEDCBA987654321"
GET_ALL = f"{PREFIX}customers/getAll"


@dataclass(frozen=True)
class Entry:
    """An entry of a log."""

    number: int
    text: str = ""


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        f"Token {TOKEN.lower()}!",
        f"only its first part {TOKEN[:32]}",
        f"cut off: {TOKEN[:36]}",
        "percent-encoded: " + TOKEN.replace("-", "%2D"),
        "short.!",
    ],
)
def test_a_token_is_found_in_other_spellings(text: str) -> None:
    """A partner that misspells its token is still known."""
    assert TokenFinder(lambda: (TOKEN, "short.!")).is_in(text)


@pytest.mark.parametrize("text", ["", TOKEN[:31], TOKEN.replace("A", "B"), "x" * 64, "short"])
def test_other_tokens_are_not_found(text: str) -> None:
    """A token of another client, or a few of its characters, is nobody's."""
    assert not TokenFinder(lambda: (TOKEN, "short.!")).is_in(text)


def test_new_tokens_are_found() -> None:
    """A key that a message announces is known from then on."""
    tokens = [TOKEN]
    finder = TokenFinder(lambda: tokens)
    assert not finder.is_in("a-later-rotated-key")
    tokens.append("a-later-rotated-key")
    assert finder.is_in("a-later-rotated-key")
    assert ids_in(f'{{"Ids":["{guid(1).upper()}"]}}') == {guid(1)}


def test_possible_entries_count_until_the_partner_is_known() -> None:
    """The numbers stay those of arrival; strangers are noted once the partner is known."""
    log: AttributedLog[Entry] = AttributedLog(max_entries=8)
    for number, origin in enumerate(
        [Origin.STRANGER, Origin.POSSIBLY_PARTNER, Origin.POSSIBLY_PARTNER], 1
    ):
        assert log.next_number() == number
        log.add(Entry(number), origin, f"request {number}\x1b[2J")
    assert [entry.number for entry in log.since(0)] == [2, 3]
    assert [entry.number for entry in log.since(2)] == [3]
    (note,) = log.notes("Requests")
    assert "first: request 1?[2J" in note
    log.replace(Entry(3, "changed"))
    assert log.since(2) == (Entry(3, "changed"),)
    log.add(Entry(log.next_number()), Origin.PARTNER, "")
    assert [entry.number for entry in log.since(0)] == [4]
    log.replace(Entry(4, "changed"))
    assert log.since(0) == (Entry(4, "changed"),)
    assert log.notes("Requests") == (note,)


def test_a_long_description_is_left_out() -> None:
    """It is not cut, since a part of a secret would not be redacted."""
    log: AttributedLog[Entry] = AttributedLog(max_entries=8)
    log.add(Entry(log.next_number()), Origin.STRANGER, "x" * 1_000)
    (note,) = log.notes("Requests")
    assert "xx" not in note
    assert "1,000 characters" in note


def test_without_strangers_there_is_no_note() -> None:
    """Requests that may be the partner's are no strangers' while they count."""
    log: AttributedLog[Entry] = AttributedLog(max_entries=8)
    assert log.notes("Requests") == ()
    log.add(Entry(log.next_number()), Origin.POSSIBLY_PARTNER, "a request")
    assert log.notes("Requests") == ()
    log.add(Entry(log.next_number()), Origin.PARTNER, "")
    assert "a request" in log.notes("Requests")[0]


def send(
    connector_api: ConnectorApi, path: str = GET_ALL, body: str = "{}", query: str = ""
) -> None:
    """Send a request from an address."""
    connector_api.begin(
        ApiRequest("POST", path, JSON, body.encode(), query, address="192.0.2.1")
    ).mark_sent()


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        ({"body": '{"ClientToken": "client-token-of-the-test"}'}, RequestProblem.NO_ACCESS_TOKEN),
        ({"body": '{"AccessToken": "ACCESS-TOKEN-ONE", "ClientToken": "client-token-of-the-test"}'},
         RequestProblem.WRONG_ACCESS_TOKEN),
        ({"query": "ClientToken=client-token-of-the-test"}, RequestProblem.NO_CLIENT_TOKEN),
        ({"body": f'{{"CustomerIds": ["{guid(1)}"], "AccessToken": "of another client"}}'},
         RequestProblem.WRONG_ACCESS_TOKEN),
        ({"path": "/v1", "body": "client-token-of-the-test"}, RequestProblem.WRONG_PATH),
    ],
)  # fmt: skip
def test_the_partners_mistakes_are_still_told(
    request_: dict[str, str], problem: RequestProblem
) -> None:
    """A request with a token of the run, or with an id of its messages, is the partner's."""
    connector_api = make_connector_api()
    connector_api.apply_message(general_webhook(("CustomerUpdated", guid(1))))
    send(connector_api, body=f'{{"AccessToken": "{TENANTS.enterprises[0].access_token}"}}')
    send(connector_api, **request_)
    assert problem in connector_api.calls(1)[0].request_problems
    assert connector_api.notes == ()


def test_strangers_are_noted_and_not_counted() -> None:
    """A stranger's request does not end a wait, and the note has no token of anybody."""
    connector_api = make_connector_api()
    send(connector_api, "/healthz")
    assert connector_api.calls() == ()
    connector_api.record_unreadable("192.0.2.7", "Bad request version ('...')")
    send(connector_api, body='{"ClientToken": "x", "AccessToken": "y", "Client": "Evil 1.0"}')
    assert len(connector_api.calls()) == 1  # it may be a partner without any right token
    send(connector_api, body='{"AccessToken": "access-token-one"}')
    assert [call.number for call in connector_api.calls()] == [4]
    (note,) = connector_api.notes
    assert "POST /healthz from 192.0.2.1" in note
