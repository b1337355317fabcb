"""Checks of single attempts: a function of one attempt each.

An attempt with a fault that the harness injected (a dropped response, a truncated request) shows
nothing about the partner and is never evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from pytest_mews.checks.check import Check, register
from pytest_mews.checks.observation import Observation
from pytest_mews.checks.phrasing import attempt_figures, describe_response, explain_attempt
from pytest_mews.checks.preflight_diagnosis import diagnose_preflight
from pytest_mews.checks.redirect_chain import describe_redirects, hops, loops
from pytest_mews.checks.remedies import remedy_for
from pytest_mews.model import Attempt, Delivery, Outcome, Transcript, TransferMode
from pytest_mews.model.exchange import ANSWERED, INJECTED_OUTCOMES


@dataclass(frozen=True)
class _AttemptRule:
    """How attempts are evaluated, each by itself; see `attempt_check`."""

    holds: Callable[[Attempt], bool]
    explain: Callable[[Attempt], str]
    concerns: Callable[[Attempt], bool]
    absent: str
    one_is_enough: bool
    only_last: bool
    has_remedies: bool
    needs_answer: bool

    def observe(self, transcript: Transcript) -> Observation:
        """Evaluate the attempts of a transcript. The first one that does not hold is shown."""
        evaluated = [
            (delivery, attempt)
            for delivery in transcript.deliveries
            for attempt in (delivery.attempts[-1:] if self.only_last else delivery.attempts)
            if attempt.outcome not in INJECTED_OUTCOMES and self.concerns(attempt)
        ]
        if self.needs_answer and evaluated:
            evaluated = [pair for pair in evaluated if pair[1].outcome in ANSWERED]
            if not evaluated:
                return Observation.without_answer()
        meeting: list[tuple[Delivery, Attempt]] = []
        broken: list[tuple[Delivery, Attempt]] = []
        for delivery, attempt in evaluated:
            (meeting if self.holds(attempt) else broken).append((delivery, attempt))
        if broken and not (self.one_is_enough and meeting):
            delivery, attempt = broken[0]
            count = f"{len(broken)} of {len(evaluated)} attempts" if len(evaluated) > 1 else ""
            observed = _observed(delivery, attempt, self.explain(attempt), count)
            remedy = None
            if self.has_remedies:
                remedy = remedy_for(attempt, preflight=delivery.is_preflight)
            return Observation(
                met=False,
                observed=observed,
                subject_count=len(evaluated),
                remedy=remedy or "",
                broken=tuple(attempt for _, attempt in broken),
            )
        observed = self.absent
        if meeting:
            delivery, attempt = _most_informative(meeting)
            observed = _observed(delivery, attempt, explain_attempt(attempt))
        return Observation(met=True, observed=observed, subject_count=len(evaluated))


def attempt_check(  # noqa: PLR0913 - what checks of attempts differ in
    name: str,
    expected: str,
    *,
    explain: Callable[[Attempt], str] = explain_attempt,
    concerns: Callable[[Attempt], bool] = lambda _: True,
    absent: str = "no attempt could be evaluated",
    one_is_enough: bool = False,
    only_last: bool = False,
    has_remedies: bool = False,
    about_redirects: bool = False,
    about_health: bool = False,
    needs_answer: bool = False,
) -> Callable[[Callable[[Attempt], bool]], Callable[[Attempt], bool]]:
    """Register a function that says of a single attempt whether it meets the expectation.

    Args:
        name: the name of the check in scenario files.
        expected: what the check expects, as a phrase for the report.
        explain: what is wrong with an attempt that does not meet it, without figures.
        concerns: which attempts it is about; all by default.
        absent: the observation if it is about none of the attempts.
        one_is_enough: whether a single attempt that meets it is enough.
        only_last: whether it is about the last attempt of each delivery only.
        has_remedies: whether the outcome of a failed attempt can determine the remedy: the message
            is valid and should have been accepted.
        about_redirects: whether the reason of a passed scenario names the redirects.
        about_health: whether it is about the health checks, and not about the other deliveries.
        needs_answer: whether an attempt without a complete response shows nothing. Without it, a
            service that answers nothing must not meet the check.

    """

    def decorate(holds: Callable[[Attempt], bool]) -> Callable[[Attempt], bool]:
        rule = _AttemptRule(
            holds, explain, concerns, absent, one_is_enough, only_last, has_remedies, needs_answer
        )
        register(
            Check(
                name,
                expected,
                holds,
                rule.observe,
                about_redirects=about_redirects,
                about_health=about_health,
            )
        )
        return holds

    return decorate


def _observed(delivery: Delivery, attempt: Attempt, explanation: str, count: str = "") -> str:
    """Return the diagnosis of an attempt with its figures in parentheses."""
    if diagnosis := _preflight_diagnosis(delivery, attempt):
        explanation = f"{describe_response(attempt)}: {diagnosis}"
    figures = attempt_figures(delivery, attempt)
    return f"{explanation} ({figures}{f'; {count}' if count else ''})"


def _preflight_diagnosis(delivery: Delivery, attempt: Attempt) -> str:
    return diagnose_preflight(attempt) if delivery.is_preflight else ""


def _most_informative(attempts: Sequence[tuple[Delivery, Attempt]]) -> tuple[Delivery, Attempt]:
    """Return the first attempt with a diagnosis (a success may be an HTML page), else the last."""
    with_diagnosis = (
        (delivery, attempt)
        for delivery, attempt in attempts
        if _preflight_diagnosis(delivery, attempt)
    )
    return next(with_diagnosis, attempts[-1])


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
    how = (
        f"the response began {early_ms:,.0f} ms before the last byte of the body was sent"
        if early_ms
        else "the response ended the connection, and the rest of the body was never sent"
    )
    return f"{describe_response(attempt)} before the whole body was sent: {how}"


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


@attempt_check("accepted", "a 2xx response within the time limit", has_remedies=True)
def accepted(attempt: Attempt) -> bool:
    """The response is a 2xx within the time limit, directly or after followed redirects."""
    return attempt.outcome is Outcome.DELIVERED


@attempt_check(
    "delivered",
    "a 2xx response within the time limit, to a retry at the latest",
    only_last=True,
    has_remedies=True,
)
def delivered(attempt: Attempt) -> bool:
    """The last attempt is accepted; earlier ones may have failed."""
    return accepted(attempt)


@attempt_check(
    "healthy",
    "a valid message accepted after the hostile one",
    explain=_explain_health,
    about_health=True,
)
def healthy(attempt: Attempt) -> bool:
    """The health check was accepted."""
    return accepted(attempt)


@attempt_check(
    "waits-for-body",
    "no 2xx response before the whole body was sent",
    explain=_explain_early_response,
    concerns=_is_slow,
    absent="no body was sent slowly",
)
def waits_for_body(attempt: Attempt) -> bool:
    """No 2xx began before the whole body was sent. About slow bodies only."""
    final = attempt.final_exchange
    return not accepted(attempt) or (final.sent_ms is not None and not final.early_response_ms)


@attempt_check("within-time-limit", "a complete response within the time limit")
def within_time_limit(attempt: Attempt) -> bool:
    """The whole response arrived within the time limit, whatever its status."""
    return attempt.outcome in ANSWERED


@attempt_check("success-status", "a 2xx status")
def success_status(attempt: Attempt) -> bool:
    """The final status is a 2xx; without a status the check is not met."""
    status = attempt.final_exchange.status
    return status is not None and 200 <= status < 300  # noqa: PLR2004 - HTTP's own bounds


@attempt_check("refused", "a 4xx response", explain=_explain_instead_of("a 4xx response"))
def refused(attempt: Attempt) -> bool:
    """The final status is a 4xx."""
    status = attempt.final_exchange.status
    return status is not None and 400 <= status < 500  # noqa: PLR2004 - HTTP's own bounds


@attempt_check("not-accepted", "no 2xx response", explain=_explain_unexpected_acceptance)
def not_accepted(attempt: Attempt) -> bool:
    """The response is not a 2xx within the time limit; any other status meets this."""
    return attempt.outcome is not Outcome.DELIVERED


@attempt_check(
    "not-all-accepted",
    "at least one of the messages not accepted",
    explain=_explain_unexpected_acceptance,
    one_is_enough=True,
)
def not_all_accepted(attempt: Attempt) -> bool:
    """At least one of the messages is not accepted."""
    return not_accepted(attempt)


@attempt_check("no-server-error", "a response within the time limit that is not a 5xx")
def no_server_error(attempt: Attempt) -> bool:
    """The response arrived within the time limit and is not a 5xx: accepted or refused."""
    status = attempt.final_exchange.status
    return (
        within_time_limit(attempt) and status is not None and status < 500  # noqa: PLR2004 - HTTP's
    )


_UNAUTHORISED = "401, 403 or 404"


@attempt_check("unauthorised", _UNAUTHORISED, explain=_explain_instead_of(_UNAUTHORISED))
def unauthorised(attempt: Attempt) -> bool:
    """The status is 401, 403, or the 404 of a service that hides from strangers."""
    return attempt.final_exchange.status in {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
    }


@attempt_check(
    "secret-not-echoed", "a response that does not show the token", explain=_explain_secret
)
def secret_not_echoed(attempt: Attempt) -> bool:
    """No response contains the shared secret, except a redirect to the same host.

    The page that a framework sends with such a redirect repeats the URL, and only the sender reads
    it.
    """
    return not any(exchange.shows_secret for exchange in attempt.exchanges)


@attempt_check(
    "redirect-keeps-method",
    "no redirect, or one that keeps the method",
    about_redirects=True,
    needs_answer=True,
)
def redirect_keeps_method(attempt: Attempt) -> bool:
    """The response is not a redirect with which Mews would lose the message.

    A redirect from https to http keeps the method; `redirect-stays-https` is about it. An attempt
    without a complete response shows nothing.
    """
    lost = attempt.outcome is Outcome.REDIRECT_NOT_FOLLOWABLE
    return not lost or any(hop.leaves_https for hop in hops(attempt)[-1:])


@attempt_check(
    "redirect-reaches-target",
    "a 2xx response from the redirect's target",
    concerns=_redirects_end,
    absent="no redirect was followed to its end",
    about_redirects=True,
)
def redirect_reaches_target(attempt: Attempt) -> bool:
    """A followed redirect ended in a 2xx. About redirected attempts only."""
    return attempt.outcome is Outcome.DELIVERED


@attempt_check(
    "no-redirect-loop",
    "redirects that do not lead back to an earlier URL",
    explain=_explain_redirects("the redirects form a loop"),
    concerns=_is_redirected,
    absent="no response was a redirect",
    about_redirects=True,
)
def no_redirect_loop(attempt: Attempt) -> bool:
    """The redirects do not lead back to an earlier URL without an end."""
    return not loops(attempt)


@attempt_check(
    "within-redirect-limit",
    "no more redirects than the profile follows",
    concerns=_is_redirected,
    absent="no response was a redirect",
    about_redirects=True,
)
def within_redirect_limit(attempt: Attempt) -> bool:
    """There are no more redirects than the profile follows. A loop is another check's subject."""
    return attempt.outcome is not Outcome.TOO_MANY_REDIRECTS or loops(attempt)


@attempt_check(
    "redirect-same-host",
    "redirects to the same host",
    explain=_explain_redirects("a redirect leads to another host"),
    concerns=_keeps_method,
    absent="no response was a redirect",
    about_redirects=True,
)
def redirect_same_host(attempt: Attempt) -> bool:
    """Every redirect that keeps the method leads to the same host name."""
    return not any(hop.changes_host for hop in hops(attempt))


@attempt_check(
    "redirect-stays-https",
    "no redirect from https to http",
    explain=_explain_redirects("a redirect leads from https to http"),
    concerns=_is_redirected_from_https,
    absent="no URL with https was redirected",
    about_redirects=True,
)
def redirect_stays_https(attempt: Attempt) -> bool:
    """No redirect that keeps the method leads from https to http."""
    return not any(hop.leaves_https for hop in hops(attempt))
