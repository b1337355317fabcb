"""Scenario files of the user's own: they run beside all others, and errors have their place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.errors import ScenarioFileError, UsageError
from pytest_mews.model import Scenario
from pytest_mews.model.scenario import Concern
from pytest_mews.run.replayer import Replayer, ReplayOutcome, read_replay_files
from pytest_mews.scenarios.toml_lines import line_of
from tests.report_reader import read_report

ROOT = Path(__file__).parents[2]
DOCUMENTED = ROOT / "docs" / "own-scenarios"
EXAMPLE = (DOCUMENTED / "large-groups.toml").read_text("utf-8")
NAME = "X-GROUP-300"
FAST = ("--mews-time-scale", "0.001")
BuildSettings = Callable[..., Settings]


def load(folder: Path, settings: BuildSettings, text: str) -> tuple[Scenario, ...]:
    """Load one file of a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "mine.toml").write_text(text, "utf-8")
    return settings("demo", scenarios=[str(folder)]).own_scenarios


@pytest.mark.parametrize(("target", "verdict"), [("demo", "pass"), ("demo:body-limit", "fail")])
def test_the_example_of_the_documentation_runs(
    pytester: pytest.Pytester, target: str, verdict: str
) -> None:
    """It is selected as any other scenario, and reported as the user's own."""
    options = ("--mews-target", target, "--mews-scenarios", str(DOCUMENTED), *FAST)
    result = pytester.runpytest(*options, "-k", f"PRE or {NAME}")
    assert result.ret == (verdict == "fail")
    report = read_report(pytester.path)
    (own,) = [item for item in report["scenarios"] if item["id"] == NAME]
    assert own["verdict"] == verdict
    assert (own["basis"], own["concern"], own["sources"]) == ("own", "operation", [])
    assert f"--mews-scenarios {DOCUMENTED}" in report["command"]
    page = (pytester.path / "mews-report" / "selection" / "certification.html").read_text("utf-8")
    assert "Your own scenarios" in page
    if verdict == "fail":
        assert "Your own scenario</h4>" in page
        assert "no page of Mews's documentation is its source" in page
        result.stdout.fnmatch_lines([f"{NAME} A group of 300 guests * (MUST, own)"])


def test_a_failure_is_replayed_with_its_file(
    pytester: pytest.Pytester, settings: BuildSettings
) -> None:
    """Without --mews-scenarios the replay says what is missing."""
    target = ("--mews-target", "demo:body-limit", "--mews-scenarios", str(DOCUMENTED))
    pytester.runpytest(*target, *FAST, f"mews::{NAME}")
    path = pytester.path / "mews-report" / "selection" / "replays" / f"{NAME}.json"
    (file,) = read_replay_files([str(path)], pytester.path)
    for options, outcome in (
        ({"scenarios": [str(DOCUMENTED)]}, ReplayOutcome.STILL_FAILING),
        ({}, ReplayOutcome.INCONCLUSIVE),
    ):
        chosen = settings("demo:body-limit", **options)
        scenarios = {scenario.id: scenario for scenario in chosen.scenarios}
        replayer = Replayer(chosen, [file.case], scenarios)
        try:
            result = replayer.replay(file.case)
        finally:
            replayer.close()
        assert result.outcome is outcome
    assert "--mews-scenarios" in result.reason


def test_own_scenarios_come_last(settings: BuildSettings, tmp_path: Path) -> None:
    """Files are found in folders of the folder; their order is that of the ids."""
    shutil.copytree(DOCUMENTED, tmp_path / "mine" / "below")
    (tmp_path / "mine" / "a.toml").write_text(EXAMPLE.replace(NAME, "X-B"), "utf-8")
    (tmp_path / "mine" / "b.toml").write_text(EXAMPLE.replace(NAME, "X-A-1"), "utf-8")
    chosen = settings("demo", scenarios=[str(tmp_path / "mine")])
    assert [scenario.id for scenario in chosen.scenarios][-3:] == ["X-A-1", "X-B", NAME]
    assert {scenario.area for scenario in chosen.own_scenarios} == {"X"}


def test_the_certification_review_is_not_concerned(settings: BuildSettings, tmp_path: Path) -> None:
    """Mews doesn't know the scenario, even if it is about calls to the Connector API."""
    text = EXAMPLE.replace('stage = "delivery"', 'stage = "processing"')
    (scenario,) = load(tmp_path / "mine", settings, text)
    assert scenario.concern is Concern.OPERATION


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (NAME, "REC-99", "line 1: id: 'REC-99' is not the id of a scenario of your own. Begin it"),
        (NAME, "X-group", "line 1: id: 'X-group' is not the id"),
        ('"own"', '"documented"', "line 5: basis: 'documented' is not the basis"),
        ('basis = "own"\n', "", ": 'basis' is missing. Write basis = "),
        ('basis = "own"', 'basis = "own"\nfacts = ["G-30"]', "line 6: 'facts' is for the scen"),
        ('"own"', '"own"\nprecondition = true', "line 6: 'precondition' is for the scenarios"),
        ("MUST", "WILL", "line 3: level: 'WILL' is not a possible value"),
        ('"batch"', '"bach"', "line 11: message, group, generator: 'bach' is not a possible"),
        ("min_events", "min_event", "line 12: message, group: 'min_event' is not an argument"),
        ("= 300", '= "300"', "line 12: message, group: '300' is no value of min_events. Give a wh"),
        ("= 300", "= true", "line 12: message, group: 'True' is no value of min_events"),
        ("= 400", "= [1]", "'[1]' is no value of max_events. Give a whole number from 0"),
        (
            "max_events = 400",
            "max_events = 400\nenterprise = 7",
            "line 14: message, group, enterprise: '7' is the number of an enterprise, and there",
        ),
        (
            '"batch"\nmin_events = 300\nmax_events = 400',
            '"repeated-updates"\nmessages = 0',
            "line 10: message, group: 'repeated-updates' generates no message with these arg",
        ),
        (
            '"batch"\nmin_events = 300\nmax_events = 400',
            '"over-limit"\nsizes = []',
            "line 12: message, group: '[]' is no value of sizes. Give an array of at least one",
        ),
        (
            '"batch"\nmin_events = 300\nmax_events = 400',
            '"websocket-event"',
            "line 14: step 1, do: 'deliver' sends group to the endpoint, and it is for the WebS",
        ),
        ("= 400", "= 3", "line 10: message, group: '300, 3' is not a range"),
        ("[message.group]", "[message.preflight]", "line 10: 'preflight' is no name for a message"),
        ('message = "group"', 'message = "groop"', "step 1: 'groop' is not a message of the file"),
        ('"drop-response"', '"drop"', "line 18: step 1, faults: 'drop' is not a possible value"),
        ("faults =", "fault =", "line 18: step 1: 'fault' is not a key of deliver. Did you mean"),
        ('do = "deliver"', 'do = "deliverr"', "line 16: step 1, do: 'deliverr' is not a step"),
        ('that = "accepted"', 'that = "acepted"', "line 21: expect 1, that: 'acepted' is not"),
        ('that = "accepted"', 'of = ["x"]\nthat = "accepted"', "line 20: expect 1: 'x' is not a m"),
        ('"SHOULD"', "SHOULD", "'the file' is not TOML: Invalid value (at line 25"),
        (
            'faults = ["drop-response"]',
            '[[step]]\ndo = "websocket-ping"',
            "line 18: step 2: 'websocket-ping' uses the WebSocket emulator, which need not run in",
        ),
        (
            'faults = ["drop-response"]',
            '[[step]]\ndo = "wait-until-fetched"',
            "line 18: step 2: 'wait-until-fetched' uses the Connector API emulator",
        ),
        (
            'basis = "own"',
            'basis = "own"\nrequires = ["websocket-client"]',
            "line 6: requires: 'websocket-client' is for the Streaming stage",
        ),
        (
            'do = "deliver"\nmessage = "group"\nfaults = ["drop-response"]',
            'do = "send"\nmessage = "group"\ntoken = "wrongest"',
            "line 18: step 1, token: 'wrongest' is not a variant of the token. Did you mean wrong?",
        ),
    ],
)
def test_an_error_has_its_line(
    settings: BuildSettings, tmp_path: Path, old: str, new: str, shown: str
) -> None:
    """The message has the file, the line, the key, the value and the remedy."""
    assert old in EXAMPLE
    with pytest.raises(ScenarioFileError) as caught:
        load(tmp_path / "mine", settings, EXAMPLE.replace(old, new))
    assert str(caught.value).startswith(str(tmp_path / "mine" / "mine.toml"))
    assert shown in str(caught.value)


def test_an_operation_that_is_not_served(settings: BuildSettings, tmp_path: Path) -> None:
    """A fault in it would never be injected."""
    step = '[[step]]\ndo = "inject-api-fault"\nfault = "500"\nof = ["group"]\noperation = "bills"\n'
    text = EXAMPLE.replace('"delivery"', '"processing"').replace("[[step]]", f"{step}\n[[step]]", 1)
    with pytest.raises(ScenarioFileError, match="step 1, operation: 'bills' is not an operation"):
        load(tmp_path / "mine", settings, text)


def test_two_files_with_one_id(settings: BuildSettings, tmp_path: Path) -> None:
    """The message names both files."""
    shutil.copytree(DOCUMENTED, tmp_path / "other")
    folders = [str(DOCUMENTED), str(tmp_path / "other")]
    with pytest.raises(ScenarioFileError) as caught:
        settings("demo", scenarios=folders)
    for folder in folders:
        assert f"{folder}/large-groups.toml" in str(caught.value)


def test_a_webhook_on_the_websocket(settings: BuildSettings, tmp_path: Path) -> None:
    """It would never be sent."""
    deliver = 'do = "deliver"\nmessage = "group"\nfaults = ["drop-response"]'
    text = EXAMPLE.replace('"delivery"', '"streaming"').replace(
        deliver, 'do = "websocket-send"\nmessage = "group"'
    )
    with pytest.raises(ScenarioFileError, match="step 1, do: 'websocket-send' sends group on the"):
        load(tmp_path / "mine", settings, text)


def test_folders_that_overlap(settings: BuildSettings, tmp_path: Path) -> None:
    """A file counts once, however its folder is named; a folder x.toml is no file."""
    shutil.copytree(DOCUMENTED, tmp_path / "mine" / "below")
    (tmp_path / "mine" / "folder.toml").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "mine" / "below")
    folders = [str(tmp_path / "mine"), str(tmp_path / "mine" / "below"), str(tmp_path / "link")]
    (scenario,) = settings("demo", scenarios=folders).own_scenarios
    assert scenario.id == NAME


def test_a_byte_order_mark_is_ignored(settings: BuildSettings, tmp_path: Path) -> None:
    """Editors on Windows write one."""
    (scenario,) = load(tmp_path / "mine", settings, "\ufeff" + EXAMPLE)
    assert scenario.id == NAME


@pytest.mark.parametrize(
    ("path", "problem"),
    [("none", "does not exist"), ("file", "is a file"), ("empty", "has no .toml file")],
)
def test_a_folder_without_files(
    settings: BuildSettings, tmp_path: Path, path: str, problem: str
) -> None:
    """The message names the option and the folder."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=problem) as caught:
        settings("demo", scenarios=[str(tmp_path / path)])
    assert "--mews-scenarios" in str(caught.value)


def test_a_folder_in_the_ini_file(pytester: pytest.Pytester) -> None:
    """It is relative to the ini file."""
    shutil.copytree(DOCUMENTED, pytester.path / "mine")
    pytester.makeini("[pytest]\nmews_target = demo\nmews_scenarios =\n    mine\n")
    result = pytester.runpytest("--collect-only", "-q", "-k", NAME)
    result.stdout.fnmatch_lines([f"mews::{NAME}"])


TEXT = """\
# a comment
first = 1
array = [
    "a",  # [table]
    "b",
]

[table]
key = '''
[other]
'''
inline = { deep = { deeper = 1 } }

[[item]]
name = "one"

[[item]]
name = "two"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (["first"], 2),
        (["array"], 3),
        (["array", 1], 3),
        (["table"], 8),
        (["table", "key"], 9),
        (["table", "inline", "deep", "deeper"], 12),
        (["item", 0], 14),
        (["item", 1, "name"], 18),
        (["item", 1, "missing"], 17),
        (["missing"], None),
        ([], None),
    ],
)
def test_the_line_of_a_value(path: list[str | int], line: int | None) -> None:
    """Of a value of several lines the first one; of a missing value its table's."""
    assert line_of(TEXT, path) == line
