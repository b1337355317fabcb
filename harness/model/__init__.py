"""The data that passes between the rooms: frozen, typed, and free of behaviour that acts."""

from __future__ import annotations

from pytest_mews.model.answer_times import AnswerTimes
from pytest_mews.model.api_call import Call, Misstep, TokenState, TwinFault
from pytest_mews.model.command_trace import Trace, traces
from pytest_mews.model.comparison import Change, Changed, Comparison
from pytest_mews.model.delivery_profile import Parameter, Profile
from pytest_mews.model.exchange import (
    Attempt,
    Delivery,
    Exchange,
    Fault,
    Manner,
    Outcome,
    TlsProblem,
    TlsSession,
)
from pytest_mews.model.fetches import FETCHED_WITH, Link, links
from pytest_mews.model.message import EventRef, Kind, Message
from pytest_mews.model.rate_limit_usage import Usage
from pytest_mews.model.run import Replay, Run, Sample, ScenarioResult, StageSummary, Tenant, Tenants
from pytest_mews.model.run_events import Event, RunEnded, RunStarted, ScenarioEnded, ScenarioStarted
from pytest_mews.model.scenario import (
    Basis,
    Draw,
    Expectation,
    Obligation,
    Scenario,
    Source,
    Stage,
    Step,
)
from pytest_mews.model.tls_handshake import Handshake
from pytest_mews.model.verdict import Finding, Limits, Readiness, Transcript, Trial, Verdict
from pytest_mews.model.waiver import Waiver, WaiverState, WaiverUse
from pytest_mews.model.websocket import Connection, Cut, Opening, Ping, Refusal, Sent

__all__ = [
    "FETCHED_WITH",
    "AnswerTimes",
    "Attempt",
    "Basis",
    "Call",
    "Change",
    "Changed",
    "Comparison",
    "Connection",
    "Cut",
    "Delivery",
    "Draw",
    "Event",
    "EventRef",
    "Exchange",
    "Expectation",
    "Fault",
    "Finding",
    "Handshake",
    "Kind",
    "Limits",
    "Link",
    "Manner",
    "Message",
    "Misstep",
    "Obligation",
    "Opening",
    "Outcome",
    "Parameter",
    "Ping",
    "Profile",
    "Readiness",
    "Refusal",
    "Replay",
    "Run",
    "RunEnded",
    "RunStarted",
    "Sample",
    "Scenario",
    "ScenarioEnded",
    "ScenarioResult",
    "ScenarioStarted",
    "Sent",
    "Source",
    "Stage",
    "StageSummary",
    "Step",
    "Tenant",
    "Tenants",
    "TlsProblem",
    "TlsSession",
    "TokenState",
    "Trace",
    "Transcript",
    "Trial",
    "TwinFault",
    "Usage",
    "Verdict",
    "Waiver",
    "WaiverState",
    "WaiverUse",
    "links",
    "traces",
]
