"""The diagnosis of a failed preflight."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.checks import diagnose_preflight, remedy_for
from pytest_mews.model import Attempt, Exchange, Fault, Outcome, TlsProblem


def attempt(
    outcome: Outcome,
    status: int | None = None,
    content_type: str = "text/plain",
    location: str = "",
    *,
    has_credentials: bool = True,
) -> Attempt:
    """Script the preflight's attempt; the response has a body, a page if its type is HTML."""
    exchange = Exchange(
        "POST",
        "https://partner.example/hook?Token=secret",
        (),
        10,
        outcome,
        0.0,
        5.0,
        status=status,
        response_headers=(("Content-Type", content_type), ("Location", location)),
        response_body=b"\n<!doctype html>..." if "html" in content_type else b"not a page at all..",
        response_size=20,
    )
    return Attempt(1, Fault.NONE, 0.0, (exchange,), outcome, has_credentials=has_credentials)


@pytest.mark.parametrize(
    ("failed", "diagnosis"),
    [
        (attempt(Outcome.NAME_NOT_RESOLVED), "name"),
        (attempt(Outcome.CONNECTION_REFUSED), "nothing listens"),
        (attempt(Outcome.TLS_ERROR), "certificate"),
        (attempt(Outcome.TIMEOUT_ANSWER), "does not answer"),
        (
            attempt(Outcome.ERROR_STATUS, 401),
            "the service refused the token in the URL",
        ),
        (attempt(Outcome.ERROR_STATUS, 403, has_credentials=False), "knows no token in the URL"),
        (attempt(Outcome.ERROR_STATUS, 403, content_type="text/html"), "as firewalls, proxies"),
        (attempt(Outcome.ERROR_STATUS, 406, content_type="text/html"), "as firewalls, proxies"),
        (attempt(Outcome.ERROR_STATUS, 401, content_type="text/html"), "refused the token"),
        (attempt(Outcome.REDIRECT_NOT_FOLLOWABLE, 301, content_type="text/html"), "redirects to"),
        (attempt(Outcome.ERROR_STATUS, 404), "nothing is at this path"),
        (attempt(Outcome.ERROR_STATUS, 405), "takes no POST"),
        (attempt(Outcome.ERROR_STATUS, 415), "content type"),
        (attempt(Outcome.ERROR_STATUS, 500, content_type="text/html; charset=utf-8"), "HTML"),
        (attempt(Outcome.ERROR_STATUS, 502, content_type="text/html"), "got no valid response"),
        (attempt(Outcome.ERROR_STATUS, 504), "got no valid response from the service behind it"),
        (attempt(Outcome.DELIVERED, 200, content_type="text/html"), "HTML"),
        (attempt(Outcome.ERROR_STATUS, 422), "refuses a valid message"),
    ],
)
def test_diagnosis(failed: Attempt, diagnosis: str) -> None:
    """Each failure has its own diagnosis, and none shows the token."""
    assert diagnosis in diagnose_preflight(failed)
    assert "secret" not in diagnose_preflight(failed)


def test_a_page_of_a_firewall_has_a_remedy_of_its_own() -> None:
    """The token is not at fault; without a page it may be."""
    page = attempt(Outcome.ERROR_STATUS, 403, content_type="text/html")
    assert "firewall" in str(remedy_for(page, preflight=True))
    plain = attempt(Outcome.ERROR_STATUS, 403)
    assert "firewall" not in str(remedy_for(plain, preflight=True))
    assert remedy_for(page) is None


@pytest.mark.parametrize("body", [b"", b"queued", b" a < b"])
def test_a_body_without_markup_is_no_html_page(body: bytes) -> None:
    """Whatever its content type is, the service refused the message."""
    failed = attempt(Outcome.ERROR_STATUS, 400, content_type="text/html")
    exchange = replace(failed.final_exchange, response_body=body, response_size=len(body))
    diagnosis = diagnose_preflight(replace(failed, exchanges=(exchange,)))
    assert diagnosis == "the service refuses a valid message"


def test_a_client_certificate_is_not_the_fault_of_the_certificate() -> None:
    """The diagnosis names what the server demands, and --mews-insecure would not help."""
    failed = attempt(Outcome.TLS_ERROR)
    exchange = replace(failed.final_exchange, tls_problem=TlsProblem.CLIENT_CERTIFICATE)
    failed = replace(failed, exchanges=(exchange,))
    diagnosis = diagnose_preflight(failed)
    assert "without a client certificate" in str(remedy_for(failed, preflight=True))
    assert "client certificate" in diagnosis
    assert "--mews-insecure" not in diagnosis


@pytest.mark.parametrize(
    ("location", "diagnosis"),
    [
        ("/login?next=/hook", "leads to a login"),
        ("https://accounts.example/oauth2/authorize", "leads to a login"),
        ("https://sso.partner.example/", "leads to a login"),
        ("https://partner.example/hook/", "the URL that the service redirects to"),
        ("/hook/?from=login", "the URL that the service redirects to"),
        ("http://[broken", "the URL that the service redirects to"),
    ],
)
def test_a_redirect_to_a_login(location: str, diagnosis: str) -> None:
    """The diagnosis doesn't suggest the URL of a login page as the endpoint."""
    failed = attempt(Outcome.REDIRECT_NOT_FOLLOWABLE, 302, location=location)
    assert diagnosis in diagnose_preflight(failed)


def test_no_diagnosis() -> None:
    """A plain 500 has no diagnosis, and neither has a plain success."""
    assert diagnose_preflight(attempt(Outcome.DELIVERED, 202)) == ""
    assert diagnose_preflight(attempt(Outcome.ERROR_STATUS, 500)) == ""
