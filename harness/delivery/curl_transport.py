"""The transport on libcurl: one thread that owns libcurl, and the queue in front of it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Self

from pytest_mews.delivery.clock import Clock
from pytest_mews.delivery.curl_handles import CurlHandles
from pytest_mews.delivery.curl_multi import CurlMultiLoop
from pytest_mews.delivery.curl_options import TrustStore
from pytest_mews.delivery.curl_transfer import CurlTransfer
from pytest_mews.delivery.kept_connections import leaves_unfit_connection
from pytest_mews.delivery.transport import ExchangeCallback, Request
from pytest_mews.errors import HarnessError
from pytest_mews.model import Exchange, Outcome

_CLOSE_TIMEOUT_S = 1.0


class CurlTransport:
    """A Transport on libcurl, with hundreds of requests in flight and kept connections.

    Args:
        clock: the run's clock, read when curl starts a request.
        trust_store: the trusted certificate authorities; the environment's by default.

    Raises:
        UsageError: SSL_CERT_FILE or SSL_CERT_DIR names a file or folder that doesn't exist.

    """

    def __init__(self, clock: Clock, trust_store: TrustStore | None = None) -> None:
        self._clock = clock
        self._handles = CurlHandles(
            TrustStore.from_environment() if trust_store is None else trust_store
        )
        self._submitted: deque[tuple[Request, ExchangeCallback]] = deque()
        self._lock = threading.Lock()
        self._stop_error: HarnessError | None = None
        self._multi_loop = CurlMultiLoop()
        self._requests_by_port: dict[int, int] = {}
        self._prepared: deque[CurlTransfer] = deque()
        self._ended: list[tuple[ExchangeCallback, Exchange]] = []
        self._thread = threading.Thread(target=self._run, name="mews-delivery", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def submit(self, request: Request) -> Future[Exchange]:
        """Start a request at once; see Transport."""
        future: Future[Exchange] = Future()
        future.set_running_or_notify_cancel()
        self.submit_all([(request, partial(_complete, future))])
        return future

    def submit_all(self, requests: Sequence[tuple[Request, ExchangeCallback]]) -> None:
        """Start several requests at once; see Transport."""
        with self._lock:
            if self._stop_error is None:
                self._submitted.extend(requests)
                self._multi_loop.wake()
                return
            stop_error = self._stop_error
        for _, on_end in requests:
            on_end(stop_error)

    def close(self) -> None:
        """End the thread; requests in flight fail with HarnessError. May be called twice."""
        self._stop(HarnessError("the transport was closed"))
        # An unresponsive name server blocks libcurl for seconds: don't wait for it.
        self._thread.join(_CLOSE_TIMEOUT_S)

    def _stop(self, error: HarnessError) -> None:
        with self._lock:
            if self._stop_error is None:
                self._stop_error = error
                self._multi_loop.wake()

    def _run(self) -> None:
        try:
            while self._stop_error is None:
                self._multi_loop.wait()
                self._finish_completed()
                self._start_submitted()
                self._publish_ended()
        except Exception as error:  # noqa: BLE001 - whatever it is, pending futures must fail
            stop_error = HarnessError(f"the delivery thread failed: {error!r}")
            stop_error.__cause__ = error
            self._stop(stop_error)
        finally:
            self._fail_pending()

    def _start_submitted(self) -> None:
        """Start what was submitted; all is prepared before the first request starts."""
        while self._submitted:
            self._prepare(*self._submitted.popleft())
        while self._prepared:
            transfer = self._prepared.popleft()
            transfer.started_ms = self._clock.now_ms()
            # A request on a kept connection may end while it is being started. It must not leave an
            # unfit connection to the next request.
            if self._multi_loop.start(transfer):
                self._finish_completed()

    def _prepare(self, request: Request, on_end: ExchangeCallback) -> None:
        try:
            self._prepared.append(CurlTransfer(request, on_end, self._handles.take(request)))
        except Exception as error:  # noqa: BLE001 - it concerns this request alone
            on_end(HarnessError(f"this request can't be sent: {error!r}"))

    def _finish_completed(self) -> None:
        for transfer, code, message in self._multi_loop.completed():
            self._finish(transfer, code, message)

    def _finish(self, transfer: CurlTransfer, code: int, message: str) -> None:
        try:
            exchange = transfer.build_exchange(code, message, self._requests_by_port)
        except HarnessError as error:
            transfer.on_end(error)
            self._multi_loop.remove(transfer)
            transfer.curl.close()
            return
        self._ended.append((transfer.on_end, exchange))
        self._multi_loop.remove(transfer, is_looking_up=exchange.outcome is Outcome.TIMEOUT_CONNECT)
        if leaves_unfit_connection(transfer.request, exchange):
            self._multi_loop.leave_connections(transfer)
        self._handles.give_back(transfer.curl, transfer.request, exchange)

    def _publish_ended(self) -> None:
        """Report what ended in a turn of the loop together: who waits for it wakes once."""
        ended, self._ended = self._ended, []
        for on_end, exchange in ended:
            on_end(exchange)

    def _fail_pending(self) -> None:
        """Fail all unfinished requests, so that no caller waits for them, and free curl."""
        self._publish_ended()
        assert self._stop_error is not None
        for transfer in (*self._multi_loop.pending(), *self._prepared):
            transfer.on_end(self._stop_error)
        with self._lock:  # the thread that stops the transport may be about to call `wake`
            unsent = list(self._submitted)
        for _, on_end in unsent:
            on_end(self._stop_error)
        self._handles.close()
        self._multi_loop.close()


def _complete(future: Future[Exchange], result: Exchange | BaseException) -> None:
    if isinstance(result, BaseException):
        future.set_exception(result)
    else:
        future.set_result(result)
