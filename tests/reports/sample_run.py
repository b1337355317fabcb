"""A handwritten certification run: every verdict at least once, with evidence and samples."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace

from pytest_mews.mews.facts import load_facts
from pytest_mews.model import (
    ApiCall,
    ApiFault,
    ApiUsage,
    Attempt,
    AttemptRecord,
    Basis,
    Certificate,
    Change,
    Comparison,
    Delivery,
    ErrorCounts,
    EventReference,
    Evidence,
    Exchange,
    Fault,
    Finding,
    Level,
    Message,
    OperationUsage,
    Outcome,
    Parameter,
    Profile,
    RateLimitUsage,
    Readiness,
    RequestProblem,
    Run,
    Scenario,
    ScenarioChange,
    ScenarioResult,
    Stage,
    StageSummary,
    Tenant,
    Tenants,
    TlsHandshake,
    TlsProblem,
    TokenState,
    Transcript,
    Verdict,
    Waiver,
    WaiverState,
    WaiverUse,
    WebhookKind,
)

URL = "https://partner.example/webhooks/mews?Token=***"
ENTERPRISE = "851df8c8-90f2-4c4a-8e01-a4fc46b25178"
WAIVER = Waiver("INT-03", "keys are rotated by hand", "ops@partner.example", "2026-12-31")
HEADERS = (("Content-Type", "application/json"), ("User-Agent", "pytest-mews/0.1.0"))
FAQ = load_facts()["T-25"]


def scenario(
    id_: str,
    title: str,
    level: Level = Level.MUST,
    stage: Stage = Stage.DELIVERY,
    basis: Basis = Basis.DOCUMENTED,
) -> Scenario:
    """Return a scenario with only the fields that a report shows."""
    return Scenario(
        id=id_,
        title=title,
        level=level,
        stage=stage,
        basis=basis,
        facts=(FAQ,),
        why="A late response counts as none: Mews sends the message again, and after three "
        "attempts your system misses the hotel's change.",
        remedy="Put the message into a queue, answer 200 at once, and fetch in a worker.",
        message_specs=(),
        steps=(),
        expectations=(),
    )


def message(event_count: int) -> Message:
    """Return a general message with this number of events."""
    events = tuple(
        EventReference("ServiceOrderUpdated", f"bfee2c44-1f84-4326-a862-{index:012d}")
        for index in range(event_count)
    )
    body = {
        "EnterpriseId": ENTERPRISE,
        "IntegrationId": "c8bee838-7fb1-4f4e-8fac-ac87008b2f90",
        "Events": [
            {"Discriminator": event.discriminator, "Value": {"Id": event.entity_id}}
            for event in events
        ],
    }
    return Message(
        WebhookKind.GENERAL,
        json.dumps(body, separators=(",", ":")).encode(),
        events,
        f"{event_count} events",
        enterprise_id=ENTERPRISE,
    )


def exchange(start_ms: float, duration_ms: float, status: int = 200, body: bytes = b"") -> Exchange:
    """Return an exchange with a response after `duration_ms`."""
    accepted = 200 <= status < 300
    return Exchange(
        "POST",
        URL,
        HEADERS,
        420,
        Outcome.DELIVERED if accepted else Outcome.ERROR_STATUS,
        start_ms,
        start_ms + duration_ms,
        start_ms + 1,
        start_ms + 2,
        start_ms + duration_ms - 0.2,
        status,
        (("content-type", "application/json"), ("server", "uvicorn")),
        body,
        len(body),
        "HTTP/1.1",
    )


def timed_out_exchange(start_ms: float) -> Exchange:
    """Return an exchange that the sender ended at the 5 s limit, without a byte of a response."""
    return Exchange(
        "POST",
        URL,
        HEADERS,
        42_000,
        Outcome.TIMEOUT_ANSWER,
        start_ms,
        start_ms + 5000,
        start_ms + 1,
        start_ms + 2,
        detail="no byte of a response within 5.000 s",
    )


def delivery(label: str, sent: Message, *exchanges: Exchange) -> Delivery:
    """Return a delivery with one attempt per exchange."""
    attempts = tuple(
        Attempt(
            number,
            Fault.NONE,
            exchange.started_ms - 0.4,
            (exchange,),
            exchange.outcome,
            exchange.detail,
        )
        for number, exchange in enumerate(exchanges, start=1)
    )
    return Delivery(label, sent, attempts)


def evidence(role: str, case: str, finding: Finding, *deliveries: Delivery) -> Evidence:
    """Return evidence with one finding."""
    return Evidence(role, case, (finding,), Transcript(deliveries))


def finding(
    expected: str,
    observed: str,
    level: Level = Level.MUST,
    *,
    met: bool = False,
) -> Finding:
    """Return a finding, unmet by default."""
    return Finding("accepted", level, met, expected, observed)


def passed(id_: str, title: str, stage: Stage = Stage.DELIVERY) -> ScenarioResult:
    """Return a scenario that passed, with an example."""
    example = evidence(
        "example",
        "one event",
        finding("a 2xx response within 5 s", "200 after 38 ms", met=True),
        delivery("message", message(1), exchange(9, 38)),
    )
    return ScenarioResult(
        scenario(id_, title, stage=stage),
        Verdict.PASS,
        "20 of 20 cases passed",
        1.8,
        20,
        0,
        40,
        (example,),
    )


def slow_batches() -> ScenarioResult:
    """Return a failure with large batches that time out: the one a report must explain best."""
    unmet = finding(
        "a 2xx response within 5 s to every message",
        "no response within 5 s in any of 3 attempts; Mews would now give up",
    )
    smallest = evidence(
        "smallest-failing",
        "184 events",
        unmet,
        delivery(
            "batch",
            message(184),
            timed_out_exchange(1000),
            timed_out_exchange(7800),
            exchange(14600, 61, 503, b'{"detail":"busy"}'),
        ),
    )
    first = evidence(
        "first-failing",
        "500 events",
        unmet,
        delivery(
            "batch",
            message(500),
            timed_out_exchange(20_000),
            timed_out_exchange(26_800),
            timed_out_exchange(33_600),
        ),
    )
    return ScenarioResult(
        scenario("BAT-02", "A batch of hundreds of events is answered within the limit"),
        Verdict.FAIL,
        "no response within 5 s in any of 3 attempts; 3 of 20 cases failed, this is the smallest",
        71.4,
        20,
        3,
        26,
        (smallest, first),
        samples(),
        remarks=("3 of 20 cases failed, this is the smallest",),
    )


def call(number: int, received_ms: float, *ids: str) -> ApiCall:
    """Return a request for reservations whose response has all of them after 4 ms."""
    operation = "reservations/getAll/2023-06-06"
    return ApiCall(
        number,
        f"/api/connector/v1/{operation}",
        operation,
        received_ms,
        received_ms + 4,
        200,
        ENTERPRISE,
        TokenState.CURRENT,
        "Example Sync 2.1",
        ids,
        ids,
    )


def unfetched_entity() -> ScenarioResult:
    """Return a failure: one entity of an acknowledged batch was never requested."""
    batch = delivery("batch", message(6), exchange(1000, 12, 202))
    ids = [event.entity_id for event in batch.message.events]
    calls = (
        replace(
            call(7, 1050, *ids[:5]),
            status=429,
            returned_ids=(),
            message="Too many requests.",
            fault=ApiFault.TOO_MANY_REQUESTS,
            retry_after_s=1.0,
        ),
        call(8, 2060, *ids[:3]),
        replace(
            call(9, 2090, *ids[3:5]), request_problems=(RequestProblem.CLIENT_WITHOUT_VERSION,)
        ),
    )
    unmet = finding(
        "every entity of an acknowledged message to be fetched",
        f"1 of 6 entities not fetched after they were acknowledged; first: {ids[5]}",
    )
    smallest = Evidence(
        "smallest-failing",
        "6 events",
        (replace(unmet, check="fetched", about_fetches=True),),
        Transcript((batch,), calls=calls),
    )
    return ScenarioResult(
        scenario(
            "PROC-03", "Every event of an acknowledged batch is fetched", stage=Stage.PROCESSING
        ),
        Verdict.FAIL,
        "2 of 9 cases failed",
        9,
        9,
        2,
        11,
        (smallest,),
    )


def tls_handshake() -> TlsHandshake:
    """Return a handshake with an untrusted certificate; the server still accepts TLS 1.1."""
    certificate = Certificate(
        "CN = partner.example", "CN = Own CA", "2026-12-05T20:00:00Z", ("partner.example",)
    )
    return TlsHandshake(
        "https://partner.example",
        "2026-11-23T20:01:08Z",
        "TLSv1.3",
        certificate,
        TlsProblem.UNKNOWN_ISSUER,
        deprecated_versions=("TLS 1.1",),
    )


def expiring_certificate() -> ScenarioResult:
    """Return a warning about a certificate, from TLS handshakes without a delivery."""
    unmet = finding("a certificate that is valid for 30 days", "12 days left", Level.SHOULD)
    smallest = Evidence(
        "smallest-failing", "handshakes", (unmet,), Transcript((), (tls_handshake(),))
    )
    return ScenarioResult(
        scenario("TLS-03", "The certificate is valid for 30 more days", Level.SHOULD),
        Verdict.WARN,
        "12 days left",
        0.1,
        1,
        1,
        0,
        (smallest,),
    )


def samples(count: int = 400) -> tuple[AttemptRecord, ...]:
    """Return samples whose answer times grow with the batch."""
    generator = random.Random(7)
    sizes = (1, 2, 3, 5, 8, 20, 50, 100, 250, 500)
    return tuple(
        AttemptRecord(
            size,
            size * 96,
            12 + size * 7 * generator.uniform(0.6, 1.3) + generator.expovariate(1 / 9),
            200,
        )
        for size in (generator.choice(sizes) for _ in range(count))
    )


def waived() -> ScenarioResult:
    """Return a waived failure."""
    unmet = finding("a 2xx response", "501 after 4 ms")
    rejected = delivery("key", message(1), exchange(2, 4, 501))
    return ScenarioResult(
        scenario("INT-03", "A new API key is accepted"),
        Verdict.WAIVED,
        "1 of 1 cases failed: 501 after 4 ms",
        evidence=(evidence("smallest-failing", "a new key", unmet, rejected),),
        waiver=WAIVER,
        verdict_without_waiver=Verdict.FAIL,
    )


def comparison() -> Comparison:
    """Return a comparison with every kind of change."""
    return Comparison(
        "last-week.json",
        "2026-11-16T20:01:07Z",
        "0.1.0",
        ("the baseline was run with profile 2022-08",),
        (
            ScenarioChange("AUTH-02", "Wrong token", Change.NEW, Verdict.PASS, Verdict.FAIL),
            ScenarioChange("BAT-02", "Batch", Change.STILL_FAILING, Verdict.FAIL, Verdict.FAIL),
            ScenarioChange("REC-01", "Every event", Change.FIXED, Verdict.FAIL, Verdict.PASS),
            ScenarioChange(
                "WS-01",
                "A dropped connection",
                Change.NEWLY_NOT_OBSERVED,
                Verdict.PASS,
                Verdict.NOT_OBSERVED,
            ),
            ScenarioChange("OLD-01", "Removed scenario", Change.FIXED, Verdict.FAIL, None),
        ),
    )


def usage() -> tuple[RateLimitUsage, ...]:
    """Return the usage of two enterprises, of which the first exceeds the rate limit."""
    requests = tuple((second, 9 if second % 7 else 2) for second in range(4, 90))
    return (
        RateLimitUsage(ENTERPRISE, requests, 243),
        RateLimitUsage("0f515589", ((12, 3), (60, 4)), 4),
    )


def api_usage() -> ApiUsage:
    """Return the requests of a service with a flaw of each kind."""
    missing_client = ((RequestProblem.NO_CLIENT.value, 4), (RequestProblem.OVER_LIMIT.value, 9))
    customers = OperationUsage(
        "customers/getAll",
        requests=48,
        succeeded=45,
        by_ids=30,
        unfiltered=11,
        next_pages=2,
        next_pages_offered=3,
        filters=(("CustomerIds", 30), ("UpdatedUtc", 7)),
        extents=(("Customers", 48), ("Addresses", 48), ("Documents", 2)),
        several_extents=2,
        problems=missing_client,
        errors=ErrorCounts((("400", 2),), 1, 1),
        provoked_errors=ErrorCounts((("429", 1),), 1, 0),
    )
    elsewhere = OperationUsage(
        "/api/connector/v1/customers/getall",
        is_documented=False,
        requests=1,
        problems=((RequestProblem.PATH_SPELLING.value, 1),),
        errors=ErrorCounts((("404", 1),), 0, 1),
    )
    return ApiUsage((elsewhere, customers), (("Hotel Agent 3.2.0", 44),), 0, 243)


def results() -> tuple[ScenarioResult, ...]:
    """Return at least one result of every verdict."""
    token_scenario = scenario(
        "AUTH-02", "A message with a wrong token is rejected", basis=Basis.INFERRED
    )
    unmet = finding("a 4xx response", "200 after 21 ms: anybody can post a message")
    accepted = evidence(
        "smallest-failing", "a wrong token", unmet, delivery("m", message(1), exchange(3, 21))
    )
    flaky_scenario = scenario("RET-03", "Two concurrent copies are both answered")
    deadlock = replace(exchange(5, 12, 500, b"<h1>deadlock</h1>"), response_headers=())
    flaky = (
        evidence(
            "first-failing",
            "2 copies",
            finding("2xx", "500"),
            delivery("copy", message(2), deadlock),
        ),
        evidence(
            "passed-on-retry",
            "2 copies",
            finding("2xx", "200", met=True),
            delivery("copy", message(2), exchange(90, 14)),
        ),
    )
    warning_scenario = scenario("EVT-04", "An unknown discriminator is accepted", Level.MAY)
    rejected = evidence(
        "smallest-failing",
        "one event named RateUpdated",
        finding("a 2xx response", "422 at every attempt", Level.MAY),
        delivery(
            "m",
            message(1),
            *(exchange(start_ms, 9, 422, b'{"error":"unknown"}') for start_ms in (0, 1800, 3600)),
        ),
    )
    return (
        passed("PRE-01", "The endpoint can be reached and accepts a valid message"),
        passed("REC-01", "Every documented event is accepted"),
        passed("REC-02", "Several events in one message are accepted"),
        ScenarioResult(
            token_scenario, Verdict.FAIL, "1 of 1 cases failed", 0.1, 1, 1, 1, (accepted,)
        ),
        slow_batches(),
        passed("RET-01", "A message sent again is accepted"),
        ScenarioResult(
            flaky_scenario, Verdict.FLAKY, "failed once, then passed", 0.4, 8, 1, 18, flaky
        ),
        ScenarioResult(
            warning_scenario, Verdict.WARN, "4 of 4 cases failed", 15, 4, 4, 12, (rejected,)
        ),
        waived(),
        ScenarioResult(
            scenario("EVT-07", "PaymentUpdated is accepted"),
            Verdict.NOT_APPLICABLE,
            "not subscribed: PaymentUpdated",
        ),
        expiring_certificate(),
        unfetched_entity(),
        ScenarioResult(
            scenario("PROC-11", "A changed reservation is fetched", stage=Stage.PROCESSING),
            Verdict.BLOCKED,
            "the service did not call the Connector API emulator during the preflight",
        ),
        ScenarioResult(
            scenario("PROC-12", "A batch is fetched with one call", stage=Stage.PROCESSING),
            Verdict.BLOCKED,
            "the service did not call the Connector API emulator during the preflight",
        ),
        ScenarioResult(
            scenario("RED-01", "A redirect keeps the method"),
            Verdict.ERROR,
            "HarnessError: the clock went backwards",
        ),
        ScenarioResult(
            scenario("WS-01", "The client reconnects after a disconnect", stage=Stage.STREAMING),
            Verdict.NOT_OBSERVED,
            "the WebSocket server was not started",
        ),
    )


def stage_summary(
    stage: Stage, readiness: Readiness, stage_results: tuple[ScenarioResult, ...]
) -> StageSummary:
    """Return a stage's summary with the counts of its results."""
    counts = Counter(
        result.verdict.value for result in stage_results if result.scenario.stage is stage
    )
    how_to_observe = {
        Stage.STREAMING: "Pass --mews-websocket HOST:PORT and let your service connect to it.",
        Stage.PROCESSING: "Pass --mews-api HOST:PORT and let your service call it, not Mews.",
    }
    return StageSummary(stage, readiness, counts, how_to_observe.get(stage, ""))


def profile() -> Profile:
    """Return the default profile, abridged."""
    faq = "events/wh-faq, 2025-07"
    return Profile(
        "2026-04",
        "As documented since April 2026",
        (
            Parameter("timeout_s", 5, "documented", faq, "The server must answer within 5 s."),
            Parameter("attempts", 3, "documented", "events/wh-faq, 2022-08", "Since: repeated."),
            Parameter("retry_interval_s", 180, "assumed", faq, "From “a few minutes”."),
            Parameter("redirects", (307, 308), "documented", faq, "Those keep the method."),
            Parameter("batch_limit", 200, "overridden", "", "Set by --mews-profile-set."),
        ),
    )


def run() -> Run:
    """Return the run."""
    all_results = results()
    return Run(
        version="0.1.0",
        started_utc="2026-11-23T20:01:07Z",
        duration_s=96.4,
        target=URL,
        integration_target=URL,
        command="pytest --mews-target 'https://partner.example/webhooks/mews?Token=***'",
        profile=profile(),
        time_scale=0.01,
        seed=8214,
        strict=False,
        events=("ServiceOrderUpdated", "CustomerAdded", "CustomerUpdated"),
        tenants=Tenants("***", (Tenant(ENTERPRISE, "c8bee838", "***"),)),
        readiness=Readiness.NOT_READY,
        stages=(
            stage_summary(Stage.DELIVERY, Readiness.NOT_READY, all_results),
            stage_summary(Stage.PROCESSING, Readiness.INCOMPLETE, all_results),
            stage_summary(Stage.STREAMING, Readiness.NOT_OBSERVED, all_results),
        ),
        results=all_results,
        waivers=(
            WaiverUse(WAIVER, WaiverState.USED, Verdict.FAIL),
            WaiverUse(replace(WAIVER, scenario_id="REC-01"), WaiverState.UNUSED, Verdict.PASS),
            WaiverUse(replace(WAIVER, scenario_id="WS-01"), WaiverState.INCONCLUSIVE),
            WaiverUse(
                replace(WAIVER, scenario_id="GONE-01", expires="2026-01-31"), WaiverState.EXPIRED
            ),
        ),
        comparison=comparison(),
        rate_limit_usage=usage(),
        api_usage=api_usage(),
        listed_operations=("customers/getAll", "orderItems/getAll"),
        notes=("Waits are scaled by 0.01: three minutes between attempts became 1.8 s.",),
    )
