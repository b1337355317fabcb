"""Who may open a connection: path and cookies as documented, judged without any socket."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_plus

from pytest_mews.model import HandshakeProblem, TokenState
from pytest_mews.model.websocket import SWITCHED

PATH = "/ws/connector"
CLIENT_TOKEN, ACCESS_TOKEN = "ClientToken", "AccessToken"
UNAUTHORIZED, NOT_FOUND = 401, 404
MASK = "***"

Standing = Callable[[str], tuple[str | None, TokenState]]
"""Tells whose AccessToken something is, and what is known of it."""


@dataclass(frozen=True)
class Admission:
    """What a handshake is answered with; see `Opening` for the meaning of each."""

    status: int
    path: str
    enterprise_id: str | None
    refusals: tuple[HandshakeProblem, ...]
    tokens_in_query: bool


def admit(target: str, cookies: Sequence[str], client_token: str, standing: Standing) -> Admission:
    """Judge a handshake.

    Mews documents the path and the two cookies, without blanks around `=`
    (events/websockets); 401 for wrong tokens is what its API answers (guidelines/responses), 404
    for another path.

    Args:
        target: the path and query that were asked for.
        cookies: the values of all `Cookie` headers; two cookies are parted by `; ` or `;`.
        client_token: the right one.
        standing: what is known of an AccessToken.

    """
    path, _, query = target.partition("?")
    in_query = {
        name.lower() for pair in query.split("&") if (name := unquote_plus(pair.partition("=")[0]))
    } & {CLIENT_TOKEN.lower(), ACCESS_TOKEN.lower()}
    given, blanks = _cookies(cookies)
    enterprise, state = standing(given.get(ACCESS_TOKEN, ""))
    refusals: list[HandshakeProblem] = []
    if path != PATH:
        refusals.append(HandshakeProblem.WRONG_PATH)
    if blanks:
        refusals.append(HandshakeProblem.BLANKS)
    refusals += _client_refusals(given.get(CLIENT_TOKEN), client_token)
    if ACCESS_TOKEN not in given:
        refusals.append(HandshakeProblem.NO_ACCESS_TOKEN)
    elif enterprise is None:
        refusals.append(HandshakeProblem.WRONG_ACCESS_TOKEN)
    elif state is not TokenState.CURRENT:
        refusals.append(HandshakeProblem.OLD_ACCESS_TOKEN)
    if in_query and not given:
        refusals.append(HandshakeProblem.TOKENS_IN_QUERY)
    status = SWITCHED
    if refusals:
        status = NOT_FOUND if path != PATH else UNAUTHORIZED
    return Admission(status, _shown(path, query), enterprise, tuple(refusals), bool(in_query))


def _client_refusals(given: str | None, right: str) -> Iterable[HandshakeProblem]:
    if given is None:
        return (HandshakeProblem.NO_CLIENT_TOKEN,)
    return () if given == right else (HandshakeProblem.WRONG_CLIENT_TOKEN,)


def _cookies(headers: Sequence[str]) -> tuple[dict[str, str], bool]:
    """Read the two cookies, and whether there are blanks around the `=` of one of them."""
    found: dict[str, str] = {}
    blanks = False
    for pair in ";".join(headers).split(";"):
        name, equals, value = pair.strip(" \t").partition("=")
        if equals and name.rstrip(" \t") in {CLIENT_TOKEN, ACCESS_TOKEN}:
            blanks = blanks or name != name.rstrip(" \t") or value != value.lstrip(" \t")
            found.setdefault(name.rstrip(" \t"), value.strip(" \t"))
    return found, blanks


def _shown(path: str, query: str) -> str:
    """Give the path with the names of its query alone; the server never keeps their values."""
    if not query:
        return path
    names = (pair.partition("=") for pair in query.split("&"))
    return f"{path}?" + "&".join(
        f"{name}{equals}{MASK * bool(value)}" for name, equals, value in names
    )
