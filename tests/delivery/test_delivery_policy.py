"""The delivery policy against a scripted transport and a clock that does not wait."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace

import pytest

from pytest_mews.delivery import DeliveryOrder, Request, Rules, Sender
from pytest_mews.errors import HarnessError
from pytest_mews.model import (
    Attempt,
    Exchange,
    Fault,
    Message,
    Outcome,
    Parameter,
    Profile,
    TransferMode,
    WebhookKind,
)

URL = "https://partner.example/hook?Token=secret"
MESSAGE = Message(WebhookKind.GENERAL, b'{"Events": []}', (), "no event")
RULES = Rules(
    timeout_s=5,
    attempts=3,
    retry_interval_s=1.8,
    redirect_statuses=frozenset({307, 308}),
    redirect_hops=3,
    verify_tls=True,
)

KEPT_CLOSED = "the kept connection was closed"

Answer = Outcome | int | str | tuple[int, str]


class FakeClock:
    """A clock that moves only when it is asked to wait; `slept` is what it was asked."""

    def __init__(self) -> None:
        self.ms = 1000.0
        self.slept: list[float] = []

    def now_ms(self) -> float:
        """Tell the time."""
        return self.ms

    def sleep(self, seconds: float) -> None:
        """Move on at once."""
        self.slept.append(round(seconds, 6))
        self.ms += seconds * 1000


class Script:
    """A transport that answers each request at once with the next of its answers.

    An answer is an outcome, a status, the status and Location of a redirect, or KEPT_CLOSED. An
    exchange starts 2 ms late and takes 500 ms.
    """

    def __init__(self, clock: FakeClock, *answers: Answer) -> None:
        self._clock, self._answers = clock, iter(answers)
        self.requests: list[Request] = []

    def submit(self, request: Request) -> Future[Exchange]:
        """Answer at once."""
        self.requests.append(request)
        future: Future[Exchange] = Future()
        future.set_result(self._exchange(request, next(self._answers)))
        return future

    def close(self) -> None:
        """Nothing to close."""

    def _exchange(self, request: Request, answer: Answer) -> Exchange:
        started = self._clock.ms + 2
        self._clock.ms += 500
        blank = Exchange(
            method=request.method,
            url=request.url,
            request_headers=request.headers,
            request_size=len(request.body),
            outcome=Outcome.ERROR_STATUS,
            started_ms=started,
            ended_ms=self._clock.ms,
        )
        match answer:
            case str() if answer == KEPT_CLOSED:
                return replace(blank, outcome=Outcome.CONNECTION_RESET, kept=True)
            case Outcome():
                return replace(blank, outcome=answer, detail="scripted")
            case (status, location):
                return replace(blank, status=status, response_headers=(("location", location),))
            case status:
                fine = Outcome.DELIVERED if status < 300 else Outcome.ERROR_STATUS
                return replace(blank, status=status, outcome=fine)


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that does not wait."""
    return FakeClock()


def _outcomes(attempts: tuple[Attempt, ...]) -> list[Outcome]:
    return [attempt.outcome for attempt in attempts]


def test_a_message_that_is_accepted_is_sent_once(clock: FakeClock) -> None:
    """One attempt, no wait; the request bears what message and rules say."""
    script = Script(clock, 204)
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="first")
    assert delivery.delivered
    assert (delivery.label, delivery.message) == ("first", MESSAGE)
    assert clock.slept == []
    headers = (("Content-Type", "application/json"),)
    assert script.requests == [Request("POST", URL, headers, MESSAGE.body, 5)]


def test_every_message_is_announced_before_the_first_is_sent(clock: FakeClock) -> None:
    """A delivery says since when its message was known, however long the others took."""
    script = Script(clock, 200, 200)

    def announce(_: Message) -> float:
        assert script.requests == []
        clock.ms += 10
        return clock.ms

    orders = [DeliveryOrder(MESSAGE, URL, ""), DeliveryOrder(MESSAGE, URL, "")]
    first, second = Sender(script, clock, RULES, announce).deliver_concurrently(orders)
    assert (first.visible_from_ms, second.visible_from_ms) == (1010, 1020)
    assert min(first.began_ms, second.began_ms) > 1020


def test_a_message_without_content_type_is_sent_without_one(clock: FakeClock) -> None:
    """None means no header; verification is as the rules say."""
    script = Script(clock, 200)
    rules = replace(RULES, verify_tls=False)
    message = replace(MESSAGE, content_type=None)
    Sender(script, clock, rules).deliver(message, URL, label="")
    assert script.requests[0].headers == ()
    assert not script.requests[0].verify_tls


def test_a_failed_attempt_is_repeated_after_the_interval(clock: FakeClock) -> None:
    """The interval runs from the end of an attempt to the start of the next; bytes are equal."""
    script = Script(clock, 500, Outcome.TIMEOUT_ANSWER, 200)
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="")
    assert delivery.delivered
    assert _outcomes(delivery.attempts) == [
        Outcome.ERROR_STATUS,
        Outcome.TIMEOUT_ANSWER,
        Outcome.DELIVERED,
    ]
    assert [attempt.number for attempt in delivery.attempts] == [1, 2, 3]
    assert clock.slept == [1.8, 1.8]
    assert len({(request.url, request.body) for request in script.requests}) == 1
    assert [attempt.scheduled_ms for attempt in delivery.attempts] == [1000, 3300, 5600]
    assert [attempt.late_ms for attempt in delivery.attempts] == [2, 2, 2]


def test_a_message_is_abandoned_after_the_last_attempt(clock: FakeClock) -> None:
    """Three failures and no wait after the third."""
    script = Script(clock, 500, 404, Outcome.CONNECTION_REFUSED)
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="")
    assert not delivery.delivered
    assert len(delivery.attempts) == 3
    assert delivery.attempts[-1].detail == "scripted"
    assert clock.slept == [1.8, 1.8]


def test_attempts_and_timeout_can_be_told_for_one_delivery(clock: FakeClock) -> None:
    """Both override the rules."""
    script = Script(clock, 500)
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="", attempts=1, timeout_s=2)
    assert len(delivery.attempts) == 1
    assert script.requests[0].deadline_s == 2


def test_faults_go_to_their_attempts_and_count_as_failures(clock: FakeClock) -> None:
    """The first two attempts are spoilt on purpose, the third is left alone."""
    script = Script(clock, Outcome.ANSWER_LOST, Outcome.BODY_CUT, 200)
    faults = (Fault.DROP_RESPONSE, Fault.TRUNCATE_REQUEST)
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="", faults=faults)
    asked = [request.fault for request in script.requests]
    assert asked == [Fault.DROP_RESPONSE, Fault.TRUNCATE_REQUEST, Fault.NONE]
    assert [attempt.fault for attempt in delivery.attempts] == asked
    assert delivery.delivered


def test_faults_at_every_attempt_abandon_the_message(clock: FakeClock) -> None:
    """Faults beyond the last attempt are never reached."""
    script = Script(clock, *[Outcome.ANSWER_LOST] * 3)
    faults = [Fault.DROP_RESPONSE] * 5
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="", faults=faults)
    assert _outcomes(delivery.attempts) == [Outcome.ANSWER_LOST] * 3
    assert not delivery.delivered


def test_a_redirect_that_keeps_the_method_is_followed(clock: FakeClock) -> None:
    """Method, body and headers stay; the time left is what the first hop did not take."""
    script = Script(clock, (307, "/new?Token=other#part"), 200)
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="")
    assert delivery.delivered
    (attempt,) = delivery.attempts
    assert [exchange.outcome for exchange in attempt.exchanges] == [
        Outcome.REDIRECTED,
        Outcome.DELIVERED,
    ]
    first, second = script.requests
    assert second == replace(
        first,
        url="https://partner.example/new?Token=other",
        deadline_s=pytest.approx(5 - 0.498),
    )


def test_another_host_is_never_told_the_token(clock: FakeClock) -> None:
    """The query of the first URL goes nowhere that the Location does not say."""
    script = Script(clock, (308, "https://elsewhere.example/hook"), 200)
    Sender(script, clock, RULES).deliver(MESSAGE, URL, label="")
    assert script.requests[1].url == "https://elsewhere.example/hook"


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_changes_the_method_loses_the_message(
    clock: FakeClock, status: int
) -> None:
    """It is not followed, and the reason shows no query."""
    script = Script(clock, (status, "https://partner.example/new?Token=secret"))
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="", attempts=1)
    (attempt,) = delivery.attempts
    assert attempt.outcome is Outcome.REDIRECT_NOT_FOLLOWABLE
    assert attempt.last.outcome is Outcome.REDIRECT_NOT_FOLLOWABLE
    assert attempt.detail == (
        f"{status} to https://partner.example/new?…: "
        "the method would change to GET and the message be lost"
    )


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("", "307 without a Location: there is nowhere to go"),
        ("http://partner.example/", "from https down to http"),
        ("ftp://partner.example/", "not an http or https URL"),
        ("https://", "not an http or https URL"),
        ("https://[::1", "not a URL"),
        ("https://partner.example:port/", "not a URL"),
    ],
)
def test_a_redirect_to_nowhere_is_not_followed(
    clock: FakeClock, location: str, reason: str
) -> None:
    """Each obstacle is named."""
    script = Script(clock, (307, location))
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="", attempts=1)
    assert _outcomes(delivery.attempts) == [Outcome.REDIRECT_NOT_FOLLOWABLE]
    assert reason in delivery.attempts[0].detail


def test_a_profile_may_follow_no_redirect(clock: FakeClock) -> None:
    """Then 307 and 308 are failures too, and are repeated like others."""
    script = Script(clock, (307, "/new"), (308, "/new"), 200)
    rules = replace(RULES, redirect_statuses=frozenset())
    delivery = Sender(script, clock, rules).deliver(MESSAGE, URL, label="")
    assert _outcomes(delivery.attempts) == [
        Outcome.REDIRECT_NOT_FOLLOWABLE,
        Outcome.REDIRECT_NOT_FOLLOWABLE,
        Outcome.DELIVERED,
    ]
    assert "this profile" in delivery.attempts[0].detail


def test_a_loop_ends_at_the_hop_limit(clock: FakeClock) -> None:
    """Three redirects are followed, the fourth is one too many."""
    script = Script(clock, *[(307, URL)] * 4)
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="", attempts=1)
    (attempt,) = delivery.attempts
    assert attempt.outcome is Outcome.TOO_MANY_REDIRECTS
    assert len(attempt.exchanges) == 4
    assert "more than 3" in attempt.detail


def test_a_kept_connection_that_was_closed_is_replaced_once(clock: FakeClock) -> None:
    """It is no failed attempt: the same request goes out on a new connection, in plain sight."""
    script = Script(clock, KEPT_CLOSED, 200)
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="")
    (attempt,) = delivery.attempts
    assert [exchange.outcome for exchange in attempt.exchanges] == [
        Outcome.CONNECTION_RESET,
        Outcome.DELIVERED,
    ]
    first, second = script.requests
    left = pytest.approx(5 - 0.498)
    assert second == replace(first, fresh_connection=True, deadline_s=left)


def test_a_new_connection_that_is_reset_is_a_failed_attempt(clock: FakeClock) -> None:
    """Only a kept connection is given a second chance, and no redirect is spent on it."""
    script = Script(
        clock, KEPT_CLOSED, (307, URL), (307, URL), (307, URL), Outcome.CONNECTION_RESET
    )
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="", attempts=1)
    (attempt,) = delivery.attempts
    assert attempt.outcome is Outcome.CONNECTION_RESET
    assert len(attempt.exchanges) == 5


def test_other_statuses_of_the_300s_are_plain_errors(clock: FakeClock) -> None:
    """A 304 asks for no other place."""
    script = Script(clock, (304, "/new"))
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="", attempts=1)
    assert _outcomes(delivery.attempts) == [Outcome.ERROR_STATUS]


def test_together_all_start_before_any_is_repeated(clock: FakeClock) -> None:
    """First attempts are scheduled at one moment; results keep the order of the orders."""
    script = Script(clock, 500, 200, 500, 200, 200)
    messages = [replace(MESSAGE, body=body) for body in (b"a", b"b", b"c")]
    orders = [DeliveryOrder(message, URL, message.body.decode()) for message in messages]
    deliveries = Sender(script, clock, RULES).deliver_concurrently(orders)
    assert [request.body for request in script.requests] == [b"a", b"b", b"c", b"a", b"c"]
    assert [delivery.label for delivery in deliveries] == ["a", "b", "c"]
    assert [len(delivery.attempts) for delivery in deliveries] == [2, 1, 2]
    assert {delivery.attempts[0].scheduled_ms for delivery in deliveries} == {1000}
    assert deliveries[2].attempts[1].scheduled_ms == 2500 + 1800
    assert all(delivery.delivered for delivery in deliveries)


def test_together_with_nothing_does_nothing(clock: FakeClock) -> None:
    """No orders, no deliveries."""
    assert Sender(Script(clock), clock, RULES).deliver_concurrently([]) == ()


def test_a_failing_transport_is_not_the_partner(clock: FakeClock) -> None:
    """HarnessFault comes out as it is."""

    class Gone(Script):
        def submit(self, request: Request) -> Future[Exchange]:
            future: Future[Exchange] = Future()
            future.set_exception(HarnessError("the transport was closed"))
            return future

    with pytest.raises(HarnessError, match="closed"):
        Sender(Gone(clock), clock, RULES).deliver(MESSAGE, URL, label="")


@pytest.mark.parametrize("manner", list(TransferMode))
def test_manner_and_method_hold_for_every_attempt_and_hop(
    clock: FakeClock, manner: TransferMode
) -> None:
    """A redirect and a repetition are sent as the first request was; the attempts say how."""
    script = Script(clock, 500, (307, "/b"), 200)
    delivery = Sender(script, clock, RULES).deliver(
        MESSAGE, URL, label="", manner=manner, method="PUT"
    )
    assert [attempt.transfer for attempt in delivery.attempts] == [manner, manner]
    assert len(script.requests) == 3
    for request in script.requests:
        assert (request.method, request.manner) == ("PUT", manner)
        assert request.fresh_connection == (
            manner in {TransferMode.NEW_CONNECTION, TransferMode.SLOW}
        )
        assert request.body == MESSAGE.body


def test_a_redirect_after_a_slow_body_leaves_the_service_its_time(clock: FakeClock) -> None:
    """The hops of an attempt are dripped for 3 s in all; the next attempt again from the start."""
    script = Script(clock, *[(308, "/b")] * 3, 200)
    rules = replace(RULES, timeout_s=1)  # the second hop is past the 0.6 s of the first two
    Sender(script, clock, rules).deliver(MESSAGE, URL, label="", manner=TransferMode.SLOW)
    drips = [request.drip_s for request in script.requests]
    assert drips == [pytest.approx(0.6), pytest.approx(0.102), 0, 0]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_method_without_a_body_leaves_it_out(clock: FakeClock, method: str) -> None:
    """Neither the bytes nor their type are sent, alone and together."""
    script = Script(clock, 200, 405)
    courier = Sender(script, clock, replace(RULES, attempts=1))
    first = courier.deliver(MESSAGE, URL, label="", method=method)
    (second,) = courier.deliver_concurrently([DeliveryOrder(MESSAGE, URL, "", method=method)])
    assert script.requests == [Request(method, URL, (), b"", 5)] * 2
    assert (first.delivered, second.delivered) == (True, False)
    assert first.attempts[0].last.method == method


def test_a_reset_leads_to_a_second_copy(clock: FakeClock) -> None:
    """We dropped the connection ourselves: the message was not delivered, and is sent again."""
    script = Script(clock, Outcome.CONNECTION_DROPPED, 200)
    delivery = Sender(script, clock, RULES).deliver(MESSAGE, URL, label="", faults=[Fault.RESET])
    assert _outcomes(delivery.attempts) == [Outcome.CONNECTION_DROPPED, Outcome.DELIVERED]
    assert [request.fault for request in script.requests] == [Fault.RESET, Fault.NONE]


def _parameters() -> Iterator[Parameter]:
    values: dict[str, float | tuple[int, ...]] = {
        "timeout_s": 5,
        "attempts": 3,
        "retry_interval_s": 180,
        "lag_s": (120, 300),
        "batch_limit": 500,
        "redirect_statuses": (307, 308),
        "redirect_hops": 3,
    }
    for name, value in values.items():
        yield Parameter(name, value, "documented", "", "")


def test_rules_come_from_the_profile_and_scale_only_waits() -> None:
    """The interval is scaled, the timeout never."""
    profile = Profile("2026-04", "", tuple(_parameters()))
    assert Rules.of(profile, 0.01, verify_tls=True) == RULES
    bare = tuple(
        replace(parameter, value=()) if parameter.name == "redirect_statuses" else parameter
        for parameter in profile.parameters
    )
    rules = Rules.of(replace(profile, parameters=bare), 1, verify_tls=False)
    assert rules.redirect_statuses == frozenset()
    assert (rules.retry_interval_s, rules.verify_tls) == (180, False)
