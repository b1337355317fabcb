"""The lines of the terminal about waivers and the baseline."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_mews.model import Change, Comparison, Run, Verdict, WaiverState, WaiverUse
from pytest_mews.model.listing import first_of
from pytest_mews.sanitize import sanitize

Group = tuple[str, list[str]]
"""A title and the lines below it."""
MAX_IDS = 10  # further ids are counted
TITLES = {
    WaiverState.EXPIRED: "Expired waivers (ignored)",
    WaiverState.UNUSED: "Unused waivers (their scenarios did not fail: remove them)",
    WaiverState.INCONCLUSIVE: "Inconclusive waivers (their scenarios gave no verdict)",
}
CHANGES = {
    Change.NEW: "new",
    Change.FIXED: "fixed",
    Change.STILL_FAILING: "still failing",
    Change.NEWLY_NOT_OBSERVED: "newly not observed",
}


def waiver_groups(run: Run) -> Iterator[Group]:
    """Yield the waived failures, then the waivers that need attention."""
    lines = [
        f"{result.scenario.id} {result.scenario.title}: {result.waiver.reason} "
        f"({result.waiver.owner}, until {result.waiver.expires}); "
        f"{result.verdict_without_waiver}: {result.reason}"
        for result in run.results
        if result.waiver is not None
    ]
    if lines:
        yield "Waived", lines
    for state, title in TITLES.items():
        uses = [use for use in run.waivers if use.state is state]
        if uses:
            yield title, [_use_line(use) for use in uses]


def _use_line(use: WaiverUse) -> str:
    waiver = use.waiver
    when = "expired on" if use.state is WaiverState.EXPIRED else "until"
    verdict = use.verdict or Verdict.NOT_OBSERVED
    return f"{waiver.scenario_id} {when} {waiver.expires} ({waiver.owner}): now {verdict}"


def comparison_group(comparison: Comparison) -> Group:
    """Return the counts of each kind of change, and the ids of the changed scenarios."""
    by_change = {
        change: [item.scenario_id for item in comparison.changes if item.change is change]
        for change in CHANGES
    }
    counts = ", ".join(f"{len(by_change[change])} {label}" for change, label in CHANGES.items())
    day = comparison.started_utc.partition("T")[0]
    lines = [
        f"{CHANGES[change]}: {first_of(ids, MAX_IDS)}" for change, ids in by_change.items() if ids
    ]
    lines += [f"note: {remark}" for remark in comparison.remarks]
    title = f"Since baseline {comparison.name} ({day}): {counts}"
    return sanitize(title), [sanitize(line) for line in lines]  # the file may contain any text
