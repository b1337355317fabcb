"""One request in flight: its curl handle, and what the handle's callbacks observe."""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from contextlib import suppress
from io import BytesIO

import pycurl

from pytest_mews.delivery.body_pacing import body_pace
from pytest_mews.delivery.curl_options import request_headers
from pytest_mews.delivery.curl_results import CurlError, classify_error, classify_status
from pytest_mews.delivery.response_head import MAX_STORED_BYTES, ResponseHead
from pytest_mews.delivery.tcp_reset import has_arrived
from pytest_mews.delivery.tls_certificate import read_certificate
from pytest_mews.delivery.tls_errors import classify_tls_error
from pytest_mews.delivery.transport import ExchangeCallback, Request
from pytest_mews.model import Exchange, Fault, Outcome, TransferMode

_ABORT_HEADERS = -1  # any number other than the line's length makes curl stop
_ARRIVAL_POLL_S = 0.005  # how often to check whether all has arrived, before a reset

_PACED_MODES = frozenset({TransferMode.CHUNKED, TransferMode.SLOW})

# Libcurl before 8.10 has no POSTTRANSFER timer: use the time of the body's first byte instead.
_SENT_TIMER = getattr(pycurl, "POSTTRANSFER_TIME_T", pycurl.PRETRANSFER_TIME_T)


class CurlTransfer:
    """One request in flight; only curl's thread may use it.

    Args:
        request: the request.
        on_end: to call with its exchange.
        curl: the handle, configured but for the callbacks.

    Attributes:
        multi: the multi handle that it runs in, from its start on.
        started_ms: when it started, in ms of the run's clock.
        needs_resuming: whether it may ask to be resumed.
        resume_at: when to call `resume`, in seconds of `time.monotonic`; None for not at all.

    """

    def __init__(self, request: Request, on_end: ExchangeCallback, curl: pycurl.Curl) -> None:
        self.request, self.on_end, self.curl = request, on_end, curl
        self.multi: pycurl.CurlMulti | None = None
        self.started_ms = 0.0
        self._head_lines: list[bytes] = []
        self._head = ResponseHead()
        self._response_body = bytearray()
        self._response_size = 0
        self._body = BytesIO(request.body)
        self._aborted = False
        self.needs_resuming = False
        self.resume_at: float | None = None
        # A request without a fault, sent at once, needs no function in Python for what curl reads
        # and writes, but for the body of its response.
        curl.setopt(pycurl.READFUNCTION, self._body.read)
        curl.setopt(pycurl.HEADERFUNCTION, self._head_lines.append)
        curl.setopt(pycurl.WRITEFUNCTION, self._on_body_chunk)
        if request.fault is not Fault.NONE or request.transfer_mode in _PACED_MODES:
            self._observe()

    def _observe(self) -> None:
        """Let curl call what paces the body and injects the fault."""
        request, size = self.request, len(self.request.body)
        is_truncated = request.fault is Fault.TRUNCATE_REQUEST
        self._body_limit = max(1, size // 2) if is_truncated else size
        self._pace = body_pace(request.transfer_mode, size, request.spread_body_over_s)
        self._body_started_at: float | None = None
        if is_truncated or request.transfer_mode in _PACED_MODES:
            self.curl.setopt(pycurl.READFUNCTION, self._read_body)
        self._is_reset = request.fault is Fault.RESET
        if self._is_reset or request.fault is Fault.DROP_RESPONSE:
            self.curl.setopt(pycurl.HEADERFUNCTION, self._on_header_line)
        if self._is_reset:
            self.resume_at = 0.0
            self.curl.setopt(pycurl.NOPROGRESS, 0)
            self.curl.setopt(pycurl.XFERINFOFUNCTION, lambda *_: int(self._aborted))
        self.needs_resuming = self._is_reset or request.transfer_mode is TransferMode.SLOW

    def resume(self) -> int:
        """Continue a paused body, or reset the connection if the whole request has arrived.

        Returns:
            The socket that curl must process now, or SOCKET_BAD if there is none yet.

        """
        fd = int(self.curl.getinfo(pycurl.ACTIVESOCKET))
        self.resume_at = None
        if self._is_reset:
            self.resume_at = time.monotonic() + _ARRIVAL_POLL_S
            sent = self._is_body_read() and self._timer_ms(_SENT_TIMER) is not None
            self._aborted |= sent and fd != pycurl.SOCKET_BAD and has_arrived(fd)
        with suppress(pycurl.error):  # the transfer has just ended
            self.curl.pause(pycurl.PAUSE_CONT)
        return fd

    def _read_body(self, size: int) -> bytes | int:
        """Return the next bytes of the body at its pace, up to its limit: curl's READFUNCTION."""
        offset = self._body.tell()
        if offset == self._body_limit < len(self.request.body):
            self._aborted = True
            return int(pycurl.READFUNC_ABORT)
        now = time.monotonic()
        self._body_started_at = now if self._body_started_at is None else self._body_started_at
        due = self._body_started_at + self._pace.due_s(offset)
        if now < due and not self._is_body_read():
            self.resume_at = due
            return int(pycurl.READFUNC_PAUSE)
        chunk_end = min(offset + size, self._body_limit, self._pace.piece_end(offset))
        return self._body.read(chunk_end - offset)

    def _is_body_read(self) -> bool:
        return self._body.tell() == len(self.request.body)

    def _on_header_line(self, line: bytes) -> int | None:
        """Abort if the response is to be dropped, or if it arrived before the reset.

        A redirect is not dropped: it comes before the service has processed the request, so the
        response to drop is the next hop's. A reset doesn't wait to find out which response it is.
        """
        is_response = self._head.add(line) and self._head.is_final
        if is_response and self._is_body_read():
            self._aborted = self._is_reset or not self._head.is_redirect
        return _ABORT_HEADERS if self._aborted else None

    def _on_body_chunk(self, chunk: bytes) -> None:
        self._response_size += len(chunk)
        self._response_body += chunk[: MAX_STORED_BYTES - len(self._response_body)]

    def _timer_ms(self, timer: int) -> float | None:
        """Read one of curl's timers, in ms of the run's clock; None if curl hasn't set it."""
        microseconds = int(self.curl.getinfo(timer))
        return self.started_ms + microseconds / 1000 if microseconds else None

    def build_exchange(
        self, code: int, message: str, requests_by_port: MutableMapping[int, int]
    ) -> Exchange:
        """Return the exchange, given curl's result code and message.

        Args:
            code: curl's result code.
            message: curl's error message.
            requests_by_port: the number of requests so far on each connection, by its local port;
                this request is added.

        Raises:
            HarnessError: curl failed at something that no endpoint can cause.

        """
        for line in self._head_lines:
            self._head.add(line)
        https = self.request.url.lower().startswith("https:")
        connected_ms = self._timer_ms(pycurl.APPCONNECT_TIME_T if https else pycurl.CONNECT_TIME_T)
        reused = connected_ms is None and self.curl.getinfo(pycurl.REQUEST_SIZE) > 0
        if reused:
            # The connection already existed: use the moment when curl selected it.
            connected_ms = self._timer_ms(pycurl.PRETRANSFER_TIME_T)
        port = int(self.curl.getinfo(pycurl.LOCAL_PORT))
        requests_by_port[port] = requests_by_port.get(port, 1) + 1 if reused else 1
        sent_ms = self._timer_ms(_SENT_TIMER) if self._is_body_read() else None
        # Curl sets this timer for some requests that got no response.
        first_byte_ms = (
            self._timer_ms(pycurl.STARTTRANSFER_TIME_T) if self._head.http_version else None
        )
        if injected := self._injected_outcome():
            outcome, detail = injected
        elif code == pycurl.E_OK:
            outcome, detail = classify_status(self._head.status), message
        else:
            error = CurlError(
                code=code,
                message=message,
                os_errno=int(self.curl.getinfo(pycurl.OS_ERRNO)),
                connected=connected_ms is not None,
                sent=sent_ms is not None,
                responded=first_byte_ms is not None,
            )
            outcome, detail = classify_error(error), message
        return Exchange(
            method=self.request.method,
            url=self.request.url,
            request_headers=request_headers(self.request),
            request_size=len(self.request.body),
            outcome=outcome,
            started_ms=self.started_ms,
            ended_ms=self._timer_ms(pycurl.TOTAL_TIME_T) or self.started_ms,
            connected_ms=connected_ms,
            sent_ms=sent_ms,
            first_byte_ms=first_byte_ms,
            status=self._head.status,
            response_headers=tuple(self._head.headers),
            response_body=bytes(self._response_body),
            response_size=self._response_size,
            http_version=self._head.http_version,
            detail=detail,
            request_number=requests_by_port[port],
            certificate=read_certificate(self.curl) if https else None,
            tls_problem=classify_tls_error(self.curl, code, message)
            if outcome is Outcome.TLS_ERROR
            else None,
        )

    def _injected_outcome(self) -> tuple[Outcome, str] | None:
        """Return outcome and detail if the fault was injected: it overrides its consequences."""
        if self.request.fault is Fault.NONE:
            return None
        status = self._head.status
        response = f"the service responded {status}" if status else ""
        match self.request.fault:
            case Fault.DROP_RESPONSE if self._aborted or (response and not self._head.is_redirect):
                return Outcome.RESPONSE_DROPPED, response
            case Fault.TRUNCATE_REQUEST if self._aborted or response:
                cut = f"cut after {self._body_limit} of {len(self.request.body)} bytes"
                return Outcome.REQUEST_TRUNCATED, f"{cut}; {response}" if response else cut
            case Fault.RESET if self._aborted:
                return Outcome.RESET_BY_HARNESS, response
        return None
