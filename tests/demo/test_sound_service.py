"""The sound service, rule by rule, without a socket."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.demo.service import PATH, Request, Response, respond
from tests.demo.webhook_client import (
    ONE_EVENT,
    general_webhook,
    integration_created,
    integration_webhook,
)

TOKEN = "open sesame & more"
QUERY = "Token=open%20sesame+%26+more"
VALID = Request("POST", PATH, QUERY, {}, ONE_EVENT)


def respond_to(request: Request) -> Response:
    """Respond to a request as the sound service does."""
    return respond(TOKEN, request)


def test_a_documented_message_is_accepted() -> None:
    """202 at once, with the message for the workers."""
    response = respond_to(VALID)
    assert response.status == 202
    assert response.accepted is not None
    assert response.accepted["Events"][0]["Discriminator"] == "ServiceOrderUpdated"
    assert response.delay_s == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "OPTIONS"])
def test_only_post_is_allowed(method: str) -> None:
    """Any other method is answered with 405 and an Allow header."""
    response = respond_to(replace(VALID, method=method))
    assert (response.status, dict(response.headers)) == (405, {"Allow": "POST"})


def test_another_path_is_not_found() -> None:
    """Only one path exists."""
    assert respond_to(replace(VALID, path=PATH + "/")).status == 404


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
def test_a_wrong_token_is_rejected_before_the_body_is_read(query: str) -> None:
    """The response is the same 401 for malformed JSON: an unauthorised sender learns nothing."""
    assert respond_to(replace(VALID, query=query)) == Response(401)
    assert respond_to(replace(VALID, query=query, body=b"{")) == Response(401)


def test_other_query_parameters_are_ignored() -> None:
    """A query may have other parameters beside the token."""
    assert respond_to(replace(VALID, query=f"hotel=1&{QUERY}")).status == 202


@pytest.mark.parametrize(
    "body",
    [b"", b"{", ONE_EVENT[:40], ONE_EVENT + ONE_EVENT, b"\xff\xfe\xff", b"[" * 100_000, None],
    ids=["empty", "brace", "cut", "twice", "binary", "deep", "incomplete"],
)
def test_invalid_json_is_rejected(body: bytes | None) -> None:
    """400 to a body that can't be parsed."""
    response = respond_to(replace(VALID, body=body))
    assert (response.status, response.accepted) == (400, None)


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b'"Events"',
        b"{}",
        general_webhook(Events=None),
        general_webhook(Events={}),
        general_webhook(Events=[None]),
        general_webhook(Events=[{}]),
        general_webhook(Events=[{"Discriminator": "ServiceOrderUpdated"}]),
        general_webhook(Events=[{"Discriminator": "ServiceOrderUpdated", "Value": {"Id": 7}}]),
        general_webhook("ServiceOrderUpdated", EnterpriseId=None),
        general_webhook("ServiceOrderUpdated", IntegrationId=7),
        b'{"Action": null, "Data": {}}',
        b'{"Action": "IntegrationDeleted"}',
        b'{"Action": "IntegrationDeleted", "Data": {"Integration": {}}}',
        integration_webhook("IntegrationApiKeyCreated"),
        integration_created(AccessToken=...),
        integration_created(Enterprise={"Name": "Sample"}),
        integration_created(IsEnabled="yes"),
    ],
)
def test_json_with_an_invalid_structure_is_rejected(body: bytes) -> None:
    """400 if a property is missing that the service relies on."""
    response = respond_to(replace(VALID, body=body))
    assert (response.status, response.accepted) == (400, None)


@pytest.mark.parametrize(
    "body",
    [
        general_webhook(),
        general_webhook("BillUpdated"),
        general_webhook(Events=[{"Discriminator": "BillUpdated"}]),
        general_webhook("CustomerAdded", "CustomerUpdated", ids=("same", "same")),
        general_webhook("ServiceOrderUpdated", AddedLater={"Id": 7}),
        integration_webhook("IntegrationRenamed"),
        b'{"Action": "IntegrationRenamed", "Data": {}}',
        integration_webhook("IntegrationEnabled", AddedLater=None),
        integration_webhook("IntegrationDeleted"),
        integration_created(Service=...),
        integration_created(Requestor=None),
        integration_created(Requestor=...),
    ],
)
def test_missing_optional_and_unknown_properties_are_accepted(body: bytes) -> None:
    """Optional properties may be absent, and Mews may add properties, events and actions."""
    response = respond_to(replace(VALID, body=body))
    assert (response.status, response.accepted is not None) == (202, True)


def test_a_rejection_does_not_quote_the_body() -> None:
    """The response to an invalid body names the property, but has no value from the body."""
    body = integration_created(AccessToken=7, Requestor="secret-person")
    assert (
        respond_to(replace(VALID, body=body)).body == b"AccessToken is missing or not of type str"
    )
