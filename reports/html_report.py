"""`certification.html`: one self-contained page, from the templates beside this module."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from pytest_mews.model import Delivery, Evidence, Exchange, Run
from pytest_mews.model.scenario import DOCUMENTATION
from pytest_mews.reports import (
    evidence_selection,
    fetch_picture,
    labels,
    template_filters,
    websocket_picture,
    websocket_table,
)
from pytest_mews.reports.api_requests import Asked, asked, traffic
from pytest_mews.reports.areas import areas, unseen
from pytest_mews.reports.bodies import answer_body, message_body
from pytest_mews.reports.certificate_lifetime import days_left
from pytest_mews.reports.fetch_table import chain, zero_ms
from pytest_mews.reports.headline import headline
from pytest_mews.reports.matrix_filters import marks, matrix_filters, rules
from pytest_mews.reports.pictures import pictures
from pytest_mews.reports.problems import grouped, problems
from pytest_mews.reports.size_budget import SizeBudget

HEADERS = 20
DELIVERIES = 3
CALLS = 20


def to_html(run: Run) -> str:
    """Render the page. It fetches nothing, and needs no script to be read."""
    found, asked = problems(run), matrix_filters(run.results)
    return (
        _environment()
        .get_template("report.html")
        .render(
            run=run,
            headline=headline(run, found),
            problems=found,
            groups=grouped(found),
            explained={problem.result.scenario.id for problem in found},
            known={result.scenario.id for result in run.results},
            areas=areas(run.results),
            sieve=asked,
            sieve_rules=rules(asked, run.results),
            ration=SizeBudget(),
            pictures=pictures(run),
            unobserved=unseen(run.results),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pytest_mews.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Whatever a template prints passes here, so no hostile text can be forgotten.
        finalize=template_filters.shown,
    )
    environment.globals |= {
        "SHAPES": labels.SHAPES,
        "MEANINGS": labels.MEANINGS,
        "READINESS": labels.READINESS,
        "CHANGES": labels.CHANGES,
        "WAIVERS": labels.WAIVERS,
        "DOCUMENTATION": DOCUMENTATION,
        "marks": marks,
        "HEADERS": HEADERS,
        "OUTCOMES": labels.OUTCOMES,
        "trials": evidence_selection.select_evidence,
        "deliveries": _deliveries,
        "telling": evidence_selection.telling,
        "answers": _answers,
        "began": evidence_selection.began_ms,
        "zero": evidence_selection.zero_ms,
        "message_body": message_body,
        "answer_body": answer_body,
        "TLS_PROBLEMS": labels.TLS_PROBLEMS,
        "days_left": days_left,
        "chain": chain,
        "chain_picture": fetch_picture,
        "calls": _calls,
        "stream": websocket_table,
        "stream_picture": websocket_picture,
        "stream_calls": _stream_calls,
        "traffic": traffic,
    }
    for each in (
        template_filters.cap,
        template_filters.prose,
        template_filters.sentence,
        template_filters.utc,
        template_filters.ms,
    ):
        environment.filters[each.__name__] = each
    return environment


def _deliveries(trial: Evidence) -> tuple[Delivery, ...]:
    return evidence_selection.deliveries(trial, DELIVERIES)


def _calls(trial: Evidence) -> list[Asked]:
    zero = zero_ms(trial.transcript.deliveries)
    return [asked(call, zero) for call in evidence_selection.calls(trial, CALLS)]


def _stream_calls(trial: Evidence) -> list[Asked]:
    zero = websocket_table.zero_ms(trial)
    return [asked(call, zero) for call in evidence_selection.calls(trial, CALLS)]


def _answers(delivery: Delivery) -> list[tuple[int, Exchange, bool]]:
    """Per attempt the exchange that decided it, and whether it answered like the one before."""
    deciding = [
        (attempt.number, attempt.exchanges[-1])
        for attempt in delivery.attempts[: evidence_selection.ATTEMPTS]
        if attempt.exchanges and attempt.exchanges[-1].status is not None
    ]
    faces = [(exchange.status, exchange.response_body) for _, exchange in deciding]
    return [
        (number, exchange, index > 0 and faces[index] == faces[index - 1])
        for index, (number, exchange) in enumerate(deciding)
    ]
