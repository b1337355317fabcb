"""A failed preflight says what is most likely wrong."""

from __future__ import annotations

import pytest

from pytest_mews.checks import diagnose
from pytest_mews.model import Attempt, Exchange, Fault, Outcome

BARE, WITH_TOKEN = "https://partner.example/hook", "https://partner.example/hook?Token=secret"


def attempt(
    outcome: Outcome,
    status: int | None = None,
    url: str = BARE,
    content_type: str = "text/plain",
    location: str = "",
) -> Attempt:
    """Script the preflight's attempt."""
    headers = (("Content-Type", content_type), ("Location", location))
    exchange = Exchange(
        "POST", url, (), 10, outcome, 0.0, 5.0, status=status, response_headers=headers
    )
    return Attempt(1, Fault.NONE, 0.0, (exchange,), outcome)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (attempt(Outcome.NAME_NOT_RESOLVED), "name"),
        (attempt(Outcome.CONNECTION_REFUSED), "nothing listens"),
        (attempt(Outcome.TLS_ERROR), "certificate"),
        (attempt(Outcome.TIMEOUT_ANSWER), "does not answer"),
        (attempt(Outcome.ERROR_STATUS, 401, WITH_TOKEN), "the token in the URL was refused"),
        (attempt(Outcome.ERROR_STATUS, 403, BARE), "has no token"),
        (attempt(Outcome.REDIRECT_NOT_FOLLOWABLE, 301, content_type="text/html"), "redirects to"),
        (attempt(Outcome.ERROR_STATUS, 404), "nothing at this path"),
        (attempt(Outcome.ERROR_STATUS, 405), "no POST"),
        (attempt(Outcome.ERROR_STATUS, 415), "content type"),
        (attempt(Outcome.ERROR_STATUS, 500, content_type="text/html; charset=utf-8"), "HTML"),
        (attempt(Outcome.DELIVERED, 200, content_type="text/html"), "HTML"),
    ],
)
def test_diagnosis(seen: Attempt, said: str) -> None:
    """Each way to fail has its own advice, and none shows the token."""
    assert said in diagnose(seen)
    assert "secret" not in diagnose(seen)


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("/login?next=/hook", "leads to a login"),
        ("https://accounts.example/oauth2/authorize", "leads to a login"),
        ("https://sso.partner.example/", "leads to a login"),
        ("https://partner.example/hook/", "the URL that the service redirects to"),
        ("/hook/?from=login", "the URL that the service redirects to"),
        ("http://[broken", "the URL that the service redirects to"),
    ],
)
def test_a_login_is_no_new_address(location: str, said: str) -> None:
    """Where a redirect leads to a login, nobody is told to register the login page."""
    seen = attempt(Outcome.REDIRECT_NOT_FOLLOWABLE, 302, location=location)
    assert said in diagnose(seen)


def test_no_guess_without_a_sign() -> None:
    """A plain 500 is left as it is, and so is a plain success."""
    assert diagnose(attempt(Outcome.DELIVERED, 202)) == ""
    assert diagnose(attempt(Outcome.ERROR_STATUS, 500)) == ""
