"""The demo partner: an endpoint, workers that fetch what changed, and WebSocket clients."""

from __future__ import annotations

import queue
import secrets
import threading
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from pytest_mews.demo.certificates import tls_identity
from pytest_mews.demo.demo_thread import DemoThread, OnError, print_error
from pytest_mews.demo.partner_server import PartnerServer
from pytest_mews.demo.partner_state import initial_state
from pytest_mews.demo.processing import Backlog, WorkerPool
from pytest_mews.demo.registry import SOUND, partner_kind
from pytest_mews.demo.service import PATH, Request, Response
from pytest_mews.demo.webhook_bodies import Document
from pytest_mews.demo.websocket import ClientPool
from pytest_mews.model import Tenants


class DemoPartner:
    """A webhook receiver on 127.0.0.1 that listens until it is closed.

    Attributes:
        url: the endpoint for General Webhooks, with the token in its query.
        integration_url: the endpoint for Integration Webhooks: the same.
        token: the secret in the URL, a new one for each partner.
        authority: a PEM file with the certificate authority to trust; None for plain http.
        state: what the partner knows, and what it still has to fetch.
        workers: the workers that fetch; None without `api`.
        websocket_clients: the WebSocket clients; None without `websocket`.

    Args:
        name: one of `PARTNER_KINDS`.
        tenants: the enterprises that are connected already.
        port: the port; 0 for a free one.
        api: the address of the Connector API, for example `http://127.0.0.1:8088`. Without it the
            partner fetches nothing.
        websocket: the address of the WebSocket, for example `ws://127.0.0.1:8089`. Without it the
            partner opens no connection.
        on_error: called with an exception that nothing in the partner expected, from any thread.

    Raises:
        UsageError: there is no demo partner of that name.

    """

    def __init__(  # noqa: PLR0913 - tenants, and what is optional
        self,
        name: str = SOUND,
        *,
        tenants: Tenants,
        port: int = 0,
        api: str | None = None,
        websocket: str | None = None,
        on_error: OnError = print_error,
    ) -> None:
        kind = partner_kind(name)
        self._kind, self._tenants, self._api, self._on_error = kind, tenants, api, on_error
        self._behaviour = kind.create_behaviour()
        self._options = kind.create_options()
        self._behaviour_lock = threading.Lock()
        self._accepted: queue.Queue[Document | None] = queue.Queue()
        self.state = initial_state(tenants)
        self.token = secrets.token_urlsafe(24)
        self._files = ExitStack()
        identity = None if kind.create_context is None else tls_identity(kind.create_context)
        self._tls = None if identity is None else identity.context
        self.authority: Path | None = None
        if identity is not None:
            folder = self._files.enter_context(TemporaryDirectory(prefix="mews-demo-"))
            self.authority = Path(folder) / "authority.pem"
            self.authority.write_bytes(identity.authority)
        self._start(port)
        self.websocket_clients: ClientPool | None = None
        if websocket is not None:
            self.websocket_clients = ClientPool(
                websocket, api, tenants, self._add, kind.create_client(), on_error=on_error
            )
        self.url = self.integration_url = f"{self._server.url_for(PATH)}?Token={self.token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def is_idle(self) -> bool:
        """Whether the partner has fetched all accepted changes, except those that it can't yet."""
        return not self._accepted.unfinished_tasks and self._backlog.is_empty

    def close(self) -> None:
        """Stop listening, release held requests, and end every thread; can be called twice."""
        if self._server.is_running():
            if self.websocket_clients is not None:
                self.websocket_clients.close()
            self._stop()
            self._files.close()

    def restart(self) -> None:
        """Restart the endpoint and the workers, at the same address.

        What has to be fetched is stored, but for a partner that forgets it. WebSocket clients stay
        connected, as those of another process.
        """
        self._stop()
        self._backlog.store()
        if self._options.forgets_at_restart:
            self.state.changed.clear()
        self._start(self._server.port)

    def _start(self, port: int) -> None:
        """Start the threads that receive messages and fetch what they name."""
        self._backlog = Backlog(self.state, self._options)
        self._server = PartnerServer(
            self._respond,
            port,
            keep_alive=self._kind.keep_alive,
            answers_early=self._kind.answers_early,
            tls=self._tls,
            on_error=self._on_error,
        )
        self._server.start()
        self._reader = DemoThread(self._read_accepted, "mews-demo-worker", self._on_error)
        self._reader.start()
        self.workers: WorkerPool | None = None
        if self._api is not None:
            self.workers = WorkerPool(
                *(self._backlog, self._api, self._tenants.client_token, self._options),
                self._on_error,
            )

    def _stop(self) -> None:
        """Stop what `_start` started; what was accepted is in the backlog then."""
        self._backlog.close()  # first, because a response may be waiting for it
        self._server.stop()
        self._accepted.put(None)
        self._reader.join()
        if self.workers is not None:
            self.workers.close()

    def _add(self, document: Document) -> None:
        self._backlog.add(document)

    def _respond(self, request: Request) -> Response:
        # Stateful flaws see one request at a time. Behaviours return at once; the server waits.
        with self._behaviour_lock:
            response = self._behaviour(self.token, request)
        if response.accepted is None:
            return response
        fetches_first = self._options.fetches_before_answering
        max_unfetched = self._options.max_unfetched
        if self.workers is None or (max_unfetched is None and not fetches_first):
            self._accepted.put(response.accepted)
            return response
        if max_unfetched is not None:
            self._backlog.wait_until_below(max_unfetched)
        self._backlog.add(response.accepted)
        if fetches_first:
            self._backlog.wait_until_fetched(response.accepted)
        return response

    def _read_accepted(self) -> None:
        while (document := self._accepted.get()) is not None:
            self._backlog.add(document)
            self._accepted.task_done()
        self._accepted.task_done()  # of the None that ends the thread
