"""Derives the readiness of a stage and of a run from the verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from pytest_mews.documentation import name_page
from pytest_mews.model import (
    Level,
    MissingCause,
    Readiness,
    ScenarioResult,
    Stage,
    StageSummary,
    Verdict,
)

HOW_TO_OBSERVE: Mapping[Stage, str] = {
    Stage.DELIVERY: "needs the URL of an endpoint for webhooks (--mews-target)",
    Stage.PROCESSING: "needs --mews-api HOST:PORT, and a service that calls this address: "
    f"{name_page('processing')}",
    Stage.STREAMING: "needs --mews-websocket HOST:PORT, and a client that connects to this "
    f"address: {name_page('streaming')}",
}


# Of the counts of a stage: what was observed, then what was not.
_COUNT_ORDER = sorted(
    Verdict, key=lambda verdict: verdict in {Verdict.NOT_OBSERVED, Verdict.NOT_APPLICABLE}
)


def how_to_observe(stage: Stage, stages: Collection[Stage]) -> str:
    """Return what a stage needs that is not in `stages`; Processing needs webhooks first."""
    needs_webhooks = stage is Stage.PROCESSING and Stage.DELIVERY not in stages
    return HOW_TO_OBSERVE[Stage.DELIVERY if needs_webhooks else stage]


def breaks_must(result: ScenarioResult) -> bool:
    """Return whether a MUST is not met: the scenario failed, is flaky in a MUST, or is blocked."""
    if result.verdict is Verdict.FLAKY:
        return any(
            not finding.met and finding.level is Level.MUST
            for evidence in result.evidence
            for finding in evidence.findings
        )
    return result.verdict in {Verdict.FAIL, Verdict.BLOCKED}


def fails_run(result: ScenarioResult, *, strict: bool) -> bool:
    """Return whether this result alone gives the run exit status 1."""
    warned = result.verdict in {Verdict.WARN, Verdict.FLAKY}
    return breaks_must(result) or result.verdict is Verdict.ERROR or (strict and warned)


def is_unexpected_failure(result: ScenarioResult, *, strict: bool) -> bool:
    """Return whether this result fails the run although expected failures don't."""
    return fails_run(result, strict=strict) and not result.reason_expected


def readiness_of(results: Sequence[ScenarioResult], *, strict: bool) -> Readiness:
    """Derive the readiness from a list of results.

    It is `incomplete` if nothing failed, but a MUST was not observed or the harness itself failed.
    A waived failure is a warning, so the result is never `ready` with one. With `strict`, a SHOULD
    counts as a MUST.
    """
    if not results:
        return Readiness.NOT_OBSERVED
    if any(
        fails_run(result, strict=strict) and result.verdict is not Verdict.ERROR
        for result in results
    ):
        return Readiness.NOT_READY
    if any(_undecided(result) for result in results):
        return Readiness.INCOMPLETE
    if any(result.verdict in {Verdict.WARN, Verdict.FLAKY, Verdict.WAIVED} for result in results):
        return Readiness.WARNINGS
    return Readiness.READY


def _undecided(result: ScenarioResult) -> bool:
    if result.verdict is Verdict.ERROR:
        return True
    is_must = result.scenario.level is Level.MUST
    return is_must and result.verdict is Verdict.NOT_OBSERVED


def _stage_readiness(
    results: Sequence[ScenarioResult], stages_by_id: Mapping[str, Stage], *, strict: bool
) -> Readiness:
    def is_own(result: ScenarioResult) -> bool:
        blocked_by = result.blocked_by
        stage = result.scenario.stage
        return blocked_by is None or stages_by_id.get(blocked_by.scenario_id, stage) is stage

    own = list(filter(is_own, results))
    readiness = readiness_of(own, strict=strict)
    is_complete = len(own) == len(results)
    return readiness if is_complete or readiness is Readiness.NOT_READY else Readiness.INCOMPLETE


def is_selected(results: Sequence[ScenarioResult], stage: Stage) -> bool:
    """Return whether the user selected a scenario of the stage; a stage without any is selected."""
    missing = [result.missing for result in results if result.scenario.stage is stage]
    return not missing or any(cause is not MissingCause.NOT_SELECTED for cause in missing)


def stage_summaries(
    results: Sequence[ScenarioResult], stages: Collection[Stage], *, strict: bool
) -> tuple[StageSummary, ...]:
    """Summarise every stage; one that is not in `stages`, or not selected, is not observed.

    What another stage blocked leaves a stage incomplete, not unready: its readiness is its own.
    """
    summaries = []
    stages_by_id = {result.scenario.id: result.scenario.stage for result in results}
    for stage in Stage:
        stage_results = [result for result in results if result.scenario.stage is stage]
        count_by_verdict = Counter(result.verdict for result in stage_results)
        counts = {
            verdict.value: count for verdict in _COUNT_ORDER if (count := count_by_verdict[verdict])
        }
        selected = is_selected(results, stage)
        tested = stage_results if selected and stage in stages else ()
        readiness = _stage_readiness(tested, stages_by_id, strict=strict)
        how = how_to_observe(stage, stages) if selected else "none of its scenarios was selected"
        summaries.append(StageSummary(stage, readiness, counts, how))
    return tuple(summaries)
