"""The steps that use the Connector API emulator, with emulators that no socket serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.execution.connector_steps import CONNECTOR_STEPS, ConnectorObserver
from pytest_mews.execution.context import CaseContext
from pytest_mews.execution.steps import run_steps
from pytest_mews.execution.waits import QUIET_S
from pytest_mews.model import ApiCall, ApiFault, Delivery, Message, Step, Transcript
from pytest_mews.model.verdict import HEALTH_CHECK
from pytest_mews.scenarios import loader
from tests.connector_api.emulator_client import (
    HOTEL,
    general_webhook,
    guid,
    make_connector_api,
    request_for,
)
from tests.transcript_builders import ENTERPRISE, OTHER_ENTERPRISE, call, delivery

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
        self.waits: list[float] = []

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
    """Build a context without a sender."""
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


def observer_for(
    connector_api: object, deliveries: Sequence[Delivery] = (DELIVERY,), **choices: object
) -> ConnectorObserver:
    """Observe an execution of one message about `a`."""
    return ConnectorObserver(context_for(connector_api, **choices), MESSAGES, list(deliveries))


def test_wait_until_fetched_ends_with_the_last_fetch() -> None:
    """Without `quiet_s` there is one wait, which the fetch ends."""
    connector_api = ScriptedConnectorApi(
        call("b", number=1), call("a", number=2), call("c", number=3)
    )
    observer = observer_for(connector_api, fetch_timeout_s=10.0)
    CONNECTOR_STEPS["wait-until-fetched"](observer, Step("wait-until-fetched"))
    assert connector_api.waits == [10.0]
    assert [call.number for call in connector_api.calls()] == [1, 2]


def test_wait_until_fetched_ends_at_its_timeout() -> None:
    """Without a fetch there is one wait, and no wait for quiet."""
    connector_api = ScriptedConnectorApi(call("b", number=1))
    CONNECTOR_STEPS["wait-until-fetched"](
        observer_for(connector_api, fetch_timeout_s=10.0),
        Step("wait-until-fetched", {"quiet_s": 0.5}),
    )
    assert connector_api.waits == [10.0]


def test_the_wait_is_extended_for_a_busy_partner() -> None:
    """It is extended second by second until the fetch, or until there is no backlog."""
    connector_api = ScriptedConnectorApi(TIMEOUT, TIMEOUT, call("a", number=1))
    connector_api.backlog_polls = 5
    CONNECTOR_STEPS["wait-until-fetched"](
        observer_for(connector_api, fetch_timeout_s=10.0), Step("wait-until-fetched")
    )
    assert (connector_api.waits, connector_api.backlog_polls) == ([10.0, 1.0, 1.0], 3)
    connector_api = ScriptedConnectorApi()
    connector_api.backlog_polls = 2
    CONNECTOR_STEPS["wait-until-fetched"](
        observer_for(connector_api, fetch_timeout_s=10.0), Step("wait-until-fetched")
    )
    assert connector_api.waits == [10.0, 1.0, 1.0]


def test_the_extension_is_bounded() -> None:
    """It ends after five times the timeout at the latest."""
    connector_api = ScriptedConnectorApi()
    connector_api.backlog_polls = 1000
    CONNECTOR_STEPS["wait-until-fetched"](
        observer_for(connector_api, fetch_timeout_s=2.0), Step("wait-until-fetched")
    )
    assert connector_api.waits == [2.0] + [1.0] * 8


def test_timeout_factor() -> None:
    """`timeout_factor` multiplies the timeout, for partners that have to retry."""
    connector_api = ScriptedConnectorApi()
    CONNECTOR_STEPS["wait-until-fetched"](
        observer_for(connector_api, fetch_timeout_s=10.0),
        Step("wait-until-fetched", {"timeout_factor": 3}),
    )
    assert connector_api.waits == [30.0]


def test_no_wait_without_a_delivery() -> None:
    """Without a delivery everything is fetched at once."""
    connector_api = ScriptedConnectorApi(TIMEOUT)
    CONNECTOR_STEPS["wait-until-fetched"](
        observer_for(connector_api, ()), Step("wait-until-fetched")
    )
    assert len(connector_api.waits) == 1


def test_quiet_s_waits_for_further_calls() -> None:
    """The wait continues after each relevant call, until none arrives for that long."""
    further = [call("a", number=n, at_ms=100 + n) for n in (2, 3)]
    connector_api = ScriptedConnectorApi(
        call("a", number=1), *further, call("b", number=4), TIMEOUT
    )
    CONNECTOR_STEPS["wait-until-fetched"](
        observer_for(connector_api, fetch_timeout_s=10.0),
        Step("wait-until-fetched", {"quiet_s": 0.5}),
    )
    assert connector_api.waits == [10.0, 0.5, 0.5, 0.5]


def test_a_call_in_progress_is_not_quiet() -> None:
    """The wait continues while a call has no response."""
    slow = call("a", number=2, at_ms=150, duration_ms=None)
    answered = replace(slow, answered_ms=9000.0)
    connector_api = ScriptedConnectorApi(
        call("a", number=1), slow, TIMEOUT, TIMEOUT, answered, TIMEOUT
    )
    CONNECTOR_STEPS["wait-until-fetched"](
        observer_for(connector_api, fetch_timeout_s=10.0),
        Step("wait-until-fetched", {"quiet_s": 0.5}),
    )
    assert connector_api.waits == [10.0, *[0.5] * 5]


def test_the_wait_for_quiet_is_bounded() -> None:
    """The wait for quiet takes no longer than the timeout."""
    endless = [call("a", number=n, at_ms=100 + n) for n in range(1, 100)]
    connector_api = ScriptedConnectorApi(*endless)
    CONNECTOR_STEPS["wait-until-fetched"](
        observer_for(connector_api, fetch_timeout_s=2.0),
        Step("wait-until-fetched", {"quiet_s": 0.5}),
    )
    assert connector_api.waits == [2.0, 0.5, 0.5, 0.5, 0.5]
    assert connector_api.now_ms() == BETWEEN_MS + 2000


def test_wait_until_idle_forgets_earlier_calls() -> None:
    """After a second without a call, only later calls are shown."""
    connector_api = ScriptedConnectorApi(call("x", number=1), call("y", number=2), TIMEOUT)
    observer = observer_for(connector_api, fetch_timeout_s=10.0)
    CONNECTOR_STEPS["wait-until-idle"](observer, Step("wait-until-idle"))
    assert connector_api.waits == [QUIET_S] * 3
    assert observer.calls(everything=True) == ()


def test_a_call_in_progress_is_not_idle() -> None:
    """A partner that waits for a response is not idle, however long it waits."""
    slow = call("x", number=1, duration_ms=None)
    answered = replace(slow, answered_ms=2500.0)
    connector_api = ScriptedConnectorApi(
        TIMEOUT, TIMEOUT, answered, call("y", number=2), TIMEOUT, before=[slow]
    )
    observer = observer_for(connector_api, fetch_timeout_s=10.0)
    CONNECTOR_STEPS["wait-until-idle"](observer, Step("wait-until-idle"))
    assert connector_api.waits == [QUIET_S] * 4
    assert observer.calls(everything=True) == ()


def test_idle_begins_with_the_last_response() -> None:
    """A second in which a response was sent is not idle."""
    slow = call("x", number=1, duration_ms=None)
    answered = replace(slow, answered_ms=900.0)
    connector_api = ScriptedConnectorApi(
        answered, TIMEOUT, call("y", number=2), TIMEOUT, before=[slow]
    )
    observer = observer_for(connector_api, fetch_timeout_s=10.0)
    CONNECTOR_STEPS["wait-until-idle"](observer, Step("wait-until-idle"))
    assert connector_api.waits == [QUIET_S] * 3
    assert observer.calls(everything=True) == ()


@pytest.mark.parametrize(
    ("step_name", "arguments"), [("wait-until-idle", {}), ("wait-until-fetched", {"quiet_s": 0.5})]
)
def test_no_wait_after_the_emulator_is_closed(step_name: str, arguments: dict[str, Any]) -> None:
    """A wait that ends at once is not repeated, though a call has no response yet."""
    connector_api = ScriptedConnectorApi(
        call("a", number=1), before=[call("a", number=2, duration_ms=None)]
    )
    connector_api.closed = True
    CONNECTOR_STEPS[step_name](
        observer_for(connector_api, fetch_timeout_s=10.0), Step(step_name, arguments)
    )
    assert len(connector_api.waits) <= 2


def test_many_calls_per_second() -> None:
    """The timeout is in seconds, however many calls arrive."""
    connector_api = ScriptedConnectorApi(*(call("x", number=n) for n in range(1, 15)), TIMEOUT)
    observer = observer_for(connector_api, fetch_timeout_s=10.0)
    CONNECTOR_STEPS["wait-until-idle"](observer, Step("wait-until-idle"))
    assert observer.calls(everything=True) == ()


def test_wait_until_idle_is_extended_for_a_busy_partner() -> None:
    """Five times the timeout, and no longer."""
    connector_api = ScriptedConnectorApi(*(call("x", number=n) for n in range(1, 100)))
    connector_api.backlog_polls = 1000
    observer = observer_for(connector_api, fetch_timeout_s=3.0)
    CONNECTOR_STEPS["wait-until-idle"](observer, Step("wait-until-idle"))
    assert len(connector_api.waits) == 5 * 3 * 1000 / BETWEEN_MS


def test_wait_until_idle_is_bounded() -> None:
    """For a partner that never stops calling, the wait ends at the timeout."""
    connector_api = ScriptedConnectorApi(*(call("x", number=n) for n in range(1, 100)))
    observer = observer_for(connector_api, fetch_timeout_s=3.0)
    CONNECTOR_STEPS["wait-until-idle"](observer, Step("wait-until-idle"))
    assert len(connector_api.waits) == 6
    observer._context.wait(1.5)
    assert connector_api.waits[-1] == 1.5
    assert len(observer.calls(everything=True)) == 94


def test_wait_for_request() -> None:
    """It ends with the first call that requests or returns an entity of the case."""
    connector_api = ScriptedConnectorApi(
        call("b", number=1), call(returned_ids=("a",), number=2), call("a", number=3)
    )
    CONNECTOR_STEPS["wait-for-request"](
        observer_for(connector_api, fetch_timeout_s=10.0), Step("wait-for-request")
    )
    assert connector_api.waits == [10.0]
    assert [call.number for call in connector_api.calls()] == [1, 2]


def test_seconds_of_a_slow_response() -> None:
    """A slow response takes `seconds`; 8 s by default, beyond the limit of a webhook."""
    connector_api, message = connector_api_with(1)
    observer = ConnectorObserver(context_for(connector_api), {"message": (message,)}, [])
    request = request_for(RESERVATIONS, ReservationIds=[guid(1)])
    delays = []
    for optional in ({"seconds": 2}, {}):
        step = Step(
            "inject-api-fault", {"fault": "slow", "of": ["message"], "times": 1, **optional}
        )
        CONNECTOR_STEPS["inject-api-fault"](observer, step)
        delays.append(connector_api.begin(request).response.delay_s)
    assert delays == [2, 8.0]


def test_only_own_calls_and_ids_are_shown() -> None:
    """Earlier calls and those about others are left out; `everything` shows the latter too."""
    early = call("a", number=1)
    mixed = call("a", "other", number=2, at_ms=5)
    connector_api = ScriptedConnectorApi(mixed, call("other", number=3), before=[early])
    observer = observer_for(connector_api)
    observer._context.wait(1.0)
    (relevant,) = observer.calls(everything=False)
    assert (relevant.number, relevant.requested_ids, relevant.returned_ids) == (2, ("a",), ("a",))
    assert [call.requested_ids for call in observer.calls(everything=True)] == [("a",), ()]


def test_a_call_by_interval_is_relevant() -> None:
    """A response that contains an entity of the case is relevant, requested by id or not."""
    connector_api = ScriptedConnectorApi(call(returned_ids=("b", "a"), number=1))
    observer = observer_for(connector_api)
    observer._context.wait(1.0)
    (relevant,) = observer.calls(everything=False)
    assert (relevant.requested_ids, relevant.returned_ids) == ((), ("a",))


def test_calls_of_a_new_enterprise_are_relevant() -> None:
    """Only this execution knows the enterprise, so only its calls have that token."""
    new = replace(DELIVERY.message, enterprise_id=OTHER_ENTERPRISE)
    connector_api = ScriptedConnectorApi(
        call("x", number=1, enterprise=OTHER_ENTERPRISE),
        call("y", number=2, enterprise=ENTERPRISE),
        call("z", number=3, enterprise=None),
    )
    observer = ConnectorObserver(context_for(connector_api), {"message": (new,)}, [])
    observer._context.wait(1.0)
    assert [call.number for call in observer.calls(everything=False)] == [1]


def test_every_step_does_nothing_without_the_emulator() -> None:
    """Nothing is observed, no step waits, and none fails."""
    observer = observer_for(None)
    arguments = {"seconds": 60, "fault": "slow", "of": ["message"]}
    for name, step in CONNECTOR_STEPS.items():
        step(observer, Step(name, arguments))
    assert observer.calls(everything=True) == ()


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
    observer = ConnectorObserver(context_for(connector_api), {"message": (message,)}, [])
    step = Step("inject-api-fault", {"fault": "500", "of": ["message"], "times": 2})
    CONNECTOR_STEPS["inject-api-fault"](observer, step)
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
    with ConnectorObserver(context_for(connector_api), {"message": (message,)}, []) as observer:
        observer.inject_api_fault(ApiFault.TOO_MANY_REQUESTS, ["message"], None)
        assert [status(connector_api) for _ in range(5)] == [429] * 5
        CONNECTOR_STEPS["clear-api-faults"](observer, Step("clear-api-faults"))
        assert status(connector_api) == 200


def scenario_of(*steps: Step) -> Any:  # noqa: ANN401 - a scenario
    """Build a scenario of these steps."""
    return replace(loader.load_scenarios()[0], steps=steps, message_specs=(), expectations=())


def test_faults_end_with_the_execution() -> None:
    """The next execution isn't affected."""
    connector_api, message = connector_api_with(1)
    step = Step("inject-api-fault", {"fault": "reset", "of": ["message"]})
    messages = {"message": (message,), HEALTH_CHECK: ()}
    transcript = run_steps(scenario_of(step), messages, context_for(connector_api))
    assert isinstance(transcript, Transcript)
    assert status(connector_api) == 200


def test_faults_end_with_an_execution_that_raises() -> None:
    """A Ctrl-C is raised, and the emulator has no faults afterwards."""

    class Broken:
        def deliver(self, *_: object, **__: object) -> Delivery:
            assert status(connector_api) == 500
            raise KeyboardInterrupt

    connector_api, message = connector_api_with(1)
    steps = (
        Step("inject-api-fault", {"fault": "500", "of": ["message"]}),
        Step("health-check"),
    )
    endpoint = cast("Any", type("Anywhere", (), {"url": lambda *_: "http://x/"})())
    context = replace(context_for(connector_api), sender=cast("Any", Broken()), endpoint=endpoint)
    with pytest.raises(KeyboardInterrupt):
        run_steps(scenario_of(*steps), {"message": (message,), HEALTH_CHECK: (message,)}, context)
    assert status(connector_api) == 200


def test_wait_until_fetched_with_a_real_emulator() -> None:
    """It ends at its timeout without a fetch, and at once if everything is fetched."""
    connector_api, message = connector_api_with(1)
    sent = replace(delivery(guid(1), enterprise=HOTEL), message=message)
    observer = ConnectorObserver(
        context_for(connector_api, fetch_timeout_s=0.01), {"message": (message,)}, [sent]
    )
    CONNECTOR_STEPS["wait-until-fetched"](observer, Step("wait-until-fetched"))
    assert observer.calls(everything=False) == ()
    assert status(connector_api) == 200
    CONNECTOR_STEPS["wait-until-fetched"](
        observer, Step("wait-until-fetched", {"timeout_factor": 100_000})
    )
    (fetch,) = observer.calls(everything=False)
    assert (fetch.requested_ids, fetch.returned_ids, fetch.enterprise_id) == (
        (guid(1),),
        (guid(1),),
        HOTEL,
    )
