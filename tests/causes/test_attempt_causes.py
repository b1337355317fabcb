"""Causes of failing attempts: what fires, what does not, and what is explained."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.model import (
    ApiFault,
    Cause,
    CauseKind,
    Fault,
    Level,
    Outcome,
    TransferMode,
    Validity,
    WebhookKind,
)
from tests.causes.observed_results import EVENT, Answer, Endpoint, Sent
from tests.transcript_builders import call

OTHER = "PaymentUpdated"
GENERAL = WebhookKind.GENERAL
INTEGRATION = Sent(("IntegrationCreated",), WebhookKind.INTEGRATION)
NOT_JSON = Sent((), validity=Validity.NOT_JSON, description="not JSON: truncated")
NULL_EVENT = Sent((), validity=Validity.INVALID, description="a null event")
CHECK = Sent(description="health check")


def run(
    answer: Callable[[Sent], Answer], *, rounds: int = 20, retry_after: bool = False
) -> Endpoint:
    """Certify four scenarios with valid messages of several kinds, on kept connections."""
    endpoint = Endpoint(answer, retry_after=retry_after)
    for scenario_id in ("REC-01", "REC-02", "REC-03", "INT-01"):
        messages = []
        for number in range(1, rounds + 1):
            base = INTEGRATION if scenario_id == "INT-01" else Sent()
            events = base.events
            if scenario_id == "REC-02":
                events = (OTHER,)
            if scenario_id == "REC-03":
                events = (EVENT,) * (number * 10)
            messages.append(
                Sent(
                    events,
                    base.kind,
                    request_number=1 + number % 2,
                    enterprise_id=f"enterprise-{1 + number % 3}",
                )
            )
        endpoint.certify(scenario_id, *messages)
    return endpoint


def causes_of(endpoint: Endpoint) -> tuple[Cause, ...]:
    """Return the causes of all results."""
    return find_causes(endpoint.results)


def kinds_of(endpoint: Endpoint) -> list[CauseKind]:
    """Return the kinds of the causes, in order."""
    return [cause.kind for cause in causes_of(endpoint)]


def sound(sent: Sent) -> int:
    """Answer as a sound service does."""
    return 400 if sent.validity in {Validity.NOT_JSON, Validity.INVALID} else 202


def test_a_sound_service_has_no_cause() -> None:
    """Without a failure there is no cause."""
    assert causes_of(run(sound)) == ()


@pytest.mark.parametrize(
    ("fails", "kind", "summary"),
    [
        (
            lambda sent: sent.request_number > 1,
            CauseKind.KEPT_CONNECTION,
            (
                "The second and later requests on a kept connection are answered 400 (all 40); of "
                "40 first requests on a connection, not one."
            ),
        ),
        (
            lambda sent: sent.kind is GENERAL and sent.enterprise_id != "enterprise-2",
            CauseKind.ENTERPRISE,
            (
                "General Webhooks of every enterprise but enterprise-2 are answered 400 (all 39); "
                "of 41 other messages, not one."
            ),
        ),
        (
            lambda sent: sent.enterprise_id == "enterprise-2",
            CauseKind.ENTERPRISE,
            (
                "Messages of the enterprise enterprise-2 are answered 400 (all 28); of 52 messages "
                "of other enterprises, not one."
            ),
        ),
        (
            lambda sent: sent.number % 3 == 0,
            CauseKind.INTERMITTENT_STATUS,
            (
                "About one in three valid messages is answered 400 (26 of 80), whatever it "
                "contains: neither content, size, connection, order nor load sets these messages "
                "apart."
            ),
        ),
    ],
)
def test_what_failing_messages_have_in_common(
    fails: Callable[[Sent], bool], kind: CauseKind, summary: str
) -> None:
    """The condition that sets the failing messages apart is named with its figures."""
    (cause,) = causes_of(run(lambda sent: 400 if fails(sent) else 202))
    assert (cause.kind, cause.summary) == (kind, summary)
    assert set(cause.explains) >= {"REC-01", "REC-02", "REC-03"}
    assert cause.level is Level.MUST


def test_a_whole_kind_that_is_refused() -> None:
    """The remedy names the option that says what the integration is registered for."""
    endpoint = run(lambda sent: 422 if sent.kind is WebhookKind.INTEGRATION else 202)
    endpoint.certify("INT-02", *[INTEGRATION] * 3)
    (cause,) = causes_of(endpoint)
    assert cause.kind is CauseKind.WEBHOOK_KIND
    assert cause.explains == ("INT-01", "INT-02")
    assert cause.summary == (
        "Integration Webhooks are answered 422 (all 23); of 60 General Webhooks, not one."
    )
    assert "--mews-events" in cause.remedy


def test_messages_from_a_size_on() -> None:
    """The smallest refused and the largest accepted size are given."""
    endpoint = Endpoint(lambda sent: 413 if len(sent.events) > 50 else 202)
    for scenario_id in ("REC-03", "REC-04"):
        endpoint.certify(scenario_id, *[Sent((EVENT,) * size) for size in range(1, 101, 3)])
    (cause,) = causes_of(endpoint)
    assert cause.kind is CauseKind.MESSAGE_SIZE
    assert cause.summary == (
        "Messages of 5,200 bytes and more are answered 413 (all 34); of 34 smaller messages (the "
        "largest accepted has 4,900 bytes), not one."
    )


def test_messages_that_are_late_from_a_size_on() -> None:
    """No limit for bodies delays a response: the remedy begins with the work before it."""
    endpoint = Endpoint(lambda sent: Outcome.TIMEOUT_ANSWER if len(sent.events) > 50 else 202)
    for scenario_id in ("REC-03", "REC-04"):
        endpoint.certify(scenario_id, *[Sent((EVENT,) * size) for size in range(1, 101, 3)])
    (cause,) = causes_of(endpoint)
    assert cause.kind is CauseKind.MESSAGE_SIZE
    assert cause.remedy.startswith("Store the message, answer, and process its events afterwards")


def test_an_event_type() -> None:
    """An event type that is refused wherever it occurs is named."""
    endpoint = Endpoint(lambda sent: 400 if OTHER in sent.events else 202)
    endpoint.certify("REC-01", *[Sent((name,)) for name in (EVENT, OTHER, "MessageAdded")] * 4)
    endpoint.certify("REC-03", *[Sent((EVENT,) * size + (OTHER,)) for size in range(1, 9)])
    endpoint.certify("REC-04", *[Sent((EVENT,) * size) for size in range(1, 9)])
    (cause,) = causes_of(endpoint)
    assert (cause.kind, cause.explains) == (CauseKind.EVENT_TYPE, ("REC-01", "REC-03"))
    assert cause.summary.startswith("Messages with PaymentUpdated are answered 400 (all 12)")


def test_several_event_types_that_fail_in_the_same_way_are_one_cause() -> None:
    """A service that reads a property of every action refuses each action that has none."""
    names = (
        "IntegrationCreated",
        "IntegrationDisabled",
        "IntegrationDeleted",
        "IntegrationEnabled",
    )
    endpoint = Endpoint(
        lambda sent: 400 if sent.events[0] in names[1:] else 202,
    )
    for number, name in enumerate(names, 1):
        endpoint.certify(f"INT-0{number}", *[Sent((name,), WebhookKind.INTEGRATION)] * 8)
    endpoint.certify("REC-01", *[Sent()] * 40)
    (cause,) = causes_of(endpoint)
    assert (cause.kind, cause.explains) == (CauseKind.EVENT_TYPE, ("INT-02", "INT-03", "INT-04"))
    assert cause.summary == (
        "Messages with IntegrationDeleted, IntegrationDisabled or IntegrationEnabled are answered "
        "400 (all 24); of 48 messages without these, not one."
    )
    assert "a property that the service reads of every message" in cause.remedy


def test_a_refused_kind_and_refused_event_types_are_two_causes() -> None:
    """Two flaws with the same status: the actions are not named beside the event types."""
    names = (OTHER, "CustomerAdded")
    endpoint = Endpoint(
        lambda sent: (
            422 if sent.kind is INTEGRATION.kind or not set(names).isdisjoint(sent.events) else 202
        )
    )
    for number, name in enumerate(names, 1):
        endpoint.certify(f"REC-0{number}", *[Sent((name,))] * 8)
    for number, name in enumerate(("IntegrationCreated", "IntegrationDeleted"), 1):
        endpoint.certify(f"INT-0{number}", *[Sent((name,), INTEGRATION.kind)] * 8)
    endpoint.certify("REC-03", *[Sent()] * 60)
    causes = {cause.kind: cause for cause in causes_of(endpoint)}
    assert causes.keys() == {CauseKind.WEBHOOK_KIND, CauseKind.EVENT_TYPE}
    assert causes[CauseKind.WEBHOOK_KIND].explains == ("INT-01", "INT-02")
    assert causes[CauseKind.EVENT_TYPE].explains == ("REC-01", "REC-02")
    assert causes[CauseKind.EVENT_TYPE].summary.startswith(
        "Messages with CustomerAdded or PaymentUpdated are answered 422 (all 16);"
    )


def test_failures_while_the_api_fails_are_not_intermittent() -> None:
    """What the harness injected into the API sets these messages apart."""
    endpoint = run(lambda sent: 500 if sent.number % 3 == 0 else 202)
    assert kinds_of(endpoint) == [CauseKind.INTERMITTENT_STATUS]
    fault = replace(call("1-0"), fault=ApiFault.SERVER_ERROR)
    for index, result in enumerate(endpoint.results):
        (evidence,) = result.evidence
        transcript = replace(evidence.transcript, calls=(fault,))
        evidence = replace(evidence, transcript=transcript)
        endpoint.results[index] = replace(result, evidence=(evidence,))
    assert kinds_of(endpoint) == []


def test_an_event_type_that_fails_beside_another_is_not_named() -> None:
    """A type that occurs only in batches with the refused one is no cause of its own."""
    endpoint = Endpoint(lambda sent: 400 if OTHER in sent.events else 202)
    endpoint.certify("REC-01", *[Sent((name,)) for name in (EVENT, EVENT, EVENT, OTHER)] * 8)
    endpoint.certify("REC-03", *[Sent((OTHER, "MessageAdded"))] * 8)
    (cause,) = causes_of(endpoint)
    assert cause.summary.startswith("Messages with PaymentUpdated are answered 400 (all 16)")


def test_repeated_messages() -> None:
    """Copies that are refused are told from new messages."""
    seen: set[str] = set()

    def answer(sent: Sent) -> int:
        is_copy = sent.copy_of in seen
        seen.update({sent.copy_of} - {""})
        return 409 if is_copy else 202

    endpoint = Endpoint(answer)
    for scenario_id in ("RET-01", "RET-08"):
        bodies = [f"{scenario_id} {number}" for number in range(6)] * 2
        endpoint.certify(scenario_id, *[Sent(copy_of=body) for body in bodies])
    (cause,) = causes_of(endpoint)
    assert (cause.kind, cause.explains) == (CauseKind.REPEATED_MESSAGE, ("RET-01", "RET-08"))


def test_some_repeated_messages() -> None:
    """A third copy is refused, the second one is not: still no new message is."""
    seen: Counter[str] = Counter()

    def answer(sent: Sent) -> int:
        seen[sent.copy_of] += 1
        return 409 if seen[sent.copy_of] > 2 else 202

    endpoint = Endpoint(answer)
    for scenario_id in ("RET-04", "RET-05", "RET-09"):
        bodies = [f"{scenario_id} {number}" for number in range(6)]
        endpoint.certify(scenario_id, *[Sent(copy_of=body) for body in bodies * 3])
    (cause,) = causes_of(endpoint)
    assert (cause.kind, cause.explains) == (
        CauseKind.REPEATED_MESSAGE,
        ("RET-04", "RET-05", "RET-09"),
    )
    assert cause.summary == (
        "Some messages that were sent before are answered 409 (18 of 36); of 18 messages that were "
        "new, not one."
    )


def test_refused_copies_are_no_limit_of_messages_at_once() -> None:
    """Most of them are sent at once; that others were sent alone, and failed too, decides."""
    seen: Counter[str] = Counter()

    def answer(sent: Sent) -> Answer:
        seen[sent.copy_of] += bool(sent.copy_of)
        took_ms = 1_000.0 if sent.copy_of == "crowd" else 1.0
        return 409 if seen[sent.copy_of] > 2 else 202, took_ms

    endpoint = Endpoint(answer)
    endpoint.certify("REC-01", *[Sent()] * 30)
    endpoint.certify("RET-04", *[Sent(copy_of="crowd")] * 30)
    endpoint.now_ms += 5_000
    endpoint.certify("RET-09", *[Sent(copy_of=body) for body in "aaabbb"])
    (cause,) = causes_of(endpoint)
    assert (cause.kind, cause.explains) == (CauseKind.REPEATED_MESSAGE, ("RET-04", "RET-09"))


def test_a_single_scenario_stands_by_itself() -> None:
    """What only one scenario sees has no cause beyond its finding."""
    endpoint = run(sound)
    endpoint.certify("INT-14", *[Sent(description="a long name", size=5)] * 2)
    endpoint.answer = lambda _: 400
    endpoint.certify("INT-15", *[Sent(description="another long name", size=5)] * 6)
    assert causes_of(endpoint) == ()


def test_too_few_failures_are_no_share() -> None:
    """Two failures of hundreds in two scenarios may be chance."""
    endpoint = run(lambda sent: 503 if sent.number in {7, 30} else 202)
    assert causes_of(endpoint) == ()


@pytest.mark.parametrize(
    ("fails_idle", "kind"),
    [(0.0, CauseKind.CONCURRENCY), (0.4, CauseKind.INTERMITTENT_STATUS)],
)
def test_only_busy_times_show_a_limit_of_messages_at_once(
    fails_idle: float, kind: CauseKind
) -> None:
    """Just below its limit some messages fail; those that fail at all times have another cause."""
    chance = random.Random(2)

    def answer(sent: Sent) -> Answer:
        phase, position = divmod(sent.number, 20)
        is_busy = phase % 2 == 1
        fails = 0.4 if is_busy and position >= 4 else fails_idle
        return 503 if chance.random() < fails else 202, 90.0 if is_busy else 1.0

    (cause,) = causes_of(run(answer))
    assert cause.kind is kind


def test_failures_of_certain_content_are_not_intermittent() -> None:
    """A message that always fails is not counted among those that fail by chance."""

    def answer(sent: Sent) -> int:
        return 400 if sent.description.startswith("odd") else 202

    endpoint = run(answer)
    for scenario_id in ("INT-02", "INT-03", "INT-04"):
        odd = Sent(description=f"odd {scenario_id}")
        endpoint.certify(scenario_id, *[odd] * 3, *[Sent()] * 10)
    assert CauseKind.INTERMITTENT_STATUS not in kinds_of(endpoint)


def test_failures_of_one_event_type_are_not_failures_of_any_message() -> None:
    """If all failures have one event type, they are not failures "whatever it contains"."""
    chance = random.Random(1)
    endpoint = run(
        lambda sent: 500 if sent.kind is INTEGRATION.kind and chance.random() < 0.5 else 202
    )
    for scenario_id in ("INT-02", "INT-03"):
        endpoint.certify(scenario_id, *[INTEGRATION] * 12, *[Sent()] * 6)
    (cause,) = causes_of(endpoint)
    assert (cause.kind, cause.explains) == (CauseKind.EVENT_TYPE, ("INT-01", "INT-02", "INT-03"))
    assert re.fullmatch(
        r"Some messages with IntegrationCreated are answered 500 \(\d+ of 44\); of 72 messages "
        r"without it, not one\.",
        cause.summary,
    )


def test_two_unrelated_flaws_are_two_causes() -> None:
    """Each cause explains its own scenarios."""
    chance = random.Random(1)

    def answer(sent: Sent) -> int:
        if len(sent.events) > 50:
            return 413
        return 503 if chance.random() < 0.3 else 202

    endpoint = run(answer)
    for scenario_id in ("REC-04", "REC-07"):
        endpoint.certify(scenario_id, *[Sent((EVENT,) * 300)] * 4)
    causes = causes_of(endpoint)
    assert [cause.kind for cause in causes] == [
        CauseKind.INTERMITTENT_STATUS,
        CauseKind.MESSAGE_SIZE,
    ]
    assert causes[0].explains == ("REC-01", "REC-02", "REC-03", "INT-01")
    assert causes[1].explains == ("REC-04", "REC-07")


def test_an_unrelated_failure_stays_outside() -> None:
    """A scenario that fails in another way is not explained."""

    def answer(sent: Sent) -> int:
        if sent.validity is Validity.UNDOCUMENTED:
            return 422
        return 400 if sent.request_number > 1 else 202

    endpoint = run(answer)
    endpoint.certify("ERR-02", *[Sent(validity=Validity.UNDOCUMENTED)] * 4)
    (cause,) = causes_of(endpoint)
    assert "ERR-02" not in cause.explains


@pytest.mark.parametrize(("refuses_unknown", "explained"), [(False, True), (True, False)])
def test_the_same_status_is_explained_only_if_the_cause_accounts_for_it(
    *, refuses_unknown: bool, explained: bool
) -> None:
    """A message that is refused also without the condition is not explained by it."""

    def answer(sent: Sent) -> int:
        if refuses_unknown and sent.validity is Validity.UNDOCUMENTED:
            return 400
        return 400 if sent.request_number > 1 else 202

    endpoint = run(answer)
    unknown = Validity.UNDOCUMENTED
    messages = [Sent(validity=unknown, request_number=number) for number in (2, 1, 2, 1)]
    endpoint.certify("ERR-02", *messages)
    (cause,) = causes_of(endpoint)
    assert ("ERR-02" in cause.explains) is explained


def test_an_invalid_message_that_always_fails_is_not_intermittent() -> None:
    """A third of the valid messages gets 503, but an invalid one always: that is another flaw."""

    def answer(sent: Sent) -> int:
        return 503 if sent.number % 3 == 0 or sent.validity is Validity.NOT_JSON else 202

    endpoint = run(answer)
    endpoint.certify("ERR-01", *[NOT_JSON] * 12, check="refused", level=Level.SHOULD)
    (cause,) = causes_of(endpoint)
    assert cause.kind is CauseKind.INTERMITTENT_STATUS
    assert "ERR-01" not in cause.explains


def test_timeouts_by_the_number_of_events() -> None:
    """The time per event and the number of events that exceed the limit are measured."""

    def answer(sent: Sent) -> Answer:
        took_ms = 2 + 15.0 * len(sent.events)
        return (202, took_ms) if took_ms < 5_000 else (Outcome.TIMEOUT_ANSWER, 5_000.0)

    endpoint = Endpoint(answer)
    sizes = (1, 2, 20, 50, 100, 200, 300, 400, 500)
    for scenario_id in ("REC-04", "REC-06"):
        endpoint.certify(scenario_id, *[Sent((EVENT,) * size) for size in sizes])
    (cause,) = causes_of(endpoint)
    assert (cause.kind, cause.explains) == (CauseKind.TIME_PER_EVENT, ("REC-04", "REC-06"))
    assert "about 15.0 ms per event" in cause.summary
    assert "from about 333 events on" in cause.summary


def test_a_service_that_dies() -> None:
    """The message before the first refused connection is named, and how long it lasted."""
    died_at: list[float] = []

    def answer(sent: Sent) -> Answer:
        if died_at and sent.at_ms - died_at[0] < 500:
            return Outcome.CONNECTION_REFUSED
        if sent.description == "a null event":
            died_at.append(sent.at_ms)
        return sound(sent)

    endpoint = run(answer)
    endpoint.certify("ERR-05", NULL_EVENT, *[CHECK] * 5)
    endpoint.certify("ERR-06", *[CHECK] * 5)
    endpoint.certify("REC-09", *[Sent()] * 40)
    (cause,) = causes_of(endpoint)
    assert cause.kind is CauseKind.SERVICE_DIED
    assert cause.summary == (
        "The service died within 19 ms of a message of ERR-05 (a null event) and answered nothing "
        "for 0.5 s: 24 requests failed."
    )
    assert (cause.explains, cause.shown_by) == (("ERR-05", "ERR-06", "REC-09"), "ERR-05")


def test_a_service_that_never_comes_back() -> None:
    """An outage up to the end of the run is said to last."""
    dead: list[int] = []

    def answer(sent: Sent) -> Answer:
        if dead:
            return 500
        if sent.fault is Fault.TRUNCATE_REQUEST:
            dead.append(1)
            return Outcome.REQUEST_TRUNCATED
        return 202

    endpoint = run(answer)
    endpoint.certify("RET-03", Sent(fault=Fault.TRUNCATE_REQUEST), *[CHECK] * 5)
    (cause,) = causes_of(endpoint)
    assert (cause.kind, cause.explains) == (CauseKind.OUTAGE, ("RET-03",))
    assert "with truncate-request) and answered 500 to everything from then on" in cause.summary


@pytest.mark.parametrize("refuses", [False, True])
def test_a_service_that_stops_answering(refuses: bool) -> None:  # noqa: FBT001 - a parameter
    """From some message on nothing valid is answered; what is refused may be."""
    endpoint = Endpoint(
        lambda sent: (
            401 if sent.wrong_token else 202 if sent.number <= 41 else Outcome.TIMEOUT_ANSWER
        )
    )
    endpoint.certify("REC-01", *[Sent()] * 40)
    endpoint.certify("RET-03", Sent(), *[Sent(description="next")] * 3)
    for scenario_id in ("RET-06", "ERR-01"):
        endpoint.certify(scenario_id, Sent(), Sent())
    endpoint.certify("AUTH-06", *[Sent(wrong_token=True)] * 2 * refuses, check="refused")
    (cause,) = causes_of(endpoint)
    assert (cause.kind, cause.shown_by) == (CauseKind.STOPPED_ANSWERING, "RET-03")
    assert cause.explains == ("RET-03", "RET-06", "ERR-01")
    assert cause.summary == (
        "Since RET-03 no valid message is answered within 5 s: all 7, up to the end of the run; "
        "before, all 41 were answered." + " The 2 messages that it refuses were answered." * refuses
    )


def test_a_service_that_is_late_with_its_last_batches_has_not_stopped() -> None:
    """They are larger than what it answered: their size may be the reason."""
    endpoint = Endpoint(lambda sent: 202 if len(sent.events) < 400 else Outcome.TIMEOUT_ANSWER)
    endpoint.certify("REC-01", *[Sent()] * 40)
    for scenario_id in ("REC-04", "REC-06", "REC-07"):
        endpoint.certify(scenario_id, *[Sent((EVENT,) * 400)] * 3)
    assert CauseKind.STOPPED_ANSWERING not in kinds_of(endpoint)


def test_unusual_messages_that_are_cut_off_in_a_row_are_no_outage() -> None:
    """A scenario sends its chunked bodies one after another, and the service can't read one."""
    endpoint = run(
        lambda sent: Outcome.CONNECTION_RESET if sent.transfer_mode is TransferMode.CHUNKED else 202
    )
    endpoint.certify("REC-10", *[Sent(transfer_mode=TransferMode.CHUNKED)] * 8)
    endpoint.certify("REC-11", *[Sent()] * 8)
    assert CauseKind.SERVICE_DIED not in kinds_of(endpoint)


def test_an_intermittent_failure_is_no_outage() -> None:
    """Failures among passing attempts are not an outage, even if two follow each other."""
    endpoint = run(lambda sent: 503 if sent.number % 5 in {0, 1} else 202)
    assert kinds_of(endpoint) == [CauseKind.INTERMITTENT_STATUS]


def test_a_rate_limit_explains_everything_with_429() -> None:
    """Whatever was answered 429 is explained, invalid messages too."""
    endpoint = run(lambda sent: 202 if sent.number % 4 == 0 else 429)
    endpoint.certify("AUTH-02", *[Sent(wrong_token=True)] * 3)
    (cause,) = causes_of(endpoint)
    assert cause.kind is CauseKind.RATE_LIMITED
    assert cause.summary.startswith("63 of 83 requests were answered 429: at most 20 were accepted")
    assert "AUTH-02" in cause.explains


def test_a_full_queue_is_no_outage() -> None:
    """503 with Retry-After shortly after accepted messages: the service has no room for more."""
    (cause,) = causes_of(run(lambda sent: 503 if sent.number % 12 > 6 else 202, retry_after=True))
    assert cause.kind is CauseKind.BACK_PRESSURE
    assert cause.summary == (
        "32 of 80 requests were answered 503 with Retry-After, while others were accepted or "
        "shortly after: the service, or what stands in front of it, refuses messages while it has "
        "no room for more. At most 48 were accepted within 10 s; the certification sends up to 80."
    )
    assert "To refuse the rest is right" in cause.remedy


def bursts(answer: Callable[[Sent, int], Answer], *, retry_after: bool = False) -> Endpoint:
    """Deliver bursts of ten messages each, 20 ms apart, with 5 s between two bursts.

    Args:
        answer: is called with a message and how many others are being answered.
        retry_after: of every 503.

    """
    ends_ms: list[float] = []

    def answer_in_flight(sent: Sent) -> Answer:
        answered = answer(sent, sum(end_ms > sent.at_ms for end_ms in ends_ms))
        ends_ms.append(sent.at_ms + (answered[1] if isinstance(answered, tuple) else 1.0))
        return answered

    endpoint = Endpoint(answer_in_flight, retry_after=retry_after)
    for scenario_id in ("REC-01", "REC-02", "REC-03", "REC-05", "REC-11", "INT-01") * 2:
        endpoint.now_ms += 5_000
        endpoint.certify(scenario_id, *[Sent()] * 10)
    return endpoint


def test_a_full_queue_may_be_filled_by_a_burst() -> None:
    """The messages that it has room for are still being answered when it refuses the others."""
    endpoint = bursts(lambda _, others: 503 if others >= 4 else (202, 250.0), retry_after=True)
    assert kinds_of(endpoint) == [CauseKind.BACK_PRESSURE]


def test_failures_under_load_are_not_intermittent() -> None:
    """Not every message fails under it, but hardly any without it."""

    def answer(sent: Sent, others: int) -> Answer:
        return 503 if others >= 4 and sent.number % 4 else (202, 250.0)

    (cause,) = causes_of(bursts(answer))
    assert cause.kind is CauseKind.CONCURRENCY
    assert re.fullmatch(
        r"Some messages that arrive while 4 others or more are being answered are answered 503 "
        r"\(\d+ of \d+\); of \d+ other messages, not one\.",
        cause.summary,
    )


def test_a_short_refusal_is_no_outage() -> None:
    """A service that sheds load answers 503 for some milliseconds, again and again."""
    endpoint = Endpoint(lambda sent: 503 if sent.number % 100 < 8 else 202)
    for scenario_id in ("REC-03", "REC-04"):
        endpoint.certify(scenario_id, *[Sent()] * 400)
    assert CauseKind.OUTAGE not in kinds_of(endpoint)


def test_a_service_that_is_down_for_long_has_an_outage() -> None:
    """What answers in its place may ask for a repetition too, but accepts nothing for a while."""
    endpoint = run(
        lambda sent: 503 if 20 <= sent.number < 200 else 202, rounds=60, retry_after=True
    )
    assert kinds_of(endpoint) == [CauseKind.OUTAGE]


def test_a_page_in_front_of_the_service() -> None:
    """A 403 with a page of HTML is not the service's own."""
    endpoint = run(lambda sent: 403 if len(sent.events) > 20 else 202)
    endpoint.html = True
    for scenario_id in ("REC-04", "REC-05"):
        endpoint.answer = lambda _: 403
        endpoint.certify(scenario_id, *[Sent((EVENT,) * 50)] * 3)
    causes = causes_of(endpoint)
    assert causes[0].kind is CauseKind.PAGE_IN_FRONT
    assert "answered 403 with a page of HTML ('Access denied')" in causes[0].summary
    assert set(causes[0].explains) == {"REC-04", "REC-05"}


def test_anything_is_accepted() -> None:
    """2xx to bodies that are not JSON is told from 2xx to any JSON."""

    def certify(answer: Callable[[Sent], int]) -> Endpoint:
        endpoint = Endpoint(answer)
        for scenario_id in ("ERR-01", "ERR-09"):
            endpoint.certify(scenario_id, *[NOT_JSON] * 4, check="refused", level=Level.SHOULD)
        for scenario_id in ("ERR-05", "ERR-10"):
            endpoint.certify(scenario_id, *[NULL_EVENT] * 4, check="refused", level=Level.SHOULD)
        unusable_token = Sent(INTEGRATION.events, INTEGRATION.kind, Validity.INCOMPLETE)
        endpoint.certify("PROC-47", unusable_token, check="refused", level=Level.SHOULD)
        return endpoint

    (anything,) = causes_of(certify(lambda _: 200))
    assert anything.kind is CauseKind.ACCEPTS_ANYTHING
    assert anything.explains == ("ERR-01", "ERR-09", "ERR-05", "ERR-10", "PROC-47")
    any_json = certify(lambda sent: 400 if sent.validity is Validity.NOT_JSON else 200)
    assert kinds_of(any_json) == [CauseKind.ACCEPTS_ANY_JSON]
    assert kinds_of(certify(sound)) == []


def test_invalid_bodies_make_the_service_fail() -> None:
    """One flaw, an error that is not caught, shows in every scenario with such bodies."""

    def certify(answer: Callable[[Sent], int]) -> Endpoint:
        endpoint = Endpoint(answer)
        incomplete = Sent(validity=Validity.INCOMPLETE)
        for scenario_id, sent in (("ERR-01", NOT_JSON), ("ERR-05", NULL_EVENT)):
            between = [message for _ in range(4) for message in (sent, Sent())]
            endpoint.certify(scenario_id, *between, check="refused", level=Level.SHOULD)
        endpoint.certify("ERR-08", incomplete, check="no-server-error", level=Level.SHOULD)
        return endpoint

    (cause,) = causes_of(certify(lambda sent: 202 if sent.validity is Validity.DOCUMENTED else 500))
    assert cause.kind is CauseKind.FAILS_ON_INVALID
    assert cause.explains == ("ERR-01", "ERR-05", "ERR-08")
    assert cause.summary == (
        "The service answers 5xx to bodies that it can't use: to all 9 that are not JSON, have "
        "another structure, or lack a property."
    )
    assert kinds_of(certify(sound)) == []


@pytest.mark.parametrize(("accepts_others", "expected"), [(False, True), (True, False)])
def test_bytes_that_are_not_utf8(*, accepts_others: bool, expected: bool) -> None:
    """Some of them are accepted, of other bodies that are not JSON none is."""

    def answer(sent: Sent) -> int:
        if sent.validity is not Validity.NOT_JSON:
            return 202
        outside_a_string = sent.description == "outside a string"
        return 202 if (accepts_others if sent.is_utf8 else not outside_a_string) else 400

    endpoint = Endpoint(answer)
    inside, outside = (
        Sent((), validity=Validity.NOT_JSON, description=name, is_utf8=False)
        for name in ("inside a string", "outside a string")
    )
    for scenario_id in ("ERR-01", "ERR-09"):
        bodies = [inside, inside, outside, *[NOT_JSON] * 4]
        endpoint.certify(scenario_id, *bodies, check="refused", level=Level.SHOULD)
    causes = causes_of(endpoint)
    assert [cause.kind for cause in causes] == [CauseKind.ACCEPTS_INVALID_ENCODING] * expected
    if expected:
        assert causes[0].explains == ("ERR-01", "ERR-09")
        assert causes[0].summary == (
            "The service answers 2xx to bodies with bytes that are not UTF-8: to 4 of 6, and to 0 "
            "of 8 others that are not JSON."
        )


def test_a_token_that_is_not_checked() -> None:
    """Messages with a wrong token that are accepted have one cause."""
    endpoint = Endpoint(lambda _: 202)
    wrong = Sent(wrong_token=True)
    for scenario_id in ("AUTH-02", "AUTH-03"):
        endpoint.certify(scenario_id, *[wrong] * 2, check="refused")
    (cause,) = causes_of(endpoint)
    assert (cause.kind, cause.explains) == (CauseKind.TOKEN_NOT_CHECKED, ("AUTH-02", "AUTH-03"))


def test_the_gravest_cause_is_first() -> None:
    """A cause of a failed MUST comes before one of warnings, however many those are."""

    def answer(sent: Sent) -> int:
        return 202 if sent.validity is not Validity.DOCUMENTED else 413 * (sent.size == 9) or 202

    endpoint = Endpoint(answer)
    for number in range(5):
        endpoint.certify(f"ERR-0{number}", *[NULL_EVENT] * 2, check="refused", level=Level.SHOULD)
    for scenario_id in ("REC-03", "REC-04"):
        endpoint.certify(scenario_id, *[Sent(size=9)] * 4, *[Sent(size=8)] * 9)
    assert kinds_of(endpoint) == [CauseKind.MESSAGE_SIZE, CauseKind.ACCEPTS_ANY_JSON]
