"""`summary.md`: the run on one page of a CI job, in GitHub's Markdown.

Text that a partner's response, a baseline or a waiver may contain is put into code spans, where
Markdown has no links, no HTML and no @mentions. All other text is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytest_mews.model import Run, Scenario, StageSummary, Verdict, WaiverState
from pytest_mews.reports import labels
from pytest_mews.reports.problems import Problem, find_problems
from pytest_mews.reports.sanitize import capped, one_line, sanitize

MAX_DETAILED = 20  # problems with fix and source; the others have one line each
MAX_TEXT = 600
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~<>&@:])")
_CODE = re.compile(r"`([^`]+)`")


def to_markdown(run: Run) -> str:
    """Render the summary."""
    symbol, title, _ = labels.READINESS[run.readiness]
    parts = [
        f"# {symbol} Mews certification readiness: {title}",
        "\n".join(["| stage | readiness | scenarios |", "|---|---|---|", *map(_stage, run.stages)]),
        "Evidence of readiness: Mews alone certifies.",
        "\n".join(_facts(run)),
        *_problems(find_problems(run)),
        *_waivers(run),
        *_comparison(run),
        "## Repeat this run",
        _fenced(f"{run.command} --hypothesis-seed={run.seed}"),
    ]
    return "\n\n".join(parts) + "\n"


def _stage(summary: StageSummary) -> str:
    symbol, title, _ = labels.READINESS[summary.readiness]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in summary.counts.items())
    return f"| {summary.stage} | {symbol} {title} | {_escape(counts or summary.how_to_observe)} |"


def _facts(run: Run) -> Iterator[str]:
    yield f"- Target: {code(run.target)}"
    if run.integration_target != run.target:
        yield f"- Integration target: {code(run.integration_target)}"
    yield (
        f"- {run.started_utc}, {run.duration_s:,.0f} s, profile {_escape(run.profile.name)}, "
        f"pytest-mews {_escape(run.version)}, seed {run.seed}" + ", strict" * run.strict
    )
    if run.interrupted:
        yield "- The run was interrupted: this is what it observed until then."
    yield from (f"- {code(note)}" for note in run.notes)


def _problems(problems: Sequence[Problem]) -> Iterator[str]:
    if problems:
        yield "## Fix these first"
    yield from ("\n".join(_detailed(problem)) for problem in problems[:MAX_DETAILED])
    rest = problems[MAX_DETAILED:]
    if rest:
        yield "\n".join(f"- {_heading(problem)}" for problem in rest)


def _detailed(problem: Problem) -> Iterator[str]:
    result = problem.result
    yield f"### {_heading(problem)}\n"
    yield f"- Observed: {code(result.reason)}"
    if problem.same_reason:
        yield f"- For the same reason: {_escape(', '.join(problem.same_reason))}"
    if result.verdict is not Verdict.ERROR:
        yield f"- Fix: {_with_code(result.remedy)}"
        yield from (f"- Source: {source}" for source in _sources(result.scenario))


def _heading(problem: Problem) -> str:
    result = problem.result
    scenario = result.scenario
    symbol, title = labels.VERDICTS[result.verdict]
    return (
        f"{symbol} {scenario.id} {_with_code(scenario.title)} "
        f"({title.lower()}, {scenario.level}, {scenario.basis})"
    )


def _sources(scenario: Scenario) -> Iterator[str]:
    for source in scenario.sources:
        yield f"[{_escape(source.page)}](<{source.url}>), {_escape(source.revision_text)}"


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


def _with_code(text: str) -> str:
    """Return the text of a scenario file: text in backticks as code spans, the rest escaped."""
    parts = _CODE.split(text)
    return "".join(code(part) if index % 2 else _escape(part) for index, part in enumerate(parts))


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", one_line(text))
