"""Between two executions the harness waits until the partner has nothing left to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from pytest_mews.execution.idleness import comes_to, wait_until_idle
from pytest_mews.execution.patience import Patience
from pytest_mews.execution.waits import (
    BUSY_FACTOR,
    FIRST_RETRY_FACTOR,
    MAX_BUSY_FACTOR,
    QUIET_S,
)
from pytest_mews.model import ApiCall, ApiFault
from tests.transcript_builders import call

TIMEOUT_S = 10.0


class TimedConnectorApi:
    """Has calls that arrive at their times; a wait moves the clock to the next one, or its end."""

    closed = False

    def __init__(
        self, *calls: ApiCall, busy_until_s: float = 0.0, last_message_s: float = 0.0
    ) -> None:
        self._calls, self._busy_until_s = calls, busy_until_s
        self.messages_ms = (last_message_s * 1000,)
        self.at_s = last_message_s
        self.final_silences = 0

    def now_ms(self) -> float:
        """Return the time."""
        return self.at_s * 1000

    def calls(self, since: int = 0) -> tuple[ApiCall, ...]:
        """Return the calls that have arrived."""
        return tuple(
            one for one in self._calls if one.number > since and one.received_ms <= self.now_ms()
        )

    def is_working_on_backlog(self, _: float) -> bool:
        """Return whether the partner is busy."""
        return self.at_s < self._busy_until_s

    def is_behind(self, _: float) -> bool:
        """Return whether the partner is busy."""
        return self.at_s < self._busy_until_s

    def note_final_silence(self) -> None:
        """Note it."""
        self.final_silences += 1

    def wait_until(self, _: Callable[..., bool], _since: int, timeout_s: float) -> bool:
        """Move the clock to the next call, or by the timeout."""
        end_s = self.at_s + timeout_s
        times_s = [one.received_ms / 1000 for one in self._calls]
        later_s = [time_s for time_s in times_s if time_s > self.at_s]
        self.at_s = min((*later_s, end_s))
        return self.at_s < end_s


def refused(number: int, at_s: float) -> ApiCall:
    """Build a call that an injected fault answered with 408."""
    return call("a", number=number, at_ms=at_s * 1000, status=408, fault=ApiFault.REQUEST_TIMEOUT)


def wait(connector_api: TimedConnectorApi, patience: Patience | None = None) -> bool:
    """Wait, and return whether the partner is idle."""
    return wait_until_idle(
        cast("Any", connector_api),
        patience or Patience(TIMEOUT_S),
        TIMEOUT_S,
        connector_api.now_ms,
    )


def test_an_idle_partner_is_waited_for_a_second() -> None:
    """A message may have been sent a moment ago, or a request may just have ended."""
    connector_api = TimedConnectorApi(call("a", number=1), last_message_s=5.0)
    assert wait(connector_api)
    assert connector_api.at_s == 5.0 + QUIET_S


def test_a_retry_is_waited_for() -> None:
    """A worker that waits for its retry makes no request, and is not idle."""
    retried = call("a", number=3, at_ms=27_000)
    connector_api = TimedConnectorApi(
        refused(1, 3.0), refused(2, 11.0), retried, last_message_s=12.0
    )
    assert wait(connector_api)
    assert 27.0 <= connector_api.at_s <= 27.1 + QUIET_S


@pytest.mark.parametrize(
    ("failures", "idle_s"), [(0, TIMEOUT_S * FIRST_RETRY_FACTOR), (1, TIMEOUT_S)]
)
def test_a_first_retry_is_not_waited_for_without_end(failures: int, idle_s: float) -> None:
    """Much shorter if the run has seen that the partner does not retry."""
    patience = Patience(TIMEOUT_S)
    for _ in range(failures):
        patience.first_retries.note_failure()
    connector_api = TimedConnectorApi(refused(1, 3.0), last_message_s=4.0)
    assert wait(connector_api, patience)
    assert connector_api.at_s == pytest.approx(3.0 + idle_s)


def test_a_partner_that_works_on_its_backlog_is_not_idle() -> None:
    """Its next request may come any moment."""
    connector_api = TimedConnectorApi(busy_until_s=20.0)
    assert wait(connector_api)
    assert 20.0 <= connector_api.at_s <= 20.0 + QUIET_S
    assert connector_api.final_silences == 1


def test_the_wait_is_bounded() -> None:
    """A partner that is still at work then is not idle."""
    connector_api = TimedConnectorApi(busy_until_s=1000.0)
    assert not wait(connector_api)
    assert connector_api.at_s == pytest.approx(MAX_BUSY_FACTOR * TIMEOUT_S, abs=QUIET_S)


def test_a_partner_that_polls_is_idle() -> None:
    """Requests that succeed, or are rejected, show no work that is left."""
    polls = [call(number=number, at_ms=number * 500.0) for number in range(1, 400)]
    connector_api = TimedConnectorApi(*polls)
    assert wait(connector_api)
    assert connector_api.at_s <= TIMEOUT_S + QUIET_S
    rejected = [call("a", number=n, at_ms=n * 500.0, status=401) for n in range(1, 400)]
    connector_api = TimedConnectorApi(*rejected)
    assert wait(connector_api)
    assert connector_api.at_s == QUIET_S


def test_the_wait_says_what_it_waits_for() -> None:
    """With the time that is left."""
    lines: list[str] = []
    connector_api = TimedConnectorApi(last_message_s=1.0)
    wait_until_idle(
        cast("Any", connector_api), Patience(), TIMEOUT_S, connector_api.now_ms, lines.append
    )
    assert lines[0] == "waiting until the service is done with earlier messages, up to 120 s"


def come(connector_api: TimedConnectorApi, patience: Patience | None = None) -> bool:
    """Wait for what was sent last, and return whether the partner has come to it."""
    return comes_to(
        cast("Any", connector_api),
        patience or Patience(TIMEOUT_S),
        0.0,
        TIMEOUT_S,
        connector_api.now_ms,
    )


def rejected(number: int, at_s: float) -> ApiCall:
    """Build a call for an integration that is not enabled."""
    return call("a", number=number, at_ms=at_s * 1000, status=401)


@pytest.mark.parametrize(
    "calls",
    [
        (),
        (call("a", number=1, at_ms=1_000),),
        (refused(1, 1.0), call("b", number=2, at_ms=1_500)),  # the failure blocks nothing
        (refused(1, 1.0), refused(2, 1.1)),  # the next retry would have come
        (refused(1, 0.1), call("b", number=2, at_ms=500), refused(3, 1.5)),  # nor does its retry
    ],
)
def test_nothing_is_waited_for_without_older_work(calls: tuple[ApiCall, ...]) -> None:
    """A sound service is not waited for any longer."""
    connector_api = TimedConnectorApi(*calls, last_message_s=2.0)
    assert come(connector_api)
    assert connector_api.at_s == 2.0


@pytest.mark.parametrize("fails", [refused, rejected])
def test_a_blocked_worker_is_waited_for(fails: Callable[[int, float], ApiCall]) -> None:
    """After its retry it comes to the next message, within a second."""
    retried = call("a", number=3, at_ms=9_000)
    connector_api = TimedConnectorApi(fails(1, 1.0), fails(2, 3.0), retried, last_message_s=4.0)
    assert come(connector_api)
    assert connector_api.at_s == 9.0 + QUIET_S


def test_a_worker_that_stays_blocked_does_not_come_to_it() -> None:
    """It repeats a rejected request again and again, and makes no other."""
    calls = [rejected(number, number * 8.0) for number in range(1, 20)]
    assert not come(TimedConnectorApi(*calls, last_message_s=9.0))


def test_a_busy_partner_is_waited_for() -> None:
    """Then for a second more, in which it may request what it has come to."""
    connector_api = TimedConnectorApi(busy_until_s=7.0)
    assert come(connector_api)
    assert connector_api.at_s == pytest.approx(7.0 + QUIET_S, abs=QUIET_S)


def test_a_partner_that_stays_busy_does_not_come_to_it() -> None:
    """The wait is bounded, and not made once a backlog has outlasted another one."""
    connector_api = TimedConnectorApi(busy_until_s=1000.0)
    assert not come(connector_api)
    assert connector_api.at_s == pytest.approx(BUSY_FACTOR * TIMEOUT_S, abs=QUIET_S)
    patience = Patience(TIMEOUT_S)
    patience.extensions.note_failure()
    connector_api = TimedConnectorApi(busy_until_s=1000.0)
    assert not come(connector_api, patience)
    assert connector_api.at_s == 0.0
