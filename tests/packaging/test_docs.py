"""The documents agree with the code."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from pytest_mews.causes.kind_texts import load_kind_texts
from pytest_mews.checks import CHECKS
from pytest_mews.config import profiles
from pytest_mews.mews.use_cases import USE_CASES
from pytest_mews.model import CauseKind, ScenarioResult, Verdict
from pytest_mews.model.delivery_profile import Parameter
from pytest_mews.model.scenario import Requirement
from pytest_mews.model.step import STEPS
from pytest_mews.options import OPTIONS
from pytest_mews.reports import OUTPUTS
from pytest_mews.reports.report_files import Output
from pytest_mews.run.applicability import CONDITIONS
from pytest_mews.scenarios import loader
from pytest_mews.senders.connector import CONNECTOR, GENERATORS
from pytest_mews.session.junit import properties
from tests.packaging.site_pages import site_pages

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
OPTION_DOCS = (ROOT / "docs" / "options.md").read_text("utf-8")
SCENARIO_DOCS = (ROOT / "docs" / "scenario-files.md").read_text("utf-8")
CI_DOCS = (ROOT / "docs" / "ci.md").read_text("utf-8")
PARAMETERS = [
    parameter
    for name in tuple(CONNECTOR.profiles)
    for parameter in profiles.load_profile(name, CONNECTOR.profiles).parameters
]


def test_the_schema_has_every_kind_of_cause() -> None:
    """The schema of the report has the kinds of `mews explain`, in the same order."""
    schema = json.loads((ROOT / "schemas" / "report.schema.json").read_text("utf-8"))
    kinds = [kind.value for kind in CauseKind]
    assert list(load_kind_texts()) == kinds
    assert schema["$defs"]["cause"]["properties"]["kind"]["enum"] == kinds


def test_the_readme_has_no_option_too_many() -> None:
    """An option that the README names exists."""
    named = set(re.findall(r"(?<!-)--mews-[a-z-]+", README + OPTION_DOCS))
    assert named <= {option.flag for option in OPTIONS}


def test_the_readme_counts_the_scenarios() -> None:
    """The README has the present number of scenarios."""
    assert f"{len(loader.load_scenarios())} scenarios" in README


def test_the_commands_of_the_options_page_are_those_of_mews_certify() -> None:
    """As the page says: a reader of the tutorial has never run pytest."""
    text = (ROOT / "docs" / "options.md").read_text("utf-8")
    assert re.findall(r"^    mews certify URL --", text, re.MULTILINE)
    assert re.findall(r"^    pytest .*$", text, re.MULTILINE) == []


@pytest.mark.parametrize("name", ["README.md", "docs/tutorial.md"])
def test_the_counts_of_a_shown_summary_add_up(name: str) -> None:
    """Those of a stage in an example of the terminal are all scenarios of the stage."""
    text = (ROOT / name).read_text("utf-8")
    rows = re.findall(
        r"^  (delivery|processing|streaming) +[a-z ]+? +(\d+ .*)$", text, re.MULTILINE
    )
    assert rows
    expected = Counter(str(scenario.stage) for scenario in loader.load_scenarios())
    for stage, counts in rows:
        assert sum(map(int, re.findall(r"\d+", counts))) == expected[stage], (stage, counts)


@pytest.fixture(scope="module")
def shipped_partners() -> dict[str, str]:
    """The demo partners that the package has without those of the tests, with descriptions."""
    command = [sys.executable, "-m", "pytest_mews", "demo", "--list"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(line.split(maxsplit=1) for line in done.stdout.splitlines())


def test_every_demo_partner_is_listed(shipped_partners: dict[str, str]) -> None:
    """docs/demo.md has a row for each demo partner that comes with the package."""
    text = (ROOT / "docs" / "demo.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.*) \|$", text, re.MULTILINE)
    assert rows == list(shipped_partners.items())


@pytest.mark.parametrize(
    "path",
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "docs" / "generate_reading.py",
        *sorted(ROOT.glob("docs/*.md")),
    ],
    ids=lambda path: path.name,
)
def test_demo_partners_that_a_document_names_are_shipped(
    path: Path, shipped_partners: dict[str, str]
) -> None:
    """`demo:NAME` in a document can be run."""
    named = set(re.findall(r"\bdemo:([a-z0-9-]+)", path.read_text("utf-8")))
    assert named <= shipped_partners.keys()


def test_the_vocabulary_is_explained() -> None:
    """docs/scenario-files.md explains each generator, step and check in a table row."""
    rows = [line.split("|")[1] for line in SCENARIO_DOCS.splitlines() if line.startswith("|")]
    for name in (*GENERATORS, *STEPS, *CHECKS, *Requirement, *CONDITIONS):
        assert any(f"`{name}`" in cell for cell in rows), name


@pytest.mark.parametrize(
    ("render", "path"),
    [("render_page", "docs/scenario-files.md"), ("render_schema", "schemas/scenario.schema.json")],
)
def test_steps_and_checks_are_those_of_the_code(render: str, path: str) -> None:
    """Their tables in the documentation and their schemas are up to date."""
    text = (ROOT / path).read_text("utf-8")
    generator = runpy.run_path(str(ROOT / "docs" / "generate_scenarios.py"))
    assert generator[render](text) == text, "run .venv/bin/python docs/generate_scenarios.py"


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
    """A relative link in a document leads to a file of the repository, or to a generated page."""
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text("utf-8")):
        if "://" not in target and not (path.parent / target).exists():
            page = (path.parent / target).resolve().relative_to(ROOT / "docs")
            assert str(page) in site_pages(), target


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/**/*.md")), ids=lambda path: path.name)
def test_yaml_in_a_document_is_valid(path: Path) -> None:
    """A recipe can be copied into a file."""
    for block in re.findall(
        r"^```yaml\n(.*?)^```$", path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        assert yaml.safe_load(block)


@pytest.mark.parametrize(
    "path",
    sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/README.md")]),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_own_shell_of_a_reader_expands_no_variable_of_the_service(path: Path) -> None:
    """It expands variables within double quotes, where single quotes are ordinary characters."""
    for command in re.findall(r"\"sh -c '[^'\n]*'\"", path.read_text("utf-8")):
        assert not re.search(r"(?<!\\)\$", command)


def test_makefile_has_the_commands_of_the_readme() -> None:
    """Every `make` command in README and CONTRIBUTING is a target."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    for target in set(re.findall(r"make ([a-z]+(?:-[a-z]+)*)", README + contributing)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
