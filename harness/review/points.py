"""Judges each point of the review by the requests of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_mews.causes.cause_phrases import of
from pytest_mews.checks.phrasing import how_often, quantity
from pytest_mews.checks.request_etiquette import DEPRECATION_PROBLEMS, FORM_PROBLEMS
from pytest_mews.mews.api_operations import OPERATIONS
from pytest_mews.mews.events import EVENTS
from pytest_mews.mews.limits import REQUEST_WINDOW_S, REQUESTS_PER_TOKEN
from pytest_mews.mews.review_points import POINTS, PointName, ReviewPoint
from pytest_mews.model import OperationUsage, RequestProblem, Run
from pytest_mews.model.listing import first_of
from pytest_mews.review.judgement import JudgedPoint, Judgement, Rehearsal, ReviewVerdict

EXAMPLE_CLIENT = "Sample Client"  # of the documented example requests: many applications send it
MAX_FULL_PULLS = 5  # a first synchronisation, repeated after restarts, needs some requests
MAX_NAMED = 8  # operations in one sentence

Judge = Callable[[Rehearsal], Judgement]
_JUDGES: dict[PointName, Judge] = {}
# What an event announces, and an operation returns by id: there is no need to ask for all of it.
_ANNOUNCED = frozenset(
    operation.name
    for event in EVENTS.values()
    for operation in event.operations
    if operation.ids is not None
)
_REQUEST_PROBLEMS = {problem.value: problem for problem in RequestProblem}


def judge_points(run: Run) -> tuple[JudgedPoint, ...]:
    """Judge the points of the review, in their order; none if the run observed no API calls."""
    usage = run.api_usage
    if usage is None:
        return ()
    return tuple(_judge(point, Rehearsal.of(run, usage, point)) for point in POINTS.values())


def _judge(point: ReviewPoint, rehearsal: Rehearsal) -> JudgedPoint:
    if point.not_judged:
        judgement = _not_judged(point.not_judged)
    elif not rehearsal.usage.requests and point.name is not PointName.LISTED_OPERATIONS:
        judgement = _not_judged("No request of the service reached the emulator.")
    else:
        judgement = _JUDGES[point.name](rehearsal)
    return JudgedPoint(point, judgement, tuple(result.scenario.id for result in rehearsal.shown_by))


def _judges(name: PointName) -> Callable[[Judge], Judge]:
    """Register the function that judges a point."""

    def register(judge: Judge) -> Judge:
        _JUDGES[name] = judge
        return judge

    return register


@_judges(PointName.CLIENT)
def judge_client(rehearsal: Rehearsal) -> Judgement:
    """Every request names the application and its version, and not those of the documentation."""
    usage = rehearsal.usage
    missing = usage.count_problem(RequestProblem.NO_CLIENT)
    without_version = usage.count_problem(RequestProblem.CLIENT_WITHOUT_VERSION)
    problems = []
    if missing:
        problems.append(f"No `Client` in {_of(missing, usage.requests)}")
    if without_version:
        problems.append(f"No version in `Client` in {_of(without_version, usage.requests)}")
    examples = [name for name, _ in usage.clients if name.startswith(EXAMPLE_CLIENT)]
    problems += [
        f"`{_plain(name)}` is the name in the documentation's examples, so it is not unique"
        for name in examples
    ]
    if problems:
        return Judgement(
            ReviewVerdict.NOT_MET,
            f"{_sentence(problems)} The review finds calls by `Client` and by nothing else.",
            "Send the name and the version of the application in `Client` with every request, such "
            "as `Hotel Agent 3.2.0`.",
        )
    names = ", ".join(f"`{_plain(name)}`" for name, _ in usage.clients)
    others = f" and {quantity(usage.other_clients, 'request')} with other names" * bool(
        usage.other_clients
    )
    several = " Name all of them on the form." if len(usage.clients) > 1 else ""
    observed = (
        f"Every request names {names}{others}.{several} Only Mews knows whether it is unique."
    )
    return Judgement(ReviewVerdict.MET, observed)


@_judges(PointName.LISTED_OPERATIONS)
def judge_listed_operations(rehearsal: Rehearsal) -> Judgement:
    """Each operation that the partner lists was called with success."""
    called = {usage.operation: usage for usage in rehearsal.usage.operations if usage.is_documented}
    listed = rehearsal.listed_operations
    if not listed:
        return _not_judged(
            f"The run does not know which operations you list on the certification form: "
            f"`--mews-operations A,B` says it. "
            f"Called: {_names(called)}."
        )
    problems = []
    if missing := [name for name in listed if name not in called]:
        problems.append(f"Never called: {_names(missing)}")
    if failed := [name for name in listed if name in called and not called[name].succeeded]:
        problems.append(f"Called without success: {_names(failed)}")
    extra = [name for name in called if name not in listed]
    unlisted = f" Called, but not on the list: {_names(extra)}." if extra else ""
    if problems:
        return Judgement(
            ReviewVerdict.NOT_MET,
            f"{_sentence(problems)}{unlisted}",
            "Call them before the review, or take them off the list.",
        )
    return Judgement(
        ReviewVerdict.MET, f"All {len(listed)} operations of the list were called.{unlisted}"
    )


@_judges(PointName.SPECIFICATION)
def judge_specification(rehearsal: Rehearsal) -> Judgement:
    """No request has a wrong method, address, content type, token or body."""
    usage = rehearsal.usage
    not_served = [
        operation.operation
        for operation in usage.operations
        if operation.is_documented and operation.operation not in OPERATIONS
    ]
    remark = (
        f" The bodies for {_names(not_served)}, which the emulator does not serve, were not judged."
        if not_served
        else ""
    )
    wrong = _describe_problems(usage.operations, FORM_PROBLEMS)
    if wrong:
        return Judgement(
            ReviewVerdict.NOT_MET,
            f"{_sentence(wrong)}{remark}",
            "Send requests as the operation's page says; `calls.jsonl` has each one with the "
            "message of its response.",
        )
    return Judgement(
        ReviewVerdict.MET,
        f"{_of(usage.requests, usage.requests)} had the documented form.{remark}",
    )


@_judges(PointName.CURRENT_VERSIONS)
def judge_current_versions(rehearsal: Rehearsal) -> Judgement:
    """No request uses a deprecated operation or extent."""
    wrong = _describe_problems(rehearsal.usage.operations, DEPRECATION_PROBLEMS)
    if wrong:
        return Judgement(
            ReviewVerdict.NOT_MET,
            _sentence(wrong),
            "Use the operation or the property that its page names instead.",
        )
    return Judgement(ReviewVerdict.MET, "No request used a deprecated operation or extent.")


@_judges(PointName.FILTERS)
def judge_filters(rehearsal: Rehearsal) -> Judgement:
    """What events announce is requested by ids or by an interval, apart from a few full pulls."""
    usages = [usage for usage in rehearsal.usage.operations if usage.operation in _ANNOUNCED]
    if not usages:
        return _not_judged("No operation was called for entities that events announce.")
    unfiltered = [usage for usage in usages if usage.unfiltered > MAX_FULL_PULLS]
    if unfiltered:
        problems = [
            f"`{usage.operation}` was asked for everything by "
            f"{_of(usage.unfiltered, usage.requests)}"
            for usage in unfiltered
        ]
        return Judgement(
            ReviewVerdict.NOT_MET,
            _sentence(problems),
            "Ask for the ids of the events, or for an interval such as `UpdatedUtc`.",
        )
    total, by_ids = _total(usages, "requests"), _total(usages, "by_ids")
    everything = _total(usages, "unfiltered")
    observed = [
        f"{_of(by_ids, total)} for entities that events announce named ids",
        f"{f'{everything:,}' if everything else 'none'} asked for everything",
    ]
    return Judgement(ReviewVerdict.MET, _sentence(observed))


@_judges(PointName.EXTENTS)
def judge_extents(rehearsal: Rehearsal) -> Judgement:
    """No request asks for several kinds of related entities at once."""
    usages = [usage for usage in rehearsal.usage.operations if usage.several_extents]
    if usages:
        problems = [
            f"`{usage.operation}` was asked for several extents at once by "
            f"{_of(usage.several_extents, usage.requests)}"
            for usage in usages
        ]
        return Judgement(
            ReviewVerdict.NOT_MET,
            _sentence(problems),
            "Ask for each extent by a request of its own, and only for those that are used.",
        )
    return Judgement(ReviewVerdict.MET, "No request asks for several kinds of related entities.")


@_judges(PointName.WEBHOOKS)
def judge_webhooks(rehearsal: Rehearsal) -> Judgement:
    """The scenarios in which nothing is sent saw no polling."""
    if rehearsal.failures:
        return Judgement(
            ReviewVerdict.NOT_MET,
            _sentence(rehearsal.failures),
            "Let the events start the requests, and leave out those by a timer.",
        )
    if rehearsal.has_passed:
        return Judgement(
            ReviewVerdict.MET, "The service did not poll while the harness sent no events."
        )
    return _not_judged("The scenario about polling was not observed in this run.")


@_judges(PointName.REQUEST_LIMITS)
def judge_request_limits(rehearsal: Rehearsal) -> Judgement:
    """No AccessToken exceeded the limit; with scaled waits only a scenario can say so."""
    peak = rehearsal.usage.peak
    figures = (
        f"At most {quantity(peak, 'request')} with one AccessToken within {REQUEST_WINDOW_S} s; "
        f"Mews allows {REQUESTS_PER_TOKEN}."
    )
    remedy = "Ask for the entities of a message by one request, with all their ids."
    if rehearsal.failures:
        return Judgement(
            ReviewVerdict.NOT_MET, f"{_sentence(rehearsal.failures)} {figures}", remedy
        )
    if peak <= REQUESTS_PER_TOKEN:
        return Judgement(ReviewVerdict.MET, figures)
    if rehearsal.time_scale >= 1:
        return Judgement(ReviewVerdict.NOT_MET, figures, remedy)
    return _not_judged(
        f"{figures} This run multiplied the waits between messages by {rehearsal.time_scale:g}, so "
        "the requests came closer together than Mews would cause; `--mews-time-scale 1` judges it."
    )


@_judges(PointName.ERRORS)
def judge_errors(rehearsal: Rehearsal) -> Judgement:
    """Each error that the service caused was followed by a success of the same request."""
    usages = [usage for usage in rehearsal.usage.operations if usage.errors.total]
    provoked = [usage.provoked_errors for usage in rehearsal.usage.operations]
    count = sum(errors.total for errors in provoked)
    remark = (
        f" Not counted: {quantity(count, 'error')} that the harness itself provoked, of which "
        f"later requests resolved {sum(errors.resolved for errors in provoked):,}; the scenarios "
        "judge these."
        if count
        else ""
    )
    unresolved = [usage for usage in usages if usage.errors.unresolved]
    if unresolved:
        problems = [
            f"`{_plain(usage.operation)}` ({_statuses(usage)}): no later request resolved "
            f"{_of(usage.errors.unresolved, usage.errors.total, 'error')}"
            for usage in unresolved
        ]
        return Judgement(
            ReviewVerdict.NOT_MET,
            f"{_sentence(problems)}{remark}",
            "Correct the request, or send it again as the status asks, until it succeeds.",
        )
    total = sum(usage.errors.total for usage in usages)
    resolved = (
        f"Later requests resolved {_of(total, total, 'error')} of the service."
        if total
        else "The service caused no errors."
    )
    return Judgement(ReviewVerdict.MET, f"{resolved}{remark}")


def _not_judged(reason: str) -> Judgement:
    return Judgement(ReviewVerdict.NOT_JUDGED, reason)


def _describe_problems(
    usages: Iterable[OperationUsage], problems: frozenset[RequestProblem]
) -> list[str]:
    """Return a clause for each operation and problem, the most frequent first."""
    found = [
        (count, usage, _REQUEST_PROBLEMS[name])
        for usage in usages
        for name, count in usage.problems
        if _REQUEST_PROBLEMS[name] in problems
    ]
    found.sort(key=lambda item: -item[0])
    clauses = [
        f"{_of(count, usage.requests)} to `{_plain(usage.operation)}`: {problem}"
        for count, usage, problem in found[:MAX_NAMED]
    ]
    if len(found) > MAX_NAMED:
        clauses.append(f"{len(found) - MAX_NAMED} more kinds of problems")
    return clauses


def _statuses(usage: OperationUsage) -> str:
    return ", ".join(f"{status} {how_often(count)}" for status, count in usage.errors.statuses)


def _total(usages: Iterable[OperationUsage], name: str) -> int:
    return sum(getattr(usage, name) for usage in usages)


def _of(part: int, whole: int, noun: str = "request") -> str:
    """Return `3 of 12 requests`, or `all 12 requests`."""
    return f"{of(part, whole)} {noun}{'s' * (whole != 1)}"


def _names(names: Iterable[str]) -> str:
    """Return the first names, and how many more there are."""
    return first_of([f"`{name}`" for name in names], MAX_NAMED) or "none"


def _plain(text: str) -> str:
    """Return a text that the service chose, for a code span."""
    return text.replace("`", "'")


def _sentence(clauses: Iterable[str]) -> str:
    """Return clauses as one sentence."""
    text = "; ".join(clause.rstrip(".") for clause in clauses)
    return f"{text[:1].upper()}{text[1:]}."
