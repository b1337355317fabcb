"""Output for GitHub Actions: annotations and the job summary.

Formats: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_mews.model import Run
from pytest_mews.reports.cause_reports import CauseReport, fix_groups
from pytest_mews.reports.markdown_summary import to_markdown
from pytest_mews.reports.problems import Problem, Severity, severity_of
from pytest_mews.sanitize import capped, sanitize

MAX_ANNOTATIONS = 10  # of one level and step; GitHub silently drops more
MAX_SUMMARY_BYTES = 1_048_576  # of one step; GitHub rejects a larger file as a whole
MAX_TEXT = 1_000
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True)
class Annotation:
    """A short name for a list, a title and a message."""

    name: str
    title: str
    message: str


def annotate(run: Run, environ: Mapping[str, str]) -> list[str]:
    """Return the workflow commands that annotate causes and problems; none outside GitHub Actions.

    There are at most `MAX_ANNOTATIONS` of each level, the most severe ones; if there are more
    problems, the last annotation lists them.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return []
    annotations = [
        annotation
        for group in fix_groups(run)
        for annotation in (
            *((report.severity, _describe_cause(report)) for report in group.causes),
            *(
                (severity_of(run, problem.result), _describe_problem(problem))
                for problem in group.problems
            ),
        )
    ]
    lines: list[str] = []
    for severity in Severity:
        matching = [text for of_severity, text in annotations if of_severity is severity]
        shown = matching if len(matching) <= MAX_ANNOTATIONS else matching[: MAX_ANNOTATIONS - 1]
        lines += [_command(severity, text.title, text.message) for text in shown]
        if len(shown) < len(matching):
            rest = ", ".join(text.name for text in matching[len(shown) :])
            lines.append(_command(severity, f"{len(matching) - len(shown)} more", rest))
    return lines


def append_summary(run: Run, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Append the run's summary to the job summary if GitHub Actions provides one.

    Returns:
        remarks for the reader: why the summary could not be appended.

    """
    if not environ.get(SUMMARY_VARIABLE):
        return ()
    path = Path(environ[SUMMARY_VARIABLE])
    try:
        summary = to_markdown(run)
    except Exception as error:  # noqa: BLE001 - the report's folder has the other files
        return (f"{SUMMARY_VARIABLE}: the summary could not be rendered ({type(error).__name__}).",)
    try:
        size = path.stat().st_size if path.exists() else 0
        separator = b"\n" if size else b""
        addition = _truncate(summary, MAX_SUMMARY_BYTES - size - len(separator))
        if addition:
            with path.open("ab") as file:
                file.write(separator + addition)
    except OSError as error:
        return (f"{SUMMARY_VARIABLE}: {path} can't be written ({error.strerror or error}).",)
    return ()


def _truncate(text: str, limit: int) -> bytes:
    """Leave out whole lines at the end so that GitHub accepts the job summary."""
    data = text.encode()
    if len(data) <= limit:
        return data
    note = b"\nThe rest is left out: GitHub shows at most 1 MiB per step.\n"
    beginning = data[: max(0, limit - len(note))]
    return beginning[: beginning.rfind(b"\n") + 1] + note if limit > len(note) else b""


def _describe_cause(report: CauseReport) -> Annotation:
    cause = report.cause
    lines = [
        capped(cause.summary, MAX_TEXT),
        f"Fix: {cause.remedy}",
        f"It {report.explains_text}; evidence: {cause.shown_by}",
    ]
    return Annotation(cause.kind, f"Cause {report.number}: {cause.kind}", "\n".join(lines))


def _describe_problem(problem: Problem) -> Annotation:
    result = problem.result
    scenario = result.scenario
    also = f" (also {', '.join(problem.same_reason)})" if problem.same_reason else ""
    lines = [f"{result.verdict.upper()}: {capped(result.reason, MAX_TEXT)}{also}"]
    if problem.fix:
        sources = () if result.blocked_by else _sources(problem)
        lines += [f"Fix: {result.remedy}", *sources]
    return Annotation(scenario.id, f"{scenario.id} {scenario.title}", "\n".join(lines))


def _sources(problem: Problem) -> Iterator[str]:
    for source in problem.result.scenario.sources:
        yield f"Source: {source.url} ({source.revision_text})"


def _command(name: Severity, title: str, message: str) -> str:
    """Return a workflow command: one line and one command, whatever the texts contain."""
    data = _escape(sanitize(message))
    heading = _escape(sanitize(title)).replace(":", "%3A").replace(",", "%2C")
    return f"::{name} title={heading}::{data}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
