"""Which of the attempts with one body is new to the endpoint."""

from __future__ import annotations

import pytest

from pytest_mews.model import Delivery, Outcome, attempt_records
from tests.transcript_builders import delivery

FAILED, DELIVERED = (Outcome.ERROR_STATUS,), (Outcome.DELIVERED,)


@pytest.mark.parametrize(
    ("copies", "repeated"),
    [
        ([(0, FAILED), (1, DELIVERED), (2, FAILED)], [True, False, True]),
        ([(0, DELIVERED), (1, FAILED)], [False, True]),
        ([(0, FAILED), (1, FAILED)], [False, True]),
        ([(0, FAILED), (50, DELIVERED)], [False, True]),
    ],
    ids=["second-was-first", "in-order", "none-accepted", "one-after-the-other"],
)
def test_copies_at_the_same_time(
    copies: list[tuple[float, tuple[Outcome, ...]]], repeated: list[bool]
) -> None:
    """The one that was accepted was the first, whatever the order in which they were sent."""
    sent: list[Delivery] = [
        delivery("a", at_ms=at_ms, outcomes=outcomes) for at_ms, outcomes in copies
    ]
    records = attempt_records(sent)
    assert [record.repeated for (record,) in records] == repeated
