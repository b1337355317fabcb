"""Command lines for readers to copy: a request with curl, a scenario with pytest."""

from __future__ import annotations

import re
import shlex

from pytest_mews.model import Exchange, Message, Profile, Run, Scenario, ScenarioResult
from pytest_mews.reports.sanitize import sanitize

MAX_BODY_BYTES = 2_000
REPLAY_FOLDER = "replays"  # within the report's folder
_REDACTED = re.compile(r"\*\*\*|%2A%2A%2A", re.IGNORECASE)
# curl adds these itself; an Expect header would cause a pause that Mews doesn't make.
_CURL_HEADERS = frozenset(
    {"host", "content-length", "content-type", "accept", "expect", "connection"}
)


def rerun_command(run: Run, scenario: Scenario) -> str:
    """Return the command that runs one scenario again with the same seed."""
    return f"{_quoted_command(run)} -k {scenario.id} --hypothesis-seed={run.seed}"


def replay_command(run: Run, result: ScenarioResult) -> str:
    """Return the command that sends just the failing messages again; empty without replay file."""
    if result.replay is None or not result.replay.text:
        return ""
    path = f"{run.report_folder.rstrip('/')}/{replay_file(result)}"
    return f"{_quoted_command(run)} --mews-replay {_quote(path)}"


def rerun_commands(run: Run, result: ScenarioResult) -> str:
    """Return the replay command, if there is one, and the rerun command, one per line."""
    rerun, replay = rerun_command(run, result.scenario), replay_command(run, result)
    if not replay:
        return rerun
    return f"{replay}  # exactly the same messages\n{rerun}  # the whole scenario"


def replay_file(result: ScenarioResult) -> str:
    """Return the path of a failure's replay file, relative to the report's folder."""
    return f"{REPLAY_FOLDER}/{result.scenario.id}.json"


def _quoted_command(run: Run) -> str:
    try:
        return " ".join(_quote(word) for word in shlex.split(run.command))
    except ValueError:  # an unbalanced quote: the command doesn't follow a POSIX shell's rules
        return run.command


def curl_command(exchange: Exchange, message: Message, profile: Profile) -> str:
    """Return a curl command that sends the same bytes; empty if a shell can't express them.

    The redacted token becomes `$MEWS_TOKEN`; everything else is quoted for a POSIX shell.
    """
    body = _printable_text(message.body)
    if body is None:
        return ""
    content_type = message.content_type
    # A token that a scenario misspells is redacted like the right one, so a comment says so.
    is_variant = "(token " in message.description and "***" in exchange.url
    comment = f"# $MEWS_TOKEN stands for a variant: {sanitize(message.description)}\n"
    headers = [f"Content-Type: {content_type}" if content_type else "Content-Type:"]
    headers += [
        f"{name}: {value}"
        for name, value in exchange.request_headers
        if name.lower() not in _CURL_HEADERS and "***" not in value
    ]
    parts = [
        f"curl --include --max-time {profile.number('timeout_s'):g} --request {exchange.method}",
        *(f"--header {shlex.quote(sanitize(header))}" for header in headers),
        f"--data-raw {shlex.quote(body)}",
        _quote(exchange.url),
    ]
    return (comment if is_variant else "") + " \\\n  ".join(parts)


def _printable_text(body: bytes) -> str | None:
    if len(body) > MAX_BODY_BYTES:
        return None
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if sanitize(text) == text else None


def _quote(word: str) -> str:
    """Quote a word for the shell; `$MEWS_TOKEN` replaces a redacted token and is expanded."""
    pieces = [shlex.quote(piece) if piece else "" for piece in _REDACTED.split(sanitize(word))]
    return '"$MEWS_TOKEN"'.join(pieces) or "''"
