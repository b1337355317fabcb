"""Handshakes are judged by their path and cookies; no socket is needed."""

from __future__ import annotations

import pytest

from pytest_mews.emulator.websocket.admission import PATH, Admission, admit
from pytest_mews.model import HandshakeProblem, TokenState

STANDINGS = {
    "right": ("hotel", TokenState.CURRENT),
    "old": ("hotel", TokenState.REPLACED),
    "off": ("hotel", TokenState.INACTIVE),
}


def judged(*cookies: str, target: str = PATH) -> Admission:
    """Judge a handshake whose right tokens are `client` and `right`."""
    return admit(
        target, cookies, "client", lambda token: STANDINGS.get(token, (None, TokenState.NONE))
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
    """Either separator, any order, one header or two, other cookies beside."""
    found = judged(*cookies)
    assert (found.status, found.enterprise_id, found.refusals) == (101, "hotel", ())
    assert not found.tokens_in_query


@pytest.mark.parametrize(
    ("cookies", "refusals"),
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
def test_any_other_is_refused_with_its_reasons(
    cookies: tuple[str, ...], refusals: set[HandshakeProblem]
) -> None:
    """401, and every reason that there is."""
    found = judged(*cookies)
    assert (found.status, set(found.refusals)) == (401, refusals)


@pytest.mark.parametrize("path", ["/", f"{PATH}/", "/WS/connector", "/ws", f"/api{PATH}"])
def test_the_path_is_exact(path: str) -> None:
    """404 for any other, whatever the tokens."""
    found = judged("ClientToken=client; AccessToken=right", target=path)
    assert (found.status, found.refusals, found.path) == (404, (HandshakeProblem.WRONG_PATH,), path)


def test_tokens_in_the_query_are_seen_and_never_kept() -> None:
    """Instead of cookies they are a reason to refuse; beside them they are noted."""
    target = f"{PATH}?ClientToken=client&accessToken=right&x&y="
    alone = judged(target=target)
    assert HandshakeProblem.TOKENS_IN_QUERY in alone.refusals
    assert alone.path == f"{PATH}?ClientToken=***&accessToken=***&x&y="
    beside = judged("ClientToken=client; AccessToken=right", target=target)
    assert (beside.status, beside.refusals) == (101, ())
    assert alone.tokens_in_query
    assert beside.tokens_in_query
    assert not judged(target=f"{PATH}?version=2").tokens_in_query
