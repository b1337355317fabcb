"""What the terminal says about waivers and about the earlier run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_mews.model import Change, Comparison, Run, Verdict, WaiverState, WaiverUse
from pytest_mews.reports.sanitize import sanitize

Group = tuple[str, list[str]]  # a title, and the lines below it
LISTED = 10  # more ids are counted
TITLES = {
    WaiverState.EXPIRED: "Expired waivers (they no longer count)",
    WaiverState.UNUSED: "Unused waivers (nothing failed: take them out)",
    WaiverState.NOT_JUDGED: "Waivers whose scenarios were not judged",
}
CHANGES = {
    Change.NEW: "new",
    Change.FIXED: "fixed",
    Change.STILL_FAILING: "still failing",
    Change.NEWLY_NOT_OBSERVED: "newly not observed",
}


def waived(run: Run) -> Iterator[Group]:
    """Give what was waived, then the waivers that need attention, by title."""
    lines = [
        f"{each.scenario.id} {each.scenario.title}: {each.waiver.reason} ({each.waiver.owner}, "
        f"until {each.waiver.expires}); {each.verdict_without_waiver}: {each.reason}"
        for each in run.results
        if each.waiver is not None
    ]
    if lines:
        yield "Waived", lines
    for state, title in TITLES.items():
        found = [use for use in run.waivers if use.state is state]
        if found:
            yield title, [_use(use) for use in found]


def _use(use: WaiverUse) -> str:
    waiver = use.waiver
    day = "expired on" if use.state is WaiverState.EXPIRED else "until"
    verdict = use.verdict or Verdict.NOT_OBSERVED
    return f"{waiver.scenario} {day} {waiver.expires} ({waiver.owner}): now {verdict}"


def compared(comparison: Comparison) -> Group:
    """Sum up what changed since the baseline, with ids."""
    by_change = {
        what: [each.scenario for each in comparison.changes if each.change is what]
        for what in CHANGES
    }
    counts = ", ".join(f"{len(by_change[what])} {words}" for what, words in CHANGES.items())
    day = comparison.started_utc.partition("T")[0]
    lines = [f"{CHANGES[what]}: {_ids(ids)}" for what, ids in by_change.items() if ids]
    lines += [f"note: {remark}" for remark in comparison.remarks]
    title = f"Since baseline {comparison.name} ({day}): {counts}"
    return sanitize(title), [sanitize(line) for line in lines]  # the file may hold anything


def _ids(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - LISTED} more" if len(ids) > LISTED else ""
    return ", ".join(ids[:LISTED]) + more
