"""Delivery profiles say where each figure comes from, and refuse overrides out of bounds."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from pytest_mews.config import profiles
from pytest_mews.errors import UsageError

NAMES = ("2022-08", "2026-04")
VALID = (resources.files("pytest_mews.mews.profiles") / "2026-04.toml").read_text(encoding="utf-8")


def test_the_profiles_are_listed_oldest_first() -> None:
    """A profile file is all it takes to offer a profile."""
    assert profiles.names() == NAMES


def test_the_default_profile_has_the_documented_figures() -> None:
    """The figures of contract and documentation are those that are played."""
    loaded = profiles.load("2026-04")
    assert {parameter.name: parameter.value for parameter in loaded.parameters} == {
        "timeout_s": 5,
        "attempts": 3,
        "retry_interval_s": 180,
        "lag_s": (120, 300),
        "batch_limit": 500,
        "redirect_statuses": (307, 308),
        "redirect_hops": 5,
    }


def test_what_2022_did_not_document_is_assumed() -> None:
    """The old revision gave no figure for the timeout and did not mention redirects."""
    loaded = profiles.load("2022-08")
    assert loaded["timeout_s"].origin == "assumed"
    assert loaded["attempts"].origin == "documented"
    assert loaded["redirect_statuses"].value == ()
    assert loaded["redirect_statuses"].origin == "assumed"


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_documented_with_its_page_or_assumed_with_a_reason(name: str) -> None:
    """No figure stands without provenance."""
    for parameter in profiles.load(name).parameters:
        assert parameter.note
        assert bool(re.search(r"revision \d{4}-\d\d", parameter.source)) == (
            parameter.origin == "documented"
        )


def test_an_unknown_profile_is_refused_with_a_close_name() -> None:
    """A slip in the name is recognised."""
    with pytest.raises(UsageError, match=r"--mews-profile: '2026-4'.*Did you mean 2026-04\?"):
        profiles.load("2026-4")


@pytest.mark.parametrize(
    ("assignment", "name", "value"),
    [
        ("timeout_s=2.5", "timeout_s", 2.5),
        (" attempts = 1 ", "attempts", 1),
        ("retry_interval_s=0", "retry_interval_s", 0),
        ("lag_s=0,10", "lag_s", (0, 10)),
        ("batch_limit=10000", "batch_limit", 10_000),
        ("redirect_statuses=308", "redirect_statuses", (308,)),
        ("redirect_statuses=", "redirect_statuses", ()),
        ("redirect_hops=20", "redirect_hops", 20),
    ],
)
def test_an_override_replaces_the_value_and_its_origin(
    assignment: str, name: str, value: object
) -> None:
    """An overridden figure never passes for a documented one."""
    before = profiles.load("2026-04")
    after = profiles.override(before, [assignment])
    assert after[name].value == value
    assert (after[name].origin, after[name].source) == ("overridden", "")
    assert f"({before[name].origin})" in after[name].note
    assert [p for p in after.parameters if p.name != name] == [
        p for p in before.parameters if p.name != name
    ]


def test_the_last_override_of_a_name_wins() -> None:
    """The command line may repeat what a script already set."""
    after = profiles.override(profiles.load("2026-04"), ["attempts=2", "attempts=4"])
    assert after["attempts"].value == 4


@pytest.mark.parametrize(
    ("assignment", "remedy"),
    [
        ("attempts", "NAME=VALUE"),
        ("attemps=3", "Did you mean attempts?"),
        ("=3", "There are: timeout_s"),
        ("attempts=", "a whole number of attempts from 1 to 10"),
        ("attempts=0", "from 1 to 10"),
        ("attempts=11", "from 1 to 10"),
        ("attempts=2.5", "a whole number"),
        ("timeout_s=0", "from 0.1 to 60"),
        ("timeout_s=61", "from 0.1 to 60"),
        ("timeout_s=nan", "a number of seconds"),
        ("timeout_s=inf", "a number of seconds"),
        ("timeout_s=five", "a number of seconds"),
        ("retry_interval_s=-1", "from 0 to 3600"),
        ("lag_s=5", "such as 120,300"),
        ("lag_s=300,120", "such as 120,300"),
        ("lag_s=1,2,3", "such as 120,300"),
        ("lag_s=1,x", "such as 120,300"),
        ("batch_limit=0", "from 1 to 10000"),
        ("redirect_statuses=302", "from 307 to 308"),
        ("redirect_statuses=307,307", "from 307 to 308"),
        ("redirect_hops=21", "from 0 to 20"),
    ],
)
def test_a_wrong_override_is_refused_with_what_is_allowed(assignment: str, remedy: str) -> None:
    """The message names the option, what was typed, and the allowed range."""
    with pytest.raises(UsageError, match=r"^--mews-profile-set: ") as caught:
        profiles.override(profiles.load("2026-04"), [assignment])
    assert repr(assignment) in str(caught.value)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        ("value = 3", "value = 0", "attempts must be"),
        ("value = 3", "value = true", "attempts must be"),
        ('origin = "assumed"', 'origin = "guessed"', "must be documented with a source"),
        ('origin = "assumed"', 'origin = "documented"', "must be documented with a source"),
        ("[attempts]", "[tries]", "instead of"),
    ],
)
def test_a_profile_file_that_breaks_the_bounds_is_never_loaded(
    good: str, bad: str, problem: str
) -> None:
    """Profile files are held to the same bounds as overrides, and to provenance."""
    assert good in VALID
    with pytest.raises(ValueError, match=problem):
        profiles.parse("test", VALID.replace(good, bad, 1))
