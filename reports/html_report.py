"""`certification.html`: one self-contained page, rendered from the templates in this package."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pytest_mews.mews.facts import DOCUMENTATION
from pytest_mews.model import Delivery, Evidence, Exchange, Run, evidence_selection
from pytest_mews.model.exchange import TLS_PROBLEMS
from pytest_mews.reports import (
    certification_review,
    fetch_picture,
    labels,
    template_filters,
    websocket_picture,
    websocket_table,
)
from pytest_mews.reports.api_requests import RequestRow, request_row, summarize_requests
from pytest_mews.reports.areas import group_by_area, group_unobserved
from pytest_mews.reports.bodies import message_body, response_body
from pytest_mews.reports.cause_reports import CauseReport, FixGroup, fix_groups
from pytest_mews.reports.charts import Picture, drawing
from pytest_mews.reports.command_lines import repeat_command
from pytest_mews.reports.delivery_timeline import draw_timeline
from pytest_mews.reports.fact_groups import group_facts
from pytest_mews.reports.fetch_table import build_fetch_table, first_delivery_ms
from pytest_mews.reports.headline import headline, readiness_phrase, shown_readiness
from pytest_mews.reports.json_report import to_json_text
from pytest_mews.reports.latency_picture import draw_by_batch_size, draw_distribution
from pytest_mews.reports.matrix_filters import filter_css, matrix_filters, row_classes
from pytest_mews.reports.picture_process import PictureError, can_draw
from pytest_mews.reports.problems import find_problems
from pytest_mews.reports.rate_limit_picture import draw_requests
from pytest_mews.reports.template_bytecode import TemplateBytecode
from pytest_mews.review import judge_points

MAX_HEADERS = 20
MAX_DELIVERIES = 3
MAX_CALLS = 20
MAX_EVIDENCE_BYTES = 3_000_000  # with all else that is bounded, the page stays under 5 MB
OMITTED_EVIDENCE = Markup(
    '<p class="meta">The evidence is left out here so that the page stays small. '
    "<code>certification.json</code> has it.</p>"
)
NOT_INSTALLED = Markup(
    "Pictures are left out here, because the library that draws them is not installed. "
    '<code>pip install "pytest-mews[pictures]"</code> adds it.'
)


def to_html(run: Run, json_text: str | None = None) -> str:
    """Render the page. It loads nothing, and its one script is not needed to read it.

    If pictures can't be drawn, it has none, and says why.

    Args:
        run: the run.
        json_text: the content of `certification.json`, whose digest the page has; made if missing.

    """
    digest = hashlib.sha256((json_text or to_json_text(run)).encode()).hexdigest()
    if not can_draw():
        return _render(run, digest, NOT_INSTALLED)
    try:
        with drawing():
            return _render(run, digest)
    except PictureError as error:
        return _render(run, digest, f"Pictures are left out here, because {error}.")


def _by_scenario(groups: Iterable[FixGroup]) -> dict[str, list[CauseReport]]:
    """Return the causes that explain a scenario, by its id: several may."""
    causes: dict[str, list[CauseReport]] = {}
    for group in groups:
        for report in group.causes:
            for scenario_id in report.cause.explains:
                causes.setdefault(scenario_id, []).append(report)
    return causes


def _render(run: Run, json_digest: str, why_no_pictures: str = "") -> str:
    environment = _environment()
    script = environment.get_template("script.js").render()
    groups, filters = fix_groups(run), matrix_filters(run.results)
    return environment.get_template("report.html").render(
        run=run,
        phrase=readiness_phrase(run),
        shown_readiness=shown_readiness(run),
        headline=headline(run, find_problems(run)),
        fix_groups=groups,
        causes_by_scenario=_by_scenario(groups),
        problem_ids={problem.result.scenario.id for group in groups for problem in group.problems},
        scenario_ids={result.scenario.id for result in run.results},
        areas=group_by_area(run.results),
        filters=filters,
        filter_css=filter_css(filters, run.results),
        within_budget=SizeBudget(),
        pictures=draw_pictures(run),
        why_no_pictures=why_no_pictures,
        review_points=judge_points(run),
        json_digest=json_digest,
        repeat_command=repeat_command(run),
        script=Markup(script),  # noqa: S704 - our own file
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        unobserved_groups=group_unobserved(run.results),
    )


@dataclass
class SizeBudget:
    """The bytes of evidence that the page may still contain; the first evidence gets them."""

    remaining: int = MAX_EVIDENCE_BYTES

    def __call__(self, evidence: Markup) -> Markup:
        """Return the evidence if it fits, otherwise a note, which uses nothing of the budget."""
        size = len(evidence.encode())
        if size > self.remaining:
            return OMITTED_EVIDENCE
        self.remaining -= size
        return evidence


def draw_pictures(run: Run) -> tuple[Picture, ...]:
    """Draw the pictures of the run; one without data says why."""
    limit_ms = run.profile.number("timeout_s") * 1000
    attempts = [record for result in run.results for record in result.attempts]
    return (
        draw_timeline(run, limit_ms),
        draw_by_batch_size(attempts, limit_ms),
        draw_distribution(attempts, limit_ms),
        draw_requests(run),
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pytest_mews.reports"),
        bytecode_cache=TemplateBytecode(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Everything that a template prints passes here, so no untrusted text is forgotten.
        finalize=template_filters.sanitize_output,
    )
    environment.globals |= {
        "VERDICTS": labels.VERDICTS,
        "VERDICT_MEANINGS": labels.VERDICT_MEANINGS,
        "READINESS": labels.READINESS,
        "CHANGES": labels.CHANGES,
        "WAIVER_STATES": labels.WAIVER_STATES,
        "CONCERNS": labels.CONCERNS,
        "REVIEW_VERDICTS": labels.REVIEW_VERDICTS,
        "review": certification_review,
        "OUTCOMES": labels.OUTCOMES,
        "TLS_PROBLEMS": TLS_PROBLEMS,
        "DOCUMENTATION": DOCUMENTATION,
        "MAX_ATTEMPTS": evidence_selection.MAX_ATTEMPTS,
        "MAX_EXCHANGES": evidence_selection.MAX_EXCHANGES,
        "MAX_HEADERS": MAX_HEADERS,
        "row_classes": row_classes,
        "select_evidence": evidence_selection.select_evidence,
        "select_deliveries": _select_deliveries,
        "key_delivery": evidence_selection.key_delivery,
        "delivery_start_ms": evidence_selection.delivery_start_ms,
        "responses": _responses,
        "message_body": message_body,
        "response_body": response_body,
        "build_fetch_table": build_fetch_table,
        "group_facts": group_facts,
        "fetch_picture": fetch_picture,
        "request_rows": _request_rows,
        "summarize_requests": summarize_requests,
        "websocket_table": websocket_table,
        "websocket_picture": websocket_picture,
        "websocket_request_rows": _websocket_request_rows,
    }
    for template_filter in (
        template_filters.cap,
        template_filters.prose,
        template_filters.sentence,
        template_filters.utc,
        template_filters.ms,
    ):
        environment.filters[template_filter.__name__] = template_filter
    return environment


def _select_deliveries(evidence: Evidence) -> tuple[Delivery, ...]:
    return evidence_selection.select_deliveries(evidence, MAX_DELIVERIES)


def _request_rows(evidence: Evidence) -> list[RequestRow]:
    start_ms = first_delivery_ms(evidence.transcript.deliveries)
    calls = evidence_selection.select_calls(evidence, MAX_CALLS)
    return [request_row(call, start_ms) for call in calls]


def _websocket_request_rows(evidence: Evidence) -> list[RequestRow]:
    start_ms = websocket_table.case_start_ms(evidence)
    calls = evidence_selection.select_calls(evidence, MAX_CALLS)
    return [request_row(call, start_ms) for call in calls]


def _responses(delivery: Delivery) -> list[tuple[int, Exchange, bool]]:
    """Return the number, final exchange and equality with the previous response by attempt."""
    final = [
        (attempt.number, attempt.exchanges[-1])
        for attempt in delivery.attempts[: evidence_selection.MAX_ATTEMPTS]
        if attempt.exchanges and attempt.exchanges[-1].status is not None
    ]
    contents = [(exchange.status, exchange.response_body) for _, exchange in final]
    return [
        (number, exchange, index > 0 and contents[index] == contents[index - 1])
        for index, (number, exchange) in enumerate(final)
    ]
