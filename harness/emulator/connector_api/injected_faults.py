"""The faults that a scenario lays on some entities: which requests they are done to, how often."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_mews.model.api_call import ApiFault

SLOW_S = 8.0  # longer than the 5 s within which a webhook must be answered


@dataclass
class InjectedFault:
    """One fault in force.

    Attributes:
        fault: what is done.
        ids: in lower case, whom it is about; None for any request.
        left: to how many more requests; None for all.
        retry_after_s: for TOO_MANY.
        slow_s: for SLOW.
        operation: what is asked for; empty for any.

    """

    fault: ApiFault
    ids: frozenset[str] | None
    left: int | None
    retry_after_s: float
    slow_s: float = SLOW_S
    operation: str = ""

    def hits(self, operation: str, ids: Iterable[str]) -> bool:
        """Tell whether a request for an operation about these ids, in lower case, is meant."""
        if self.operation not in {"", operation}:
            return False
        return self.ids is None or not self.ids.isdisjoint(ids)


class InjectedFaults:
    """The faults in force; where several would hit a request, the one that was laid first does."""

    def __init__(self) -> None:
        self._count = 0
        self._laid: dict[int, InjectedFault] = {}

    def add(self, disturbance: InjectedFault) -> int:
        """Begin a fault; returns its handle."""
        self._count += 1
        self._laid[self._count] = disturbance
        return self._count

    def remove(self, handle: int) -> None:
        """End a fault, if it has not ended yet."""
        self._laid.pop(handle, None)

    def strike(self, operation: str, ids: Iterable[str]) -> InjectedFault | None:
        """Find what is to be done to a request that is about these ids, and count it."""
        if not self._laid:
            return None
        lowered = {each.lower() for each in ids}
        for handle, disturbance in self._laid.items():
            if not disturbance.hits(operation, lowered):
                continue
            if disturbance.left is not None:
                disturbance.left -= 1
                if disturbance.left <= 0:
                    del self._laid[handle]
            return disturbance
        return None
