"""Command lines to copy: a request with curl, a scenario with pytest."""

from __future__ import annotations

import re
import shlex

from pytest_mews.model import Exchange, Message, Profile, Run, Scenario, ScenarioResult
from pytest_mews.reports.sanitize import sanitize

INLINE_BYTES = 2_000
REPLAYS = "replays"  # a folder in the report's own
_MASK = re.compile(r"\*\*\*|%2A%2A%2A", re.IGNORECASE)
# curl writes these by itself; an Expect header would bring a pause that Mews does not make.
_OWN = frozenset({"host", "content-length", "content-type", "accept", "expect", "connection"})


def replay(run: Run, scenario: Scenario) -> str:
    """The command that plays one scenario again with the same draws."""
    return f"{_command(run)} -k {scenario.id} --hypothesis-seed={run.seed}"


def resend(run: Run, result: ScenarioResult) -> str:
    """The command that sends just the failing messages again; empty where they were not kept."""
    if result.replay is None or not result.replay.text:
        return ""
    path = f"{run.folder.rstrip('/')}/{file_of(result)}"
    return f"{_command(run)} --mews-replay {_quoted(path)}"


def again(run: Run, result: ScenarioResult) -> str:
    """Both commands, a line each: first the failing messages alone, then the whole scenario."""
    whole, messages = replay(run, result.scenario), resend(run, result)
    if not messages:
        return whole
    return f"{messages}  # the very same messages\n{whole}  # the whole scenario"


def file_of(result: ScenarioResult) -> str:
    """Where in the report's folder the replay file of a failure is."""
    return f"{REPLAYS}/{result.scenario.id}.json"


def _command(run: Run) -> str:
    try:
        return " ".join(_quoted(word) for word in shlex.split(run.command))
    except ValueError:  # an unbalanced quote: the command was not written by a shell's rules
        return run.command


def curl(exchange: Exchange, message: Message, profile: Profile) -> str:
    """A curl line that sends the same bytes; empty where they can't be typed into a shell.

    The masked token becomes `$MEWS_TOKEN`; everything else is quoted for a POSIX shell.
    """
    body = _typeable(message.body)
    if body is None:
        return ""
    content_type = message.content_type
    # A token that was misspelled on purpose is masked like the right one: say so.
    misspelled = "(token " in message.description and "***" in exchange.url
    note = f"# $MEWS_TOKEN stands for a variant: {sanitize(message.description)}\n"
    headers = [f"Content-Type: {content_type}" if content_type else "Content-Type:"]
    headers += [
        f"{name}: {value}"
        for name, value in exchange.request_headers
        if name.lower() not in _OWN and "***" not in value
    ]
    parts = [
        f"curl --include --max-time {profile.number('timeout_s'):g} --request {exchange.method}",
        *(f"--header {shlex.quote(sanitize(header))}" for header in headers),
        f"--data-raw {shlex.quote(body)}",
        _quoted(exchange.url),
    ]
    return (note if misspelled else "") + " \\\n  ".join(parts)


def _typeable(body: bytes) -> str | None:
    if len(body) > INLINE_BYTES:
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if sanitize(text) == text else None


def _quoted(word: str) -> str:
    """Quote a word for the shell, but let `$MEWS_TOKEN` in a mask's place be expanded."""
    pieces = [shlex.quote(piece) if piece else "" for piece in _MASK.split(sanitize(word))]
    return '"$MEWS_TOKEN"'.join(pieces) or "''"
