"""Whether a response shows the secret that authenticates the sender."""

from __future__ import annotations

import pytest

from pytest_mews.delivery.secret_echo import shows_secret
from pytest_mews.model import Exchange, Outcome

Headers = tuple[tuple[str, str], ...]
PAGE = b"moved to /other?Token=s3cret-value"


def exchange(
    headers: Headers = (), body: bytes = b"", outcome: Outcome = Outcome.DELIVERED
) -> Exchange:
    """Return an exchange with a response."""
    return Exchange(
        "POST",
        "http://x/hook?Token=s3cret-value",
        (),
        10,
        outcome,
        0.0,
        5.0,
        response_headers=headers,
        response_body=body,
    )


@pytest.mark.parametrize(
    ("headers", "body", "shown"),
    [
        ((), b"ok", False),
        ((), b"you called /hook?Token=s3cret-value", True),
        ((("X-Request-Url", "http://x/hook?Token=s3cret-value"),), b"", True),
        ((("Location", "http://x/other?Token=s3cret-value"),), b"", False),
        ((("Location", "/other?Token=s3cret-value"),), b"", False),
        ((("Location", "http://elsewhere/?Token=s3cret-value"),), b"", True),
        ((("Location", "http://[broken?Token=s3cret-value"),), b"", True),
    ],
)
def test_shows_secret(headers: Headers, body: bytes, *, shown: bool) -> None:
    """The secret may be in a redirect to the same host, and nowhere else."""
    assert shows_secret(exchange(headers, body), ["other", "s3cret-value"]) is shown
    assert not shows_secret(exchange(headers, body), ["other", ""])
    assert not shows_secret(exchange(headers, body), [])


def test_the_page_of_a_followed_redirect_may_show_it() -> None:
    """Only the sender reads that page."""
    assert not shows_secret(exchange((), PAGE, Outcome.REDIRECTED), ["s3cret-value"])
    assert shows_secret(exchange((), PAGE, Outcome.ERROR_STATUS), ["s3cret-value"])


def test_an_encoded_secret_is_found() -> None:
    """As it is, and percent-encoded."""
    assert shows_secret(exchange((), b"?Token=a%2Fb%20c"), ["a/b c"])
    assert shows_secret(exchange((), b"Token: a/b c"), ["a/b c"])
