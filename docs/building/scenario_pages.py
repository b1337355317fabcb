"""A page for each scenario, and the list of all of them."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from markdown_tables import table

from pytest_mews.checks import CHECKS
from pytest_mews.demo.registry import PARTNER_KINDS
from pytest_mews.mews.facts import Fact, load_sections
from pytest_mews.model import Expectation, Scenario
from pytest_mews.model.scenario import AREAS, Concern
from pytest_mews.model.step import Step
from pytest_mews.scenarios.loader import load_scenarios

ROOT = Path(__file__).parents[2]
FOLDER = "reference/scenarios"
CONCERNS = {
    Concern.CERTIFICATION_REVIEW: "Mews's certification review, which looks at API calls",
    Concern.OPERATION: "operation: no page says that Mews's review looks at it",
}
NEEDS = {
    "delivery": "",
    "processing": " --api 127.0.0.1:8088",
    "streaming": " --websocket 127.0.0.1:8089 --api 127.0.0.1:8088",
}
"""The options that a scenario of each stage needs."""


def pages() -> Iterator[tuple[str, str]]:
    """Yield the list of scenarios, and the page of each one."""
    scenarios = load_scenarios()
    sections = {fact.id: section.title for section in load_sections() for fact in section.facts}
    flaws = _flaws()
    yield f"{FOLDER}/index.md", "\n\n".join(_index(scenarios)) + "\n"
    for scenario in scenarios:
        blocks = _page(scenario, sections, flaws.get(scenario.id, ()))
        yield f"{FOLDER}/{scenario.id}.md", "\n\n".join(blocks) + "\n"


def _flaws() -> Mapping[str, tuple[str, ...]]:
    """Return the flaws of the shipped demo partner that each scenario detects."""
    text = (ROOT / "tests" / "scenarios" / "flaws.toml").read_text("utf-8")
    return {
        scenario_id: tuple(flaw for flaw in entry["flaws"] if flaw in PARTNER_KINDS)
        for scenario_id, entry in tomllib.loads(text).items()
    }


def _index(scenarios: Iterable[Scenario]) -> Iterator[str]:
    yield "# Scenarios"
    yield (
        "Every scenario of a certification, by area. Each has a page that says what it does, what "
        "Mews's documentation says, and how to fix a failure, as `mews explain REC-04` does. "
        "[Scenario files](../../scenarios.md) explains the files that define them."
    )
    areas: dict[str, list[Scenario]] = {}
    for scenario in scenarios:
        areas.setdefault(scenario.id.partition("-")[0], []).append(scenario)
    for area, members in areas.items():
        yield f"## {AREAS[area]} {{ #{area} }}"
        rows = [
            (f"[{scenario.id}]({scenario.id}.md)", scenario.title, scenario.level, scenario.basis)
            for scenario in members
        ]
        yield table(("Scenario", "Title", "Level", "Basis"), rows)


def _page(scenario: Scenario, sections: Mapping[str, str], flaws: Iterable[str]) -> Iterator[str]:
    yield f"# {scenario.id}: {scenario.title}"
    yield (
        f"**{scenario.level}**, {scenario.basis}, stage {scenario.stage}. It matters for "
        f"{CONCERNS[scenario.concern]}. [All scenarios](index.md)"
    )
    yield f"## Why it matters {{ #why }}\n\n{scenario.why}"
    yield "## What the documentation says { #sources }"
    yield "\n".join(_fact(fact, sections[fact.id]) for fact in scenario.facts)
    yield "## What happens { #steps }"
    steps = [f"1. `{step.do}`{_about(step)}: {_first_sentence(step)}" for step in scenario.steps]
    yield "\n".join(steps) if steps else "Nothing is sent; the harness looks at what is there."
    yield "## What is checked { #checks }"
    yield "\n".join(map(_expectation, scenario.expectations))
    yield f"## How to fix a failure {{ #fix }}\n\n{scenario.remedy}"
    yield "## Run it alone { #run }"
    command = f"mews certify URL{NEEDS[scenario.stage]} {scenario.id}"
    yield f"```sh\n{command}\n```"
    demos = [f"mews certify demo:{flaw} {scenario.id}" for flaw in flaws]
    if demos:
        yield "The demo partner with a flaw shows what a failure looks like:"
        yield "```sh\n" + "\n".join(demos) + "\n```"
    yield "## The scenario file { #file }"
    (path,) = ROOT.glob(f"scenarios/*/{scenario.id}.toml")
    yield f"`{path.relative_to(ROOT)}`; [its vocabulary](../../scenarios.md):"
    yield f"```toml\n{path.read_text('utf-8').strip()}\n```"


def _fact(fact: Fact, section: str) -> str:
    basis = "" if fact.is_documented else "*Inferred*, not documented: "
    source = f"[{fact.source.page}]({fact.source.url}), {fact.source.revision_text}"
    anchor = section.lower().replace(" ", "-")
    return f"- {basis}{fact.text} ({source}; [{fact.id}](../../requirements.md#{anchor}))"


def _about(step: Step) -> str:
    message = getattr(step, "message", "")
    return f" *{message}*" if message else ""


def _first_sentence(step: Step) -> str:
    text = " ".join((inspect.getdoc(type(step)) or "").partition("\n\n")[0].split())
    return text[:1].upper() + text[1:]


def _expectation(expectation: Expectation) -> str:
    check = CHECKS[expectation.check]
    of = f" (of {', '.join(f'*{name}*' for name in expectation.of)})" if expectation.of else ""
    text = " ".join(check.documentation.split())
    return f"- **{expectation.level}** `{check.name}`{of}: {text}"
