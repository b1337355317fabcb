"""Events that wait behind a request that failed, perhaps one of another scenario.

A service that makes no request for an enterprise while it pauses after an error, or while it
repeats what the API refuses, asks for nothing that comes meanwhile.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from operator import attrgetter

from pytest_mews.causes.explained_scenarios import unmet_findings
from pytest_mews.causes.explanation import MissingEntity, UnmetFinding
from pytest_mews.causes.missing_entities import awaits_fetches, missing_entities
from pytest_mews.causes.observations import Observations
from pytest_mews.causes.unnoticed_deletions import DELETION_NOTICED
from pytest_mews.model import ApiCall, Transcript, Verdict, entity_key
from pytest_mews.model.verdict import FAILURES

MAX_PAUSE_MS = 120_000.0  # the longest pause after an error that is usual, with the next error

_Owner = tuple[int, str | None]  # the number of the instance, and the enterprise
_received_ms = attrgetter("received_ms")


class BehindFailures:
    """What came after the last request for an enterprise, if that failed in one way.

    Args:
        observations: of the run.
        has_failed: whether a request failed in this way.

    """

    def __init__(self, observations: Observations, has_failed: Callable[[ApiCall], bool]) -> None:
        self._has_failed, self._instance_of = has_failed, observations.instance_of
        self._calls = _known_calls(observations)
        self._worked_ms = _times_of_work(observations)
        self._lost = {
            (unmet.result.scenario.id, fetch.enterprise_id, entity_key(fetch))
            for result in observations.results
            if result.verdict in FAILURES
            for unmet in unmet_findings(result)
            for fetch in missing_entities(unmet)
            if self.accounts_for_missing(unmet.evidence.transcript)(fetch)
        }

    @property
    def sentence(self) -> str:
        """How many entities were never asked for; empty if there are none."""
        count = len(self._lost)
        were = "entity was" if count == 1 else "entities were"
        return f" {count:,} more {were} never asked for, behind such a request." if count else ""

    def accounts_for_missing(self, transcript: Transcript) -> MissingEntity:
        """Return whether an entity was never asked for, as nothing of its enterprise was."""
        return lambda fetch: (
            fetch.requested_ms is None
            and self._is_behind(transcript, fetch.enterprise_id, fetch.sent_ms)
        )

    def accounts_for_finding(self, unmet: UnmetFinding) -> bool:
        """Return whether a finding is about a deletion that was not noticed for this reason."""
        transcript = unmet.evidence.transcript
        return (
            unmet.finding.check == DELETION_NOTICED
            and not transcript.calls
            and all(
                self._is_behind(transcript, delivery.message.token_owner, delivery.started_ms)
                for delivery in transcript.deliveries
            )
        )

    def _is_behind(self, transcript: Transcript, enterprise_id: str | None, sent_ms: float) -> bool:
        owner = self._instance_of(transcript), enterprise_id
        before = self._calls.get(owner, [])
        index = bisect_left(before, sent_ms, key=_received_ms)
        if not index:
            return False
        last = before[index - 1]
        return (
            self._has_failed(last)
            and sent_ms - last.received_ms <= MAX_PAUSE_MS
            and not any(last.received_ms < at_ms < sent_ms for at_ms in self._worked_ms[owner])
            and not any(
                call.answered_ok and call.received_ms >= sent_ms
                for call in transcript.calls
                if call.enterprise_id == enterprise_id
            )
        )


def _known_calls(observations: Observations) -> dict[_Owner, list[ApiCall]]:
    """Return the requests that the report shows, and the last ones, in order of arrival."""
    calls: dict[_Owner, dict[int, ApiCall]] = defaultdict(dict)
    last = [(instance, call) for instance, some in observations.last_calls.items() for call in some]
    for instance, call in (*observations.shown_calls, *last):
        calls[instance, call.enterprise_id][call.number] = call
    return {owner: sorted(some.values(), key=_received_ms) for owner, some in calls.items()}


def _times_of_work(observations: Observations) -> dict[_Owner, list[float]]:
    """Return when scenarios that passed sent messages of which something was asked for."""
    worked_ms: dict[_Owner, list[float]] = defaultdict(list)
    for result in observations.results:
        if result.verdict is Verdict.PASS and awaits_fetches(result):
            for enterprise_id in {each.enterprise_id for each in result.fetches if each.requested}:
                worked_ms[result.instance, enterprise_id] += [
                    record.started_ms for record in result.attempts
                ]
    return worked_ms
