"""The documents agree with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_mews.checks import CHECKS
from pytest_mews.config import profiles
from pytest_mews.demo import NAMES
from pytest_mews.execution import CONNECTOR_STEPS, DELIVERY_STEPS, WEBSOCKET_STEPS
from pytest_mews.mews.use_cases import USE_CASES
from pytest_mews.model import ScenarioResult, Verdict
from pytest_mews.model.delivery_profile import Parameter
from pytest_mews.options import OPTIONS
from pytest_mews.reports import OUTPUTS
from pytest_mews.reports.report_files import Output
from pytest_mews.scenarios import loader
from pytest_mews.senders.connector import GENERATORS
from pytest_mews.session.junit import properties

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
OPTION_DOCS = (ROOT / "docs" / "options.md").read_text("utf-8")
SCENARIO_DOCS = (ROOT / "docs" / "scenarios.md").read_text("utf-8")
CI_DOCS = (ROOT / "docs" / "ci.md").read_text("utf-8")
PARAMETERS = [
    parameter
    for name in profiles.profile_names()
    for parameter in profiles.load_profile(name).parameters
]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flag)
def test_every_option_is_in_the_readme_with_its_default(option: object) -> None:
    """The options table has a row for each option, and the default that the code has."""
    flag, default = option.flag, option.default  # type: ignore[attr-defined]
    (row,) = [line for line in README.splitlines() if re.match(rf"\| `{flag}[ `]", line)]
    if default:
        assert f"`{default}`" in row


def test_the_readme_has_no_option_too_many() -> None:
    """An option that the README names exists."""
    named = set(re.findall(r"--mews-[a-z-]+", README + OPTION_DOCS))
    assert named <= {option.flag for option in OPTIONS}


def test_the_readme_counts_the_scenarios() -> None:
    """The README has the present number of scenarios."""
    assert f"{len(loader.load_scenarios())} scenarios" in README


def test_flaws_that_the_readme_names_exist() -> None:
    """`demo:NAME` in the README can be run."""
    assert set(re.findall(r"demo:([a-z-]+)", README)) <= set(NAMES)


@pytest.mark.parametrize(
    "name", sorted({*GENERATORS, *DELIVERY_STEPS, *CONNECTOR_STEPS, *WEBSOCKET_STEPS, *CHECKS})
)
def test_the_vocabulary_is_explained(name: str) -> None:
    """docs/scenarios.md explains each generator, step and check in a table row."""
    rows = [line.split("|")[1] for line in SCENARIO_DOCS.splitlines() if line.startswith("|")]
    assert any(f"`{name}`" in cell for cell in rows)


@pytest.mark.parametrize("name", USE_CASES)
def test_every_use_case_is_listed(name: str) -> None:
    """docs/options.md lists each use case."""
    assert f"`{name}`" in OPTION_DOCS


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_every_parameter_is_explained(parameter: Parameter) -> None:
    """docs/options.md has a row for each parameter, with its value."""
    (row,) = [line for line in OPTION_DOCS.splitlines() if line.startswith(f"| `{parameter.name}`")]
    value = parameter.value
    shown = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    assert (shown or "none") in row


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda output: output.name)
def test_every_output_is_listed(output: Output) -> None:
    """docs/ci.md lists each file of the report in its one table."""
    rows = [line for line in CI_DOCS.splitlines() if line.startswith("|")]
    assert any(f"`{output.name}`" in row for row in rows)


def test_every_junit_property_is_explained() -> None:
    """docs/ci.md lists each property of a test case."""
    result = ScenarioResult(loader.load_scenarios()[0], Verdict.PASS, "")
    for name, _ in properties(result):
        assert f"| `{name}` |" in CI_DOCS


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")))
def test_links_lead_somewhere(path: Path) -> None:
    """A relative link in a document leads to a file of the repository."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text("utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_makefile_has_the_commands_of_the_readme() -> None:
    """Every `make` command in README and CONTRIBUTING is a target."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for target in set(re.findall(r"make ([a-z]+)", README + contributing)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
