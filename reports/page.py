"""`certification.html`: one self-contained page, from the templates beside this module."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from mews_harness.model import (
    Delivery,
    Exchange,
    Message,
    Run,
    Trial,
)
from mews_harness.reports import chain_picture, selection, streaming, streaming_picture, words
from mews_harness.reports.areas import areas, unseen
from mews_harness.reports.asking import Asked, asked, traffic
from mews_harness.reports.chain import chain, zero_ms
from mews_harness.reports.pictures import pictures
from mews_harness.reports.problems import problems
from mews_harness.reports.tls import days_left
from mews_harness.reports.visible import Body, capped, decode, visible

EVENTS_SHOWN = 3
MESSAGE_CHARACTERS = 3_000
ANSWER_BYTES = 1_000
TEXT = 600
HEADERS = 20
DELIVERIES = 3
CALLS = 20


def to_html(run: Run) -> str:
    """Render the page. It fetches nothing, and needs no script to be read."""
    found = problems(run)
    return (
        _environment()
        .get_template("report.html")
        .render(
            run=run,
            problems=found,
            explained={problem.result.scenario.id for problem in found},
            areas=areas(run.results),
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
        finalize=_shown,
    )
    environment.globals |= {
        "SHAPES": words.SHAPES,
        "MEANINGS": words.MEANINGS,
        "READINESS": words.READINESS,
        "HEADERS": HEADERS,
        "OUTCOMES": words.OUTCOMES,
        "trials": selection.trials,
        "deliveries": _deliveries,
        "telling": selection.telling,
        "answers": _answers,
        "began": selection.began_ms,
        "zero": selection.zero_ms,
        "message_body": _message_body,
        "answer_body": _answer_body,
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
    environment.filters |= {"cap": _cap, "ms": _ms, "sentence": _sentence}
    return environment


def _cap(text: str, limit: int = TEXT) -> str:
    return capped(text, limit)


def _sentence(text: str) -> str:
    """Begin with a capital letter and end with a full stop."""
    return text[:1].upper() + text[1:] + "." * (not text.endswith("."))


def _shown(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


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


def _message_body(message: Message, limit: int = MESSAGE_CHARACTERS) -> Body:
    """Pretty-print a message whose body is plain JSON; of many events only the first are shown."""
    size = len(message.body)
    try:
        data = json.loads(message.body, object_pairs_hook=_without_repeats)
        text, note = _pretty(data)
    except (ValueError, RecursionError):
        raw = decode(message.body, size, limit)
        return Body(raw.text, size, raw.note)
    if len(text) > limit:
        note = "cut; certification.json has more"
    return Body(capped(text, limit), size, note)


def _pretty(data: object) -> tuple[str, str]:
    note = ""
    if isinstance(data, dict) and isinstance(data.get("Events"), list):
        events = data["Events"]
        left_out = len(events) - EVENTS_SHOWN
        if left_out > 0:
            data = data | {"Events": events[:EVENTS_SHOWN]}
            note = f"the first {EVENTS_SHOWN} of {len(events):,} events"
    return json.dumps(data, indent=2, ensure_ascii=False), note


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that names a property twice: a dict would hide what was sent."""
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a property is repeated")
    return dict(pairs)


def _answer_body(exchange: Exchange) -> Body:
    return decode(exchange.response_body, exchange.response_size, ANSWER_BYTES)


def _ms(moment: float) -> str:
    """A duration in ms for people: `38 ms`, `6.80 s`, `3 min 0 s`."""
    if abs(moment) < 999.5:  # noqa: PLR2004 - what rounds to less than a second
        return f"{moment:.0f} ms"
    seconds = moment / 1000
    if seconds < 120:  # noqa: PLR2004 - two minutes
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
