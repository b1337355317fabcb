"""From verdicts to the one word about a stage and about the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from pytest_mews.model import Level, Readiness, ScenarioResult, Stage, StageSummary, Verdict

HOW_TO_OBSERVE: Mapping[Stage, str] = {
    Stage.DELIVERY: "needs the URL of an endpoint for webhooks (--mews-target)",
    Stage.PROCESSING: "needs --mews-api HOST:PORT, and the service pointed there: "
    "docs/processing.md",
    Stage.STREAMING: "needs --mews-websocket HOST:PORT, and the service connected there: "
    "docs/streaming.md",
}


def breaks_must(result: ScenarioResult) -> bool:
    """Whether a MUST was seen broken: failed, flaky, or blocked by the preflight."""
    if result.verdict is Verdict.FLAKY:
        return any(
            not finding.met and finding.level is Level.MUST
            for trial in result.evidence
            for finding in trial.findings
        )
    return result.verdict in {Verdict.FAIL, Verdict.BLOCKED}


def fails_run(result: ScenarioResult, *, strict: bool) -> bool:
    """Whether this result alone makes the run exit with 1."""
    warned = result.verdict in {Verdict.WARN, Verdict.FLAKY}
    return breaks_must(result) or result.verdict is Verdict.ERROR or (strict and warned)


def readiness_of(results: Sequence[ScenarioResult], *, strict: bool) -> Readiness:
    """Sum a list of results up.

    `incomplete`: nothing failed, but a MUST was not observed, or the harness itself failed.
    What is waived is a warning, and never makes ready without one. With `strict`, a SHOULD counts
    like a MUST.
    """
    if not results:
        return Readiness.NOT_OBSERVED
    if any(fails_run(r, strict=strict) and r.verdict is not Verdict.ERROR for r in results):
        return Readiness.NOT_READY
    if any(_undecided(result) for result in results):
        return Readiness.INCOMPLETE
    if any(r.verdict in {Verdict.WARN, Verdict.FLAKY, Verdict.WAIVED} for r in results):
        return Readiness.WARNINGS
    return Readiness.READY


def _undecided(result: ScenarioResult) -> bool:
    if result.verdict is Verdict.ERROR:
        return True
    must = result.scenario.level is Level.MUST
    return must and result.verdict is Verdict.NOT_OBSERVED


def stage_summaries(
    results: Sequence[ScenarioResult], stages: Collection[Stage], *, strict: bool
) -> tuple[StageSummary, ...]:
    """Sum every stage up; one that is not among the `stages` of the run is not observed."""
    summaries = []
    for stage in Stage:
        of_stage = [result for result in results if result.scenario.stage is stage]
        counts = Counter(str(result.verdict) for result in of_stage)
        readiness = readiness_of(of_stage if stage in stages else (), strict=strict)
        summaries.append(
            StageSummary(stage, readiness, dict(counts), HOW_TO_OBSERVE.get(stage, ""))
        )
    return tuple(summaries)
