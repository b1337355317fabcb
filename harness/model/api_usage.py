"""The requests of a whole run to the Connector API emulator, counted: what a review would see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

Counts = tuple[tuple[str, int], ...]
"""Pairs of a name and a number above 0, the highest first."""


@dataclass(frozen=True)
class ErrorCounts:
    """Error responses, and how many of them a later request made good.

    A later request makes an error good if the same operation succeeds for the same ids, or, for a
    request without ids, with the same filters.

    Attributes:
        statuses: the errors by status, such as `400`.
        resolved: how many a later request made good.
        unresolved: how many none did.

    An error in neither number was dropped, because too many were open.
    """

    statuses: Counts = ()
    resolved: int = 0
    unresolved: int = 0

    @property
    def total(self) -> int:
        """All errors."""
        return sum(count for _, count in self.statuses)

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        """Return the sum."""
        return ErrorCounts(
            sum_counts((self.statuses, other.statuses)),
            self.resolved + other.resolved,
            self.unresolved + other.unresolved,
        )


@dataclass(frozen=True)
class OperationUsage:
    """The requests for one operation.

    Attributes:
        operation: such as `customers/getAll`; the path of a request if no operation is documented
            there.
        is_documented: whether it is an operation.
        requests: how many the service sent.
        succeeded: how many of them succeeded.
        by_ids: how many asked for entities by their ids.
        unfiltered: how many asked for a first page without a filter.
        next_pages: how many asked for a further page.
        next_pages_offered: how many responses had a cursor for a further page.
        filters: the properties that select what is returned, by the number of requests.
        extents: the extents, by the number of requests that asked for them.
        several_extents: how many requests asked for more than one kind of related entities.
        problems: what requests did wrong, by `RequestProblem`.
        errors: the errors that the service itself caused.
        provoked_errors: those that the harness injected, or caused by the state of an integration.

    """

    operation: str
    is_documented: bool = True
    requests: int = 0
    succeeded: int = 0
    by_ids: int = 0
    unfiltered: int = 0
    next_pages: int = 0
    next_pages_offered: int = 0
    filters: Counts = ()
    extents: Counts = ()
    several_extents: int = 0
    problems: Counts = ()
    errors: ErrorCounts = ErrorCounts()
    provoked_errors: ErrorCounts = ErrorCounts()

    def __add__(self, other: OperationUsage) -> OperationUsage:
        """Return the sum of two usages of the same operation."""
        return OperationUsage(
            self.operation,
            self.is_documented,
            self.requests + other.requests,
            self.succeeded + other.succeeded,
            self.by_ids + other.by_ids,
            self.unfiltered + other.unfiltered,
            self.next_pages + other.next_pages,
            self.next_pages_offered + other.next_pages_offered,
            sum_counts((self.filters, other.filters)),
            sum_counts((self.extents, other.extents)),
            self.several_extents + other.several_extents,
            sum_counts((self.problems, other.problems)),
            self.errors + other.errors,
            self.provoked_errors + other.provoked_errors,
        )


@dataclass(frozen=True)
class ApiUsage:
    """All requests of the service during a run.

    Attributes:
        operations: the usage by operation, in the order of their names.
        clients: the values of `Client`, by the number of requests.
        other_clients: how many requests had one of further values.
        peak: the most requests with one AccessToken within any 30 s.

    """

    operations: tuple[OperationUsage, ...] = ()
    clients: Counts = ()
    other_clients: int = 0
    peak: int = 0

    @property
    def requests(self) -> int:
        """All requests."""
        return sum(usage.requests for usage in self.operations)

    def count_problem(self, *names: str) -> int:
        """Return how often requests had one of these problems."""
        return sum(
            count for usage in self.operations for name, count in usage.problems if name in names
        )


def sum_counts(groups: Iterable[Counts]) -> Counts:
    """Return the sums by name, the highest first."""
    total: Counter[str] = Counter()
    for counts in groups:
        total.update(dict(counts))
    return to_counts(total)


def to_counts(counter: Counter[str]) -> Counts:
    """Return a counter as pairs, the highest first, then by name."""
    return tuple(sorted(counter.items(), key=lambda pair: (-pair[1], pair[0])))


def merge_usage(usages: Iterable[ApiUsage]) -> ApiUsage:
    """Return the sum of what several processes of one run counted, each with a service of its own.

    The peak is the highest one, since no token is used in two processes.
    """
    operations: dict[str, OperationUsage] = {}
    clients: list[Counts] = []
    other_clients = peak = 0
    for usage in usages:
        for operation in usage.operations:
            known = operations.get(operation.operation)
            operations[operation.operation] = operation if known is None else known + operation
        clients.append(usage.clients)
        other_clients += usage.other_clients
        peak = max(peak, usage.peak)
    ordered = tuple(operations[name] for name in sorted(operations))
    return ApiUsage(ordered, sum_counts(clients), other_clients, peak)
