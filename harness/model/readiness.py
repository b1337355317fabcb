"""Derives the readiness of a stage and of a run from the verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from pytest_mews.model import Level, Readiness, ScenarioResult, Stage, StageSummary, Verdict

HOW_TO_OBSERVE: Mapping[Stage, str] = {
    Stage.DELIVERY: "needs the URL of an endpoint for webhooks (--mews-target)",
    Stage.PROCESSING: "needs --mews-api HOST:PORT, and a service that calls this address: "
    "docs/processing.md",
    Stage.STREAMING: "needs --mews-websocket HOST:PORT, and a client that connects to this "
    "address: docs/streaming.md",
}


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


def stage_summaries(
    results: Sequence[ScenarioResult], stages: Collection[Stage], *, strict: bool
) -> tuple[StageSummary, ...]:
    """Summarise every stage; a stage that is not in `stages` is not observed."""
    summaries = []
    for stage in Stage:
        stage_results = [result for result in results if result.scenario.stage is stage]
        counts = Counter(str(result.verdict) for result in stage_results)
        readiness = readiness_of(stage_results if stage in stages else (), strict=strict)
        summaries.append(
            StageSummary(stage, readiness, dict(counts), HOW_TO_OBSERVE.get(stage, ""))
        )
    return tuple(summaries)
