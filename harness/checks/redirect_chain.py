"""The redirects of an attempt, followed or not, read from its exchanges."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from pytest_mews.model import Attempt, Exchange, Outcome
from pytest_mews.model.exchange import TIMEOUTS

MAX_SHOWN = 3
METHOD_KEEPING = frozenset({307, 308})
_ENDLESS = TIMEOUTS | {Outcome.TOO_MANY_REDIRECTS}


@dataclass(frozen=True)
class Hop:
    """One redirect that keeps the method: its status, and the URLs that it leads from and to."""

    status: int
    origin: str
    target: str

    @property
    def changes_host(self) -> bool:
        """Whether the host name changes; another port is the same host."""
        return urlsplit(self.origin).hostname != urlsplit(self.target).hostname

    @property
    def leaves_https(self) -> bool:
        """Whether it leads from https to http."""
        return urlsplit(self.origin).scheme == "https" and urlsplit(self.target).scheme == "http"


def hops(attempt: Attempt) -> tuple[Hop, ...]:
    """Return the redirects of an attempt in order, except those whose Location is not a URL."""
    found = (_hop(exchange) for exchange in attempt.exchanges)
    return tuple(hop for hop in found if hop is not None)


def loops(attempt: Attempt) -> bool:
    """Return whether the redirects of an attempt never ended and lead back to an earlier URL.

    A chain that comes back to a URL and then ends, for example because of a cookie, is not a loop.
    """
    if attempt.outcome not in _ENDLESS:
        return False
    visited: set[str] = set()
    for hop in hops(attempt):
        visited.add(hop.origin)
        if hop.target in visited:
            return True
    return False


def describe_redirects(attempt: Attempt) -> str:
    """Return the redirects of an attempt as text, such as `308 to /moved`; empty without any.

    Queries, where the token is, are left out, and so are all hops after the third.
    """
    found = hops(attempt)
    phrases = [f"{hop.status} to {_place(hop)}" for hop in found[:MAX_SHOWN]]
    if len(found) > MAX_SHOWN:
        phrases.append(f"{len(found) - MAX_SHOWN} more")
    return ", ".join(phrases)


def _hop(exchange: Exchange) -> Hop | None:
    if exchange.status not in METHOD_KEEPING:
        return None
    named = (value for name, value in exchange.response_headers if name.lower() == "location")
    location = next(named, "")
    try:
        target = urljoin(exchange.url, location)
        is_url = location and urlsplit(target).hostname
    except ValueError:
        return None
    assert exchange.status is not None
    return Hop(exchange.status, exchange.url, target) if is_url else None


def _place(hop: Hop) -> str:
    origin, target = urlsplit(hop.origin), urlsplit(hop.target)
    if (origin.scheme, origin.netloc) != (target.scheme, target.netloc):
        return f"{target.scheme}://{target.netloc.rpartition('@')[2]}{target.path}"
    if target.path == f"{origin.path}/":
        return f"{target.path} (a slash at the end)"
    return target.path or "/"
