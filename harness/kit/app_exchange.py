"""The exchange of a request with an application in the process of a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pytest_mews.delivery import Clock, Request
from pytest_mews.delivery.curl_options import request_headers
from pytest_mews.model import Exchange, Fault, Outcome
from pytest_mews.model.record import record

BASE_URL = "https://testserver"  # the host of the test clients of Django and Starlette
SERVER_ERROR = 500

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class AppResponse:
    """What an application answered.

    Attributes:
        status: the status; 500 if the application raised an exception instead.
        headers: as the application gave them.
        body: the complete body.
        error: the exception that the application raised, if any.

    """

    status: int
    headers: Headers = ()
    body: bytes = b""
    error: BaseException | None = None


@record
class AppExchange(Exchange):
    """An exchange with an application in this process.

    Attributes:
        error: the exception that the application raised, if any; a server would log it.

    """

    error: BaseException | None = field(default=None, compare=False, repr=False)


def sent_body(request: Request) -> bytes:
    """Return the part of the body that is sent: half of it if the fault truncates it."""
    if request.fault is Fault.TRUNCATE_REQUEST:
        return request.body[: max(1, len(request.body) // 2)]
    return request.body


def is_elsewhere(request: Request, base_url: str) -> bool:
    """Return whether a redirect led to another host, which is not in this process."""
    return urlsplit(request.url).netloc != urlsplit(base_url).netloc


def unreachable(request: Request, clock: Clock) -> Exchange:
    """Return the exchange of a request to a host that is not in this process."""
    host = urlsplit(request.url).netloc
    detail = f"the redirect leads to {host}, which is not in the process of the test"
    now_ms = clock.now_ms()
    return AppExchange(
        request.method,
        request.url,
        request_headers(request),
        len(request.body),
        Outcome.CONNECTION_REFUSED,
        now_ms,
        now_ms,
        detail=detail,
    )


def build_exchange(
    request: Request, started_ms: float, ended_ms: float, response: AppResponse | None
) -> Exchange:
    """Return the exchange of a request.

    Args:
        request: the request; its fault and its deadline decide the outcome with the response.
        started_ms: when it was passed to the application.
        ended_ms: when the response was complete, or the time was over.
        response: the response; None if none came in time.

    """
    outcome, detail = _classify(request, (ended_ms - started_ms) / 1000, response)
    answered = response if response is not None and outcome is not Outcome.TIMEOUT_ANSWER else None
    return AppExchange(
        request.method,
        request.url,
        request_headers(request),
        len(request.body),
        outcome,
        started_ms,
        ended_ms,
        connected_ms=started_ms,
        sent_ms=started_ms,
        first_byte_ms=ended_ms if answered else None,
        status=answered.status if answered else None,
        response_headers=answered.headers if answered else (),
        response_body=answered.body if answered else b"",
        response_size=len(answered.body) if answered else 0,
        http_version="HTTP/1.1",
        detail=detail,
        error=response.error if response else None,
    )


def _classify(
    request: Request, elapsed_s: float, response: AppResponse | None
) -> tuple[Outcome, str]:
    """Return outcome and detail; an injected fault takes precedence over its consequences."""
    said = f"the service responded {response.status}" if response else ""
    if request.fault is Fault.TRUNCATE_REQUEST:
        cut = f"cut after {len(sent_body(request))} of {len(request.body)} bytes"
        return Outcome.REQUEST_TRUNCATED, f"{cut}; {said}" if said else cut
    if request.fault is Fault.RESET:
        return Outcome.RESET_BY_HARNESS, said
    if response is None or elapsed_s > request.deadline_s:
        return Outcome.TIMEOUT_ANSWER, f"no response within {request.deadline_s:g} s"
    is_redirect = response.status // 100 == 3  # noqa: PLR2004 - 3xx
    if request.fault is Fault.DROP_RESPONSE and not is_redirect:
        return Outcome.RESPONSE_DROPPED, said
    raised = "" if response.error is None else f"the application raised {response.error!r}"
    if response.status // 100 == 2:  # noqa: PLR2004 - 2xx
        return Outcome.DELIVERED, raised
    return Outcome.ERROR_STATUS, raised
