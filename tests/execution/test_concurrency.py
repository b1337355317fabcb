"""The concurrency probe: how many messages a slow service handles at the same time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from pytest_mews.config import profiles
from pytest_mews.config.endpoint import Endpoint
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.delivery import Deliverer, DeliveryRules, Request, Transport
from pytest_mews.delivery.transport import ExchangeCallback
from pytest_mews.execution import Concurrency, probe_concurrency
from pytest_mews.execution.concurrency import GROUPS, MAX_CONCURRENT, SINGLE_MESSAGES, TIMEOUT_S
from pytest_mews.model import Exchange, Outcome
from pytest_mews.senders import Target
from pytest_mews.senders.connector import CONNECTOR, discriminators

from .conftest import URL, ManualClock

PROFILE = profiles.load_profile("2026-08", CONNECTOR.profiles)
TARGET = Target(PROFILE.name, discriminators(PROFILE.name), 500, DEFAULT_TENANTS)


@dataclass
class Workers(Transport):
    """A service with some workers; each handles one request after another.

    Requests that are submitted together arrive at the same moment; the next ones after the last
    response.
    """

    workers: int
    times_s: Iterator[float]
    status: int = 202
    clock: ManualClock = field(default_factory=ManualClock)
    bodies: list[bytes] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)

    def submit_all(self, requests: Sequence[tuple[Request, ExchangeCallback]]) -> None:
        """Respond to all, and move the clock to the last response."""
        now_ms = self.clock.ms
        free_ms = [now_ms] * self.workers
        self.groups.append(len(requests))
        for request, on_end in requests:
            assert request.deadline_s == TIMEOUT_S
            self.bodies.append(request.body)
            ended_ms = heapq.heappop(free_ms) + next(self.times_s) * 1000
            heapq.heappush(free_ms, ended_ms)
            is_success = self.status < 300
            on_end(
                Exchange(
                    request.method,
                    request.url,
                    request.headers,
                    len(request.body),
                    Outcome.DELIVERED if is_success else Outcome.ERROR_STATUS,
                    now_ms,
                    ended_ms,
                    status=self.status,
                )
            )
        self.clock.ms = max(free_ms)


def probe(service: Workers, seed: int = 1) -> Concurrency:
    """Probe a service."""
    deliverer = Deliverer(
        service, service.clock, DeliveryRules.from_profile(PROFILE, 0.01, verify_tls=True)
    )
    return probe_concurrency(
        deliverer, Endpoint(URL, URL), CONNECTOR, TARGET, seed=seed, timeout_s=5.0
    )


@pytest.mark.parametrize(
    ("workers", "handling_s", "expected"),
    [
        (100, 0.2, 16),
        (100, 2.0, 16),
        (100, 4.5, 16),  # the limit is 5 s, as Mews's
        (1, 0.13, 8),
        (1, 0.4, 3),  # the third after 1.2 s, the fourth after 1.6 s
        (1, 0.9, 2),
        (1, 1.1, 1),
        (1, 2.0, 1),
        (1, 4.9, 1),
        (2, 2.0, 2),
        (4, 2.0, 4),
        (4, 0.5, 12),  # the last four wait for 1.5 s
    ],
)
def test_messages_that_wait_for_others_are_not_concurrent(
    workers: int, handling_s: float, expected: int
) -> None:
    """Those count that others delay by a second at most."""
    service = Workers(workers, itertools.repeat(handling_s))
    assert probe(service).in_time == expected


@pytest.mark.parametrize("first_s", [1.0, 2.0, 3.0])
def test_response_times_may_vary(first_s: float) -> None:
    """A service whose responses take 1 to 3 s, whatever happens meanwhile, waits for nothing."""
    varied_s = itertools.chain([first_s, 2.0, 1.5], itertools.cycle([1.0, 2.9, 2.0, 1.5]))
    assert probe(Workers(100, varied_s)).in_time == MAX_CONCURRENT


def test_a_service_that_was_asleep() -> None:
    """Only its first response was slow; the probe then sees how fast it is."""
    assert probe(Workers(1, itertools.repeat(0.01))).in_time == MAX_CONCURRENT


def test_nothing_is_left_to_do_after_the_probe() -> None:
    """No further group is sent when some of one had to wait; each message is sent once."""
    serial = Workers(1, itertools.repeat(2.0))
    probe(serial)
    assert serial.groups == [1] * SINGLE_MESSAGES + [GROUPS[0]]
    concurrent = Workers(100, itertools.repeat(2.0))
    probe(concurrent)
    assert concurrent.groups == [1] * SINGLE_MESSAGES + [*GROUPS]


def test_the_messages_have_ids_of_their_own_and_depend_on_the_seed() -> None:
    """The service takes none for a repetition; a run with the same seed sends the same."""
    service, same, other = (Workers(100, itertools.repeat(1.0)) for _ in range(3))
    probe(service)
    probe(same)
    probe(other, seed=2)
    assert len({*service.bodies}) == len(service.bodies)
    assert service.bodies == same.bodies
    assert {*service.bodies}.isdisjoint(other.bodies)


def test_a_service_that_refuses_the_messages_has_one_scenario_at_a_time() -> None:
    """Such as one with a limit on requests."""
    service = Workers(100, itertools.repeat(1.0), status=429)
    assert probe(service).in_time == 1
    assert service.groups == [1] * SINGLE_MESSAGES


def test_a_note_says_why_the_run_takes_longer() -> None:
    """It has the figures, and the option; a service that handles many at once needs none."""
    (note,) = probe(Workers(1, itertools.repeat(2.0))).notes
    assert "took 2.0 s, and 1 of 4 at once were accepted within 3.0 s" in note
    assert "--mews-jobs" in note
    assert probe(Workers(100, itertools.repeat(2.0))).notes == ()
