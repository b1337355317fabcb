"""Delivery profiles: the source of each figure, and overrides within bounds."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from pytest_mews.config import profiles
from pytest_mews.errors import UsageError
from pytest_mews.senders.connector import CONNECTOR

NAMES = ("2022-08", "2026-04", "2026-08")
VALID = (resources.files("pytest_mews.mews.profiles") / "2026-04.toml").read_text(encoding="utf-8")


def test_the_profiles_are_listed_oldest_first() -> None:
    """A new profile needs nothing but its file."""
    assert tuple(CONNECTOR.profiles) == NAMES


def test_the_default_profile_has_the_documented_figures() -> None:
    """The harness uses the documented figures."""
    profile = profiles.load_profile("2026-08", CONNECTOR.profiles)
    assert {parameter.name: parameter.value for parameter in profile.parameters} == {
        "timeout_s": 5,
        "attempts": 3,
        "retry_interval_s": 180,
        "lag_s": (0, 300),
        "batch_limit": 500,
        "redirect_statuses": (307, 308),
        "redirect_hops": 5,
    }


def test_figures_missing_in_the_2022_documentation_are_assumed() -> None:
    """The old revision has no figure for the timeout and does not mention redirects."""
    profile = profiles.load_profile("2022-08", CONNECTOR.profiles)
    assert profile["timeout_s"].origin == "assumed"
    assert profile["attempts"].origin == "documented"
    assert profile["redirect_statuses"].value == ()
    assert profile["redirect_statuses"].origin == "assumed"


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_has_a_source_or_a_reason(name: str) -> None:
    """A documented figure has a page and a revision, an assumed one a note."""
    for parameter in profiles.load_profile(name, CONNECTOR.profiles).parameters:
        assert parameter.note
        assert bool(re.search(r"revision \d{4}-\d\d", parameter.source)) == (
            parameter.origin == "documented"
        )


def test_an_unknown_profile_is_rejected_with_a_suggestion() -> None:
    """The closest name is suggested."""
    with pytest.raises(UsageError, match=r"--mews-profile: '2026-4'.*Did you mean 2026-04\?"):
        profiles.load_profile("2026-4", CONNECTOR.profiles)


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
    """An overridden figure is never shown as documented."""
    before = profiles.load_profile("2026-04", CONNECTOR.profiles)
    after = profiles.override_profile(before, [assignment])
    assert after[name].value == value
    assert (after[name].origin, after[name].source) == ("overridden", "")
    assert f"({before[name].origin})" in after[name].note
    assert [p for p in after.parameters if p.name != name] == [
        p for p in before.parameters if p.name != name
    ]


def test_the_last_override_of_a_name_wins() -> None:
    """The command line can repeat an override that a script has set."""
    after = profiles.override_profile(
        profiles.load_profile("2026-04", CONNECTOR.profiles), ["attempts=2", "attempts=4"]
    )
    assert after["attempts"].value == 4


@pytest.mark.parametrize(
    ("assignment", "remedy"),
    [
        ("attempts", "NAME=VALUE"),
        ("attemps=3", "Did you mean attempts?"),
        ("=3", "Known: timeout_s"),
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
def test_a_wrong_override_is_rejected_with_the_allowed_values(assignment: str, remedy: str) -> None:
    """The message has the option, the assignment, and the allowed range."""
    with pytest.raises(UsageError, match=r"^--mews-profile-set: ") as caught:
        profiles.override_profile(
            profiles.load_profile("2026-04", CONNECTOR.profiles), [assignment]
        )
    assert repr(assignment) in str(caught.value)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("valid", "invalid", "problem"),
    [
        ("value = 3", "value = 0", "attempts must be"),
        ("value = 3", "value = true", "attempts must be"),
        ('fact = "T-58"', 'fact = "T-99"', "must name a documented fact"),
        ('fact = "T-58"', 'fact = "T-31"', "must name a documented fact"),  # inferred
        ("[attempts]", "[tries]", "instead of"),
    ],
)
def test_an_invalid_profile_file_is_not_loaded(valid: str, invalid: str, problem: str) -> None:
    """Profile files have the same bounds as overrides, and name documented facts."""
    assert valid in VALID
    with pytest.raises(ValueError, match=problem):
        profiles.parse_profile("test", VALID.replace(valid, invalid, 1))
