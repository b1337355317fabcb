"""The partner's endpoint: checked URLs, and where the shared secret stands in them.

Mews authenticates itself by a secret in the query, shown as `?Token=…` (events/wh-faq).
"""

from __future__ import annotations

import os.path
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NoReturn
from urllib.parse import SplitResult, quote, unquote_plus, urlsplit

from pytest_mews.errors import UsageError
from pytest_mews.model import WebhookKind
from pytest_mews.redaction import mask_url

PARAMETER = "Token"
_REMEDY = "Give the full URL, such as https://partner.example/webhooks/mews."


@dataclass(frozen=True)
class Endpoint:
    """Both URLs as they are called, secret included, and the secret that each of them bears.

    `notes` are remarks about the secret for every reader; they never hold it.
    """

    general_url: str = field(repr=False)
    integration_url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    integration_token: str | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    def url(self, kind: WebhookKind) -> str:
        """The URL for one kind of webhook."""
        return self.general_url if kind is WebhookKind.GENERAL else self.integration_url

    def token_of(self, kind: WebhookKind) -> str | None:
        """The secret in the URL for one kind of webhook; None where it bears none."""
        return self.token if kind is WebhookKind.GENERAL else self.integration_token


def build(target: str, integration_target: str | None, token: str | None) -> Endpoint:
    """Put the shared secret into every URL that has none of its own.

    A secret that only stands in one URL is never carried over to the other, which may be
    another server.

    Args:
        target: a URL that `check` accepted.
        integration_target: another such URL, or None where both webhooks share one.
        token: the value of --mews-token, if any.

    """
    options = {"--mews-target": target}
    if integration_target is not None:
        options["--mews-integration-target"] = integration_target
    urls = [
        url if token is None or token_in(url) is not None else with_token(url, token)
        for url in options.values()
    ]
    return Endpoint(
        urls[0],
        urls[-1],
        token_in(urls[0]),
        token_in(urls[-1]),
        tuple(note for option, url in options.items() for note in _notes(option, url, token)),
    )


def token_in(url: str) -> str | None:
    """Find the secret that a URL bears as `Token`; None where there is none."""
    found = [value for name, value in _pairs(url) if name == PARAMETER]
    return unquote_plus(found[0]) if found else None


def with_token(url: str, token: str | None) -> str:
    """Replace a URL's secret, or take it out (None); the rest of the query stays as it is."""
    parts = urlsplit(url)
    query = [part for part in parts.query.split("&") if part and _name(part) != PARAMETER]
    if token is not None:
        query.append(f"{PARAMETER}={quote(token, safe='')}")
    return parts._replace(query="&".join(query)).geturl()


def origin(url: str) -> str:
    """Give a URL's scheme, host and port, which is always named: nothing secret is in these."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(url: str) -> bool:
    """Tell whether a URL names this very machine, so that nothing of it is seen on a network."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check(option: str, url: str) -> str:
    """Accept a URL that webhooks can be sent to.

    Raises:
        UsageMistake: it can't be called; the message shows no value of its query.

    """

    def refuse(problem: str, remedy: str = _REMEDY) -> NoReturn:
        raise UsageError(option, mask_url(url), problem, remedy) from None

    if not url:
        refuse("is empty")
    if any(character.isspace() or not character.isprintable() for character in url):
        refuse("has blanks or control characters in it", "Percent-encode them (%20 for a blank).")
    if not url.isascii():
        refuse("has characters outside ASCII", "Percent-encode them; write a host as xn--….")
    if "://" not in url and os.path.exists(url):  # noqa: PTH110 - Path raises on a long name
        refuse(
            "is a file or folder, not a URL",
            f"Put the URL right after {option} and the paths of tests at the end.",
        )
    try:
        parts = urlsplit(url)
    except ValueError:
        refuse("has a host that can't be read", "Write an IPv6 address in brackets: http://[::1]/.")
    _check_parts(parts, refuse)
    _check_token(url, refuse)
    return url


def _check_parts(parts: SplitResult, refuse: Callable[..., NoReturn]) -> None:
    if parts.scheme not in ("http", "https"):
        refuse("does not begin with https:// or http://")
    if not parts.hostname:
        refuse("has no host")
    try:
        usable = parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        refuse("has a bad port", "A port is a number from 1 to 65535, or left out.")
    if parts.fragment:
        refuse(
            "has a fragment, which is never sent", "Remove the # and all after it, or write %23."
        )


def _check_token(url: str, refuse: Callable[..., NoReturn]) -> None:
    tokens = [value for name, value in _pairs(url) if name == PARAMETER]
    if len(tokens) > 1:
        refuse("has more than one Token", "Leave one of them.")
    if tokens == [""]:
        refuse("has an empty Token", "Give it its value, or use MEWS_TOKEN instead.")


def _notes(option: str, url: str, token: str | None) -> list[str]:
    own = token_in(url)
    others = {name for name, _ in _pairs(url) if name.lower() == "token"} - {PARAMETER}
    notes = [
        f"{option}: its query has {name!r}; Mews is documented to send {PARAMETER!r}, so it is "
        "not taken for the shared secret."
        for name in sorted(others)
    ]
    if token is not None and own is not None and own != token:
        notes.append(f"{option}: has a Token of its own, which --mews-token does not replace.")
    return notes


def _pairs(url: str) -> list[tuple[str, str]]:
    query = urlsplit(url).query
    return [(_name(part), part.partition("=")[2]) for part in query.split("&") if part]


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0])
