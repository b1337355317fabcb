"""Mews's own hosts: which of them are emulated, and that no test reaches any of them."""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Callable
from errno import ECONNREFUSED
from typing import Any
from unittest.mock import patch

_MEWS_HOST = re.compile(r"(.+\.)?mews(-demo)?\.com\.?", re.IGNORECASE)


def is_api_host(host: str | None) -> bool:
    """Return whether the Connector API is at a host."""
    return host in {"api.mews.com", "api.mews-demo.com"}


def is_mews_host(host: object) -> bool:
    """Return whether a host is Mews's, as a string or as bytes."""
    name = host.decode("latin-1") if isinstance(host, bytes) else host
    return isinstance(name, str) and _MEWS_HOST.fullmatch(name) is not None


class MewsHostRefusedError(ConnectionRefusedError):
    """A test would have connected to Mews."""


class MewsHostGuard:
    """Refuses to look up the address of a host of Mews, whatever library asks.

    Args:
        remedy: what the test can do: a sentence that names the fixture.

    """

    def __init__(self, remedy: str) -> None:
        self._remedy = remedy
        self._patches = [
            patch.object(owner, name, self._guarded(getattr(owner, name)))
            for owner, name in _look_ups()
        ]

    def start(self) -> None:
        """Refuse from now on."""
        for look_up in self._patches:
            look_up.start()

    def stop(self) -> None:
        """Refuse no more."""
        for look_up in reversed(self._patches):
            look_up.stop()

    def _guarded(self, look_up: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as the original
            for host in filter(is_mews_host, (*args, *kwargs.values())):
                shown = host.decode("latin-1") if isinstance(host, bytes) else host
                problem = f"the test would connect to {shown}: {self._remedy}"
                raise MewsHostRefusedError(ECONNREFUSED, problem)
            return look_up(*args, **kwargs)

        return guarded


def _look_ups() -> list[tuple[Any, str]]:
    """Return the owner and the name of each function that looks up the address of a host."""
    names = [(socket, name) for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex")]
    if "uvloop" not in sys.modules:
        return names
    loop = sys.modules["uvloop"].Loop  # looks up without the socket module
    return [*names, (loop, "getaddrinfo"), (loop, "create_connection")]
