"""What is due when: gathered, taken once, kept while it can't be fetched."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.demo.partner_state import Memory, memory_of
from pytest_mews.demo.processing import Backlog, ProcessingOptions
from pytest_mews.demo.processing.entity_readers import Batch
from tests.demo.client import ENTERPRISE, created, general, integration

FIRST, SECOND = (tenant.id for tenant in DEFAULT.enterprises)
LATER_S = 1000.0


class Clock:
    """Stands still until it is told otherwise."""

    now = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


class Desk:
    """A backlog with a clock; whatever is due now can be taken without waiting."""

    def __init__(
        self, habits: ProcessingOptions | None = None, memory: Memory | None = None
    ) -> None:
        self.clock = Clock()
        self.memory = memory or memory_of(DEFAULT)
        self.backlog = Backlog(self.memory, habits or ProcessingOptions(), self.clock)

    def note(self, *bodies: bytes) -> None:
        """Take in messages."""
        for body in bodies:
            self.backlog.note(json.loads(body))

    def due(self) -> Iterator[Batch]:
        """Take all that is due now."""
        while True:
            with self.backlog._stirred:
                ready = self.backlog._patience_s(self.clock.now) == 0
            if not ready:
                return
            batch = self.backlog.take()
            assert batch is not None
            yield batch

    def taken(self, seconds: float = 1.0) -> list[tuple[str, str, set[str]]]:
        """Let time pass, and finish all that is due."""
        self.clock.now += seconds
        batches = list(self.due())
        for batch in batches:
            self.backlog.done(batch)
        return [(batch.enterprise_id, batch.entity, set(batch.ids)) for batch in batches]


def changed(*ids: str, discriminator: str = "CustomerUpdated", enterprise: str = FIRST) -> bytes:
    """Write a message."""
    return general(*[discriminator] * len(ids), ids=ids, EnterpriseId=enterprise)


def test_changes_are_gathered_for_a_while() -> None:
    """What comes shortly after each other is one batch, and an id is in it once."""
    desk = Desk()
    desk.note(changed("a", "b"))
    assert desk.taken(0.04) == []
    desk.note(changed("b", "c"))
    assert desk.taken(0.01) == [(FIRST, "customers", {"a", "b", "c"})]
    assert desk.taken() == []


def test_enterprises_and_kinds_are_apart() -> None:
    """A batch is of one enterprise and one kind, also where an id is the same."""
    desk = Desk()
    desk.note(changed("a"), changed("a", enterprise=SECOND))
    desk.note(changed("a", discriminator="PaymentUpdated"))
    assert sorted(desk.taken()) == sorted(
        [(FIRST, "customers", {"a"}), (SECOND, "customers", {"a"}), (FIRST, "payments", {"a"})]
    )


def test_a_batch_is_no_larger_than_a_request_allows() -> None:
    """The rest follows at once."""
    desk = Desk()
    desk.note(changed(*map(str, range(500))), changed(*map(str, range(400, 1100))))
    batches = desk.taken()
    assert [len(ids) for _, _, ids in batches] == [1000, 100]
    assert set.union(*[ids for _, _, ids in batches]) == set(map(str, range(1100)))


def test_a_change_during_its_fetch_is_a_change_again() -> None:
    """What a worker has taken is no longer there to be taken for known."""
    desk = Desk()
    desk.note(changed("a"))
    desk.clock.now = 1.0
    (batch,) = desk.due()
    desk.note(changed("a"))
    desk.backlog.done(batch)
    assert desk.taken() == [(FIRST, "customers", {"a"})]


def test_a_failed_batch_comes_again_after_its_pause() -> None:
    """It keeps count of its failures, and holds nothing else up."""
    desk = Desk()
    desk.note(changed("a"))
    desk.clock.now = 1.0
    (batch,) = desk.due()
    desk.backlog.again(batch, 5.0)
    desk.note(changed("b"))
    assert desk.taken() == [(FIRST, "customers", {"b"})]
    desk.clock.now = 6.0
    (again,) = desk.due()
    assert (again.ids, again.failures) == ({"a"}, 1)


def test_a_held_enterprise_pauses_as_a_whole() -> None:
    """Over its limit it is asked nothing, about whatever; the others are not held."""
    desk = Desk()
    desk.note(changed("a"))
    desk.clock.now = 1.0
    (batch,) = desk.due()
    desk.backlog.again(batch, 5.0, hold=True)
    desk.note(changed("b", discriminator="PaymentUpdated"), changed("c", enterprise=SECOND))
    assert desk.taken(4.9) == [(SECOND, "customers", {"c"})]
    assert len(desk.taken(0.2)) == 2


def test_a_hold_is_not_shortened() -> None:
    """Of two pauses the longer one counts."""
    desk = Desk()
    desk.note(changed("a"), changed("b", discriminator="PaymentUpdated"))
    desk.clock.now = 1.0
    first, second = desk.due()
    desk.backlog.again(first, 5.0, hold=True)
    desk.backlog.again(second, 1.0, hold=True)
    assert desk.taken(4.9) == []
    assert len(desk.taken(0.2)) == 2


def test_an_unknown_enterprise_waits_until_it_is_onboarded() -> None:
    """Nothing is asked without its own token, and nothing is lost."""
    desk = Desk()
    desk.note(changed("a", enterprise=ENTERPRISE))
    assert desk.taken(LATER_S) == []
    desk.note(created())
    assert desk.backlog.credential(ENTERPRISE) == "first-access-token"
    assert desk.taken() == [(ENTERPRISE, "customers", {"a"})]


@pytest.mark.parametrize("off", ["IntegrationDisabled", "IntegrationCanceled"])
@pytest.mark.parametrize("on", ["IntegrationEnabled", "IntegrationReinstated"])
def test_an_inactive_enterprise_waits_until_it_is_back(off: str, on: str) -> None:
    """Also what had failed before is kept."""
    desk = Desk(memory=Memory())
    desk.note(created(), changed("a", enterprise=ENTERPRISE))
    desk.clock.now = 1.0
    (batch,) = desk.due()
    desk.note(integration(off), changed("b", enterprise=ENTERPRISE))
    desk.backlog.again(batch)
    assert desk.taken(LATER_S) == []
    desk.note(integration(on))
    assert [ids for _, _, ids in desk.taken()] == [{"a"}, {"b"}]


def test_a_deleted_enterprise_is_forgotten() -> None:
    """What was gathered, what had failed and what is being fetched never comes again."""
    desk = Desk(memory=Memory())
    desk.note(created())
    for name in ("a", "b"):
        desk.note(changed(name, enterprise=ENTERPRISE))
        desk.clock.now += 1.0
    (batch,) = desk.due()
    desk.backlog.again(batch, 5.0)
    desk.note(changed("c", discriminator="PaymentUpdated", enterprise=ENTERPRISE))
    desk.clock.now += 1.0
    (fetching,) = desk.due()
    desk.note(changed("d", enterprise=ENTERPRISE), integration("IntegrationDeleted"))
    desk.backlog.again(fetching)
    desk.note(created())
    assert desk.taken(LATER_S) == []


def test_a_replaced_key_is_used_at_once() -> None:
    """The credential is asked for at each request."""
    desk = Desk(memory=Memory())
    desk.note(created(), integration("IntegrationApiKeyCreated", ApiKey="second"))
    assert desk.backlog.credential(ENTERPRISE) == "second"
    assert desk.backlog.enterprises() == (ENTERPRISE,)


def test_closing_releases_whoever_waits() -> None:
    """A worker with nothing to do, and those who wait for a message to be fetched, or for room."""
    desk = Desk(ProcessingOptions(gather_s=LATER_S))
    desk.note(changed("a"))
    given: list[object] = []
    waiting = [
        threading.Thread(target=lambda: given.append(desk.backlog.take())),
        threading.Thread(target=lambda: desk.backlog.wait_for(json.loads(changed("a")))),
        threading.Thread(target=lambda: desk.backlog.wait_for_room(1)),
    ]
    for thread in waiting:
        thread.start()
    desk.backlog.close()
    for thread in waiting:
        thread.join(10.0)
    assert not any(thread.is_alive() for thread in waiting)
    assert given == [None]


def test_room_is_what_waits_and_what_is_being_fetched() -> None:
    """Gathered, taken and failed take room; what can't be fetched takes none."""
    desk = Desk()
    desk.note(changed("a", "b"), changed("a", enterprise=ENTERPRISE))
    counted = [desk.backlog._unfetched()]
    desk.clock.now = 1.0
    (batch,) = desk.due()
    counted.append(desk.backlog._unfetched())
    desk.backlog.again(batch)
    counted.append(desk.backlog._unfetched())
    desk.backlog.wait_for_room(3)
    desk.taken()
    desk.backlog.wait_for_room(1)
    assert counted == [2, 2, 2]


def test_waiting_for_a_message_ends_with_its_last_fetch() -> None:
    """Gathered, taken and failed are not fetched yet; what can't be fetched is not waited for."""
    desk = Desk()
    document = json.loads(changed("a"))
    owes = desk.backlog._owes
    desk.backlog.note(document)
    change = {("customers", "a")}
    states = [owes(FIRST, change), owes(FIRST, {("customers", "b")}), owes(SECOND, change)]
    desk.clock.now = 1.0
    (batch,) = desk.due()
    states.append(owes(FIRST, change))
    desk.backlog.again(batch)
    states.append(owes(FIRST, change))
    desk.taken()
    states.append(owes(FIRST, change))
    assert states == [True, False, False, True, True, False]
    desk.note(changed("a", enterprise=ENTERPRISE))
    desk.backlog.wait_for(document)
    desk.backlog.wait_for(json.loads(changed("a", enterprise=ENTERPRISE)))
