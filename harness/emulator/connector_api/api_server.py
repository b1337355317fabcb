"""The twin on a socket, for partners in any language."""

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
    connection_of,
    disconnected,
    disconnects_within,
    reset,
)

OPTION = "--mews-api"


class ConnectorApiServer(HttpServer):
    """Serves a twin, each connection in a thread of its own, for many requests each.

    Args:
        twin: what answers.
        host: the address to listen on.
        port: the port; 0 for a free one.
        option: which option the address came from, for the message when it can't be used.

    """

    def __init__(
        self, twin: ConnectorApi, host: str = "127.0.0.1", port: int = 0, *, option: str = OPTION
    ) -> None:
        super().__init__(host, port, keeps=True)
        self._twin, self._option = twin, option

    @property
    def url(self) -> str:
        """What a partner puts in the place of `https://api.mews.com`."""
        return f"http://{self.format_host(self.host)}:{self.port}"

    def start(self) -> None:
        """Listen; returns when connections are accepted.

        Raises:
            UsageMistake: the address can't be listened on.

        """
        self._try_out()
        super().start()

    def application(self, request: HttpRequest) -> Response:
        """Answer one request."""
        connection = connection_of(request)
        try:
            body = request.get_data()
        except (ClientDisconnected, OSError) as error:
            raise ConnectionResetError from error
        headers = {name.lower(): value for name, value in request.headers.items()}
        path: str = request.environ["RAW_URI"].partition("?")[0]
        pending = self._twin.begin(ApiRequest(request.method, path, headers, body))
        response = pending.response
        if (
            disconnects_within(connection, response.delay_s)
            if response.delay_s
            else disconnected(connection)
        ):
            pending.lost()
            raise ConnectionResetError
        if response.status is None:
            reset(connection)
            pending.done()
            raise ConnectionResetError
        answer = Response(response.body, response.status, response.headers)
        if "Content-Type" not in response.headers:
            del answer.headers["Content-Type"]  # werkzeug's own, of a body that is not there
        answer.call_on_close(pending.done)
        return answer

    def _try_out(self) -> None:
        """Say what is wrong with the address; werkzeug would end the process."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((self.host, self.port))
                trial.listen()
            except (OSError, OverflowError) as error:
                reason = error.strerror if isinstance(error, OSError) else None
                raise UsageError(
                    self._option,
                    f"{self.format_host(self.host)}:{self.port}",
                    f"can't be listened on: {(reason or str(error)).lower()}",
                    "Stop what listens there, or give another address.",
                ) from error
