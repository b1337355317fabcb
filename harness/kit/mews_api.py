"""The fixture `mews_api`: the Connector API emulator in the process of a test, and on a socket."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.emulator.connector_api import ConnectorApi, ConnectorApiServer
from pytest_mews.emulator.failures import EmulatorFailures
from pytest_mews.errors import did_you_mean
from pytest_mews.kit.call_report import describe_calls
from pytest_mews.kit.http_clients import answer_clients
from pytest_mews.kit.mews_hosts import MewsHostGuard
from pytest_mews.kit.skipping_clock import Sleep
from pytest_mews.mews.api_operations import OPERATIONS
from pytest_mews.model import ApiCall, Tenants

DEFAULT_TIMEOUT_S = 5.0
RESOURCES = tuple(dict.fromkeys(name.partition("/")[0] for name in OPERATIONS))
_REMEDY = (
    "the fixture mews_api answers only https://api.mews.com and https://api.mews-demo.com, and "
    "only requests, httpx and aiohttp; give any other client the address mews_api.url"
)


class MewsApi(ConnectorApi):
    """The Connector API emulator at Mews's own addresses: what the fixture `mews_api` returns.

    Inside its `with` block it answers requests to https://api.mews.com and
    https://api.mews-demo.com by requests, httpx and aiohttp. Whatever else would connect to a host
    of Mews gets a `ConnectionRefusedError`. Other hosts are not affected.

    Attributes:
        tenants: the client and the enterprises, with the tokens that the emulator accepts.
        sleep: called with the seconds that a slow response takes, or with the request's timeout if
            that is shorter; not for requests on the socket.

    Args:
        tenants: the client and the enterprises that exist.
        open_ids: whether every id exists as soon as a request asks for it.
        sleep: see above.

    """

    def __init__(
        self,
        tenants: Tenants = DEFAULT_TENANTS,
        *,
        open_ids: bool = True,
        sleep: Sleep = time.sleep,
    ) -> None:
        started = time.monotonic()
        super().__init__(
            tenants,
            lambda: (time.monotonic() - started) * 1000,
            started_utc=datetime.now(UTC),
            open_ids=open_ids,
        )
        self.tenants, self.sleep = tenants, sleep
        self._failures = EmulatorFailures()
        self._server: ConnectorApiServer | None = None
        self._server_lock = threading.Lock()
        self._running = ExitStack()
        self._missed: list[tuple[str, str]] = []  # what `fetched` found no call for

    def __enter__(self) -> Self:
        guard = MewsHostGuard(_REMEDY)
        guard.start()
        self._running.callback(guard.stop)
        self._running.enter_context(answer_clients(self))
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop answering.

        Raises:
            HarnessError: the emulator on the socket failed.

        """
        self._running.close()
        self._server = None
        self._failures.raise_since(0)

    def __repr__(self) -> str:
        count = len(self.calls())
        return f"<MewsApi with {count} call{'s' * (count != 1)}>"

    @property
    def url(self) -> str:
        """The emulator's address on a socket, such as `http://127.0.0.1:40001`.

        For a service in a process of its own, or with another HTTP client. The first use starts it.
        """
        with self._server_lock:
            if self._server is None:
                server = ConnectorApiServer(self, failures=self._failures)
                server.start()
                self._running.callback(server.stop)
                self._server = server
            return self._server.url

    def fetched(self, resource: str, id: str) -> tuple[ApiCall, ...]:  # noqa: A002 - the name in the API
        """Return the calls whose response has an entity, in order; empty if it was not fetched.

        Args:
            resource: the first part of the operation, such as `customers`.
            id: the entity.

        Raises:
            TypeError: an id is not a string.
            ValueError: there is no such resource.

        """
        calls = self._find(resource, id)
        if not calls:
            self._missed.append((resource, id))
        return calls

    def wait_until_fetched(
        self, resource: str, *ids: str, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> tuple[ApiCall, ...]:
        """Wait until each of these entities was fetched; return the first call that has each.

        Args:
            resource: as for `fetched`.
            ids: the entities.
            timeout_s: how long to wait.

        Raises:
            TimeoutError: one of them was not; the message lists the calls that came.
            TypeError: an id is not a string.
            ValueError: there is no such resource.

        """
        __tracebackhide__ = True  # pytest then shows the line of the test
        for id_ in ids:
            self._find(resource, id_)
        if not self.wait_until(
            lambda calls: all(_fetching(calls, resource, id_) for id_ in ids), 0, timeout_s
        ):
            missing = [id_ for id_ in ids if not self._find(resource, id_)]
            problem = f"{resource} {', '.join(missing)} not fetched within {timeout_s:g} s"
            raise TimeoutError(f"{problem}.\n{self.describe()}")
        return tuple(self._find(resource, id_)[0] for id_ in ids)

    async def wait_until_fetched_async(
        self, resource: str, *ids: str, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> tuple[ApiCall, ...]:
        """Wait like `wait_until_fetched`; the event loop goes on meanwhile."""
        return await asyncio.to_thread(self.wait_until_fetched, resource, *ids, timeout_s=timeout_s)

    def describe(self) -> str:
        """Describe all calls so far, with a hint for each that got nothing; without tokens.

        What was fetched only after `fetched` had returned nothing has a hint as well.
        """
        late = [
            f"  hint: {resource} {id_} was fetched after fetched() looked: wait_until_fetched waits"
            for resource, id_ in dict.fromkeys(self._missed)
            if self._find(resource, id_)
        ]
        return "\n".join([describe_calls(self.calls()), *late])

    def _find(self, resource: str, id_: str) -> tuple[ApiCall, ...]:
        """Return what `fetched` does, with the same errors; what it does not find is not noted."""
        if not isinstance(id_, str):
            raise TypeError(f"id: {id_!r} is not a string")
        if resource not in RESOURCES:
            problem = f"{resource!r} is not a resource of the Connector API"
            raise ValueError(f"{problem}. {did_you_mean(resource, RESOURCES)}")
        return _fetching(self.calls(), resource, id_)


def _fetching(calls: tuple[ApiCall, ...], resource: str, id_: str) -> tuple[ApiCall, ...]:
    return tuple(
        call
        for call in calls
        if call.answered_ok
        and call.operation.partition("/")[0] == resource
        and id_.lower() in {returned.lower() for returned in call.returned_ids}
    )
