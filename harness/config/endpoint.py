"""The partner's endpoint: its validated URLs."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit

from pytest_mews.errors import UsageError
from pytest_mews.model import WebhookKind
from pytest_mews.redaction import Secret, redact_url

_REMEDY = "Give the full URL, such as https://partner.example/webhooks/mews."


@dataclass(frozen=True)
class Endpoint:
    """The URL for each kind of webhook, as the user gave it; a secret may be in it.

    A URL is empty where there is no endpoint for this kind.
    """

    general_url: str
    integration_url: str

    def __post_init__(self) -> None:
        """Make secrets of the URLs."""
        for name in ("general_url", "integration_url"):
            object.__setattr__(self, name, Secret.of(getattr(self, name)))

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs that are different: none, one or two."""
        urls = (self.general_url, self.integration_url)
        return tuple(dict.fromkeys(url for url in urls if url))

    def url(self, kind: WebhookKind) -> str:
        """Return the URL for one kind of webhook."""
        return self.general_url if kind is WebhookKind.GENERAL else self.integration_url


def format_address(host: str, port: int) -> str:
    """Return an address to listen on or to connect to, as in a URL: IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def origin(url: str) -> str:
    """Return scheme, host and port of a URL, without its secrets; the port is always explicit."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{format_address(host, port)}"


def is_loopback(url: str) -> bool:
    """Return whether the host of a URL is this machine, so that no network sees the traffic."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_url(
    option: str,
    url: str,
    default_remedy: str = _REMEDY,
    schemes: Sequence[str] = ("https", "http"),
) -> str:
    """Return the URL unchanged if something can be sent to it.

    Args:
        option: the option that has it.
        url: the value.
        default_remedy: what to give instead of a value that is no URL.
        schemes: what it may begin with.

    Raises:
        UsageError: the URL is not valid; the message shows no value of its query.

    """

    def fail(problem: str, remedy: str = default_remedy) -> NoReturn:
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
    if parts.scheme not in schemes:
        fail(f"does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    _check_parts(parts, fail)
    return url


def _check_parts(parts: SplitResult, fail: Callable[..., NoReturn]) -> None:
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
