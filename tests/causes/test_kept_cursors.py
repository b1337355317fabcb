"""The cause of requests that begin with the cursor of an earlier one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import CauseKind, ScenarioResult
from tests.causes.observed_results import processing_result
from tests.transcript_builders import call, delivery


def result(number: int, pages: Sequence[bool]) -> ScenarioResult:
    """Return the result of an entity asked for in vain, with whether each was a further page."""
    name = f"{number}"
    calls = [
        call(name, at_ms=200.0 + position, returned_ids=(), is_next_page=is_next_page)
        for position, is_next_page in enumerate(pages)
    ]
    return processing_result(f"PROC-0{number}", [delivery(name)], calls)


def test_ids_that_only_further_pages_were_asked_for() -> None:
    """The response to each has only what comes after the cursor of an earlier listing."""
    (cause,) = find_causes([result(number, [True]) for number in range(1, 4)])
    assert cause.kind is CauseKind.CURSOR_OF_ANOTHER_REQUEST
    assert cause.explains == ("PROC-01", "PROC-02", "PROC-03")
    assert cause.summary == (
        "Requests for new ids have the Cursor of an earlier response, which leaves out what comes "
        "before it: all 3 entities that are not fetched were asked for only so."
    )


@pytest.mark.parametrize("pages", [(False,), (False, True), ()])
def test_pages_of_the_same_ids_are_none(pages: tuple[bool, ...]) -> None:
    """A first page was asked for, or nothing."""
    causes = find_causes([result(number, pages) for number in range(1, 4)])
    assert CauseKind.CURSOR_OF_ANOTHER_REQUEST not in {cause.kind for cause in causes}
