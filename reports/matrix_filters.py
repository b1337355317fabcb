"""The filters of the matrix: radio buttons that work with CSS alone, without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from markupsafe import Markup

from pytest_mews.model import Level, ScenarioResult, Stage, Verdict

_VERDICT_OPTIONS = {
    "fix": ("To fix", {Verdict.FAIL, Verdict.FLAKY, Verdict.BLOCKED, Verdict.WARN, Verdict.ERROR}),
    "passed": ("Passed", {Verdict.PASS}),
    "waived": ("Waived", {Verdict.WAIVED}),
    "not-tested": ("Not tested", {Verdict.NOT_OBSERVED, Verdict.NOT_APPLICABLE}),
}
_TITLES = {name: title for name, (title, _) in _VERDICT_OPTIONS.items()}
_TITLES |= {level.value.lower(): level.value for level in Level}
_TITLES |= {stage.value: stage.value.capitalize() for stage in Stage}
_GROUPS: dict[str, tuple[str, ...]] = {
    "Verdict": tuple(_VERDICT_OPTIONS),
    "Level": tuple(level.value.lower() for level in Level),
    "Stage": tuple(Stage),
}


@dataclass(frozen=True)
class FilterOption:
    """One radio button; `name` is also the CSS class of the rows that it shows."""

    name: str
    title: str
    count: int


@dataclass(frozen=True)
class FilterGroup:
    """The radio buttons of one filter; the first one shows all rows."""

    title: str
    options: tuple[FilterOption, ...]

    @property
    def name(self) -> str:
        """The common name of the radio buttons."""
        return f"by-{self.title.lower()}"


def row_classes(result: ScenarioResult) -> str:
    """Return the CSS classes of a row: one of each filter group."""
    verdict = next(
        name for name, (_, verdicts) in _VERDICT_OPTIONS.items() if result.verdict in verdicts
    )
    return f"{verdict} {result.scenario.level.lower()} {result.scenario.stage}"


def matrix_filters(results: Sequence[ScenarioResult]) -> tuple[FilterGroup, ...]:
    """Return the filters with the options that occur; one with a single option is left out."""
    classes = [row_classes(result).split() for result in results]
    groups = []
    for title, names in _GROUPS.items():
        counts = {name: sum(name in row for row in classes) for name in names}
        options = tuple(
            FilterOption(name, _TITLES[name], count) for name, count in counts.items() if count
        )
        if len(options) > 1:
            all_ = FilterOption(f"any-{title.lower()}", "All", len(results))
            groups.append(FilterGroup(title, (all_, *options)))
    return tuple(groups)


def filter_css(groups: Sequence[FilterGroup], results: Sequence[ScenarioResult]) -> Markup:
    """Return the CSS that hides rows that don't match, and headings without rows."""
    rules = []
    classes = [set(row_classes(result).split()) for result in results]
    choices = [("", *(option.name for option in group.options[1:])) for group in groups]
    for combination in product(*choices):
        names = [name for name in combination if name]
        if not names:
            continue
        matrix = "#matrix" + "".join(f":has(#only-{name}:checked)" for name in names)
        row = "".join(f".{name}" for name in names)
        if len(names) == 1:
            rules.append(f"{matrix} tbody tr:not({row}){{display:none}}")
        rules.append(f"{matrix} :is(.area,.collapsed):not(:has(tr{row})){{display:none}}")
        if not any(row_set.issuperset(names) for row_set in classes):
            rules.append(f"{matrix} .no-match{{display:block}}")
    return Markup("\n".join(rules))  # noqa: S704 - contains only names from this module
