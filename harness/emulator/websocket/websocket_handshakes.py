"""Decides which handshakes are accepted, without any I/O: path, cookies, injected rejections."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

from pytest_mews.model import HandshakeProblem, TokenState
from pytest_mews.model.websocket import SWITCHING_PROTOCOLS
from pytest_mews.redaction import REDACTED

PATH = "/ws/connector"
CLIENT_TOKEN, ACCESS_TOKEN = "ClientToken", "AccessToken"
UNAUTHORIZED, NOT_FOUND = 401, 404

TokenLookup = Callable[[str], tuple[str | None, TokenState]]
"""Returns the id of the enterprise that an AccessToken belongs to, if any, and its state."""


@dataclass(frozen=True)
class HandshakeResult:
    """The response to a handshake, and why; see `WebSocketHandshake` for the fields."""

    status: int
    path: str
    enterprise_id: str | None
    problems: tuple[HandshakeProblem, ...]
    tokens_in_query: bool


def validate_handshake(
    target: str, cookies: Sequence[str], client_token: str, look_up_token: TokenLookup
) -> HandshakeResult:
    """Check the path and the tokens of a handshake.

    Mews documents the path and the two cookies, without blanks around `=` (events/websockets).
    Tokens in the query are deprecated; nothing says that they no longer work, so without cookies
    they count. The statuses are those of its API (guidelines/responses): 401 for wrong tokens, 404
    for another path.

    Args:
        target: the requested path with its query.
        cookies: the values of all `Cookie` headers; `; ` or `;` separates two cookies.
        client_token: the valid ClientToken.
        look_up_token: finds the enterprise and the state of an AccessToken.

    """
    path, _, query = target.partition("?")
    tokens_in_query = _parse_query(query)
    tokens, has_blanks = _parse_cookies(cookies)
    tokens = tokens or tokens_in_query
    enterprise_id, state = look_up_token(tokens.get(ACCESS_TOKEN, ""))
    problems: list[HandshakeProblem] = []
    if path != PATH:
        problems.append(HandshakeProblem.WRONG_PATH)
    if has_blanks:
        problems.append(HandshakeProblem.BLANKS)
    if CLIENT_TOKEN not in tokens:
        problems.append(HandshakeProblem.NO_CLIENT_TOKEN)
    elif tokens[CLIENT_TOKEN] != client_token:
        problems.append(HandshakeProblem.WRONG_CLIENT_TOKEN)
    if ACCESS_TOKEN not in tokens:
        problems.append(HandshakeProblem.NO_ACCESS_TOKEN)
    elif enterprise_id is None:
        problems.append(HandshakeProblem.WRONG_ACCESS_TOKEN)
    elif state is not TokenState.CURRENT:
        problems.append(HandshakeProblem.OLD_ACCESS_TOKEN)
    status = SWITCHING_PROTOCOLS
    if problems:
        status = NOT_FOUND if path != PATH else UNAUTHORIZED
    return HandshakeResult(
        status, _redact_query(path, query), enterprise_id, tuple(problems), bool(tokens_in_query)
    )


def _parse_cookies(headers: Sequence[str]) -> tuple[dict[str, str], bool]:
    """Return the two token cookies, and whether one of them has blanks around its `=`."""
    tokens: dict[str, str] = {}
    has_blanks = False
    for pair in ";".join(headers).split(";"):
        name, equals, value = pair.strip(" \t").partition("=")
        if equals and name.rstrip(" \t") in {CLIENT_TOKEN, ACCESS_TOKEN}:
            has_blanks = has_blanks or name != name.rstrip(" \t") or value != value.lstrip(" \t")
            tokens.setdefault(name.rstrip(" \t"), value.strip(" \t"))
    return tokens, has_blanks


def _parse_query(query: str) -> dict[str, str]:
    """Return the tokens in a query, whatever the case of their names."""
    names = {name.lower(): name for name in (CLIENT_TOKEN, ACCESS_TOKEN)}
    pairs = ((unquote_plus(part) for part in pair.split("=", 1)) for pair in query.split("&"))
    tokens: dict[str, str] = {}
    for name, *value in pairs:
        if name.lower() in names:
            tokens.setdefault(names[name.lower()], "".join(value))
    return tokens


def _redact_query(path: str, query: str) -> str:
    """Return path and query with every value of the query redacted; values are never stored."""
    if not query:
        return path
    pairs = (pair.partition("=") for pair in query.split("&"))
    return f"{path}?" + "&".join(
        f"{name}{equals}{REDACTED * bool(value)}" for name, equals, value in pairs
    )


@dataclass
class HandshakeRejection:
    """An injected fault: handshakes of one enterprise are rejected.

    It ends only once both the number of handshakes is reached and the time is over. So a client
    that reconnects without pauses is rejected often enough for the harness to observe it.

    Attributes:
        status: the status of the responses.
        remaining: how many more handshakes are rejected at least.
        until_ms: until when handshakes are rejected at least, on the run's clock.
        ends_ms: when it ends in any case, on the same clock.

    """

    status: int
    remaining: int
    until_ms: float
    ends_ms: float = math.inf

    def applies(self, now_ms: float) -> bool:
        """Return whether a handshake is rejected; a rejected one is counted."""
        if now_ms >= self.ends_ms or (self.remaining <= 0 and now_ms >= self.until_ms):
            return False
        self.remaining -= 1
        return True
