"""`summary.md`: the run on one page of a CI job, in GitHub's Markdown.

Whatever a partner's answer, a baseline or a waiver may say stands in code spans, where Markdown
has no links, no HTML and no @mentions. Our own words are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pytest_mews.model import Change, Run, Scenario, StageSummary, Verdict, WaiverState
from pytest_mews.reports import labels
from pytest_mews.reports.problems import Problem, problems
from pytest_mews.reports.sanitize import capped, one_line, sanitize

DETAILED = 20  # problems with remedy and source; the others have one line
TEXT = 600
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~<>&@:])")
_TITLES = {
    Change.NEW: "New failures",
    Change.STILL_FAILING: "Still failing",
    Change.FIXED: "Fixed",
    Change.NEWLY_NOT_OBSERVED: "No longer observed",
}


def to_markdown(run: Run) -> str:
    """Render the summary."""
    shape, word, _ = labels.READINESS[run.readiness]
    parts = [
        f"# {shape} Mews certification readiness: {word}",
        "\n".join(["| stage | readiness | scenarios |", "|---|---|---|", *map(_stage, run.stages)]),
        "Evidence of readiness: Mews alone certifies.",
        "\n".join(_facts(run)),
        *_problems(problems(run)),
        *_waivers(run),
        *_comparison(run),
        "## Repeat this run",
        _fenced(f"{run.command} --hypothesis-seed={run.seed}"),
    ]
    return "\n\n".join(parts) + "\n"


def _stage(stage: StageSummary) -> str:
    shape, word, _ = labels.READINESS[stage.readiness]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in stage.counts.items())
    return f"| {stage.stage} | {shape} {word} | {_plain(counts or stage.how_to_observe)} |"


def _facts(run: Run) -> Iterator[str]:
    yield f"- Target: {code(run.target)}"
    if run.integration_target != run.target:
        yield f"- Integration target: {code(run.integration_target)}"
    yield (
        f"- {run.started_utc}, {run.duration_s:,.0f} s, profile {_plain(run.profile.name)}, "
        f"pytest-mews {_plain(run.version)}, seed {run.seed}" + ", strict" * run.strict
    )
    if run.interrupted:
        yield "- The run was interrupted: this is what was seen until then."
    yield from (f"- {code(note)}" for note in run.notes)


def _problems(found: Sequence[Problem]) -> Iterator[str]:
    if found:
        yield "## Fix these first"
    yield from ("\n".join(_detailed(problem)) for problem in found[:DETAILED])
    rest = found[DETAILED:]
    if rest:
        yield "\n".join(f"- {_heading(problem)}" for problem in rest)


def _detailed(problem: Problem) -> Iterator[str]:
    result = problem.result
    yield f"### {_heading(problem)}\n"
    yield f"- Seen: {code(result.reason)}"
    if problem.also:
        yield f"- For the same reason: {_plain(', '.join(problem.also))}"
    if result.verdict is not Verdict.ERROR:
        yield f"- Remedy: {_plain(result.scenario.remedy)}"
        yield from (f"- Source: {each}" for each in _sources(result.scenario))


def _heading(problem: Problem) -> str:
    result = problem.result
    scenario = result.scenario
    shape, word = labels.SHAPES[result.verdict]
    return (
        f"{shape} {scenario.id} {_plain(scenario.title)} "
        f"({word.lower()}, {scenario.level}, {scenario.basis})"
    )


def _sources(scenario: Scenario) -> Iterator[str]:
    for source in scenario.sources:
        yield f"[{_plain(source.page)}](<{source.url}>), {_plain(source.dated)}"


def _waivers(run: Run) -> Iterator[str]:
    if not run.waivers:
        return
    yield "## Waivers"
    remarks = {
        WaiverState.USED: "waived",
        WaiverState.UNUSED: "**not needed any longer: remove it**",
        WaiverState.EXPIRED: "**expired: it does not count**",
        WaiverState.NOT_JUDGED: "not judged in this run",
    }
    yield "\n".join(
        f"- {code(use.waiver.scenario)}, {remarks[use.state]}, until {code(use.waiver.expires)}, "
        f"by {code(use.waiver.owner)}: {code(use.waiver.reason)}"
        for use in run.waivers
    )


def _comparison(run: Run) -> Iterator[str]:
    if run.comparison is None:
        return
    seen = run.comparison
    yield "## Compared with an earlier run"
    yield f"Baseline {code(seen.name)} of {code(seen.started_utc)}."
    if seen.remarks:
        yield "\n".join(f"- {code(remark)}" for remark in seen.remarks)
    for change, title in _TITLES.items():
        alike = [each for each in seen.changes if each.change is change]
        if alike:
            lines = [f"- {code(f'{each.scenario} {each.title}')}" for each in alike]
            yield "\n".join([f"{title}: {len(alike)}\n", *lines])
    if not seen.changes:
        yield "Nothing changed."


def code(text: str) -> str:
    """Show untrusted text as a code span on one line, cut after `TEXT` characters."""
    shown = one_line(capped(text, TEXT)).strip() or " "
    fence = "`" * (_longest_run(shown) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def _fenced(text: str) -> str:
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}sh\n{sanitize(text)}\n{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", one_line(text))
