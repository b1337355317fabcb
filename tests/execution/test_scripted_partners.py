"""Scenarios against scripted partners without a socket, some of them with https."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Request
from pytest_mews.demo import partner_kind
from pytest_mews.demo.service import PATH
from pytest_mews.demo.service import Request as Received

from .conftest import Setup

BuildSetup = Callable[..., Setup]
SECRET = "open-sesame"


def tokens(request: Request) -> list[str]:
    """Return the tokens of a query, in their order."""
    return parse_qs(urlsplit(request.url).query).get("Token", [])


@pytest.mark.parametrize(
    ("accepts", "failing"),
    [
        (lambda sent: sent[0] == SECRET, 0),  # Flask, Go
        (lambda sent: sent[-1] == SECRET, 0),  # Django, Starlette, PHP, Rails
        (lambda sent: sent == [SECRET], 0),  # Express, where several are a list
        (lambda sent: ",".join(sent) == SECRET, 0),  # ASP.NET, Spring
        (lambda sent: SECRET in sent, 1),
    ],
    ids=["first", "last", "list", "joined", "any"],
)
def test_two_tokens_in_one_query(
    setup: BuildSetup, accepts: Callable[[list[str]], bool], failing: int
) -> None:
    """A framework may take either token or none; a partner that accepts any is flawed."""
    runner = setup(lambda r: 202 if accepts(tokens(r)) else 401).runner("AUTH-09")
    runner.run()
    assert runner.progress.failing_cases == failing


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_redirect_to_http(setup: BuildSetup, scheme: str) -> None:
    """A redirect to http is a flaw of a partner with https, but not of one without."""
    redirect = partner_kind("redirects-to-http").create_behaviour()

    def respond(request: Request) -> int | tuple[int, str]:
        parts = urlsplit(request.url)
        received = Received(
            request.method, parts.path, parts.query, {"host": parts.netloc}, request.body
        )
        sent = redirect(SECRET, received)
        place = dict(sent.headers).get("Location")
        return sent.status if place is None else (sent.status, place)

    url = f"{scheme}://partner.example{PATH}?Token={SECRET}"
    partner = replace(setup(respond), endpoint=Endpoint(url, url))
    runner = partner.runner("RED-06")
    runner.run()
    assert (runner.progress.failing_cases > 0) == (scheme == "https")
    evidence = runner.progress.smallest or runner.progress.example
    assert evidence is not None
    assert evidence.findings[0].subject_count == (scheme == "https")


def test_health_checks_with_two_urls(setup: BuildSetup) -> None:
    """If Integration Webhooks have a URL of their own, health checks go to both."""
    integration_url = "http://127.0.0.1/other?Token=open-sesame"
    partner = setup(lambda r: 202 if b"AccessToken" in r.body or b"Events" in r.body else 400)
    partner = replace(partner, endpoint=Endpoint(partner.endpoint.general_url, integration_url))
    runner = partner.runner("ERR-10")
    runner.run()
    first = [urlsplit(request.url).path for request in partner.transport.requests[:3]]
    assert first == ["/other", "/hook", "/other"]
    partner.transport.requests.clear()
    partner.runner("ERR-05").run()
    assert {urlsplit(request.url).path for request in partner.transport.requests} == {"/hook"}


@pytest.mark.parametrize(("status", "failing"), [(202, 0), (404, 1)])
def test_the_preflight_checks_both_urls(setup: BuildSetup, status: int, failing: int) -> None:
    """A wrong URL for Integration Webhooks fails the preflight scenario."""
    integration_url = "http://127.0.0.1/integrations?Token=open-sesame"
    partner = setup(lambda r: status if r.url == integration_url else 202)
    partner = replace(partner, endpoint=Endpoint(partner.endpoint.general_url, integration_url))
    runner = partner.runner("PRE-01")
    runner.run()
    assert [request.url for request in partner.transport.requests] == [integration_url]
    assert runner.progress.failing_cases == failing
