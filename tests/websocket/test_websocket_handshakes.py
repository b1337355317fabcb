"""Tests of which handshakes are accepted; no socket is needed."""

from __future__ import annotations

import pytest

from pytest_mews.emulator.websocket.websocket_handshakes import (
    PATH,
    HandshakeResult,
    validate_handshake,
)
from pytest_mews.model import HandshakeProblem, TokenState

ACCESS_TOKENS = {
    "right": ("hotel", TokenState.CURRENT),
    "old": ("hotel", TokenState.REPLACED),
    "off": ("hotel", TokenState.INACTIVE),
}


def validate(*cookies: str, target: str = PATH) -> HandshakeResult:
    """Validate a handshake; the valid tokens are `client` and `right`."""
    return validate_handshake(
        target, cookies, "client", lambda token: ACCESS_TOKENS.get(token, (None, TokenState.NONE))
    )


@pytest.mark.parametrize(
    "cookies",
    [
        ("ClientToken=client; AccessToken=right",),
        ("ClientToken=client;AccessToken=right",),
        ("AccessToken=right; ClientToken=client",),
        ("ClientToken=client", "AccessToken=right"),
        ("session=1; ClientToken=client; AccessToken=right; theme = dark",),
    ],
)
def test_the_documented_handshake_is_accepted(cookies: tuple[str, ...]) -> None:
    """Either separator, any order, one header or two, and other cookies are accepted."""
    result = validate(*cookies)
    assert (result.status, result.enterprise_id, result.problems) == (101, "hotel", ())
    assert not result.tokens_in_query


@pytest.mark.parametrize(
    ("cookies", "problems"),
    [
        ((), {HandshakeProblem.NO_CLIENT_TOKEN, HandshakeProblem.NO_ACCESS_TOKEN}),
        (("ClientToken=client",), {HandshakeProblem.NO_ACCESS_TOKEN}),
        (("AccessToken=right",), {HandshakeProblem.NO_CLIENT_TOKEN}),
        (("ClientToken=x; AccessToken=right",), {HandshakeProblem.WRONG_CLIENT_TOKEN}),
        (("ClientToken=client; AccessToken=x",), {HandshakeProblem.WRONG_ACCESS_TOKEN}),
        (("ClientToken=client; AccessToken=old",), {HandshakeProblem.OLD_ACCESS_TOKEN}),
        (("ClientToken=client; AccessToken=off",), {HandshakeProblem.OLD_ACCESS_TOKEN}),
        (("ClientToken =client; AccessToken=right",), {HandshakeProblem.BLANKS}),
        (("ClientToken=client; AccessToken= right",), {HandshakeProblem.BLANKS}),
        (
            ("clienttoken=client; accesstoken=right",),
            {HandshakeProblem.NO_CLIENT_TOKEN, HandshakeProblem.NO_ACCESS_TOKEN},
        ),
        (
            ("ClientToken=client, AccessToken=right",),
            {HandshakeProblem.WRONG_CLIENT_TOKEN, HandshakeProblem.NO_ACCESS_TOKEN},
        ),
    ],
)
def test_any_other_handshake_is_rejected_with_its_problems(
    cookies: tuple[str, ...], problems: set[HandshakeProblem]
) -> None:
    """The status is 401, and every problem is listed."""
    result = validate(*cookies)
    assert (result.status, set(result.problems)) == (401, problems)


@pytest.mark.parametrize("path", ["/", f"{PATH}/", "/WS/connector", "/ws", f"/api{PATH}"])
def test_the_path_must_match_exactly(path: str) -> None:
    """Any other path gets 404, regardless of the tokens."""
    result = validate("ClientToken=client; AccessToken=right", target=path)
    assert (result.status, result.problems, result.path) == (
        404,
        (HandshakeProblem.WRONG_PATH,),
        path,
    )


def test_tokens_in_the_query_are_detected_and_never_stored() -> None:
    """They are deprecated, and accepted where there are no cookies; cookies win."""
    target = f"{PATH}?ClientToken=client&accessToken=right&x&y="
    without_cookies = validate(target=target)
    assert (without_cookies.status, without_cookies.problems) == (101, ())
    wrong = validate(target=f"{PATH}?ClientToken=client&AccessToken=wrong")
    assert (wrong.status, wrong.problems) == (401, (HandshakeProblem.WRONG_ACCESS_TOKEN,))
    assert without_cookies.path == f"{PATH}?ClientToken=***&accessToken=***&x&y="
    with_cookies = validate("ClientToken=client; AccessToken=right", target=target)
    assert (with_cookies.status, with_cookies.problems) == (101, ())
    assert without_cookies.tokens_in_query
    assert with_cookies.tokens_in_query
    assert not validate(target=f"{PATH}?version=2").tokens_in_query
