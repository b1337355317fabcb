"""Decides whether a redirect is followed, and where to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin, urlsplit

from pytest_mews.delivery.delivery_rules import DeliveryRules
from pytest_mews.model import Exchange, Outcome

# An HTTP client turns a POST into a GET without a body when it follows one of these.
METHOD_CHANGING_STATUSES = frozenset({301, 302, 303})
METHOD_KEEPING_STATUSES = frozenset({307, 308})


@dataclass(frozen=True)
class RedirectRefusal:
    """Why a redirect is not followed and ends the attempt."""

    outcome: Outcome
    detail: str


def next_hop(
    exchange: Exchange, rules: DeliveryRules, followed: int
) -> str | RedirectRefusal | None:
    """Return where a response redirects to.

    The new URL is the Location alone, resolved against the old URL: the query of the old URL,
    which contains the token, is sent only where the Location repeats it.

    Args:
        exchange: an exchange that ended with ERROR_STATUS.
        rules: which statuses are followed, and how often.
        followed: redirects followed so far in this attempt.

    Returns:
        The URL to send the same request to; or the refusal; or None if the response is not a
        redirect.

    """
    status = exchange.status
    if status is None or status not in METHOD_CHANGING_STATUSES | METHOD_KEEPING_STATUSES:
        return None
    location = _location(exchange)
    redirect = f"{status} " + (
        f"to {_without_query(location)}" if location else "without a Location"
    )
    if reason := _refusal_reason(exchange.url, status, location, rules):
        return RedirectRefusal(Outcome.REDIRECT_NOT_FOLLOWABLE, f"{redirect}: {reason}")
    if followed >= rules.redirect_hops:
        detail = f"{redirect}: more than {rules.redirect_hops} redirects"
        return RedirectRefusal(Outcome.TOO_MANY_REDIRECTS, detail)
    return _resolve(exchange.url, location)


def _refusal_reason(url: str, status: int, location: str, rules: DeliveryRules) -> str | None:
    """Explain why this redirect can't be followed, regardless of the number of redirects."""
    if status not in rules.redirect_statuses:
        loss = "the method would change to GET and the body would be lost"
        not_followed = "this profile doesn't follow this redirect"
        return loss if status in METHOD_CHANGING_STATUSES else not_followed
    if not location:
        return "there is no URL to follow"
    try:
        relative, target = urlsplit(location), urlsplit(_resolve(url, location))
        host, _ = target.hostname, target.port
    except ValueError as error:
        return f"not a URL ({error})"
    # "https:///" would be resolved against the old URL as if it had no scheme.
    lacks_host = not host or (relative.scheme and not relative.netloc)
    if target.scheme not in {"http", "https"} or lacks_host:
        return "not an http or https URL"
    if target.scheme == "http" and urlsplit(url).scheme == "https":
        return "from https to http"
    return None


def _resolve(url: str, location: str) -> str:
    return urldefrag(urljoin(url, location)).url


def _location(exchange: Exchange) -> str:
    """Return the Location header, with bytes beyond ASCII percent-encoded as they are.

    Many servers send raw UTF-8; headers are stored as Latin-1, one character for each byte.
    """
    locations = (value for name, value in exchange.response_headers if name.lower() == "location")
    return "".join(
        character if character.isascii() else f"%{ord(character):02X}"
        for character in next(locations, "")
    )


def _without_query(location: str) -> str:
    """Replace the query of a Location, which may contain the token, with an ellipsis."""
    path, mark, _ = location.partition("?")
    return path + ("?…" if mark else "")
