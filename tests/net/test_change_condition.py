"""A wait for changed state."""

from __future__ import annotations

import pytest

from pytest_mews.net import change_condition
from pytest_mews.net.change_condition import ChangeCondition

TIMEOUT_S = 20.0


def test_a_predicate_is_checked_again_without_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may depend on state that the condition does not guard."""
    monkeypatch.setattr(change_condition, "LOOK_AGAIN_S", 0.001)
    answers = iter((False, False, True))
    assert ChangeCondition(0.0).wait_until(lambda: next(answers), TIMEOUT_S)


def test_a_wait_ends_at_its_timeout() -> None:
    """The predicate is checked once more then."""
    checks: list[None] = []
    assert not ChangeCondition(0.0).wait_until(lambda: bool(checks.append(None)), 0.1)
    assert len(checks) == 2
