"""A certification run made by hand: every verdict once or more, with evidence and samples."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace

from pytest_mews.model import (
    ApiCall,
    ApiFault,
    Attempt,
    Basis,
    Change,
    Changed,
    Comparison,
    Delivery,
    EventReference,
    Evidence,
    Exchange,
    Expectation,
    Fault,
    Finding,
    Level,
    Message,
    Outcome,
    Parameter,
    Profile,
    RateLimitUsage,
    Readiness,
    RequestProblem,
    Run,
    Sample,
    Scenario,
    ScenarioResult,
    Source,
    Stage,
    StageSummary,
    Tenant,
    Tenants,
    TlsHandshake,
    TlsProblem,
    TlsSession,
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
HEADERS = (("Content-Type", "application/json"), ("User-Agent", "mews-harness/0.1"))
FAQ = Source(
    "events/wh-faq",
    "what-happens-when-the-server-is-unavailable",
    "2025-07",
    "The server must answer within 5 seconds; other failures are re-sent after a few minutes.",
)


def scenario(
    id_: str,
    title: str,
    obligation: Level = Level.MUST,
    stage: Stage = Stage.DELIVERY,
    basis: Basis = Basis.DOCUMENTED,
) -> Scenario:
    """A scenario of which only what a report shows is filled in."""
    return Scenario(
        id=id_,
        title=title,
        level=obligation,
        stage=stage,
        basis=basis,
        sources=(FAQ,),
        why="An answer that comes too late counts as none: Mews sends the message again, and "
        "after three attempts the hotel's change is lost to your system.",
        remedy="Put the message into a queue, answer 200 at once, and fetch in a worker.",
        message_specs=(),
        steps=(),
        expectations=(Expectation("accepted", obligation),),
    )


def message(events: int) -> Message:
    """A general message with so many events."""
    refs = tuple(
        EventReference("ServiceOrderUpdated", f"bfee2c44-1f84-4326-a862-{index:012d}")
        for index in range(events)
    )
    body = {
        "EnterpriseId": ENTERPRISE,
        "IntegrationId": "c8bee838-7fb1-4f4e-8fac-ac87008b2f90",
        "Events": [
            {"Discriminator": ref.discriminator, "Value": {"Id": ref.entity_id}} for ref in refs
        ],
    }
    text = json.dumps(body, separators=(",", ":")).encode()
    return Message(WebhookKind.GENERAL, text, refs, f"{events} events", enterprise_id=ENTERPRISE)


def answered(start: float, took: float, status: int = 200, body: bytes = b"") -> Exchange:
    """An exchange that got an answer after `took` ms."""
    good = 200 <= status < 300
    return Exchange(
        "POST",
        URL,
        HEADERS,
        420,
        Outcome.DELIVERED if good else Outcome.ERROR_STATUS,
        start,
        start + took,
        start + 1,
        start + 2,
        start + took - 0.2,
        status,
        (("content-type", "application/json"), ("server", "uvicorn")),
        body,
        len(body),
        "1.1",
    )


def silent(start: float) -> Exchange:
    """An exchange cut at the 5 s limit without a byte of an answer."""
    return Exchange(
        "POST",
        URL,
        HEADERS,
        42_000,
        Outcome.TIMEOUT_ANSWER,
        start,
        start + 5000,
        start + 1,
        start + 2,
        detail="no byte of an answer within 5.000 s",
    )


def delivery(label: str, what: Message, *exchanges: Exchange) -> Delivery:
    """A delivery with one attempt per exchange."""
    attempts = tuple(
        Attempt(number, Fault.NONE, one.started_ms - 0.4, (one,), one.outcome, one.detail)
        for number, one in enumerate(exchanges, start=1)
    )
    return Delivery(label, what, attempts)


def trial(role: str, case: str, finding: Finding, *deliveries: Delivery) -> Evidence:
    """A trial with one finding."""
    return Evidence(role, case, (finding,), Transcript(deliveries))


def finding(
    expected: str,
    observed: str,
    obligation: Level = Level.MUST,
    *,
    met: bool = False,
) -> Finding:
    """What one expectation found."""
    return Finding("accepted", obligation, met, expected, observed)


def passed(id_: str, title: str, stage: Stage = Stage.DELIVERY) -> ScenarioResult:
    """A scenario that passed, with an example."""
    good = finding("a 2xx answer within 5 s", "200 after 38 ms", met=True)
    example = trial("example", "one event", good, delivery("message", message(1), answered(9, 38)))
    case = scenario(id_, title, stage=stage)
    return ScenarioResult(case, Verdict.PASS, "20 of 20 cases held", 1.8, 20, 0, 40, (example,))


def slow_batches() -> ScenarioResult:
    """Large batches time out: the failure that a report must explain best."""
    bad = finding(
        "a 2xx answer within 5 s of every message",
        "no answer within 5 s at any of 3 attempts; Mews would now give the message up",
    )
    exchanges = (silent(1000), silent(7800), answered(14600, 61, 503, b'{"detail":"busy"}'))
    fail = trial("smallest-failing", "184 events", bad, delivery("batch", message(184), *exchanges))
    first = trial(
        "first-failing",
        "500 events",
        bad,
        delivery("batch", message(500), silent(20_000), silent(26_800), silent(33_600)),
    )
    case = scenario("BAT-02", "A batch of hundreds of events is answered within the limit")
    reason = "3 of 20 cases failed; the smallest has 184 events"
    return ScenarioResult(case, Verdict.FAIL, reason, 71.4, 20, 3, 26, (fail, first), samples())


def call(number: int, received: float, *ids: str) -> ApiCall:
    """A request for reservations that was answered with all of them after 4 ms."""
    operation = "reservations/getAll/2023-06-06"
    return ApiCall(
        number,
        f"/api/connector/v1/{operation}",
        operation,
        received,
        received + 4,
        200,
        ENTERPRISE,
        TokenState.CURRENT,
        "Example Sync 2.1",
        ids,
        ids,
    )


def forgotten() -> ScenarioResult:
    """A batch was acknowledged, and one of its entities never asked for."""
    batch = delivery("batch", message(6), answered(1000, 12, 202))
    ids = [event.entity_id for event in batch.message.events]
    calls = (
        replace(
            call(7, 1050, *ids[:5]),
            status=429,
            returned=(),
            message="Too many requests.",
            fault=ApiFault.TOO_MANY_REQUESTS,
            retry_after_s=1.0,
        ),
        call(8, 2060, *ids[:3]),
        replace(
            call(9, 2090, *ids[3:5]), request_problems=(RequestProblem.CLIENT_WITHOUT_VERSION,)
        ),
    )
    bad = finding(
        "every entity of an acknowledged message to be fetched",
        f"1 of 6 entities not fetched after they were acknowledged; first: {ids[5]}",
    )
    bad = replace(bad, check="fetched")
    played = Evidence("smallest-failing", "6 events", (bad,), Transcript((batch,), calls=calls))
    case = scenario(
        "PROC-03", "Every event of an acknowledged batch is fetched", stage=Stage.PROCESSING
    )
    return ScenarioResult(case, Verdict.FAIL, "2 of 9 cases failed", 9, 9, 2, 11, (played,))


def handshake() -> TlsHandshake:
    """A server whose certificate nobody issued, and that still takes TLS 1.1."""
    shown = TlsSession(
        "CN = partner.example", "CN = Own CA", "2026-12-05T20:00:00Z", ("partner.example",)
    )
    return TlsHandshake(
        "https://partner.example",
        "2026-11-23T20:01:08Z",
        "TLSv1.3",
        shown,
        TlsProblem.UNKNOWN_ISSUER,
        old=("TLS 1.1",),
    )


def certificate() -> ScenarioResult:
    """TLS was looked at, without a delivery."""
    found = finding("a certificate that is valid for 30 days", "12 days left", Level.SHOULD)
    looked = Evidence("smallest-failing", "handshakes", (found,), Transcript((), (handshake(),)))
    case = scenario("TLS-03", "The certificate is valid for 30 days more", Level.SHOULD)
    return ScenarioResult(case, Verdict.WARN, "12 days left", 0.1, 1, 1, 0, (looked,))


def samples(count: int = 400) -> tuple[Sample, ...]:
    """Answer times that grow with the batch."""
    chance = random.Random(7)
    sizes = (1, 2, 3, 5, 8, 20, 50, 100, 250, 500)
    return tuple(
        Sample(
            size,
            size * 96,
            12 + size * 7 * chance.uniform(0.6, 1.3) + chance.expovariate(1 / 9),
            200,
        )
        for size in (chance.choice(sizes) for _ in range(count))
    )


def waived() -> ScenarioResult:
    """A failure that somebody has decided to live with."""
    refused = finding("a 2xx answer", "501 after 4 ms")
    shown = delivery("key", message(1), answered(2, 4, 501))
    return ScenarioResult(
        scenario("INT-03", "A new API key is accepted"),
        Verdict.WAIVED,
        "1 of 1 cases failed: 501 after 4 ms",
        evidence=(trial("smallest-failing", "a new key", refused, shown),),
        waiver=WAIVER,
        verdict_without_waiver=Verdict.FAIL,
    )


def comparison() -> Comparison:
    """An earlier run, of which every kind of change is told."""
    return Comparison(
        "last-week.json",
        "2026-11-16T20:01:07Z",
        "0.1.0",
        ("the baseline was played with profile 2022-08",),
        (
            Changed("AUTH-02", "Wrong token", Change.NEW, Verdict.PASS, Verdict.FAIL),
            Changed("BAT-02", "Batch", Change.STILL_FAILING, Verdict.FAIL, Verdict.FAIL),
            Changed("REC-01", "Every event", Change.FIXED, Verdict.FAIL, Verdict.PASS),
            Changed(
                "WS-01",
                "A dropped connection",
                Change.NEWLY_NOT_OBSERVED,
                Verdict.PASS,
                Verdict.NOT_OBSERVED,
            ),
            Changed("OLD-01", "Gone from the catalogue", Change.FIXED, Verdict.FAIL, None),
        ),
    )


def usage() -> tuple[RateLimitUsage, ...]:
    """Two enterprises, of which the first asks more often than Mews allows."""
    crowd = tuple((second, 9 if second % 7 else 2) for second in range(4, 90))
    return (
        RateLimitUsage(ENTERPRISE, crowd, 243),
        RateLimitUsage("0f515589", ((12, 3), (60, 4)), 4),
    )


def results() -> tuple[ScenarioResult, ...]:
    """One scenario or more of every verdict."""
    token_case = scenario(
        "AUTH-02", "A message with a wrong token is refused", basis=Basis.INFERRED
    )
    wrong = finding("a 4xx answer", "200 after 21 ms: anybody can post a message")
    accepted = trial(
        "smallest-failing", "a wrong token", wrong, delivery("m", message(1), answered(3, 21))
    )
    flaky_case = scenario("RET-03", "Two copies at once are both answered")
    reset = replace(answered(5, 12, 500, b"<h1>deadlock</h1>"), response_headers=())
    flaky = (
        trial(
            "first-failing", "2 copies", finding("2xx", "500"), delivery("copy", message(2), reset)
        ),
        trial(
            "passed-on-retry",
            "2 copies",
            finding("2xx", "200", met=True),
            delivery("copy", message(2), answered(90, 14)),
        ),
    )
    warn_case = scenario("EVT-04", "An unknown discriminator is accepted", Level.MAY)
    odd = finding("a 2xx answer", "422 at every attempt", Level.MAY)
    refused = trial(
        "smallest-failing",
        "one event named RateUpdated",
        odd,
        delivery(
            "m", message(1), *(answered(t, 9, 422, b'{"error":"unknown"}') for t in (0, 1800, 3600))
        ),
    )
    process = Stage.PROCESSING
    return (
        passed("PRE-01", "The endpoint can be reached and accepts a valid message"),
        passed("REC-01", "Every documented event is accepted"),
        passed("REC-02", "Several events in one message are accepted"),
        ScenarioResult(token_case, Verdict.FAIL, "1 of 1 cases failed", 0.1, 1, 1, 1, (accepted,)),
        slow_batches(),
        passed("RET-01", "A message sent again is accepted"),
        ScenarioResult(flaky_case, Verdict.FLAKY, "failed once, then passed", 0.4, 8, 1, 18, flaky),
        ScenarioResult(warn_case, Verdict.WARN, "4 of 4 cases failed", 15, 4, 4, 12, (refused,)),
        waived(),
        ScenarioResult(
            scenario("EVT-07", "PaymentUpdated is accepted"),
            Verdict.NOT_APPLICABLE,
            "not subscribed: PaymentUpdated",
        ),
        certificate(),
        forgotten(),
        ScenarioResult(
            scenario("TWIN-01", "A changed reservation is fetched", stage=process),
            Verdict.BLOCKED,
            "the service did not call the twin during the preflight",
        ),
        ScenarioResult(
            scenario("TWIN-02", "A batch is fetched with one call", stage=process),
            Verdict.BLOCKED,
            "the service did not call the twin during the preflight",
        ),
        ScenarioResult(
            scenario("RED-01", "A redirect keeps the method"),
            Verdict.ERROR,
            "HarnessFault: the clock went backwards",
        ),
        ScenarioResult(
            scenario("WS-01", "A dropped connection is opened again", stage=Stage.STREAMING),
            Verdict.NOT_OBSERVED,
            "the WebSocket server was not started",
        ),
    )


def stage(name: Stage, readiness: Readiness, results_: tuple[ScenarioResult, ...]) -> StageSummary:
    """A stage's summary with counts taken from its results."""
    counts = Counter(one.verdict.value for one in results_ if one.scenario.stage is name)
    how = {
        Stage.STREAMING: "Give --mews-websocket HOST:PORT and let your service connect to it.",
        Stage.PROCESSING: "Give --mews-api HOST:PORT and let your service call it, not Mews.",
    }
    return StageSummary(name, readiness, counts, how.get(name, ""))


def profile() -> Profile:
    """The default profile, abridged."""
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
    """The whole run."""
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
            stage(Stage.DELIVERY, Readiness.NOT_READY, all_results),
            stage(Stage.PROCESSING, Readiness.INCOMPLETE, all_results),
            stage(Stage.STREAMING, Readiness.NOT_OBSERVED, all_results),
        ),
        results=all_results,
        waivers=(
            WaiverUse(WAIVER, WaiverState.USED, Verdict.FAIL),
            WaiverUse(replace(WAIVER, scenario="REC-01"), WaiverState.UNUSED, Verdict.PASS),
            WaiverUse(replace(WAIVER, scenario="WS-01"), WaiverState.NOT_JUDGED),
            WaiverUse(
                replace(WAIVER, scenario="GONE-01", expires="2026-01-31"), WaiverState.EXPIRED
            ),
        ),
        comparison=comparison(),
        rate_limit_usage=usage(),
        notes=("Waits are scaled by 0.01: three minutes between attempts became 1.8 s.",),
    )
