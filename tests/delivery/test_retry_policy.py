"""Tests of the delivery policy with a scripted transport and a clock that doesn't wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace

import pytest

from pytest_mews.delivery import Deliverer, DeliveryOrder, DeliveryRules, Request, Transport
from pytest_mews.delivery.transport import ExchangeCallback
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
RULES = DeliveryRules(
    timeout_s=5,
    attempts=3,
    retry_interval_s=1.8,
    redirect_statuses=frozenset({307, 308}),
    redirect_hops=3,
    verify_tls=True,
)

IDLE_CLOSE = "the idle connection was closed"

ScriptedResponse = Outcome | int | str | tuple[int, str]


class FakeClock:
    """A clock that advances only in `sleep`; `slept` records the seconds."""

    def __init__(self) -> None:
        self.ms = 1000.0
        self.slept: list[float] = []

    def now_ms(self) -> float:
        """Return the current time."""
        return self.ms

    def sleep(self, seconds: float) -> None:
        """Advance at once."""
        self.slept.append(round(seconds, 6))
        self.ms += seconds * 1000


class ScriptedTransport(Transport):
    """A transport that completes each request at once with the next scripted response.

    A response is an outcome, a status, the status and Location of a redirect, or IDLE_CLOSE. An
    exchange starts 2 ms late and takes 500 ms.
    """

    def __init__(self, clock: FakeClock, *responses: ScriptedResponse) -> None:
        self._clock, self._responses = clock, iter(responses)
        self.requests: list[Request] = []

    def submit(self, request: Request) -> Future[Exchange]:
        """Return a completed future."""
        self.requests.append(request)
        future: Future[Exchange] = Future()
        future.set_result(self._exchange(request, next(self._responses)))
        return future

    def close(self) -> None:
        """Do nothing."""

    def _exchange(self, request: Request, response: ScriptedResponse) -> Exchange:
        started_ms = self._clock.ms + 2
        self._clock.ms += 500
        exchange = Exchange(
            method=request.method,
            url=request.url,
            request_headers=request.headers,
            request_size=len(request.body),
            outcome=Outcome.ERROR_STATUS,
            started_ms=started_ms,
            ended_ms=self._clock.ms,
        )
        match response:
            case str() if response == IDLE_CLOSE:
                return replace(exchange, outcome=Outcome.CONNECTION_RESET, request_number=2)
            case Outcome():
                return replace(exchange, outcome=response, detail="scripted")
            case (status, location):
                return replace(exchange, status=status, response_headers=(("location", location),))
            case status:
                outcome = Outcome.DELIVERED if status < 300 else Outcome.ERROR_STATUS
                return replace(exchange, status=status, outcome=outcome)


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that doesn't wait."""
    return FakeClock()


def outcomes(attempts: tuple[Attempt, ...]) -> list[Outcome]:
    """Return the outcome of each attempt."""
    return [attempt.outcome for attempt in attempts]


def test_an_accepted_message_is_sent_once(clock: FakeClock) -> None:
    """One attempt, no wait; the request follows from the message and the rules."""
    transport = ScriptedTransport(clock, 204)
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="first")
    assert delivery.delivered
    assert (delivery.label, delivery.message) == ("first", MESSAGE)
    assert clock.slept == []
    headers = (("Content-Type", "application/json"),)
    assert transport.requests == [Request("POST", URL, headers, MESSAGE.body, 5)]


def test_before_send_is_called_for_all_messages_before_the_first_is_sent(clock: FakeClock) -> None:
    """Each delivery has the moment that `before_send` returned for its message."""
    transport = ScriptedTransport(clock, 200, 200)

    def before_send(_: Message) -> float:
        assert transport.requests == []
        clock.ms += 10
        return clock.ms

    orders = [DeliveryOrder(MESSAGE, URL, ""), DeliveryOrder(MESSAGE, URL, "")]
    first, second = Deliverer(transport, clock, RULES, before_send).deliver_concurrently(orders)
    assert (first.visible_from_ms, second.visible_from_ms) == (1010, 1020)
    assert min(first.started_ms, second.started_ms) > 1020


def test_a_message_without_content_type_has_no_header(clock: FakeClock) -> None:
    """None means no header; `verify_tls` comes from the rules."""
    transport = ScriptedTransport(clock, 200)
    rules = replace(RULES, verify_tls=False)
    message = replace(MESSAGE, content_type=None)
    Deliverer(transport, clock, rules).deliver(message, URL, label="")
    assert transport.requests[0].headers == ()
    assert not transport.requests[0].verify_tls


def test_a_failed_attempt_is_retried_after_the_interval(clock: FakeClock) -> None:
    """The interval runs from the end of an attempt to the start of the next, with equal bytes."""
    transport = ScriptedTransport(clock, 500, Outcome.TIMEOUT_ANSWER, 200)
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="")
    assert delivery.delivered
    assert outcomes(delivery.attempts) == [
        Outcome.ERROR_STATUS,
        Outcome.TIMEOUT_ANSWER,
        Outcome.DELIVERED,
    ]
    assert [attempt.number for attempt in delivery.attempts] == [1, 2, 3]
    assert clock.slept == [1.8, 1.8]
    assert len({(request.url, request.body) for request in transport.requests}) == 1
    assert [attempt.scheduled_ms for attempt in delivery.attempts] == [1000, 3300, 5600]
    assert [attempt.start_delay_ms for attempt in delivery.attempts] == [2, 2, 2]


def test_a_message_is_abandoned_after_the_last_attempt(clock: FakeClock) -> None:
    """There is no wait after the third failure."""
    transport = ScriptedTransport(clock, 500, 404, Outcome.CONNECTION_REFUSED)
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="")
    assert not delivery.delivered
    assert len(delivery.attempts) == 3
    assert delivery.attempts[-1].detail == "scripted"
    assert clock.slept == [1.8, 1.8]


def test_one_delivery_can_override_attempts_and_timeout(clock: FakeClock) -> None:
    """The rules apply where nothing is overridden."""
    transport = ScriptedTransport(clock, 500)
    delivery = Deliverer(transport, clock, RULES).deliver(
        MESSAGE, URL, label="", attempts=1, timeout_s=2
    )
    assert len(delivery.attempts) == 1
    assert transport.requests[0].deadline_s == 2


def test_faults_are_injected_into_their_attempts_and_count_as_failures(clock: FakeClock) -> None:
    """The first two attempts have an injected fault, the third has none."""
    transport = ScriptedTransport(clock, Outcome.RESPONSE_DROPPED, Outcome.REQUEST_TRUNCATED, 200)
    faults = (Fault.DROP_RESPONSE, Fault.TRUNCATE_REQUEST)
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="", faults=faults)
    injected = [request.fault for request in transport.requests]
    assert injected == [Fault.DROP_RESPONSE, Fault.TRUNCATE_REQUEST, Fault.NONE]
    assert [attempt.fault for attempt in delivery.attempts] == injected
    assert delivery.delivered


def test_faults_in_every_attempt_abandon_the_message(clock: FakeClock) -> None:
    """Faults beyond the last attempt have no effect."""
    transport = ScriptedTransport(clock, *[Outcome.RESPONSE_DROPPED] * 3)
    faults = [Fault.DROP_RESPONSE] * 5
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="", faults=faults)
    assert outcomes(delivery.attempts) == [Outcome.RESPONSE_DROPPED] * 3
    assert not delivery.delivered


def test_a_redirect_that_keeps_the_method_is_followed(clock: FakeClock) -> None:
    """Method, body and headers stay; the deadline is shortened by what the first hop took."""
    transport = ScriptedTransport(clock, (307, "/new?Token=other#part"), 200)
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="")
    assert delivery.delivered
    (attempt,) = delivery.attempts
    assert [exchange.outcome for exchange in attempt.exchanges] == [
        Outcome.REDIRECTED,
        Outcome.DELIVERED,
    ]
    first, second = transport.requests
    assert second == first._replace(
        url="https://partner.example/new?Token=other",
        deadline_s=pytest.approx(5 - 0.498),
    )


def test_a_location_with_raw_utf8_is_sent_on_as_it_came(clock: FakeClock) -> None:
    """The bytes of the header are percent-encoded once, as curl and browsers do."""
    raw = "/hôtel?Token=other".encode().decode("latin-1")
    transport = ScriptedTransport(clock, (307, raw), 200)
    Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="")
    assert transport.requests[1].url == "https://partner.example/h%C3%B4tel?Token=other"


def test_another_host_never_gets_the_token(clock: FakeClock) -> None:
    """The query of the first URL isn't added to the Location."""
    transport = ScriptedTransport(clock, (308, "https://elsewhere.example/hook"), 200)
    Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="")
    assert transport.requests[1].url == "https://elsewhere.example/hook"


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_changes_the_method_loses_the_message(
    clock: FakeClock, status: int
) -> None:
    """The redirect is not followed, and the detail shows no query."""
    transport = ScriptedTransport(clock, (status, "https://partner.example/new?Token=secret"))
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="", attempts=1)
    (attempt,) = delivery.attempts
    assert attempt.outcome is Outcome.REDIRECT_NOT_FOLLOWABLE
    assert attempt.final_exchange.outcome is Outcome.REDIRECT_NOT_FOLLOWABLE
    assert attempt.detail == (
        f"{status} to https://partner.example/new?…: "
        "the method would change to GET and the body would be lost"
    )


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("", "307 without a Location: there is no URL to follow"),
        ("http://partner.example/", "from https to http"),
        ("ftp://partner.example/", "not an http or https URL"),
        ("https://", "not an http or https URL"),
        ("https://[::1", "not a URL"),
        ("https://partner.example:port/", "not a URL"),
    ],
)
def test_a_redirect_without_a_valid_target_is_not_followed(
    clock: FakeClock, location: str, reason: str
) -> None:
    """The detail gives the reason."""
    transport = ScriptedTransport(clock, (307, location))
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="", attempts=1)
    assert outcomes(delivery.attempts) == [Outcome.REDIRECT_NOT_FOLLOWABLE]
    assert reason in delivery.attempts[0].detail


def test_a_profile_may_follow_no_redirect(clock: FakeClock) -> None:
    """Then 307 and 308 are failures too, and are retried like others."""
    transport = ScriptedTransport(clock, (307, "/new"), (308, "/new"), 200)
    rules = replace(RULES, redirect_statuses=frozenset())
    delivery = Deliverer(transport, clock, rules).deliver(MESSAGE, URL, label="")
    assert outcomes(delivery.attempts) == [
        Outcome.REDIRECT_NOT_FOLLOWABLE,
        Outcome.REDIRECT_NOT_FOLLOWABLE,
        Outcome.DELIVERED,
    ]
    assert "this profile" in delivery.attempts[0].detail


def test_a_redirect_loop_ends_at_the_hop_limit(clock: FakeClock) -> None:
    """Three redirects are followed, the fourth is one too many."""
    transport = ScriptedTransport(clock, *[(307, URL)] * 4)
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="", attempts=1)
    (attempt,) = delivery.attempts
    assert attempt.outcome is Outcome.TOO_MANY_REDIRECTS
    assert len(attempt.exchanges) == 4
    assert "more than 3" in attempt.detail


def test_a_closed_idle_connection_is_replaced_once(clock: FakeClock) -> None:
    """The attempt does not fail: the request is sent again on a new connection, and recorded."""
    transport = ScriptedTransport(clock, IDLE_CLOSE, 200)
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="")
    (attempt,) = delivery.attempts
    assert [exchange.outcome for exchange in attempt.exchanges] == [
        Outcome.CONNECTION_RESET,
        Outcome.DELIVERED,
    ]
    first, second = transport.requests
    remaining_s = pytest.approx(5 - 0.498)
    assert second == first._replace(fresh_connection=True, deadline_s=remaining_s)


def test_a_new_connection_that_is_reset_is_a_failed_attempt(clock: FakeClock) -> None:
    """Only a reused connection gets a second chance, which doesn't count as a redirect."""
    transport = ScriptedTransport(
        clock, IDLE_CLOSE, (307, URL), (307, URL), (307, URL), Outcome.CONNECTION_RESET
    )
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="", attempts=1)
    (attempt,) = delivery.attempts
    assert attempt.outcome is Outcome.CONNECTION_RESET
    assert len(attempt.exchanges) == 5


def test_other_3xx_statuses_are_plain_errors(clock: FakeClock) -> None:
    """A 304 is not a redirect."""
    transport = ScriptedTransport(clock, (304, "/new"))
    delivery = Deliverer(transport, clock, RULES).deliver(MESSAGE, URL, label="", attempts=1)
    assert outcomes(delivery.attempts) == [Outcome.ERROR_STATUS]


def test_concurrent_deliveries_all_start_before_any_is_retried(clock: FakeClock) -> None:
    """First attempts are scheduled at one moment; deliveries are in the order of the orders."""
    transport = ScriptedTransport(clock, 500, 200, 500, 200, 200)
    messages = [replace(MESSAGE, body=body) for body in (b"a", b"b", b"c")]
    orders = [DeliveryOrder(message, URL, message.body.decode()) for message in messages]
    deliveries = Deliverer(transport, clock, RULES).deliver_concurrently(orders)
    assert [request.body for request in transport.requests] == [b"a", b"b", b"c", b"a", b"c"]
    assert [delivery.label for delivery in deliveries] == ["a", "b", "c"]
    assert [len(delivery.attempts) for delivery in deliveries] == [2, 1, 2]
    assert {delivery.attempts[0].scheduled_ms for delivery in deliveries} == {1000}
    assert deliveries[2].attempts[1].scheduled_ms == 2500 + 1800
    assert all(delivery.delivered for delivery in deliveries)


def test_no_orders_make_no_deliveries(clock: FakeClock) -> None:
    """An empty sequence is valid."""
    assert Deliverer(ScriptedTransport(clock), clock, RULES).deliver_concurrently([]) == ()


def test_a_failing_transport_is_not_the_partners_failure(clock: FakeClock) -> None:
    """The HarnessError propagates."""

    class ClosedTransport(ScriptedTransport):
        def submit(self, request: Request) -> Future[Exchange]:
            future: Future[Exchange] = Future()
            future.set_exception(HarnessError("the transport was closed"))
            return future

    with pytest.raises(HarnessError, match="closed"):
        Deliverer(ClosedTransport(clock), clock, RULES).deliver(MESSAGE, URL, label="")


@pytest.mark.parametrize("transfer_mode", list(TransferMode))
def test_transfer_mode_and_method_apply_to_every_attempt_and_hop(
    clock: FakeClock, transfer_mode: TransferMode
) -> None:
    """Redirects and retries use those of the first request; the attempts record the mode."""
    transport = ScriptedTransport(clock, 500, (307, "/b"), 200)
    delivery = Deliverer(transport, clock, RULES).deliver(
        MESSAGE, URL, label="", transfer_mode=transfer_mode, method="PUT"
    )
    assert [attempt.transfer_mode for attempt in delivery.attempts] == [
        transfer_mode,
        transfer_mode,
    ]
    assert len(transport.requests) == 3
    for request in transport.requests:
        assert (request.method, request.transfer_mode) == ("PUT", transfer_mode)
        assert request.fresh_connection == (
            transfer_mode in {TransferMode.NEW_CONNECTION, TransferMode.SLOW}
        )
        assert request.body == MESSAGE.body


def test_every_attempt_and_hop_on_a_new_connection(clock: FakeClock) -> None:
    """A deliverer on new connections keeps none; the one that it was made of still does."""
    for kept in (True, False):
        transport = ScriptedTransport(clock, 500, (307, "/b"), 200)
        deliverer = Deliverer(transport, clock, RULES)
        changed = deliverer.on_new_connections()
        (deliverer if kept else changed).deliver(MESSAGE, URL, label="")
        assert [request.fresh_connection for request in transport.requests] == [not kept] * 3


def test_a_redirect_after_a_slow_body_leaves_the_service_its_share(clock: FakeClock) -> None:
    """The hops of an attempt share its spread; the next attempt starts with a full one."""
    transport = ScriptedTransport(clock, *[(308, "/b")] * 3, 200)
    rules = replace(RULES, timeout_s=2)  # the third hop is past the 0.8 s of the first two
    Deliverer(transport, clock, rules).deliver(
        MESSAGE, URL, label="", transfer_mode=TransferMode.SLOW
    )
    spreads_s = [request.spread_body_over_s for request in transport.requests]
    assert spreads_s == [pytest.approx(0.8), pytest.approx(0.302), 0, 0]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_method_without_a_body_omits_it(clock: FakeClock, method: str) -> None:
    """Neither body nor Content-Type is sent, alone and concurrently."""
    transport = ScriptedTransport(clock, 200, 405)
    deliverer = Deliverer(transport, clock, replace(RULES, attempts=1))
    first = deliverer.deliver(MESSAGE, URL, label="", method=method)
    (second,) = deliverer.deliver_concurrently([DeliveryOrder(MESSAGE, URL, "", method=method)])
    assert transport.requests == [Request(method, URL, (), b"", 5)] * 2
    assert (first.delivered, second.delivered) == (True, False)
    assert first.attempts[0].final_exchange.method == method


def test_a_reset_leads_to_a_second_copy(clock: FakeClock) -> None:
    """The harness reset the connection: the message was not delivered, and is sent again."""
    transport = ScriptedTransport(clock, Outcome.RESET_BY_HARNESS, 200)
    delivery = Deliverer(transport, clock, RULES).deliver(
        MESSAGE, URL, label="", faults=[Fault.RESET]
    )
    assert outcomes(delivery.attempts) == [Outcome.RESET_BY_HARNESS, Outcome.DELIVERED]
    assert [request.fault for request in transport.requests] == [Fault.RESET, Fault.NONE]


def profile_parameters() -> Iterator[Parameter]:
    """Yield the parameters of a profile that matches RULES at a time scale of 0.01."""
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
    """The interval is scaled, the timeout is not."""
    profile = Profile("2026-04", "", tuple(profile_parameters()))
    assert DeliveryRules.from_profile(profile, 0.01, verify_tls=True) == RULES
    without_redirects = tuple(
        replace(parameter, value=()) if parameter.name == "redirect_statuses" else parameter
        for parameter in profile.parameters
    )
    rules = DeliveryRules.from_profile(
        replace(profile, parameters=without_redirects), 1, verify_tls=False
    )
    assert rules.redirect_statuses == frozenset()
    assert (rules.retry_interval_s, rules.verify_tls) == (180, False)


def test_concurrent_requests_are_submitted_together(clock: FakeClock) -> None:
    """The first attempts in one batch, and the retries that are due at the same time in another."""
    batches: list[int] = []

    class CountingTransport(ScriptedTransport):
        def submit_all(self, requests: Sequence[tuple[Request, ExchangeCallback]]) -> None:
            batches.append(len(requests))
            super().submit_all(requests)

    transport = CountingTransport(clock, 200, 500, 200, 200)
    deliverer = Deliverer(transport, clock, RULES)
    orders = [DeliveryOrder(MESSAGE, URL, "batch")] * 3
    deliveries = deliverer.deliver_concurrently(orders)
    assert [len(delivery.attempts) for delivery in deliveries] == [1, 2, 1]
    assert batches == [3, 1]
