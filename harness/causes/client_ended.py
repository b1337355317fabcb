"""A client that ends with its connection: the harness starts it again, and it has not reconnected.

Whatever it misses in such an execution is due to that, and no pause is its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_mews.causes.explanation import Explanation
from pytest_mews.causes.observations import Observations
from pytest_mews.model import CauseKind
from pytest_mews.model.verdict import FAILURES


def find_client_ended(observations: Observations) -> Iterator[Explanation]:
    """Yield an explanation if a client was started again in scenarios that failed."""
    counts = {
        result.scenario.id: count
        for result in observations.results
        if result.verdict in FAILURES
        and (count := max((one.transcript.client_restarts for one in result.evidence), default=0))
    }
    if not counts:
        return
    scenarios = "1 scenario" if len(counts) == 1 else f"{len(counts)} scenarios"
    yield Explanation(
        CauseKind.CLIENT_ENDED,
        "The client's process ends with its connection, and does not reconnect: the harness had to "
        f"start it again in {scenarios}.",
        accounts_for_finding=lambda unmet: unmet.evidence.transcript.client_restarts > 0,
        accounts_for_missing=lambda transcript: lambda _: transcript.client_restarts > 0,
        stands_alone=True,
    )
