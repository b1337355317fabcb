"""What GitHub Actions shows of a run: annotations, and the page of the job.

Formats: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_mews.model import Run, Verdict
from pytest_mews.reports.markdown_summary import to_markdown
from pytest_mews.reports.problems import Problem, problems
from pytest_mews.reports.sanitize import capped, sanitize
from pytest_mews.reports.severity import Severity, severity_of

SHOWN = 10  # annotations of one level that GitHub shows of a step; it drops the rest unsaid
SUMMARY_BYTES = 1_048_576  # of one step; GitHub refuses a longer file altogether
TEXT = 1_000
SUMMARY = "GITHUB_STEP_SUMMARY"


def annotate(run: Run, environ: Mapping[str, str]) -> list[str]:
    """Give the workflow commands that annotate what did not pass; none outside GitHub Actions.

    At most `SHOWN` of each level, the most important; where there are more, the last says so.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return []
    found = problems(run)
    lines: list[str] = []
    for each in Severity:
        own = [problem for problem in found if severity_of(run, problem.result) is each]
        shown = own if len(own) <= SHOWN else own[: SHOWN - 1]
        lines += [_command(each, *_words(problem)) for problem in shown]
        if len(shown) < len(own):
            rest = ", ".join(problem.result.scenario.id for problem in own[len(shown) :])
            lines.append(_command(each, f"{len(own) - len(shown)} more", rest))
    return lines


def append_summary(run: Run, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Append the run's summary to the page of the job, where GitHub Actions asks for one.

    Returns:
        remarks for the reader: why it could not be appended.

    """
    if not environ.get(SUMMARY):
        return ()
    path = Path(environ[SUMMARY])
    try:
        summary = to_markdown(run)
    except Exception as fault:  # noqa: BLE001 - it is written into the report's folder too
        return (f"{SUMMARY}: nothing could be rendered ({type(fault).__name__}).",)
    try:
        taken = path.stat().st_size if path.exists() else 0
        gap = b"\n" if taken else b""
        added = _fitting(summary, SUMMARY_BYTES - taken - len(gap))
        if added:
            with path.open("ab") as file:
                file.write(gap + added)
    except OSError as error:
        return (f"{SUMMARY}: {path} can't be written ({error.strerror or error}).",)
    return ()


def _fitting(text: str, limit: int) -> bytes:
    """Leave out whole lines at the end, so that the page of the job is not refused."""
    data = text.encode()
    if len(data) <= limit:
        return data
    note = b"\nThe rest is left out: GitHub shows 1 MiB of a step.\n"
    kept = data[: max(0, limit - len(note))]
    return kept[: kept.rfind(b"\n") + 1] + note if limit > len(note) else b""


def _words(problem: Problem) -> tuple[str, str]:
    result = problem.result
    scenario = result.scenario
    also = f" (also {', '.join(problem.also)})" if problem.also else ""
    lines = [f"{result.verdict.upper()}: {capped(result.reason, TEXT)}{also}"]
    if result.verdict is not Verdict.ERROR:
        lines += [f"Remedy: {scenario.remedy}", *_sources(problem)]
    return f"{scenario.id} {scenario.title}", "\n".join(lines)


def _sources(problem: Problem) -> Iterator[str]:
    for source in problem.result.scenario.sources:
        yield f"Source: {source.url} ({source.dated})"


def _command(name: Severity, title: str, message: str) -> str:
    """Write a command; whatever stands in its texts, it stays one line and one command."""
    data = _escaped(sanitize(message))
    heading = _escaped(sanitize(title)).replace(":", "%3A").replace(",", "%2C")
    return f"::{name} title={heading}::{data}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
