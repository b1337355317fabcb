"""A finished run: everything that the reports need, without secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from pytest_mews.mews.facts import Stage
from pytest_mews.model.api_usage import ApiUsage
from pytest_mews.model.attempt_record import AttemptRecord
from pytest_mews.model.cause import Cause
from pytest_mews.model.comparison import Comparison
from pytest_mews.model.death import Death
from pytest_mews.model.delivery_profile import Profile
from pytest_mews.model.fetch_record import FetchRecord
from pytest_mews.model.scenario import Level, Requirement, Scenario
from pytest_mews.model.verdict import Evidence, MissingCause, Readiness, Verdict
from pytest_mews.model.waiver import Waiver, WaiverUse

REPORT_FORMAT = 1  # of certification.json (schemas/report.schema.json)


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


MISSING_REASONS: Mapping[MissingCause, str] = {
    MissingCause.NOT_SELECTED: "it was not selected to run",
    MissingCause.SKIPPED: "another plugin skipped it",
    MissingCause.STOPPED: "the run was stopped before this scenario",
    MissingCause.INTERRUPTED: "the run was interrupted before this scenario",
    MissingCause.NOT_STARTED: "the run ended before this scenario started",
    MissingCause.CUT_OFF: "the run ended while this scenario was running",
    MissingCause.NO_RESULT: (
        "it was selected and returned no result; its process may have ended early"
    ),
    MissingCause.REPEATED: "it ran several times instead of once",
}
"""The reason of a scenario without a result of its own, unless there is a more precise one."""


@dataclass(frozen=True)
class BlockedBy:
    """The requirement that was not observed, and the scenario that shows why.

    `remedy` is what to change so that it is observed. The scenario itself may not be part of the
    run, and then nothing else says it.
    """

    requirement: Requirement
    scenario_id: str
    remedy: str = ""


@dataclass(frozen=True)
class ScenarioResult:
    """The verdict on one scenario with its evidence.

    `case_count` is the number of executed cases, `failing_cases` of those that broke an
    expectation; neither counts shrinking or the confirmation. `message_count` is the number of
    messages. `attempts` are the records of all attempts; `fetches` of the entities of Processing
    scenarios that expect fetches. `blocked_by` is set with the verdict `blocked`. With the verdict
    `waived`, `waiver` is the waiver and `verdict_without_waiver` the verdict that the scenario
    would have without it; reason and evidence are those of the failure. `replay` is set for a
    failure.

    `missing` is why the scenario has no result of its own; None if it has one. `remarks` are the
    clauses of the reason that no unmet finding has: figures, and how often it failed.
    `reason_expected` is why the failure does not fail the run; empty if it does, or is none.
    `death` is the death of the service: in this scenario or, with the verdict `blocked`, before it.
    `service_log` are the lines that the service wrote while the failing case ran, if the harness
    started it. `instance` is the number of the instance of the service that it ran at, from 1; only
    one is there unless the harness started several.
    """

    scenario: Scenario
    verdict: Verdict
    reason: str
    duration_s: float = 0.0
    case_count: int = 0
    failing_cases: int = 0
    message_count: int = 0
    evidence: tuple[Evidence, ...] = ()
    attempts: tuple[AttemptRecord, ...] = ()
    fetches: tuple[FetchRecord, ...] = ()
    blocked_by: BlockedBy | None = None
    waiver: Waiver | None = None
    verdict_without_waiver: Verdict | None = None
    replay: Replay | None = None
    missing: MissingCause | None = None
    remarks: tuple[str, ...] = ()
    reason_expected: str = ""
    death: Death | None = None
    service_log: tuple[str, ...] = ()
    instance: int = 1

    @classmethod
    def without_run(
        cls, scenario: Scenario, cause: MissingCause, reason: str = ""
    ) -> ScenarioResult:
        """Return the result of a scenario that has none of its own; `reason` may explain it."""
        is_error = cause in {MissingCause.NO_RESULT, MissingCause.REPEATED}
        verdict = Verdict.ERROR if is_error else Verdict.NOT_OBSERVED
        return cls(scenario, verdict, reason or MISSING_REASONS[cause], missing=cause)

    @property
    def remedy(self) -> str:
        """What to change: the remedy of the most severe unmet finding, else the scenario's.

        Of a blocked scenario it is the remedy of what blocks it.
        """
        if self.blocked_by is not None and self.blocked_by.remedy:
            return self.blocked_by.remedy
        shown = self.evidence[0].findings if self.evidence else ()
        unmet = [finding for finding in shown if not finding.met]
        most_severe = min(unmet, key=lambda finding: list(Level).index(finding.level), default=None)
        return (most_severe.remedy if most_severe else "") or self.scenario.remedy

    @property
    def answer_times(self) -> AnswerTimes | None:
        """The answer times, of any status; None without a response."""
        times_ms = [record.answer_ms for record in self.attempts if record.answer_ms is not None]
        return AnswerTimes.of(times_ms) if times_ms else None


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
    `causes` are what the failures have in common, the gravest first. `about` is the product that
    was certified, as the user named it. `selection` are the arguments that select scenarios,
    quoted for a shell; empty if the run has all of them. `api_usage` are all requests to the
    Connector API emulator, counted; None where none ran. `listed_operations` are those that the
    partner lists on Mews's certification form.
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
    results: tuple[ScenarioResult, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted: bool = False
    report_folder: str = "mews-report"
    waivers: tuple[WaiverUse, ...] = ()
    comparison: Comparison | None = None
    rate_limit_usage: tuple[RateLimitUsage, ...] = ()
    causes: tuple[Cause, ...] = ()
    about: str = ""
    selection: str = ""
    api_usage: ApiUsage | None = None
    listed_operations: tuple[str, ...] = ()

    @property
    def explained_ids(self) -> frozenset[str]:
        """The ids of the scenarios that a cause explains."""
        return frozenset(name for cause in self.causes for name in cause.explains)
