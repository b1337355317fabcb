"""The first scenarios that fail alike are shrunk fully, and their cases run again."""

from __future__ import annotations

import pytest

from pytest_mews.execution import AlikeFailures
from pytest_mews.execution.alike_failures import MAX_SHRUNK

FETCHED = frozenset({"fetched"})


def test_the_first_are_not_known() -> None:
    """As many as may be shrunk are new, the next one is known."""
    failures = AlikeFailures()
    known = [failures.note(f"PROC-{number:02}", FETCHED) for number in range(MAX_SHRUNK + 2)]
    assert known == [False] * MAX_SHRUNK + [True, True]


def test_other_checks_are_new() -> None:
    """A failure of other checks is shrunk, however many have failed before."""
    failures = AlikeFailures()
    for number in range(MAX_SHRUNK + 1):
        failures.note(f"PROC-{number:02}", FETCHED)
    assert not failures.note("PROC-20", FETCHED | {"no-polling"})


def test_a_scenario_that_fails_twice_is_one() -> None:
    """A scenario whose cases run again counts once, and stays what it was."""
    failures = AlikeFailures()
    assert not any(failures.note("PROC-01", FETCHED) for _ in range(MAX_SHRUNK + 1))
    assert not failures.note("PROC-02", FETCHED)


@pytest.mark.parametrize("repeated", [MAX_SHRUNK - 1, MAX_SHRUNK])
def test_repeated_failures(repeated: int) -> None:
    """As many scenarios as are shrunk must have failed again, each counted once."""
    failures = AlikeFailures()
    for number in range(repeated):
        for _ in range(2):
            failures.note_repetition(f"PROC-{number:02}", FETCHED, failed=True)
    assert failures.fail_again(FETCHED) == (repeated == MAX_SHRUNK)
    assert not failures.fail_again(FETCHED | {"no-polling"})


def test_a_flaky_scenario_makes_all_alike_ones_uncertain() -> None:
    """However many others failed again."""
    failures = AlikeFailures()
    for number in range(MAX_SHRUNK):
        failures.note_repetition(f"PROC-{number:02}", FETCHED, failed=True)
    failures.note_repetition("PROC-20", FETCHED, failed=False)
    assert not failures.fail_again(FETCHED)
