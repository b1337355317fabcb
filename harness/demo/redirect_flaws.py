"""Flaws in where a partner redirects to; each redirects batches of two events or more by 308."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_mews.demo.service import PATH, Answer, Request, answer
from pytest_mews.demo.webhook_bodies import events_of

OTHER_PATH = "/moved/webhooks/mews"
MANY = 7  # redirects; the profiles follow 5
OTHER_NAME = "localhost"  # another host by name, and still nobody but this machine


def redirects_in_a_circle(token: str, request: Request) -> Answer:
    """Redirects batches of two events or more from one path to another and back, for ever."""
    there = OTHER_PATH if request.path == PATH else PATH
    return _leading(token, request, (OTHER_PATH,), there)


def redirects_too_often(token: str, request: Request) -> Answer:
    """Redirects batches of two events or more seven times before it takes them."""
    paths = [f"{OTHER_PATH}/{number}" for number in range(1, MANY + 1)]
    turn = paths.index(request.path) + 1 if request.path in paths else 0
    return _leading(token, request, paths, paths[turn] if turn < MANY else "")


def redirects_to_other_host(token: str, request: Request) -> Answer:
    """Redirects batches of two events or more to another host name, where it takes them."""
    return _leading(token, request, (OTHER_PATH,), _elsewhere(request, "http", OTHER_NAME))


def redirects_to_http(token: str, request: Request) -> Answer:
    """Serves https, and redirects batches of two events or more to plain http."""
    name = request.headers.get("host", "").partition(":")[0]
    return _leading(token, request, (OTHER_PATH,), _elsewhere(request, "http", name))


def _elsewhere(request: Request, scheme: str, name: str) -> str:
    """Name the other path on a host; nothing where that is where the request has come to."""
    if request.path == OTHER_PATH:
        return ""
    port = request.headers.get("host", "").partition(":")[2]
    return f"{scheme}://{name}:{port}{OTHER_PATH}" if port else f"{scheme}://{name}{OTHER_PATH}"


def _leading(token: str, request: Request, paths: Sequence[str], there: str) -> Answer:
    """Serve more paths than the usual one, and redirect what is accepted, if there is a place."""
    path = PATH if request.path in paths else request.path
    given = answer(token, replace(request, path=path))
    if not there or len(events_of(given.accepted)) <= 1:
        return given
    return Answer(308, headers=(("Location", f"{there}?{request.query}"),))


REDIRECT_FLAWS = (
    redirects_in_a_circle,
    redirects_too_often,
    redirects_to_other_host,
    redirects_to_http,
)
