"""Counts the requests of a run by operation; its memory is bounded, however long the run is."""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from pytest_mews.emulator.connector_api.operations import OPERATIONS, PREFIX, find_operation
from pytest_mews.model.api_call import ApiCall, ApiFault, TokenState
from pytest_mews.model.api_usage import ApiUsage, ErrorCounts, OperationUsage, to_counts

MAX_PATHS = 20  # paths without an operation; the operations are a closed list
MAX_CLIENTS = 10
MAX_OPEN_ERRORS = 100  # by operation; an error before these is no longer followed
MAX_IDS = 20  # of the ids of an error, those that a later request must ask for
MAX_NAMES = 30
# Characters of a path or a `Client`. A longer one is not cut, since redaction would not find a part
# of a secret.
MAX_NAME = 200
LONG_CLIENT = f"a name of more than {MAX_NAME} characters"
OTHER_PATHS = "other addresses"
OTHER_NAMES = "others"
_SWITCHES = frozenset({"Inactive"})  # an extent that selects entities instead of adding others
_UNAUTHORIZED = 401
_OWN_TOKENS = frozenset({TokenState.CURRENT, TokenState.NONE})


@dataclass
class _OpenError:
    """An error that no request has made good: the ids that are still missing, or the filters."""

    answered_ms: float
    ids: set[str]
    filters: tuple[str, ...]


@dataclass
class _Errors:
    """The errors of one operation."""

    statuses: Counter[str] = field(default_factory=Counter)
    resolved: int = 0
    open_errors: OrderedDict[int, _OpenError] = field(default_factory=OrderedDict)

    def add(self, call: ApiCall) -> None:
        self.statuses[_describe_status(call)] += 1
        ids = set(call.requested_ids[:MAX_IDS])
        self.open_errors[call.number] = _OpenError(call.answered_ms or 0.0, ids, call.filters)
        if len(self.open_errors) > MAX_OPEN_ERRORS:
            self.open_errors.popitem(last=False)

    def note_success(self, call: ApiCall) -> None:
        """Close the errors that a successful request makes good; it must be a later one."""
        if not self.open_errors:
            return
        returned = {*call.requested_ids, *call.returned_ids}
        for number, error in list(self.open_errors.items()):
            if call.received_ms < error.answered_ms:
                continue
            had_ids = bool(error.ids)
            error.ids -= returned
            if not error.ids and (had_ids or error.filters == call.filters):
                del self.open_errors[number]
                self.resolved += 1

    def counts(self) -> ErrorCounts:
        return ErrorCounts(to_counts(self.statuses), self.resolved, len(self.open_errors))


@dataclass
class _Operation:
    """The counters of one operation."""

    is_documented: bool
    numbers: Counter[str] = field(default_factory=Counter)
    filters: Counter[str] = field(default_factory=Counter)
    extents: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    own: _Errors = field(default_factory=_Errors)
    provoked: _Errors = field(default_factory=_Errors)


class UsageCounter:
    """Counts answered calls; not thread-safe."""

    def __init__(self) -> None:
        self._operations: dict[str, _Operation] = {}
        self._clients: Counter[str] = Counter()
        self._other_clients = 0

    def count(self, call: ApiCall) -> None:
        """Count a call that was answered, or whose client hung up before the answer."""
        counters = self._counters_of(call)
        if call.client:
            self._count_client(call.client if len(call.client) <= MAX_NAME else LONG_CLIENT)
        _count_names(counters.filters, call.filters)
        _count_names(counters.extents, call.extents)
        counters.problems.update(problem.value for problem in call.request_problems)
        counters.numbers["requests"] += 1
        counters.numbers["by_ids"] += bool(call.requested_ids)
        counters.numbers["next_pages"] += call.is_next_page
        counters.numbers["next_pages_offered"] += call.cursor is not None
        counters.numbers["several_extents"] += _related_extents(call) > 1
        counters.numbers["unfiltered"] += not call.is_next_page and not _selects(call)
        if call.acknowledged and call.fault is not ApiFault.NOT_JSON:
            counters.numbers["succeeded"] += 1
            counters.own.note_success(call)
            counters.provoked.note_success(call)
        elif _is_provoked(call):
            counters.provoked.add(call)
        elif call.is_error:
            counters.own.add(call)

    def usage(self, peak: int) -> ApiUsage:
        """Return what was counted; `peak` is the highest number of requests within the window."""
        operations = tuple(
            OperationUsage(
                operation=name,
                is_documented=counters.is_documented,
                filters=to_counts(counters.filters),
                extents=to_counts(counters.extents),
                problems=to_counts(counters.problems),
                errors=counters.own.counts(),
                provoked_errors=counters.provoked.counts(),
                **counters.numbers,
            )
            for name, counters in sorted(self._operations.items())
        )
        return ApiUsage(operations, to_counts(self._clients), self._other_clients, peak)

    def _counters_of(self, call: ApiCall) -> _Operation:
        """Return the counters of a call's operation, or of its path if it has none."""
        name = call.operation or call.path or "/"
        if not call.operation and name not in self._operations:
            paths = sum(not counters.is_documented for counters in self._operations.values())
            if paths >= MAX_PATHS or len(name) > MAX_NAME:
                name = OTHER_PATHS
        return self._operations.setdefault(name, _Operation(bool(call.operation)))

    def _count_client(self, client: str) -> None:
        if client in self._clients or len(self._clients) < MAX_CLIENTS:
            self._clients[client] += 1
        else:
            self._other_clients += 1


def _count_names(counter: Counter[str], names: tuple[str, ...]) -> None:
    for name in names:
        counter[name if name in counter or len(counter) < MAX_NAMES else OTHER_NAMES] += 1


def _selects(call: ApiCall) -> bool:
    """Return whether a call has a filter that its client has chosen."""
    operation = find_operation(PREFIX + call.operation)
    return operation is not None and operation.selects(call.filters)


def _related_extents(call: ApiCall) -> int:
    """Return for how many kinds of related entities a call asks, beside the operation's own."""
    operation = OPERATIONS.get(call.operation)
    own = _SWITCHES if operation is None else {*_SWITCHES, operation.collection}
    return sum(extent not in own for extent in call.extents)


def _describe_status(call: ApiCall) -> str:
    """Return the status of an error, or what was wrong with a response that has none."""
    if call.is_error:
        return str(call.status)
    return "no response" if call.status is None else f"{call.status} without JSON"


def _is_provoked(call: ApiCall) -> bool:
    """Return whether the harness is the reason why a call did not succeed.

    It injected a fault, or a message of a lifecycle made the call's token invalid: the request may
    have been under way then.
    """
    without_token = call.status == _UNAUTHORIZED and call.token_state not in _OWN_TOKENS
    return call.fault is not None or without_token
