"""Steps that wait for the partner and disturb what it asks: over twins that no socket serves."""

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
from tests.connector_api.emulator_client import HOTEL, general_webhook, guid, make_connector_api, request_for
from tests.transcript_builders import ENTERPRISE, OTHER_ENTERPRISE, call, delivery

ONE = delivery("a")
PLAYED = {"message": (ONE.message,)}
BETWEEN_MS = 500.0
PASSES = None  # in a script: nothing comes until the wait is over
RESERVATIONS = "reservations/getAll/2023-06-06"


class ScriptedTwin:
    """Lets requests come while somebody waits, as scripted; `waits` notes for how many seconds.

    A request with the number of an earlier one takes its place: it has been answered. By `now_ms`
    half a second passes before each, and the whole wait where nothing comes.
    """

    def __init__(self, *script: ApiCall | None, before: Sequence[ApiCall] = ()) -> None:
        self._calls = {each.number: each for each in before}
        self._script = list(script)
        self._now_ms = 0.0
        self.closed = False
        self.behind = 0  # how many more times the partner is found at work on older news
        self.waits: list[float] = []

    def calls(self, since: int = 0) -> tuple[ApiCall, ...]:
        """Give the calls numbered above `since`."""
        return tuple(each for number, each in self._calls.items() if number > since)

    def now_ms(self) -> float:
        """Tell how long has been waited, all in all."""
        return self._now_ms

    def is_working_on_backlog(self, _: float) -> bool:
        """Tell, so many times, that the partner is."""
        self.behind -= 1
        return self.behind >= 0

    def wait_until(
        self, predicate: Callable[[tuple[ApiCall, ...]], bool], since: int, timeout_s: float
    ) -> bool:
        """Let what is scripted come until the predicate holds or time passes."""
        self.waits.append(timeout_s)
        while not predicate(self.calls(since)):
            each = self._script.pop(0) if self._script else PASSES
            self._now_ms += timeout_s * 1000 if each is PASSES else BETWEEN_MS
            if each is PASSES:
                return False
            self._calls[each.number] = each
        return True


def bench_of(twin: object, **choices: Any) -> CaseContext:  # noqa: ANN401 - fields of a bench
    """Lay a bench that nothing is delivered from."""
    enterprises = frozenset({ENTERPRISE, HOTEL})
    nobody = cast("Any", None)
    if isinstance(twin, ScriptedTwin):
        choices["now_ms"] = twin.now_ms
    return CaseContext(
        nobody, nobody, ONE, connector_api=cast("ConnectorApi", twin), enterprises=enterprises, **choices
    )


def watch_of(
    twin: object, deliveries: Sequence[Delivery] = (ONE,), **choices: object
) -> ConnectorObserver:
    """Watch a play of one message about `a`."""
    return ConnectorObserver(bench_of(twin, **choices), PLAYED, list(deliveries))


def test_settling_ends_with_the_last_fetch() -> None:
    """Without a calm to wait for there is one wait, which the fetch ends."""
    twin = ScriptedTwin(call("b", number=1), call("a", number=2), call("c", number=3))
    watch = watch_of(twin, fetch_timeout_s=10.0)
    CONNECTOR_STEPS["wait-until-fetched"](watch, Step("wait-until-fetched"))
    assert twin.waits == [10.0]
    assert [each.number for each in twin.calls()] == [1, 2]


def test_settling_gives_up_after_its_bound() -> None:
    """What is never fetched is waited for once, as long as the user allows, and not for a calm."""
    twin = ScriptedTwin(call("b", number=1))
    CONNECTOR_STEPS["wait-until-fetched"](
        watch_of(twin, fetch_timeout_s=10.0), Step("wait-until-fetched", {"quiet_s": 0.5})
    )
    assert twin.waits == [10.0]


def test_who_works_off_older_news_is_waited_for() -> None:
    """Second by second, until it comes to what is waited for, or has passed it over."""
    twin = ScriptedTwin(PASSES, PASSES, call("a", number=1))
    twin.behind = 5
    CONNECTOR_STEPS["wait-until-fetched"](
        watch_of(twin, fetch_timeout_s=10.0), Step("wait-until-fetched")
    )
    assert (twin.waits, twin.behind) == ([10.0, 1.0, 1.0], 3)
    twin = ScriptedTwin()
    twin.behind = 2
    CONNECTOR_STEPS["wait-until-fetched"](
        watch_of(twin, fetch_timeout_s=10.0), Step("wait-until-fetched")
    )
    assert twin.waits == [10.0, 1.0, 1.0]


def test_a_line_is_bounded() -> None:
    """Whoever never comes to it is given up after five times as long."""
    twin = ScriptedTwin()
    twin.behind = 1000
    CONNECTOR_STEPS["wait-until-fetched"](
        watch_of(twin, fetch_timeout_s=2.0), Step("wait-until-fetched")
    )
    assert twin.waits == [2.0] + [1.0] * 8


def test_patience_multiplies_the_bound() -> None:
    """Where the partner has to try again the wait may be longer."""
    twin = ScriptedTwin()
    CONNECTOR_STEPS["wait-until-fetched"](
        watch_of(twin, fetch_timeout_s=10.0), Step("wait-until-fetched", {"timeout_factor": 3})
    )
    assert twin.waits == [30.0]


def test_nothing_acknowledged_is_nothing_to_wait_for() -> None:
    """Without a delivery all is settled at once."""
    twin = ScriptedTwin(PASSES)
    CONNECTOR_STEPS["wait-until-fetched"](watch_of(twin, ()), Step("wait-until-fetched"))
    assert len(twin.waits) == 1


def test_calm_waits_for_further_requests() -> None:
    """Each further request about the play is waited after, until none comes for so long."""
    again = [call("a", number=n, at_ms=100 + n) for n in (2, 3)]
    twin = ScriptedTwin(call("a", number=1), *again, call("b", number=4), PASSES)
    CONNECTOR_STEPS["wait-until-fetched"](
        watch_of(twin, fetch_timeout_s=10.0), Step("wait-until-fetched", {"quiet_s": 0.5})
    )
    assert twin.waits == [10.0, 0.5, 0.5, 0.5]


def test_calm_is_not_reached_while_something_is_answered() -> None:
    """A request that is being answered for long is waited for, also where nothing else comes."""
    slow = call("a", number=2, at_ms=150, duration_ms=None)
    done = replace(slow, answered_ms=9000.0)
    twin = ScriptedTwin(call("a", number=1), slow, PASSES, PASSES, done, PASSES)
    CONNECTOR_STEPS["wait-until-fetched"](
        watch_of(twin, fetch_timeout_s=10.0), Step("wait-until-fetched", {"quiet_s": 0.5})
    )
    assert twin.waits == [10.0, *[0.5] * 5]


def test_calm_is_bounded_too() -> None:
    """A partner that never stops is given up after as long as the settling itself may take."""
    endless = [call("a", number=n, at_ms=100 + n) for n in range(1, 100)]
    twin = ScriptedTwin(*endless)
    CONNECTOR_STEPS["wait-until-fetched"](
        watch_of(twin, fetch_timeout_s=2.0), Step("wait-until-fetched", {"quiet_s": 0.5})
    )
    assert twin.waits == [2.0, 0.5, 0.5, 0.5, 0.5]
    assert twin.now_ms() == BETWEEN_MS + 2000


def test_a_lull_forgets_what_came_before_it() -> None:
    """Requests are let come until a second passes without one; only later ones are seen."""
    twin = ScriptedTwin(call("x", number=1), call("y", number=2), PASSES)
    watch = watch_of(twin, fetch_timeout_s=10.0)
    CONNECTOR_STEPS["wait-until-idle"](watch, Step("wait-until-idle"))
    assert twin.waits == [QUIET_S] * 3
    assert watch.calls(everything=True) == ()


def test_a_lull_is_not_reached_while_something_is_answered() -> None:
    """Who waits for an answer is at work, however long it takes, and whenever it was asked."""
    slow = call("x", number=1, duration_ms=None)
    done = replace(slow, answered_ms=2500.0)
    twin = ScriptedTwin(PASSES, PASSES, done, call("y", number=2), PASSES, before=[slow])
    watch = watch_of(twin, fetch_timeout_s=10.0)
    CONNECTOR_STEPS["wait-until-idle"](watch, Step("wait-until-idle"))
    assert twin.waits == [QUIET_S] * 4
    assert watch.calls(everything=True) == ()


def test_a_lull_begins_with_the_last_answer() -> None:
    """A second without a request is none where an answer fell into it: what follows is not new."""
    slow = call("x", number=1, duration_ms=None)
    done = replace(slow, answered_ms=900.0)
    twin = ScriptedTwin(done, PASSES, call("y", number=2), PASSES, before=[slow])
    watch = watch_of(twin, fetch_timeout_s=10.0)
    CONNECTOR_STEPS["wait-until-idle"](watch, Step("wait-until-idle"))
    assert twin.waits == [QUIET_S] * 3
    assert watch.calls(everything=True) == ()


@pytest.mark.parametrize(
    ("verb", "said"), [("wait-until-idle", {}), ("wait-until-fetched", {"quiet_s": 0.5})]
)
def test_when_the_run_is_over_nobody_waits_for_an_answer(verb: str, said: dict[str, Any]) -> None:
    """A wait that ends at once is not begun again, though something is still being answered."""
    twin = ScriptedTwin(call("a", number=1), before=[call("a", number=2, duration_ms=None)])
    twin.closed = True
    CONNECTOR_STEPS[verb](watch_of(twin, fetch_timeout_s=10.0), Step(verb, said))
    assert len(twin.waits) <= 2


def test_many_requests_a_second_end_no_lull_early() -> None:
    """The bound is one of seconds, whatever comes in them."""
    twin = ScriptedTwin(*(call("x", number=n) for n in range(1, 15)), PASSES)
    watch = watch_of(twin, fetch_timeout_s=10.0)
    CONNECTOR_STEPS["wait-until-idle"](watch, Step("wait-until-idle"))
    assert watch.calls(everything=True) == ()


def test_who_works_off_what_it_was_told_has_longer_until_a_lull() -> None:
    """Five times as long, and no longer."""
    twin = ScriptedTwin(*(call("x", number=n) for n in range(1, 100)))
    twin.behind = 1000
    watch = watch_of(twin, fetch_timeout_s=3.0)
    CONNECTOR_STEPS["wait-until-idle"](watch, Step("wait-until-idle"))
    assert len(twin.waits) == 5 * 3 * 1000 / BETWEEN_MS


def test_a_lull_that_never_comes_is_bounded() -> None:
    """Whoever polls all the time is looked at after the seconds that the user allows."""
    twin = ScriptedTwin(*(call("x", number=n) for n in range(1, 100)))
    watch = watch_of(twin, fetch_timeout_s=3.0)
    CONNECTOR_STEPS["wait-until-idle"](watch, Step("wait-until-idle"))
    assert len(twin.waits) == 6
    watch._context.wait(1.5)
    assert twin.waits[-1] == 1.5
    assert len(watch.calls(everything=True)) == 94


def test_underway_is_a_request_about_the_play() -> None:
    """It ends with the first that asks for it, or is given it; others' requests are let pass."""
    twin = ScriptedTwin(call("b", number=1), call(returned_ids=("a",), number=2), call("a", number=3))
    CONNECTOR_STEPS["wait-for-request"](
        watch_of(twin, fetch_timeout_s=10.0), Step("wait-for-request")
    )
    assert twin.waits == [10.0]
    assert [each.number for each in twin.calls()] == [1, 2]


def test_a_slow_answer_takes_as_long_as_the_step_says() -> None:
    """8 s, beyond the limit of a webhook's answer, where it says nothing."""
    twin, message = announced(1)
    watch = ConnectorObserver(bench_of(twin), {"message": (message,)}, [])
    request = request_for(RESERVATIONS, ReservationIds=[guid(1)])
    delays = []
    for more in ({"seconds": 2}, {}):
        step = Step("inject-api-fault", {"fault": "slow", "of": ["message"], "times": 1, **more})
        CONNECTOR_STEPS["inject-api-fault"](watch, step)
        delays.append(twin.begin(request).response.delay_s)
    assert delays == [2, 8.0]


def test_only_requests_of_the_play_are_shown_and_only_its_ids() -> None:
    """What came before, or is about others, is left out; `everything` shows the latter too."""
    early = call("a", number=1)
    mixed = call("a", "other", number=2, at_ms=5)
    twin = ScriptedTwin(mixed, call("other", number=3), before=[early])
    watch = watch_of(twin)
    watch._context.wait(1.0)
    (own,) = watch.calls(everything=False)
    assert (own.number, own.requested_ids, own.returned_ids) == (2, ("a",), ("a",))
    assert [each.requested_ids for each in watch.calls(everything=True)] == [("a",), ()]


def test_what_an_interval_gave_concerns_the_play() -> None:
    """Whether it was asked for or not: an answer that holds an entity of the play is about it."""
    twin = ScriptedTwin(call(returned_ids=("b", "a"), number=1))
    watch = watch_of(twin)
    watch._context.wait(1.0)
    (own,) = watch.calls(everything=False)
    assert (own.requested_ids, own.returned_ids) == ((), ("a",))


def test_whatever_a_newcomer_asks_concerns_the_play() -> None:
    """An enterprise that only this play knows: nobody else's requests can bear its token."""
    new = replace(ONE.message, enterprise_id=OTHER_ENTERPRISE)
    twin = ScriptedTwin(
        call("x", number=1, enterprise=OTHER_ENTERPRISE),
        call("y", number=2, enterprise=ENTERPRISE),
        call("z", number=3, enterprise=None),
    )
    watch = ConnectorObserver(bench_of(twin), {"message": (new,)}, [])
    watch._context.wait(1.0)
    assert [each.number for each in watch.calls(everything=False)] == [1]


def test_without_a_twin_every_step_does_nothing() -> None:
    """Nothing is seen, nobody waits, and nothing fails."""
    watch = watch_of(None)
    arguments = {"seconds": 60, "fault": "slow", "of": ["message"]}
    for name, step in CONNECTOR_STEPS.items():
        step(watch, Step(name, arguments))
    assert watch.calls(everything=True) == ()


def status(twin: ConnectorApi, number: int = 1) -> int | None:
    """Ask a twin for an entity, and give the status."""
    pending = twin.begin(request_for(RESERVATIONS, ReservationIds=[guid(number)]))
    pending.mark_sent()
    return pending.response.status


def announced(*numbers: int) -> tuple[ConnectorApi, Message]:
    """Make a real twin that knows some entities, and the message that names them."""
    twin = make_connector_api()
    message = general_webhook(*(("ServiceOrderUpdated", guid(each)) for each in numbers))
    twin.apply_message(message)
    events = delivery(*map(guid, numbers)).message.events
    return twin, replace(message, events=events)


def test_a_disturbance_is_about_the_named_draws_alone() -> None:
    """So many requests about them fail, others do not, and the next is served."""
    twin, message = announced(1)
    twin.apply_message(general_webhook(("ServiceOrderUpdated", guid(2))))
    watch = ConnectorObserver(bench_of(twin), {"message": (message,)}, [])
    step = Step("inject-api-fault", {"fault": "500", "of": ["message"], "times": 2})
    CONNECTOR_STEPS["inject-api-fault"](watch, step)
    assert [status(twin, number) for number in (2, 1, 2, 1, 1)] == [200, 500, 200, 500, 200]


def test_restoring_ends_it() -> None:
    """Without `times` it goes on until then."""
    twin, message = announced(1)
    with ConnectorObserver(bench_of(twin), {"message": (message,)}, []) as watch:
        watch.inject_api_fault(ApiFault.TOO_MANY_REQUESTS, ["message"], None)
        assert [status(twin) for _ in range(5)] == [429] * 5
        CONNECTOR_STEPS["clear-api-faults"](watch, Step("clear-api-faults"))
        assert status(twin) == 200


def scenario_of(*steps: Step) -> Any:  # noqa: ANN401 - a scenario
    """Make a scenario of these steps."""
    return replace(loader.load_scenarios()[0], steps=steps, message_specs=(), expectations=())


def test_a_play_lifts_its_faults_at_the_end() -> None:
    """Nobody after it meets them."""
    twin, message = announced(1)
    step = Step("inject-api-fault", {"fault": "reset", "of": ["message"]})
    messages = {"message": (message,), HEALTH_CHECK: ()}
    transcript = run_steps(scenario_of(step), messages, bench_of(twin))
    assert isinstance(transcript, Transcript)
    assert status(twin) == 200


def test_a_play_that_fails_lifts_them_too() -> None:
    """An exception, or a Ctrl-C, goes through, and leaves a sound API behind."""

    class Broken:
        def deliver(self, *_: object, **__: object) -> Delivery:
            assert status(twin) == 500
            raise KeyboardInterrupt

    twin, message = announced(1)
    steps = (
        Step("inject-api-fault", {"fault": "500", "of": ["message"]}),
        Step("health-check"),
    )
    endpoint = cast("Any", type("Anywhere", (), {"url": lambda *_: "http://x/"})())
    bench = replace(bench_of(twin), courier=cast("Any", Broken()), endpoint=endpoint)
    with pytest.raises(KeyboardInterrupt):
        run_steps(scenario_of(*steps), {"message": (message,), HEALTH_CHECK: (message,)}, bench)
    assert status(twin) == 200


def test_settling_on_a_real_twin() -> None:
    """It ends at once where all is fetched already, and is over soon where nothing ever is."""
    twin, message = announced(1)
    sent = replace(delivery(guid(1), enterprise=HOTEL), message=message)
    watch = ConnectorObserver(bench_of(twin, fetch_timeout_s=0.01), {"message": (message,)}, [sent])
    CONNECTOR_STEPS["wait-until-fetched"](watch, Step("wait-until-fetched"))
    assert watch.calls(everything=False) == ()
    assert status(twin) == 200
    CONNECTOR_STEPS["wait-until-fetched"](
        watch, Step("wait-until-fetched", {"timeout_factor": 100_000})
    )
    (seen,) = watch.calls(everything=False)
    assert (seen.requested_ids, seen.returned_ids, seen.enterprise_id) == ((guid(1),), (guid(1),), HOTEL)
