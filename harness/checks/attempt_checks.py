"""Words about single attempts: each a function of the attempt that it judges.

An attempt that the harness itself spoilt on purpose (a lost answer, a cut body) says nothing
about the partner and is never judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from pytest_mews.checks.redirect_chain import hops, loops
from pytest_mews.config.endpoint import token_in
from pytest_mews.model import Attempt, Exchange, Outcome, TransferMode
from pytest_mews.model.exchange import TIMEOUTS


@dataclass(frozen=True)
class AttemptCheck:
    """One word: what it expects, in words for the report, and how an attempt meets it.

    `concerns` says which attempts it is about (all by default), `absent` that there were none.
    `one_is_enough`: it is broken only where none of these attempts meets it.
    """

    expected: str
    holds: Callable[[Attempt], bool]
    concerns: Callable[[Attempt], bool] = lambda _: True
    absent: str = "no attempt could be judged"
    one_is_enough: bool = False


def accepted(attempt: Attempt) -> bool:
    """Hold when the answer is a 2xx in time, at the end of redirects that keep the method."""
    return attempt.outcome is Outcome.DELIVERED


def waits_for_body(attempt: Attempt) -> bool:
    """Hold unless a 2xx began before the body had been sent whole; about slow ones alone."""
    return not accepted(attempt) or not attempt.last.early_response_ms


def slow(attempt: Attempt) -> bool:
    """Tell whether the body was sent slowly."""
    return attempt.transfer is TransferMode.SLOW


def in_time(attempt: Attempt) -> bool:
    """Hold when the whole answer came before the deadline, whatever its status."""
    return attempt.outcome not in TIMEOUTS


def success_status(attempt: Attempt) -> bool:
    """Hold when the last status is a 2xx; no status at all does not hold."""
    status = attempt.last.status
    return status is not None and 200 <= status < 300  # noqa: PLR2004 - HTTP's own bounds


def refused(attempt: Attempt) -> bool:
    """Hold when the answer is any 4xx."""
    status = attempt.last.status
    return status is not None and 400 <= status < 500  # noqa: PLR2004 - HTTP's own bounds


def not_accepted(attempt: Attempt) -> bool:
    """Hold unless the answer is a 2xx in time: a 501 says as well as a 405 that nothing came."""
    return attempt.outcome is not Outcome.DELIVERED


def handled(attempt: Attempt) -> bool:
    """Hold when the answer is no server error and came in time: taken or refused, both will do."""
    status = attempt.last.status
    return in_time(attempt) and status is not None and status < 500  # noqa: PLR2004 - HTTP's own


def unauthorised(attempt: Attempt) -> bool:
    """Hold when the answer is 401 or 403."""
    return attempt.last.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def keeps_secret(attempt: Attempt) -> bool:
    """Hold when no answer shows the URL's secret, but for a redirect to the same host.

    A framework's page about such a redirect repeats the URL; it goes nowhere but to the sender.
    """
    return not any(_shows_secret(exchange) for exchange in attempt.exchanges)


def no_losing_redirect(attempt: Attempt) -> bool:
    """Hold unless the answer is a redirect after which the message would be lost.

    One from https to http keeps the method; `stays-encrypted` is about it.
    """
    lost = attempt.outcome is Outcome.REDIRECT_NOT_FOLLOWABLE
    return not lost or any(hop.leaves_https for hop in hops(attempt)[-1:])


def redirects_arrive(attempt: Attempt) -> bool:
    """Hold when a followed redirect ended in a 2xx; about redirected attempts alone."""
    return attempt.outcome is Outcome.DELIVERED


def no_loop(attempt: Attempt) -> bool:
    """Hold unless redirects that never end lead back to a URL that they came from."""
    return not loops(attempt)


def few_hops(attempt: Attempt) -> bool:
    """Hold unless there are more redirects than the profile follows, a loop aside."""
    return attempt.outcome is not Outcome.TOO_MANY_REDIRECTS or loops(attempt)


def same_host(attempt: Attempt) -> bool:
    """Hold when every redirect that keeps the method leads to a host of the same name."""
    return not any(hop.changes_host for hop in hops(attempt))


def stays_encrypted(attempt: Attempt) -> bool:
    """Hold when no redirect that keeps the method leads from https to http."""
    return not any(hop.leaves_https for hop in hops(attempt))


def redirected(attempt: Attempt) -> bool:
    """Tell whether an answer of this attempt was a redirect that Mews follows."""
    outcomes = {attempt.outcome, *(exchange.outcome for exchange in attempt.exchanges)}
    return bool(outcomes & {Outcome.REDIRECTED, Outcome.TOO_MANY_REDIRECTS})


def redirected_to_an_end(attempt: Attempt) -> bool:
    """Tell whether redirects were followed to an answer that is none."""
    return redirected(attempt) and attempt.outcome is not Outcome.TOO_MANY_REDIRECTS


def keeping_the_method(attempt: Attempt) -> bool:
    """Tell whether an answer of this attempt was a 307 or 308 that leads somewhere."""
    return bool(hops(attempt))


def redirected_under_https(attempt: Attempt) -> bool:
    """Tell whether a URL with https was redirected by 307 or 308."""
    return any(urlsplit(hop.origin).scheme == "https" for hop in hops(attempt))


ATTEMPT_CHECKS: Mapping[str, AttemptCheck] = {
    "accepted": AttemptCheck("a 2xx answer within the time limit", accepted),
    "waits-for-body": AttemptCheck(
        "no 2xx answer before the body had come whole",
        waits_for_body,
        slow,
        "no body was sent slowly",
    ),
    "within-time-limit": AttemptCheck("a complete answer within the time limit", in_time),
    "success-status": AttemptCheck("a 2xx status", success_status),
    "refused": AttemptCheck("a 4xx answer", refused),
    "not-accepted": AttemptCheck("no 2xx answer", not_accepted),
    "not-all-accepted": AttemptCheck(
        "at least one of them not accepted", not_accepted, one_is_enough=True
    ),
    "no-server-error": AttemptCheck("an answer in time that is no 5xx", handled),
    "unauthorised": AttemptCheck("401 or 403", unauthorised),
    "secret-not-echoed": AttemptCheck("an answer that does not show the token", keeps_secret),
    "redirect-keeps-method": AttemptCheck(
        "no redirect, or one that keeps the method", no_losing_redirect
    ),
    "healthy": AttemptCheck("a valid message afterwards to be accepted", accepted),
    "redirect-reaches-target": AttemptCheck(
        "a 2xx answer from the new location",
        redirects_arrive,
        redirected_to_an_end,
        "no redirect led to an end",
    ),
    "no-redirect-loop": AttemptCheck(
        "redirects that do not lead back", no_loop, redirected, "no answer was a redirect"
    ),
    "within-redirect-limit": AttemptCheck(
        "no more redirects than the profile follows",
        few_hops,
        redirected,
        "no answer was a redirect",
    ),
    "redirect-same-host": AttemptCheck(
        "a redirect to the same host", same_host, keeping_the_method, "no answer was a redirect"
    ),
    "redirect-stays-https": AttemptCheck(
        "no redirect from https to http",
        stays_encrypted,
        redirected_under_https,
        "no URL with https was redirected",
    ),
}


def _shows_secret(exchange: Exchange) -> bool:
    secret = token_in(exchange.url)
    if not secret:
        return False
    here = urlsplit(exchange.url).netloc
    shown = [
        value
        for name, value in exchange.response_headers
        if name.lower() != "location" or urlsplit(value).netloc not in {"", here}
    ]
    body = exchange.response_body.decode("utf-8", "replace")
    if exchange.outcome is Outcome.REDIRECTED:
        body = ""
    return any(form in text for text in (*shown, body) for form in (secret, quote(secret, safe="")))
