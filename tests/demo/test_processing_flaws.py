"""Each flaw in processing: what a scripted API observes of it and of the sound partner."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import PARTNER_KINDS, DemoPartner, partner_kind
from pytest_mews.demo.partner_kinds import PartnerKind
from pytest_mews.demo.processing import ProcessingOptions
from pytest_mews.demo.processing.api_client import ApiResponse
from tests.demo.conftest import StartApiPartner
from tests.demo.scripted_api import (
    BROKEN_CONNECTION,
    TIMEOUT_S,
    ApiRequest,
    ScriptedApi,
    ScriptedFault,
    deliver,
    updates,
)
from tests.demo.webhook_client import (
    ENTERPRISE_ID,
    general_webhook,
    integration_created,
    integration_webhook,
    send,
)

FIRST, SECOND = DEFAULT_TENANTS.enterprises
NO_ENTERPRISE = integration_created(Enterprise=...)
SHORT_WAIT_S = 2.0  # long enough for an immediate reaction on a busy machine
HUNDRED = [f"{number:03}" for number in range(1, 101)]
DISCRIMINATORS = (
    "ServiceOrderUpdated",
    "ResourceUpdated",
    "ResourceBlockUpdated",
    "CustomerUpdated",
    "PaymentUpdated",
)
IN_STATE = {"takes-unknown-actions-for-enabled"}
Exercise = Callable[[DemoPartner, ScriptedApi], object]
"""Sends messages to a partner, and returns something that shows the flaw."""


def processes_otherwise(kind: PartnerKind, *, is_sound: bool) -> bool:
    """Return whether a kind, sound or flawed, differs from the sound partner in processing."""
    return kind.is_sound is is_sound and kind.create_options is not ProcessingOptions


def requested_ids(requests: list[ApiRequest]) -> list[str]:
    """Return every requested id in ascending order, as often as it was requested."""
    return sorted(entity_id for request in requests for entity_id in request.ids)


def fetched_ids(*bodies: bytes) -> Exercise:
    """Deliver messages, each after the fetches of the previous one; return the requested ids."""

    def run(partner: DemoPartner, api: ScriptedApi) -> object:
        for body in bodies:
            deliver(partner, body)
            api.wait_until_idle()
        return requested_ids(api.requests)

    return run


def requests_for(*bodies: bytes, show: Callable[[ApiRequest], object]) -> Exercise:
    """Deliver messages in quick succession; return a detail of each request."""

    def run(partner: DemoPartner, api: ScriptedApi) -> object:
        deliver(partner, *bodies)
        return sorted(map(show, api.wait_until_idle()), key=str)

    return run


def asks_for_the_future(request: ApiRequest) -> bool:
    """Return whether a request asks for an interval that has not begun yet."""
    interval = request.body.get("UpdatedUtc")
    return bool(interval) and datetime.fromisoformat(interval["StartUtc"]) > datetime.now(UTC)


def seconds_before_now(partner: DemoPartner, api: ScriptedApi) -> object:
    """Report two changes; return how many seconds before now the last interval begins, if any."""
    for entity_id in ("a", "b"):
        deliver(partner, updates(entity_id))
        requests = api.wait_until_idle()
    interval = requests[-1].body.get("UpdatedUtc")
    if interval is None:
        return []
    seconds = (datetime.now(UTC) - datetime.fromisoformat(interval["StartUtc"])).total_seconds()
    return [min(int(seconds), 2)]


def count_after(*faults: ScriptedFault) -> Exercise:
    """Let the first requests fail; return the number of all requests."""

    def run(partner: DemoPartner, api: ScriptedApi) -> object:
        api.faults = [*faults]
        deliver(partner, updates("a"))
        api.wait_until(len)
        return len(api.wait_until_idle())

    return run


def ids_after(status: int) -> Exercise:
    """Let the first request fail with a status; return the ids of all requests, in order."""

    def run(partner: DemoPartner, api: ScriptedApi) -> object:
        api.faults = [ScriptedFault(status)]
        deliver(partner, updates("a", "b"))
        api.wait_until(len)
        first, *others = (request.ids for request in api.wait_until_idle())
        return [first, *sorted(others)]

    return run


def ids_with_a_full_page(partner: DemoPartner, api: ScriptedApi) -> object:
    """Report a change while a full page of others exists; return the ids of each request."""
    api.known_ids = tuple(str(number) for number in range(1000))
    deliver(partner, updates("a", discriminator="ServiceOrderUpdated"))
    return [request.ids for request in api.wait_until_idle()]


def cursors_after_failure(partner: DemoPartner, api: ScriptedApi) -> object:
    """Let the second page of a response fail; return the cursor of each request."""
    first_page = {"Reservations": [{"Id": f"{n}"} for n in range(1000)], "Cursor": "999"}
    api.faults = [ScriptedFault(200, body=json.dumps(first_page).encode()), ScriptedFault()]
    deliver(partner, updates("a", discriminator="ServiceOrderUpdated"))
    return [request.body["Limitation"].get("Cursor") for request in api.wait_until_idle()]


def count_pages_of_threads(partner: DemoPartner, api: ScriptedApi) -> int:
    """Report a message while 1,001 threads changed; return how many pages of them are requested."""
    api.known_ids = tuple(str(number) for number in range(1001))
    deliver(partner, updates("a", discriminator="MessageAdded"))
    requests = api.wait_until_idle()
    return sum(request.operation.startswith("messageThreads") for request in requests)


def stores_after_slow_response(partner: DemoPartner, api: ScriptedApi) -> bool:
    """Delay a response beyond a short timeout; return whether the entity is stored in the end."""
    api.faults = [ScriptedFault(delay_s=2.5)]
    deliver(partner, updates("a"))
    api.wait_until(len)
    api.wait_until_idle()
    assert partner.workers is not None
    return partner.workers.entities.updated_at(FIRST.id, "customers", "a") is not None


def used_tokens(*bodies: bytes) -> Exercise:
    """Deliver messages, each after the fetches of the previous one; return the access tokens."""

    def run(partner: DemoPartner, api: ScriptedApi) -> object:
        for body in bodies:
            deliver(partner, body)
            api.wait_until_idle()
        return [request.token for request in api.requests]

    return run


def tokens_of_retry(partner: DemoPartner, api: ScriptedApi) -> object:
    """Replace the key before a retry; return the access tokens."""
    api.faults = [ScriptedFault(429, {"Retry-After": "1"})]
    deliver(partner, integration_created(), NEW_ENTERPRISE)
    api.wait_until(len)
    deliver(partner, KEY_CREATED)
    api.happens_within(SHORT_WAIT_S, lambda requests: len(requests) > 1)
    return [request.token for request in api.requests]


def requests_about_missing(discriminator: str) -> Exercise:
    """Report an entity that no response has, then another one; return how often each is asked for.

    More than three requests count as three.
    """

    def run(partner: DemoPartner, api: ScriptedApi) -> object:
        api.missing_ids = frozenset({"a"})
        deliver(partner, updates("a", discriminator=discriminator))
        api.happens_within(SHORT_WAIT_S, lambda requests: len(requests) >= 3)
        deliver(partner, updates("b", discriminator=discriminator))
        api.happens_within(SHORT_WAIT_S, lambda requests: "b" in requested_ids([*requests]))
        counts = Counter(requested_ids(api.requests))
        return min(3, counts["a"]), counts["b"]

    return run


def known_services(*bodies: bytes) -> Exercise:
    """Deliver messages while a service exists, each after the fetches of the one before.

    Return the operation and the services of each request.
    """

    def run(partner: DemoPartner, api: ScriptedApi) -> object:
        for number, body in enumerate(bodies, 1):
            api.known_ids = tuple(f"service {n}" for n in range(number))
            deliver(partner, body)
            api.wait_until_idle()
        return [len(request.body.get("ServiceIds", ())) for request in api.requests]

    return run


def answers_during_fetch(partner: DemoPartner, api: ScriptedApi) -> bool:
    """Return whether a message is answered while its fetch waits for a response."""
    api.faults = [ScriptedFault(delay_s=TIMEOUT_S)]
    answered = threading.Event()
    sender = threading.Thread(target=lambda: (send(partner.url, updates("a")), answered.set()))
    sender.start()
    api.wait_until(len)
    in_time = answered.wait(SHORT_WAIT_S)
    api.released.set()
    sender.join()
    return in_time


def answers_with_full_queue(partner: DemoPartner, api: ScriptedApi) -> bool:
    """Return whether a message is answered while the fetch of a hundred changes waits."""
    api.faults = [ScriptedFault(delay_s=TIMEOUT_S)]
    deliver(partner, updates(*HUNDRED))
    api.wait_until(len)
    answered = threading.Event()
    sender = threading.Thread(target=lambda: (send(partner.url, updates("a")), answered.set()))
    sender.start()
    in_time = answered.wait(SHORT_WAIT_S)
    api.released.set()
    sender.join()
    return in_time


def update_during_fetch(partner: DemoPartner, api: ScriptedApi) -> object:
    """Report a change again while it is being fetched; return the requested ids."""
    api.faults = [ScriptedFault(delay_s=TIMEOUT_S)]
    deliver(partner, updates("a"))
    api.wait_until(len)
    deliver(partner, updates("a"))
    api.wait_until_read()
    api.released.set()
    return requested_ids(api.wait_until_idle())


def after_null_event(partner: DemoPartner, api: ScriptedApi) -> object:
    """Send a batch with a null event, then another message; return its status and the ids."""
    body = updates("a").replace(b"[{", b"[null, {")
    status = send(partner.url, body).status
    deliver(partner, updates("b"))
    return status, requested_ids(api.wait_until_idle())


def after_incomplete(body: bytes) -> Callable[[DemoPartner, ScriptedApi], object]:
    """Return a function that sends an incomplete message, then another one, as above."""

    def exercise(partner: DemoPartner, api: ScriptedApi) -> object:
        status = send(partner.url, body).status
        deliver(partner, updates("b"))
        return status, requested_ids(api.wait_until_idle())

    return exercise


def rejected_messages(partner: DemoPartner, api: ScriptedApi) -> object:
    """Send messages with a wrong token, one of them malformed; return the statuses and the ids."""
    url = partner.url.replace("Token=", "Token=x")
    statuses = [send(url, body).status for body in (updates("a"), b"{")]
    return statuses, requested_ids(api.wait_until_idle())


def concurrent_updates(partner: DemoPartner, api: ScriptedApi) -> object:
    """Send copies of a message at the same time, and others that don't race; return the ids."""
    deliver(partner, updates("a"), updates("a"), updates("b"))
    api.wait_until(len)
    deliver(partner, updates("c"))
    return sorted(set(requested_ids(api.wait_until_idle())))


def burst(partner: DemoPartner, api: ScriptedApi) -> object:
    """Send nine messages at once, and return the requested ids."""
    for entity_id in "abcdefghi":
        deliver(partner, updates(entity_id))
    api.wait_until_idle()
    return requested_ids(api.requests)


def restarts_during_a_request(partner: DemoPartner, api: ScriptedApi) -> object:
    """Restart the partner while a request has no response; return the ids it has requested."""
    api.faults.append(ScriptedFault(delay_s=TIMEOUT_S))
    deliver(partner, updates("a"))
    api.wait_until(len)
    partner.restart()
    deliver(partner, updates("b"))
    return requested_ids(api.wait_until_idle())


def polls(_: DemoPartner, api: ScriptedApi) -> bool:
    """Return whether several requests arrive without any event."""
    return api.happens_within(SHORT_WAIT_S, lambda requests: len(requests) >= 4)


def requests_meanwhile(partner: DemoPartner, api: ScriptedApi) -> bool:
    """Report customers for 2 s; return whether one is asked for meanwhile."""
    for number in range(10):
        deliver(partner, updates(f"{number}"))
        if api.happens_within(SHORT_WAIT_S / 10, bool):
            return True
    return False


def repeats_what_was_answered(partner: DemoPartner, api: ScriptedApi) -> bool:
    """Report a payment; return whether it is asked for again after the response."""
    deliver(partner, updates("a", discriminator="PaymentUpdated"))
    return api.happens_within(SHORT_WAIT_S, lambda requests: len(requests) >= 2)


@dataclass(frozen=True)
class FlawCase:
    """An exercise, with its result for a flaw and for the sound partner."""

    flaw: str
    exercise: Exercise
    flawed: object
    sound: object


CREATED_TOKEN, NEW_KEY, FIRST_TOKEN = "first-access-token", "second", FIRST.access_token
THREE_IDS, TWICE = ["a", "b", "c"], ["a", "a"]
PAIR = general_webhook("CustomerAdded", "CustomerUpdated", ids=("a", "a"), EnterpriseId=FIRST.id)
SHARED = general_webhook("CustomerUpdated", "PaymentUpdated", ids=("a", "a"), EnterpriseId=FIRST.id)
WITH_UNKNOWN_EVENT = general_webhook(
    "CustomerUpdated", "BillUpdated", ids=("a", "b"), EnterpriseId=FIRST.id
)
NEW_ENTERPRISE = updates("a", enterprise=ENTERPRISE_ID)
OFF, ON = integration_webhook("IntegrationDisabled"), integration_webhook("IntegrationEnabled")
CANCELED = integration_webhook("IntegrationCanceled")
REINSTATED = integration_webhook("IntegrationReinstated")
KEY_CREATED = integration_webhook("IntegrationApiKeyCreated", ApiKey=NEW_KEY)

PRODUCT = updates("a", discriminator="ProductUpdated")
OF_A_PROPERTY = general_webhook("CustomerUpdated", ids=("a",), EnterpriseId="a property")

CASES = [
    FlawCase("fetches-nothing", fetched_ids(updates("a")), [], ["a"]),
    FlawCase(
        "forgets-one-event-in-50",
        fetched_ids(updates(*HUNDRED)),
        [name for name in HUNDRED if name not in {"050", "100"}],
        HUNDRED,
    ),
    FlawCase(
        "loses-one-id-of-20",
        fetched_ids(updates(*HUNDRED[:45])),
        [name for name in HUNDRED[:45] if name not in {"020", "040"}],
        HUNDRED[:45],
    ),
    FlawCase("first-event-only", fetched_ids(updates(*THREE_IDS)), ["a"], THREE_IDS),
    FlawCase("deduplicates-by-id", fetched_ids(SHARED), ["a"], ["a", "a"]),
    FlawCase("deduplicates-by-id", fetched_ids(updates(*THREE_IDS)), THREE_IDS, THREE_IDS),
    FlawCase(
        "drops-second-update",
        fetched_ids(updates("a"), updates("a", "b")),
        ["a", "b"],
        ["a", "a", "b"],
    ),
    FlawCase(
        "unknown-event-drops-batch",
        fetched_ids(WITH_UNKNOWN_EVENT, updates("c")),
        ["c"],
        ["a", "c"],
    ),
    FlawCase("null-event-kills-worker", after_null_event, (202, []), (400, ["b"])),
    FlawCase(
        "incomplete-action-kills-worker", after_incomplete(NO_ENTERPRISE), (202, []), (400, ["b"])
    ),
    FlawCase(
        "incomplete-batch-kills-worker", after_incomplete(NO_ENTERPRISE), (400, ["b"]), (400, ["b"])
    ),
    FlawCase(
        "incomplete-batch-kills-worker",
        after_incomplete(updates("a").replace(b"EnterpriseId", b"Enterprise")),
        (202, []),
        (400, ["b"]),
    ),
    FlawCase("fetches-before-answering", answers_during_fetch, flawed=False, sound=True),
    FlawCase("blocks-on-full-queue", answers_with_full_queue, flawed=False, sound=True),
    FlawCase("loses-update-during-fetch", update_during_fetch, ["a"], ["a", "a"]),
    FlawCase("loses-update-during-fetch", fetched_ids(updates("a"), updates("a")), TWICE, TWICE),
    FlawCase("gives-up-on-429", count_after(ScriptedFault(429)), 1, 2),
    FlawCase("gives-up-on-500", count_after(ScriptedFault(500)), 1, 2),
    FlawCase("gives-up-on-500", count_after(ScriptedFault(429)), 2, 2),
    FlawCase("gives-up-after-two-attempts", count_after(*[ScriptedFault(500)] * 2), 2, 3),
    FlawCase("gives-up-after-two-attempts", count_after(ScriptedFault(500)), 2, 2),
    FlawCase(
        "gives-up-without-request-id",
        count_after(ScriptedFault(500, body=b'{"Message": ""}')),
        1,
        2,
    ),
    FlawCase(
        "gives-up-without-request-id",
        count_after(ScriptedFault(500, body=b'{"RequestId": ""}')),
        2,
        2,
    ),
    FlawCase(
        "gives-up-without-request-id", count_after(ScriptedFault(body=BROKEN_CONNECTION)), 2, 2
    ),
    FlawCase("gives-up-on-reset", count_after(ScriptedFault(body=BROKEN_CONNECTION)), 1, 2),
    FlawCase("gives-up-on-invalid-json", count_after(ScriptedFault(200, body=b"<html>")), 1, 2),
    FlawCase("gives-up-on-invalid-json", count_after(ScriptedFault(500)), 2, 2),
    FlawCase("dies-on-unknown-fields", fetched_ids(updates("a"), updates("b")), ["a"], ["a", "b"]),
    FlawCase(
        "ignores-message-added",
        requests_for(
            updates("a", discriminator="MessageAdded"), show=lambda request: request.operation
        ),
        [],
        ["messageThreads/getAll"],
    ),
    FlawCase("ignores-message-added", fetched_ids(updates("a")), ["a"], ["a"]),
    FlawCase(
        "ignores-payment-updated",
        fetched_ids(updates("a", discriminator="PaymentUpdated")),
        [],
        ["a"],
    ),
    FlawCase("ignores-payment-updated", fetched_ids(updates("a")), ["a"], ["a"]),
    FlawCase("loses-concurrent-updates", concurrent_updates, ["b", "c"], ["a", "b", "c"]),
    FlawCase("full-queue-drops-messages", burst, [*"abcdefgh"], [*"abcdefghi"]),
    FlawCase("forgets-queue-at-restart", restarts_during_a_request, ["a", "b"], ["a", "a", "b"]),
    FlawCase("gives-up-when-slow", stores_after_slow_response, flawed=False, sound=True),
    FlawCase("gives-up-when-slow", count_after(ScriptedFault(500)), 2, 2),
    FlawCase("polls-when-idle", polls, flawed=True, sound=False),
    FlawCase("waits-for-silence", requests_meanwhile, flawed=False, sound=True),
    FlawCase("fetches-added-twice", fetched_ids(PAIR), ["a", "a"], ["a"]),
    FlawCase("fetches-added-twice", fetched_ids(updates("a")), ["a"], ["a"]),
    FlawCase(
        "fetch-per-event",
        requests_for(updates(*THREE_IDS), show=lambda request: request.ids),
        [["a"], ["b"], ["c"]],
        [THREE_IDS],
    ),
    FlawCase("misreads-payments", repeats_what_was_answered, flawed=True, sound=False),
    FlawCase("fetches-three-times", fetched_ids(updates("a")), ["a"] * 3, ["a"]),
    FlawCase(
        "reads-first-page-only",
        requests_for(updates(*HUNDRED), show=lambda request: request.body["Limitation"]),
        [{"Count": 10}],
        [{"Count": 1000}],
    ),
    FlawCase(
        "deprecated-operation",
        requests_for(
            updates("a", discriminator="ServiceOrderUpdated"),
            show=lambda request: request.operation,
        ),
        ["reservations/getAll"],
        ["reservations/getAll/2023-06-06"],
    ),
    FlawCase(
        "trailing-slash-path",
        requests_for(updates("a"), show=lambda request: request.path),
        ["/api/connector/v1/customers/getAll/"],
        ["/api/connector/v1/customers/getAll"],
    ),
    FlawCase(
        "no-client-name",
        requests_for(updates("a"), show=lambda request: request.body["Client"]),
        [""],
        ["pytest-mews demo/1.0"],
    ),
    FlawCase(
        "deprecated-extents",
        requests_for(
            updates("a"),
            updates("a", discriminator="ResourceUpdated"),
            show=lambda request: sorted(request.body["Extent"]),
        ),
        [["Customers", "Documents"], ["ResourceCategories", "ResourceFeatures", "Resources"]],
        [["Addresses", "Customers"], ["Inactive", "Resources"]],
    ),
    FlawCase(
        "first-token-for-all",
        used_tokens(updates("a"), updates("b", enterprise=SECOND.id), NEW_ENTERPRISE),
        [FIRST_TOKEN, FIRST_TOKEN],
        [FIRST_TOKEN, SECOND.access_token],
    ),
    FlawCase(
        "first-token-for-unknown-enterprise",
        used_tokens(updates("b", enterprise=SECOND.id), NEW_ENTERPRISE),
        [SECOND.access_token, FIRST_TOKEN],
        [SECOND.access_token],
    ),
    FlawCase(
        "first-token-for-unknown-enterprise",
        used_tokens(integration_created(), OFF, NEW_ENTERPRISE),
        [],
        [],
    ),
    FlawCase("wrong-access-token", used_tokens(updates("a")), [FIRST_TOKEN[::-1]], [FIRST_TOKEN]),
    FlawCase(
        "never-onboards", used_tokens(integration_created(), NEW_ENTERPRISE), [], [CREATED_TOKEN]
    ),
    FlawCase(
        "keeps-old-key",
        used_tokens(integration_created(), KEY_CREATED, NEW_ENTERPRISE),
        [CREATED_TOKEN],
        [NEW_KEY],
    ),
    FlawCase(
        "remembers-first-token",
        used_tokens(integration_created(), NEW_ENTERPRISE, KEY_CREATED, NEW_ENTERPRISE),
        [CREATED_TOKEN, CREATED_TOKEN],
        [CREATED_TOKEN, NEW_KEY],
    ),
    FlawCase(
        "fetches-when-disabled",
        used_tokens(integration_created(), OFF, NEW_ENTERPRISE),
        [CREATED_TOKEN],
        [],
    ),
    FlawCase(
        "fetches-when-disabled",
        used_tokens(
            integration_created(), integration_webhook("IntegrationDeleted"), NEW_ENTERPRISE
        ),
        [CREATED_TOKEN],
        [],
    ),
    FlawCase(
        "fetches-later-when-disabled",
        used_tokens(integration_created(), OFF, NEW_ENTERPRISE),
        [CREATED_TOKEN],
        [],
    ),
    FlawCase("stops-after-401", count_after(ScriptedFault(401)), 1, 2),
    FlawCase("stops-after-401", count_after(ScriptedFault(500)), 2, 2),
    FlawCase(
        "never-resumes",
        used_tokens(integration_created(), OFF, NEW_ENTERPRISE, ON),
        [],
        [CREATED_TOKEN],
    ),
    FlawCase(
        "never-resumes",
        used_tokens(integration_created(), NEW_ENTERPRISE),
        [CREATED_TOKEN],
        [CREATED_TOKEN],
    ),
    FlawCase(
        "missing-entity-kills-worker", requests_about_missing("ResourceUpdated"), (1, 0), (1, 1)
    ),
    FlawCase(
        "missing-block-kills-worker",
        requests_about_missing("ResourceBlockUpdated"),
        (1, 0),
        (1, 1),
    ),
    FlawCase("retries-empty-answers", requests_about_missing("ResourceUpdated"), (3, 1), (1, 1)),
    FlawCase(
        "late-update-kills-worker",
        fetched_ids(
            updates("a", discriminator="ResourceDeleted"),
            updates("a", discriminator="ResourceUpdated"),
            updates("b"),
        ),
        ["a"],
        ["a", "a", "b"],
    ),
    FlawCase(
        "asks-for-active-blocks",
        requests_for(
            updates("a", discriminator="ResourceBlockUpdated"),
            show=lambda request: (request.ids, request.body.get("ActivityStates")),
        ),
        [([], None)],
        [(["a"], ["Active", "Deleted"])],
    ),
    FlawCase(
        "asks-for-reservations-in-house",
        requests_for(
            updates("a", discriminator="ServiceOrderUpdated"),
            show=lambda request: (request.ids, "States" in request.body),
        ),
        [([], True)],
        [(["a"], False)],
    ),
    FlawCase("looks-up-services-once", known_services(PRODUCT, PRODUCT), [0, 1, 1], [0, 1, 0, 2]),
    FlawCase("products-without-services", known_services(PRODUCT), [0], [0, 1]),
    FlawCase(
        "interval-in-local-time",
        requests_for(updates("a"), show=asks_for_the_future),
        [True],
        [False],
    ),
    FlawCase(
        "reads-by-creation",
        requests_for(updates("a"), show=lambda request: "CreatedUtc" in request.body),
        [True],
        [False],
    ),
    FlawCase(
        "sends-all-ids-at-once",
        requests_for(updates(*map(str, range(1001))), show=lambda request: len(request.ids)),
        [1001, 1001],  # a full page has a further one
        [1, 1000, 1000],
    ),
    FlawCase("reads-last-seconds", seconds_before_now, [2], []),
    FlawCase("reads-first-page-by-interval", ids_with_a_full_page, [[]], [["a"]]),
    FlawCase(
        "takes-failed-page-for-end", cursors_after_failure, [None, "999"], [None, "999", None]
    ),
    FlawCase("reads-first-page-of-1000", count_pages_of_threads, 1, 2),
    FlawCase(
        "drops-events-before-creation",
        used_tokens(NEW_ENTERPRISE, integration_created()),
        [],
        [CREATED_TOKEN],
    ),
    FlawCase("drops-queue-at-new-key", tokens_of_retry, [CREATED_TOKEN], [CREATED_TOKEN, NEW_KEY]),
    FlawCase("takes-updates-for-creation", fetched_ids(PAIR, updates("a")), ["a"], ["a", "a"]),
    FlawCase(
        "closes-client-at-cancel",
        used_tokens(integration_created(), NEW_ENTERPRISE, CANCELED, REINSTATED, NEW_ENTERPRISE),
        [CREATED_TOKEN],
        [CREATED_TOKEN, CREATED_TOKEN],
    ),
    FlawCase(
        "closes-client-at-cancel",
        used_tokens(integration_created(), CANCELED, REINSTATED, NEW_ENTERPRISE),
        [CREATED_TOKEN],
        [CREATED_TOKEN],
    ),
    FlawCase(
        "takes-unknown-actions-for-enabled",
        used_tokens(integration_created(), OFF, integration_webhook("Renamed"), NEW_ENTERPRISE),
        [CREATED_TOKEN],
        [],
    ),
    FlawCase(
        "repeats-too-large-requests",
        ids_after(413),
        [["a", "b"], ["a", "b"]],
        [["a", "b"], ["a"], ["b"]],
    ),
    FlawCase("repeats-rejected-requests", count_after(ScriptedFault(403)), 2, 1),
    FlawCase("repeats-rejected-requests", count_after(ScriptedFault(500)), 2, 2),
    FlawCase(
        "ignores-is-enabled",
        used_tokens(integration_created(IsEnabled=False), NEW_ENTERPRISE),
        [CREATED_TOKEN],
        [],
    ),
    FlawCase(
        "knows-tokens-by-enterprise",
        used_tokens(integration_created(), OF_A_PROPERTY),
        [],
        [CREATED_TOKEN],
    ),
    FlawCase(
        "processes-rejected-messages", rejected_messages, ([401, 401], ["a"]), ([401, 401], [])
    ),
]

PAUSES = [
    ("retries-429-immediately", 0.0, 0.0),
    ("fixed-retry-interval", None, 0.2),
    ("ignores-retry-after", 0.1, None),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.flaw)
def test_a_flaw_processes_differently(
    api: ScriptedApi, start_api_partner: StartApiPartner, case: FlawCase
) -> None:
    """The exercise shows the flaw."""
    assert case.exercise(start_api_partner(case.flaw), api) == case.flawed


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.flaw)
def test_the_sound_partner_processes_soundly(
    api: ScriptedApi, start_api_partner: StartApiPartner, case: FlawCase
) -> None:
    """The same exercise has a sound result without the flaw."""
    assert case.exercise(start_api_partner(), api) == case.sound


@pytest.mark.parametrize(("flaw", "with_retry_after", "without"), PAUSES)
def test_a_flaw_has_wrong_pauses(
    flaw: str, with_retry_after: float | None, without: float | None
) -> None:
    """The seconds it waits after a 429 with and without Retry-After; None for a sound pause."""
    pause_s = partner_kind(flaw).create_options().retry_pause_s
    for failures in (0, 3):
        least_s = 0.2 * 2**failures  # of a sound partner without Retry-After
        for retry_after_s, flawed, sound in (
            (9.0, with_retry_after, 9.0),
            (None, without, least_s),
        ):
            pause = pause_s(ApiResponse(429, retry_after_s=retry_after_s), failures)
            if flawed is None:
                assert pause >= sound
            else:
                assert pause == flawed
    assert pause_s(ApiResponse(500), 5) > 5.0


def test_immediate_retries_are_many(api: ScriptedApi, start_api_partner: StartApiPartner) -> None:
    """The flaw makes fifty requests, while the sound partner would wait for an hour."""
    api.faults = [ScriptedFault(429, {"Retry-After": "3600"})] * 50
    deliver(start_api_partner("retries-429-immediately"), updates("a"))
    assert len(api.wait_until(lambda requests: len(requests) > 50)) == 51


def test_every_processing_flaw_has_a_case() -> None:
    """Every flaw in processing is tested here, and one in the state that messages lead to."""
    flaws_with_pauses = {flaw for flaw, _, _ in PAUSES}
    in_processing = {
        name for name, kind in PARTNER_KINDS.items() if processes_otherwise(kind, is_sound=False)
    }
    assert {case.flaw for case in CASES} | flaws_with_pauses == in_processing | IN_STATE


@pytest.mark.parametrize(
    "name",
    [name for name, kind in PARTNER_KINDS.items() if processes_otherwise(kind, is_sound=True)]
    + ["sound"],
)
def test_a_variant_fetches_everything(
    api: ScriptedApi, start_api_partner: StartApiPartner, name: str
) -> None:
    """It fetches every kind of entity of both enterprises, each with its own access token."""
    partner = start_api_partner(name)
    for tenant in DEFAULT_TENANTS.enterprises:
        for discriminator in DISCRIMINATORS:
            deliver(partner, updates("a", discriminator=discriminator, enterprise=tenant.id))
    requests = api.wait_until(lambda requests: len(requests) == 10)
    counts = Counter((request.operation, request.token) for request in requests)
    assert set(counts.values()) == {1}
    by_interval = name == "reads-by-interval"
    assert [request.ids for request in requests] == [[] if by_interval else ["a"]] * 10
    assert {"UpdatedUtc" in request.body for request in requests} == {by_interval}
    assert len(api.wait_until_idle()) == 10
