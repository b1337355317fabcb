"""`certification.html`: one self-contained page, from the templates beside this module."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from mews_harness.model import (
    Delivery,
    Exchange,
    Run,
    Trial,
)
from mews_harness.model.scenario import DOCUMENTATION
from mews_harness.reports import (
    chain_picture,
    filters,
    selection,
    streaming,
    streaming_picture,
    words,
)
from mews_harness.reports.areas import areas, unseen
from mews_harness.reports.asking import Asked, asked, traffic
from mews_harness.reports.bodies import answer_body, message_body
from mews_harness.reports.chain import chain, zero_ms
from mews_harness.reports.headline import headline
from mews_harness.reports.pictures import pictures
from mews_harness.reports.problems import grouped, problems
from mews_harness.reports.ration import Ration
from mews_harness.reports.sieve import marks, rules, sieve
from mews_harness.reports.tls import days_left

HEADERS = 20
DELIVERIES = 3
CALLS = 20


def to_html(run: Run) -> str:
    """Render the page. It fetches nothing, and needs no script to be read."""
    found, asked = problems(run), sieve(run.results)
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
            ration=Ration(),
            pictures=pictures(run),
            unobserved=unseen(run.results),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("mews_harness.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Whatever a template prints passes here, so no hostile text can be forgotten.
        finalize=filters.shown,
    )
    environment.globals |= {
        "SHAPES": words.SHAPES,
        "MEANINGS": words.MEANINGS,
        "READINESS": words.READINESS,
        "CHANGES": words.CHANGES,
        "WAIVERS": words.WAIVERS,
        "DOCUMENTATION": DOCUMENTATION,
        "marks": marks,
        "HEADERS": HEADERS,
        "OUTCOMES": words.OUTCOMES,
        "trials": selection.trials,
        "deliveries": _deliveries,
        "telling": selection.telling,
        "answers": _answers,
        "began": selection.began_ms,
        "zero": selection.zero_ms,
        "message_body": message_body,
        "answer_body": answer_body,
        "TLS_PROBLEMS": words.TLS_PROBLEMS,
        "days_left": days_left,
        "chain": chain,
        "chain_picture": chain_picture,
        "calls": _calls,
        "stream": streaming,
        "stream_picture": streaming_picture,
        "stream_calls": _stream_calls,
        "traffic": traffic,
    }
    for each in (filters.cap, filters.prose, filters.sentence, filters.utc, filters.ms):
        environment.filters[each.__name__] = each
    return environment


def _deliveries(trial: Trial) -> tuple[Delivery, ...]:
    return selection.deliveries(trial, DELIVERIES)


def _calls(trial: Trial) -> list[Asked]:
    zero = zero_ms(trial.transcript.deliveries)
    return [asked(call, zero) for call in selection.calls(trial, CALLS)]


def _stream_calls(trial: Trial) -> list[Asked]:
    zero = streaming.zero_ms(trial)
    return [asked(call, zero) for call in selection.calls(trial, CALLS)]


def _answers(delivery: Delivery) -> list[tuple[int, Exchange, bool]]:
    """Per attempt the exchange that decided it, and whether it answered like the one before."""
    deciding = [
        (attempt.number, attempt.exchanges[-1])
        for attempt in delivery.attempts[: selection.ATTEMPTS]
        if attempt.exchanges and attempt.exchanges[-1].status is not None
    ]
    faces = [(exchange.status, exchange.response_body) for _, exchange in deciding]
    return [
        (number, exchange, index > 0 and faces[index] == faces[index - 1])
        for index, (number, exchange) in enumerate(deciding)
    ]
