"""Waivers files: what is read, what each mistake is told, and the template."""

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

SCENARIOS = loader.load()
ONE = next(each for each in SCENARIOS if each.id == "RET-02")
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
    """A TOML date and a text say the same; a reason over lines becomes one line."""
    assert _load(tmp_path, GOOD) == (
        Waiver("RET-02", "the queue is replaced in spring", "ops@partner.example", "2027-03-31"),
        Waiver("ERR-02", "never seen", "ops", "2026-12-31"),
    )


def test_a_file_without_waivers_is_fine(tmp_path: Path) -> None:
    """The last waiver can be taken out without touching the command line."""
    assert _load(tmp_path, "# none\n") == ()


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("[[waiver]]", "[[waivers]]", "unknown in the file: `waivers`"),
        ("scenario = ", "szenario = ", "lacks `scenario` in waiver 1"),
        ('"RET-02"', "2", "`scenario` in waiver 1 that is not a string"),
        ("RET-02", "RET-2", "no scenario in waiver 1: 'RET-2'. Did you mean RET-"),
        ("RET-02", "PRE-01", "waives a preflight in waiver 1 (PRE-01)"),
        ("ERR-02", "RET-02", "waives RET-02 in waiver 1 and in waiver 2"),
        ("reason = '''", "raeson = '''", "unknown in waiver 2 (ERR-02): `raeson`"),
        ('owner = "ops"', "", "lacks `owner` in waiver 2 (ERR-02)"),
        ('owner = "ops"', 'owner = " "', "empty `owner` in waiver 2 (ERR-02)"),
        ('"ops"', '"FILL IN: who"', "`owner` in waiver 2 (ERR-02) that was not filled in"),
        ('"ops"', '"o\\u001bps"', "control characters in the `owner` of waiver 2 (ERR-02)"),
        ("expires = 2027", "expired = 2027", "unknown in waiver 1 (RET-02): `expired`"),
        ("expires = 2027-03-31", "", "lacks `expires` in waiver 1 (RET-02)"),
        ("2027-03-31", "2027-03-31T10:00:00Z", "`expires` in waiver 1 (RET-02) that is not a date"),
        ("2027-03-31", '"never"', "that is not a date. Give the last day"),
        ("2027-03-31", '"2027-02-30"', "that is not a date"),
        ("2027-03-31", '"20270331"', "that is not a date"),
        ("2027-03-31", "2027-02-30", "is not TOML"),
        ("ops", "\udcff", "is not UTF-8"),
    ],
)
def test_a_bad_file_is_refused_with_the_place(
    tmp_path: Path, good: str, bad: str, said: str
) -> None:
    """The message names option, file and place."""
    assert good in GOOD
    with pytest.raises(UsageError) as mistake:
        _load(tmp_path, GOOD.replace(good, bad, 1))
    assert "--mews-waivers: " in str(mistake.value)
    assert "waivers.toml" in str(mistake.value)
    assert said in str(mistake.value)


def test_one_table_instead_of_several_is_refused(tmp_path: Path) -> None:
    """`[waiver]` is not `[[waiver]]`."""
    with pytest.raises(UsageError, match="as `waiver`"):
        _load(tmp_path, GOOD.partition("\n\n")[0].replace("[[waiver]]", "[waiver]"))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """What can't be read is said to be just that."""
    with pytest.raises(UsageError, match="can't be read: is a directory"):
        waivers_file.load(tmp_path, SCENARIOS)


def _filled_in(text: str) -> str:
    return text.replace("FILL IN: why", "why").replace("FILL IN: who", "who")


def test_the_template_loads_when_it_is_filled_in(tmp_path: Path) -> None:
    """It is TOML, refused as it is, and right after reason and owner were filled in."""
    failure = ScenarioResult(ONE, Verdict.FAIL, "expected a 2xx answer; 500")
    text = waivers_file.template([failure], [], TODAY)
    assert "# expected a 2xx answer; 500\n" in text
    with pytest.raises(UsageError, match=r"`reason` in waiver 1 .* that was not filled in"):
        _load(tmp_path, text)
    [waiver] = _load(tmp_path, _filled_in(text))
    assert (waiver.scenario, waiver.expires) == ("RET-02", "2027-02-24")


def test_the_template_of_a_run_without_failures_says_so(tmp_path: Path) -> None:
    """It is a valid file without a waiver, and no stale one stays."""
    text = waivers_file.template([], [], TODAY)
    assert "There is no failure to waive" in text
    assert _load(tmp_path, text) == ()


def test_the_template_names_the_waiver_that_has_expired() -> None:
    """Whoever adds the entry to his file is told to replace the old one."""
    failure = ScenarioResult(ONE, Verdict.FAIL, "500")
    held = Waiver("RET-02", "why", "who", "2026-11-25")
    assert "expired on 2026-11-25" in waivers_file.template([failure], [held], TODAY)


def test_a_hostile_answer_does_not_break_the_template(tmp_path: Path) -> None:
    """Line ends, escapes and NULs in a reason stay within the comment."""
    reason = 'a\n[[waiver]]\nscenario = "x"\x00\x1b[31m\x7f\u2028\ud800'
    odd = ScenarioResult(replace(ONE, title="t\r\nt"), Verdict.FAIL, reason)
    text = waivers_file.template([odd], [], TODAY)
    assert len(tomllib.loads(text)["waiver"]) == 1
    assert text.encode("utf-8").isascii()
    assert len(_load(tmp_path, _filled_in(text))) == 1
