"""What the report calls things: outcomes, verdicts, readiness."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_mews.model import (
    Change,
    Level,
    Outcome,
    Readiness,
    TokenState,
    Verdict,
    WaiverState,
)
from pytest_mews.model.scenario import Concern
from pytest_mews.review import ReviewVerdict

# A title, and what it means.
CONCERNS = {
    Concern.CERTIFICATION_REVIEW: (
        "certification review",
        "It is about calls to the Connector API, which Mews's certification review looks at.",
    ),
    Concern.OPERATION: (
        "operation",
        "Operation needs it. No page says that the review looks at anything but API calls.",
    ),
}


@dataclass(frozen=True)
class Priority:
    """How urgent a problem is: a name for CSS classes, a heading, what it means for the run."""

    name: str
    title: str
    meaning: str


PRIORITIES = {
    Level.MUST: Priority("must", "MUST", "The run is not ready until these are fixed."),
    Level.SHOULD: Priority("should", "SHOULD", "Strongly recommended."),
    Level.MAY: Priority("may", "MAY", "Worth knowing."),
}
HARNESS_ERROR = Priority("harness", "Harness", "The harness itself failed: please report it.")
OUTCOMES = {
    Outcome.DELIVERED: "delivered",
    Outcome.REDIRECTED: "redirected, followed",
    Outcome.ERROR_STATUS: "error status",
    Outcome.REDIRECT_NOT_FOLLOWABLE: "redirect that loses the message",
    Outcome.TOO_MANY_REDIRECTS: "too many redirects",
    Outcome.TIMEOUT_CONNECT: "no connection in time",
    Outcome.TIMEOUT_SEND: "could not be sent in time",
    Outcome.TIMEOUT_ANSWER: "no response in time",
    Outcome.TIMEOUT_BODY: "response not complete in time",
    Outcome.NAME_NOT_RESOLVED: "name not resolved",
    Outcome.CONNECTION_REFUSED: "connection refused",
    Outcome.CONNECTION_RESET: "connection reset",
    Outcome.TLS_ERROR: "TLS error",
    Outcome.PROTOCOL_ERROR: "response is not HTTP",
    Outcome.RESPONSE_DROPPED: "response dropped by the harness",
    Outcome.REQUEST_TRUNCATED: "request truncated by the harness",
    Outcome.RESET_BY_HARNESS: "connection reset by the harness",
}
# A symbol, a title, and the verdict whose colour it has.
REVIEW_VERDICTS = {
    ReviewVerdict.MET: ("✓", "Met", Verdict.PASS),
    ReviewVerdict.NOT_MET: ("✕", "Not met", Verdict.FAIL),
    ReviewVerdict.NOT_JUDGED: ("○", "Not judged", Verdict.NOT_OBSERVED),
}
# A symbol and a title: verdicts can be told apart without colour.
VERDICTS = {
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
VERDICT_MEANINGS = {
    Verdict.PASS: "Every expectation was met in every case.",
    Verdict.FAIL: "A MUST failed. The run is not ready until it is fixed or waived.",
    Verdict.WARN: "A SHOULD or MAY failed. It only fails the run with --mews-strict.",
    Verdict.FLAKY: "It failed once, and passed when the same case ran again.",
    Verdict.NOT_OBSERVED: "The run had no means to observe it. Never counts as passed.",
    Verdict.NOT_APPLICABLE: "It does not concern this endpoint, or its case did not occur.",
    Verdict.BLOCKED: "It could not run, because what it requires was not observed.",
    Verdict.WAIVED: "A known failure, accepted with a reason, an owner and an expiry date.",
    Verdict.ERROR: "The harness itself failed. Not your endpoint's fault.",
}
# A symbol, a title, and the verdict whose colour it has.
READINESS = {
    Readiness.READY: ("✓", "Ready", "pass"),
    Readiness.WARNINGS: ("!", "Ready with warnings", "warn"),
    Readiness.NOT_READY: ("✕", "Not ready", "fail"),
    Readiness.INCOMPLETE: ("◐", "Incomplete", "flaky"),
    Readiness.NOT_OBSERVED: ("○", "Not tested", "not-observed"),
}
TOKEN_STATES = {
    TokenState.NONE: "of no enterprise",
    TokenState.CURRENT: "",  # the usual state: the enterprise is enough
    TokenState.REPLACED: "replaced by a newer key",
    TokenState.INACTIVE: "of an inactive integration",
}
# A title, and the verdict whose colour it has.
CHANGES = {
    Change.NEW: ("New failures", "fail"),
    Change.STILL_FAILING: ("Still failing", "warn"),
    Change.FIXED: ("Fixed", "pass"),
    Change.NEWLY_NOT_OBSERVED: ("No longer observed", "flaky"),
}
WAIVER_STATES = {
    WaiverState.USED: "In use: without it the scenario would not have passed.",
    WaiverState.UNUSED: "Unused: the scenario did not fail. Remove it from the file.",
    WaiverState.INCONCLUSIVE: "Inconclusive: this run does not show whether it is needed.",
    WaiverState.EXPIRED: "Expired: it has no effect. Fix the failure, or renew the waiver.",
}
