"""Write docs/requirements.md from docs/requirements.toml.

.venv/bin/python docs/generate_requirements.py
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_mews.model import Stage
from pytest_mews.model.scenario import DOCUMENTATION

DOCS = Path(__file__).parent
SOURCE, PAGE = DOCS / "requirements.toml", DOCS / "requirements.md"

UNTESTABLE = "Can't be tested: "  # prefix of the reason if no scenario can test a fact

Entry = Mapping[str, Any]


def render(source: str) -> str:
    """Return the page.

    Args:
        source: the text of requirements.toml.

    """
    data = tomllib.loads(source)
    facts, failures = data["fact"], data["failure"]
    blocks = ["# Requirement coverage", _summary(facts, failures), INTRODUCTION]
    for letter, title in data["sections"].items():
        blocks += [f"## {title}", _facts(fact for fact in facts if fact["id"].startswith(letter))]
    blocks += ["## What goes wrong in real integrations", ON_FAILURES, _failures(failures)]
    blocks += ["## What is not tested and why", *_untested(facts)]
    return "\n\n".join(blocks) + "\n"


INTRODUCTION = """\
`docs/generate_requirements.py` generates this page from [requirements.toml](requirements.toml);
tests compare it with the scenarios. A fact is a statement of the documentation, or one that we
*infer* from it, that a receiver or its client can violate; the wording is ours. *Since* is the
revision that first documented it, where known. The reason for *not tested* is at the end of the
page. The level of a scenario, MUST or SHOULD, is in its file."""

ON_FAILURES = """\
From public code that receives these webhooks. The third column has what no scenario can tell from
a correct endpoint."""


def _summary(facts: Sequence[Entry], failures: Sequence[Entry]) -> str:
    stages = []
    for stage in Stage:
        stage_facts = [fact for fact in facts if fact["stage"] == stage]
        stages.append(f"{stage} {_count_tested(stage_facts)} of {len(stage_facts)}")
    fully = sum("scenarios" in failure and "untested" not in failure for failure in failures)
    partly = _count_tested(failures) - fully
    untestable = sum(fact.get("untested", "").startswith(UNTESTABLE) for fact in facts)
    untested = len(facts) - _count_tested(facts) - untestable
    return (
        f"**{_count_tested(facts)} of {len(facts)} facts are tested ({', '.join(stages)}), "
        f"{untested} not yet, {untestable} can't be; "
        f"{fully} of {len(failures)} real failures are fully tested, {partly} partly.**"
    )


def _count_tested(entries: Iterable[Entry]) -> int:
    return sum("scenarios" in entry for entry in entries)


def _facts(facts: Iterable[Entry]) -> str:
    rows = (
        (
            fact["id"],
            fact["text"],
            _link(fact),
            fact["revision"],
            fact["stage"],
            _scenario_links(fact) or "not tested",
        )
        for fact in facts
    )
    return _table(("Id", "Fact", "Source", "Since", "Stage", "Scenarios"), rows)


def _failures(failures: Iterable[Entry]) -> str:
    rows = (
        (
            f"{failure['number']}. {failure['text']}",
            _scenario_links(failure),
            failure.get("untested", ""),
        )
        for failure in failures
    )
    return _table(("Failure", "Scenarios", "Not tested"), rows)


def _untested(facts: Iterable[Entry]) -> Iterable[str]:
    """Yield the untested facts by stage, grouped by reason."""
    for stage in Stage:
        reasons: dict[str, list[str]] = {}
        for fact in facts:
            if fact["stage"] == stage and "untested" in fact:
                reasons.setdefault(fact["untested"], []).append(fact["id"])
        if reasons:
            yield f"### {stage.capitalize()}"
            yield "\n".join(f"- {', '.join(ids)}: {reason}" for reason, ids in reasons.items())


def _link(fact: Entry) -> str:
    link = f"[{fact['page']}]({DOCUMENTATION}{fact['page']})"
    return link if fact["basis"] == "documented" else f"*inferred* from {link}"


def _scenario_links(entry: Entry) -> str:
    return ", ".join(
        f"[{scenario_id}]({_file(scenario_id)})" for scenario_id in entry.get("scenarios", ())
    )


def _file(scenario_id: str) -> str:
    """Return the relative path of a scenario's file; tests check that it exists."""
    for path in (DOCS.parent / "scenarios").glob(f"*/{scenario_id}.toml"):
        return f"../scenarios/{path.parent.name}/{path.name}"
    return f"../scenarios/{scenario_id}.toml"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in r)} |" for r in lines)


if __name__ == "__main__":
    PAGE.write_text(render(SOURCE.read_text("utf-8")), "utf-8")
