"""`mews_webhooks` delivers to applications, test clients and URLs, by the rules of a profile."""

# ruff: noqa: ANN401 - endpoints and ASGI have no types

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from flask import Flask
from flask import request as flask_request
from werkzeug.serving import make_server

from pytest_mews import Fault, MewsWebhooks, Outcome, customer_added, lifecycle, webhook
from pytest_mews.kit.loop_thread import LoopThread
from pytest_mews.kit.mews_api import MewsApi
from pytest_mews.kit.webhooks import MAX_SHOWN
from tests.kit.recording_apps import AsgiRecorder, Recorder, WsgiRecorder


@pytest.fixture
def webhooks() -> Iterator[MewsWebhooks]:
    """The object that the fixture `mews_webhooks` returns."""
    with MewsWebhooks() as mews_webhooks:
        yield mews_webhooks


@pytest.fixture(params=["asgi", "wsgi", "flask", "httpx", "url"])
def service(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Recorder]]:
    """A recording service as each kind of endpoint; a URL has the path `/200` and a token."""
    asgi_app, wsgi_app = AsgiRecorder(), WsgiRecorder()
    match request.param:
        case "asgi":
            yield asgi_app, asgi_app
        case "wsgi":
            yield wsgi_app, wsgi_app
        case "flask":
            flask_app = Flask(__name__)
            flask_app.wsgi_app = wsgi_app  # type: ignore[method-assign]
            yield flask_app.test_client(), wsgi_app
        case "httpx":
            transport = httpx.WSGITransport(wsgi_app)
            with httpx.Client(transport=transport, base_url="http://service") as client:
                yield client, wsgi_app
        case "url":
            server = make_server("127.0.0.1", 0, wsgi_app, threaded=True)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            yield f"http://127.0.0.1:{server.port}/200?Token=our-secret", wsgi_app
            server.shutdown()
            thread.join()
            server.server_close()


def test_every_endpoint_gets_the_same_request(
    webhooks: MewsWebhooks, service: tuple[Any, Recorder]
) -> None:
    """Method, path, token, content type and body are those of Mews, wherever it is delivered."""
    endpoint, recorder = service
    message = customer_added()
    delivery = webhooks.deliver(endpoint, message, path="/200", token="our-secret")
    (request,) = recorder.received
    assert (request.method, request.path, request.query) == ("POST", "/200", "Token=our-secret")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["content-length"] == str(len(message.body))
    assert request.body == message.body
    (attempt,) = delivery.attempts
    assert delivery.delivered
    assert (attempt.number, attempt.status, attempt.outcome) == (1, 200, Outcome.DELIVERED)
    assert (attempt.json(), attempt.headers["x-answer"]) == ({"answer": 42}, "yes")
    assert attempt.text == '{"answer": 42}'
    assert attempt.ms > 0


def test_a_lost_response_leads_to_a_second_attempt(
    webhooks: MewsWebhooks, service: tuple[Any, Recorder]
) -> None:
    """The service has handled the message; Mews sends the same bytes again after three minutes."""
    endpoint, recorder = service
    delivery = webhooks.deliver(endpoint, customer_added(), faults=[Fault.DROP_RESPONSE])
    assert [attempt.outcome for attempt in delivery.attempts] == ["response-dropped", "delivered"]
    assert delivery.attempts[1].started_ms == pytest.approx(180_000, abs=2_000)
    assert len({request.body for request in recorder.received}) == 1
    assert len(recorder.received) == 2


APPS: list[Callable[[], Any]] = [AsgiRecorder, WsgiRecorder]
apps = pytest.mark.parametrize("app", [make() for make in APPS], ids=["asgi", "wsgi"])


@apps
def test_a_failing_message_is_given_up_after_three_attempts(
    webhooks: MewsWebhooks, app: Recorder
) -> None:
    """The pauses between them take no time."""
    started = time.monotonic()
    delivery = webhooks.deliver(app, customer_added(), path="/503")
    assert time.monotonic() - started < 60
    assert [attempt.status for attempt in delivery.attempts] == [503, 503, 503]
    assert not delivery.delivered
    assert delivery.status == 503


@apps
def test_an_exception_is_a_500_with_the_exception(webhooks: MewsWebhooks, app: Recorder) -> None:
    """Mews sees a 500; the test sees why."""
    delivery = webhooks.deliver(app, customer_added(), path="/raise", attempts=1)
    (attempt,) = delivery.attempts
    assert (attempt.status, attempt.outcome) == (500, Outcome.ERROR_STATUS)
    assert isinstance(attempt.error, ValueError)
    assert "ValueError: a flaw of the service" in webhooks.describe()


@apps
def test_a_redirect_that_keeps_the_method_is_followed(
    webhooks: MewsWebhooks, app: Recorder
) -> None:
    """A 307 is followed with the body, a 301 is not, and another host is out of reach."""
    app.received.clear()
    delivery = webhooks.deliver(app, customer_added(), path="/to/204?x=1")
    assert (delivery.status, len(delivery.attempts)) == (204, 1)
    assert [request.path for request in app.received] == ["/to/204", "/204"]
    moved = webhooks.deliver(app, customer_added(), path="/moved", attempts=1).attempts[0]
    assert moved.outcome is Outcome.REDIRECT_NOT_FOLLOWABLE
    elsewhere = webhooks.deliver(app, customer_added(), path="/elsewhere", attempts=1)
    assert "other.example, which is not in the process" in elsewhere.attempts[0].detail


@apps
def test_a_body_can_be_cut(webhooks: MewsWebhooks, app: Recorder) -> None:
    """Half of the body arrives, and Mews gets no answer."""
    message = customer_added()
    faults = [Fault.TRUNCATE_REQUEST, Fault.RESET]
    delivery = webhooks.deliver(app, message, path="/200", faults=faults)
    outcomes = [attempt.outcome for attempt in delivery.attempts]
    assert outcomes == ["request-truncated", "reset-by-harness", "delivered"]
    assert f"cut after {len(message.body) // 2} of" in delivery.attempts[0].detail


@apps
def test_concurrent_messages_overlap(webhooks: MewsWebhooks, app: Recorder) -> None:
    """All first attempts start before the first response."""
    app.received.clear()
    deliveries = webhooks.deliver_all(
        app, [customer_added() for _ in range(5)], concurrently=True, path="/200"
    )
    assert all(delivery.delivered for delivery in deliveries)
    assert len({request.body for request in app.received}) == 5
    assert webhooks.deliver_all(app, [], concurrently=True) == ()


def test_requests_of_a_wsgi_application_run_at_the_same_time(webhooks: MewsWebhooks) -> None:
    """Each has a thread of its own; the exception of one is its response."""
    barrier = threading.Barrier(4)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        barrier.wait(20)
        start_response("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    deliveries = webhooks.deliver_all(app, [customer_added()] * 4, concurrently=True)
    assert [delivery.status for delivery in deliveries] == [200] * 4


def test_a_delivered_message_comes_again(webhooks: MewsWebhooks) -> None:
    """`duplicates` counts the copies after the first successful attempt; failures are retried."""
    app = AsgiRecorder()
    faults = [Fault.NONE, Fault.DROP_RESPONSE]
    delivery = webhooks.deliver(app, customer_added(), duplicates=2, faults=faults)
    outcomes = [attempt.outcome.value for attempt in delivery.attempts]
    assert outcomes == ["delivered", "response-dropped", "delivered", "delivered"]
    failing = webhooks.deliver(app, customer_added(), duplicates=2, path="/500")
    assert len(failing.attempts) == 3


def test_messages_are_delivered_in_order(webhooks: MewsWebhooks) -> None:
    """A lifecycle arrives as it was built."""
    app, messages = AsgiRecorder(), lifecycle()
    webhooks.deliver_all(app, messages)
    assert [request.body for request in app.received] == [message.body for message in messages]
    assert [delivery.message for delivery in webhooks.deliveries] == list(messages)


@pytest.mark.parametrize(
    ("variant", "query"),
    [("missing", ""), ("wrong", None), ("right", "Token=a%2Bb%20c"), ("percent-encoded", None)],
)
def test_the_token_has_the_documented_form(
    webhooks: MewsWebhooks, variant: str, query: str | None
) -> None:
    """The token is encoded in the query; variants leave it out or change it."""
    app = AsgiRecorder()
    webhooks.token = "a+b c"
    webhooks.deliver(app, customer_added(), token_variant=variant)
    if query is None:
        assert app.received[0].query.startswith("Token=")
        assert app.received[0].query != "Token=a%2Bb%20c"
    else:
        assert app.received[0].query == query


def test_no_secret_is_in_the_description(webhooks: MewsWebhooks) -> None:
    """Neither the token nor what the service says about it."""
    webhooks.path, webhooks.token = "/raise", "our-secret-token"

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("401 Unauthorized", [])
        return [b"not " + environ["QUERY_STRING"].encode()]

    webhooks.deliver(app, customer_added())
    webhooks.deliver(app, customer_added(), path="/?Token=another-secret", token=None)
    assert "our-secret-token" not in webhooks.describe()
    assert "another-secret" not in webhooks.describe()
    assert "401" in webhooks.describe()


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("404 Not Found", "the path is /: set mews_webhooks.path"),
        ("401 Unauthorized", "no token was sent: set mews_webhooks.token"),
        ("500 Oops", None),
    ],
)
def test_what_a_test_has_left_out(webhooks: MewsWebhooks, status: str, hint: str | None) -> None:
    """A hint names the attribute, but not if the test has set it."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response(status, [])
        return []

    webhooks.deliver(app, customer_added())
    if hint is None:
        assert "hint" not in webhooks.describe()
    else:
        assert f"  hint: {hint}" in webhooks.describe()
    count = webhooks.describe().count("hint")
    webhooks.deliver(app, customer_added(), path="/webhooks/mews", token="our-secret")
    assert webhooks.describe().count("hint") == count


def test_nothing_was_delivered(webhooks: MewsWebhooks) -> None:
    """The description says so."""
    assert webhooks.describe() == "nothing was delivered"


def test_pauses_are_passed_to_sleep(webhooks: MewsWebhooks) -> None:
    """A test may wait, or move its time."""
    pauses: list[float] = []
    webhooks.sleep = pauses.append
    webhooks.deliver(AsgiRecorder(), customer_added(), path="/500")
    assert pauses == [pytest.approx(180, abs=1), pytest.approx(180, abs=1)]

    async def sleep(seconds: float) -> None:
        pauses.append(-seconds)

    webhooks.sleep = sleep
    with pytest.raises(TypeError, match="deliver_async"):
        webhooks.deliver(AsgiRecorder(), customer_added(), path="/500")
    asyncio.run(webhooks.deliver_async(AsgiRecorder(), customer_added(), path="/500"))
    assert pauses[2:] == [pytest.approx(-180, abs=1), pytest.approx(-180, abs=1)]


def test_a_late_response_is_a_timeout(webhooks: MewsWebhooks) -> None:
    """An ASGI application is not awaited longer than that."""
    app = AsgiRecorder()
    delivery = webhooks.deliver(app, customer_added(), path="/sleep", attempts=1, timeout_s=0.01)
    (attempt,) = delivery.attempts
    assert (attempt.outcome, attempt.status) == (Outcome.TIMEOUT_ANSWER, None)
    assert attempt.detail == "no response within 0.01 s"


def test_a_late_response_of_a_wsgi_application_is_lost(webhooks: MewsWebhooks) -> None:
    """It is awaited, and counts as a timeout."""
    delivery = webhooks.deliver(WsgiRecorder(), customer_added(), attempts=1, timeout_s=1e-9)
    assert delivery.attempts[0].outcome is Outcome.TIMEOUT_ANSWER


class TestLifespan:
    """The lifespan of an ASGI application."""

    def test_it_lasts_from_the_first_delivery_to_the_end(self) -> None:
        """Requests get a copy of its state, and run in its event loop."""
        app = AsgiRecorder()
        with MewsWebhooks() as webhooks:
            assert app.lifespan == []
            webhooks.deliver(app, customer_added())
            webhooks.deliver(app, customer_added())
            assert app.lifespan == ["startup"]
            assert app.states == [{"started": True}] * 2
        assert app.lifespan == ["startup", "shutdown"]
        assert len(app.loops) == 1

    def test_a_failing_startup_is_told(self, webhooks: MewsWebhooks) -> None:
        """The exception has the message of the application, for every delivery."""

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            raise ValueError("no database")
            yield

        app = FastAPI(lifespan=lifespan)
        for _ in range(2):
            with pytest.raises(RuntimeError, match="no database"):
                webhooks.deliver(app, customer_added())

    def test_a_failing_shutdown_is_told(self) -> None:
        """The end of the fixture raises it."""

        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            yield
            raise ValueError("still busy")

        webhooks = MewsWebhooks()
        webhooks.deliver(FastAPI(lifespan=lifespan), customer_added())
        with pytest.raises(RuntimeError, match=r"shutdown failed(?s:.*)still busy"):
            webhooks.__exit__(None, None, None)

    def test_an_application_need_not_have_one(self, webhooks: MewsWebhooks) -> None:
        """An exception at the lifespan means that there is none."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            assert scope["type"] == "http"
            await send({"type": "http.response.start", "status": 204})
            await send({"type": "http.response.body"})

        assert webhooks.deliver(app, customer_added()).status == 204

    def test_its_tasks_go_on_between_deliveries(self, webhooks: MewsWebhooks) -> None:
        """A worker of the application handles messages while the test does something else."""
        handled = threading.Event()

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            app.state.queue = asyncio.Queue()

            async def work() -> None:
                await app.state.queue.get()
                await asyncio.sleep(0.02)
                handled.set()

            worker = asyncio.create_task(work())
            yield
            worker.cancel()

        app = FastAPI(lifespan=lifespan)

        @app.post("/")
        async def receive(request: Request) -> Response:
            app.state.queue.put_nowait(await request.json())
            return Response(status_code=202)

        assert webhooks.deliver(app, customer_added()).delivered
        assert handled.wait(20)


def test_one_event_loop_serves_all_tests() -> None:
    """An application can have a queue since its import; what a test leaves behind is cancelled."""
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    handled: list[bytes] = []
    ended = threading.Event()
    app = FastAPI()

    async def work() -> None:
        try:
            handled.append(await asyncio.wait_for(queue.get(), 20))
            await asyncio.sleep(60)
        finally:
            ended.set()

    @app.post("/")
    async def receive(request: Request) -> Response:
        app.state.worker = asyncio.create_task(work())
        queue.put_nowait(await request.body())
        await asyncio.sleep(0)
        return Response(status_code=202)

    with LoopThread() as loop_thread:
        for _ in range(2):
            ended.clear()
            with MewsWebhooks(loop_thread=loop_thread) as webhooks:
                delivery = webhooks.deliver(app, customer_added())
                assert delivery.delivered, webhooks.describe()
            assert ended.is_set()
    assert len(handled) == 2


def test_the_last_deliveries_are_described(webhooks: MewsWebhooks) -> None:
    """A property makes hundreds of them; the last one failed."""
    app = WsgiRecorder()
    for number in range(MAX_SHOWN + 3):
        webhooks.deliver(app, customer_added(), path=f"/{number}/200")
    lines = webhooks.describe().splitlines()
    assert lines[0] == "3 earlier deliveries left out"
    assert lines[1].startswith("POST https://testserver/3/200")
    assert len(lines) == 1 + 2 * MAX_SHOWN


def test_background_tasks_have_run_when_deliver_returns(webhooks: MewsWebhooks) -> None:
    """They are not part of the answer time, and their exception is told."""
    app, done = FastAPI(), []

    @app.post("/")
    async def receive(tasks: BackgroundTasks) -> Response:
        async def work() -> None:
            await asyncio.sleep(0.3)
            done.append(1)
            raise ValueError("in the background")

        tasks.add_task(work)
        return Response(status_code=202)

    (attempt,) = webhooks.deliver(app, customer_added()).attempts
    assert done == [1]
    assert attempt.status == 202
    assert attempt.ms < 300
    assert str(attempt.error) == "in the background"


def test_an_application_that_ends_without_a_response(webhooks: MewsWebhooks) -> None:
    """A server answers 500 in its place."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Do nothing."""

    assert webhooks.deliver(app, customer_added(), attempts=1).status == 500


class TestAsynchronousTests:
    """`deliver_async` in the event loop of a test."""

    def test_the_application_runs_in_the_loop_of_the_test(self, webhooks: MewsWebhooks) -> None:
        """Concurrent deliveries overlap in it."""
        app = AsgiRecorder()
        app.sleep_s = 0.0

        async def test() -> asyncio.AbstractEventLoop:
            deliveries = await asyncio.gather(
                *(
                    webhooks.deliver_async(app, customer_added(), path="/sleep", attempts=1)
                    for _ in range(3)
                )
            )
            assert all(delivery.delivered for delivery in deliveries)
            return asyncio.get_running_loop()

        loop = asyncio.run(test())
        assert app.loops == {loop}

    def test_the_lifespan_ends_with_the_loop(self, webhooks: MewsWebhooks) -> None:
        """The plugins of pytest may close it before the fixture ends."""
        app = AsgiRecorder()
        asyncio.run(webhooks.deliver_async(app, customer_added()))
        assert app.lifespan == ["startup", "shutdown"]

    def test_the_lifespan_ends_with_the_fixture(self) -> None:
        """If the loop of the test is still open then."""
        app, loop = AsgiRecorder(), asyncio.new_event_loop()
        with MewsWebhooks() as webhooks:
            loop.run_until_complete(webhooks.deliver_async(app, customer_added()))
        assert app.lifespan == ["startup", "shutdown"]
        loop.close()

    def test_every_endpoint_works(
        self, webhooks: MewsWebhooks, service: tuple[Any, Recorder]
    ) -> None:
        """Also those that block the loop."""
        endpoint, recorder = service
        message = customer_added()
        faults = [Fault.DROP_RESPONSE]
        delivery = asyncio.run(
            webhooks.deliver_async(endpoint, message, path="/200", faults=faults)
        )
        assert [attempt.status for attempt in delivery.attempts] == [200, 200]
        assert [request.body for request in recorder.received] == [message.body] * 2

    def test_an_asynchronous_client_of_httpx(self, webhooks: MewsWebhooks) -> None:
        """Its responses are awaited; `deliver` says what to use."""
        app = AsgiRecorder()

        async def test() -> None:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                assert (await webhooks.deliver_async(client, customer_added())).delivered
                failing = await webhooks.deliver_async(
                    client, customer_added(), path="/raise", attempts=1
                )
                assert (failing.status, type(failing.attempts[0].error)) == (500, ValueError)
                redirected = await webhooks.deliver_async(
                    client, customer_added(), path="/elsewhere", attempts=1
                )
                assert redirected.attempts[0].outcome is Outcome.CONNECTION_REFUSED
                with pytest.raises(TypeError, match="deliver_async"):
                    webhooks.deliver(client, customer_added())

        asyncio.run(test())


class TestWrongArguments:
    """Each error names the argument and says what to give."""

    @pytest.mark.parametrize("endpoint", [None, 7, lambda: None, int, {}])
    def test_nothing_can_be_delivered_there(self, webhooks: MewsWebhooks, endpoint: object) -> None:
        """The error lists what can be given."""
        with pytest.raises(TypeError, match="Give an ASGI or WSGI application, a test client"):
            webhooks.deliver(endpoint, customer_added())

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"path": "webhooks"}, "path: 'webhooks' is not a path. Begin it with a slash."),
            ({"token_variant": "wrng"}, "token_variant: 'wrng' is not.*Did you mean wrong?"),
            ({"attempts": 0}, "attempts: 0 is less than 1"),
            ({"duplicates": -1}, "duplicates: -1 is less than 0"),
            ({"path": "/?Token=a&Token=b"}, "URL.*has more than one Token"),
            ({"timeout_s": 0}, "timeout_s: 0 is not above 0"),
            ({"faults": ["reste"]}, "faults: 'reste' is not a fault.*Did you mean reset?"),
        ],
    )
    def test_a_wrong_value(
        self, webhooks: MewsWebhooks, options: dict[str, Any], message: str
    ) -> None:
        """Nothing is delivered."""
        app = AsgiRecorder()
        with pytest.raises(ValueError, match=message):
            webhooks.deliver(app, customer_added(), **options)
        assert app.received == []

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"attempts": 1.5}, "attempts: 1.5 is not a whole number"),
            ({"duplicates": None}, "duplicates: None is not a whole number"),
            ({"path": 3}, "path: its type is int, not str"),
            ({"token": b"our-secret"}, "token: its type is bytes, not str"),
            ({"faults": Fault.RESET}, r"faults: give a list, such as \[Fault.RESET\]"),
        ],
    )
    def test_a_wrong_type(
        self, webhooks: MewsWebhooks, options: dict[str, Any], message: str
    ) -> None:
        """The error names the argument, and no secret."""
        with pytest.raises(TypeError, match=message) as error:
            webhooks.deliver(AsgiRecorder(), customer_added(), **options)
        assert "our-secret" not in str(error.value)

    def test_a_fault_can_be_given_by_its_value(self, webhooks: MewsWebhooks) -> None:
        """It is the fault, and not silently ignored."""
        faults: Any = ["drop-response"]
        delivery = webhooks.deliver(AsgiRecorder(), customer_added(), faults=faults)
        assert [attempt.fault for attempt in delivery.attempts] == [Fault.DROP_RESPONSE, Fault.NONE]

    def test_what_is_not_a_message(self, webhooks: MewsWebhooks) -> None:
        """Such as an event of the WebSocket, or all messages of a lifecycle."""
        event: Any = {"Type": "DeviceCommand"}
        with pytest.raises(TypeError, match=r"is dict, not Message.* customer_added"):
            webhooks.deliver(AsgiRecorder(), event)

    @pytest.mark.parametrize("url", ["localhost:8000/webhooks", "/webhooks", "ftp://localhost/"])
    def test_what_is_not_a_url(self, webhooks: MewsWebhooks, url: str) -> None:
        """It is a mistake of the test, not a refused connection."""
        with pytest.raises(ValueError, match="neither http:// nor https://"):
            webhooks.deliver(url, customer_added())

    def test_a_test_client_injects_no_other_fault(self, webhooks: MewsWebhooks) -> None:
        """The error says what can."""
        client = Flask(__name__).test_client()
        with pytest.raises(ValueError, match="can't inject 'reset'; give the application itself"):
            webhooks.deliver(client, customer_added(), faults=[Fault.RESET])


def test_the_exception_of_a_test_client_is_a_500(webhooks: MewsWebhooks) -> None:
    """A test client raises it; Mews sees a 500. An error of httpx itself is the test's."""
    app = Flask(__name__)
    app.testing = True

    @app.post("/")
    def receive() -> str:
        raise ValueError(flask_request.get_json()["EnterpriseId"])

    delivery = webhooks.deliver(app.test_client(), customer_added(), attempts=1)
    assert (delivery.status, type(delivery.attempts[0].error)) == (500, ValueError)
    with (
        httpx.Client(base_url="http://127.0.0.1:9", trust_env=False) as client,
        pytest.raises(httpx.ConnectError),
    ):
        webhooks.deliver(client, customer_added())


def test_an_application_behind_a_test_client_can_raise_an_error_of_httpx(
    webhooks: MewsWebhooks,
) -> None:
    """Such as that of its own call to Mews: Mews sees a 500."""
    app = FastAPI()

    @app.post("/")
    async def receive() -> None:
        raise httpx.ReadTimeout("Mews is slow")

    delivery = webhooks.deliver(TestClient(app), customer_added(), attempts=1)
    assert (delivery.status, type(delivery.attempts[0].error)) == (500, httpx.ReadTimeout)


def test_the_base_url_of_a_client_can_have_a_path(webhooks: MewsWebhooks) -> None:
    """The path of the endpoint comes after it, once."""
    app = WsgiRecorder()
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://service/v1") as client:
        webhooks.deliver(client, customer_added(), path="/200")
    assert [request.path for request in app.received] == ["/v1/200"]


class TestExit:
    """An application that calls `sys.exit`."""

    def test_in_a_request(self, webhooks: MewsWebhooks) -> None:
        """It is a 500; the event loop, which all tests share, goes on."""
        app = FastAPI()

        @app.post("/exit")
        async def leave() -> None:
            sys.exit(3)

        delivery = webhooks.deliver(app, customer_added(), path="/exit", attempts=1)
        assert (delivery.status, type(delivery.attempts[0].error)) == (500, SystemExit)
        assert webhooks.deliver(AsgiRecorder(), customer_added()).delivered

    def test_in_the_lifespan(self, webhooks: MewsWebhooks) -> None:
        """The startup has failed."""

        async def app(scope: Any, receive: Any, send: Any) -> None:
            sys.exit("no database")

        with pytest.raises(RuntimeError, match=r"startup failed: SystemExit.*no database"):
            webhooks.deliver(app, customer_added())
        assert webhooks.deliver(AsgiRecorder(), customer_added()).delivered


@pytest.mark.parametrize("event", ["startup", "shutdown"])
def test_a_lifespan_that_hangs(monkeypatch: pytest.MonkeyPatch, event: str) -> None:
    """The test fails, and goes on."""
    monkeypatch.setattr("pytest_mews.kit.asgi_endpoint.LIFESPAN_TIMEOUT_S", 0.02)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if event == "startup":
            await asyncio.sleep(60)
        yield
        await asyncio.sleep(60)

    def run() -> None:
        with MewsWebhooks() as webhooks:
            webhooks.deliver(FastAPI(lifespan=lifespan), customer_added(), attempts=1)

    with pytest.raises(RuntimeError, match=f"{event} didn't end within 0.02 s"):
        run()


class TestSkippedPauses:
    """A pause that one delivery skips does not use up the time of another one."""

    @staticmethod
    def slow_app(seconds: float) -> AsgiRecorder:
        """Return an application whose `/sleep` takes this long."""
        app = AsgiRecorder()
        app.sleep_s = seconds
        return app

    def test_of_another_task(self, webhooks: MewsWebhooks) -> None:
        """Both are awaited in one event loop."""

        async def test() -> None:
            slow, failing = await asyncio.gather(
                webhooks.deliver_async(self.slow_app(0.05), customer_added(), path="/sleep"),
                webhooks.deliver_async(AsgiRecorder(), customer_added(), path="/503"),
            )
            assert [attempt.outcome for attempt in slow.attempts] == [Outcome.DELIVERED]
            assert failing.attempts[1].started_ms == pytest.approx(180_000, abs=2_000)

        asyncio.run(test())

    def test_of_another_thread(self, webhooks: MewsWebhooks) -> None:
        """The slow delivery has started before the other one."""
        deliveries = []
        app, failing = self.slow_app(0.2), AsgiRecorder()

        def deliver() -> None:
            deliveries.append(webhooks.deliver(app, customer_added(), path="/sleep"))

        thread = threading.Thread(target=deliver)
        thread.start()
        while not app.states:
            time.sleep(0.001)
        webhooks.deliver(failing, customer_added(), path="/503")
        thread.join()
        assert [attempt.outcome for attempt in deliveries[0].attempts] == [Outcome.DELIVERED]


class TestEndlessBody:
    """The body of a response does not end."""

    def test_of_an_asgi_application(self, webhooks: MewsWebhooks) -> None:
        """The deadline ends the attempt, though the application never waits; little is kept."""
        sent = 0

        async def app(scope: Any, receive: Any, send: Any) -> None:
            nonlocal sent
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200})
                while sent < 1_000_000:
                    sent += 1
                    await send({"type": "http.response.body", "body": b"x", "more_body": True})

        delivery = webhooks.deliver(app, customer_added(), attempts=1, timeout_s=0.02)
        assert delivery.attempts[0].outcome is Outcome.TIMEOUT_ANSWER
        assert sent < 1_000_000

    def test_of_starlette(self, webhooks: MewsWebhooks) -> None:
        """Starlette ends it once the client has left."""
        parts: list[int] = []

        async def endless() -> AsyncIterator[bytes]:
            while True:
                parts.append(1)
                yield b"x"
                await asyncio.sleep(0.001)

        app = FastAPI()

        @app.post("/")
        async def receive() -> StreamingResponse:
            return StreamingResponse(endless())

        webhooks.deliver(app, customer_added(), attempts=1, timeout_s=0.02)
        webhooks.deliver(AsgiRecorder(), customer_added())
        number = len(parts)
        time.sleep(0.05)
        assert len(parts) <= number + 1

    def test_of_a_wsgi_application(self, webhooks: MewsWebhooks) -> None:
        """It is closed between two parts."""
        closed = []

        def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
            start_response("200 OK", [])
            try:
                while True:
                    yield b"x"
            finally:
                closed.append(True)

        delivery = webhooks.deliver(app, customer_added(), attempts=1, timeout_s=0.02)
        assert delivery.attempts[0].outcome is Outcome.TIMEOUT_ANSWER
        assert closed == [True]


def test_a_status_that_is_not_a_number_is_a_500(webhooks: MewsWebhooks) -> None:
    """No server could send it."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("OK", [])
        return []

    delivery = webhooks.deliver(app, customer_added(), attempts=1)
    assert (delivery.status, type(delivery.attempts[0].error)) == (500, ValueError)


def test_no_part_of_a_secret_is_in_the_description(webhooks: MewsWebhooks) -> None:
    """A response may be cut in the middle of it."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("401 Unauthorized", [])
        return [b"x" * 190 + environ["QUERY_STRING"].encode()]

    webhooks.deliver(app, customer_added(), token="our-secret-token")
    assert "our" not in webhooks.describe()


def test_a_secret_in_json_is_not_in_the_description(webhooks: MewsWebhooks) -> None:
    """Its quotes and letters are escaped there."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response("401 Unauthorized", [])
        return [json.dumps(parse_qs(environ["QUERY_STRING"])).encode()]

    webhooks.deliver(app, customer_added(), token='the "sécret"')
    assert "cret" not in webhooks.describe()


def test_the_emulator_knows_what_is_delivered() -> None:
    """A new enterprise's token is valid as soon as its IntegrationCreated was delivered."""
    with MewsApi() as mews_api, MewsWebhooks(mews_api.apply_message) as webhooks:
        created, *_ = lifecycle("IntegrationCreated", "events")
        token = created.json()["Data"]["AccessToken"]
        assert mews_api.enterprise_of(token) is None
        webhooks.deliver(AsgiRecorder(), created)
        assert mews_api.enterprise_of(token) == created.enterprise_id


def test_any_body_can_be_delivered(webhooks: MewsWebhooks) -> None:
    """Also an empty one."""
    app = AsgiRecorder()
    webhooks.deliver(app, webhook(b""))
    assert app.received[0].body == b""
