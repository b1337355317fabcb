"""Checks of single attempts: a function of one attempt each, named like its check.

An attempt with a fault that the harness injected (a dropped response, a truncated request) shows
nothing about the partner and is never evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote, urlsplit

from pytest_mews.checks.phrasing import describe_response, explain_attempt
from pytest_mews.checks.redirect_chain import describe_redirects, hops, loops
from pytest_mews.config.endpoint import token_in_url
from pytest_mews.model import Attempt, Exchange, Outcome, TransferMode
from pytest_mews.model.exchange import TIMEOUTS


@dataclass(frozen=True)
class AttemptCheck:
    """A check of each attempt by itself.

    Attributes:
        expected: what the check expects, as a phrase for the report.
        holds: whether an attempt meets it; a pure function.
        explain: what is wrong with an attempt that does not meet it, without figures.
        concerns: which attempts it is about; all by default.
        absent: the observation if it is about none of the attempts.
        one_is_enough: whether a single attempt that meets it is enough.
        has_remedies: whether the outcome of a failed attempt can determine the remedy: the message
            is valid and should have been accepted.
        about_redirects: whether the reason of a passed scenario names the redirects.

    """

    expected: str
    holds: Callable[[Attempt], bool]
    explain: Callable[[Attempt], str] = explain_attempt
    concerns: Callable[[Attempt], bool] = lambda _: True
    absent: str = "no attempt could be evaluated"
    one_is_enough: bool = False
    has_remedies: bool = False
    about_redirects: bool = False


def accepted(attempt: Attempt) -> bool:
    """The response is a 2xx within the time limit, directly or after followed redirects."""
    return attempt.outcome is Outcome.DELIVERED


def waits_for_body(attempt: Attempt) -> bool:
    """No 2xx began before the whole body was sent. About slow bodies only."""
    return not accepted(attempt) or not attempt.final_exchange.early_response_ms


def within_time_limit(attempt: Attempt) -> bool:
    """The whole response arrived within the time limit, whatever its status."""
    return attempt.outcome not in TIMEOUTS


def success_status(attempt: Attempt) -> bool:
    """The final status is a 2xx; without a status the check is not met."""
    status = attempt.final_exchange.status
    return status is not None and 200 <= status < 300  # noqa: PLR2004 - HTTP's own bounds


def refused(attempt: Attempt) -> bool:
    """The final status is a 4xx."""
    status = attempt.final_exchange.status
    return status is not None and 400 <= status < 500  # noqa: PLR2004 - HTTP's own bounds


def not_accepted(attempt: Attempt) -> bool:
    """The response is not a 2xx within the time limit; any other status meets this."""
    return attempt.outcome is not Outcome.DELIVERED


def no_server_error(attempt: Attempt) -> bool:
    """The response arrived within the time limit and is not a 5xx: accepted or refused."""
    status = attempt.final_exchange.status
    return (
        within_time_limit(attempt) and status is not None and status < 500  # noqa: PLR2004 - HTTP's
    )


def unauthorised(attempt: Attempt) -> bool:
    """The status is 401 or 403."""
    return attempt.final_exchange.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def secret_not_echoed(attempt: Attempt) -> bool:
    """No response contains the secret of the URL, except a redirect to the same host.

    The page that a framework sends with such a redirect repeats the URL, and only the sender reads
    it.
    """
    return not any(_shows_secret(exchange) for exchange in attempt.exchanges)


def redirect_keeps_method(attempt: Attempt) -> bool:
    """The response is not a redirect with which Mews would lose the message.

    A redirect from https to http keeps the method; `redirect-stays-https` is about it.
    """
    lost = attempt.outcome is Outcome.REDIRECT_NOT_FOLLOWABLE
    return not lost or any(hop.leaves_https for hop in hops(attempt)[-1:])


def redirect_reaches_target(attempt: Attempt) -> bool:
    """A followed redirect ended in a 2xx. About redirected attempts only."""
    return attempt.outcome is Outcome.DELIVERED


def no_redirect_loop(attempt: Attempt) -> bool:
    """The redirects do not lead back to an earlier URL without an end."""
    return not loops(attempt)


def within_redirect_limit(attempt: Attempt) -> bool:
    """There are no more redirects than the profile follows. A loop is another check's subject."""
    return attempt.outcome is not Outcome.TOO_MANY_REDIRECTS or loops(attempt)


def redirect_same_host(attempt: Attempt) -> bool:
    """Every redirect that keeps the method leads to the same host name."""
    return not any(hop.changes_host for hop in hops(attempt))


def redirect_stays_https(attempt: Attempt) -> bool:
    """No redirect that keeps the method leads from https to http."""
    return not any(hop.leaves_https for hop in hops(attempt))


def _is_slow(attempt: Attempt) -> bool:
    return attempt.transfer_mode is TransferMode.SLOW


def _is_redirected(attempt: Attempt) -> bool:
    """Return whether a response of the attempt was a redirect that Mews follows."""
    outcomes = {attempt.outcome, *(exchange.outcome for exchange in attempt.exchanges)}
    return bool(outcomes & {Outcome.REDIRECTED, Outcome.TOO_MANY_REDIRECTS})


def _redirects_end(attempt: Attempt) -> bool:
    """Return whether followed redirects ended in a response that is not a redirect."""
    return _is_redirected(attempt) and attempt.outcome is not Outcome.TOO_MANY_REDIRECTS


def _keeps_method(attempt: Attempt) -> bool:
    """Return whether a response of the attempt was a 307 or 308 with a usable Location."""
    return bool(hops(attempt))


def _is_redirected_from_https(attempt: Attempt) -> bool:
    return any(urlsplit(hop.origin).scheme == "https" for hop in hops(attempt))


def _explain_early_response(attempt: Attempt) -> str:
    early_ms = attempt.final_exchange.early_response_ms
    return (
        f"{describe_response(attempt)} before the whole body was sent: the response began "
        f"{early_ms:,.0f} ms before the last byte of the body was sent"
    )


def _explain_instead_of(expected: str) -> Callable[[Attempt], str]:
    def explain(attempt: Attempt) -> str:
        return f"{describe_response(attempt)} instead of {expected}"

    return explain


def _explain_unexpected_acceptance(attempt: Attempt) -> str:
    return f"{describe_response(attempt)}: the service accepted the message"


def _explain_health(attempt: Attempt) -> str:
    return f"a valid message afterwards was not accepted: {explain_attempt(attempt)}"


def _explain_secret(attempt: Attempt) -> str:
    return f"the response shows the token of the URL, with {describe_response(attempt)}"


def _explain_redirects(problem: str) -> Callable[[Attempt], str]:
    def explain(attempt: Attempt) -> str:
        return f"{problem}: {describe_redirects(attempt)}"

    return explain


ATTEMPT_CHECKS: Mapping[str, AttemptCheck] = {
    "accepted": AttemptCheck("a 2xx response within the time limit", accepted, has_remedies=True),
    "waits-for-body": AttemptCheck(
        "no 2xx response before the whole body was sent",
        waits_for_body,
        _explain_early_response,
        _is_slow,
        "no body was sent slowly",
    ),
    "within-time-limit": AttemptCheck(
        "a complete response within the time limit", within_time_limit
    ),
    "success-status": AttemptCheck("a 2xx status", success_status),
    "refused": AttemptCheck("a 4xx response", refused, _explain_instead_of("a 4xx response")),
    "not-accepted": AttemptCheck("no 2xx response", not_accepted, _explain_unexpected_acceptance),
    "not-all-accepted": AttemptCheck(
        "at least one of the messages not accepted",
        not_accepted,
        _explain_unexpected_acceptance,
        one_is_enough=True,
    ),
    "no-server-error": AttemptCheck(
        "a response within the time limit that is not a 5xx", no_server_error
    ),
    "unauthorised": AttemptCheck("401 or 403", unauthorised, _explain_instead_of("401 or 403")),
    "secret-not-echoed": AttemptCheck(
        "a response that does not show the token", secret_not_echoed, _explain_secret
    ),
    "redirect-keeps-method": AttemptCheck(
        "no redirect, or one that keeps the method",
        redirect_keeps_method,
        about_redirects=True,
    ),
    "healthy": AttemptCheck(
        "a valid message accepted after the hostile one", accepted, _explain_health
    ),
    "redirect-reaches-target": AttemptCheck(
        "a 2xx response from the redirect's target",
        redirect_reaches_target,
        concerns=_redirects_end,
        absent="no redirect was followed to its end",
        about_redirects=True,
    ),
    "no-redirect-loop": AttemptCheck(
        "redirects that do not lead back to an earlier URL",
        no_redirect_loop,
        _explain_redirects("the redirects form a loop"),
        _is_redirected,
        "no response was a redirect",
        about_redirects=True,
    ),
    "within-redirect-limit": AttemptCheck(
        "no more redirects than the profile follows",
        within_redirect_limit,
        concerns=_is_redirected,
        absent="no response was a redirect",
        about_redirects=True,
    ),
    "redirect-same-host": AttemptCheck(
        "redirects to the same host",
        redirect_same_host,
        _explain_redirects("a redirect leads to another host"),
        _keeps_method,
        "no response was a redirect",
        about_redirects=True,
    ),
    "redirect-stays-https": AttemptCheck(
        "no redirect from https to http",
        redirect_stays_https,
        _explain_redirects("a redirect leads from https to http"),
        _is_redirected_from_https,
        "no URL with https was redirected",
        about_redirects=True,
    ),
}


def _shows_secret(exchange: Exchange) -> bool:
    secret = token_in_url(exchange.url)
    if not secret:
        return False
    host = urlsplit(exchange.url).netloc
    shown = [
        value
        for name, value in exchange.response_headers
        if name.lower() != "location" or urlsplit(value).netloc not in {"", host}
    ]
    body = exchange.response_body.decode("utf-8", "replace")
    if exchange.outcome is Outcome.REDIRECTED:
        body = ""
    return any(form in text for text in (*shown, body) for form in (secret, quote(secret, safe="")))
