"""The FastAPI example, run as its README says."""

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


def url_of(served: RunningService) -> str:
    """Give the URL with its token."""
    return f"{served.url}?Token={served.token}"


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
def test_messages_are_accepted(served: RunningService, body: bytes) -> None:
    """Documented messages, and those that Mews may add, are answered with 202."""
    assert send(url_of(served), body).status == 202


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"\xff", b"null", b"[]", b"7", b'"Events"', b"{}", b"[" * 100_000),
        *(general_webhook(Events=events) for events in (None, {}, [None], [{}])),
        integration_created(AccessToken=...),
        integration_webhook("IntegrationApiKeyCreated", ApiKey=7),
    ],
)
def test_what_can_not_be_used_is_refused(served: RunningService, body: bytes) -> None:
    """Malformed JSON and wrong shapes are answered with 400."""
    assert send(url_of(served), body).status == 400


@pytest.mark.parametrize("query", ["", "?Token=", "?Token=wrong", "?Token=%ff"])
def test_the_token_is_checked_first(served: RunningService, query: str) -> None:
    """401 without the right token, even to malformed JSON."""
    assert [send(served.url + query, body).status for body in (ONE_EVENT, b"{")] == [401, 401]


def test_only_post_is_served(served: RunningService) -> None:
    """Any other method is refused."""
    assert send(url_of(served), b"", method="GET").status == 405


def test_the_output_bears_no_secret(served: RunningService) -> None:
    """Requests are logged without their query, and a cut body leaves no trace."""
    send(url_of(served), integration_created())
    send_truncated(url_of(served), ONE_EVENT)
    assert send(url_of(served), ONE_EVENT).status == 202
    output = served.output.read_text("utf-8")
    assert '"POST /webhooks/mews HTTP/1.1" 202' in output
    assert served.token not in output
    assert "first-access-token" not in output
    assert "Traceback" not in output


def test_the_readme_names_what_there_is() -> None:
    """Its commands use this module, this path and this variable."""
    readme = (FASTAPI_PARTNER / "README.md").read_text("utf-8")
    source = (FASTAPI_PARTNER / "app.py").read_text("utf-8")
    for name in ("MEWS_TOKEN", "/webhooks/mews", "MEWS_TENANTS"):
        assert name in readme
        assert name in source
    calling = (FASTAPI_PARTNER / "connector.py").read_text("utf-8")
    for name in ("MEWS_API_URL", "MEWS_CLIENT_TOKEN", "CLIENT"):
        assert name in readme
        assert name in calling
    assert "uvicorn app:app --port 8000" in readme
    requirements = Path(FASTAPI_PARTNER / "requirements.txt").read_text("utf-8")
    assert re.findall(r"^[a-z]+", requirements, re.MULTILINE) == ["fastapi", "httpx", "uvicorn"]
