"""Redirects are judged by where they lead, whether they were followed or not."""

from __future__ import annotations

import pytest

from pytest_mews.checks import attempt_in_words, judge
from pytest_mews.model import (
    Attempt,
    Delivery,
    Exchange,
    Expectation,
    Fault,
    Finding,
    Level,
    Message,
    Outcome,
    Transcript,
    WebhookKind,
)

HERE = "https://x.example/hook?Token=secret"
MESSAGE = Message(WebhookKind.GENERAL, b"{}", (), "1 event")
ENDLESS, ASTRAY = Outcome.TOO_MANY_REDIRECTS, Outcome.REDIRECT_NOT_FOLLOWABLE


def way(
    *hops: tuple[str, str], end: Outcome = Outcome.DELIVERED, status: int = 202, code: int = 308
) -> Attempt:
    """Script redirects from URL to URL; where they are not followed to an end, `end` is theirs."""
    stopped = end in {ENDLESS, ASTRAY}
    exchanges = [
        Exchange(
            "POST",
            origin,
            (),
            2,
            Outcome.REDIRECTED,
            0.0,
            1.0,
            status=code,
            response_headers=(("Location", location),),
        )
        for origin, location in hops
    ]
    last = exchanges.pop() if stopped else None
    headers = last.response_headers if last else ()
    url, code_ = (last.url, code) if last else ("https://x.example/end", status)
    exchanges.append(
        Exchange("POST", url, (), 2, end, 0.0, 1.0, status=code_, response_headers=headers)
    )
    return Attempt(1, Fault.NONE, 0.0, tuple(exchanges), end)


def found(word: str, attempt: Attempt) -> Finding:
    """Judge one attempt by one word."""
    seen = Transcript((Delivery("message", MESSAGE, (attempt,)),))
    return judge(Expectation(word, Level.MUST), seen)


CIRCLE = [(HERE, "/b"), ("https://x.example/b", HERE)]
LONG = [(f"https://x.example/{n}", f"/{n + 1}") for n in range(6)]
SLASH = way((HERE, "/hook/?Token=secret"))


@pytest.mark.parametrize(
    ("word", "attempt", "met"),
    [
        ("no-redirect-loop", way(*CIRCLE * 3, end=ENDLESS), False),
        ("no-redirect-loop", way(*CIRCLE, end=Outcome.TIMEOUT_ANSWER), False),
        ("no-redirect-loop", way((HERE, HERE)), True),
        ("no-redirect-loop", way(*LONG, end=ENDLESS), True),
        ("within-redirect-limit", way(*LONG, end=ENDLESS), False),
        ("within-redirect-limit", way(*CIRCLE * 3, end=ENDLESS), True),
        ("within-redirect-limit", SLASH, True),
        ("redirect-same-host", way((HERE, "https://y.example/hook")), False),
        ("redirect-same-host", way((HERE, "//y.example/hook"), end=ASTRAY), False),
        ("redirect-same-host", way((HERE, "https://X.example:8443/hook")), True),
        ("redirect-same-host", SLASH, True),
        ("redirect-stays-https", way((HERE, "http://x.example/hook"), end=ASTRAY), False),
        ("redirect-stays-https", SLASH, True),
        ("redirect-reaches-target", SLASH, True),
        ("redirect-keeps-method", SLASH, True),
        ("redirect-keeps-method", way((HERE, "http://x.example/hook"), end=ASTRAY), True),
        ("redirect-keeps-method", way((HERE, "ftp://x.example/"), end=ASTRAY), False),
        ("redirect-keeps-method", way((HERE, "http://x.example/"), end=ASTRAY, code=302), False),
    ],
)
def test_where_a_redirect_leads(word: str, attempt: Attempt, *, met: bool) -> None:
    """Each redirect that goes wrong is the matter of one word, and of that alone."""
    finding = found(word, attempt)
    assert (finding.met, finding.judged) == (met, 1)


@pytest.mark.parametrize(
    ("word", "attempt"),
    [
        ("redirect-reaches-target", way(*CIRCLE * 3, end=ENDLESS)),
        ("no-redirect-loop", way((HERE, "http://x.example/"), end=ASTRAY)),
        ("redirect-same-host", way((HERE, "https://y.example/"), end=ASTRAY, code=302)),
        ("redirect-same-host", way((HERE, "https://[::1"), end=ASTRAY)),
        ("redirect-stays-https", way(("http://x.example/hook", "http://y.example/"))),
        ("redirect-stays-https", way(("http://x.example/hook", "https://x.example/hook"))),
        *[
            (word, way())
            for word in (
                "no-redirect-loop",
                "within-redirect-limit",
                "redirect-same-host",
                "redirect-stays-https",
            )
        ],
    ],
)
def test_what_a_word_is_not_about(word: str, attempt: Attempt) -> None:
    """Where there is no redirect of that kind, nothing is judged."""
    assert found(word, attempt).judged == 0


def test_a_followed_redirect_is_named() -> None:
    """The reason says where the answer came from, and never with the token."""
    assert attempt_in_words(SLASH) == "202, after 308 to /hook/ (a slash at the end)"
    other = attempt_in_words(way((HERE, "https://me:pw@y.example/z?Token=secret")))
    assert other == "202, after 308 to https://y.example/z"
    assert attempt_in_words(way(*LONG)).endswith("/1, 308 to /2, 308 to /3, 3 more")
