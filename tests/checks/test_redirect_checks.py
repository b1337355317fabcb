"""The checks of redirects, followed or not, with scripted attempts."""

from __future__ import annotations

import pytest

from pytest_mews.checks import describe_attempt, evaluate
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

TARGET = "https://x.example/hook?Token=secret"
MESSAGE = Message(WebhookKind.GENERAL, b"{}", (), "1 event")
TOO_MANY, NOT_FOLLOWED = Outcome.TOO_MANY_REDIRECTS, Outcome.REDIRECT_NOT_FOLLOWABLE


def redirected(
    *hops: tuple[str, str], end: Outcome = Outcome.DELIVERED, status: int = 202, code: int = 308
) -> Attempt:
    """Script redirects from URL to URL; the last one has the outcome `end` if it isn't followed."""
    stopped = end in {TOO_MANY, NOT_FOLLOWED}
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


def evaluate_attempt(check: str, attempt: Attempt) -> Finding:
    """Evaluate one attempt with one check."""
    transcript = Transcript((Delivery("message", MESSAGE, (attempt,)),))
    return evaluate(Expectation(check, Level.MUST), transcript)


LOOP = [(TARGET, "/b"), ("https://x.example/b", TARGET)]
LONG_CHAIN = [(f"https://x.example/{n}", f"/{n + 1}") for n in range(6)]
TO_SLASH = redirected((TARGET, "/hook/?Token=secret"))


@pytest.mark.parametrize(
    ("check", "attempt", "met"),
    [
        ("no-redirect-loop", redirected(*LOOP * 3, end=TOO_MANY), False),
        ("no-redirect-loop", redirected(*LOOP, end=Outcome.TIMEOUT_ANSWER), False),
        ("no-redirect-loop", redirected((TARGET, TARGET)), True),
        ("no-redirect-loop", redirected(*LONG_CHAIN, end=TOO_MANY), True),
        ("within-redirect-limit", redirected(*LONG_CHAIN, end=TOO_MANY), False),
        ("within-redirect-limit", redirected(*LOOP * 3, end=TOO_MANY), True),
        ("within-redirect-limit", TO_SLASH, True),
        ("redirect-same-host", redirected((TARGET, "https://y.example/hook")), False),
        ("redirect-same-host", redirected((TARGET, "//y.example/hook"), end=NOT_FOLLOWED), False),
        ("redirect-same-host", redirected((TARGET, "https://X.example:8443/hook")), True),
        ("redirect-same-host", TO_SLASH, True),
        (
            "redirect-stays-https",
            redirected((TARGET, "http://x.example/hook"), end=NOT_FOLLOWED),
            False,
        ),
        ("redirect-stays-https", TO_SLASH, True),
        ("redirect-reaches-target", TO_SLASH, True),
        ("redirect-keeps-method", TO_SLASH, True),
        (
            "redirect-keeps-method",
            redirected((TARGET, "http://x.example/hook"), end=NOT_FOLLOWED),
            True,
        ),
        (
            "redirect-keeps-method",
            redirected((TARGET, "ftp://x.example/"), end=NOT_FOLLOWED),
            False,
        ),
        (
            "redirect-keeps-method",
            redirected((TARGET, "http://x.example/"), end=NOT_FOLLOWED, code=302),
            False,
        ),
    ],
)
def test_redirect_checks(check: str, attempt: Attempt, *, met: bool) -> None:
    """Each wrong redirect breaks one check, and that one only."""
    finding = evaluate_attempt(check, attempt)
    assert (finding.met, finding.subject_count) == (met, 1)


@pytest.mark.parametrize(
    ("check", "attempt"),
    [
        ("redirect-reaches-target", redirected(*LOOP * 3, end=TOO_MANY)),
        ("no-redirect-loop", redirected((TARGET, "http://x.example/"), end=NOT_FOLLOWED)),
        (
            "redirect-same-host",
            redirected((TARGET, "https://y.example/"), end=NOT_FOLLOWED, code=302),
        ),
        ("redirect-same-host", redirected((TARGET, "https://[::1"), end=NOT_FOLLOWED)),
        ("redirect-stays-https", redirected(("http://x.example/hook", "http://y.example/"))),
        ("redirect-stays-https", redirected(("http://x.example/hook", "https://x.example/hook"))),
        *[
            (check, redirected())
            for check in (
                "no-redirect-loop",
                "within-redirect-limit",
                "redirect-same-host",
                "redirect-stays-https",
            )
        ],
    ],
)
def test_attempts_that_a_check_is_not_about(check: str, attempt: Attempt) -> None:
    """Without a redirect of that kind, nothing is evaluated."""
    assert evaluate_attempt(check, attempt).subject_count == 0


def test_describe_redirects() -> None:
    """The description of an attempt names its redirects, without tokens."""
    assert describe_attempt(TO_SLASH) == "202, after 308 to /hook/ (a slash at the end)"
    other = describe_attempt(redirected((TARGET, "https://me:pw@y.example/z?Token=secret")))
    assert other == "202, after 308 to https://y.example/z"
    assert describe_attempt(redirected(*LONG_CHAIN)).endswith("/1, 308 to /2, 308 to /3, 3 more")
