"""`summary.md`: the run on one page of a CI job, in GitHub's Markdown.

Text that a partner's response, a baseline or a waiver may contain is put into code spans, where
Markdown has no links, no HTML and no @mentions. All other text is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from pytest_mews.model import Basis, Run, Scenario, StageSummary, WaiverState
from pytest_mews.reports import labels
from pytest_mews.reports.cause_reports import CauseReport, fix_groups
from pytest_mews.reports.command_lines import repeat_command
from pytest_mews.reports.headline import readiness_phrase, shown_readiness
from pytest_mews.reports.problems import Problem
from pytest_mews.sanitize import capped, one_line, sanitize

MAX_DETAILED = 20  # problems with fix and source; the others have one line each
MAX_TEXT = 600
# People read these files as text too: a colon before a space makes no link, and parentheses make
# one only after a bracket, which is escaped.
_SPECIAL = re.compile(r"([\\`*_{}\[\]#+!|~<>&@]|:(?=\S))")
_WWW = re.compile(r"\b(www)\.", re.IGNORECASE)  # GitHub makes links of such names
_CODE = re.compile(r"`([^`]+)`")


def to_markdown(run: Run) -> str:
    """Render the summary."""
    symbol = labels.READINESS[shown_readiness(run)][0]
    parts = [
        f"# {symbol} Mews certification readiness: {escape(readiness_phrase(run))}",
        "\n".join(["| stage | readiness | scenarios |", "|---|---|---|", *map(_stage, run.stages)]),
        "Evidence of readiness: Mews alone certifies.",
        "\n".join(_facts(run)),
        *_fixes(run),
        *_waivers(run),
        *_comparison(run),
        "## Repeat this run",
        _fenced(repeat_command(run)),
    ]
    return "\n\n".join(parts) + "\n"


def _stage(summary: StageSummary) -> str:
    symbol, title, _ = labels.READINESS[summary.readiness]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in summary.counts.items())
    return f"| {summary.stage} | {symbol} {title} | {escape(counts or summary.how_to_observe)} |"


def _facts(run: Run) -> Iterator[str]:
    yield f"- Target: {code(run.target)}"
    if run.integration_target != run.target:
        yield f"- Integration target: {code(run.integration_target)}"
    yield (
        f"- {run.started_utc}, {run.duration_s:,.0f} s, profile {escape(run.profile.name)}, "
        f"pytest-mews {escape(run.version)}, seed {run.seed}" + ", strict" * run.strict
    )
    if run.interrupted:
        yield "- The run was interrupted: this is what it observed until then."
    yield from (f"- {code(note)}" for note in run.notes)


def _fixes(run: Run) -> Iterator[str]:
    """Yield the numbered causes and problems; of many problems, those after the first are short."""
    groups, number, detailed = fix_groups(run), count(1), 0
    if groups:
        yield "## Fix these first"
    for group in groups:
        for report in group.causes:
            yield "\n".join(_cause(report, next(number)))
        first = group.problems[: MAX_DETAILED - detailed]
        rest = group.problems[len(first) :]
        detailed += len(first)
        yield from ("\n".join(_detailed(problem, next(number))) for problem in first)
        if rest:
            yield "\n".join(f"{next(number)}. {_heading(problem)}" for problem in rest)


def _cause(report: CauseReport, number: int) -> Iterator[str]:
    cause = report.cause
    yield f"### {number}. {with_code(cause.summary)}\n"
    yield f"- Fix: {with_code(cause.remedy)}"
    yield f"- {report.priority.title}, for {_concerns(report)}"
    yield f"- It {escape(report.explains_text)}"
    yield f"- Shown by {escape(cause.shown_by)}: {code(report.problem.result.reason)}"


def _concerns(report: CauseReport) -> str:
    return " and ".join(labels.CONCERNS[concern][0] for concern in report.concerns)


def _detailed(problem: Problem, number: int) -> Iterator[str]:
    result = problem.result
    yield f"### {number}. {_heading(problem)}\n"
    yield f"- Observed: {code(result.reason)}"
    if problem.same_reason:
        yield f"- For the same reason: {escape(', '.join(problem.same_reason))}"
    if result.blocked_by is not None:
        yield f"- Fix: {with_code(result.remedy)}"
        yield f"- More: `mews explain {result.blocked_by.scenario_id}`"
    elif problem.fix:
        yield f"- Fix: {with_code(result.remedy)}"
        yield from (f"- Source: {source}" for source in _sources(result.scenario))
        if result.scenario.basis is not Basis.OWN:
            yield f"- More: `mews explain {result.scenario.id}`"


def _heading(problem: Problem) -> str:
    result = problem.result
    scenario = result.scenario
    symbol, title = labels.VERDICTS[result.verdict]
    return (
        f"{symbol} {scenario.id} {with_code(scenario.title)} "
        f"({title.lower()}, {scenario.level}, {scenario.basis}, "
        f"{labels.CONCERNS[scenario.concern][0]})"
    )


def _sources(scenario: Scenario) -> Iterator[str]:
    for source in scenario.sources:
        yield f"[{escape(source.page)}](<{source.url}>), {escape(source.revision_text)}"


def _waivers(run: Run) -> Iterator[str]:
    if not run.waivers:
        return
    yield "## Waivers"
    states = {
        WaiverState.USED: "in use",
        WaiverState.UNUSED: "**no longer needed: remove it**",
        WaiverState.EXPIRED: "**expired: it has no effect**",
        WaiverState.INCONCLUSIVE: "inconclusive in this run",
    }
    yield "\n".join(
        f"- {code(use.waiver.scenario_id)}, {states[use.state]}, until {code(use.waiver.expires)}, "
        f"by {code(use.waiver.owner)}: {code(use.waiver.reason)}"
        for use in run.waivers
    )


def _comparison(run: Run) -> Iterator[str]:
    if run.comparison is None:
        return
    comparison = run.comparison
    yield "## Compared with an earlier run"
    yield f"Baseline {code(comparison.name)} of {code(comparison.started_utc)}."
    if comparison.remarks:
        yield "\n".join(f"- {code(remark)}" for remark in comparison.remarks)
    for kind, (title, _) in labels.CHANGES.items():
        changes = [change for change in comparison.changes if change.change is kind]
        if changes:
            lines = [f"- {code(f'{change.scenario_id} {change.title}')}" for change in changes]
            yield "\n".join([f"{title}: {len(changes)}\n", *lines])
    if not comparison.changes:
        yield "Nothing changed."


def code(text: str) -> str:
    """Return untrusted text as a code span on one line, cut after `MAX_TEXT` characters."""
    content = one_line(capped(text, MAX_TEXT)).strip() or " "
    fence = "`" * (_longest_backtick_run(content) + 1)
    padding = " " if content.startswith("`") or content.endswith("`") else ""
    return f"{fence}{padding}{content}{padding}{fence}"


def _fenced(text: str) -> str:
    fence = "`" * max(3, _longest_backtick_run(text) + 1)
    return f"{fence}sh\n{sanitize(text)}\n{fence}"


def _longest_backtick_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def with_code(text: str) -> str:
    """Return a text of the harness: what is in backticks as code spans, the rest escaped."""
    parts = _CODE.split(text)
    return "".join(code(part) if index % 2 else escape(part) for index, part in enumerate(parts))


def escape(text: str) -> str:
    """Return a text on one line in which Markdown sees no markup."""
    return _WWW.sub(r"\1\\.", _SPECIAL.sub(r"\\\1", one_line(text)))
