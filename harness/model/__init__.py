"""Frozen data that the packages exchange: scenarios, deliveries, calls, verdicts, runs."""

from __future__ import annotations

from pytest_mews.mews.facts import Basis, Fact, Source, Stage
from pytest_mews.model.api_call import (
    ApiCall,
    ApiFault,
    RequestProblem,
    TokenState,
    calls_by_entity,
)
from pytest_mews.model.api_usage import ApiUsage, ErrorCounts, OperationUsage, merge_usage
from pytest_mews.model.attempt_record import AttemptRecord, attempt_records, thin_out
from pytest_mews.model.cause import Cause, CauseKind
from pytest_mews.model.command_trace import EventTrace, event_traces
from pytest_mews.model.comparison import Change, Comparison, ScenarioChange
from pytest_mews.model.death import Death
from pytest_mews.model.delivery_profile import Parameter, Profile
from pytest_mews.model.exchange import (
    Attempt,
    Certificate,
    Delivery,
    Exchange,
    Fault,
    Outcome,
    RequestChange,
    TlsProblem,
    TransferMode,
)
from pytest_mews.model.fetch_record import (
    FetchRecord,
    begins_with_known_event,
    entity_key,
    event_counts,
    fetch_records,
    foreign_token_owner,
    last_actions,
    merge_records,
    was_fetched_before,
    was_in_flight,
)
from pytest_mews.model.fetches import OPERATIONS_BY_DISCRIMINATOR, EntityFetch, entity_fetches
from pytest_mews.model.message import EventReference, Message, Validity, WebhookKind
from pytest_mews.model.run import (
    AnswerTimes,
    BlockedBy,
    RateLimitUsage,
    Replay,
    Run,
    ScenarioResult,
    StageSummary,
    Tenant,
    Tenants,
)
from pytest_mews.model.run_events import (
    RunEnded,
    RunEvent,
    RunStarted,
    ScenarioEnded,
    ScenarioStarted,
    Subscriber,
)
from pytest_mews.model.scenario import Expectation, Level, MessageSpec, Scenario
from pytest_mews.model.step import Step
from pytest_mews.model.tls_handshake import TlsHandshake
from pytest_mews.model.verdict import (
    Evidence,
    Finding,
    Limits,
    MissingCause,
    Readiness,
    Transcript,
    Verdict,
)
from pytest_mews.model.waiver import Waiver, WaiverState, WaiverUse
from pytest_mews.model.websocket import (
    Connection,
    Disconnect,
    HandshakeProblem,
    Ping,
    SentMessage,
    WebSocketHandshake,
)

__all__ = [
    "OPERATIONS_BY_DISCRIMINATOR",
    "AnswerTimes",
    "ApiCall",
    "ApiFault",
    "ApiUsage",
    "Attempt",
    "AttemptRecord",
    "Basis",
    "BlockedBy",
    "Cause",
    "CauseKind",
    "Certificate",
    "Change",
    "Comparison",
    "Connection",
    "Death",
    "Delivery",
    "Disconnect",
    "EntityFetch",
    "ErrorCounts",
    "EventReference",
    "EventTrace",
    "Evidence",
    "Exchange",
    "Expectation",
    "Fact",
    "Fault",
    "FetchRecord",
    "Finding",
    "HandshakeProblem",
    "Level",
    "Limits",
    "Message",
    "MessageSpec",
    "MissingCause",
    "OperationUsage",
    "Outcome",
    "Parameter",
    "Ping",
    "Profile",
    "RateLimitUsage",
    "Readiness",
    "Replay",
    "RequestChange",
    "RequestProblem",
    "Run",
    "RunEnded",
    "RunEvent",
    "RunStarted",
    "Scenario",
    "ScenarioChange",
    "ScenarioEnded",
    "ScenarioResult",
    "ScenarioStarted",
    "SentMessage",
    "Source",
    "Stage",
    "StageSummary",
    "Step",
    "Subscriber",
    "Tenant",
    "Tenants",
    "TlsHandshake",
    "TlsProblem",
    "TokenState",
    "Transcript",
    "TransferMode",
    "Validity",
    "Verdict",
    "Waiver",
    "WaiverState",
    "WaiverUse",
    "WebSocketHandshake",
    "WebhookKind",
    "attempt_records",
    "begins_with_known_event",
    "calls_by_entity",
    "entity_fetches",
    "entity_key",
    "event_counts",
    "event_traces",
    "fetch_records",
    "foreign_token_owner",
    "last_actions",
    "merge_records",
    "merge_usage",
    "thin_out",
    "was_fetched_before",
    "was_in_flight",
]
