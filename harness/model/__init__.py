"""The data that passes between the rooms: frozen, typed, and free of behaviour that acts."""

from __future__ import annotations

from mews_harness.model.call import Call, Misstep, TokenState, TwinFault
from mews_harness.model.chain import FETCHED_WITH, Link, links
from mews_harness.model.comparison import Change, Changed, Comparison
from mews_harness.model.connection import Connection, Cut, Opening, Ping, Refusal, Sent
from mews_harness.model.event import Event, RunEnded, RunStarted, ScenarioEnded, ScenarioStarted
from mews_harness.model.exchange import (
    Attempt,
    Delivery,
    Exchange,
    Fault,
    Manner,
    Outcome,
    TlsProblem,
    TlsSession,
)
from mews_harness.model.figures import AnswerTimes
from mews_harness.model.handshake import Handshake
from mews_harness.model.message import EventRef, Kind, Message
from mews_harness.model.profile import Parameter, Profile
from mews_harness.model.run import (
    Replay,
    Run,
    Sample,
    ScenarioResult,
    StageSummary,
    Tenant,
    Tenants,
)
from mews_harness.model.scenario import (
    Basis,
    Draw,
    Expectation,
    Obligation,
    Scenario,
    Source,
    Stage,
    Step,
)
from mews_harness.model.trace import Trace, traces
from mews_harness.model.usage import Usage
from mews_harness.model.verdict import Finding, Limits, Readiness, Transcript, Trial, Verdict
from mews_harness.model.waiver import Waiver, WaiverState, WaiverUse

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
