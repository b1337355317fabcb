"""Partners that differ from the sound one and are just as sound: they must pass everything."""

from __future__ import annotations

from dataclasses import replace

from pytest_mews.demo.service import PATH, Answer, Request, answer

MOVED = "/moved/webhooks/mews"
SLOW_S = 0.2  # far from the documented limit of 5 s (events/wh-faq)
PAGE = b"<!doctype html><title>Thank you</title>" + b"<p>We have received your message.</p>" * 4000


def answers_200(token: str, request: Request) -> Answer:
    """Answers 200 instead of 202."""
    return _thanking(token, request, 200)


def answers_204(token: str, request: Request) -> Answer:
    """Answers 204 instead of 202."""
    return _thanking(token, request, 204)


def redirects_307(token: str, request: Request) -> Answer:
    """Redirects every message by 307 to another path, which is sound."""
    return redirecting(token, request, 307)


def redirects_308(token: str, request: Request) -> Answer:
    """Redirects every message by 308 to another path, which is sound."""
    return redirecting(token, request, 308)


def slow_but_fine(token: str, request: Request) -> Answer:
    """Answers everything after 200 ms."""
    return replace(answer(token, request), delay_s=SLOW_S)


def verbose_answer(token: str, request: Request) -> Answer:
    """Answers 200 with a big HTML page: success is told by the status alone."""
    given = answer(token, request)
    if given.accepted is None:
        return given
    return replace(given, status=200, body=PAGE, headers=(("Content-Type", "text/html"),))


def keeps_connections(token: str, request: Request) -> Answer:
    """Keeps each connection for further requests, which the sound one closes."""
    return answer(token, request)


def redirecting(token: str, request: Request, status: int) -> Answer:
    """Redirect what is posted to the usual path; answer soundly at `MOVED`."""
    if request.path == MOVED:
        return answer(token, replace(request, path=PATH))
    if request.path == PATH and request.method == "POST":
        return Answer(status, headers=(("Location", f"{MOVED}?{request.query}"),))
    return answer(token, request)


def _thanking(token: str, request: Request, status: int) -> Answer:
    given = answer(token, request)
    return given if given.accepted is None else replace(given, status=status)


SOUND_VARIANTS = (
    answers_200,
    answers_204,
    redirects_307,
    redirects_308,
    slow_but_fine,
    verbose_answer,
    keeps_connections,
)
