"""The FastAPI example, started with the command in its README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.demo.webhook_client import (
    ONE_EVENT,
    general_webhook,
    integration_created,
    integration_webhook,
    send,
    send_truncated,
)
from tests.partner_processes import FASTAPI_PARTNER, RunningService


def url_of(service: RunningService) -> str:
    """Return the URL with its token."""
    return f"{service.url}?Token={service.token}"


@pytest.mark.parametrize(
    "body",
    [
        ONE_EVENT,
        general_webhook("BillUpdated", "CustomerAdded", "CustomerUpdated"),
        general_webhook(*["ServiceOrderUpdated"] * 2000),
        integration_created(),
        integration_created(Requestor=None, Service=...),
        integration_webhook("IntegrationApiKeyCreated", ApiKey="second-key"),
        integration_webhook("IntegrationCanceled"),
        integration_webhook("IntegrationDeleted"),
        integration_webhook("IntegrationRenamed"),
    ],
)
def test_messages_are_accepted(fastapi_example: RunningService, body: bytes) -> None:
    """Documented messages, and those that Mews may add, are answered with 202."""
    assert send(url_of(fastapi_example), body).status == 202


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"\xff", b"null", b"[]", b"7", b'"Events"', b"{}", b"[" * 100_000),
        *(general_webhook(Events=events) for events in (None, {}, [None], [{}])),
        integration_created(AccessToken=...),
        integration_webhook("IntegrationApiKeyCreated", ApiKey=7),
    ],
)
def test_invalid_messages_are_rejected(fastapi_example: RunningService, body: bytes) -> None:
    """Malformed JSON and an invalid structure are answered with 400."""
    assert send(url_of(fastapi_example), body).status == 400


@pytest.mark.parametrize("query", ["", "?Token=", "?Token=wrong", "?Token=%ff"])
def test_the_token_is_checked_first(fastapi_example: RunningService, query: str) -> None:
    """Without the right token the response is 401, even to malformed JSON."""
    assert [send(fastapi_example.url + query, body).status for body in (ONE_EVENT, b"{")] == [
        401,
        401,
    ]


def test_only_post_is_allowed(fastapi_example: RunningService) -> None:
    """Any other method is answered with 405."""
    assert send(url_of(fastapi_example), b"", method="GET").status == 405


def test_the_output_has_no_secret(fastapi_example: RunningService) -> None:
    """The access log has no queries, and a truncated body causes no traceback."""
    send(url_of(fastapi_example), integration_created())
    send_truncated(url_of(fastapi_example), ONE_EVENT)
    assert send(url_of(fastapi_example), ONE_EVENT).status == 202
    output = fastapi_example.output.read_text("utf-8")
    assert '"POST /webhooks/mews HTTP/1.1" 202' in output
    assert fastapi_example.token not in output
    assert "first-access-token" not in output
    assert "Traceback" not in output


def test_the_readme_matches_the_example() -> None:
    """Its commands use the module, the path and the variables of the example."""
    readme = (FASTAPI_PARTNER / "README.md").read_text("utf-8")
    source = (FASTAPI_PARTNER / "app.py").read_text("utf-8")
    for name in ("MEWS_TOKEN", "/webhooks/mews", "MEWS_TENANTS", "MEWS_DATABASE"):
        assert name in readme
        assert name in source
    client_source = (FASTAPI_PARTNER / "api_client.py").read_text("utf-8")
    for name in ("MEWS_API_URL", "MEWS_CLIENT_TOKEN", "CLIENT"):
        assert name in readme
        assert name in client_source
    assert "uvicorn app:app --port 8000" in readme
    requirements = Path(FASTAPI_PARTNER / "requirements.txt").read_text("utf-8")
    assert re.findall(r"^[a-z]+", requirements, re.MULTILINE) == ["fastapi", "httpx", "uvicorn"]
