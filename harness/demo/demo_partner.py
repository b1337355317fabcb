"""The embedded partner: a behaviour on a socket, and workers for what it accepted."""

from __future__ import annotations

import queue
import secrets
import threading
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from pytest_mews.demo.certificates import identity_of
from pytest_mews.demo.partner_server import PartnerServer
from pytest_mews.demo.partner_state import memory_of
from pytest_mews.demo.processing import Backlog, Processing
from pytest_mews.demo.registry import HASTY, KEEPING, SOUND, behaviour, habits, stream_habits
from pytest_mews.demo.service import PATH, Answer, Request
from pytest_mews.demo.webhook_bodies import Document
from pytest_mews.demo.websocket import Streaming
from pytest_mews.model import Tenants


class DemoPartner:
    """A webhook receiver on a free port of 127.0.0.1, listening until it is closed.

    Attributes:
        url: where it takes General Webhooks, the token in its query.
        integration_url: where it takes Integration Webhooks: the same.
        token: the secret in the URL, a new one each time.
        authority: a PEM file of whose certificates to trust; None where it serves plain http.
        memory: what it has learnt, and what is still to be fetched.
        processing: what fetches; None without `api`.
        streaming: what is connected; None without `websocket`.

    Args:
        name: one of `NAMES`.
        tenants: the enterprises that are connected already.
        port: the port; 0 for a free one.
        api: the address of the Connector API, such as `http://127.0.0.1:8088`; without it nothing
            is fetched.
        websocket: the address of the WebSocket, such as `ws://127.0.0.1:8089`; without it no
            connection is opened.

    Raises:
        UsageMistake: there is no partner of that name.

    """

    def __init__(
        self,
        name: str = SOUND,
        *,
        tenants: Tenants,
        port: int = 0,
        api: str | None = None,
        websocket: str | None = None,
    ) -> None:
        self._behave = behaviour(name)
        self._habits = habits(name)
        self._behaving = threading.Lock()
        self._accepted: queue.Queue[Document | None] = queue.Queue()
        self.memory = memory_of(tenants)
        self._backlog = Backlog(self.memory, self._habits)
        self.token = secrets.token_urlsafe(24)
        self._files = ExitStack()
        identity = identity_of(name)
        self.authority: Path | None = None
        if identity is not None:
            folder = self._files.enter_context(TemporaryDirectory(prefix="mews-demo-"))
            self.authority = Path(folder) / "authority.pem"
            self.authority.write_bytes(identity.authority)
        self._server = PartnerServer(
            self._respond,
            port,
            keeps=name in KEEPING,
            hasty=name in HASTY,
            tls=None if identity is None else identity.context,
        )
        self._server.start()
        self._worker = threading.Thread(target=self._work, name="mews-demo-worker", daemon=True)
        self._worker.start()
        self.processing: Processing | None = None
        if api is not None:
            self.processing = Processing(self._backlog, api, tenants.client_token, self._habits)
        self.streaming: Streaming | None = None
        if websocket is not None:
            own = stream_habits(name)
            self.streaming = Streaming(websocket, api, tenants, self._backlog.note, own)
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
        """Whether nothing that was accepted is still to be fetched, as far as it can be."""
        return not self._accepted.unfinished_tasks and self._backlog.is_empty

    def close(self) -> None:
        """Stop listening, release the requests that are held, end every thread; once is enough."""
        if self._server.is_running():
            if self.streaming is not None:
                self.streaming.close()
            self._backlog.close()  # first, since it may keep an answer waiting
            self._server.stop()
            self._accepted.put(None)
            self._worker.join()
            if self.processing is not None:
                self.processing.close()
            self._files.close()

    def _respond(self, request: Request) -> Answer:
        # Flaws that remember count requests; deciding takes no time, waiting happens elsewhere.
        with self._behaving:
            answer = self._behave(self.token, request)
        if answer.accepted is None:
            return answer
        fetches_first, room = self._habits.fetches_first, self._habits.room
        if self.processing is None or (room is None and not fetches_first):
            self._accepted.put(answer.accepted)
            return answer
        if room is not None:
            self._backlog.wait_for_room(room)
        self._backlog.note(answer.accepted)
        if fetches_first:
            self._backlog.wait_for(answer.accepted)
        return answer

    def _work(self) -> None:
        while (document := self._accepted.get()) is not None:
            self._backlog.note(document)
            self._accepted.task_done()
