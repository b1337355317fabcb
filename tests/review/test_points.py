"""Each point of the review: a sound partner meets it, and a partner with one flaw does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from pytest_mews.emulator.connector_api.operations import read_documented
from pytest_mews.emulator.connector_api.usage_counter import UsageCounter
from pytest_mews.mews.review_points import POINTS, PointName
from pytest_mews.model import (
    ApiCall,
    ApiFault,
    Evidence,
    Finding,
    Level,
    Limits,
    Profile,
    Readiness,
    RequestProblem,
    Run,
    ScenarioResult,
    Tenants,
    TokenState,
    Transcript,
    Verdict,
)
from pytest_mews.reports.certification_review import to_review_markdown
from pytest_mews.review import Judgement, ReviewVerdict, judge_points
from pytest_mews.review.points import EXAMPLE_CLIENT
from pytest_mews.scenarios import loader

CLIENT = "Hotel Agent 3.2.0"
CUSTOMERS, RESERVATIONS = "customers/getAll", "reservations/getAll/2023-06-06"
MET, NOT_MET, NOT_JUDGED = ReviewVerdict
SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}


def call(operation: str = CUSTOMERS, *ids: str, **properties: object) -> ApiCall:
    """Return a successful request for ids, a millisecond long; properties replace its own."""
    own = ApiCall(
        1, f"/api/connector/v1/{operation}", operation, 1.0, 2.0, 200, "hotel", TokenState.CURRENT,
        CLIENT, ids, ids, filters=("CustomerIds",) if ids else (),
    )  # fmt: skip
    return replace(own, **properties)  # type: ignore[arg-type]


SOUND = (call(CUSTOMERS, "a", "b"), call(RESERVATIONS, "c"), call(CUSTOMERS, "d"))


def run_of(
    calls: Iterable[ApiCall],
    *,
    peak: int = 0,
    listed: tuple[str, ...] = (),
    time_scale: float = 1.0,
    results: Sequence[ScenarioResult] = (),
) -> Run:
    """Return a run in which the service made these calls, one after another."""
    counter = UsageCounter()
    for number, each in enumerate(calls, 1):
        moved = replace(each, number=number, received_ms=number * 10.0, answered_ms=number * 10.0)
        counter.count(moved)
    return Run(
        version="1",
        started_utc="2026-11-23T20:01:07Z",
        duration_s=1.0,
        target="demo",
        integration_target="demo",
        command="pytest",
        profile=Profile("p", "P", ()),
        time_scale=time_scale,
        seed=1,
        strict=False,
        events=(),
        tenants=Tenants("***", ()),
        readiness=Readiness.READY,
        stages=(),
        results=tuple(results),
        api_usage=counter.usage(peak),
        listed_operations=listed,
    )


def judgement(name: PointName, run: Run) -> Judgement:
    """Return the judgement on a point."""
    (judged,) = [each for each in judge_points(run) if each.point.name is name]
    return judged.judgement


def result(
    scenario_id: str, verdict: Verdict, check: str = "", observed: str = ""
) -> ScenarioResult:
    """Return the result of a scenario; with the name of a check, that check was not met."""
    finding = Finding(check, Level.SHOULD, met=False, expected="expected", observed=observed)
    evidence = Evidence("failing", "case", (finding,), Transcript((), 0, (), Limits(5, 500)))
    return ScenarioResult(
        SCENARIOS[scenario_id], verdict, observed, evidence=(evidence,) if check else ()
    )


def test_a_sound_partner_meets_every_point_that_can_be_judged() -> None:
    """Nothing is held against it; what a rehearsal can't judge says why."""
    results = [result("PROC-29", Verdict.PASS), result("PROC-17", Verdict.PASS)]
    run = run_of(SOUND, peak=3, listed=(CUSTOMERS, RESERVATIONS), results=results)
    verdicts = {each.point.name: each.judgement.verdict for each in judge_points(run)}
    not_judged = {PointName.WORKFLOW, PointName.OWN_TOKEN}
    assert {name for name, verdict in verdicts.items() if verdict is NOT_JUDGED} == not_judged
    assert NOT_MET not in verdicts.values()
    assert tuple(verdicts) == tuple(PointName)


def of(*problems: RequestProblem) -> list[ApiCall]:
    """Return the calls of the sound partner, the last one with problems."""
    return [*SOUND[:-1], replace(SOUND[-1], request_problems=problems)]


FULL_PULLS = [call(CUSTOMERS)] * 6


@pytest.mark.parametrize(
    ("point", "calls", "observed"),
    [
        (PointName.CLIENT, of(RequestProblem.NO_CLIENT), "No `Client` in 1 of 3 requests"),
        (
            PointName.CLIENT,
            of(RequestProblem.CLIENT_WITHOUT_VERSION),
            "No version in `Client` in 1 of 3",
        ),
        (PointName.CLIENT, [call(client="Sample Client 1.0.0")], "documentation's examples"),
        (PointName.SPECIFICATION, of(RequestProblem.INVALID_BODY), "1 of 2 requests to `customers"),
        (PointName.SPECIFICATION, of(RequestProblem.CONTENT_TYPE), "content-type"),
        (PointName.CURRENT_VERSIONS, of(RequestProblem.DEPRECATED_EXTENT), "deprecated-extent"),
        (PointName.FILTERS, FULL_PULLS, "asked for everything by all 6 requests"),
        (
            PointName.FILTERS,
            [replace(each, filters=("EnterpriseIds",)) for each in FULL_PULLS],
            "`customers/getAll` was asked for everything by all 6 requests.",
        ),
        (
            PointName.EXTENTS,
            [call(CUSTOMERS, "a", extents=("Customers", "Addresses", "Documents"))],
            "`customers/getAll` was asked for several extents at once by 1 of 1 request",
        ),
        (PointName.ERRORS, [call(CUSTOMERS, "a", status=400)], "`customers/getAll` (400 once)"),
        (
            PointName.ERRORS,
            [call(CUSTOMERS, "a", status=400), call(CUSTOMERS, "b")],
            "no later request resolved 1 of 1 error",
        ),
        (
            PointName.ERRORS,
            [call("", status=404, path="/api/connector/v1/customers/getall")],
            "`/api/connector/v1/customers/getall` (404 once)",
        ),
    ],
)
def test_a_flaw_is_caught(point: PointName, calls: list[ApiCall], observed: str) -> None:
    """Each flaw makes its own point unmet, says what was seen and what to do."""
    found = judgement(point, run_of(calls))
    assert found.verdict is NOT_MET
    assert observed in found.observed
    assert found.remedy


@pytest.mark.parametrize(
    ("point", "calls"),
    [
        # A first synchronisation, an interval, the switch for deleted entities, the extent that
        # the operation requires, and an error that the next request makes good.
        (PointName.FILTERS, FULL_PULLS[1:]),
        (PointName.FILTERS, [call(CUSTOMERS, filters=("UpdatedUtc",))] * 9),
        (PointName.FILTERS, [call(CUSTOMERS, is_next_page=True)] * 9),
        (PointName.EXTENTS, [call("resources/getAll", "a", extents=("Resources", "Inactive"))]),
        (PointName.EXTENTS, [call(CUSTOMERS, "a", extents=("Customers", "Addresses"))]),
        (PointName.ERRORS, [call(CUSTOMERS, "a", status=400), call(CUSTOMERS, "b", "a")]),
        (PointName.ERRORS, [call(CUSTOMERS, status=500), call(CUSTOMERS)]),
        (PointName.ERRORS, [call(CUSTOMERS, "a", status=429, fault=ApiFault.TOO_MANY_REQUESTS)]),
        (PointName.ERRORS, [call(CUSTOMERS, "a", status=401, token_state=TokenState.REPLACED)]),
        (PointName.ERRORS, [call(CUSTOMERS, "a", status=None)]),
        (PointName.CLIENT, [call(client="A 1"), call(client="B 2")]),
    ],
)
def test_what_is_sound_is_not_held_against_a_partner(
    point: PointName, calls: list[ApiCall]
) -> None:
    """Neither what documented use needs, nor what the harness provoked, makes a point unmet."""
    assert judgement(point, run_of(calls)).verdict is MET


def test_provoked_errors_are_not_those_of_the_service() -> None:
    """The judgement says which errors count."""
    calls = [
        call(CUSTOMERS, "a", status=429, fault=ApiFault.TOO_MANY_REQUESTS),
        call(CUSTOMERS, "a"),
    ]
    assert judgement(PointName.ERRORS, run_of(calls)).observed == (
        "The service caused no errors. Not counted: 1 error that the harness itself provoked, of "
        "which later requests resolved 1; the scenarios judge these."
    )


@pytest.mark.parametrize(
    ("listed", "verdict", "observed"),
    [
        ((), NOT_JUDGED, "--mews-operations"),
        ((CUSTOMERS,), MET, f"not on the list: `{RESERVATIONS}`"),
        ((CUSTOMERS, "orderItems/getAll"), NOT_MET, "Never called: `orderItems/getAll`."),
        ((CUSTOMERS, "bills/getAll"), NOT_MET, "Called without success: `bills/getAll`."),
    ],
)
def test_listed_operations(listed: tuple[str, ...], verdict: ReviewVerdict, observed: str) -> None:
    """A listed operation was called with success; without a list there is nothing to judge."""
    calls = [*SOUND, call("bills/getAll", status=403)] if "bills/getAll" in listed else SOUND
    found = judgement(PointName.LISTED_OPERATIONS, run_of(calls, listed=listed))
    assert found.verdict is verdict
    assert observed in found.observed


def test_without_requests_only_the_list_is_judged() -> None:
    """Silence is no pass: a listed operation that nobody called is unmet, the rest not judged."""
    run = run_of((), listed=(CUSTOMERS,))
    verdicts = {each.point.name: each.judgement.verdict for each in judge_points(run)}
    assert verdicts.pop(PointName.LISTED_OPERATIONS) is NOT_MET
    assert set(verdicts.values()) == {NOT_JUDGED}


def test_without_the_emulator_there_is_no_review() -> None:
    """A run that observed no API calls judges nothing."""
    assert judge_points(replace(run_of(()), api_usage=None)) == ()


@pytest.mark.parametrize(
    ("peak", "time_scale", "results", "verdict"),
    [
        (200, 0.01, [], MET),
        (201, 1.0, [], NOT_MET),
        (201, 0.01, [], NOT_JUDGED),
        (9, 0.01, [result("PROC-17", Verdict.WARN, "batched-requests", "one by one")], NOT_MET),
        (9, 0.01, [result("PROC-17", Verdict.FAIL, "fetched", "nothing")], MET),
    ],
)
def test_request_limits(
    peak: int, time_scale: float, results: list[ScenarioResult], verdict: ReviewVerdict
) -> None:
    """In real time the peak decides; with scaled waits only the scenario about batches does."""
    run = run_of(SOUND, peak=peak, time_scale=time_scale, results=results)
    assert judgement(PointName.REQUEST_LIMITS, run).verdict is verdict


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ([], NOT_JUDGED),
        ([result("PROC-29", Verdict.PASS)], MET),
        ([result("PROC-29", Verdict.BLOCKED)], NOT_JUDGED),
        ([result("PROC-29", Verdict.WARN, "no-polling", "9 requests")], NOT_MET),
        ([result("PROC-29", Verdict.WAIVED, "no-polling", "9 requests")], NOT_MET),
    ],
)
def test_webhooks_instead_of_polling(results: list[ScenarioResult], verdict: ReviewVerdict) -> None:
    """Only the scenario that sends nothing tells polling from requests for events."""
    found = judgement(PointName.WEBHOOKS, run_of(SOUND, results=results))
    assert found.verdict is verdict
    assert verdict is not NOT_MET or found.observed == "9 requests."


def test_bodies_that_were_not_judged_are_named() -> None:
    """The emulator knows only the names of most operations, and says so."""
    found = judgement(PointName.SPECIFICATION, run_of([*SOUND, call("bills/getAll")]))
    assert found.verdict is MET
    assert "`bills/getAll`, which the emulator does not serve, were not judged" in found.observed


def test_every_point_has_a_source_and_what_shows_it_exists() -> None:
    """Each point names facts; its scenarios exist and evaluate its checks."""
    for point in POINTS.values():
        assert point.facts
        showing = [
            scenario
            for scenario in SCENARIOS.values()
            if not point.shown_by.isdisjoint(fact.id for fact in scenario.facts)
        ]
        checks = {each.check for scenario in showing for each in scenario.expectations}
        assert point.checks <= checks


def test_the_example_client_is_that_of_the_documentation() -> None:
    """The name that is no name of an application is in the documented examples."""
    examples = [data["example_request"] for data in read_documented("operations").values()]
    assert {example["Client"].rpartition(" ")[0] for example in examples} == {EXAMPLE_CLIENT}


def test_one_request_is_not_called_requests() -> None:
    """A first run often has a single one."""
    run = run_of([call(CUSTOMERS, "a", status=400)], peak=1)
    assert run.api_usage is not None
    shown = " ".join(point.judgement.observed for point in judge_points(run))
    text = f"{to_review_markdown(run)} {shown}"
    assert "- 1 request for 1 operation, at most 1 within 30 s" in text
    assert "At most 1 request with one AccessToken" in text
    assert not re.search(r"\b1 (requests|errors|operations)\b", text)
