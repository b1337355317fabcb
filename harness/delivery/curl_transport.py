"""The transport: one thread that owns libcurl, and the queue in front of it."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from pytest_mews.delivery.clock import Clock
from pytest_mews.delivery.curl_multi import Multi
from pytest_mews.delivery.curl_options import Authorities
from pytest_mews.delivery.curl_transfer import CurlTransfer
from pytest_mews.delivery.transport import Request
from pytest_mews.errors import HarnessError
from pytest_mews.model import Exchange

_PATIENCE_S = 1.0


class CurlTransport:
    """A Transport on libcurl, with hundreds of requests in flight and kept connections.

    Args:
        clock: the run's clock, read when curl starts a request.
        authorities: whose certificates are trusted; what the environment says by default.

    Raises:
        UsageMistake: SSL_CERT_FILE or SSL_CERT_DIR names what is not there.

    """

    def __init__(self, clock: Clock, authorities: Authorities | None = None) -> None:
        self._clock = clock
        self._authorities = Authorities.of() if authorities is None else authorities
        self._inbox: deque[tuple[Request, Future[Exchange]]] = deque()
        self._guard = threading.Lock()
        self._stopped: HarnessError | None = None
        self._multi = Multi()
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
        with self._guard:
            if self._stopped is None:
                self._inbox.append((request, future))
                self._multi.ring()
                return future
            stopped = self._stopped
        future.set_exception(stopped)
        return future

    def close(self) -> None:
        """End the thread; whatever is under way fails with HarnessFault. May be called twice."""
        self._stop(HarnessError("the transport was closed"))
        # A name server that is silent holds libcurl up for seconds; nobody need wait for that.
        self._thread.join(_PATIENCE_S)

    def _stop(self, reason: HarnessError) -> None:
        with self._guard:
            if self._stopped is None:
                self._stopped = reason
                self._multi.ring()

    def _run(self) -> None:
        try:
            while self._stopped is None:
                self._multi.wait()
                self._admit()
                # Last, since a request on a kept connection may end while it is being started.
                for transfer, code, message in self._multi.ended():
                    self._finish(transfer, code, message)
        except Exception as error:  # noqa: BLE001 - nobody may wait for a thread that is gone
            fault = HarnessError(f"the delivery thread failed: {error!r}")
            fault.__cause__ = error
            self._stop(fault)
        finally:
            self._abandon()

    def _admit(self) -> None:
        while self._inbox:
            request, future = self._inbox.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                now = self._clock.now_ms()
                transfer = CurlTransfer(request, future, self._authorities, now)
            except Exception as error:  # noqa: BLE001 - it concerns this request alone
                fault = HarnessError(f"this request can't be sent: {error!r}")
                future.set_exception(fault)
            else:
                self._multi.start(transfer)

    def _finish(self, transfer: CurlTransfer, code: int, message: str) -> None:
        try:
            exchange = transfer.exchange(code, message)
        except HarnessError as fault:
            transfer.future.set_exception(fault)
        else:
            transfer.future.set_result(exchange)
        self._multi.forget(transfer)

    def _abandon(self) -> None:
        """Fail whatever is left, so that nobody waits for it, and free curl."""
        for transfer in self._multi.left():
            if not transfer.future.done():
                transfer.future.set_exception(self._stopped)
        with self._guard:  # whoever stopped us may be about to ring the bell yet
            unsent = list(self._inbox)
        for _, future in unsent:
            if future.set_running_or_notify_cancel():
                future.set_exception(self._stopped)
        self._multi.close()
