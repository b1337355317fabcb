"""When changes are due: collected, taken once, and kept while they can't be fetched."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo.partner_state import PartnerState, initial_state
from pytest_mews.demo.processing import Backlog, ProcessingOptions
from pytest_mews.demo.processing.entity_readers import Batch
from tests.demo.webhook_client import (
    ENTERPRISE_ID,
    general_webhook,
    integration_created,
    integration_webhook,
)

FIRST, SECOND = (tenant.id for tenant in DEFAULT_TENANTS.enterprises)
LONG_S = 1000.0


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


class BacklogDriver:
    """Drives a backlog with a clock that a test sets; takes due batches without waiting."""

    def __init__(
        self, options: ProcessingOptions | None = None, state: PartnerState | None = None
    ) -> None:
        self.clock = Clock()
        self.state = state or initial_state(DEFAULT_TENANTS)
        self.backlog = Backlog(self.state, options or ProcessingOptions(), self.clock)

    def add(self, *bodies: bytes) -> None:
        """Add messages."""
        for body in bodies:
            self.backlog.add(json.loads(body))

    def take_due(self) -> Iterator[Batch]:
        """Take every batch that is due now."""
        while True:
            with self.backlog._changed:
                ready = self.backlog._seconds_until_due(self.clock.now) == 0
            if not ready:
                return
            batch = self.backlog.take()
            assert batch is not None
            yield batch

    def finish_due(self, seconds: float = 1.0) -> list[tuple[str, str, set[str]]]:
        """Let time pass, and finish every batch that is due; return what was in them."""
        self.clock.now += seconds
        batches = list(self.take_due())
        for batch in batches:
            self.backlog.mark_done(batch)
        return [(batch.enterprise_id, batch.entity_kind, set(batch.ids)) for batch in batches]


def updates(*ids: str, discriminator: str = "CustomerUpdated", enterprise: str = FIRST) -> bytes:
    """Return a message with one event for each id."""
    return general_webhook(*[discriminator] * len(ids), ids=ids, EnterpriseId=enterprise)


def test_changes_are_collected_for_a_while() -> None:
    """Changes within the batch window become one batch, which has each id once."""
    driver = BacklogDriver()
    driver.add(updates("a", "b"))
    assert driver.finish_due(0.04) == []
    driver.add(updates("b", "c"))
    assert driver.finish_due(0.01) == [(FIRST, "customers", {"a", "b", "c"})]
    assert driver.finish_due() == []


def test_each_message_lets_the_window_begin_again() -> None:
    """With the flaw nothing is due while messages keep coming."""
    driver = BacklogDriver(ProcessingOptions(restarts_window=True))
    for entity_id in "abc":
        driver.add(updates(entity_id))
        assert driver.finish_due(0.04) == []
    assert driver.finish_due(0.01) == [(FIRST, "customers", {"a", "b", "c"})]


def test_enterprises_and_entities_are_separate() -> None:
    """A batch has one enterprise and one kind of entity, even if ids are the same."""
    driver = BacklogDriver()
    driver.add(updates("a"), updates("a", enterprise=SECOND))
    driver.add(updates("a", discriminator="PaymentUpdated"))
    assert sorted(driver.finish_due()) == sorted(
        [(FIRST, "customers", {"a"}), (SECOND, "customers", {"a"}), (FIRST, "payments", {"a"})]
    )


def test_a_batch_fits_into_one_request() -> None:
    """The remaining changes become the next batch at once."""
    driver = BacklogDriver()
    driver.add(updates(*map(str, range(500))), updates(*map(str, range(400, 1100))))
    batches = driver.finish_due()
    assert [len(ids) for _, _, ids in batches] == [1000, 100]
    assert set.union(*[ids for _, _, ids in batches]) == set(map(str, range(1100)))


def test_a_change_during_its_fetch_is_added_again() -> None:
    """The backlog no longer knows the ids that a worker has taken."""
    driver = BacklogDriver()
    driver.add(updates("a"))
    driver.clock.now = 1.0
    (batch,) = driver.take_due()
    driver.add(updates("a"))
    driver.backlog.mark_done(batch)
    assert driver.finish_due() == [(FIRST, "customers", {"a"})]


def test_a_failed_batch_is_due_after_its_pause() -> None:
    """The batch counts its failures, and does not delay other changes."""
    driver = BacklogDriver()
    driver.add(updates("a"))
    driver.clock.now = 1.0
    (batch,) = driver.take_due()
    driver.backlog.retry_later(batch, 5.0)
    driver.add(updates("b"))
    assert driver.finish_due() == [(FIRST, "customers", {"b"})]
    driver.clock.now = 6.0
    (retried,) = driver.take_due()
    assert (retried.ids, retried.failures) == ({"a"}, 1)


def test_all_changes_of_a_paused_enterprise_wait() -> None:
    """After a 429 nothing of the enterprise is due; the other enterprises do not wait."""
    driver = BacklogDriver()
    driver.add(updates("a"))
    driver.clock.now = 1.0
    (batch,) = driver.take_due()
    driver.backlog.retry_later(batch, 5.0, pause_enterprise=True)
    driver.add(updates("b", discriminator="PaymentUpdated"), updates("c", enterprise=SECOND))
    assert driver.finish_due(4.9) == [(SECOND, "customers", {"c"})]
    assert len(driver.finish_due(0.2)) == 2


def test_a_pause_is_not_shortened() -> None:
    """The longer one of two pauses counts."""
    driver = BacklogDriver()
    driver.add(updates("a"), updates("b", discriminator="PaymentUpdated"))
    driver.clock.now = 1.0
    first, second = driver.take_due()
    driver.backlog.retry_later(first, 5.0, pause_enterprise=True)
    driver.backlog.retry_later(second, 1.0, pause_enterprise=True)
    assert driver.finish_due(4.9) == []
    assert len(driver.finish_due(0.2)) == 2


def test_changes_of_an_unknown_enterprise_wait_until_it_is_connected() -> None:
    """Nothing is due without its own access token, and nothing is lost."""
    driver = BacklogDriver()
    driver.add(updates("a", enterprise=ENTERPRISE_ID))
    assert driver.finish_due(LONG_S) == []
    driver.add(integration_created())
    assert driver.backlog.credential(ENTERPRISE_ID) == "first-access-token"
    assert driver.finish_due() == [(ENTERPRISE_ID, "customers", {"a"})]


@pytest.mark.parametrize("off", ["IntegrationDisabled", "IntegrationCanceled"])
@pytest.mark.parametrize("on", ["IntegrationEnabled", "IntegrationReinstated"])
def test_changes_of_an_inactive_enterprise_wait_until_it_is_active(off: str, on: str) -> None:
    """Changes whose request had failed wait as well."""
    driver = BacklogDriver(state=PartnerState())
    driver.add(integration_created(), updates("a", enterprise=ENTERPRISE_ID))
    driver.clock.now = 1.0
    (batch,) = driver.take_due()
    driver.add(integration_webhook(off), updates("b", enterprise=ENTERPRISE_ID))
    driver.backlog.retry_later(batch)
    assert driver.finish_due(LONG_S) == []
    driver.add(integration_webhook(on))
    assert [ids for _, _, ids in driver.finish_due()] == [{"a"}, {"b"}]


def test_a_deleted_enterprise_is_forgotten() -> None:
    """Its changes never become due again: collected, failed, or in progress."""
    driver = BacklogDriver(state=PartnerState())
    driver.add(integration_created())
    for name in ("a", "b"):
        driver.add(updates(name, enterprise=ENTERPRISE_ID))
        driver.clock.now += 1.0
    (batch,) = driver.take_due()
    driver.backlog.retry_later(batch, 5.0)
    driver.add(updates("c", discriminator="PaymentUpdated", enterprise=ENTERPRISE_ID))
    driver.clock.now += 1.0
    (in_progress,) = driver.take_due()
    driver.add(updates("d", enterprise=ENTERPRISE_ID), integration_webhook("IntegrationDeleted"))
    driver.backlog.retry_later(in_progress)
    driver.add(integration_created())
    assert driver.finish_due(LONG_S) == []


def test_a_replaced_key_is_used_at_once() -> None:
    """The backlog returns the current credential."""
    driver = BacklogDriver(state=PartnerState())
    driver.add(
        integration_created(), integration_webhook("IntegrationApiKeyCreated", ApiKey="second")
    )
    assert driver.backlog.credential(ENTERPRISE_ID) == "second"
    assert driver.backlog.enterprises() == (ENTERPRISE_ID,)


def test_closing_releases_waiting_threads() -> None:
    """A worker without work, and threads that wait for a fetch or for a shorter backlog."""
    driver = BacklogDriver(ProcessingOptions(batch_window_s=LONG_S))
    driver.add(updates("a"))
    batches: list[object] = []
    threads = [
        threading.Thread(target=lambda: batches.append(driver.backlog.take())),
        threading.Thread(
            target=lambda: driver.backlog.wait_until_fetched(json.loads(updates("a")))
        ),
        threading.Thread(target=lambda: driver.backlog.wait_until_below(1)),
    ]
    for thread in threads:
        thread.start()
    driver.backlog.close()
    for thread in threads:
        thread.join(10.0)
    assert not any(thread.is_alive() for thread in threads)
    assert batches == [None]


def test_unfetched_changes_are_counted() -> None:
    """Collected, taken and failed changes count; those that can't be fetched don't."""
    driver = BacklogDriver()
    driver.add(updates("a", "b"), updates("a", enterprise=ENTERPRISE_ID))
    counts = [driver.backlog._count_unfetched()]
    driver.clock.now = 1.0
    (batch,) = driver.take_due()
    counts.append(driver.backlog._count_unfetched())
    driver.backlog.retry_later(batch)
    counts.append(driver.backlog._count_unfetched())
    driver.backlog.wait_until_below(3)
    driver.finish_due()
    driver.backlog.wait_until_below(1)
    assert counts == [2, 2, 2]


def test_waiting_for_a_message_ends_with_its_last_fetch() -> None:
    """Collected, taken and failed changes are unfetched, unless they can't be fetched."""
    driver = BacklogDriver()
    document = json.loads(updates("a"))
    has_unfetched = driver.backlog._has_unfetched
    driver.backlog.add(document)
    change = {("customers", "a")}
    states = [
        has_unfetched(FIRST, change),
        has_unfetched(FIRST, {("customers", "b")}),
        has_unfetched(SECOND, change),
    ]
    driver.clock.now = 1.0
    (batch,) = driver.take_due()
    states.append(has_unfetched(FIRST, change))
    driver.backlog.retry_later(batch)
    states.append(has_unfetched(FIRST, change))
    driver.finish_due()
    states.append(has_unfetched(FIRST, change))
    assert states == [True, False, False, True, True, False]
    driver.add(updates("a", enterprise=ENTERPRISE_ID))
    driver.backlog.wait_until_fetched(document)
    driver.backlog.wait_until_fetched(json.loads(updates("a", enterprise=ENTERPRISE_ID)))
