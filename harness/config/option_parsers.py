"""Parses the values of the options: returns the value, or raises UsageError with the option."""

from __future__ import annotations

import json
import ssl
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from pytest_mews.config import endpoint
from pytest_mews.errors import UsageError
from pytest_mews.redaction import REDACTED, redact_url

DEMO = "demo"
NO_TARGET = "none"
AUTO = "auto"  # --mews-jobs: the harness chooses the number
# Bounds of ours, wide enough for any use: a number above them is a mistake.
MAX_TIME_SCALE, MAX_FETCH_TIMEOUT_S, MAX_EXAMPLES, MAX_JOBS = 1_000, 86_400, 100_000, 1_000
MAX_INSTANCES = 8
MAX_RESTART_TIMEOUT_S = 3_600
MAX_PEAK_RATE = 200  # messages per second; more in a minute exceed memory and report

MAX_ABOUT = 200  # characters of --mews-about


def is_demo(target: str) -> bool:
    """Return whether a target is the demo partner, sound or with a flaw."""
    return target.partition(":")[0] == DEMO


def check_target(
    text: str, *, has_websocket: bool = False, has_integration_target: bool = False
) -> None:
    """Check --mews-target; the demo partner checks later whether the flaw exists."""
    if text == NO_TARGET:
        if not has_websocket and not has_integration_target:
            remedy = (
                "Give --mews-integration-target URL or --mews-websocket HOST:PORT as well, or the "
                "URL of an endpoint."
            )
            raise UsageError("--mews-target", text, "leaves nothing to certify", remedy)
    elif text.startswith("/"):
        remedy = "Give the full URL. A path alone is for --mews-start and --mews-app."
        raise UsageError("--mews-target", redact_url(text), "has no host", remedy)
    elif not is_demo(text):
        endpoint.check_url("--mews-target", text)


def check_integration_target(text: str, general: str) -> None:
    """Check --mews-integration-target; `general` is the value of --mews-target."""
    name = "--mews-integration-target"
    if is_demo(general):
        problem, remedy = "can't be used with the demo partner", "Leave it out."
        raise UsageError(name, redact_url(text), problem, remedy)
    endpoint.check_url(name, text)


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


def parse_token_name(text: str | None, target: str, integration_target: str | None) -> str | None:
    """Check --mews-token-name; the targets are those of --mews-target and its companion."""
    if text is None:
        return None
    name = "--mews-token-name"
    if is_demo(target) or (target == NO_TARGET and integration_target is None):
        problem = f"can't be used with --mews-target {target}"
        raise UsageError(name, text, problem, "Leave it out.")
    if not text.strip() or not text.isprintable() or set(text) & set("=&?#"):
        remedy = "Give the name alone, as it is in the query before the =."
        raise UsageError(name, redact_url(f"?{text}")[1:], "is not a parameter's name", remedy)
    return text


def parse_time_scale(text: str) -> float:
    """Parse --mews-time-scale: a positive factor."""
    remedy = "Give one such as 0.01, or 1 for real time."
    return _parse_positive("--mews-time-scale", text, MAX_TIME_SCALE, remedy)


def _parse_positive(option: str, text: str, limit: int, remedy: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= limit:
        problem = f"is not a positive number of at most {limit:,}"
        raise UsageError(option, text, problem, remedy)
    return number


def parse_operations(text: str | None) -> tuple[str, ...]:
    """Parse --mews-operations: documented operations, each once, in the order given."""
    if text is None:
        return ()
    source = files("pytest_mews.schemas") / "connector" / "documented" / "all-operations.json"
    known = json.loads(source.read_text("utf-8")).keys()
    names = tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))
    option = "--mews-operations"
    if not names:
        raise UsageError(option, text, "names no operation", "Give some, such as customers/getAll.")
    for name in names:
        if name not in known:
            closest = get_close_matches(name, known, n=3)
            suggestion = f"Did you mean {' or '.join(closest)}? " if closest else ""
            remedy = f"{suggestion}Write an operation as in its path, such as customers/getAll."
            raise UsageError(option, name, "is no documented operation", remedy)
    return names


def parse_examples(text: str) -> int:
    """Parse --mews-examples: the maximum number of generated cases per scenario."""
    return _parse_count("--mews-examples", text, MAX_EXAMPLES, "Give one such as 25.")


def parse_jobs(text: str) -> int | None:
    """Parse --mews-jobs: the maximum number of concurrent scenarios; None for `auto`."""
    if text == AUTO:
        return None
    return _parse_count("--mews-jobs", text, MAX_JOBS, f"Give one such as 8, or {AUTO}.")


def parse_instances(text: str) -> int | None:
    """Parse --mews-instances: how many instances of the service to run; None for `auto`."""
    if text == AUTO:
        return None
    return _parse_count("--mews-instances", text, MAX_INSTANCES, f"Give one such as 4, or {AUTO}.")


def _parse_count(option: str, text: str, limit: int, remedy: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= limit:
        problem = f"is not a whole number from 1 to {limit:,}"
        raise UsageError(option, text, problem, remedy) from None
    return number


def parse_api(text: str | None, *, any_port: bool = False) -> tuple[str, int] | None:
    """Parse --mews-api: the host and the port to listen on; with `any_port` it may be 0."""
    return _parse_address("--mews-api", text, 8088, any_port=any_port)


def parse_websocket(text: str | None, *, any_port: bool = False) -> tuple[str, int] | None:
    """Parse --mews-websocket: the host and the port to listen on; with `any_port` it may be 0."""
    return _parse_address("--mews-websocket", text, 8089, any_port=any_port)


def _parse_address(
    option: str, text: str | None, example: int, *, any_port: bool
) -> tuple[str, int] | None:
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
    if not host or port is None or "@" in text:
        raise UsageError(option, text, "is not HOST:PORT", remedy)
    if port == 0 and not any_port:
        problem = "lets the system choose the port, which your service can't know"
        raise UsageError(option, text, problem, f"{remedy} 0 is for --mews-start and --mews-app.")
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
    remedy = "Give seconds, such as 10."
    return _parse_positive("--mews-fetch-timeout", text, MAX_FETCH_TIMEOUT_S, remedy)


def parse_restart_timeout(text: str) -> float:
    """Parse --mews-restart-timeout: seconds."""
    remedy = "Give seconds, such as 30; longer than your supervisor takes to restart the service."
    return _parse_positive("--mews-restart-timeout", text, MAX_RESTART_TIMEOUT_S, remedy)


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


def parse_about(text: str | None) -> str:
    """Parse --mews-about: one line of text; empty without the option."""
    about = (text or "").strip()
    if about and (not about.isprintable() or len(about) > MAX_ABOUT):
        problem = f"is not one printable line of at most {MAX_ABOUT} characters"
        raise UsageError("--mews-about", about[:MAX_ABOUT], problem, "Name product and version.")
    return about


def parse_report(text: str) -> Path:
    """Parse --mews-report: the absolute path of a folder, which need not exist yet."""
    if not text.strip():
        remedy = "Give the path of a folder, such as mews-report."
        raise UsageError("--mews-report", text, "names no folder", remedy)
    folder = Path(text).expanduser().absolute()
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            problem = "is a file" if path == folder else f"leads through {path.name!r}, a file"
            raise UsageError("--mews-report", text, problem, "Give the path of a folder.")
    return folder
