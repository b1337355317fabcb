"""The run in one phrase and in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pytest_mews.config.option_parsers import NO_TARGET
from pytest_mews.model import Level, Readiness, Run, Stage, StageSummary, Verdict
from pytest_mews.model.readiness import is_selected
from pytest_mews.reports.labels import READINESS
from pytest_mews.reports.problems import Problem

# The predicate for one scenario and for several.
_VERDICT_PHRASES = {
    Verdict.BLOCKED: ("is blocked", "are blocked"),
    Verdict.ERROR: ("ended with a harness error", "ended with a harness error"),
    Verdict.PASS: ("passed", "passed"),
    Verdict.WAIVED: ("is waived", "are waived"),
    Verdict.NOT_OBSERVED: ("was not observed", "were not observed"),
    Verdict.NOT_APPLICABLE: ("does not apply", "do not apply"),
}


def readiness_phrase(run: Run) -> str:
    """Return the verdict of a run: what was not tested is part of it.

    For example: `Ready`, or `Delivery ready; Processing and Streaming not tested (add --mews-api,
    --mews-websocket)`.
    """
    groups: dict[Readiness, list[StageSummary]] = {}
    for summary in run.stages:
        groups.setdefault(summary.readiness, []).append(summary)
    if len(groups) == 1:
        return readiness_title(run.stages[0].readiness)
    untested = groups.pop(Readiness.NOT_OBSERVED, [])
    phrases = [
        f"{_names(summaries)} {readiness_title(readiness).lower()}"
        for readiness, summaries in groups.items()
    ]
    if untested:
        phrases.append(f"{_names(untested)} not tested ({_how_to_test(run, untested)})")
    return "; ".join(phrases) or "Nothing was tested"


def readiness_title(readiness: Readiness) -> str:
    """Return what the reports call a readiness, such as `Not ready`."""
    return READINESS[readiness][1]


def shown_readiness(run: Run) -> Readiness:
    """Return the readiness whose colour the verdict has: not that of `ready` for a part."""
    untested = any(summary.readiness is Readiness.NOT_OBSERVED for summary in run.stages)
    if untested and run.readiness in {Readiness.READY, Readiness.WARNINGS}:
        return Readiness.INCOMPLETE
    return run.readiness


def _names(summaries: Sequence[StageSummary]) -> str:
    *names, last = [summary.stage.capitalize() for summary in summaries]
    return f"{', '.join(names)} and {last}" if names else last


def _how_to_test(run: Run, summaries: Sequence[StageSummary]) -> str:
    """Return what the run lacks for these stages; nothing that it was given."""
    stages = {summary.stage for summary in summaries if is_selected(run.results, summary.stage)}
    has_webhooks = run.integration_target != NO_TARGET
    missing = []
    if not has_webhooks and stages & {Stage.DELIVERY, Stage.PROCESSING}:
        missing.append(f"give a URL in place of {NO_TARGET}")
    options = []
    if Stage.PROCESSING in stages and run.api_usage is None:
        options.append("--mews-api")
    if Stage.STREAMING in stages:
        options.append("--mews-websocket")
    if options:
        missing.append(f"add {', '.join(options)}")
    return ", ".join(missing) or "not selected"


def headline(run: Run, problems: Sequence[Problem]) -> str:
    """Count the scenarios by what became of them, failures first.

    For example: `1 of 141 scenarios fails a MUST, 1 a SHOULD; 128 passed, 11 do not apply.`
    """
    if not run.results:
        return "No scenario was run."
    levels = Counter(
        problem.level for problem in problems if problem.result.verdict not in _VERDICT_PHRASES
    )
    verdicts = Counter(result.verdict for result in run.results)
    failures = [(levels[level], f"a {level}") for level in Level if levels[level]]
    if failures:
        count, phrase = failures[0]
        failures[0] = (count, f"{'fails' if count == 1 else 'fail'} {phrase}")
    others = [
        (verdicts[verdict], phrases[verdicts[verdict] > 1])
        for verdict, phrases in _VERDICT_PHRASES.items()
        if verdicts[verdict]
    ]
    groups = [group for group in (failures, others) if group]
    count, phrase = groups[0][0]
    total = len(run.results)
    groups[0][0] = (count, f"of {total} scenario{'s' * (total != 1)} {phrase}")
    text = "; ".join(", ".join(f"{n} {text}" for n, text in group) for group in groups) + "."
    if not run.causes:
        return text
    causes = "One cause explains" if len(run.causes) == 1 else f"{len(run.causes)} causes explain"
    return f"{text} {causes} {len(run.explained_ids)} of them."
