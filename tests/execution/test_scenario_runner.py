"""Exploring: everything is played, failures are shrunk within bounds and confirmed."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count

import pytest

from pytest_mews.delivery import Request
from pytest_mews.execution import Budget
from pytest_mews.model import Evidence, Outcome

from .conftest import Table

Lay = Callable[..., Table]


def events_in(request: Request) -> int:
    """Count the events of a general message."""
    return len(json.loads(request.body)["Events"])


def sent(trial: Evidence | None) -> list[int]:
    """Count the events of each message of a trial."""
    assert trial is not None
    return [len(delivery.message.events) for delivery in trial.transcript.deliveries]


def test_sound_partner(table: Lay) -> None:
    """Fixed and drawn cases are all played, none fails, and one is kept as an example."""
    explorer = table(lambda _: 202).explorer("REC-03", examples=40)
    explorer.run()
    seen = explorer.progress
    assert seen.finished
    assert seen.failing_cases == 0
    assert seen.case_count > 40
    assert seen.case_count <= seen.total_cases
    assert seen.example is not None
    assert seen.smallest is None


def test_failing_batch_shrinks_to_the_smallest(table: Lay) -> None:
    """A partner that fails from 7 events on is shown with exactly 7."""
    explorer = table(lambda r: 500 if events_in(r) >= 7 else 202).explorer("REC-03")
    explorer.run()
    assert sent(explorer.progress.smallest) == [7]
    assert explorer.progress.passed_on_retry is None
    assert 0 < explorer.progress.failing_cases <= explorer.progress.case_count


def test_failure_on_a_boundary_case_is_shrunk_too(table: Lay) -> None:
    """A partner that refuses more than 20 kB: the boundary case fails first, then is shrunk."""
    explorer = table(lambda r: 413 if len(r.body) > 20_000 else 202).explorer("REC-04")
    explorer.run()
    (delivery,) = (
        explorer.progress.smallest.transcript.deliveries if explorer.progress.smallest else ()
    )
    assert 20_000 < len(delivery.message.body) < 20_500
    assert explorer.progress.first_failing is not explorer.progress.smallest


def test_one_failure_that_does_not_repeat_is_flaky(table: Lay) -> None:
    """What fails once and passes when the same case is played again is kept with both sides."""
    calls = count()
    explorer = table(lambda _: 503 if next(calls) == 5 else 202).explorer("REC-03")
    explorer.run()
    assert explorer.progress.smallest is not None
    assert explorer.progress.passed_on_retry is not None
    assert explorer.progress.smallest.case == explorer.progress.passed_on_retry.case


def test_a_failure_by_chance_hides_none_that_stays(table: Lay) -> None:
    """Where the smallest failing case passes now, the next one decides."""
    calls = count()

    def answer(request: Request) -> int:
        if b'"Discriminator":"' in request.body and b'"Id":"' in request.body:
            return 202  # the sign of life
        by_chance = next(calls) == 1
        return 503 if by_chance or b'"Events":null' in request.body else 400

    explorer = table(answer).explorer("ERR-05")
    explorer.run()
    assert explorer.progress.failing_cases == 2
    assert explorer.progress.passed_on_retry is None
    assert explorer.progress.smallest is not None
    assert explorer.progress.smallest.case == "Events null"


def test_what_dies_of_a_message_after_its_answer_is_seen_dying(table: Lay) -> None:
    """After a failure the service is watched, and what is then broken counts: it is graver."""
    alive = True

    def answer(request: Request) -> int:
        nonlocal alive
        if b"[null]" not in request.body:
            return 202 if alive or laid.transport.clock.ms < 400 else 500
        alive = False
        return 202

    laid = table(answer)
    explorer = laid.explorer("ERR-05")
    explorer.run()
    smallest = explorer.progress.smallest
    assert smallest is not None
    assert {each.check for each in smallest.findings if not each.met} >= {"healthy"}


def test_a_memory_for_duplicates_is_no_death(table: Lay) -> None:
    """Each further sign of life is another message: a service that refuses copies lives on."""
    bodies: set[bytes] = set()

    def answer(request: Request) -> int:
        if request.body in bodies:
            return 409
        bodies.add(request.body)
        return 202  # the flaw: whatever the shape

    explorer = table(answer).explorer("ERR-05")
    explorer.run()
    smallest = explorer.progress.smallest
    assert smallest is not None
    assert len(smallest.transcript.deliveries) == 2
    assert {each.check for each in smallest.findings if not each.met} == {"refused"}


@pytest.mark.parametrize("plays", [0, 5, 20])
def test_shrinking_is_bounded_in_plays(table: Lay, plays: int) -> None:
    """After the first failure at most the budget's plays and one confirmation are made."""
    laid = table(lambda r: 500 if events_in(r) >= 2 else 202)
    explorer = laid.explorer("REC-03", budget=Budget(executions=plays))
    explorer.run()
    failed_at = next(n for n, r in enumerate(laid.transport.requests, 1) if events_in(r) >= 2)
    assert len(laid.transport.requests) <= failed_at + plays + 1


def test_shrinking_is_bounded_in_time(table: Lay) -> None:
    """With answers of 5 s a budget of 15 s leaves few plays after the first failure."""
    laid = table(lambda r: 500 if events_in(r) >= 2 else 202, took_ms=5000)
    explorer = laid.explorer("REC-03", budget=Budget(executions=60, seconds=15))
    explorer.run()
    failed_at = next(n for n, r in enumerate(laid.transport.requests, 1) if events_in(r) >= 2)
    assert len(laid.transport.requests) <= failed_at + 4


def test_sluggish_endpoint_fails_once(table: Lay) -> None:
    """Where even a plain message is too slow, the first failing case ends the exploration."""
    laid = table(lambda _: 500)
    explorer = laid.explorer("REC-03", sluggish=True)
    explorer.run()
    assert len(laid.transport.requests) == 1
    assert explorer.progress.failing_cases == 1


def test_every_play_has_ids_of_its_own(table: Lay) -> None:
    """No id is sent twice in a run unless the case says so: a partner's memory can't hide."""
    laid = table(lambda r: 500 if events_in(r) >= 7 else 202)
    laid.explorer("REC-03").run()
    ids = [
        {event["Value"]["Id"] for event in json.loads(request.body)["Events"]}
        for request in laid.transport.requests
    ]
    assert sum(map(len, ids)) == len(set().union(*ids))


def test_same_seed_same_bytes(table: Lay) -> None:
    """Two runs with one seed send the same bodies; another seed sends others."""
    bodies = []
    for seed in (1, 1, 2):
        laid = table(lambda _: 202)
        laid.explorer("REC-03", seed=seed).run()
        bodies.append([request.body for request in laid.transport.requests])
    assert bodies[0] == bodies[1]
    assert bodies[0] != bodies[2]


def test_interruption_keeps_what_was_seen(table: Lay) -> None:
    """A Ctrl-C in the middle leaves the plays so far, and says that it is not finished."""
    calls = count()

    def answer(_: Request) -> int:
        if next(calls) == 4:
            raise KeyboardInterrupt
        return 202

    explorer = table(answer).explorer("REC-03")
    with pytest.raises(KeyboardInterrupt):
        explorer.run()
    assert explorer.progress.case_count == 3
    assert not explorer.progress.finished


def test_lost_answer_is_delivered_again_unchanged(table: Lay) -> None:
    """`deliver` with a fault sends the same bytes again after the profile's interval, scaled."""
    laid = table(lambda _: 202)
    laid.explorer("RET-01", examples=1).run()
    first, *_ = laid.transport.requests
    assert str(first.fault) == "drop-response"


def test_wrong_and_missing_token(table: Lay) -> None:
    """The wrong token is another one; the missing one is not there."""
    laid = table(lambda r: 202 if "open-sesame" in r.url else 401)
    for scenario in ("AUTH-02", "AUTH-03"):
        explorer = laid.explorer(scenario)
        explorer.run()
        assert explorer.progress.failing_cases == 0
        hostile, life = laid.transport.requests
        assert "open-sesame" not in hostile.url
        assert ("Token=" in hostile.url) == (scenario == "AUTH-02")
        assert "Token=open-sesame" in life.url


def test_peak_starts_on_schedule(table: Lay) -> None:
    """Messages start 200 ms apart at 5 per second, each once, even where they are refused."""
    explorer = table(lambda _: 500).explorer("LOAD-02")
    explorer.run()
    assert explorer.progress.smallest is not None
    deliveries = explorer.progress.smallest.transcript.deliveries
    first = deliveries[0].attempts[0].scheduled_ms
    moments = [round(each.attempts[0].scheduled_ms - first) for each in deliveries]
    assert moments == [200 * n for n in range(15)]
    assert {len(each.attempts) for each in deliveries} == {1}


def test_climbing_ends_where_answers_are_too_late(table: Lay) -> None:
    """A size that was not answered in time is not sent again, nor any larger one."""
    late = Outcome.TIMEOUT_ANSWER
    laid = table(lambda r: late if events_in(r) >= 250 else 202)
    explorer = laid.explorer("LOAD-03")
    explorer.run()
    assert [events_in(r) for r in laid.transport.requests[:10]] == [1, 2, 50, 250, *[1, 2, 50] * 2]
