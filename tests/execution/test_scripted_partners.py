"""Scenarios over partners that no socket serves: receivers in miniature, and one behind https."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Request
from pytest_mews.demo import behaviour
from pytest_mews.demo.service import PATH
from pytest_mews.demo.service import Request as Received

from .conftest import Table

Lay = Callable[..., Table]
SECRET = "open-sesame"


def tokens(request: Request) -> list[str]:
    """List the tokens of a query, in their order."""
    return parse_qs(urlsplit(request.url).query).get("Token", [])


@pytest.mark.parametrize(
    ("right", "failing"),
    [
        (lambda given: given[0] == SECRET, 0),  # Flask, Go
        (lambda given: given[-1] == SECRET, 0),  # Django, Starlette, PHP, Rails
        (lambda given: given == [SECRET], 0),  # Express, where several are a list
        (lambda given: ",".join(given) == SECRET, 0),  # ASP.NET, Spring
        (lambda given: SECRET in given, 1),
    ],
    ids=["first", "last", "list", "joined", "any"],
)
def test_only_a_search_among_tokens_is_a_flaw(
    table: Lay, right: Callable[[list[str]], bool], failing: int
) -> None:
    """Whichever one token a framework takes, or none, is sound; to take any is not."""
    explorer = table(lambda r: 202 if right(tokens(r)) else 401).explorer("AUTH-09")
    explorer.run()
    assert explorer.progress.failing_cases == failing


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_redirect_to_http_is_caught_under_https(table: Lay, scheme: str) -> None:
    """The very redirect is a flaw of a partner that serves https, and none of another."""
    behave = behaviour("redirects-to-http")

    def answer(request: Request) -> int | tuple[int, str]:
        parts = urlsplit(request.url)
        got = Received(
            request.method, parts.path, parts.query, {"host": parts.netloc}, request.body
        )
        given = behave(SECRET, got)
        place = dict(given.headers).get("Location")
        return given.status if place is None else (given.status, place)

    url = f"{scheme}://partner.example{PATH}?Token={SECRET}"
    laid = replace(table(answer), endpoint=Endpoint(url, url, SECRET, SECRET))
    explorer = laid.explorer("RED-06")
    explorer.run()
    assert (explorer.progress.failing_cases > 0) == (scheme == "https")
    trial = explorer.progress.smallest or explorer.progress.example
    assert trial is not None
    assert trial.findings[0].subject_count == (scheme == "https")


def test_what_is_hostile_to_the_other_url_is_followed_by_a_sign_of_life_there(table: Lay) -> None:
    """Where Integration Webhooks have a URL of their own, both must live on."""
    there = "http://127.0.0.1/other?Token=open-sesame"
    laid = table(lambda r: 202 if b"AccessToken" in r.body or b"Events" in r.body else 400)
    laid = replace(laid, endpoint=Endpoint(laid.endpoint.general_url, there, SECRET, SECRET))
    explorer = laid.explorer("ERR-10")
    explorer.run()
    first = [urlsplit(request.url).path for request in laid.transport.requests[:3]]
    assert first == ["/other", "/hook", "/other"]
    laid.transport.requests.clear()
    laid.explorer("ERR-05").run()
    assert {urlsplit(request.url).path for request in laid.transport.requests} == {"/hook"}


@pytest.mark.parametrize(("status", "failing"), [(202, 0), (404, 1)])
def test_the_preflight_looks_at_both_urls(table: Lay, status: int, failing: int) -> None:
    """A URL for Integration Webhooks that is wrong is told of at once, not scenario by scenario."""
    there = "http://127.0.0.1/integrations?Token=open-sesame"
    laid = table(lambda r: status if r.url == there else 202)
    laid = replace(laid, endpoint=Endpoint(laid.endpoint.general_url, there, SECRET, SECRET))
    explorer = laid.explorer("PRE-01")
    explorer.run()
    assert [request.url for request in laid.transport.requests] == [there]
    assert explorer.progress.failing_cases == failing
