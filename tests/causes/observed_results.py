"""Builds results of scenarios from deliveries to a scripted endpoint: attempts and evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from pytest_mews.model import (
    ApiCall,
    Attempt,
    Basis,
    Delivery,
    EventReference,
    Evidence,
    Exchange,
    Expectation,
    Fault,
    FetchRecord,
    Finding,
    Level,
    Message,
    Outcome,
    Scenario,
    ScenarioResult,
    Stage,
    Transcript,
    TransferMode,
    Validity,
    Verdict,
    WebhookKind,
    attempt_records,
    fetch_records,
)

ENTERPRISE = "enterprise-1"
EVENT = "ServiceOrderUpdated"
STEP_MS = 20.0  # between two messages


@dataclass(frozen=True)
class Sent:
    """One message to a scripted endpoint, as it would be sent."""

    events: tuple[str, ...] = (EVENT,)
    kind: WebhookKind = WebhookKind.GENERAL
    validity: Validity = Validity.DOCUMENTED
    description: str = ""
    enterprise_id: str = ENTERPRISE
    wrong_token: bool = False
    transfer_mode: TransferMode = TransferMode.PLAIN
    fault: Fault = Fault.NONE
    request_number: int = 1
    size: int | None = None
    copy_of: str = ""
    is_utf8: bool = True
    number: int = 0  # over the whole run
    at_ms: float = 0.0


Answer = int | Outcome | tuple[int | Outcome, float]
"""A status or an outcome, and how long it took, in ms; 1 ms if it is not given."""


@dataclass
class Endpoint:
    """Delivers messages to a function, one after another, and makes results of scenarios."""

    answer: Callable[[Sent], Answer]
    now_ms: float = 0.0
    count: int = 0
    html: bool = False
    retry_after: bool = False  # of every 503
    late_ms: float = 0.0
    results: list[ScenarioResult] = field(default_factory=list)

    def certify(
        self, scenario_id: str, *messages: Sent, check: str = "accepted", level: Level = Level.MUST
    ) -> ScenarioResult:
        """Deliver messages in one execution, and return the result.

        The finding that is not met is about the first message that breaks the expectation.
        """
        deliveries = [self._deliver(message) for message in messages]
        broken = [
            index
            for index, delivery in enumerate(deliveries)
            if _breaks(check, delivery.attempts[0])
        ]
        verdict = Verdict.PASS
        evidence: tuple[Evidence, ...] = ()
        if broken:
            verdict = Verdict.FAIL if level is Level.MUST else Verdict.WARN
            finding = Finding(
                check, level, met=False, expected="", observed="", broken_attempts=((broken[0], 0),)
            )
            evidence = (
                Evidence("smallest-failing", "", (finding,), Transcript(tuple(deliveries))),
            )
        result = ScenarioResult(
            scenario(scenario_id, check, level),
            verdict,
            "reason" if broken else "",
            evidence=evidence,
            attempts=tuple(record for records in attempt_records(deliveries) for record in records),
        )
        self.results.append(result)
        return result

    def _deliver(self, sent: Sent) -> Delivery:
        self.count += 1
        self.now_ms += STEP_MS
        answered = self.answer(replace(sent, number=self.count, at_ms=self.now_ms))
        answer, took_ms = answered if isinstance(answered, tuple) else (answered, 1.0)
        status = answer if isinstance(answer, int) and not isinstance(answer, Outcome) else None
        outcome = Outcome.ERROR_STATUS
        if isinstance(answer, Outcome):
            outcome = answer
        elif 200 <= answer < 300:
            outcome = Outcome.DELIVERED
        size = 100 * len(sent.events) if sent.size is None else sent.size
        exchange = Exchange(
            "POST",
            "http://x/",
            (),
            size,
            outcome,
            self.now_ms,
            self.now_ms + took_ms,
            self.now_ms,
            self.now_ms,
            None if status is None else self.now_ms + took_ms,
            status,
            (
                *([("Content-Type", "text/html")] if self.html else []),
                *([("Retry-After", "60")] if self.retry_after and status == 503 else []),
            ),
            b"<html><title>Access denied</title>" if self.html else b"",
            30 if self.html else 0,
            request_number=sent.request_number,
        )
        message = Message(
            sent.kind,
            (sent.copy_of or f"body {self.count}").encode() + b"\xff" * (not sent.is_utf8),
            tuple(
                EventReference(name, f"{self.count}-{index}")
                for index, name in enumerate(sent.events)
            ),
            sent.description or f"{len(sent.events)} events: {sorted(set(sent.events))}",
            enterprise_id=sent.enterprise_id,
            validity=sent.validity,
        )
        attempt = Attempt(
            1,
            sent.fault,
            self.now_ms - self.late_ms,
            (exchange,),
            outcome,
            transfer_mode=sent.transfer_mode,
            wrong_credentials=sent.wrong_token,
        )
        return Delivery("message", message, (attempt,))


def scenario(scenario_id: str, check: str, level: Level) -> Scenario:
    """Return a scenario with one expectation."""
    return Scenario(
        id=scenario_id,
        title=f"Title of {scenario_id}",
        level=level,
        stage=Stage.DELIVERY,
        basis=Basis.DOCUMENTED,
        facts=(),
        why="",
        remedy="the scenario's remedy",
        message_specs=(),
        steps=(),
        expectations=(Expectation(check, level),),
    )


def processing_result(
    scenario_id: str,
    deliveries: Sequence[Delivery],
    calls: Sequence[ApiCall],
    *,
    check: str = "fetched",
    met: bool = False,
) -> ScenarioResult:
    """Return the result of a Processing scenario with one execution."""
    transcript = Transcript(tuple(deliveries), calls=tuple(calls), api_served=True)
    finding = Finding(check, Level.MUST, met=met, expected="", observed="")
    records: tuple[FetchRecord, ...] = fetch_records(transcript)
    return ScenarioResult(
        scenario(scenario_id, check, Level.MUST),
        Verdict.PASS if met else Verdict.FAIL,
        "",
        evidence=(Evidence("example" if met else "smallest-failing", "", (finding,), transcript),),
        attempts=tuple(record for records in attempt_records(deliveries) for record in records),
        fetches=records,
    )


def _breaks(check: str, attempt: Attempt) -> bool:
    is_delivered = attempt.outcome is Outcome.DELIVERED
    if check == "refused":
        status = attempt.final_exchange.status
        return status is None or not 400 <= status < 500
    return not is_delivered
