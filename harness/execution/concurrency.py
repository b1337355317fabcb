"""The concurrency probe: how many messages a slow service handles at the same time.

How long one message takes does not tell whether the next one waits for it. A service that handles
one after another needs few concurrent scenarios, so that no response is late because of them. One
that merely takes its time for each can have many, and the run would take very long without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Deliverer, DeliveryOrder
from pytest_mews.execution.preflight import response_ms
from pytest_mews.mews.limits import RESPONSE_TIMEOUT_S
from pytest_mews.model import Attempt, Outcome
from pytest_mews.model.exchange import CONCURRENCY_PROBE
from pytest_mews.senders import IdSource, Sender, Target

SINGLE_MESSAGES = 3  # one after another: response times vary
MAX_DELAY_MS = 1000.0  # by which other messages may delay a response
# How many messages are sent at once, in this order. The next group follows only if all were in
# time: so the service has nothing left to do when the scenarios begin.
GROUPS = (4, 8, 16)
MAX_CONCURRENT = GROUPS[-1]
TIMEOUT_S = GROUPS[0] * RESPONSE_TIMEOUT_S  # to be answered one after another, just in time


@dataclass(frozen=True)
class Concurrency:
    """The result of the concurrency probe.

    Attributes:
        single_ms: the slowest response to a message that was sent alone.
        limit_ms: the time within which a message counts that was sent with others.
        sent: how many messages were sent at once last; 1 if one alone was not accepted.
        in_time: how many of them were accepted within `limit_ms`, at least 1.

    """

    single_ms: float
    limit_ms: float
    sent: int
    in_time: int

    @property
    def is_limited(self) -> bool:
        """Whether the service handles few messages at the same time."""
        return self.in_time < MAX_CONCURRENT

    @property
    def notes(self) -> tuple[str, ...]:
        """The note of the run, if the service handles few messages at the same time; else none."""
        if not self.is_limited:
            return ()
        note = (
            f"One message took {self.single_ms / 1000:.1f} s, and {self.in_time} of {self.sent} "
            f"at once were accepted within {self.limit_ms / 1000:.1f} s: so --mews-jobs auto ran "
            f"{self.in_time} of at most {MAX_CONCURRENT} scenarios at a time, which takes longer."
        )
        return (note,)


def probe_concurrency(  # noqa: PLR0913 - what is sent, where to, and what is in time
    deliverer: Deliverer,
    endpoint: Endpoint,
    sender: Sender,
    target: Target,
    *,
    seed: int,
    timeout_s: float,
) -> Concurrency:
    """Send a few messages one after another, then several at once, and compare the responses.

    Each group of `GROUPS` is sent when all messages of the one before were accepted in time.
    Returns when every message was answered, so that scenarios don't wait for what is left.

    Args:
        deliverer: delivers the messages, once each.
        endpoint: where to.
        sender: generates the simplest message, with new ids each time.
        target: what messages are generated for.
        seed: of the run.
        timeout_s: the profile's limit: no later response is in time.

    """
    plan = sender.simplest_message(target)
    assert plan is not None
    numbers = iter(range(SINGLE_MESSAGES + sum(GROUPS)))

    def send(count: int) -> Sequence[Attempt]:
        messages = [
            message
            for _ in range(count)
            for message in plan.build(
                IdSource(seed, CONCURRENCY_PROBE, next(numbers), target.tenants)
            )
        ]
        deliveries = deliverer.deliver_concurrently(
            [
                DeliveryOrder(message, endpoint.url(message.kind), CONCURRENCY_PROBE)
                for message in messages
            ],
            attempts=1,
            timeout_s=TIMEOUT_S,
        )
        return [delivery.attempts[0] for delivery in deliveries]

    single = [attempt for _ in range(SINGLE_MESSAGES) for attempt in send(1)]
    single_ms = max(map(response_ms, single))
    limit_ms = min(single_ms + MAX_DELAY_MS, timeout_s * 1000)
    sent = in_time = _count_in_time(single, limit_ms) // SINGLE_MESSAGES
    for count in GROUPS if in_time else ():
        sent, in_time = count, _count_in_time(send(count), limit_ms)
        if in_time < sent:
            break
    return Concurrency(single_ms, limit_ms, max(1, sent), max(1, in_time))


def _count_in_time(attempts: Sequence[Attempt], limit_ms: float) -> int:
    return sum(
        attempt.outcome is Outcome.DELIVERED and response_ms(attempt) <= limit_ms
        for attempt in attempts
    )
