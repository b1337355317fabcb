"""How long a partner was silent while it worked."""

from __future__ import annotations

import pytest

from pytest_mews.emulator.connector_api.busy_silence import BusySilence
from pytest_mews.model import ApiCall
from tests.transcript_builders import call


def look_at(*calls: ApiCall, announced_ms: float | None = 0.0) -> BusySilence:
    """Look at calls about entities that were announced at the same time."""
    silence = BusySilence()
    silence.look_at(calls, lambda _: announced_ms)
    return silence


def test_silence_ends_with_the_first_request_for_an_older_entity() -> None:
    """It begins with the response before; the longest one is remembered."""
    calls = [
        call("a", at_ms=1_000, duration_ms=500),
        call("a", "B", at_ms=7_500, duration_ms=10),
        call("c", at_ms=8_000, duration_ms=10),
    ]
    assert look_at(*calls).longest_ms == 6_000
    assert look_at(*calls[:1]).longest_ms == 0


@pytest.mark.parametrize(
    ("entity_id", "announced_ms"),
    [("A", 0.0), ("b", 2_000.0), ("b", None)],
    ids=["retry", "announced-meanwhile", "never-announced"],
)
def test_other_silences_do_not_count(entity_id: str, announced_ms: float | None) -> None:
    """A pause before a retry, a time without an event, a request for something else."""
    calls = call("a", at_ms=1_000), call(entity_id, at_ms=7_500)
    assert look_at(*calls, announced_ms=announced_ms).longest_ms == 0


@pytest.mark.parametrize(
    ("message_ms", "longest_ms"), [(7_000, 0), (6_000, 6_495), (1_002, 6_495), (7_600, 6_495)]
)
def test_a_silence_that_a_message_ends_does_not_count(message_ms: float, longest_ms: float) -> None:
    """A service that only runs while it has a request is not busy meanwhile."""
    silence = BusySilence()
    silence.note_message(message_ms)
    silence.look_at([call("a", at_ms=1_000), call("b", at_ms=7_500)], lambda _: 0.0)
    assert silence.longest_ms == longest_ms


def test_partner_that_waits_for_a_response_is_not_silent() -> None:
    """Requests are looked at in order, as soon as they have a response."""
    slow = call("a", at_ms=1_000, duration_ms=None)
    silence = look_at(slow, call("b", at_ms=7_500))
    assert (silence.longest_ms, silence.last_call) == (0, 0)
    silence.look_at(
        [
            call("a", at_ms=1_000, duration_ms=8_000),
            call("b", at_ms=7_500),
            call("c", at_ms=9_200),
        ],
        lambda _: 0.0,
    )
    assert (silence.longest_ms, silence.last_call) == (200, 9_200)
