"""Flaws in redirects; each redirects batches of two events or more with 308."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pytest_mews.demo.service import PATH, Request, Response, respond
from pytest_mews.demo.webhook_bodies import events_of

MOVED_PATH = "/moved/webhooks/mews"
REDIRECTS = 7  # more than the 5 that the profiles follow
OTHER_HOST = "localhost"  # another host name for this machine


def redirect_loop(token: str, request: Request) -> Response:
    """Redirects batches of two events or more between two paths, endlessly."""
    other_path = MOVED_PATH if request.path == PATH else PATH
    return _redirect_batch(token, request, (MOVED_PATH,), other_path)


def too_many_redirects(token: str, request: Request) -> Response:
    """Redirects batches of two events or more seven times before it accepts them."""
    paths = [f"{MOVED_PATH}/{number}" for number in range(1, REDIRECTS + 1)]
    followed = paths.index(request.path) + 1 if request.path in paths else 0
    location = paths[followed] if followed < REDIRECTS else ""
    return _redirect_batch(token, request, paths, location)


def redirects_to_other_host(token: str, request: Request) -> Response:
    """Redirects batches of two events or more to another host name, where it accepts them."""
    location = _moved_url(request, "http", OTHER_HOST)
    return _redirect_batch(token, request, (MOVED_PATH,), location)


def redirects_to_http(token: str, request: Request) -> Response:
    """Serves https, and redirects batches of two events or more to plain http."""
    host = request.headers.get("host", "").partition(":")[0]
    return _redirect_batch(token, request, (MOVED_PATH,), _moved_url(request, "http", host))


def _moved_url(request: Request, scheme: str, host: str) -> str:
    """Return the URL of `MOVED_PATH` on a host; empty if the request is there already."""
    if request.path == MOVED_PATH:
        return ""
    port = request.headers.get("host", "").partition(":")[2]
    return f"{scheme}://{host}:{port}{MOVED_PATH}" if port else f"{scheme}://{host}{MOVED_PATH}"


def _redirect_batch(token: str, request: Request, paths: Sequence[str], location: str) -> Response:
    """Serve additional paths, and redirect accepted batches to a location unless it is empty."""
    path = PATH if request.path in paths else request.path
    response = respond(token, replace(request, path=path))
    if not location or len(events_of(response.accepted)) <= 1:
        return response
    return Response(308, headers=(("Location", f"{location}?{request.query}"),))


REDIRECT_FLAWS = (
    redirect_loop,
    too_many_redirects,
    redirects_to_other_host,
)
