"""A run beside an earlier one: what is new, fixed, still failing, no longer observed; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pytest_mews.acceptance.baseline import Baseline, BaselineResult, run_conditions
from pytest_mews.acceptance.waivers import JUDGED
from pytest_mews.checks import fails_run
from pytest_mews.model import Change, Changed, Comparison, Readiness, Run, ScenarioResult
from pytest_mews.model.verdict import FAILURES
from pytest_mews.reports.event_file import NOT_SELECTED


def change(
    before: BaselineResult | None, after: ScenarioResult | None, *, strict: bool
) -> Change | None:
    """Say what became of a scenario; None where nothing did that a comparison is about.

    A failure is what fails the run if it is not waived: with `strict` a SHOULD too, then as now.
    What is waived is a failure all the same.
    """
    failed = before is not None and _failed(before, strict=strict)
    if after is not None and fails(after, strict=strict):
        return Change.STILL_FAILING if failed else Change.NEW
    if before is None or before.verdict not in JUDGED:
        return None
    if after is None or after.verdict not in JUDGED:
        return Change.NEWLY_NOT_OBSERVED
    return Change.FIXED if failed else None


def fails(result: ScenarioResult, *, strict: bool) -> bool:
    """Whether a result is a failure that was judged, waived or not."""
    bare = replace(result, verdict=result.verdict_without_waiver or result.verdict)
    return bare.verdict in FAILURES and fails_run(bare, strict=strict)


def _failed(before: BaselineResult, *, strict: bool) -> bool:
    return before.breaks_must or (strict and before.verdict in FAILURES)


def compare(baseline: Baseline, run: Run, *, only_new: bool) -> Comparison:
    """Compare a run with the baseline."""
    return Comparison(
        baseline.name,
        baseline.started_utc,
        baseline.version,
        tuple(_remarks(baseline, run)),
        tuple(_changes(baseline, run)),
        only_new,
    )


def _changes(baseline: Baseline, run: Run) -> Iterator[Changed]:
    after = {result.scenario.id: result for result in run.results}
    for name in dict.fromkeys((*after, *baseline.scenarios)):
        then, now = baseline.scenarios.get(name), after.get(name)
        what = change(then, now, strict=run.strict)
        if what is not None:
            title = now.scenario.title if now is not None else baseline.scenarios[name].title
            yield Changed(
                name,
                title,
                what,
                before=None if then is None else then.shown,
                after=None if now is None else now.verdict,
            )


def _remarks(baseline: Baseline, run: Run) -> Iterator[str]:
    for name, now in _circumstances(run).items():
        before = baseline.circumstances.get(name, now)  # a name that is the secret itself is masked
        if before != now:
            yield f"{name}: {before} then, {now} now"
    if baseline.interrupted:
        yield "the run of the baseline was interrupted: it holds what was seen until then"
    if run.interrupted:
        yield "this run was interrupted: it holds what was seen until then"
    left_out = sum(result.reason == NOT_SELECTED for result in run.results)
    if left_out:
        yield f"scenarios that were not selected now: {left_out}"


def _circumstances(run: Run) -> Mapping[str, str]:
    return run_conditions(
        version=run.version,
        target=run.target,
        integration_target=run.integration_target,
        profile=run.profile.name,
        overrides=[
            f"{each.name}={list(each.value) if isinstance(each.value, tuple) else each.value}"
            for each in run.profile.parameters
            if each.origin == "overridden"
        ],
        time_scale=run.time_scale,
        strict=run.strict,
        seed=run.seed,
        events=run.events,
        stages=[s.stage for s in run.stages if s.readiness is not Readiness.NOT_OBSERVED],
    )
