"""Write docs/requirements.md from the facts, the scenarios that name them, and docs/failures.toml.

.venv/bin/python docs/generate_requirements.py
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_mews.mews.facts import Fact, Section, Stage, load_sections
from pytest_mews.mews.review_points import JUDGED_FACTS
from pytest_mews.model import Scenario
from pytest_mews.scenarios.loader import load_scenarios

DOCS = Path(__file__).parent
FAILURES, PAGE = DOCS / "failures.toml", DOCS / "requirements.md"

UNTESTABLE = "Can't be tested: "  # prefix of the reason if no scenario can test a fact

REVIEW_LINK = "[certification review](reading-the-report.md)"
INTRODUCTION = """\
`docs/generate_requirements.py` generates this page from
[facts.toml](../harness/mews/facts.toml), the scenario files and [failures.toml](failures.toml). A
fact is a statement of the documentation, or one that we *infer* from it, that a receiver or its
client can violate; the wording is ours. *Since* is the first revision that is known to state it.
A fact about all requests of a run is judged by the report's chapter on the *certification review*.
The reason for *not tested* is at the end of the page. The level of a scenario, MUST or SHOULD, is
in its file."""

ON_FAILURES = """\
From public code that receives these webhooks. The third column has what no scenario can tell from
a correct endpoint."""

Failure = Mapping[str, Any]


@dataclass(frozen=True)
class Coverage:
    """The facts by section, the scenarios, and the failures of real integrations."""

    sections: Sequence[Section]
    scenarios: Sequence[Scenario]
    failures: Sequence[Failure]

    @property
    def facts(self) -> list[Fact]:
        """All facts, in the order of the file."""
        return [fact for section in self.sections for fact in section.facts]

    def scenarios_of(self, fact: Fact) -> list[str]:
        """Return the ids of the scenarios that name a fact, in the order in which they run."""
        return [scenario.id for scenario in self.scenarios if fact in scenario.facts]

    def render(self) -> str:
        """Return the page."""
        blocks = ["# Requirement coverage", self._summary(), INTRODUCTION]
        for section in self.sections:
            blocks += [f"## {section.title}", self._facts(section.facts)]
        blocks += ["## What goes wrong in real integrations", ON_FAILURES, self._failures()]
        blocks += ["## What is not tested and why", *self._untested()]
        return "\n\n".join(blocks) + "\n"

    def _summary(self) -> str:
        stages = []
        for stage in Stage:
            facts = [fact for fact in self.facts if fact.stage is stage]
            stages.append(f"{stage} {_count_tested(facts)} of {len(facts)}")
        untestable = sum(fact.untested.startswith(UNTESTABLE) for fact in self.facts)
        tested = _count_tested(self.facts)
        fully = sum("untested" not in failure for failure in self.failures)
        return (
            f"**{tested} of {len(self.facts)} facts are tested ({', '.join(stages)}), "
            f"{len(self.facts) - tested - untestable} not yet, {untestable} can't be; "
            f"{fully} of {len(self.failures)} real failures are fully tested, "
            f"{len(self.failures) - fully} partly.**"
        )

    def _facts(self, facts: Iterable[Fact]) -> str:
        rows = (
            (
                fact.id,
                fact.text,
                _link(fact),
                fact.source.revision,
                fact.stage,
                self._tested_by(fact),
            )
            for fact in facts
        )
        return _table(("Id", "Fact", "Source", "Since", "Stage", "Scenarios"), rows)

    def _tested_by(self, fact: Fact) -> str:
        """Return the links to what tests a fact: scenarios, or the chapter of the report."""
        links = _scenario_links(self.scenarios_of(fact))
        is_judged = not links and not fact.untested and fact.id in JUDGED_FACTS
        return links or (REVIEW_LINK if is_judged else "not tested")

    def _failures(self) -> str:
        rows = (
            (
                f"{failure['number']}. {failure['text']}",
                _scenario_links(failure["scenarios"]),
                failure.get("untested", ""),
            )
            for failure in self.failures
        )
        return _table(("Failure", "Scenarios", "Not tested"), rows)

    def _untested(self) -> Iterable[str]:
        """Yield the untested facts by stage, grouped by reason."""
        for stage in Stage:
            reasons: dict[str, list[str]] = {}
            for fact in self.facts:
                if fact.stage is stage and fact.untested:
                    reasons.setdefault(fact.untested, []).append(fact.id)
            if reasons:
                yield f"### {stage.capitalize()}"
                yield "\n".join(f"- {', '.join(ids)}: {reason}" for reason, ids in reasons.items())


def load_coverage() -> Coverage:
    """Load facts, scenarios and failures."""
    failures = tomllib.loads(FAILURES.read_text("utf-8"))["failure"]
    return Coverage(load_sections(), load_scenarios(), failures)


def _count_tested(facts: Iterable[Fact]) -> int:
    return sum(not fact.untested for fact in facts)


def _link(fact: Fact) -> str:
    link = f"[{fact.source.page}]({fact.source.url})"
    return link if fact.is_documented else f"*inferred* from {link}"


def _scenario_links(ids: Iterable[str]) -> str:
    return ", ".join(f"[{scenario_id}]({_file(scenario_id)})" for scenario_id in ids)


def _file(scenario_id: str) -> str:
    """Return the relative path of a scenario's file; tests check that it exists."""
    for path in (DOCS.parent / "scenarios").glob(f"*/{scenario_id}.toml"):
        return f"../scenarios/{path.parent.name}/{path.name}"
    return f"../scenarios/{scenario_id}.toml"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in r)} |" for r in lines)


if __name__ == "__main__":
    PAGE.write_text(load_coverage().render(), "utf-8")
