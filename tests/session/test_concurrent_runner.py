"""How many scenarios run concurrently with `--mews-jobs auto`."""

from __future__ import annotations

import pytest

from pytest_mews.session.concurrent_runner import count_jobs


@pytest.mark.parametrize(
    ("response_ms", "expected"),
    [(0.0, 8), (2.0, 8), (125.0, 8), (126.0, 7), (400.0, 2), (501.0, 1), (4_900.0, 1)],
)
def test_the_slower_the_service_the_fewer(response_ms: float, expected: int) -> None:
    """Even one that handles messages one by one answers each within about a second."""
    assert count_jobs(response_ms) == expected
