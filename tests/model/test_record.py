"""Data of a delivery: a dataclass that is equal, hashed and changed like a frozen one."""

from __future__ import annotations

from dataclasses import replace

from pytest_mews.model import Exchange, Outcome


def test_a_record_is_compared_and_hashed_by_its_fields() -> None:
    """As a frozen dataclass is, so that it can be an element of a set."""
    first, same = (Exchange("POST", "u", (), 1, Outcome.DELIVERED, 0.0, 5.0) for _ in range(2))
    other = replace(first, status=204)
    assert first == same != other
    assert {first, same, other} == {first, other}
