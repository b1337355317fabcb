"""`certification-review.md`: what Mews's review would see, for the person who fills in its form.

The rows of its tables are those of the page's chapter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_mews.checks.phrasing import quantity
from pytest_mews.mews.api_operations import OPERATIONS
from pytest_mews.mews.limits import REQUEST_WINDOW_S
from pytest_mews.model import ErrorCounts, OperationUsage, RequestProblem, Run
from pytest_mews.model.api_call import REQUEST_PROBLEMS
from pytest_mews.reports import labels
from pytest_mews.reports.headline import readiness_phrase
from pytest_mews.reports.markdown_summary import code, escape, with_code
from pytest_mews.review import JudgedPoint, judge_points

INTRODUCTION = (
    "Mews's certification review looks at API calls and at nothing else. This chapter judges those "
    "that the emulator received during this run; Mews alone certifies."
)
OPERATION_NOTE = (
    "No page says that the review looks at a webhook endpoint's responses, timing or tokens: the "
    "Delivery stage is readiness for operation."
)
NOT_OBSERVED = (
    "No API calls were observed in this run: `--mews-api HOST:PORT` serves the Connector API "
    "emulator, so that the service calls it instead of Mews."
)
_PROBLEMS = {problem.value: REQUEST_PROBLEMS[problem] for problem in RequestProblem}


@dataclass(frozen=True)
class OperationRow:
    """The requests for one operation, in words; `is_missing` if it was listed and never called."""

    operation: str
    requests: str
    pages: str
    filters: str
    extents: str
    problems: str
    is_missing: bool = False


def operation_rows(run: Run) -> tuple[OperationRow, ...]:
    """Return a row for each operation that was called or listed, in the order of their names."""
    usages = () if run.api_usage is None else run.api_usage.operations
    called = {usage.operation: _row(usage) for usage in usages}
    missing = {
        name: OperationRow(name, "never called", "", "", "", "", is_missing=True)
        for name in run.listed_operations
        if name not in called
    }
    rows = called | missing
    return tuple(rows[name] for name in sorted(rows))


def _row(usage: OperationUsage) -> OperationRow:
    requests = f"{usage.requests:,}"
    if usage.by_ids:
        by_ids = "all" if usage.by_ids == usage.requests else f"{usage.by_ids:,}"
        requests += f", {by_ids} by ids"
    pages = ""
    if usage.next_pages or usage.next_pages_offered:
        # Behind a page that is exactly full, a client may ask for one that is empty.
        offered = max(usage.next_pages, usage.next_pages_offered)
        pages = f"{usage.next_pages:,} of {offered:,} further pages"
    filters = [f"{name} {count:,}" for name, count in usage.filters]
    operation = OPERATIONS.get(usage.operation)
    if usage.unfiltered and operation is not None and operation.ids is not None:
        filters.append(f"everything {usage.unfiltered:,}")
    problems = [
        f"{_PROBLEMS[name]}: {count:,}"
        for name, count in usage.problems
        if name != RequestProblem.OVER_LIMIT  # of all operations together: the peak says it
    ]
    problems += _errors(usage.errors, "error" if usage.errors.total == 1 else "errors")
    problems += _errors(usage.provoked_errors, "provoked by the harness")
    return OperationRow(
        usage.operation,
        requests,
        pages,
        ", ".join(filters),
        ", ".join(f"{name} {count:,}" for name, count in usage.extents),
        "; ".join(problems),
    )


def _errors(errors: ErrorCounts, name: str) -> Iterator[str]:
    if errors.total:
        statuses = ", ".join(f"{status}: {count:,}" for status, count in errors.statuses)
        yield f"{errors.total:,} {name} ({statuses}), {errors.resolved:,} resolved later"


def summarize_usage(run: Run) -> str:
    """Say how many requests there were, at which rate, and by which `Client`."""
    usage = run.api_usage
    if usage is None:
        return NOT_OBSERVED
    documented = sum(operation.is_documented for operation in usage.operations)
    return (
        f"{quantity(usage.requests, 'request')} for {quantity(documented, 'operation')}, at most "
        f"{usage.peak:,} within {REQUEST_WINDOW_S} s with one AccessToken."
    )


def to_review_markdown(run: Run) -> str:
    """Render the file."""
    parts = ["# What Mews's certification review would see", INTRODUCTION, OPERATION_NOTE]
    parts.append("\n".join(_facts(run)))
    if run.api_usage is not None:
        parts += ["## The points of the review", "\n".join(map(_point, judge_points(run)))]
        parts += ["## The operations", "\n".join(_operations(run))]
    parts += ["## Readiness for operation", *_operation(run)]
    return "\n\n".join(parts) + "\n"


def _facts(run: Run) -> Iterator[str]:
    if run.about:
        yield f"- Product: {code(run.about)}"
    yield f"- Run of {run.started_utc}, pytest-mews {escape(run.version)}, seed {run.seed}"
    if run.selection:
        yield f"- Only the scenarios of {code(run.selection)} ran."
    if run.interrupted:
        yield "- The run was interrupted: this is what it observed until then."
    yield f"- {with_code(summarize_usage(run))}"
    if run.api_usage is not None:
        yield from (
            f"- `Client` {code(client)}: {quantity(count, 'request')}"
            for client, count in run.api_usage.clients
        )


def _point(judged: JudgedPoint) -> str:
    symbol, title, _ = labels.REVIEW_VERDICTS[judged.judgement.verdict]
    lines = [f"- {symbol} **{with_code(judged.point.title)}**: {title.lower()}"]
    lines.append(f"  - {with_code(judged.judgement.observed)}")
    if judged.judgement.remedy:
        lines.append(f"  - Fix: {with_code(judged.judgement.remedy)}")
    if judged.scenario_ids:
        lines.append(f"  - Scenarios: {escape(', '.join(judged.scenario_ids))}")
    lines += [
        f"  - Source: {escape(fact.id)} [{escape(fact.source.page)}](<{fact.source.url}>), "
        f"{fact.basis}: {with_code(fact.text)}"
        for fact in judged.point.facts
    ]
    return "\n".join(lines)


def _operations(run: Run) -> Iterator[str]:
    yield "| operation | requests | pages | filters | extents | problems and errors |"
    yield "|---|---|---|---|---|---|"
    for row in operation_rows(run):
        cells = (row.requests, row.pages, row.filters, row.extents, row.problems)
        operation = code(row.operation).replace("|", r"\|")  # a bar ends a cell even in code
        yield f"| {operation} | {' | '.join(map(escape, cells))} |"


def _operation(run: Run) -> Iterator[str]:
    yield f"{OPERATION_NOTE} This run: {escape(readiness_phrase(run))}."
    yield "\n".join(
        f"- {summary.stage.value.capitalize()}: {labels.READINESS[summary.readiness][1]}"
        for summary in run.stages
    )
