"""Where an attempt was redirected, followed or not, read from its exchanges alone."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from pytest_mews.model import Attempt, Exchange, Outcome
from pytest_mews.model.exchange import TIMEOUTS

SHOWN = 3
METHOD_KEEPING = frozenset({307, 308})
_ENDLESS = TIMEOUTS | {Outcome.TOO_MANY_REDIRECTS}


@dataclass(frozen=True)
class Hop:
    """One redirect that keeps the method: its status, from which URL to which."""

    status: int
    origin: str
    target: str

    @property
    def changes_host(self) -> bool:
        """Whether it leads to a host of another name; another port is the same host."""
        return urlsplit(self.origin).hostname != urlsplit(self.target).hostname

    @property
    def leaves_https(self) -> bool:
        """Whether it leads from an encrypted connection to one that is not."""
        return urlsplit(self.origin).scheme == "https" and urlsplit(self.target).scheme == "http"


def hops(attempt: Attempt) -> tuple[Hop, ...]:
    """List the redirects of an attempt in order; a Location that is no URL is left out."""
    found = (_hop(exchange) for exchange in attempt.exchanges)
    return tuple(hop for hop in found if hop is not None)


def loops(attempt: Attempt) -> bool:
    """Tell whether the redirects of an attempt that never ended lead back to where it has been.

    One that comes back and then ends, say for a cookie, is no loop.
    """
    if attempt.outcome not in _ENDLESS:
        return False
    been: set[str] = set()
    for hop in hops(attempt):
        been.add(hop.origin)
        if hop.target in been:
            return True
    return False


def hops_in_words(attempt: Attempt) -> str:
    """Say where an attempt was redirected: `308 to /moved`; empty where it was not.

    Queries, where the token is, are left out; so are all hops after the third.
    """
    found = hops(attempt)
    said = [f"{hop.status} to {_place(hop)}" for hop in found[:SHOWN]]
    if len(found) > SHOWN:
        said.append(f"{len(found) - SHOWN} more")
    return ", ".join(said)


def _hop(exchange: Exchange) -> Hop | None:
    if exchange.status not in METHOD_KEEPING:
        return None
    named = (value for name, value in exchange.response_headers if name.lower() == "location")
    location = next(named, "")
    try:
        target = urljoin(exchange.url, location)
        known = location and urlsplit(target).hostname
    except ValueError:
        return None
    assert exchange.status is not None
    return Hop(exchange.status, exchange.url, target) if known else None


def _place(hop: Hop) -> str:
    here, there = urlsplit(hop.origin), urlsplit(hop.target)
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        return f"{there.scheme}://{there.netloc.rpartition('@')[2]}{there.path}"
    if there.path == f"{here.path}/":
        return f"{there.path} (a slash at the end)"
    return there.path or "/"
