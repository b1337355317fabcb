"""The transport on libcurl: one thread that owns libcurl, and the queue in front of it."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from pytest_mews.delivery.clock import Clock
from pytest_mews.delivery.connection_pool import ConnectionPool
from pytest_mews.delivery.curl_multi import CurlMultiLoop
from pytest_mews.delivery.curl_options import TrustStore
from pytest_mews.delivery.curl_transfer import CurlTransfer
from pytest_mews.delivery.transport import Request
from pytest_mews.errors import HarnessError
from pytest_mews.model import Exchange

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
        self._trust_store = TrustStore.from_environment() if trust_store is None else trust_store
        self._submitted: deque[tuple[Request, Future[Exchange]]] = deque()
        self._lock = threading.Lock()
        self._stop_error: HarnessError | None = None
        self._multi_loop = CurlMultiLoop()
        self._pool = ConnectionPool()
        self._requests_by_port: dict[int, int] = {}
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
        with self._lock:
            if self._stop_error is None:
                self._submitted.append((request, future))
                self._multi_loop.wake()
                return future
            stop_error = self._stop_error
        future.set_exception(stop_error)
        return future

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
                while self._submitted:
                    self._start(*self._submitted.popleft())
                    # A request on a kept connection may end while it is being started. It must not
                    # leave an unfit connection to the next request.
                    self._finish_completed()
        except Exception as error:  # noqa: BLE001 - whatever it is, pending futures must fail
            stop_error = HarnessError(f"the delivery thread failed: {error!r}")
            stop_error.__cause__ = error
            self._stop(stop_error)
        finally:
            self._fail_pending()

    def _start(self, request: Request, future: Future[Exchange]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            transfer = CurlTransfer(
                request, future, self._trust_store, self._pool.share, self._clock.now_ms()
            )
        except Exception as error:  # noqa: BLE001 - it concerns this request alone
            future.set_exception(HarnessError(f"this request can't be sent: {error!r}"))
        else:
            self._multi_loop.start(transfer)

    def _finish_completed(self) -> None:
        for transfer, code, message in self._multi_loop.completed():
            self._finish(transfer, code, message)

    def _finish(self, transfer: CurlTransfer, code: int, message: str) -> None:
        try:
            exchange = transfer.build_exchange(code, message, self._requests_by_port)
        except HarnessError as error:
            transfer.future.set_exception(error)
        else:
            self._pool.take_back(transfer.share, transfer.request, exchange)
            transfer.future.set_result(exchange)
        self._multi_loop.remove(transfer)

    def _fail_pending(self) -> None:
        """Fail all unfinished requests, so that no caller waits for them, and free curl."""
        for transfer in self._multi_loop.pending():
            if not transfer.future.done():
                transfer.future.set_exception(self._stop_error)
        with self._lock:  # the thread that stops the transport may be about to call `wake`
            unsent = list(self._submitted)
        for _, future in unsent:
            if future.set_running_or_notify_cancel():
                future.set_exception(self._stop_error)
        self._multi_loop.close()
