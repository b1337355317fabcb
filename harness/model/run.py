"""A finished run: everything that the reports need, without secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from pytest_mews.model.comparison import Comparison
from pytest_mews.model.delivery_profile import Profile
from pytest_mews.model.scenario import Level, Scenario, Stage
from pytest_mews.model.verdict import Evidence, Readiness, Verdict
from pytest_mews.model.waiver import Waiver, WaiverUse


@dataclass(frozen=True)
class Tenant:
    """One enterprise that the harness emulates."""

    id: str
    integration_id: str
    access_token: str = field(repr=False)


@dataclass(frozen=True)
class Tenants:
    """The token of the client application, and its enterprises."""

    client_token: str = field(repr=False)
    enterprises: tuple[Tenant, ...]


@dataclass(frozen=True)
class AnswerTimes:
    """Percentiles of answer times, from the last byte of the request to that of the response.

    The percentiles are interpolated: with fewer than 100 answer times, `p99_ms` lies between the
    two longest.
    """

    count: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, answers_ms: Sequence[float]) -> AnswerTimes:
        """Summarise one or more answer times."""
        # quantiles() needs at least two values; one value twice has the same quantiles.
        values = list(answers_ms) if len(answers_ms) > 1 else [*answers_ms, *answers_ms]
        cuts = quantiles(values, n=100, method="inclusive")
        return cls(len(answers_ms), cuts[49], cuts[94], cuts[98], max(values))


@dataclass(frozen=True)
class Sample:
    """One message with a response, for statistics: events, bytes, answer time, status."""

    event_count: int
    size_bytes: int
    answer_ms: float
    status: int

    @property
    def accepted(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP's bounds


@dataclass(frozen=True)
class RateLimitUsage:
    """The requests with the AccessTokens of one enterprise, over a whole run.

    Attributes:
        enterprise_id: the owner of the tokens.
        requests: pairs of a second on the run's clock and the number of requests in it; seconds
            without requests are omitted.
        peak: the exact maximum of requests with one token within any 30 s.

    """

    enterprise_id: str
    requests: tuple[tuple[int, int], ...]
    peak: int


@dataclass(frozen=True)
class Replay:
    """The text of the replay file of a failing case, or the problem that prevents one.

    It has no secrets.
    """

    text: str
    problem: str = ""


@dataclass(frozen=True)
class ScenarioResult:
    """The verdict on one scenario with its evidence.

    `case_count` is the number of executed cases, `failing_cases` of those that broke an
    expectation; neither counts shrinking or the confirmation. `message_count` is the number of
    messages. With the verdict `waived`, `waiver` is the waiver and `verdict_without_waiver` the
    verdict that the scenario would have without it; reason and evidence are those of the failure.
    `replay` is set for a failure.
    """

    scenario: Scenario
    verdict: Verdict
    reason: str
    duration_s: float = 0.0
    case_count: int = 0
    failing_cases: int = 0
    message_count: int = 0
    evidence: tuple[Evidence, ...] = ()
    samples: tuple[Sample, ...] = ()
    waiver: Waiver | None = None
    verdict_without_waiver: Verdict | None = None
    replay: Replay | None = None

    @property
    def remedy(self) -> str:
        """What to change: the remedy of the most severe unmet finding, else the scenario's."""
        shown = self.evidence[0].findings if self.evidence else ()
        unmet = [finding for finding in shown if not finding.met]
        most_severe = min(unmet, key=lambda finding: list(Level).index(finding.level), default=None)
        return (most_severe.remedy if most_severe else "") or self.scenario.remedy

    @property
    def answer_times(self) -> AnswerTimes | None:
        """The answer times, of any status; None without a response."""
        return (
            AnswerTimes.of([sample.answer_ms for sample in self.samples]) if self.samples else None
        )


@dataclass(frozen=True)
class StageSummary:
    """The readiness of a stage, its results counted by verdict, and how to observe it."""

    stage: Stage
    readiness: Readiness
    counts: Mapping[str, int]
    how_to_observe: str = ""


@dataclass(frozen=True)
class Run:
    """One certification run.

    `notes` are remarks that every reader must see. `report_folder` is the report folder as the user
    named it. `waivers` are all entries of --mews-waivers, used or not. `comparison` is set with
    --mews-baseline. `rate_limit_usage` has the enterprises with the most requests, busiest first.
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
    report_folder: str = "mews-report"
    waivers: tuple[WaiverUse, ...] = ()
    comparison: Comparison | None = None
    rate_limit_usage: tuple[RateLimitUsage, ...] = ()
