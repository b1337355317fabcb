"""Partners that differ from the sound one and are just as sound: they must pass everything."""

from __future__ import annotations

from dataclasses import replace

from pytest_mews.demo.partner_state import changes_of
from pytest_mews.demo.processing.entity_readers import (
    PARAMETERS,
    by_id,
    by_interval,
    entity_readers,
)
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.service import PATH, Request, Response, respond
from pytest_mews.demo.webhook_bodies import Document, entity_kind_of, events_of
from pytest_mews.demo.websocket.client_options import (
    DISCRIMINATORS,
    ClientOptions,
    reconnect_pause_s,
)
from pytest_mews.mews.events import EVENTS

MOVED_PATH = "/moved/webhooks/mews"
SLOW_S = 0.2  # far below the documented limit of 5 s (events/wh-faq)
PAGE = b"<!doctype html><title>Thank you</title>" + b"<p>We have received your message.</p>" * 4000


def answers_200(token: str, request: Request) -> Response:
    """Answers 200 instead of 202."""
    return _with_success_status(respond(token, request), 200)


def answers_204(token: str, request: Request) -> Response:
    """Answers 204 instead of 202."""
    return _with_success_status(respond(token, request), 204)


def redirects_307(token: str, request: Request) -> Response:
    """Redirects every message with 307 to another path, which is sound."""
    return redirect(token, request, 307)


def redirects_308(token: str, request: Request) -> Response:
    """Redirects every message with 308 to another path, which is sound."""
    return redirect(token, request, 308)


def slow_but_fine(token: str, request: Request) -> Response:
    """Answers everything after 200 ms."""
    return replace(respond(token, request), delay_s=SLOW_S)


def verbose_response(token: str, request: Request) -> Response:
    """Answers 200 with a large HTML page: the status alone reports success."""
    response = respond(token, request)
    if response.accepted is None:
        return response
    return replace(response, status=200, body=PAGE, headers=(("Content-Type", "text/html"),))


def closes_connections(token: str, request: Request) -> Response:
    """Closes each connection after one request; the sound partner keeps it alive."""
    return respond(token, request)


def reads_by_interval() -> ProcessingOptions:
    """Fetches everything updated since the last fetch, instead of by id."""
    return ProcessingOptions(
        readers=entity_readers()
        | {
            "reservations": by_interval("reservations/getAll/2023-06-06", "Reservations"),
            "resources": by_interval("resources/getAll", "Resources", **PARAMETERS["resources"]),
            "resourceBlocks": by_interval(
                "resourceBlocks/getAll", "ResourceBlocks", **PARAMETERS["resourceBlocks"]
            ),
            "customers": by_interval("customers/getAll", "Customers", **PARAMETERS["customers"]),
            "payments": by_interval("payments/getAll", "Payments"),
        }
    )


def drops_deleted() -> ProcessingOptions:
    """Applies deletions without a fetch, and never asks for deleted entities."""

    def select_changes(document: Document) -> list[tuple[str, str]]:
        events = [
            event
            for event in events_of(document)
            if entity_kind_of(event) and not EVENTS[event["Discriminator"]].is_deletion
        ]
        return changes_of({**document, "Events": events})

    resources = by_id("resources/getAll", "Resources", "ResourceIds", Extent={"Resources": True})
    blocks = by_id("resourceBlocks/getAll", "ResourceBlocks", "ResourceBlockIds")
    return ProcessingOptions(
        select_changes=select_changes,
        readers=entity_readers() | {"resources": resources, "resourceBlocks": blocks},
    )


def slow_worker() -> ProcessingOptions:
    """Starts to fetch 1 s after the event."""
    return ProcessingOptions(batch_window_s=1.0)


def one_worker() -> ProcessingOptions:
    """Makes one request at a time."""
    return ProcessingOptions(workers=1)


def ws_cookies_without_space() -> ClientOptions:
    """Separates the two cookies with a semicolon only, without a space."""
    return ClientOptions(
        cookie_header=lambda client_token, access_token: (
            f"ClientToken={client_token};AccessToken={access_token}"
        )
    )


def ws_trusts_events() -> ClientOptions:
    """Fetches no reservations and resources: their state is in the event."""
    return ClientOptions(
        select_events=lambda events: [
            event for event in events if event["Type"] not in DISCRIMINATORS
        ],
    )


def ws_slow_reconnect() -> ClientOptions:
    """Waits a second or more before it reconnects, and pings less often."""
    return ClientOptions(
        reconnect_pause_s=lambda failures: reconnect_pause_s(failures + 2), ping_interval_s=3.0
    )


def redirect(token: str, request: Request, status: int) -> Response:
    """Redirect a POST from the usual path to `MOVED_PATH`, which responds as the sound partner."""
    if request.path == MOVED_PATH:
        return respond(token, replace(request, path=PATH))
    if request.path == PATH and request.method == "POST":
        return Response(status, headers=(("Location", f"{MOVED_PATH}?{request.query}"),))
    return respond(token, request)


def _with_success_status(response: Response, status: int) -> Response:
    return response if response.accepted is None else replace(response, status=status)


RESPONSE_VARIANTS = (
    answers_200,
    answers_204,
    redirects_307,
    redirects_308,
    slow_but_fine,
    verbose_response,
)
PROCESSING_VARIANTS = (reads_by_interval, drops_deleted, slow_worker, one_worker)
CLIENT_VARIANTS = (ws_cookies_without_space, ws_trusts_events, ws_slow_reconnect)
