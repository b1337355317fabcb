"""Handles of ordinary requests that ended well are used again; other new ones are copies."""

from __future__ import annotations

import pycurl
import pytest
from raw_server import RequestFactory

from pytest_mews.delivery import Request, curl_handles
from pytest_mews.delivery.curl_handles import CurlHandles
from pytest_mews.delivery.curl_options import TrustStore
from pytest_mews.model import Exchange, Fault, Outcome, TransferMode

URL = "http://127.0.0.1:1/webhooks"


def exchange(outcome: Outcome) -> Exchange:
    """Return an exchange that ended like this."""
    return Exchange("POST", URL, (), 10, outcome, 0.0, 5.0)


def is_used_again(
    make_request: RequestFactory,
    first: dict[str, object],
    second: dict[str, object],
    outcome: Outcome = Outcome.DELIVERED,
) -> bool:
    """Return whether the second request gets the handle of the first."""
    handles = CurlHandles(TrustStore())
    earlier, later = make_request(URL, **first), make_request(URL, **second)
    curl = handles.take(earlier)
    assert handles.take(earlier) is not curl  # it is in use
    handles.give_back(curl, earlier, exchange(outcome))
    is_same = handles.take(later) is curl
    handles.close()
    return is_same


def test_a_request_with_another_body_uses_the_handle_again(make_request: RequestFactory) -> None:
    """Only the size of the body is set."""
    assert is_used_again(make_request, {"body": b"x"}, {"body": b"x" * 1000})


@pytest.mark.parametrize(
    "other",
    [
        {"method": "PUT"},
        {"headers": (("Content-Type", "text/plain"),)},
        {"deadline_s": 1.0},
        {"verify_tls": False},
        {"body": b""},
        {"fault": Fault.RESET},
        {"transfer_mode": TransferMode.CHUNKED},
        {"fresh_connection": True},
    ],
)
def test_requests_with_other_options_get_another_handle(
    make_request: RequestFactory, other: dict[str, object]
) -> None:
    """Neither before nor after the ordinary request."""
    assert not is_used_again(make_request, {}, other)
    assert not is_used_again(make_request, other, {})


@pytest.mark.parametrize("outcome", [Outcome.ERROR_STATUS, Outcome.TIMEOUT_ANSWER])
def test_the_handle_of_a_failed_request_is_not_used_again(
    make_request: RequestFactory, outcome: Outcome
) -> None:
    """Its connection is closed too."""
    assert not is_used_again(make_request, {}, {}, outcome)


def test_a_new_handle_of_an_ordinary_request_is_a_copy_with_the_looked_up_names(
    make_request: RequestFactory,
) -> None:
    """A copy has the options of its template, but libcurl does not copy what is shared."""
    handles = CurlHandles(TrustStore())
    first, second = (handles.take(make_request(URL)) for _ in range(2))
    assert first is not second
    assert first.share() is second.share() is not None
    handles.close()


def test_a_service_that_redirects_to_ever_new_urls_takes_no_more_memory(
    make_request: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handles that are only copied are limited; one that was dropped is made again."""
    monkeypatch.setattr(curl_handles, "_MAX_TEMPLATES", 2)
    configured: list[str] = []

    def configure(_curl: pycurl.Curl, request: Request, _trust_store: TrustStore) -> None:
        configured.append(request.url)

    monkeypatch.setattr(curl_handles, "configure", configure)
    handles = CurlHandles(TrustStore())
    urls = [f"{URL}/{number}" for number in (1, 2, 1, 3, 3, 1)]
    for url in urls:
        handles.take(make_request(url)).close()
    assert configured == [urls[0], urls[1], urls[3], urls[5]]
    handles.close()
