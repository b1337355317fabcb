"""The faults that a scenario injects into the Connector API: which requests they affect.

A fault for certain entities affects each of them equally often, whether the partner requests them
together or one by one: otherwise the request for one entity could spare another one the fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pytest_mews.model.api_call import SLOW_S, ApiFault

_ANY_ID = frozenset({""})  # what a fault for any request counts
# Of what a refused request asked for: a client that asks for this much has split it.
MUCH_LESS = 0.75

Amounts = tuple[float, ...]
"""How much a request asks for, in several ways: ids, entities on a page, seconds of an interval.

0 says nothing: there is no limit of this kind.
"""


@dataclass
class InjectedFault:
    """One fault in force.

    Attributes:
        kind: what happens to a request that matches.
        ids: the entity ids, in lower case, that a request must concern; None for any request.
        times: how many requests for each entity it affects; with `ids` None, how many requests;
            None for all.
        more_than: it affects only requests that concern more than this many of the entities, and,
            with REQUEST_TIMEOUT, that ask for as much as the first one that it affected.
        retry_after_s: the Retry-After of `ApiFault.TOO_MANY_REQUESTS`.
        slow_s: the delay of `ApiFault.SLOW`.
        operation: the operation that the request must be sent to; empty for any.

    """

    kind: ApiFault
    ids: frozenset[str] | None
    times: int | None
    retry_after_s: float
    slow_s: float = SLOW_S
    operation: str = ""
    more_than: int = 0
    _refused: dict[str, Amounts] = field(default_factory=dict)  # by operation
    _counts: Counter[str] = field(default_factory=Counter)  # affected requests by entity id

    def affect(
        self,
        operation: str,
        requested: Iterable[str],
        returned: Iterable[str],
        amounts: Amounts = (),
    ) -> bool:
        """Return whether the fault affects a request to `operation`.

        If it does, the request counts for each of its entities.

        Args:
            operation: the name of the operation.
            requested: the ids in the request, in lower case; a request that is too large has too
                many of these.
            returned: the ids in its response, in lower case.
            amounts: how much it asks for.

        """
        if self.operation not in {"", operation}:
            return False
        ids = {*requested}
        if self.kind is not ApiFault.CONTENT_TOO_LARGE:
            ids.update(returned)
        concerned = _ANY_ID if self.ids is None else self.ids.intersection(ids)
        times = self.times
        if len(concerned) <= self.more_than or self._is_split(operation, amounts):
            return False
        if not any(times is None or self._counts[id_] < times for id_ in concerned):
            return False
        self._counts.update(concerned)
        if amounts:
            self._refused.setdefault(operation, amounts)
        return True

    def _is_split(self, operation: str, amounts: Amounts) -> bool:
        """Return whether a request asks for much less than one that took too long."""
        if not self.more_than or self.kind is not ApiFault.REQUEST_TIMEOUT:
            return False
        refused = self._refused.get(operation, ())
        pairs = zip(amounts, refused, strict=False)
        return any(0 < now <= MUCH_LESS * before for now, before in pairs)

    @property
    def unaffected_ids(self) -> frozenset[str]:
        """The entities, in lower case, none of whose requests was affected."""
        return (self.ids or frozenset()) - self._counts.keys()


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

    def remove(self, handle: int) -> frozenset[str]:
        """Remove a fault, if it is still in force; return its entities that it never affected."""
        fault = self._faults.pop(handle, None)
        return frozenset() if fault is None else fault.unaffected_ids

    def take_fault(
        self,
        operation: str,
        requested: Iterable[str],
        returned: Iterable[str] = (),
        amounts: Amounts = (),
    ) -> InjectedFault | None:
        """Return the fault for a request to `operation`, and count it as used.

        `requested` and `returned` are the ids in the request and in its response; `amounts` is how
        much it asks for.
        """
        if not self._faults:
            return None
        ids, ids_returned = ({id_.lower() for id_ in ids} for ids in (requested, returned))
        return next(
            (
                fault
                for fault in self._faults.values()
                if fault.affect(operation, ids, ids_returned, amounts)
            ),
            None,
        )
