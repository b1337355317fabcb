"""What the report calls things: outcomes, verdicts, readiness, areas."""

from __future__ import annotations

from mews_harness.model import Outcome, Readiness, Verdict

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
