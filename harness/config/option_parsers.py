"""What each option may say: text in, checked value out, or a mistake that names the option."""

from __future__ import annotations

import ssl
from math import isfinite
from pathlib import Path
from urllib.parse import urlsplit

from pytest_mews.config import endpoint
from pytest_mews.config.did_you_mean import did_you_mean
from pytest_mews.errors import UsageError
from pytest_mews.mews import event_types
from pytest_mews.mews.use_cases import USE_CASES
from pytest_mews.redaction import MASK, mask_url

DEMO = "demo"
NONE = "none"
MOST_PER_S = 200  # messages: a minute of more does not fit into memory and report


def is_demo(target: str) -> bool:
    """Say whether a target is the embedded partner, sound or with a named flaw."""
    return target.partition(":")[0] == DEMO


def target(text: str, *, websocket: bool = False) -> str:
    """Check --mews-target; whether a flaw exists is the embedded partner's business."""
    if text == NONE:
        if not websocket:
            remedy = "Give --mews-websocket HOST:PORT as well, or the URL of an endpoint."
            raise UsageError("--mews-target", text, "leaves nothing to certify", remedy)
        return text
    return text if is_demo(text) else endpoint.check("--mews-target", text)


def integration_target(text: str | None, general: str) -> str | None:
    """Check --mews-integration-target."""
    if text is None:
        return None
    name = "--mews-integration-target"
    if general == NONE:
        problem, remedy = (
            "is given although there are no webhooks (--mews-target none)",
            "Leave it out.",
        )
        raise UsageError(name, mask_url(text), problem, remedy)
    if is_demo(general):
        problem, remedy = "does not go with the embedded partner", "Leave it out."
        raise UsageError(name, mask_url(text), problem, remedy)
    return endpoint.check(name, text)


def token(text: str | None) -> str | None:
    """Check --mews-token."""
    if text is None:
        return None
    name = "--mews-token (or MEWS_TOKEN)"
    if not text.strip():
        raise UsageError(name, "", "is blank", "Leave it out, or give the shared secret.")
    if text != text.strip() or not text.isprintable():
        problem = "has blanks around it or control characters in it"
        raise UsageError(name, MASK, problem, "Give the secret without a line end.")
    return text


def time_scale(text: str) -> float:
    """Check --mews-time-scale: a positive factor without unit."""
    return _positive("--mews-time-scale", text, "Give one such as 0.01, or 1 for real time.")


def _positive(option: str, text: str, remedy: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (isfinite(number) and number > 0):
        raise UsageError(option, text, "is not a positive number", remedy)
    return number


def examples(text: str) -> int:
    """Check --mews-examples: how many cases are drawn per property."""
    return _count("--mews-examples", text, "Give one such as 25.")


def jobs(text: str) -> int:
    """Check --mews-jobs: how many scenarios may run at once."""
    return _count("--mews-jobs", text, "Give one such as 8.")


def _count(option: str, text: str, remedy: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise UsageError(option, text, "is not a whole number from 1", remedy) from None
    return number


def api(text: str | None) -> tuple[str, int] | None:
    """Check --mews-api: the host to listen on, and the port."""
    return _address("--mews-api", text, 8088)


def websocket(text: str | None) -> tuple[str, int] | None:
    """Check --mews-websocket: the host to listen on, and the port."""
    return _address("--mews-websocket", text, 8089)


def _address(option: str, text: str | None, example: int) -> tuple[str, int] | None:
    if text is None:
        return None
    remedy = f"Give host and port to listen on, such as 127.0.0.1:{example} or 0.0.0.0:{example}."
    if "/" in text:
        raise UsageError(option, mask_url(text), "is a URL or has a path", remedy)
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or "@" in text:
        raise UsageError(option, text, "is not HOST:PORT", remedy)
    return host, port


def certificate(text: str | None, *, served: bool) -> ssl.SSLContext | None:
    """Check --mews-websocket-certificate; gives what to speak TLS with."""
    if text is None:
        return None
    option = "--mews-websocket-certificate"
    if not served:
        problem, remedy = "is of no use without --mews-websocket", "Give that too, or leave it out."
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


def fetch_timeout(text: str) -> float:
    """Check --mews-fetch-timeout: seconds."""
    return _positive("--mews-fetch-timeout", text, "Give seconds, such as 10.")


def peak_rate(text: str) -> float:
    """Check --mews-peak-rate: messages per second."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= MOST_PER_S:
        problem = f"is not a number above 0 and at most {MOST_PER_S}"
        raise UsageError("--mews-peak-rate", text, problem, "Give messages per second, such as 5.")
    return number


def fails_on_new(text: str, baseline: str | None) -> bool:
    """Check --mews-fail-on: whether only new failures fail the run.

    Args:
        text: its value, `any` or `new`.
        baseline: the value of --mews-baseline, if any.

    """
    if text not in ("any", "new"):
        remedy = "Give any, or new together with --mews-baseline."
        raise UsageError("--mews-fail-on", text, "is neither any nor new", remedy)
    if text == "new" and baseline is None:
        problem, remedy = "needs a --mews-baseline to be new since", "Give both, or neither."
        raise UsageError("--mews-fail-on", text, problem, remedy)
    return text == "new"


def report(text: str) -> Path:
    """Check --mews-report; gives the absolute path of a folder that need not exist yet."""
    folder = Path(text).expanduser().absolute()
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            what = "is a file" if path == folder else f"leads through {path.name!r}, a file"
            raise UsageError("--mews-report", text, what, "Give the path of a folder.")
    return folder


def subscribed(
    names: str | None,
    use_case: str | None,
    revision: str,
    *,
    webhooks: bool = True,
    streams: bool = False,
) -> tuple[str, ...]:
    """List the events that the integration is subscribed to, in the documentation's order.

    Of those on the WebSocket all are meant where none of them is named.

    Args:
        names: the value of --mews-events, if any.
        use_case: the value of --mews-use-case, if any.
        revision: the delivery profile, which decides what events there are.
        webhooks: whether there is an endpoint for webhooks.
        streams: whether the WebSocket is served.

    """
    known = event_types.all_known_to(revision)
    if names is not None and use_case is not None:
        raise UsageError(
            "--mews-use-case",
            use_case,
            "is given together with --mews-events",
            "Leave one of them out.",
        )
    if use_case is not None:
        wanted = _of_use_case(use_case, revision)
    else:
        wanted = (
            set(known) - set(event_types.STREAMED) if names is None else _of_names(names, revision)
        )
    if not webhooks:
        wanted &= set(event_types.STREAMED)
    elif names is not None and not wanted - set(event_types.STREAMED):
        remedy = "Name those of the endpoint too, or give --mews-target none."
        raise UsageError("--mews-events", names, "names no event of a webhook", remedy)
    if streams and not wanted & set(event_types.STREAMED):
        wanted |= set(event_types.STREAMED)
    return tuple(name for name in known if name in wanted)


def _of_names(text: str, revision: str) -> set[str]:
    wanted = text.replace(",", " ").split()
    if not wanted:
        remedy = f"There are: {', '.join(event_types.all_known_to(revision))}."
        raise UsageError("--mews-events", text, "names no event", remedy)
    for name in wanted:
        if name not in event_types.all_known_to(revision):
            problem, remedy = _why_unknown(name, revision)
            raise UsageError("--mews-events", name, problem, remedy)
    return set(wanted)


def _why_unknown(name: str, revision: str) -> tuple[str, str]:
    if name in event_types.LATER:
        problem = f"is documented since {event_types.LATER[name]}, later than every profile"
        return problem, "Leave it out."
    if name in {**event_types.DISCRIMINATORS, **event_types.ACTIONS, **event_types.STREAMED}:
        problem = f"is documented since {event_types.since(name)}, later than profile {revision}"
        return problem, "Leave it out, or choose a later --mews-profile."
    return "is no event", did_you_mean(name, event_types.all_known_to(revision))


def _of_use_case(name: str, revision: str) -> set[str]:
    if name not in USE_CASES:
        remedy = did_you_mean(name, tuple(USE_CASES))
        raise UsageError("--mews-use-case", name, "is no use case", remedy)
    wanted = USE_CASES[name].events.keys() & set(event_types.all_known_to(revision))
    if not wanted:
        needed = ", ".join(USE_CASES[name].events)
        problem = f"needs {needed}, later than profile {revision}"
        raise UsageError("--mews-use-case", name, problem, "Choose a later --mews-profile.")
    return wanted | set(event_types.ACTIONS)
