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


def test_a_restarted_service_is_not_called_slow() -> None:
    """It fetches what it had stored as soon as it starts again, however long ago that was."""
    late = LateFetches()
    late.give_up(missing(*NAMES), now_ms=10_000)
    late.forget()
    assert late.notes([call(*NAMES, at_ms=19_000)], fetch_timeout_s=10.0) == ()


def test_no_note_if_nothing_was_given_up() -> None:
    """A service that does everything in time is not slow."""
    assert LateFetches().notes([call("a")], fetch_timeout_s=10.0) == ()


def test_single_late_fetches_are_known_by_their_entity() -> None:
    """One tells nothing of the whole service, but the entity itself was not lost."""
    late = LateFetches()
    late.give_up(missing("a", "b"), now_ms=10_000)
    assert late.delays_ms([call("a", at_ms=19_010), call("c", at_ms=19_500)]) == {"a": 19_000.0}


@pytest.mark.parametrize(
    ("delay_ms", "expected"),
    [(200.0, True), (1_500.0, False)],
    ids=["woken by the next message", "at another time"],
)
@pytest.mark.parametrize("step_ms", [15_000.0, 1_200.0], ids=["rarely", "all the time"])
def test_late_requests_that_come_with_a_message(
    delay_ms: float, step_ms: float, *, expected: bool
) -> None:
    """Where messages come all the time, so does every request: that shows nothing."""
    late = LateFetches()
    names = [f"late {number}" for number in range(6)]
    late.give_up(missing(*names), now_ms=10_000)
    messages_ms = [20_000 + number * step_ms for number in range(20)]
    calls = [
        call(name, at_ms=at_ms + delay_ms)
        for name, at_ms in zip(names, messages_ms[::3], strict=False)
    ]
    assert late.wait_for_messages(calls, messages_ms) is (expected and step_ms > 10_000)
    assert not late.wait_for_messages(calls[:1], messages_ms)
    assert not late.wait_for_messages([], messages_ms)
