"""The data that passes between the rooms: frozen, typed, and free of behaviour that acts."""

from __future__ import annotations

from pytest_mews.model.answer_times import AnswerTimes
from pytest_mews.model.api_call import ApiCall, ApiFault, RequestProblem, TokenState
from pytest_mews.model.command_trace import EventTrace, event_traces
from pytest_mews.model.comparison import Change, Changed, Comparison
from pytest_mews.model.delivery_profile import Parameter, Profile
from pytest_mews.model.exchange import (
    Attempt,
    Delivery,
    Exchange,
    Fault,
    Outcome,
    TlsProblem,
    TlsSession,
    TransferMode,
)
from pytest_mews.model.fetches import OPERATIONS_BY_DISCRIMINATOR, EntityFetch, entity_fetches
from pytest_mews.model.message import EventReference, Message, WebhookKind
from pytest_mews.model.rate_limit_usage import RateLimitUsage
from pytest_mews.model.run import Replay, Run, Sample, ScenarioResult, StageSummary, Tenant, Tenants
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
    "Change",
    "Changed",
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
    "TlsSession",
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
