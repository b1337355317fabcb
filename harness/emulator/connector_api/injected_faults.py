"""The faults that a scenario injects into the Connector API: which requests they affect."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_mews.model.api_call import ApiFault

SLOW_S = 8.0  # longer than the 5 s within which a webhook must be answered


@dataclass
class InjectedFault:
    """One fault in force.

    Attributes:
        kind: what happens to a request that matches.
        ids: the entity ids, in lower case, that a request must concern; None for any request.
        remaining: how many more requests the fault affects; None for all.
        retry_after_s: the Retry-After of `ApiFault.TOO_MANY_REQUESTS`.
        slow_s: the delay of `ApiFault.SLOW`.
        operation: the operation that the request must be sent to; empty for any.

    """

    kind: ApiFault
    ids: frozenset[str] | None
    remaining: int | None
    retry_after_s: float
    slow_s: float = SLOW_S
    operation: str = ""

    def matches(self, operation: str, ids: Iterable[str]) -> bool:
        """Return whether the fault affects a request to `operation` for `ids` (lower case)."""
        if self.operation not in {"", operation}:
            return False
        return self.ids is None or not self.ids.isdisjoint(ids)


class InjectedFaults:
    """The faults in force; if several match a request, the one that was added first applies."""

    def __init__(self) -> None:
        self._count = 0
        self._faults: dict[int, InjectedFault] = {}

    def add(self, fault: InjectedFault) -> int:
        """Add a fault; return its handle."""
        self._count += 1
        self._faults[self._count] = fault
        return self._count

    def remove(self, handle: int) -> None:
        """Remove a fault, if it is still in force."""
        self._faults.pop(handle, None)

    def take_fault(self, operation: str, ids: Iterable[str]) -> InjectedFault | None:
        """Return the fault for a request to `operation` for `ids`, and count it as used."""
        if not self._faults:
            return None
        lowered = {id_.lower() for id_ in ids}
        for handle, fault in self._faults.items():
            if not fault.matches(operation, lowered):
                continue
            if fault.remaining is not None:
                fault.remaining -= 1
                if fault.remaining <= 0:
                    del self._faults[handle]
            return fault
        return None
