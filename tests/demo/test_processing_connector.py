"""One request to the Connector API, and every way in which it can end."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
import responses

from pytest_mews.demo.processing.api_client import Connector, Reply
from tests.demo.stand_in import BROKEN, SOON_S, Fault, StandIn

BASE = "https://api.mews.com"
URL = f"{BASE}/api/connector/v1/customers/getAll"


def call(base: str = BASE) -> Reply:
    """Make one request."""
    connector = Connector(f"{base}/", "the-client", timeout_s=0.5)
    return connector.call("customers/getAll", "the-access", {"CustomerIds": ["a"]})


def test_a_request_is_as_documented() -> None:
    """Exact path, JSON, both tokens and the client's name with a version in the body."""
    with responses.RequestsMock() as mews:
        mews.post(URL, json={"Customers": []})
        assert call() == Reply(200, {"Customers": []})
        request = mews.calls[0].request
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body or b"") == {
        "ClientToken": "the-client",
        "AccessToken": "the-access",
        "Client": "pytest-mews demo/1.0",
        "CustomerIds": ["a"],
    }


@pytest.mark.parametrize("body", ["", "{", "[]", "null", "[" * 100_000, "\udcff"])
def test_an_unreadable_answer_has_no_document(body: str) -> None:
    """Whatever is no JSON object is no document."""
    with responses.RequestsMock() as mews:
        mews.post(URL, body=body.encode("utf-8", "surrogateescape"))
        assert call() == Reply(200)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("3", 3.0), (" 0 ", 0.0), ("soon", None), ("-1", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0)],
)
def test_retry_after_is_read(written: str, seconds: float | None) -> None:
    """Seconds or a date; nonsense says nothing."""
    with responses.RequestsMock() as mews:
        mews.post(URL, status=429, json={}, headers={"Retry-After": written})
        assert call().retry_after_s == seconds


def test_a_date_to_come_is_waited_for() -> None:
    """A Retry-After may be a moment."""
    moment = datetime.now(UTC) + timedelta(minutes=10)
    with responses.RequestsMock() as mews:
        mews.post(URL, status=429, headers={"Retry-After": format_datetime(moment)})
        assert 500 < (call().retry_after_s or 0) <= 600


@pytest.mark.parametrize(
    ("trouble", "reply"),
    [
        (requests.ConnectionError(), Reply(None)),
        (requests.exceptions.ChunkedEncodingError(), Reply(None)),
        (requests.ReadTimeout(), Reply(None, timed_out=True)),
        (requests.ConnectTimeout(), Reply(None, timed_out=True)),
    ],
)
def test_no_answer_has_no_status(trouble: Exception, reply: Reply) -> None:
    """A reset and a timeout end in a reply too, and can be told apart."""
    with responses.RequestsMock() as mews:
        mews.post(URL, body=trouble)
        assert call() == reply


def test_a_real_break_and_a_real_timeout(mews: StandIn) -> None:
    """The same over a socket."""
    mews.faults = [Fault(body=BROKEN), Fault(delay_s=SOON_S)]
    assert call(mews.api) == Reply(None)
    assert call(mews.api) == Reply(None, timed_out=True)


def test_nobody_listens() -> None:
    """A refused connection is no answer."""
    assert call("http://127.0.0.1:9") == Reply(None)


def test_closing_breaks_a_call_that_waits(mews: StandIn) -> None:
    """A call in another thread ends at once, and so do all that come later."""
    mews.faults = [Fault(delay_s=SOON_S)]
    connector = Connector(mews.api, "c", timeout_s=SOON_S)
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(connector.call("x", "a", {})))
    thread.start()
    mews.wait(len)
    connector.close()
    thread.join(SOON_S / 2)
    assert replies == [Reply(None)]
    assert connector.call("x", "a", {}) == Reply(None)
