"""Compares a run with the baseline: new, fixed, still failing, newly not observed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from pytest_mews.acceptance.baseline import EVENTS, Baseline, BaselineResult, run_conditions
from pytest_mews.acceptance.waivers import CONCLUSIVE
from pytest_mews.checks import fails_run
from pytest_mews.model import Change, Comparison, Readiness, Run, ScenarioChange, ScenarioResult
from pytest_mews.model.verdict import FAILURES, MissingCause


def classify_change(
    before: BaselineResult | None, after: ScenarioResult | None, *, strict: bool
) -> Change | None:
    """Return how a scenario has changed since the baseline; None if there is nothing to say.

    Args:
        before: its result in the baseline; None if the baseline does not have the scenario.
        after: its result in this run; None if this version does not have the scenario.
        strict: whether a SHOULD that is not met counts as a failure, in both runs.

    A waived failure still counts as a failure.
    """
    failed = before is not None and _failed(before, strict=strict)
    if after is not None and is_failure(after, strict=strict):
        return Change.STILL_FAILING if failed else Change.NEW
    if before is None or before.verdict_without_waiver not in CONCLUSIVE:
        return None
    if after is None or after.verdict not in CONCLUSIVE:
        return Change.NEWLY_NOT_OBSERVED
    return Change.FIXED if failed else None


def is_failure(result: ScenarioResult, *, strict: bool) -> bool:
    """Return whether a result is a failure, waived or not; errors and blocked ones are not."""
    unwaived = replace(result, verdict=result.verdict_without_waiver or result.verdict)
    return unwaived.verdict in FAILURES and fails_run(unwaived, strict=strict)


def _failed(before: BaselineResult, *, strict: bool) -> bool:
    return before.breaks_must or (strict and before.verdict_without_waiver in FAILURES)


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


def _changes(baseline: Baseline, run: Run) -> Iterator[ScenarioChange]:
    after = {result.scenario.id: result for result in run.results}
    for scenario_id in dict.fromkeys((*after, *baseline.scenarios)):
        then, now = baseline.scenarios.get(scenario_id), after.get(scenario_id)
        change = classify_change(then, now, strict=run.strict)
        if change is not None:
            title = now.scenario.title if now else baseline.scenarios[scenario_id].title
            yield ScenarioChange(
                scenario_id,
                title,
                change,
                before=None if then is None else then.verdict,
                after=None if now is None else now.verdict,
                precondition=now is not None and now.scenario.precondition,
            )


def _remarks(baseline: Baseline, run: Run) -> Iterator[str]:
    for label, now in _run_conditions(run).items():
        before = baseline.run_conditions[label]
        if before == now:
            continue
        if label == EVENTS:
            yield f"{label}: {_difference(before, now)}"
        else:
            yield f"{label}: {before} in the baseline, {now} in this run"
    if baseline.interrupted:
        yield "the run of the baseline was interrupted, so its results are incomplete"
    if run.interrupted:
        yield "this run was interrupted, so its results are incomplete"
    not_selected = sum(result.missing is MissingCause.NOT_SELECTED for result in run.results)
    if not_selected:
        yield f"scenarios that were not selected in this run: {not_selected}"


def _difference(before: str, now: str) -> str:
    """Return which of two lists of events has what the other has not."""
    events = {"the baseline": before.split(", "), "this run": now.split(", ")}
    return "; ".join(
        f"only {owner} has {', '.join(name for name in own if name not in other)}"
        for (owner, own), other in zip(events.items(), reversed(events.values()), strict=True)
        if not set(own) <= set(other)
    )


def _run_conditions(run: Run) -> Mapping[str, str]:
    return run_conditions(
        version=run.version,
        target=run.target,
        integration_target=run.integration_target,
        profile=run.profile.name,
        overrides=[
            f"{parameter.name}={_json_value(parameter.value)}"
            for parameter in run.profile.parameters
            if parameter.origin == "overridden"
        ],
        time_scale=run.time_scale,
        strict=run.strict,
        seed=run.seed,
        events=run.events,
        stages=[
            stage.stage for stage in run.stages if stage.readiness is not Readiness.NOT_OBSERVED
        ],
    )


def _json_value(value: object) -> object:
    """Return a parameter's value as certification.json has it: a tuple is a list there."""
    return list(value) if isinstance(value, tuple) else value
