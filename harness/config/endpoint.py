"""The partner's endpoint: its validated URLs, with the shared secret in their queries.

Mews authenticates itself with a secret in the query, which the documentation shows as `?Token=…`
(events/wh-faq).
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
from pytest_mews.redaction import redact_url

TOKEN_PARAMETER = "Token"  # noqa: S105 - a name, not a password
_REMEDY = "Give the full URL, such as https://partner.example/webhooks/mews."


@dataclass(frozen=True)
class Endpoint:
    """The URL for each kind of webhook, secret included, and the secret in each of them.

    `notes` are remarks about the secret for every reader; they never contain it.
    """

    general_url: str = field(repr=False)
    integration_url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    integration_token: str | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    def url(self, kind: WebhookKind) -> str:
        """Return the URL for one kind of webhook."""
        return self.general_url if kind is WebhookKind.GENERAL else self.integration_url

    def token_of(self, kind: WebhookKind) -> str | None:
        """Return the secret in the URL for one kind of webhook; None if it has none."""
        return self.token if kind is WebhookKind.GENERAL else self.integration_token


def build_endpoint(target: str, integration_target: str | None, token: str | None) -> Endpoint:
    """Add the shared secret to every URL that has none.

    A secret in only one of the URLs is never copied to the other, which may be on another server.

    Args:
        target: a URL that `check_url` accepted.
        integration_target: another such URL, or None if both kinds of webhook share one URL.
        token: the value of --mews-token, if any.

    """
    options = {"--mews-target": target}
    if integration_target is not None:
        options["--mews-integration-target"] = integration_target
    urls = [
        url if token is None or token_in_url(url) is not None else replace_token(url, token)
        for url in options.values()
    ]
    return Endpoint(
        urls[0],
        urls[-1],
        token_in_url(urls[0]),
        token_in_url(urls[-1]),
        tuple(note for option, url in options.items() for note in _notes(option, url, token)),
    )


def token_in_url(url: str) -> str | None:
    """Return the value of `Token` in the query of a URL; None if there is none."""
    tokens = [value for name, value in _query_parameters(url) if name == TOKEN_PARAMETER]
    return unquote_plus(tokens[0]) if tokens else None


def replace_token(url: str, token: str | None) -> str:
    """Replace the secret in a URL, or remove it (None), without changing the rest of the query."""
    parts = urlsplit(url)
    query = [part for part in parts.query.split("&") if part and _name(part) != TOKEN_PARAMETER]
    if token is not None:
        query.append(f"{TOKEN_PARAMETER}={quote(token, safe='')}")
    return parts._replace(query="&".join(query)).geturl()


def origin(url: str) -> str:
    """Return scheme, host and port of a URL, without its secrets; the port is always explicit."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def is_loopback(url: str) -> bool:
    """Return whether the host of a URL is this machine, so that no network sees the traffic."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_url(option: str, url: str) -> str:
    """Return the URL unchanged if webhooks can be sent to it.

    Raises:
        UsageError: the URL is not valid; the message shows no value of its query.

    """

    def fail(problem: str, remedy: str = _REMEDY) -> NoReturn:
        raise UsageError(option, redact_url(url), problem, remedy) from None

    if not url:
        fail("is empty")
    if any(character.isspace() or not character.isprintable() for character in url):
        fail("has whitespace or control characters", "Percent-encode them (%20 for a space).")
    if not url.isascii():
        fail("has characters outside ASCII", "Percent-encode them; write a host as xn--….")
    if "://" not in url and os.path.exists(url):  # noqa: PTH110 - Path raises on a long name
        fail(
            "is a file or folder, not a URL",
            f"Put the URL directly after {option}, and the paths of tests at the end.",
        )
    try:
        parts = urlsplit(url)
    except ValueError:
        fail("has a host that can't be parsed", "Write an IPv6 address in brackets: http://[::1]/.")
    _check_parts(parts, fail)
    _check_token(url, fail)
    return url


def _check_parts(parts: SplitResult, fail: Callable[..., NoReturn]) -> None:
    if parts.scheme not in ("http", "https"):
        fail("does not begin with https:// or http://")
    if not parts.hostname:
        fail("has no host")
    try:
        usable = parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        fail("has a bad port", "Give a port from 1 to 65535, or none.")
    if parts.fragment:
        fail("has a fragment, which is never sent", "Remove it, or write # as %23.")


def _check_token(url: str, fail: Callable[..., NoReturn]) -> None:
    tokens = [value for name, value in _query_parameters(url) if name == TOKEN_PARAMETER]
    if len(tokens) > 1:
        fail("has more than one Token", "Remove all but one of them.")
    if tokens == [""]:
        fail("has an empty Token", "Give its value, or set MEWS_TOKEN instead.")


def _notes(option: str, url: str, token: str | None) -> list[str]:
    url_token = token_in_url(url)
    names = {name for name, _ in _query_parameters(url) if name.lower() == "token"}
    notes = [
        f"{option}: the query has {name!r}, which is not treated as the shared secret: the "
        f"documentation shows {TOKEN_PARAMETER!r}."
        for name in sorted(names - {TOKEN_PARAMETER})
    ]
    if token is not None and url_token is not None and url_token != token:
        notes.append(f"{option}: the URL has its own Token, which --mews-token does not replace.")
    return notes


def _query_parameters(url: str) -> list[tuple[str, str]]:
    query = urlsplit(url).query
    return [(_name(part), part.partition("=")[2]) for part in query.split("&") if part]


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0])
