"""A service that works only while it has a message to answer, as a frozen function does.

Its requests for what a message is about come when the next message wakes it: minutes later, if Mews
has nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_mews.causes.explanation import Explanation
from pytest_mews.causes.observations import Observations
from pytest_mews.model import CauseKind


def find_idle_between_messages(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if what was fetched late was requested only with the next message."""
    if not observations.waits_for_messages:
        return
    late_ids = observations.late_ids
    yield Explanation(
        CauseKind.IDLE_BETWEEN_MESSAGES,
        f"The service works only while it has a message to answer: {len(late_ids):,} entities were "
        "not requested until the next message came.",
        accounts_for_missing=lambda _: (
            lambda fetch: fetch.requested_ms is None or fetch.entity_id in late_ids
        ),
    )
