"""The Connector API emulator on a socket, for services in any language."""

from __future__ import annotations

import socket

from werkzeug import Request as HttpRequest
from werkzeug import Response
from werkzeug.exceptions import ClientDisconnected

from pytest_mews.emulator.connector_api.api_http import ApiRequest
from pytest_mews.emulator.connector_api.connector_api import ConnectorApi
from pytest_mews.errors import UsageError
from pytest_mews.net.http_server import (
    HttpServer,
    disconnected,
    disconnects_within,
    reset_connection,
    socket_of,
)

DEFAULT_OPTION = "--mews-api"


class ConnectorApiServer(HttpServer):
    """Serves the Connector API emulator; keeps connections alive, with one thread for each.

    Args:
        connector_api: the emulator that answers the requests.
        host: the address to listen on.
        port: the port; 0 selects a free one.
        option: the command line option of the address, for the error message.

    """

    def __init__(
        self,
        connector_api: ConnectorApi,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        option: str = DEFAULT_OPTION,
    ) -> None:
        super().__init__(host, port, keep_alive=True)
        self._connector_api, self._option = connector_api, option

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

    def application(self, request: HttpRequest) -> Response:
        """Let the emulator answer one request, and send its response."""
        connection = socket_of(request)
        try:
            body = request.get_data()
        except (ClientDisconnected, OSError) as error:
            raise ConnectionResetError from error
        headers = {name.lower(): value for name, value in request.headers.items()}
        path: str = request.environ["RAW_URI"].partition("?")[0]
        pending = self._connector_api.begin(ApiRequest(request.method, path, headers, body))
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
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
                probe.listen()
            except (OSError, OverflowError) as error:
                reason = error.strerror if isinstance(error, OSError) else None
                raise UsageError(
                    self._option,
                    f"{self.format_host(self.host)}:{self.port}",
                    f"can't be listened on: {(reason or str(error)).lower()}",
                    "Stop the process that uses the address, or give another one.",
                ) from error
