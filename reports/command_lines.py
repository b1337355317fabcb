"""Command lines for readers to copy: a request with curl, a scenario in the program of its run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import pairwise

from pytest_mews.model import Exchange, Message, Profile, Run, Scenario, ScenarioResult
from pytest_mews.options import OPTIONS, spell
from pytest_mews.sanitize import sanitize
from pytest_mews.shell_words import suits_double_quotes

MAX_BODY_BYTES = 2_000
REPLAY_FOLDER = "replays"  # within the report's folder
_REDACTED = re.compile(r"\*\*\*|%2A%2A%2A", re.IGNORECASE)
_PARAMETER = re.compile(r"[?&]([^?&=#]+)=$")
# curl adds these itself; an Expect header would cause a pause that Mews doesn't make.
_CURL_HEADERS = frozenset(
    {"host", "content-length", "content-type", "accept", "expect", "connection"}
)


def rerun_command(run: Run, scenario: Scenario) -> str:
    """Return the command that runs one scenario again with the same seed."""
    return f"{_quoted_command(run)} -k {scenario.id} --hypothesis-seed={run.seed}"


def repeat_command(run: Run) -> str:
    """Return the command that repeats the run with the same scenarios and the same seed."""
    selection = f" {run.selection}" if run.selection else ""
    return f"{_quoted_command(run)}{selection} --hypothesis-seed={run.seed}"


def next_command(run: Run, result: ScenarioResult) -> str:
    """Return the command to check a fix with: the same messages, else the scenario."""
    return replay_command(run, result) or rerun_command(run, result.scenario)


def replay_command(run: Run, result: ScenarioResult) -> str:
    """Return the command that sends just the failing messages again; empty without replay file."""
    if result.replay is None or not result.replay.text:
        return ""
    path = f"{run.report_folder.rstrip('/')}/{replay_file(result)}"
    option = spell("--mews-replay", run.command.partition(" ")[0])
    return f"{_quoted_command(run, for_replay=True)} {option} {_quote(path)}"


def rerun_commands(run: Run, result: ScenarioResult) -> str:
    """Return the replay command, if there is one, and the rerun command, one per line."""
    rerun, replay = rerun_command(run, result.scenario), replay_command(run, result)
    if not replay:
        return rerun
    return f"{replay}  # exactly the same messages\n{rerun}  # the whole scenario"


def replay_file(result: ScenarioResult) -> str:
    """Return the path of a failure's replay file, relative to the report's folder."""
    return f"{REPLAY_FOLDER}/{result.scenario.id}.json"


def _quoted_command(run: Run, *, for_replay: bool = False) -> str:
    """Return the command of the run; for a replay, without the options that it does not take."""
    try:
        words = shlex.split(run.command)
    except ValueError:  # an unbalanced quote: the command doesn't follow a POSIX shell's rules
        return run.command
    return " ".join(map(_quote, _without_unused_options(words) if for_replay else words))


def _without_unused_options(words: list[str]) -> Iterator[str]:
    """Yield the words of a run's command but for the options without an effect on a replay."""
    unused = {spell(option.flag, words[0]): option for option in OPTIONS if option.unused_in_replay}
    remaining = iter(words)
    for word in remaining:
        option = unused.get(word)
        if option is None:
            yield word
        elif option.kind != "flag":
            next(remaining, None)


def curl_command(exchange: Exchange, message: Message, profile: Profile) -> str:
    """Return a curl command that sends the same bytes; empty if a shell can't express them.

    The redacted token becomes `$MEWS_TOKEN`, another redacted value of the query `$SECRET_` and its
    name in upper case; everything else is quoted for a POSIX shell.
    """
    body = _printable_text(message.body)
    if body is None:
        return ""
    content_type = message.content_type
    # A token that a scenario misspells is redacted like the right one, so a comment says so.
    is_variant = message.token_variant and "***" in exchange.url
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
    """Quote a word for the shell; a variable, which is expanded, replaces each redacted value."""
    first, *others = _REDACTED.split(sanitize(word))
    if suits_double_quotes(word):
        pieces = pairwise((first, *others))
        text = "".join(f"${{{_variable(before)}}}{piece}" for before, piece in pieces)
        return f'"{first}{text}"'
    quoted, before = shlex.quote(first) if first else "", first
    for piece in others:
        quoted += f'"${_variable(before)}"' + (shlex.quote(piece) if piece else "")
        before = piece
    return quoted or "''"


def _variable(before: str) -> str:
    """Return the variable of a redacted value, by the URL's text before it.

    The token is `MEWS_TOKEN`, as in the environment of a run; `?code=` has `SECRET_CODE`.
    """
    parameter = _PARAMETER.search(before)
    if parameter is None:
        return "SECRET"
    name = re.sub(r"\W", "_", parameter[1], flags=re.ASCII).upper()
    return "MEWS_TOKEN" if name == "TOKEN" else f"SECRET_{name}"
