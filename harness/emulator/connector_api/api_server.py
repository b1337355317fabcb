"""The Connector API emulator on a socket, for services in any language."""

from __future__ import annotations

import socket
import time

from werkzeug import Request as HttpRequest
from werkzeug import Response
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler

from pytest_mews.emulator.connector_api.api_http import SERVER_ERROR, ApiRequest
from pytest_mews.emulator.connector_api.connector_api import ConnectorApi
from pytest_mews.emulator.connector_api.request_reader import (
    HANDLER,
    BodyRefusedError,
    RequestHandler,
    split_target,
)
from pytest_mews.emulator.failures import EmulatorFailures
from pytest_mews.errors import UsageError
from pytest_mews.net.connection_guard import ConnectionGuard, ConnectionLimits
from pytest_mews.net.http_server import (
    HttpServer,
    disconnected,
    disconnects_within,
    listen_problem,
    reset_connection,
    shut_down,
    socket_of,
)

DEFAULT_OPTION = "--mews-api"
NAME = "Connector API emulator"
DEFAULT_LIMITS = ConnectionLimits()
ROOM_POLL_S = 0.02  # how often a new connection checks whether there is room for it
CHECK_S = 0.5  # how often the times of requests are checked
FAILURE_BODY = b'{"Message":"The Connector API emulator failed. This is not the service\'s fault."}'


class ConnectorApiServer(HttpServer):
    """Serves the Connector API emulator; keeps connections alive, with one thread for each.

    Args:
        connector_api: the emulator that answers the requests.
        host: the address to listen on.
        port: the port; 0 selects a free one.
        option: the command line option of the address, for the error message.
        limits: bounds the connections, also those of strangers.
        failures: records unexpected exceptions, which are faults of the harness.

    """

    def __init__(  # noqa: PLR0913 - one required, five optional
        self,
        connector_api: ConnectorApi,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        option: str = DEFAULT_OPTION,
        failures: EmulatorFailures | None = None,
        limits: ConnectionLimits = DEFAULT_LIMITS,
    ) -> None:
        super().__init__(host, port, keep_alive=True)
        self._connector_api, self._option = connector_api, option
        self._guard: ConnectionGuard[socket.socket] = ConnectionGuard(limits)
        self._next_check_s = 0.0
        self._failures = failures or EmulatorFailures()

    @property
    def url(self) -> str:
        """The address that a service uses instead of `https://api.mews.com`."""
        return f"http://{self.format_host(self.host)}:{self.port}"

    def start(self) -> None:
        """Start listening; return when the server accepts connections.

        Raises:
            UsageError: the server can't listen on the address.

        """
        self._check_address()
        super().start()

    def prepare(self) -> None:
        """Bound the connections too."""
        super().prepare()
        assert self.server is not None
        self._accept = self.server.get_request
        self.server.get_request = self._accept_bounded  # type: ignore[method-assign]
        self.server.service_actions = self._close_overdue  # type: ignore[method-assign]

    def handle_connection(
        self, connection: socket.socket, address: tuple[str, int], server: BaseWSGIServer
    ) -> WSGIRequestHandler:
        """Serve a connection until it ends."""
        self._guard.open(connection)
        try:
            return RequestHandler(
                connection,
                address,
                server,
                guard=self._guard,
                record_unreadable=self._connector_api.record_unreadable,
            )
        finally:
            self._guard.close(connection)

    def _accept_bounded(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection; first give up an idle one if there are too many."""
        while self._guard.is_full and not self.closing.is_set():
            dispensable = self._guard.dispensable()
            if dispensable is not None:
                shut_down(dispensable)
            time.sleep(ROOM_POLL_S)
        return self._accept()

    def _close_overdue(self) -> None:
        """End the connections whose request takes too long; called at least every `POLL_S`."""
        now = time.monotonic()
        if now >= self._next_check_s:
            self._next_check_s = now + CHECK_S
            for connection in self._guard.overdue():
                shut_down(connection)

    def record_error(self, error: BaseException) -> bool:
        """Record an exception that nothing expected as a failure of the emulator."""
        if not isinstance(error, ConnectionError | TimeoutError):
            self._failures.record(NAME, error)
        return True

    def application(self, request: HttpRequest) -> Response:
        """Answer one request; with 500 if the emulator fails."""
        try:
            return self._answer(request)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not the service's fault
            self._failures.record(NAME, error)
            return Response(FAILURE_BODY, SERVER_ERROR, content_type="application/json")

    def _answer(self, request: HttpRequest) -> Response:
        """Let the emulator answer one request, and send its response."""
        connection = socket_of(request)
        handler: RequestHandler = request.environ[HANDLER]
        body, refusal = b"", None
        try:
            body = handler.read_body()
        except BodyRefusedError as refused:
            refusal = refused.refusal
        path, query = split_target(request.environ["RAW_URI"])
        headers = {name.lower(): value for name, value in request.headers.items()}
        address = request.remote_addr or "unknown"
        pending = self._connector_api.begin(
            ApiRequest(request.method, path, headers, body, query, refusal, address)
        )
        response = pending.response
        if (
            disconnects_within(connection, response.delay_s)
            if response.delay_s
            else disconnected(connection)
        ):
            pending.mark_lost()
            raise ConnectionResetError
        if response.status is None:
            reset_connection(connection)
            pending.mark_sent()
            raise ConnectionResetError
        http_response = Response(response.body, response.status, response.headers)
        if "Content-Type" not in response.headers:
            del http_response.headers["Content-Type"]  # werkzeug's default, although without a body
        http_response.call_on_close(pending.mark_sent)
        return http_response

    def _check_address(self) -> None:
        """Raise UsageError for an unusable address, for which werkzeug would exit the process."""
        if problem := listen_problem(self.host, self.port):
            raise UsageError(
                self._option,
                f"{self.format_host(self.host)}:{self.port}",
                f"can't be listened on: {problem}",
                "Stop the process that uses the address, or give another one.",
            )
