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

UNTESTABLE = "Can't be tested: "  # how the reason begins where no scenario is to be expected

Entry = Mapping[str, Any]


def render(source: str) -> str:
    """Make the page.

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
Generated from [requirements.toml](requirements.toml) by `docs/generate_requirements.py`; tests hold
it against the scenarios. A fact is something that the documentation says, or that we *infer* from
what it says, and that a receiver or its client can violate; the words are ours. *Since* is the
revision that first documented it, where that is known. *Not tested* has its reason at the end.
What a scenario asks for, MUST or SHOULD, stands in its file."""

ON_FAILURES = """\
From public code that receives these webhooks. The third column names what is not told from a good
endpoint."""


def _summary(facts: Sequence[Entry], failures: Sequence[Entry]) -> str:
    stages = []
    for stage in Stage:
        here = [fact for fact in facts if fact["stage"] == stage]
        stages.append(f"{stage} {_tested(here)} of {len(here)}")
    whole = sum("scenarios" in each and "untested" not in each for each in failures)
    partly = _tested(failures) - whole
    never = sum(fact.get("untested", "").startswith(UNTESTABLE) for fact in facts)
    later = len(facts) - _tested(facts) - never
    return (
        f"**{_tested(facts)} of {len(facts)} facts are tested ({', '.join(stages)}), "
        f"{later} not yet, {never} can't be; "
        f"of {len(failures)} real failures {whole} wholly, {partly} in part.**"
    )


def _tested(entries: Iterable[Entry]) -> int:
    return sum("scenarios" in entry for entry in entries)


def _facts(facts: Iterable[Entry]) -> str:
    rows = (
        (
            fact["id"],
            fact["text"],
            _link(fact),
            fact["revision"],
            fact["stage"],
            _scenarios(fact) or "not tested",
        )
        for fact in facts
    )
    return _table(("Id", "Fact", "Source", "Since", "Stage", "Scenarios"), rows)


def _failures(failures: Iterable[Entry]) -> str:
    rows = (
        (f"{each['number']}. {each['text']}", _scenarios(each), each.get("untested", ""))
        for each in failures
    )
    return _table(("Failure", "Scenarios", "Not tested"), rows)


def _untested(facts: Iterable[Entry]) -> Iterable[str]:
    """List facts by stage and reason, those that share a reason together."""
    for stage in Stage:
        reasons: dict[str, list[str]] = {}
        for fact in facts:
            if fact["stage"] == stage and "untested" in fact:
                reasons.setdefault(fact["untested"], []).append(fact["id"])
        if reasons:
            yield f"### {stage.capitalize()}"
            yield "\n".join(f"- {', '.join(ids)}: {why}" for why, ids in reasons.items())


def _link(fact: Entry) -> str:
    link = f"[{fact['page']}]({DOCUMENTATION}{fact['page']})"
    return link if fact["basis"] == "documented" else f"*inferred* from {link}"


def _scenarios(entry: Entry) -> str:
    return ", ".join(f"[{name}]({_file(name)})" for name in entry.get("scenarios", ()))


def _file(name: str) -> str:
    """Find a scenario's file; one that is not there is a matter for the tests."""
    for path in (DOCS.parent / "scenarios").glob(f"*/{name}.toml"):
        return f"../scenarios/{path.parent.name}/{path.name}"
    return f"../scenarios/{name}.toml"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in r)} |" for r in lines)


if __name__ == "__main__":
    PAGE.write_text(render(SOURCE.read_text("utf-8")), "utf-8")
