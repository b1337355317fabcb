"""Entities that are fetched after the run has ceased to wait for them are noted."""

from __future__ import annotations

import pytest

from pytest_mews.execution.late_fetches import MIN_LATE, LateFetches
from pytest_mews.model import ApiCall, EntityFetch
from pytest_mews.model.fetches import entity_fetches
from tests.transcript_builders import call, delivery

NAMES = [f"entity {number}" for number in range(MIN_LATE)]


def missing(*names: str) -> tuple[EntityFetch, ...]:
    """Return entities that were acknowledged within the first second, and not fetched."""
    return entity_fetches([delivery(*names)], [])


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([call(*NAMES, at_ms=19_000)], ["19 s", "--mews-fetch-timeout 40"]),
        ([call(*NAMES[1:], at_ms=19_000)], []),  # too few
        ([call(*NAMES, at_ms=5_000)], []),  # within the time
        ([call(*NAMES, at_ms=19_000, status=500)], []),  # without success
        ([call(returned_ids=tuple(NAMES), at_ms=19_000)], []),  # by interval
        ([], []),
    ],
)
def test_a_note_says_how_slow_the_service_is(calls: list[ApiCall], expected: list[str]) -> None:
    """It names a timeout with which the service would be judged."""
    late = LateFetches()
    late.give_up(missing(*NAMES), now_ms=10_000)
    notes = late.notes(calls, fetch_timeout_s=10.0)
    assert len(notes) == bool(expected)
    assert all(part in notes[0] for part in expected)


def test_no_note_if_nothing_was_given_up() -> None:
    """A service that does everything in time is not slow."""
    assert LateFetches().notes([call("a")], fetch_timeout_s=10.0) == ()


def test_single_late_fetches_are_known_by_their_entity() -> None:
    """One tells nothing of the whole service, but the entity itself was not lost."""
    late = LateFetches()
    late.give_up(missing("a", "b"), now_ms=10_000)
    assert late.delays_ms([call("a", at_ms=19_010), call("c", at_ms=19_500)]) == {"a": 19_000.0}
