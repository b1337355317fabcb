"""Waivers files: what is read, the errors, and the template."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from pytest_mews.acceptance import waivers_file
from pytest_mews.errors import UsageError
from pytest_mews.model import ScenarioResult, Verdict, Waiver
from pytest_mews.scenarios import loader

SCENARIOS = loader.load_scenarios()
ONE = next(scenario for scenario in SCENARIOS if scenario.id == "RET-02")
TODAY = date(2026, 11, 26)
GOOD = """
[[waiver]]
scenario = "RET-02"
reason = "the queue is replaced in spring"
owner = "ops@partner.example"
expires = 2027-03-31

[[waiver]]
scenario = "ERR-02"
reason = '''never
seen'''
owner = "ops"
expires = "2026-12-31"
"""


def _load(folder: Path, text: str) -> tuple[Waiver, ...]:
    path = folder / "waivers.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return waivers_file.load(path, SCENARIOS)


def test_dates_and_texts_are_read(tmp_path: Path) -> None:
    """A date may be a TOML date or a string; a reason of several lines becomes one line."""
    assert _load(tmp_path, GOOD) == (
        Waiver("RET-02", "the queue is replaced in spring", "ops@partner.example", "2027-03-31"),
        Waiver("ERR-02", "never seen", "ops", "2026-12-31"),
    )


def test_a_file_without_waivers_is_valid(tmp_path: Path) -> None:
    """The last waiver can be removed without a change to the command line."""
    assert _load(tmp_path, "# none\n") == ()


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ("[[waiver]]", "[[waivers]]", "unknown key in the file: `waivers`"),
        ("scenario = ", "szenario = ", "lacks `scenario` in waiver 1"),
        ('"RET-02"', "2", "`scenario` in waiver 1 that is not a string"),
        ("RET-02", "RET-2", "no scenario in waiver 1: 'RET-2'. Did you mean RET-"),
        ("RET-02", "PRE-01", "waives a preflight in waiver 1 (PRE-01)"),
        ("ERR-02", "RET-02", "waives RET-02 in waiver 1 and in waiver 2"),
        ("reason = '''", "raeson = '''", "unknown key in waiver 2 (ERR-02): `raeson`"),
        ('owner = "ops"', "", "lacks `owner` in waiver 2 (ERR-02)"),
        ('owner = "ops"', 'owner = " "', "empty `owner` in waiver 2 (ERR-02)"),
        ('"ops"', '"FILL IN: who"', "still has a placeholder as `owner` in waiver 2 (ERR-02)"),
        ('"ops"', '"o\\u001bps"', "control characters in the `owner` of waiver 2 (ERR-02)"),
        ("expires = 2027", "expired = 2027", "unknown key in waiver 1 (RET-02): `expired`"),
        ("expires = 2027-03-31", "", "lacks `expires` in waiver 1 (RET-02)"),
        ("2027-03-31", "2027-03-31T10:00:00Z", "`expires` in waiver 1 (RET-02) that is not a date"),
        ("2027-03-31", '"never"', "that is not a date. Give the last day"),
        ("2027-03-31", '"2027-02-30"', "that is not a date"),
        ("2027-03-31", '"20270331"', "that is not a date"),
        ("2027-03-31", "2027-02-30", "is not TOML"),
        ("ops", "\udcff", "is not UTF-8"),
    ],
)
def test_an_invalid_file_is_refused_with_the_place(
    tmp_path: Path, good: str, bad: str, message: str
) -> None:
    """The message names option, file and place."""
    assert good in GOOD
    with pytest.raises(UsageError) as error:
        _load(tmp_path, GOOD.replace(good, bad, 1))
    assert "--mews-waivers: " in str(error.value)
    assert "waivers.toml" in str(error.value)
    assert message in str(error.value)


def test_one_table_instead_of_several_is_refused(tmp_path: Path) -> None:
    """`[waiver]` is refused: it must be `[[waiver]]`."""
    with pytest.raises(UsageError, match="`waiver` in another form"):
        _load(tmp_path, GOOD.partition("\n\n")[0].replace("[[waiver]]", "[waiver]"))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """The message says that a folder can't be read."""
    with pytest.raises(UsageError, match="can't be read: is a directory"):
        waivers_file.load(tmp_path, SCENARIOS)


def _filled_in(text: str) -> str:
    return text.replace("FILL IN: why", "why").replace("FILL IN: who", "who")


def test_the_template_loads_when_it_is_filled_in(tmp_path: Path) -> None:
    """The template is refused until reason and owner are filled in."""
    failure = ScenarioResult(ONE, Verdict.FAIL, "expected a 2xx answer; 500")
    text = waivers_file.waivers_template([failure], [], TODAY)
    assert "# expected a 2xx answer; 500\n" in text
    with pytest.raises(UsageError, match=r"a placeholder as `reason` in waiver 1"):
        _load(tmp_path, text)
    [waiver] = _load(tmp_path, _filled_in(text))
    assert (waiver.scenario_id, waiver.expires) == ("RET-02", "2027-02-24")


def test_the_template_of_a_run_without_failures_says_so(tmp_path: Path) -> None:
    """The template is then a valid file without a waiver."""
    text = waivers_file.waivers_template([], [], TODAY)
    assert "There is no failure to waive" in text
    assert _load(tmp_path, text) == ()


def test_the_template_names_the_waiver_that_has_expired() -> None:
    """The new entry says that the old waiver has expired."""
    failure = ScenarioResult(ONE, Verdict.FAIL, "500")
    expired = Waiver("RET-02", "why", "who", "2026-11-25")
    assert "expired on 2026-11-25" in waivers_file.waivers_template([failure], [expired], TODAY)


def test_a_hostile_response_does_not_break_the_template(tmp_path: Path) -> None:
    """Line ends, escapes and NULs in a reason stay inside the comment."""
    reason = 'a\n[[waiver]]\nscenario = "x"\x00\x1b[31m\x7f\u2028\ud800'
    failure = ScenarioResult(replace(ONE, title="t\r\nt"), Verdict.FAIL, reason)
    text = waivers_file.waivers_template([failure], [], TODAY)
    assert len(tomllib.loads(text)["waiver"]) == 1
    assert text.encode("utf-8").isascii()
    assert len(_load(tmp_path, _filled_in(text))) == 1
