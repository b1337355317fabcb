"""The filters of the matrix: radio buttons that work by styles alone, scripts on or off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from markupsafe import Markup

from pytest_mews.model import Level, ScenarioResult, Stage, Verdict

_KINDS = {
    "fix": ("To fix", {Verdict.FAIL, Verdict.FLAKY, Verdict.BLOCKED, Verdict.WARN, Verdict.ERROR}),
    "passed": ("Passed", {Verdict.PASS}),
    "waived": ("Waived", {Verdict.WAIVED}),
    "unjudged": ("Not judged", {Verdict.NOT_OBSERVED, Verdict.NOT_APPLICABLE}),
}
_NAMES = {kind: title for kind, (title, _) in _KINDS.items()}
_NAMES |= {each.value.lower(): each.value for each in Level}
_NAMES |= {each.value: each.value.capitalize() for each in Stage}
_GROUPS = {"Verdict": tuple(_KINDS), "Asked": tuple(x.value.lower() for x in Level)}
_GROUPS |= {"Stage": tuple(Stage)}


@dataclass(frozen=True)
class Choice:
    """One radio button; `name` is also the class of the rows that it leaves."""

    name: str
    title: str
    count: int


@dataclass(frozen=True)
class Choices:
    """The buttons of one question, of which the first leaves everything."""

    title: str
    choices: tuple[Choice, ...]

    @property
    def name(self) -> str:
        """What the buttons have in common."""
        return f"by-{self.title.lower()}"


def marks(result: ScenarioResult) -> str:
    """Give the classes of a row: one of each question."""
    kind = next(name for name, (_, verdicts) in _KINDS.items() if result.verdict in verdicts)
    return f"{kind} {result.scenario.level.lower()} {result.scenario.stage}"


def matrix_filters(results: Sequence[ScenarioResult]) -> tuple[Choices, ...]:
    """Offer what occurs in the results; a question with one answer is not asked."""
    found = [marks(result).split() for result in results]
    asked = []
    for title, names in _GROUPS.items():
        counts = {name: sum(name in each for each in found) for name in names}
        own = tuple(Choice(name, _NAMES[name], count) for name, count in counts.items() if count)
        if len(own) > 1:
            all_ = Choice(f"any-{title.lower()}", "All", len(results))
            asked.append(Choices(title, (all_, *own)))
    return tuple(asked)


def rules(asked: Sequence[Choices], results: Sequence[ScenarioResult]) -> Markup:
    """Write the styles that hide what is not wanted, and headings with nothing left below them.

    The row that the address names stays, whatever is wanted.
    """
    written = []
    found = [set(marks(result).split()) for result in results]
    for wanted in product(*(("", *(each.name for each in group.choices[1:])) for group in asked)):
        names = [name for name in wanted if name]
        if not names:
            continue
        on = "#matrix" + "".join(f":has(#only-{name}:checked)" for name in names)
        rows = "".join(f".{name}" for name in names)
        if len(names) == 1:
            written.append(f"{on} tbody tr:not({rows},:target){{display:none}}")
        written.append(f"{on} :is(.area,.gathered):not(:has(tr{rows},tr:target)){{display:none}}")
        if not any(each.issuperset(names) for each in found):
            written.append(f"{on} .none{{display:block}}")
    return Markup("\n".join(written))  # noqa: S704 - words of ours alone
