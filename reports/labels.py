"""What the report calls things: outcomes, verdicts, readiness, requests to the API, TLS."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_mews.model import (
    ApiFault,
    Change,
    Level,
    Outcome,
    Readiness,
    RequestProblem,
    TlsProblem,
    TokenState,
    Verdict,
    WaiverState,
)


@dataclass(frozen=True)
class Urgency:
    """What a problem means for the reader: a word for styles, a heading, what follows from it."""

    name: str
    title: str
    means: str


URGENCY = {
    Level.MUST: Urgency("must", "MUST", "The run is not ready until these are mended."),
    Level.SHOULD: Urgency("should", "SHOULD", "Strongly advised."),
    Level.MAY: Urgency("may", "MAY", "Worth knowing."),
}
OURS = Urgency("ours", "Not yours", "The harness itself failed: please report it.")
OUTCOMES = {
    Outcome.DELIVERED: "delivered",
    Outcome.REDIRECTED: "redirected, followed",
    Outcome.ERROR_STATUS: "error status",
    Outcome.REDIRECT_NOT_FOLLOWABLE: "redirect that loses the message",
    Outcome.TOO_MANY_REDIRECTS: "too many redirects",
    Outcome.TIMEOUT_CONNECT: "no connection in time",
    Outcome.TIMEOUT_SEND: "could not be sent in time",
    Outcome.TIMEOUT_ANSWER: "no answer in time",
    Outcome.TIMEOUT_BODY: "answer did not end in time",
    Outcome.NAME_NOT_RESOLVED: "name not resolved",
    Outcome.CONNECTION_REFUSED: "connection refused",
    Outcome.CONNECTION_RESET: "connection reset",
    Outcome.TLS_ERROR: "TLS error",
    Outcome.PROTOCOL_ERROR: "answer is not HTTP",
    Outcome.ANSWER_LOST: "answer thrown away on purpose",
    Outcome.BODY_CUT: "request cut on purpose",
    Outcome.CONNECTION_DROPPED: "connection reset on purpose",
}
# Shape and word tell a verdict apart without its colour.
SHAPES = {
    Verdict.PASS: ("✓", "Pass"),
    Verdict.FAIL: ("✕", "Fail"),
    Verdict.WARN: ("!", "Warning"),
    Verdict.FLAKY: ("≈", "Flaky"),
    Verdict.NOT_OBSERVED: ("○", "Not observed"),
    Verdict.NOT_APPLICABLE: ("-", "Not applicable"),
    Verdict.BLOCKED: ("■", "Blocked"),
    Verdict.WAIVED: ("◇", "Waived"),
    Verdict.ERROR: ("?", "Harness error"),
}
MEANINGS = {
    Verdict.PASS: "Every expectation held in every case played.",
    Verdict.FAIL: "A MUST was broken. The run is not ready until it is mended or waived.",
    Verdict.WARN: "A SHOULD or MAY was not met. It does not fail the run unless --mews-strict.",
    Verdict.FLAKY: "It failed once and passed when the very same was tried again.",
    Verdict.NOT_OBSERVED: "The means to observe it were not given. Never counted as passed.",
    Verdict.NOT_APPLICABLE: "The endpoint does not subscribe to it, or has no token.",
    Verdict.BLOCKED: "It could not be played, because the preflight failed.",
    Verdict.WAIVED: "A known deviation, accepted with a reason, an owner and an expiry date.",
    Verdict.ERROR: "The harness itself failed. Not your endpoint's fault.",
}
READINESS = {
    Readiness.READY: ("✓", "Ready", "pass"),
    Readiness.WARNINGS: ("!", "Ready with warnings", "warn"),
    Readiness.NOT_READY: ("✕", "Not ready", "fail"),
    Readiness.INCOMPLETE: ("◐", "Incomplete", "flaky"),
    Readiness.NOT_OBSERVED: ("○", "Not observed", "not-observed"),
}
MISSTEPS = {
    RequestProblem.NOT_POST: "the method is not POST",
    RequestProblem.WRONG_PATH: "no operation has this path",
    RequestProblem.PATH_SPELLING: "the path is spelled otherwise: case, or a slash at its end",
    RequestProblem.CONTENT_TYPE: "the content type is not application/json",
    RequestProblem.NOT_JSON: "the body is not JSON",
    RequestProblem.NO_CLIENT_TOKEN: "no ClientToken",
    RequestProblem.WRONG_CLIENT_TOKEN: "a ClientToken that is not yours",
    RequestProblem.NO_ACCESS_TOKEN: "no AccessToken",
    RequestProblem.WRONG_ACCESS_TOKEN: "an AccessToken of no enterprise",
    RequestProblem.NO_CLIENT: "Client is missing or blank",
    RequestProblem.CLIENT_WITHOUT_VERSION: "Client names no version",
    RequestProblem.INVALID_BODY: "the body is not as the operation demands",
    RequestProblem.DEPRECATED_OPERATION: "a deprecated operation",
    RequestProblem.DEPRECATED_EXTENT: "a deprecated part of the answer is asked for",
    RequestProblem.OVER_LIMIT: "over 200 requests with this AccessToken within 30 s",
}
TOKENS = {
    TokenState.NONE: "of nobody",
    TokenState.CURRENT: "",  # the usual one: the enterprise says it all
    TokenState.REPLACED: "replaced by a newer key",
    TokenState.INACTIVE: "of an integration that is switched off",
}
FAULTS = {
    ApiFault.SLOW: "answered 8 s late",
    ApiFault.TOO_MANY_REQUESTS: "429 with Retry-After",
    ApiFault.TOO_MANY_REQUESTS_WITHOUT_RETRY_AFTER: "429 without Retry-After",
    ApiFault.SERVER_ERROR: "500",
    ApiFault.SERVER_ERROR_MESSAGE_ONLY: "500 with a Message alone",
    ApiFault.REQUEST_TIMEOUT: "408",
    ApiFault.RESET: "connection reset",
    ApiFault.NOT_JSON: "a body that is no JSON",
    ApiFault.UNKNOWN_FIELDS: "new properties and values in the answer",
}
TLS_PROBLEMS = {
    TlsProblem.UNKNOWN_ISSUER: "no trusted authority issued it, or an intermediate one is missing",
    TlsProblem.SELF_SIGNED: "it is self-signed",
    TlsProblem.EXPIRED: "it, or one that it rests on, has expired",
    TlsProblem.NOT_YET_VALID: "it is not valid yet",
    TlsProblem.HOST_MISMATCH: "it is for other hosts",
    TlsProblem.PROTOCOL: "no TLS version in common",
    TlsProblem.NOT_TLS: "what listens there speaks no TLS",
    TlsProblem.OTHER: "it is refused",
}
# How a change since the baseline is told, and whose colour it has.
CHANGES = {
    Change.NEW: ("New failures", "fail"),
    Change.STILL_FAILING: ("Still failing", "warn"),
    Change.FIXED: ("Fixed", "pass"),
    Change.NEWLY_NOT_OBSERVED: ("No longer observed", "flaky"),
}
WAIVERS = {
    WaiverState.USED: "In use: without it the scenario would not have passed.",
    WaiverState.UNUSED: "Unused: the scenario gave nothing to waive. Take it out of the file.",
    WaiverState.NOT_JUDGED: "Not judged: this run does not tell whether it is needed.",
    WaiverState.EXPIRED: "Expired: it counts no longer. Mend the deviation, or decide anew.",
}
