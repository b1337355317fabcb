"""The steps that use the Connector API emulator, with emulators that no socket serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.execution import connector_steps
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.execution import Execution, Messages, perform
from pytest_mews.execution.patience import (
    MAX_SILENT_WINDOWS,
    MIN_SILENCE_S,
    Awaited,
    Patience,
)
from pytest_mews.execution.steps import run_steps
from pytest_mews.execution.waits import (
    BUSY_FACTOR,
    FIRST_RETRY_FACTOR,
    LOOK_S,
    MAX_BUSY_FACTOR,
    QUIET_S,
    REDELIVERY_FACTOR,
)
from pytest_mews.mews.limits import REQUEST_WINDOW_S, REQUESTS_PER_TOKEN
from pytest_mews.model import (
    ApiCall,
    ApiFault,
    Delivery,
    Message,
    Stage,
    Step,
    Transcript,
    Validity,
    WebhookKind,
)
from pytest_mews.model.exchange import HEALTH_CHECK
from pytest_mews.model.step import (
    STEPS,
    AddService,
    AddToPortfolio,
    ChangeEntities,
    ClearApiFaults,
    DeleteEntities,
    Deliver,
    ExhaustRetries,
    FillFirstPages,
    HealthCheck,
    InjectApiFault,
    OutlastIntervals,
    RefuseReplacedKeys,
    SendSteadily,
    ShowConnectivityCheck,
    WaitForNoRequest,
    WaitForRequest,
    WaitUntilFetched,
    WaitUntilIdle,
)
from pytest_mews.scenarios import loader
from tests.connector_api.emulator_client import (
    HOTEL,
    general_webhook,
    guid,
    make_connector_api,
    request_for,
)
from tests.transcript_builders import ENTERPRISE, OTHER_ENTERPRISE, call, delivery

from .conftest import Setup

DELIVERY = delivery("a")
MESSAGES = {"message": (DELIVERY.message,)}
BETWEEN_MS = 500.0
TIMEOUT = None  # in a script: no call arrives until the wait times out
RESERVATIONS = "reservations/getAll/2023-06-06"


class ScriptedConnectorApi:
    """Lets scripted calls arrive during a wait; `waits` records the timeouts in seconds.

    A call with the number of an earlier one replaces it, as its response. The clock moves half a
    second before each call, and the whole timeout if none arrives.
    """

    def __init__(self, *script: ApiCall | None, before: Sequence[ApiCall] = ()) -> None:
        self._calls = {call.number: call for call in before}
        self._script = list(script)
        self._now_ms = 0.0
        self.closed = False
        self.backlog_polls = 0  # how many times more the partner works on a backlog
        self.shrinking_polls = 0  # how many times more its backlog has shrunk
        self.announced_ms: list[float] = []  # when entities were announced that are not fetched
        self.waits: list[float] = []
        self.final_silences = 0

    def arrive(self, *calls: ApiCall) -> None:
        """Add calls that arrived meanwhile."""
        self._calls |= {call.number: call for call in calls}

    def expect(self, *script: ApiCall | None) -> None:
        """Let these calls arrive during the next waits."""
        self._script += script

    def calls(self, since: int = 0) -> tuple[ApiCall, ...]:
        """Return the calls numbered above `since`."""
        return tuple(call for number, call in self._calls.items() if number > since)

    def now_ms(self) -> float:
        """Return how long the waits took in total."""
        return self._now_ms

    def is_working_on_backlog(self, _: float) -> bool:
        """Return True as often as scripted."""
        self.backlog_polls -= 1
        return self.backlog_polls >= 0

    def is_behind(self, _: float) -> bool:
        """Return True as often as scripted."""
        return self.is_working_on_backlog(0.0)

    def note_final_silence(self) -> None:
        """Note it."""
        self.final_silences += 1

    def count_unfetched(self, until_ms: float, enterprise_id: str | None = None) -> int:
        """Return less than before as often as scripted, and what was announced by a time."""
        self.shrinking_polls -= 1
        is_owner = enterprise_id in {None, ENTERPRISE}
        announced = sum(is_owner and at_ms <= until_ms for at_ms in self.announced_ms)
        return max(0, self.shrinking_polls) + announced

    def wait_until(
        self, predicate: Callable[[tuple[ApiCall, ...]], bool], since: int, timeout_s: float
    ) -> bool:
        """Let scripted calls arrive until the predicate is true or the wait times out."""
        self.waits.append(timeout_s)
        while not predicate(self.calls(since)):
            call = self._script.pop(0) if self._script else TIMEOUT
            self._now_ms += timeout_s * 1000 if call is TIMEOUT else BETWEEN_MS
            if call is TIMEOUT:
                return False
            self._calls[call.number] = call
        return True


def context_for(connector_api: object, **choices: Any) -> CaseContext:  # noqa: ANN401 - fields of a context
    """Build a context without a deliverer."""
    enterprises = frozenset({ENTERPRISE, HOTEL})
    unused = cast("Any", None)
    if isinstance(connector_api, ScriptedConnectorApi):
        choices["now_ms"] = connector_api.now_ms
    return CaseContext(
        unused,
        unused,
        DELIVERY,
        connector_api=cast("ConnectorApi", connector_api),
        enterprises=enterprises,
        **choices,
    )


def execution_for(
    connector_api: object,
    deliveries: Sequence[Delivery] = (DELIVERY,),
    messages: Messages = MESSAGES,
    **choices: object,
) -> Execution:
    """Begin an execution of one message about `a`."""
    execution = Execution(context_for(connector_api, **choices), messages)
    execution.deliveries += deliveries
    return execution


def test_wait_until_fetched_ends_with_the_last_fetch() -> None:
    """Without `quiet_s` there is one wait, which the fetch ends."""
    connector_api = ScriptedConnectorApi(
        call("b", number=1), call("a", number=2), call("c", number=3)
    )
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [10.0]
    assert [call.number for call in connector_api.calls()] == [1, 2]


def test_wait_until_fetched_ends_at_its_timeout() -> None:
    """Without a fetch there is one wait, and no wait for quiet."""
    connector_api = ScriptedConnectorApi(call("b", number=1))
    perform(WaitUntilFetched(quiet_s=0.5), execution_for(connector_api, fetch_timeout_s=10.0))
    assert connector_api.waits == [10.0]


def impatient() -> Patience:
    """Return a patience after a long wait for two entities, one of which was requested."""
    patience, timeout_s = Patience(), 60.0
    missed = [Awaited("missed", is_done=False, request_delay_s=delay_s) for delay_s in (None, 0.1)]
    patience.note_end(missed, [], timeout_s)
    return patience


def test_a_wait_ends_with_the_silence_that_is_final() -> None:
    """The whole timeout would bring nothing more."""
    connector_api = ScriptedConnectorApi()
    other = delivery("b")
    execution = execution_for(connector_api, (other,), fetch_timeout_s=10.0, patience=impatient())
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [MIN_SILENCE_S]


def test_a_call_interrupts_the_silence() -> None:
    """While the service works, nothing is final: here it still comes to the other entity."""
    connector_api = ScriptedConnectorApi(call("c", number=1), TIMEOUT, call("b", number=2))
    both = (delivery("b"), delivery("c"))
    execution = execution_for(connector_api, both, fetch_timeout_s=10.0, patience=impatient())
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [MIN_SILENCE_S, MIN_SILENCE_S]


@pytest.mark.parametrize(("behind_polls", "wait_count"), [(0, 1), (1, 2)])
def test_calls_about_other_entities_are_silence(behind_polls: int, wait_count: int) -> None:
    """What concurrent scenarios cause does not prolong a wait, unless it is older."""
    others = [call("x", number=number) for number in (1, 2, 3)]
    connector_api = ScriptedConnectorApi(*others, TIMEOUT, call("y", number=4), TIMEOUT)
    connector_api.backlog_polls = behind_polls
    execution = execution_for(
        connector_api, (delivery("b"),), fetch_timeout_s=10.0, patience=impatient()
    )
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [MIN_SILENCE_S] * wait_count
    assert not execution.calls.still_busy


def test_a_wait_learns_from_others_that_end_meanwhile() -> None:
    """Once others have lasted for long enough, a wait that has begun no longer takes its time."""
    patience = Patience(10.0)
    missed = Awaited("missed", is_done=False, request_delay_s=None)

    class LateLesson(ScriptedConnectorApi):
        """An emulator at which other waits time out during the first wait for calls."""

        def wait_until(
            self, predicate: Callable[[tuple[ApiCall, ...]], bool], since: int, timeout_s: float
        ) -> bool:
            if not self.waits:
                assert not predicate(self.calls(since))
                patience.note_end([missed], [], 30.0)
            return super().wait_until(predicate, since, timeout_s)

    connector_api = LateLesson()
    execution = execution_for(
        connector_api, (delivery("b"),), fetch_timeout_s=10.0, patience=patience
    )
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [10.0, MIN_SILENCE_S]


def test_waits_are_short_while_the_service_makes_no_call_at_all() -> None:
    """What it once needed says nothing about a worker that has ended."""
    connector_api = ScriptedConnectorApi(before=[call("a", number=1, at_ms=0.0)])
    patience = Patience(10.0)
    slow = Awaited("slow", is_done=True, request_delay_s=5.0)
    patience.note_end([slow], [], 10.0)
    for message in (delivery(id_) for id_ in "bcdef"):
        execution = execution_for(
            connector_api, (message,), fetch_timeout_s=10.0, patience=patience
        )
        perform(WaitUntilFetched(), execution)
    perform(WaitForRequest(), execution)
    assert connector_api.waits == [10.0, 10.0, 10.0, *[MIN_SILENCE_S] * 3]


@pytest.mark.parametrize("step", [WaitUntilFetched(), WaitForRequest()])
def test_a_request_by_interval_is_a_request(step: Step) -> None:
    """A service that collects events for seconds, and asks for wrong intervals, is waited for."""
    connector_api = ScriptedConnectorApi()
    patience = Patience(10.0)
    for number in range(1, 6):
        sent = delivery(f"{number}", at_ms=connector_api.now_ms())
        asked = call(returned_ids=(), number=number, at_ms=connector_api.now_ms() + 500)
        connector_api.expect(asked)
        execution = execution_for(connector_api, (sent,), fetch_timeout_s=10.0, patience=patience)
        perform(step, execution)
    execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=patience)
    perform(step, execution)
    assert connector_api.waits[-1] == 10.0


def test_a_wait_ends_in_a_storm() -> None:
    """A request that is repeated without a pause: hundreds of failures are enough."""
    failures = [call("b", number=number, status=413) for number in range(1, 400)]
    connector_api = ScriptedConnectorApi(*failures)
    execution = execution_for(connector_api, (delivery("b"),), fetch_timeout_s=1_000.0)
    perform(WaitUntilFetched(), execution)
    assert len(connector_api.calls()) == 300
    connector_api.arrive(call("b", number=400, at_ms=900_000.0))
    assert not execution.context.late_fetches.delays_ms(connector_api.calls())


@pytest.mark.parametrize(
    ("third", "wait_count"),
    [
        ({}, 2),  # the same again: only the first one counts
        ({"returned_ids": ("x", "y")}, 3),
        ({"status": 500}, 3),
        ({"status": 401, "returned_ids": ()}, 2),
        ({"cursor": "page 2"}, 3),
        ({"operation": "customers/getAll"}, 3),
    ],
)
def test_asking_for_the_same_list_again_is_silence(third: dict[str, Any], wait_count: int) -> None:
    """A service that polls, and does nothing about what it is told, is never silent otherwise."""
    polls = [
        call(number=number, **{"returned_ids": ("x",), **fields})
        for number, fields in enumerate(({}, {}, third, {}), 1)
    ]
    connector_api = ScriptedConnectorApi(*polls)
    execution = execution_for(
        connector_api, (delivery("b"),), fetch_timeout_s=10.0, patience=impatient()
    )
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [MIN_SILENCE_S] * wait_count


def test_wait_until_fetched_leaves_out_other_messages() -> None:
    """A service fetches nothing for a request that was rejected, so it is not waited for."""
    connector_api = ScriptedConnectorApi(call("a", number=1))
    rejected = replace(delivery("b"), label="rejected")
    execution = execution_for(connector_api, (rejected, DELIVERY), fetch_timeout_s=10.0)
    perform(WaitUntilFetched(quiet_s=0.5, of=(DELIVERY.label,)), execution)
    assert connector_api.waits == [10.0, 0.5]


def test_the_wait_is_extended_for_a_busy_partner() -> None:
    """It is extended second by second until the fetch, or until there is no backlog."""
    connector_api = ScriptedConnectorApi(TIMEOUT, TIMEOUT, call("a", number=1))
    connector_api.backlog_polls = 5
    perform(WaitUntilFetched(), execution_for(connector_api, fetch_timeout_s=10.0))
    assert (connector_api.waits, connector_api.backlog_polls) == ([10.0, 1.0, 1.0], 3)
    connector_api = ScriptedConnectorApi()
    connector_api.backlog_polls = 2
    perform(WaitUntilFetched(), execution_for(connector_api, fetch_timeout_s=10.0))
    assert connector_api.waits == [10.0, 1.0, 1.0]
    assert connector_api.final_silences == 1


def test_the_extension_is_bounded() -> None:
    """It ends after five times the timeout if the backlog does not shrink: polling is no work."""
    connector_api = ScriptedConnectorApi()
    connector_api.backlog_polls = 1000
    execution = execution_for(connector_api, fetch_timeout_s=2.0)
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [2.0] + [1.0] * 8
    assert connector_api.final_silences == 1
    assert not execution.transcript(scenario_of()).still_busy


def test_the_extension_goes_on_while_the_backlog_shrinks() -> None:
    """It ends four times the timeout after it has shrunk for the last time."""
    connector_api = ScriptedConnectorApi()
    connector_api.backlog_polls, connector_api.shrinking_polls = 1000, 12
    execution = execution_for(connector_api, fetch_timeout_s=2.0)
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [2.0] + [1.0] * (10 + 2 * BUSY_FACTOR)
    assert not execution.transcript(scenario_of()).still_busy


def pages(*ids: str) -> list[ApiCall | None]:
    """Return a script: during each second one request, whose response has one of these entities."""
    calls = [call(entity, number=number) for number, entity in enumerate(ids, 1)]
    return [TIMEOUT, *(step for page in calls for step in (page, TIMEOUT))]


def test_the_extension_goes_on_while_the_partner_reads_further_pages() -> None:
    """A partner that asks for messages by thread reads all known threads before the new one.

    On a busy machine that takes a while, and nothing of its backlog is returned meanwhile.
    """
    known = [f"known {number}" for number in range(10)]
    connector_api = ScriptedConnectorApi(*pages(*known, "a"))
    connector_api.backlog_polls = 1000
    execution = execution_for(connector_api, fetch_timeout_s=2.0)
    perform(WaitUntilFetched(), execution)
    assert connector_api.calls()[-1].requested_ids == ("a",)
    assert connector_api.waits == [2.0] + [1.0] * (len(known) + 1)


def test_the_same_page_again_is_no_progress() -> None:
    """A partner that polls, or repeats one request without end, gains no time."""
    connector_api = ScriptedConnectorApi(*pages(*["known"] * 20))
    connector_api.backlog_polls = 1000
    execution = execution_for(connector_api, fetch_timeout_s=2.0)
    perform(WaitUntilFetched(), execution)
    assert len(connector_api.calls()) < 2 * BUSY_FACTOR
    assert not execution.transcript(scenario_of()).still_busy


def test_a_backlog_that_outlasts_the_wait_is_recorded() -> None:
    """What such a partner has not fetched, it may fetch later."""
    connector_api = ScriptedConnectorApi()
    connector_api.backlog_polls, connector_api.shrinking_polls = 1000, 1000
    execution = execution_for(connector_api, fetch_timeout_s=2.0)
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [2.0] + [1.0] * 2 * MAX_BUSY_FACTOR
    assert execution.transcript(scenario_of()).still_busy


def after_many_calls(
    *script: ApiCall | None,
    count: int = REQUESTS_PER_TOKEN // 2,
    announced_ms: float = 1_000.0,
    enterprise: str = ENTERPRISE,
) -> ScriptedConnectorApi:
    """Return an emulator after requests that came within a moment, and one event after them."""
    numbers = range(1, count + 1)
    before = [call("x", at_ms=0, number=number, enterprise=enterprise) for number in numbers]
    if enterprise != ENTERPRISE:
        before.append(call("x", at_ms=9_000, number=count + 1))  # that one is not silent
    connector_api = ScriptedConnectorApi(*script, before=before)
    connector_api.announced_ms.append(announced_ms)
    return connector_api


def test_the_wait_begins_again_after_a_pause_for_the_request_limit() -> None:
    """A service that counts its requests is silent until its window has passed."""
    connector_api = after_many_calls(TIMEOUT, call("other", number=1000), call("a", number=1001))
    perform(WaitUntilFetched(), execution_for(connector_api, fetch_timeout_s=10.0))
    assert connector_api.waits == [10.0, REQUEST_WINDOW_S + QUIET_S - 10.0, 10.0]


def test_a_limit_of_one_token_is_enough() -> None:
    """What the service requests meanwhile with another token has a limit of its own."""
    connector_api = after_many_calls(TIMEOUT, call("a", number=2000))
    connector_api.arrive(call("b", at_ms=9_000, number=1000, enterprise=OTHER_ENTERPRISE))
    perform(WaitUntilFetched(), execution_for(connector_api, fetch_timeout_s=10.0))
    assert connector_api.calls()[-1].requested_ids == ("a",)


def test_a_limit_may_be_reached_in_the_middle_of_a_message() -> None:
    """The last request before the pause is about other entities of the same message."""
    connector_api = after_many_calls(TIMEOUT, call("a", number=2000))
    connector_api.arrive(call("b", at_ms=1_500, number=1000))
    perform(WaitUntilFetched(), execution_for(connector_api, fetch_timeout_s=10.0))
    assert connector_api.calls()[-1].requested_ids == ("a",)


def test_a_limit_is_no_reason_where_entities_are_left_out() -> None:
    """Once several waits have timed out, the rest of a message is not waited for."""
    connector_api = after_many_calls(TIMEOUT, call("a", number=2000))
    connector_api.arrive(call("b", at_ms=1_500, number=1000))
    execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=impatient())
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [MIN_SILENCE_S]


@pytest.mark.parametrize(
    "choices",
    [
        {"count": REQUESTS_PER_TOKEN // 2 - 1},  # fewer requests
        {"announced_ms": -1.0},  # the missing entity is older than all these requests
        {"announced_ms": 9_000.0},  # it may come to that at once
        {"enterprise": OTHER_ENTERPRISE},  # the event is not about the enterprise of the requests
    ],
)
def test_other_silences_are_not_waited_for(choices: dict[str, Any]) -> None:
    """They show no limit of the service's own."""
    connector_api = after_many_calls(**choices)
    perform(WaitUntilFetched(), execution_for(connector_api, fetch_timeout_s=10.0))
    assert connector_api.waits == [10.0]


def test_a_service_that_stays_silent_has_no_limit() -> None:
    """After several windows that passed without a request, none is waited for any more."""
    patience = Patience()
    for number in range(MAX_SILENT_WINDOWS + 1):
        connector_api = after_many_calls()
        execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=patience)
        perform(WaitUntilFetched(), execution)
        assert len(connector_api.waits) == (2 if number < MAX_SILENT_WINDOWS else 1)


def test_the_time_for_the_request_limit_is_bounded() -> None:
    """A service that goes on with other entities is not waited for without end."""
    others = [call("other", at_ms=20_000.0, number=number) for number in range(1000, 1200)]
    connector_api = after_many_calls(*(step for other in others for step in (TIMEOUT, other)))
    connector_api.announced_ms.append(25_000.0)
    perform(WaitUntilFetched(), execution_for(connector_api, fetch_timeout_s=10.0))
    assert connector_api.now_ms() / 1000 < 10.0 + 2 * REQUEST_WINDOW_S + 10.0


def outlasted() -> Patience:
    """Return the patience of a run in which a backlog has outlasted an extended wait."""
    patience = Patience()
    patience.extensions.note_failure()
    return patience


def backlog_of(count: int, *script: ApiCall | None) -> ScriptedConnectorApi:
    """Return an emulator whose partner works on a backlog: one entity less at each look."""
    connector_api = ScriptedConnectorApi(*script)
    connector_api.backlog_polls, connector_api.shrinking_polls = 1000, count
    return connector_api


def test_no_wait_is_extended_after_one_that_was_outlasted() -> None:
    """The run is incomplete by then; what is missing is still not judged."""
    patience = Patience()
    connector_api = backlog_of(1000)
    perform(
        WaitUntilFetched(),
        execution_for(connector_api, fetch_timeout_s=2.0, patience=patience),
    )
    execution = execution_for(connector_api, fetch_timeout_s=20.0, patience=patience)
    connector_api.waits.clear()
    perform(WaitUntilFetched(timeout_factor=6), execution)
    assert connector_api.waits == [LOOK_S]
    assert execution.transcript(scenario_of()).still_busy


def test_an_extended_wait_ends_when_another_was_outlasted() -> None:
    """Scenarios run concurrently, and their waits begin at different times."""
    patience = Patience()
    connector_api = backlog_of(1000)
    outlasts_at_s = 25.0

    def is_working_on_backlog(_: float) -> bool:
        if connector_api.now_ms() / 1000 >= outlasts_at_s:
            patience.extensions.note_failure()
        return True

    connector_api.is_working_on_backlog = is_working_on_backlog  # type: ignore[method-assign]
    execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=patience)
    perform(WaitUntilFetched(), execution)
    assert sum(connector_api.waits) == outlasts_at_s
    assert execution.transcript(scenario_of()).still_busy


@pytest.mark.parametrize("backlog", [5, 0])  # with 0 the partner asks again for what it has
def test_a_wait_lasts_for_its_timeout_if_the_backlog_may_end_before(backlog: int) -> None:
    """Also after an extended wait was outlasted: the look saw one of five entities fetched."""
    connector_api = backlog_of(backlog)
    execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=outlasted())
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [LOOK_S, 10.0 - LOOK_S]
    assert execution.transcript(scenario_of()).still_busy


def test_a_fetch_despite_a_backlog_is_seen() -> None:
    """A partner may fetch what is new first."""
    connector_api = backlog_of(1000, call("a", number=1))
    execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=outlasted())
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [LOOK_S]
    assert not execution.transcript(scenario_of()).still_busy


def test_a_wait_without_a_backlog_lasts_for_its_timeout() -> None:
    """What is missing then is judged, also after an extended wait was outlasted."""
    connector_api = backlog_of(1000)
    connector_api.backlog_polls = 0
    execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=outlasted())
    perform(WaitUntilFetched(), execution)
    assert sum(connector_api.waits) == 10.0
    assert not execution.transcript(scenario_of()).still_busy


def test_the_wait_is_not_extended_for_refused_requests() -> None:
    """A 400 for its body is final, however long the service works through other messages."""
    refused = call("a", number=1, status=400)
    connector_api = ScriptedConnectorApi(refused, TIMEOUT)
    connector_api.backlog_polls, connector_api.shrinking_polls = 1000, 1000
    execution = execution_for(connector_api, fetch_timeout_s=2.0)
    perform(WaitUntilFetched(), execution)
    assert connector_api.waits == [2.0, 1.0]
    assert not execution.transcript(scenario_of()).still_busy


def test_timeout_factor() -> None:
    """`timeout_factor` multiplies the timeout, for partners that have to retry."""
    connector_api = ScriptedConnectorApi()
    perform(WaitUntilFetched(timeout_factor=3), execution_for(connector_api, fetch_timeout_s=10.0))
    assert connector_api.waits == [30.0]


def test_no_wait_without_a_delivery() -> None:
    """Without a delivery everything is fetched at once."""
    connector_api = ScriptedConnectorApi(TIMEOUT)
    perform(WaitUntilFetched(), execution_for(connector_api, ()))
    assert connector_api.waits == []


def test_quiet_s_waits_for_further_calls() -> None:
    """The wait continues after each relevant call, until none arrives for that long."""
    further = [call("a", number=n, at_ms=100 + n) for n in (2, 3)]
    connector_api = ScriptedConnectorApi(
        call("a", number=1), *further, call("b", number=4), TIMEOUT
    )
    perform(WaitUntilFetched(quiet_s=0.5), execution_for(connector_api, fetch_timeout_s=10.0))
    assert connector_api.waits == [10.0, 0.5, 0.5, 0.5]


def test_a_call_in_progress_is_not_quiet() -> None:
    """The wait continues while a call has no response."""
    slow = call("a", number=2, at_ms=150, duration_ms=None)
    answered = replace(slow, answered_ms=9000.0)
    connector_api = ScriptedConnectorApi(
        call("a", number=1), slow, TIMEOUT, TIMEOUT, answered, TIMEOUT
    )
    perform(WaitUntilFetched(quiet_s=0.5), execution_for(connector_api, fetch_timeout_s=10.0))
    assert connector_api.waits == [10.0, *[0.5] * 5]


def test_the_wait_for_quiet_is_bounded() -> None:
    """The wait for quiet takes no longer than the timeout."""
    endless = [call("a", number=n, at_ms=100 + n) for n in range(1, 100)]
    connector_api = ScriptedConnectorApi(*endless)
    perform(WaitUntilFetched(quiet_s=0.5), execution_for(connector_api, fetch_timeout_s=2.0))
    assert connector_api.waits == [2.0, 0.5, 0.5, 0.5, 0.5]
    assert connector_api.now_ms() == BETWEEN_MS + 2000


def test_wait_until_idle_forgets_earlier_calls() -> None:
    """After a second without a call, only later calls are shown."""
    connector_api = ScriptedConnectorApi(call("x", number=1), call("y", number=2), TIMEOUT)
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    perform(WaitUntilIdle(), execution)
    assert connector_api.waits == [QUIET_S] * 3
    assert execution.calls.calls(everything=True) == ()


def test_a_call_in_progress_is_not_idle() -> None:
    """A partner that waits for a response is not idle, however long it waits."""
    slow = call("x", number=1, duration_ms=None)
    answered = replace(slow, answered_ms=2500.0)
    connector_api = ScriptedConnectorApi(
        TIMEOUT, TIMEOUT, answered, call("y", number=2), TIMEOUT, before=[slow]
    )
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    perform(WaitUntilIdle(), execution)
    assert connector_api.waits == [QUIET_S] * 4
    assert execution.calls.calls(everything=True) == ()


def test_idle_begins_with_the_last_response() -> None:
    """A second in which a response was sent is not idle."""
    slow = call("x", number=1, duration_ms=None)
    answered = replace(slow, answered_ms=900.0)
    connector_api = ScriptedConnectorApi(
        answered, TIMEOUT, call("y", number=2), TIMEOUT, before=[slow]
    )
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    perform(WaitUntilIdle(), execution)
    assert connector_api.waits == [QUIET_S] * 3
    assert execution.calls.calls(everything=True) == ()


@pytest.mark.parametrize("step", [WaitUntilIdle(), WaitUntilFetched(quiet_s=0.5)], ids=repr)
def test_no_wait_after_the_emulator_is_closed(step: Step) -> None:
    """A wait that ends at once is not repeated, though a call has no response yet."""
    connector_api = ScriptedConnectorApi(
        call("a", number=1), before=[call("a", number=2, duration_ms=None)]
    )
    connector_api.closed = True
    perform(step, execution_for(connector_api, fetch_timeout_s=10.0))
    assert len(connector_api.waits) <= 2


def test_many_calls_per_second() -> None:
    """The timeout is in seconds, however many calls arrive."""
    connector_api = ScriptedConnectorApi(*(call("x", number=n) for n in range(1, 15)), TIMEOUT)
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    perform(WaitUntilIdle(), execution)
    assert execution.calls.calls(everything=True) == ()


def test_wait_until_idle_is_extended_for_a_busy_partner() -> None:
    """Five times the timeout since the last response with something else, and no longer."""
    connector_api = ScriptedConnectorApi(*(call("x", number=n) for n in range(1, 100)))
    connector_api.backlog_polls = 1000
    execution = execution_for(connector_api, fetch_timeout_s=3.0)
    perform(WaitUntilIdle(), execution)
    assert len(connector_api.waits) == 5 * 3 * 1000 / BETWEEN_MS + 1
    shrinking = ScriptedConnectorApi(*(call("x", number=n) for n in range(1, 100)))
    shrinking.backlog_polls, shrinking.shrinking_polls = 1000, 35
    perform(WaitUntilIdle(), execution_for(shrinking, fetch_timeout_s=3.0))
    assert len(shrinking.waits) > len(connector_api.waits)


def busy_without_end(count: int) -> ScriptedConnectorApi:
    """Return an emulator with a call every half second, and a backlog that shrinks with each."""
    return backlog_of(count, *(call("x", number=number) for number in range(1, 200)))


def test_a_backlog_that_outlasts_the_wait_until_idle_is_recorded() -> None:
    """Further waits of the run are not extended, whatever they wait for."""
    connector_api = busy_without_end(1000)
    execution = execution_for(connector_api, fetch_timeout_s=3.0)
    perform(WaitUntilIdle(), execution)
    assert sum(connector_api.waits) >= MAX_BUSY_FACTOR * 3.0
    assert execution.transcript(scenario_of()).never_idle
    assert not execution.context.patience.extensions.are_left


def test_a_polling_partner_is_judged() -> None:
    """Its backlog does not shrink, so that the harness has waited long enough."""
    connector_api = busy_without_end(0)
    execution = execution_for(connector_api, fetch_timeout_s=3.0)
    perform(WaitUntilIdle(), execution)
    assert not execution.transcript(scenario_of()).never_idle
    assert execution.context.patience.extensions.are_left


@pytest.mark.parametrize(("backlog", "waited_s"), [(1000, LOOK_S), (5, 10.0)])
def test_wait_until_idle_is_not_extended_after_a_wait_that_was_outlasted(
    backlog: int, waited_s: float
) -> None:
    """It ends at once if the backlog takes longer than the timeout."""
    connector_api = backlog_of(backlog)
    connector_api.arrive(call("x", number=1, duration_ms=None))
    execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=outlasted())
    perform(WaitUntilIdle(), execution)
    assert waited_s <= connector_api.now_ms() / 1000 <= waited_s + QUIET_S
    assert execution.transcript(scenario_of()).never_idle


def test_wait_until_idle_is_bounded() -> None:
    """For a partner that never stops calling, the wait ends at the timeout."""
    connector_api = ScriptedConnectorApi(*(call("x", number=n) for n in range(1, 100)))
    execution = execution_for(connector_api, fetch_timeout_s=3.0)
    perform(WaitUntilIdle(), execution)
    assert len(connector_api.waits) == 6
    execution.context.wait(1.5)
    assert connector_api.waits[-1] == 1.5
    assert len(execution.calls.calls(everything=True)) == 94


def test_wait_for_request() -> None:
    """It ends with the first call that requests or returns an entity of the case."""
    connector_api = ScriptedConnectorApi(
        call("b", number=1), call(returned_ids=("a",), number=2), call("a", number=3)
    )
    perform(WaitForRequest(), execution_for(connector_api, fetch_timeout_s=10.0))
    assert connector_api.waits == [10.0]
    assert [call.number for call in connector_api.calls()] == [1, 2]


@pytest.mark.parametrize(("delay_s", "waited_s"), [(0.2, 1.5), (3.0, 6.0), (8.0, 10.0)])
def test_wait_for_no_request(delay_s: float, waited_s: float) -> None:
    """A service that usually waits before it requests anything would still do so later."""
    connector_api = ScriptedConnectorApi()
    patience = Patience()
    patience.note_request_delay(delay_s)
    execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=patience)
    perform(WaitForNoRequest(1.5), execution)
    assert connector_api.waits == [waited_s]


@pytest.mark.parametrize(
    ("interval_s", "waits"),
    [((-60.4, 0.0), [62.4]), ((-600.0, 0.0), []), ((None, 0.0), []), (None, [])],
)
def test_outlast_intervals(
    interval_s: tuple[float | None, float] | None, waits: list[float]
) -> None:
    """A service that asks for ids, or for a long interval, is not waited for."""
    connector_api = ScriptedConnectorApi()
    execution = execution_for(connector_api)
    connector_api.arrive(
        call(at_ms=DELIVERY.started_ms + 1, returned_ids=("a",), interval_s=interval_s)
    )
    perform(OutlastIntervals((DELIVERY.label,)), execution)
    assert connector_api.waits == pytest.approx(waits)


@pytest.mark.parametrize(
    ("polls", "waits", "still_busy"),
    [(2, [1.5, QUIET_S, QUIET_S, QUIET_S], False), (1000, [1.5, *[QUIET_S] * 40], True)],
)
def test_wait_for_no_request_of_a_busy_partner(
    polls: int, waits: list[float], *, still_busy: bool
) -> None:
    """The request may come once the partner has come to the message; until then nothing shows."""
    connector_api = backlog_of(1000)
    connector_api.backlog_polls = polls
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    perform(WaitForNoRequest(1.5), execution)
    assert connector_api.waits == waits
    assert execution.transcript(scenario_of()).still_busy is still_busy


def send_steadily(connector_api: ScriptedConnectorApi, *earlier: Delivery) -> list[str]:
    """Send four messages in ten seconds; return the entities of those that were sent."""
    deliveries = {
        one.message: one for one in (delivery(f"{number}", label="stream") for number in range(4))
    }
    execution = execution_for(connector_api, earlier, {"stream": tuple(deliveries)})
    endpoint = SimpleNamespace(url=lambda _kind: "http://127.0.0.1")
    deliverer = SimpleNamespace(deliver=lambda message, _url, **_: deliveries[message])
    execution.context = replace(
        execution.context,
        deliverer=cast("Any", deliverer),
        endpoint=cast("Any", endpoint),
        fetch_timeout_s=10.0,
    )
    perform(SendSteadily("stream"), execution)
    sent = execution.deliveries[len(earlier) :]
    return [event.entity_id for one in sent for event in one.message.events]


def test_messages_are_sent_steadily_until_one_leads_to_a_request() -> None:
    """One message follows the request: it came before the last message."""
    connector_api = ScriptedConnectorApi(TIMEOUT, call("1", number=1))
    assert send_steadily(connector_api) == ["0", "1", "2"]
    assert connector_api.waits == [2.5, 2.5]


def test_messages_are_sent_steadily_for_the_fetch_timeout() -> None:
    """A service that waits for silence requests nothing until then."""
    connector_api = ScriptedConnectorApi()
    assert send_steadily(connector_api) == ["0", "1", "2", "3"]
    assert connector_api.waits == [2.5] * 4


def test_nothing_is_sent_steadily_to_a_service_that_missed_a_fetch() -> None:
    """It would fetch nothing in any case."""
    assert send_steadily(ScriptedConnectorApi(), DELIVERY) == []


def test_wait_for_no_request_ends_if_one_came() -> None:
    """Then it is decided, also for a partner that retries it."""
    connector_api = backlog_of(1000, call("a", number=1, status=401))
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    perform(WaitForNoRequest(1.5), execution)
    assert connector_api.waits == [1.5]
    assert not execution.transcript(scenario_of()).still_busy


def test_wait_for_request_of_a_busy_partner() -> None:
    """It is extended for a backlog, and cut short after an extended wait was outlasted."""
    connector_api = backlog_of(1000, TIMEOUT, TIMEOUT, call("a", number=1))
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    perform(WaitForRequest(), execution)
    assert connector_api.waits == [10.0, QUIET_S, QUIET_S]
    assert not execution.transcript(scenario_of()).still_busy
    connector_api = backlog_of(1000)
    execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=outlasted())
    perform(WaitForRequest(), execution)
    assert connector_api.waits == [LOOK_S]
    assert execution.transcript(scenario_of()).still_busy


def test_wait_for_request_ends_early_once_waits_have_timed_out() -> None:
    """It is no longer than the silence that means that nothing more comes."""
    connector_api = ScriptedConnectorApi()
    patience = Patience(10.0)
    patience.note_end([Awaited("a", is_done=False, request_delay_s=None)], [], 30.0)
    execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=patience)
    perform(WaitForRequest(), execution)
    assert connector_api.waits == [MIN_SILENCE_S]
    assert not execution.transcript(scenario_of()).still_busy


@pytest.mark.parametrize(
    ("step", "restarted", "expected"),
    [
        (ShowConnectivityCheck(), False, "for the first request to the Connector API, up to 30 s"),
        (WaitForRequest(), False, "for a request to the Connector API, up to 10 s"),
        (WaitUntilIdle(), False, "until the service makes no request, up to 10 s"),
        (
            WaitUntilFetched(timeout_factor=3),
            False,
            "until what was acknowledged is fetched, up to 30 s",
        ),
        (
            WaitUntilFetched(timeout_factor=3),
            True,
            "until what was acknowledged before the restart is fetched, up to 90 s",
        ),
    ],
)
def test_a_wait_says_what_it_waits_for(step: Step, expected: str, *, restarted: bool) -> None:
    """The user sees why a scenario takes long, and how long it may still take."""
    waits: list[str] = []
    execution = execution_for(
        ScriptedConnectorApi(), fetch_timeout_s=10.0, report_wait=waits.append
    )
    execution.restarted = restarted
    perform(step, execution)
    assert waits == [f"waiting {expected}"]


def test_a_missing_request_is_judged_without_a_backlog() -> None:
    """The partner had time for it."""
    connector_api = ScriptedConnectorApi()
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    perform(WaitForRequest(), execution)
    assert connector_api.waits == [10.0]
    assert not execution.transcript(scenario_of()).still_busy


def slow_call(**other: Any) -> ApiCall:  # noqa: ANN401 - fields of a call
    """Build a call whose response an injected fault delays."""
    return call("a", at_ms=1000, fault=ApiFault.SLOW, **other)


def refused(at_s: float, *ids: str) -> ApiCall:
    """Build a call that an injected fault answered with 429."""
    return call(
        *ids, at_ms=at_s * 1000, status=429, fault=ApiFault.TOO_MANY_REQUESTS_WITHOUT_RETRY_AFTER
    )


def test_pauses_between_retries_may_be_long() -> None:
    """Pauses of 5, 10, 20 and 40 s end after the timeout; the wait lasts until the last retry."""
    retries = [refused(at_s, "a") for at_s in (1, 6, 16, 36)]
    connector_api = ScriptedConnectorApi(TIMEOUT, call("a", at_ms=76_000), before=[])
    execution = execution_for(connector_api)
    connector_api.arrive(*retries)
    perform(WaitUntilFetched(timeout_factor=6), execution)
    assert execution.calls.calls(everything=False)[-1].received_ms == 76_000


def too_large(at_s: float, *ids: str) -> ApiCall:
    """Build a call that an injected fault answered with 413."""
    return call(*ids, at_ms=at_s * 1000, status=413, fault=ApiFault.CONTENT_TOO_LARGE)


@pytest.mark.parametrize(
    "calls",
    [
        [refused(1, "a"), refused(6, "a"), refused(8, "a")],  # pauses that are random
        [refused(at_s, "a") for at_s in (1, 3, 5, 7)],  # a fixed pause
        [too_large(1, "a", "b"), too_large(6, "b"), too_large(8, "a")],  # halves, each with a pause
        [too_large(at_s) for at_s in (1, 3, 8)],  # by interval, perhaps with smaller pages
        [refused(1, "a"), refused(6, "a"), refused(7, "b")],  # another entity has its own pauses
        [  # so have other operations
            *(refused(at_s, "a") for at_s in (1, 6)),
            call(at_ms=8_000, operation="configuration/get"),
        ],
    ],
)
def test_a_retry_is_expected(calls: list[ApiCall]) -> None:
    """The wait goes on as long as the pauses of an entity's own requests show that one comes."""
    connector_api = ScriptedConnectorApi(TIMEOUT, call("a", at_ms=14_000))
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    connector_api.arrive(*calls)
    perform(WaitUntilFetched(), execution)
    assert execution.calls.calls(everything=False)[-1].received_ms == 14_000


@pytest.mark.parametrize(
    "calls",
    [
        [call("a", at_ms=1000, status=401), call("a", at_ms=6000, status=401)],  # no fault
        [refused(1, "b"), refused(6, "b"), refused(16, "b")],  # others
        [refused(1, "a"), refused(6, "a"), call("a", at_ms=9000, returned_ids=())],
        [too_large(at_s, "a") for at_s in (1, 3, 7)],  # as large as before
        [too_large(at_s) for at_s in (1, 5, 7)],  # by interval, with pauses that grow no longer
        [too_large(at_s) for at_s in (1, 3, 5.1)],  # by interval, with a fixed pause
        [too_large(at_s) for at_s in (1, 2, 4, 8, 16, 32)],  # by interval, too often
    ],
)
def test_no_retry_is_expected(calls: list[ApiCall]) -> None:
    """The wait ends at the timeout unless the pauses so far show that the partner still retries."""
    connector_api = ScriptedConnectorApi(TIMEOUT, call("a", at_ms=76_000))
    execution = execution_for(connector_api)
    connector_api.arrive(*calls)
    perform(WaitUntilFetched(), execution)
    assert len(connector_api.waits) == 1


@pytest.mark.parametrize("failed", [refused(1, "a"), too_large(1, "a")])
def test_a_first_retry_may_come_late(failed: ApiCall) -> None:
    """A queue of jobs makes it after a quarter of a minute or half a minute, unless told otherwise.

    Nothing shows the pause before the first one. The next pause may be three times as long.
    """
    connector_api = ScriptedConnectorApi(
        TIMEOUT, refused(45, "a"), TIMEOUT, call("a", at_ms=160_000)
    )
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    connector_api.arrive(failed)
    perform(WaitUntilFetched(timeout_factor=2), execution)
    assert execution.calls.calls(everything=False)[-1].received_ms == 160_000


@pytest.mark.parametrize(
    ("calls", "waited_s"),
    [
        ([refused(1, "a")], 1 + FIRST_RETRY_FACTOR * 10.0),
        ([slow_call(status=None)], 1 + REDELIVERY_FACTOR * 10.0),
        ([slow_call(status=None, duration_ms=None)], 10.0),  # it goes on
        ([slow_call(returned_ids=())], 10.0),
        ([call("a", at_ms=1000, status=500)], 10.0),  # no fault
        ([refused(1, "b")], 10.0),  # another entity
        ([refused(1, "a"), call("a", at_ms=2000, returned_ids=())], 10.0),  # repeated
    ],
)
def test_what_is_no_first_retry(calls: list[ApiCall], waited_s: float) -> None:
    """Only an entity whose only request met a fault is waited for."""
    connector_api = ScriptedConnectorApi()
    execution = execution_for(connector_api, fetch_timeout_s=10.0)
    connector_api.arrive(*calls)
    perform(WaitUntilFetched(), execution)
    assert sum(connector_api.waits) == waited_s


def test_a_first_retry_that_does_not_come_is_waited_for_once() -> None:
    """A service that repeats nothing would cost a minute in each scenario."""
    patience = Patience(10.0)
    for waited_s in (61.0, MIN_SILENCE_S):
        connector_api = ScriptedConnectorApi()
        execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=patience)
        connector_api.arrive(refused(1, "a"))
        perform(WaitUntilFetched(), execution)
        assert sum(connector_api.waits) == waited_s


def test_a_wait_for_a_first_retry_ends_with_that_of_another_scenario() -> None:
    """One of them is enough to find out that none comes."""
    patience = Patience(10.0)

    class LateLesson(ScriptedConnectorApi):
        """An emulator at which another wait for a first retry is over after 15 s."""

        def wait_until(
            self, predicate: Callable[[tuple[ApiCall, ...]], bool], since: int, timeout_s: float
        ) -> bool:
            if self.now_ms() >= 15_000:
                patience.note_no_first_retry(51.0)
            return super().wait_until(predicate, since, timeout_s)

    connector_api = LateLesson()
    execution = execution_for(connector_api, fetch_timeout_s=10.0, patience=patience)
    connector_api.arrive(refused(1, "a"))
    perform(WaitUntilFetched(), execution)
    assert sum(connector_api.waits) == 16.0


def test_seconds_of_a_slow_response() -> None:
    """A slow response takes `seconds`; 8 s by default, beyond the limit of a webhook."""
    connector_api, message = connector_api_with(1)
    execution = execution_for(connector_api, (), {"message": (message,)})
    request = request_for(RESERVATIONS, ReservationIds=[guid(1)])
    delays = []
    slow = InjectApiFault(ApiFault.SLOW, ("message",), times=1)
    for step in (replace(slow, seconds=2), slow):
        perform(step, execution)
        delays.append(connector_api.begin(request).response.delay_s)
    assert delays == [2, 8.0]


def test_first_pages_are_full_until_the_end() -> None:
    """A call by interval returns the entity on its third page, after the case on its only one."""
    connector_api, message = connector_api_with(1)
    interval = {"StartUtc": "2026-08-07T00:00:00Z", "EndUtc": "2026-08-08T00:00:00Z"}
    request = request_for(RESERVATIONS, UpdatedUtc=interval)
    with execution_for(connector_api, (), {"message": (message,)}) as execution:
        perform(FillFirstPages(("message",)), execution)
        connector_api.apply_message(message)
        first_page = connector_api.begin(request).call
        assert guid(1) not in first_page.returned_ids
        limitation = {"Count": 1000, "Cursor": first_page.cursor}
        further = request_for(RESERVATIONS, UpdatedUtc=interval, Limitation=limitation)
        second_page = connector_api.begin(further).call
        assert guid(1) not in second_page.returned_ids
        assert second_page.cursor is not None
    assert connector_api.begin(request).call.returned_ids == (guid(1),)


def test_only_own_calls_and_ids_are_shown() -> None:
    """Earlier calls and those about others are left out; `everything` shows the latter too."""
    early = call("a", number=1)
    mixed = call("a", "other", number=2, at_ms=5)
    connector_api = ScriptedConnectorApi(mixed, call("other", number=3), before=[early])
    execution = execution_for(connector_api)
    execution.context.wait(1.0)
    (relevant,) = execution.calls.calls(everything=False)
    assert (relevant.number, relevant.requested_ids, relevant.returned_ids) == (2, ("a",), ("a",))
    assert [call.requested_ids for call in execution.calls.calls(everything=True)] == [("a",), ()]


def test_a_call_by_interval_is_relevant() -> None:
    """A response that contains an entity of the case is relevant, requested by id or not."""
    connector_api = ScriptedConnectorApi(call(returned_ids=("b", "a"), number=1))
    execution = execution_for(connector_api)
    execution.context.wait(1.0)
    (relevant,) = execution.calls.calls(everything=False)
    assert (relevant.requested_ids, relevant.returned_ids) == ((), ("a",))


def test_calls_of_a_new_enterprise_are_relevant() -> None:
    """Only this execution knows the enterprise, so only its calls have that token."""
    new = replace(DELIVERY.message, enterprise_id=OTHER_ENTERPRISE)
    connector_api = ScriptedConnectorApi(
        call("x", number=1, enterprise=OTHER_ENTERPRISE),
        call("y", number=2, enterprise=ENTERPRISE),
        call("z", number=3, enterprise=None),
    )
    execution = execution_for(connector_api, (), {"message": (new,)})
    execution.context.wait(1.0)
    assert [call.number for call in execution.calls.calls(everything=False)] == [1]


def test_every_step_does_nothing_without_the_emulator() -> None:
    """Nothing is observed, no step waits, and none fails."""
    execution = execution_for(None)
    steps = (
        ShowConnectivityCheck(),
        WaitUntilFetched(),
        WaitForNoRequest(60),
        WaitForRequest(),
        WaitUntilIdle(),
        InjectApiFault(ApiFault.SLOW, ("message",), seconds=60),
        ClearApiFaults(),
        FillFirstPages(("message",)),
        DeleteEntities(("message",)),
        ChangeEntities(("message",)),
        OutlastIntervals(("message",)),
        SendSteadily("message"),
        RefuseReplacedKeys(("message",)),
        AddService(("message",)),
        AddToPortfolio(("message",), "message"),
    )
    performed_here = {
        step_class
        for step_class in STEPS.values()
        if perform.dispatch(step_class).__module__ == connector_steps.__name__
    }
    assert set(map(type, steps)) == performed_here
    for step in steps:
        perform(step, execution)
    assert execution.calls.calls(everything=True) == ()


def status(connector_api: ConnectorApi, number: int = 1) -> int | None:
    """Request an entity, and return the status."""
    pending = connector_api.begin(request_for(RESERVATIONS, ReservationIds=[guid(number)]))
    pending.mark_sent()
    return pending.response.status


def connector_api_with(*numbers: int) -> tuple[ConnectorApi, Message]:
    """Build a real emulator that knows some entities, and the message about them."""
    connector_api = make_connector_api()
    message = general_webhook(*(("ServiceOrderUpdated", guid(number)) for number in numbers))
    connector_api.apply_message(message)
    events = delivery(*map(guid, numbers)).message.events
    return connector_api, replace(message, events=events)


def test_a_fault_affects_only_the_named_messages() -> None:
    """`times` calls about them fail; other calls don't, nor does the next one."""
    connector_api, message = connector_api_with(1)
    connector_api.apply_message(general_webhook(("ServiceOrderUpdated", guid(2))))
    execution = execution_for(connector_api, (), {"message": (message,)})
    perform(InjectApiFault(ApiFault.SERVER_ERROR, ("message",), times=2), execution)
    assert [status(connector_api, number) for number in (2, 1, 2, 1, 1)] == [
        200,
        500,
        200,
        500,
        200,
    ]


def test_clear_api_faults() -> None:
    """Without `times`, the fault lasts until then."""
    connector_api, message = connector_api_with(1)
    with execution_for(connector_api, (), {"message": (message,)}) as execution:
        perform(InjectApiFault(ApiFault.TOO_MANY_REQUESTS, ("message",)), execution)
        assert [status(connector_api) for _ in range(5)] == [429] * 5
        perform(ClearApiFaults(), execution)
        assert status(connector_api) == 200


def scenario_of(*steps: Step) -> Any:  # noqa: ANN401 - a scenario
    """Build a scenario of these steps."""
    return replace(loader.load_scenarios()[0], steps=steps, message_specs=(), expectations=())


def test_faults_end_with_the_execution() -> None:
    """The next execution isn't affected; the transcript has the entities that met no fault."""
    connector_api, message = connector_api_with(1)
    step = InjectApiFault(ApiFault.RESET, ("message",))
    messages = {"message": (message,), HEALTH_CHECK: ()}
    transcript = run_steps(scenario_of(step), messages, context_for(connector_api))
    assert isinstance(transcript, Transcript)
    assert transcript.unaffected_ids == {guid(1)}
    assert transcript.fault_had_no_effect
    assert status(connector_api) == 200


def test_an_entity_that_met_every_fault_is_not_unaffected() -> None:
    """One of two entities meets the fault, before it is cleared."""
    connector_api, message = connector_api_with(1, 2)
    with execution_for(connector_api, (), {"message": (message,)}) as execution:
        perform(InjectApiFault(ApiFault.SERVER_ERROR, ("message",), times=1), execution)
        assert status(connector_api, 2) == 500
        perform(ClearApiFaults(), execution)
        transcript = execution.transcript(scenario_of())
    assert transcript.unaffected_ids == {guid(1)}
    assert not transcript.fault_had_no_effect


def test_faults_end_with_an_execution_that_raises() -> None:
    """A Ctrl-C is raised, and the emulator has no faults afterwards."""

    class Broken:
        def deliver(self, *_: object, **__: object) -> Delivery:
            assert status(connector_api) == 500
            raise KeyboardInterrupt

    connector_api, message = connector_api_with(1)
    steps = (
        InjectApiFault(ApiFault.SERVER_ERROR, ("message",)),
        HealthCheck(),
    )
    endpoint = cast("Any", type("Anywhere", (), {"url": lambda *_: "http://x/"})())
    context = replace(
        context_for(connector_api), deliverer=cast("Any", Broken()), endpoint=endpoint
    )
    with pytest.raises(KeyboardInterrupt):
        run_steps(scenario_of(*steps), {"message": (message,), HEALTH_CHECK: (message,)}, context)
    assert status(connector_api) == 200


def test_wait_until_fetched_with_a_real_emulator() -> None:
    """It ends at its timeout without a fetch, and at once if everything is fetched."""
    connector_api, message = connector_api_with(1)
    sent = replace(delivery(guid(1), enterprise=HOTEL), message=message)
    execution = execution_for(connector_api, [sent], {"message": (message,)}, fetch_timeout_s=0.01)
    perform(WaitUntilFetched(), execution)
    assert execution.calls.calls(everything=False) == ()
    assert status(connector_api) == 200
    perform(WaitUntilFetched(timeout_factor=100_000), execution)
    (fetch,) = execution.calls.calls(everything=False)
    assert (fetch.requested_ids, fetch.returned_ids, fetch.enterprise_id) == (
        (guid(1),),
        (guid(1),),
        HOTEL,
    )


@pytest.mark.parametrize(("numbers", "sent"), [((1, 2, 3), 1), ((), 3)])
def test_wait_each_ends_with_the_first_entity_that_is_not_fetched(
    setup: Callable[..., Setup], numbers: tuple[int, ...], sent: int
) -> None:
    """Each later wait would last as long; messages without entities are all sent."""
    connector_api, message = connector_api_with(*numbers)
    partner = setup(lambda _: 202)
    context = CaseContext(
        partner.deliverer,
        partner.endpoint,
        None,
        connector_api=connector_api,
        fetch_timeout_s=0.01,
    )
    with Execution(context, {"message": (message,) * 3}) as execution:
        perform(Deliver("message", wait_each=True), execution)
        assert len(execution.deliveries) == sent


@pytest.mark.parametrize(
    ("stage", "validity", "step", "sent"),
    [
        (Stage.PROCESSING, Validity.DOCUMENTED, Deliver, ["action"]),
        (Stage.PROCESSING, Validity.DOCUMENTED, ExhaustRetries, ["action", "event", "event"]),
        (Stage.PROCESSING, Validity.INCOMPLETE, Deliver, ["action", "event", "event"]),
        (Stage.DELIVERY, Validity.DOCUMENTED, Deliver, ["action", "event", "event"]),
    ],
)
def test_a_case_of_processing_ends_with_an_action_that_is_not_accepted(
    setup: Callable[..., Setup],
    stage: Stage,
    validity: Validity,
    step: type[Deliver | ExhaustRetries],
    sent: list[str],
) -> None:
    """Without it the service can't know what follows; an incomplete one it may refuse."""
    statuses = [503] * 3
    partner = setup(lambda _: statuses.pop() if statuses else 202)
    action = replace(DELIVERY.message, kind=WebhookKind.INTEGRATION, validity=validity)
    messages = {"action": (action,), "event": (DELIVERY.message,) * 2}
    scenario = replace(scenario_of(step("action"), Deliver("event")), stage=stage)
    context = CaseContext(partner.deliverer, partner.endpoint, None)
    transcript = run_steps(scenario, messages, context)
    assert [delivery.label for delivery in transcript.deliveries] == sent
    assert (transcript.refused_action is not None) is (len(sent) == 1)


def test_requests_by_interval_that_miss_an_entity_are_shown() -> None:
    """They name no entity, and so only what is missing tells that they are about it."""
    connector_api = ScriptedConnectorApi()
    execution = execution_for(connector_api)
    connector_api.arrive(
        call("b", number=1),
        call(number=2),
        call(number=3, enterprise=OTHER_ENTERPRISE, returned_ids=()),
        call(number=4, operation="payments/getAll", returned_ids=()),
    )
    calls = execution.calls.calls(everything=False)
    assert [each.number for each in calls] == [2]


def test_requests_by_interval_that_miss_nothing_are_left_out() -> None:
    """Once its entity is fetched, they are not about the execution."""
    connector_api = ScriptedConnectorApi()
    execution = execution_for(connector_api)
    connector_api.arrive(call("a", number=1), call(number=2, returned_ids=()))
    calls = execution.calls.calls(everything=False)
    assert [each.number for each in calls] == [1]
