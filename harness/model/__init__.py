"""Frozen data that the packages exchange: scenarios, deliveries, calls, verdicts, runs."""

from __future__ import annotations

from pytest_mews.model.api_call import ApiCall, ApiFault, RequestProblem, TokenState
from pytest_mews.model.command_trace import EventTrace, event_traces
from pytest_mews.model.comparison import Change, Comparison, ScenarioChange
from pytest_mews.model.delivery_profile import Parameter, Profile
from pytest_mews.model.exchange import (
    Attempt,
    Certificate,
    Delivery,
    Exchange,
    Fault,
    Outcome,
    TlsProblem,
    TransferMode,
)
from pytest_mews.model.fetches import OPERATIONS_BY_DISCRIMINATOR, EntityFetch, entity_fetches
from pytest_mews.model.message import EventReference, Message, WebhookKind
from pytest_mews.model.run import (
    AnswerTimes,
    RateLimitUsage,
    Replay,
    Run,
    Sample,
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
)
from pytest_mews.model.scenario import (
    Basis,
    Expectation,
    Level,
    MessageSpec,
    Scenario,
    Source,
    Stage,
    Step,
)
from pytest_mews.model.tls_handshake import TlsHandshake
from pytest_mews.model.verdict import Evidence, Finding, Limits, Readiness, Transcript, Verdict
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
    "Attempt",
    "Basis",
    "Certificate",
    "Change",
    "Comparison",
    "Connection",
    "Delivery",
    "Disconnect",
    "EntityFetch",
    "EventReference",
    "EventTrace",
    "Evidence",
    "Exchange",
    "Expectation",
    "Fault",
    "Finding",
    "HandshakeProblem",
    "Level",
    "Limits",
    "Message",
    "MessageSpec",
    "Outcome",
    "Parameter",
    "Ping",
    "Profile",
    "RateLimitUsage",
    "Readiness",
    "Replay",
    "RequestProblem",
    "Run",
    "RunEnded",
    "RunEvent",
    "RunStarted",
    "Sample",
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
    "Tenant",
    "Tenants",
    "TlsHandshake",
    "TlsProblem",
    "TokenState",
    "Transcript",
    "TransferMode",
    "Verdict",
    "Waiver",
    "WaiverState",
    "WaiverUse",
    "WebSocketHandshake",
    "WebhookKind",
    "entity_fetches",
    "event_traces",
]
