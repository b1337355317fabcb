"""The sound service, rule by rule, without a socket."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.demo.service import PATH, Answer, Request, answer
from tests.demo.client import ONE, created, general, integration

TOKEN = "open sesame & more"
QUERY = "Token=open%20sesame+%26+more"
GOOD = Request("POST", PATH, QUERY, {}, ONE)


def said(request: Request) -> Answer:
    """Answer a request as the sound service does."""
    return answer(TOKEN, request)


def test_a_documented_message_is_accepted_and_handed_over() -> None:
    """202 at once, with the message for the worker."""
    given = said(GOOD)
    assert given.status == 202
    assert given.accepted is not None
    assert given.accepted["Events"][0]["Discriminator"] == "ServiceOrderUpdated"
    assert given.delay_s == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "OPTIONS"])
def test_only_post_is_served(method: str) -> None:
    """Any other method is refused with 405 that names POST."""
    given = said(replace(GOOD, method=method))
    assert (given.status, dict(given.headers)) == (405, {"Allow": "POST"})


def test_another_path_is_not_found() -> None:
    """Only one path is served."""
    assert said(replace(GOOD, path=PATH + "/")).status == 404


@pytest.mark.parametrize(
    "query",
    [
        "",
        "Token",
        "Token=",
        "Token=other",
        f"{QUERY}x",
        f"{QUERY}&Token=other",
        "token=" + QUERY[6:],
        "Token=%ff",
        "Token=%F0%9F%94%91",
    ],
)
def test_a_wrong_token_is_refused_before_the_body_is_looked_at(query: str) -> None:
    """401, and the same 401 for malformed JSON: who can't be known learns nothing."""
    assert said(replace(GOOD, query=query)) == Answer(401)
    assert said(replace(GOOD, query=query, body=b"{")) == Answer(401)


def test_the_token_may_stand_among_others() -> None:
    """A query may bear more than the token."""
    assert said(replace(GOOD, query=f"hotel=1&{QUERY}")).status == 202


@pytest.mark.parametrize(
    "body",
    [b"", b"{", ONE[:40], ONE + ONE, b"\xff\xfe\xff", b"[" * 100_000, None],
    ids=["empty", "brace", "cut", "twice", "binary", "deep", "incomplete"],
)
def test_what_is_no_json_is_refused(body: bytes | None) -> None:
    """400 for whatever no parser takes."""
    given = said(replace(GOOD, body=body))
    assert (given.status, given.accepted) == (400, None)


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b'"Events"',
        b"{}",
        general(Events=None),
        general(Events={}),
        general(Events=[None]),
        general(Events=[{}]),
        general(Events=[{"Discriminator": "ServiceOrderUpdated"}]),
        general(Events=[{"Discriminator": "ServiceOrderUpdated", "Value": {"Id": 7}}]),
        general("ServiceOrderUpdated", EnterpriseId=None),
        general("ServiceOrderUpdated", IntegrationId=7),
        b'{"Action": null, "Data": {}}',
        b'{"Action": "IntegrationDeleted"}',
        b'{"Action": "IntegrationDeleted", "Data": {"Integration": {}}}',
        integration("IntegrationApiKeyCreated"),
        created(AccessToken=...),
        created(Enterprise={"Name": "Sample"}),
        created(IsEnabled="yes"),
    ],
)
def test_json_of_the_wrong_shape_is_refused(body: bytes) -> None:
    """400 where something is missing that the service relies on."""
    given = said(replace(GOOD, body=body))
    assert (given.status, given.accepted) == (400, None)


@pytest.mark.parametrize(
    "body",
    [
        general(),
        general("BillUpdated"),
        general(Events=[{"Discriminator": "BillUpdated"}]),
        general("CustomerAdded", "CustomerUpdated", ids=("same", "same")),
        general("ServiceOrderUpdated", AddedLater={"Id": 7}),
        integration("IntegrationRenamed"),
        b'{"Action": "IntegrationRenamed", "Data": {}}',
        integration("IntegrationEnabled", AddedLater=None),
        integration("IntegrationDeleted"),
        created(Service=...),
        created(Requestor=None),
        created(Requestor=...),
    ],
)
def test_the_optional_and_the_unknown_are_accepted(body: bytes) -> None:
    """What may be absent, and what Mews may add one day, is no reason to refuse a message."""
    given = said(replace(GOOD, body=body))
    assert (given.status, given.accepted is not None) == (202, True)


def test_a_refusal_quotes_nothing() -> None:
    """A refused body is not sent back."""
    given = said(replace(GOOD, body=created(AccessToken=7, Requestor="secret-person")))
    assert given.body == b"AccessToken is missing or no str"
