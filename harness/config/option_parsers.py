"""Parses the values of the options: returns the value, or raises UsageError with the option."""

from __future__ import annotations

import ssl
from math import isfinite
from pathlib import Path
from urllib.parse import urlsplit

from pytest_mews.config import endpoint
from pytest_mews.errors import UsageError, did_you_mean
from pytest_mews.mews import event_types
from pytest_mews.mews.use_cases import USE_CASES
from pytest_mews.redaction import REDACTED, redact_url

DEMO = "demo"
NO_WEBHOOKS = "none"
MAX_PEAK_RATE = 200  # messages per second; more in a minute exceed memory and report


def is_demo(target: str) -> bool:
    """Return whether a target is the demo partner, sound or with a flaw."""
    return target.partition(":")[0] == DEMO


def parse_target(text: str, *, has_websocket: bool = False) -> str:
    """Check --mews-target; the demo partner checks later whether the flaw exists."""
    if text == NO_WEBHOOKS:
        if not has_websocket:
            remedy = "Give --mews-websocket HOST:PORT as well, or the URL of an endpoint."
            raise UsageError("--mews-target", text, "leaves nothing to certify", remedy)
        return text
    return text if is_demo(text) else endpoint.check_url("--mews-target", text)


def parse_integration_target(text: str | None, general: str) -> str | None:
    """Check --mews-integration-target; `general` is the value of --mews-target."""
    if text is None:
        return None
    name = "--mews-integration-target"
    if general == NO_WEBHOOKS:
        problem, remedy = "can't be used without webhooks (--mews-target none)", "Leave it out."
        raise UsageError(name, redact_url(text), problem, remedy)
    if is_demo(general):
        problem, remedy = "can't be used with the demo partner", "Leave it out."
        raise UsageError(name, redact_url(text), problem, remedy)
    return endpoint.check_url(name, text)


def parse_token(text: str | None) -> str | None:
    """Check --mews-token."""
    if text is None:
        return None
    name = "--mews-token (or MEWS_TOKEN)"
    if not text.strip():
        raise UsageError(name, "", "is blank", "Leave it out, or give the shared secret.")
    if text != text.strip() or not text.isprintable():
        problem = "has leading or trailing whitespace, or control characters"
        raise UsageError(name, REDACTED, problem, "Give the secret without a line break.")
    return text


def parse_time_scale(text: str) -> float:
    """Parse --mews-time-scale: a positive factor."""
    return _parse_positive("--mews-time-scale", text, "Give one such as 0.01, or 1 for real time.")


def _parse_positive(option: str, text: str, remedy: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (isfinite(number) and number > 0):
        raise UsageError(option, text, "is not a positive number", remedy)
    return number


def parse_examples(text: str) -> int:
    """Parse --mews-examples: the maximum number of generated cases per scenario."""
    return _parse_count("--mews-examples", text, "Give one such as 25.")


def parse_jobs(text: str) -> int:
    """Parse --mews-jobs: the maximum number of concurrent scenarios."""
    return _parse_count("--mews-jobs", text, "Give one such as 8.")


def _parse_count(option: str, text: str, remedy: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise UsageError(option, text, "is not a whole number from 1", remedy) from None
    return number


def parse_api(text: str | None) -> tuple[str, int] | None:
    """Parse --mews-api: the host and the port to listen on."""
    return _parse_address("--mews-api", text, 8088)


def parse_websocket(text: str | None) -> tuple[str, int] | None:
    """Parse --mews-websocket: the host and the port to listen on."""
    return _parse_address("--mews-websocket", text, 8089)


def _parse_address(option: str, text: str | None, example: int) -> tuple[str, int] | None:
    if text is None:
        return None
    remedy = f"Give the address to listen on, such as 127.0.0.1:{example} or 0.0.0.0:{example}."
    if "/" in text:
        raise UsageError(option, redact_url(text), "is a URL or has a path", remedy)
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or "@" in text:
        raise UsageError(option, text, "is not HOST:PORT", remedy)
    return host, port


def load_certificate(text: str | None, *, has_websocket: bool) -> ssl.SSLContext | None:
    """Load --mews-websocket-certificate into a TLS context; None without the option."""
    if text is None:
        return None
    option = "--mews-websocket-certificate"
    if not has_websocket:
        problem = "has no effect without --mews-websocket"
        remedy = "Give --mews-websocket as well, or leave it out."
        raise UsageError(option, text, problem, remedy)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(text)
    except OSError as error:  # ssl.SSLError is one
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            option,
            text,
            f"can't be used: {reason}",
            "Give a PEM file with the certificate chain and its private key, without a password.",
        ) from error
    return context


def parse_fetch_timeout(text: str) -> float:
    """Parse --mews-fetch-timeout: seconds."""
    return _parse_positive("--mews-fetch-timeout", text, "Give seconds, such as 10.")


def parse_peak_rate(text: str) -> float:
    """Parse --mews-peak-rate: messages per second."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= MAX_PEAK_RATE:
        problem = f"is not a number above 0 and at most {MAX_PEAK_RATE}"
        raise UsageError("--mews-peak-rate", text, problem, "Give messages per second, such as 5.")
    return number


def parse_fail_on(text: str, baseline: str | None) -> bool:
    """Parse --mews-fail-on: return whether only new failures fail the run.

    Args:
        text: the value, `any` or `new`.
        baseline: the value of --mews-baseline, if any.

    """
    if text not in ("any", "new"):
        remedy = "Give any, or new together with --mews-baseline."
        raise UsageError("--mews-fail-on", text, "is neither any nor new", remedy)
    if text == "new" and baseline is None:
        problem, remedy = "requires --mews-baseline", "Give both, or neither."
        raise UsageError("--mews-fail-on", text, problem, remedy)
    return text == "new"


def parse_report(text: str) -> Path:
    """Parse --mews-report: the absolute path of a folder, which need not exist yet."""
    folder = Path(text).expanduser().absolute()
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            problem = "is a file" if path == folder else f"leads through {path.name!r}, a file"
            raise UsageError("--mews-report", text, problem, "Give the path of a folder.")
    return folder


def subscribed_events(
    names: str | None,
    use_case: str | None,
    revision: str,
    *,
    has_webhooks: bool = True,
    has_websocket: bool = False,
) -> tuple[str, ...]:
    """List the events that the integration is subscribed to, in the order of the documentation.

    With a WebSocket, but without the name of any WebSocket event type, all types are included.

    Args:
        names: the value of --mews-events, if any.
        use_case: the value of --mews-use-case, if any.
        revision: the name of the delivery profile, which determines the events.
        has_webhooks: whether there is an endpoint for webhooks.
        has_websocket: whether the WebSocket emulator runs.

    """
    all_events = event_types.all_events(revision)
    if names is not None and use_case is not None:
        raise UsageError(
            "--mews-use-case",
            use_case,
            "can't be used together with --mews-events",
            "Leave one of them out.",
        )
    if use_case is not None:
        selected = _use_case_events(use_case, revision)
    else:
        selected = (
            set(all_events) - set(event_types.WEBSOCKET_TYPES)
            if names is None
            else _named_events(names, revision)
        )
    if not has_webhooks:
        selected &= set(event_types.WEBSOCKET_TYPES)
    elif names is not None and not selected - set(event_types.WEBSOCKET_TYPES):
        remedy = "Name the events of the endpoint as well, or give --mews-target none."
        raise UsageError("--mews-events", names, "names no webhook event", remedy)
    if has_websocket and not selected & set(event_types.WEBSOCKET_TYPES):
        selected |= set(event_types.WEBSOCKET_TYPES)
    return tuple(name for name in all_events if name in selected)


def _named_events(text: str, revision: str) -> set[str]:
    selected = text.replace(",", " ").split()
    if not selected:
        remedy = f"Known: {', '.join(event_types.all_events(revision))}."
        raise UsageError("--mews-events", text, "names no event", remedy)
    for name in selected:
        if name not in event_types.all_events(revision):
            problem, remedy = _explain_unknown(name, revision)
            raise UsageError("--mews-events", name, problem, remedy)
    return set(selected)


def _explain_unknown(name: str, revision: str) -> tuple[str, str]:
    if name in event_types.NEWER_THAN_PROFILES:
        revision = event_types.NEWER_THAN_PROFILES[name]
        return f"is documented since {revision}, later than every profile", "Leave it out."
    if name in {**event_types.DISCRIMINATORS, **event_types.ACTIONS, **event_types.WEBSOCKET_TYPES}:
        problem = f"is documented since {event_types.since(name)}, later than profile {revision}"
        return problem, "Leave it out, or choose a later --mews-profile."
    return "is not an event", did_you_mean(name, event_types.all_events(revision))


def _use_case_events(name: str, revision: str) -> set[str]:
    if name not in USE_CASES:
        remedy = did_you_mean(name, tuple(USE_CASES))
        raise UsageError("--mews-use-case", name, "is not a use case", remedy)
    selected = USE_CASES[name].events.keys() & set(event_types.all_events(revision))
    if not selected:
        events = ", ".join(USE_CASES[name].events)
        problem = f"needs {events}, later than profile {revision}"
        raise UsageError("--mews-use-case", name, problem, "Choose a later --mews-profile.")
    return selected | set(event_types.ACTIONS)
