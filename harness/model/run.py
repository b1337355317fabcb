"""A finished run: all that the reports need, with nothing secret left in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_mews.model.answer_times import AnswerTimes
from pytest_mews.model.comparison import Comparison
from pytest_mews.model.delivery_profile import Profile
from pytest_mews.model.rate_limit_usage import RateLimitUsage
from pytest_mews.model.scenario import Scenario, Stage
from pytest_mews.model.verdict import Evidence, Readiness, Verdict
from pytest_mews.model.waiver import Waiver, WaiverUse


@dataclass(frozen=True)
class Tenant:
    """One enterprise that the harness plays."""

    id: str
    integration_id: str
    access_token: str = field(repr=False)


@dataclass(frozen=True)
class Tenants:
    """The client application's token and its enterprises."""

    client_token: str = field(repr=False)
    enterprises: tuple[Tenant, ...]


@dataclass(frozen=True)
class Sample:
    """One answered message, for statistics: batch size, body size, answer time, status."""

    events: int
    size_bytes: int
    answer_ms: float
    status: int

    @property
    def accepted(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's own bounds


@dataclass(frozen=True)
class Replay:
    """What it takes to send a failing play again: a file's text, or why there can be none.

    Nothing secret is in it.
    """

    text: str
    problem: str = ""


@dataclass(frozen=True)
class ScenarioResult:
    """The verdict on one scenario with its evidence.

    `plays` counts the cases played, `failing` those that broke an expectation; shrinking and
    confirmation are not counted. With the verdict `waived`, `waiver` says by whom and why, and
    `waived` is what the verdict would have been; reason and evidence are those of the failure.
    `replay` goes with a failure.
    """

    scenario: Scenario
    verdict: Verdict
    reason: str
    duration_s: float = 0.0
    plays: int = 0
    failing: int = 0
    messages: int = 0
    evidence: tuple[Evidence, ...] = ()
    samples: tuple[Sample, ...] = ()
    waiver: Waiver | None = None
    verdict_without_waiver: Verdict | None = None
    replay: Replay | None = None

    @property
    def answers(self) -> AnswerTimes | None:
        """How long its answers took, whatever their status; None where none came."""
        return AnswerTimes.of([each.answer_ms for each in self.samples]) if self.samples else None


@dataclass(frozen=True)
class StageSummary:
    """The verdict on a stage; `counts` is by verdict, `how` how to observe it when it was not."""

    stage: Stage
    readiness: Readiness
    counts: Mapping[str, int]
    how_to_observe: str = ""


@dataclass(frozen=True)
class Run:
    """One certification run; `notes` are remarks that every reader must see.

    `folder` is the report's as it was named; `waivers` are all of --mews-waivers, used or not;
    `comparison` is with --mews-baseline; `usage` is of the enterprises that asked most, the busiest
    first.
    """

    version: str
    started_utc: str
    duration_s: float
    target: str
    integration_target: str
    command: str
    profile: Profile
    time_scale: float
    seed: int
    strict: bool
    events: tuple[str, ...]
    tenants: Tenants
    readiness: Readiness
    stages: tuple[StageSummary, ...]
    results: tuple[ScenarioResult, ...]
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    folder: str = "mews-report"
    waivers: tuple[WaiverUse, ...] = ()
    comparison: Comparison | None = None
    rate_limit_usage: tuple[RateLimitUsage, ...] = ()
