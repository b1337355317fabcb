"""The Connector API emulator in the process of a service, for each HTTP library."""

# ruff: noqa: ANN401 - bodies are JSON, and libraries are modules

from __future__ import annotations

import asyncio
import importlib
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

import aiohttp
import anyio
import httpx
import httpx2
import pytest
import requests
import responses
from requests.adapters import HTTPAdapter

from pytest_mews import ApiFault, MewsApi
from pytest_mews.errors import HarnessError
from pytest_mews.kit.mews_hosts import is_mews_host
from pytest_mews.model.api_call import SLOW_S
from tests.connector_api.emulator_client import PREFIX, TENANTS, body_for, general_webhook, guid

HOSTS = ("https://api.mews.com", "https://api.mews-demo.com")
URL = f"{HOSTS[0]}{PREFIX}customers/getAll"
BODY = body_for("customers/getAll", CustomerIds=[guid(1)])

Post = Callable[..., tuple[int, Any]]
"""Sends a POST with a JSON body and perhaps a timeout; returns status and JSON of the response."""


def post_with_requests(url: str, body: Any, timeout: float | None = None) -> tuple[int, Any]:
    """Send a request with requests."""
    response = requests.post(url, json=body, timeout=timeout)
    return response.status_code, response.json()


def post_with(library: Any) -> Post:
    """Return a function that sends requests with a synchronous client of httpx."""

    def post(url: str, body: Any, timeout: float | None = None) -> tuple[int, Any]:
        with library.Client(timeout=timeout) as client:
            response = client.post(url, json=body)
        return response.status_code, response.json()

    return post


def post_async_with(library: Any) -> Post:
    """Return a function that sends requests with an asynchronous client of httpx."""

    def post(url: str, body: Any, timeout: float | None = None) -> tuple[int, Any]:
        async def send() -> Any:
            async with library.AsyncClient(timeout=timeout) as client:
                return await client.post(url, json=body)

        response = anyio.run(send)
        return response.status_code, response.json()

    return post


def post_with_aiohttp(url: str, body: Any, timeout: float | None = None) -> tuple[int, Any]:
    """Send a request with aiohttp."""

    async def send() -> tuple[int, Any]:
        limit = aiohttp.ClientTimeout(timeout)
        async with (
            aiohttp.ClientSession(timeout=limit) as session,
            session.post(url, json=body) as response,
        ):
            assert str(response.url) == url
            return response.status, await response.json()

    return asyncio.run(send())


IN_PROCESS: dict[str, tuple[Post, type[Exception], type[Exception]]] = {
    "requests": (
        post_with_requests,
        requests.exceptions.ConnectionError,
        requests.exceptions.ReadTimeout,
    ),
    "httpx": (post_with(httpx), httpx.ReadError, httpx.ReadTimeout),
    "httpx-async": (post_async_with(httpx), httpx.ReadError, httpx.ReadTimeout),
    "httpx2": (post_with(httpx2), httpx2.ReadError, httpx2.ReadTimeout),
    "httpx2-async": (post_async_with(httpx2), httpx2.ReadError, httpx2.ReadTimeout),
}
"""How each library posts, and its exceptions for a reset and for a timeout."""
POSTS: dict[str, Post] = {name: post for name, (post, *_) in IN_PROCESS.items()} | {
    "aiohttp": post_with_aiohttp
}
every_library = pytest.mark.parametrize("post", POSTS.values(), ids=POSTS.keys())
in_process = pytest.mark.parametrize(
    ("post", "reset_error", "timeout_error"), IN_PROCESS.values(), ids=IN_PROCESS.keys()
)


@pytest.fixture
def sleeps() -> list[float]:
    """The arguments of the emulator's calls of `sleep`."""
    return []


@pytest.fixture
def mews_api(sleeps: list[float]) -> Iterator[MewsApi]:
    """An emulator with one customer, which answers requests."""
    with MewsApi(TENANTS, open_ids=False, sleep=sleeps.append) as mews_api:
        mews_api.apply_message(general_webhook(("CustomerUpdated", guid(1))))
        yield mews_api


@pytest.mark.usefixtures("mews_api")
@pytest.mark.parametrize("host", HOSTS)
@every_library
def test_requests_to_both_mews_addresses_are_answered(post: Post, host: str) -> None:
    """The response contains the announced customer."""
    status, response = post(f"{host}{PREFIX}customers/getAll", BODY)
    assert status == 200
    assert [customer["Id"] for customer in response["Customers"]] == [guid(1)]


@every_library
def test_an_injected_fault_is_answered(mews_api: MewsApi, post: Post) -> None:
    """The call is in the log with its fault."""
    mews_api.inject_fault(ApiFault.TOO_MANY_REQUESTS, None, times=1)
    assert [post(URL, BODY)[0] for _ in range(2)] == [429, 200]
    assert [call.fault for call in mews_api.calls()] == [ApiFault.TOO_MANY_REQUESTS, None]


def test_any_method_and_path_is_logged(mews_api: MewsApi) -> None:
    """Requests without an operation are answered with 404."""
    assert requests.get(HOSTS[0], timeout=5).status_code == 404
    assert requests.post(f"{HOSTS[0]}/elsewhere?x=1", data="x", timeout=5).status_code == 404
    assert httpx.put(f"{HOSTS[0]}/other", content=iter([b"x"])).status_code == 404
    assert [call.path for call in mews_api.calls()] == ["/", "/elsewhere", "/other"]


@in_process
def test_reset_raises_the_error_of_the_library(
    mews_api: MewsApi, post: Post, reset_error: type[Exception], timeout_error: type[Exception]
) -> None:
    """As a reset on a network does."""
    mews_api.inject_fault(ApiFault.RESET, None, times=1)
    with pytest.raises(reset_error, match="reset"):
        post(URL, BODY)


@pytest.mark.usefixtures("mews_api")
def test_a_proxy_is_ignored() -> None:
    """Aiohttp is not led to the emulator through a proxy."""

    async def fetch() -> int:
        async with aiohttp.ClientSession() as session:
            response = await session.post(URL, json=BODY, proxy="http://127.0.0.1:9")
            return response.status

    assert asyncio.run(fetch()) == 200


def test_reset_of_a_connection_of_aiohttp(mews_api: MewsApi) -> None:
    """The reset is a real one."""
    mews_api.inject_fault(ApiFault.RESET, None, times=9)
    with pytest.raises(aiohttp.ClientError):
        post_with_aiohttp(URL, BODY)


@in_process
def test_slow_response_takes_its_time(
    mews_api: MewsApi,
    sleeps: list[float],
    post: Post,
    reset_error: type[Exception],
    timeout_error: type[Exception],
) -> None:
    """A timeout that is long enough has no effect."""
    mews_api.inject_fault(ApiFault.SLOW, None, times=2)
    assert [post(URL, BODY, timeout)[0] for timeout in (None, 9)] == [200, 200]
    assert sleeps == [SLOW_S, SLOW_S]


@in_process
def test_slow_response_ends_at_the_timeout(
    mews_api: MewsApi,
    sleeps: list[float],
    post: Post,
    reset_error: type[Exception],
    timeout_error: type[Exception],
) -> None:
    """The request raises the timeout of its library and returns nothing."""
    mews_api.inject_fault(ApiFault.SLOW, None, times=1)
    with pytest.raises(timeout_error):
        post(URL, BODY, 2)
    assert sleeps == [2]
    assert mews_api.calls()[0].returned_ids == ()


def test_a_pair_of_timeouts_of_requests(mews_api: MewsApi, sleeps: list[float]) -> None:
    """The second one is that of the response."""
    mews_api.inject_fault(ApiFault.SLOW, None, times=1)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(URL, json=BODY, timeout=(9, 2))
    assert sleeps == [2]


def test_an_asynchronous_client_really_waits_without_blocking(mews_api: MewsApi) -> None:
    """By default the event loop goes on while a response is slow; `sleep` may be awaitable."""
    mews_api.sleep = time.sleep
    mews_api.inject_fault(ApiFault.SLOW, None, times=1, slow_s=0.05)
    ticks: list[float] = []

    async def test() -> None:
        async def tick() -> None:
            while True:
                ticks.append(time.monotonic())
                await asyncio.sleep(0.005)

        ticking = asyncio.create_task(tick())
        async with httpx.AsyncClient() as client:
            assert (await client.post(URL, json=BODY)).status_code == 200
        ticking.cancel()
        mews_api.sleep = asyncio.sleep
        mews_api.inject_fault(ApiFault.SLOW, None, times=1, slow_s=0.001)
        async with httpx.AsyncClient() as client:
            assert (await client.post(URL, json=BODY)).status_code == 200

    asyncio.run(test())
    assert len(ticks) > 2


def test_the_url_may_have_the_port_of_https() -> None:
    """As some configurations write it."""
    url = URL.replace(".com/", ".com:443/")
    with MewsApi(TENANTS):
        for library in requests, httpx, httpx2:
            assert library.post(url, json=BODY).status_code == 200


def test_a_body_in_pieces_is_read(mews_api: MewsApi) -> None:
    """A generator: requests sends what it yields in chunks."""
    text = json.dumps(BODY)
    pieces = (piece.encode() for piece in (text[:9], text[9:]))
    headers = {"Content-Type": "application/json"}
    assert requests.post(URL, data=pieces, headers=headers, timeout=5).status_code == 200
    assert requests.post(URL, bytearray(text.encode()), headers=headers, timeout=5).ok
    assert [call.request_problems for call in mews_api.calls()] == [(), ()]


@pytest.mark.usefixtures("mews_api")
@pytest.mark.parametrize("library", [httpx, httpx2])
def test_the_time_that_a_response_took_is_known(library: Any) -> None:
    """Services log `elapsed`, which httpx measures when the response is read."""
    assert library.post(URL, json=BODY).elapsed.total_seconds() > 0

    async def test() -> None:
        async with library.AsyncClient() as client:
            assert (await client.post(URL, json=BODY)).elapsed.total_seconds() > 0

    asyncio.run(test())


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("slwo", None), ValueError, "'slwo' is not a valid ApiFault"),
        ((ApiFault.SLOW, guid(1)), TypeError, "ids: give a set, such as"),
    ],
)
def test_a_wrong_fault(
    mews_api: MewsApi, arguments: Any, error: type[Exception], message: str
) -> None:
    """It would never take effect."""
    with pytest.raises(error, match=message):
        mews_api.inject_fault(*arguments, times=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"times": 0}, "times: 0 is less than 1"),
        ({"times": 1, "operation": "customer/getAll"}, "Did you mean customers/getAll?"),
    ],
)
def test_a_wrong_option_of_a_fault(mews_api: MewsApi, options: Any, message: str) -> None:
    """The error names it."""
    with pytest.raises(ValueError, match=message):
        mews_api.inject_fault(ApiFault.SLOW, None, **options)


class TestOtherHosts:
    """What is for another host than those of the Connector API."""

    @pytest.mark.parametrize("library", [requests, httpx, httpx2])
    @pytest.mark.parametrize(
        "url", ["https://app.mews.com/", "http://api.mews.com/", "https://mews-demo.com./x"]
    )
    @pytest.mark.usefixtures("mews_api")
    def test_another_host_of_mews_is_refused(self, library: Any, url: str) -> None:
        """The error names the fixture and the remedy."""
        errors = (requests.exceptions.ConnectionError, httpx.ConnectError, httpx2.ConnectError)
        with pytest.raises(errors, match=r"fixture mews_api answers only .* mews_api\.url"):
            library.get(url, timeout=5)

    @pytest.mark.usefixtures("mews_api")
    def test_every_other_library_is_refused(self) -> None:
        """urllib, aiohttp for other hosts, and anything that looks up an address."""
        with pytest.raises(URLError, match="mews_api"):
            urlopen(HOSTS[0])
        with pytest.raises(ConnectionRefusedError, match=r"connect to api\.mews\.com: the fixture"):
            socket.create_connection(("api.mews.com", 443))
        with pytest.raises(ConnectionRefusedError, match=r"connect to ws\.mews\.com"):
            socket.getaddrinfo(b"ws.mews.com", 443)

        async def fetch() -> None:
            async with aiohttp.ClientSession() as session:
                await session.get("https://app.mews.com/")

        with pytest.raises(aiohttp.ClientConnectionError, match="mews_api"):
            asyncio.run(fetch())

    @pytest.mark.usefixtures("mews_api")
    @pytest.mark.parametrize("name", ["gethostbyname", "gethostbyname_ex"])
    def test_every_way_to_look_up_an_address_is_refused(self, name: str) -> None:
        """Old libraries use the other functions of the socket module."""
        with pytest.raises(ConnectionRefusedError, match="mews_api"):
            getattr(socket, name)("api.mews.com")
        assert getattr(socket, name)("127.0.0.1")

    def test_uvloop_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its event loop looks up addresses without the socket module."""

        class Loop:
            def getaddrinfo(self, host: str, port: int) -> str:
                return f"{host}:{port}"

            def create_connection(self, protocol: object, host: str, port: int) -> str:
                return f"{host}:{port}"

        monkeypatch.setitem(sys.modules, "uvloop", SimpleNamespace(Loop=Loop))  # type: ignore[arg-type]
        with MewsApi(TENANTS):
            with pytest.raises(ConnectionRefusedError, match="mews_api"):
                Loop().getaddrinfo("app.mews.com", 443)
            with pytest.raises(ConnectionRefusedError, match="mews_api"):
                Loop().create_connection(None, host="ws.mews.com", port=443)
            assert Loop().getaddrinfo("localhost", 80) == "localhost:80"
        assert Loop().getaddrinfo("app.mews.com", 443) == "app.mews.com:443"

    @every_library
    def test_other_hosts_are_not_affected(self, mews_api: MewsApi, post: Post) -> None:
        """A service on this machine can be called, here the emulator itself."""
        assert post(f"{mews_api.url}{PREFIX}customers/getAll", BODY)[0] == 200

    @pytest.mark.usefixtures("mews_api")
    def test_mocks_of_other_hosts_work_beside_it(self) -> None:
        """The mock of a test, one that was there before the fixture, and one that came later."""
        with responses.RequestsMock() as mock:
            mock.add("GET", "https://pay.example/", body="paid")
            with MewsApi(TENANTS):
                assert requests.get("https://pay.example/", timeout=5).text == "paid"
                assert requests.post(URL, json={}, timeout=5).status_code == 400
        with responses.RequestsMock() as mock:
            mock.add("GET", "https://pay.example/", body="paid")
            assert requests.get("https://pay.example/", timeout=5).text == "paid"
            assert requests.post(URL, json={}, timeout=5).status_code == 400
        client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(418)))
        assert client.get(URL).status_code == 418

    def test_the_inner_one_of_two_answers(self, mews_api: MewsApi) -> None:
        """Such as one with tenants of its own, beside an automatic fixture."""
        with MewsApi(TENANTS) as inner:
            requests.post(URL, json=BODY, timeout=5)
            httpx.post(URL, json=BODY)
        assert (len(inner.calls()), len(mews_api.calls())) == (2, 0)
        requests.post(URL, json=BODY, timeout=5)
        assert len(mews_api.calls()) == 1

    def test_an_adapter_with_its_own_send_is_called(self, mews_api: MewsApi) -> None:
        """As in production, such as one that adds a header."""

        class Adapter(HTTPAdapter):
            def send(self, request: Any, **options: Any) -> requests.Response:  # type: ignore[override]
                request.headers["User-Agent"] = "Guest book"
                return super().send(request, **options)

        with requests.Session() as session:
            session.mount("https://", Adapter())
            assert session.post(URL, json=BODY).status_code == 200
        assert len(mews_api.calls()) == 1

    def test_everything_is_as_before_at_the_end(self) -> None:
        """Nothing stays patched."""
        look_up, connect = socket.getaddrinfo, aiohttp.BaseConnector.connect
        choose = requests.Session.get_adapter
        transports = [httpx.HTTPTransport.handle_request, httpx2.HTTPTransport.handle_request]
        with MewsApi(TENANTS):
            assert socket.getaddrinfo is not look_up
        assert (socket.getaddrinfo, aiohttp.BaseConnector.connect) == (look_up, connect)
        assert requests.Session.get_adapter is choose
        assert transports == [
            httpx.HTTPTransport.handle_request,
            httpx2.HTTPTransport.handle_request,
        ]

    @pytest.mark.parametrize(
        ("host", "expected"),
        [
            ("api.mews.com", True),
            (b"API.MEWS.COM", True),
            ("mews.com", True),
            ("ws.mews-demo.com.", True),
            ("api.mews.com.example", False),
            ("notmews.com", False),
            (None, False),
        ],
    )
    def test_hosts_of_mews(self, host: object, expected: bool) -> None:  # noqa: FBT001
        """All below both domains, and nothing that only looks like them."""
        assert is_mews_host(host) is expected


class TestFetched:
    """What the service fetched."""

    def test_it_returns_the_calls_with_the_entity(self, mews_api: MewsApi) -> None:
        """A failed call returned nothing; the case of an id doesn't matter."""
        mews_api.inject_fault(ApiFault.NOT_JSON, None, times=1)
        assert mews_api.fetched("customers", guid(1)) == ()
        requests.post(URL, json=BODY, timeout=5)
        assert mews_api.fetched("customers", guid(1)) == ()
        requests.post(URL, json=BODY, timeout=5)
        (call,) = mews_api.fetched("customers", guid(1).upper())
        assert call.number == 2
        assert mews_api.fetched("payments", guid(1)) == ()

    def test_a_call_after_the_question_has_a_hint(self, mews_api: MewsApi) -> None:
        """The report of the test would show the call, and not why `fetched` had none."""
        assert repr(mews_api) == "<MewsApi with 0 calls>"
        assert not mews_api.fetched("customers", guid(1))
        assert "wait_until_fetched waits\n" not in mews_api.describe()
        post_with_requests(URL, BODY)
        assert repr(mews_api) == "<MewsApi with 1 call>"
        hint = f"customers {guid(1)} was fetched after fetched() looked: wait_until_fetched waits"
        assert mews_api.describe().splitlines()[1] == f"  hint: {hint}"

    def test_a_wait_ends_with_the_call(self, mews_api: MewsApi) -> None:
        """A worker may fetch later; every id is waited for."""
        mews_api.apply_message(general_webhook(("CustomerUpdated", guid(2))))
        body = body_for("customers/getAll", CustomerIds=[guid(1), guid(2)])
        timer = threading.Timer(0.05, lambda: requests.post(URL, json=body, timeout=5))
        timer.start()
        calls = mews_api.wait_until_fetched("customers", guid(1), guid(2), timeout_s=20)
        timer.join()
        assert [call.number for call in calls] == [1, 1]

    def test_an_asynchronous_wait_lets_the_loop_go_on(self, mews_api: MewsApi) -> None:
        """A worker in the same event loop fetches meanwhile."""

        async def test() -> None:
            async def work() -> None:
                await asyncio.sleep(0.02)
                async with httpx.AsyncClient() as client:
                    await client.post(URL, json=BODY)

            worker = asyncio.create_task(work())
            await mews_api.wait_until_fetched_async("customers", guid(1), timeout_s=20)
            await worker

        asyncio.run(test())

    def test_the_error_has_the_calls(self, mews_api: MewsApi) -> None:
        """With the ids that are missing, and hints."""
        requests.post(URL, json=BODY | {"AccessToken": "wrong"}, timeout=5)
        with pytest.raises(TimeoutError, match=rf"customers {guid(1)} not fetched(?s:.*)401"):
            mews_api.wait_until_fetched("customers", guid(1), timeout_s=0)

    def test_an_id_that_is_no_string(self, mews_api: MewsApi) -> None:
        """It would never be found."""
        id_: Any = uuid4()
        with pytest.raises(TypeError, match=r"id: UUID.* is not a string"):
            mews_api.fetched("customers", id_)
        with pytest.raises(TypeError, match=r"id: UUID.* is not a string"):
            mews_api.wait_until_fetched("customers", id_, timeout_s=0)

    def test_an_unknown_resource(self, mews_api: MewsApi) -> None:
        """The error suggests the right name."""
        with pytest.raises(ValueError, match=r"'customer' is not a resource.*mean customers\?"):
            mews_api.fetched("customer", guid(1))
        with pytest.raises(ValueError, match="'customer' is not a resource"):
            mews_api.wait_until_fetched("customer", guid(1))


def test_a_failure_of_the_emulator_on_its_socket_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is a fault of the harness, not of the service."""

    def run() -> None:
        with MewsApi(TENANTS) as mews_api:
            url = mews_api.url
            assert mews_api.url == url
            monkeypatch.setattr(mews_api, "begin", lambda _: 1 / 0)
            assert requests.post(f"{url}/x", timeout=5).status_code == 500

    with pytest.raises(HarnessError, match="ZeroDivisionError"):
        run()


def test_libraries_that_are_not_installed_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only those that are installed are imported and patched."""
    http_clients = importlib.import_module("pytest_mews.kit.http_clients")
    monkeypatch.setattr(http_clients, "find_spec", lambda _: None)
    connect = aiohttp.BaseConnector.connect
    with MewsApi(TENANTS):
        assert aiohttp.BaseConnector.connect is connect
        assert requests.post(URL, json={}, timeout=5).status_code == 400
