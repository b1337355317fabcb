"""What to make of a 3xx: the next hop, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urldefrag, urljoin, urlsplit

from pytest_mews.delivery.delivery_rules import Rules
from pytest_mews.model import Exchange, Outcome

# An HTTP client makes a GET without a body of a POST that is answered with one of these.
METHOD_CHANGING = frozenset({301, 302, 303})
METHOD_KEEPING = frozenset({307, 308})


@dataclass(frozen=True)
class Refusal:
    """Why a redirect ends the attempt."""

    outcome: Outcome
    detail: str


def next_hop(exchange: Exchange, rules: Rules, followed: int) -> str | Refusal | None:
    """Find where an answer redirects to.

    The new URL is the Location alone, resolved against the old one: the old one's query, where
    the token is, goes nowhere that the endpoint did not say.

    Args:
        exchange: an exchange that ended with ERROR_STATUS.
        rules: which statuses are followed, and how often.
        followed: redirects followed so far in this attempt.

    Returns:
        The URL to send the very same request to; or the refusal; or None where the answer is
        not a redirect.

    """
    status = exchange.status
    if status is None or status not in METHOD_CHANGING | METHOD_KEEPING:
        return None
    location = _location(exchange)
    said = f"{status} to {_public(location)}" if location else f"{status} without a Location"
    if obstacle := _obstacle(exchange.url, status, location, rules):
        return Refusal(Outcome.REDIRECT_NOT_FOLLOWABLE, f"{said}: {obstacle}")
    if followed >= rules.redirect_hops:
        more = f"{said}: more than {rules.redirect_hops} redirects"
        return Refusal(Outcome.TOO_MANY_REDIRECTS, more)
    return _resolve(exchange.url, location)


def _obstacle(url: str, status: int, location: str, rules: Rules) -> str | None:
    """Say what keeps this redirect from being followed, however many went before."""
    if status not in rules.redirect_statuses:
        lost = "the method would change to GET and the message be lost"
        return lost if status in METHOD_CHANGING else "this profile follows no such redirect"
    if not location:
        return "there is nowhere to go"
    try:
        said, parts = urlsplit(location), urlsplit(_resolve(url, location))
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"not a URL ({error})"
    # "https:///" would be resolved against the old URL as if it had no scheme.
    if parts.scheme not in {"http", "https"} or not host or (said.scheme and not said.netloc):
        return "not an http or https URL"
    if parts.scheme == "http" and urlsplit(url).scheme == "https":
        return "from https down to http"
    return None


def _resolve(url: str, location: str) -> str:
    return urldefrag(urljoin(url, location)).url


def _location(exchange: Exchange) -> str:
    named = (value for name, value in exchange.response_headers if name.lower() == "location")
    return next(named, "")


def _public(location: str) -> str:
    """Show a Location without its query, which may bear the token."""
    path, mark, _ = location.partition("?")
    return path + ("?…" if mark else "")
