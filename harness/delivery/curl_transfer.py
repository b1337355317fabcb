"""One request under way: its curl handle, and what the handle's callbacks saw."""

from __future__ import annotations

import re
import time
from concurrent.futures import Future
from contextlib import suppress

import pycurl

from pytest_mews.delivery.body_pacing import pace_of
from pytest_mews.delivery.curl_options import Authorities, configure, headers_of
from pytest_mews.delivery.outcomes import Ending, outcome_of
from pytest_mews.delivery.tcp_reset import has_arrived
from pytest_mews.delivery.tls_certificate import tls_of
from pytest_mews.delivery.tls_errors import problem_of
from pytest_mews.delivery.transport import Request
from pytest_mews.model import Exchange, Fault, Outcome, TransferMode

KEPT_BYTES = 64 * 1024  # of the headers, and of the body; the rest is counted and dropped

_STATUS_LINE = re.compile(rb"(HTTP/[0-9.]+) +([0-9]{3})")
_ABORT_HEADERS = -1  # any number other than the line's length makes curl stop
_LOOK_S = 0.005  # how often to look whether all has arrived, before a reset

# Without POSTTRANSFER (libcurl before 8.10) the body's first byte stands for its last.
_SENT = getattr(pycurl, "POSTTRANSFER_TIME_T", pycurl.PRETRANSFER_TIME_T)


class CurlTransfer:
    """One request under way; only curl's thread touches it.

    Attributes:
        is_timed: whether it may ask to be woken.
        due: when to wake it, in seconds of `time.monotonic`; None for not at all.

    """

    def __init__(
        self,
        request: Request,
        future: Future[Exchange],
        authorities: Authorities,
        started_ms: float,
    ) -> None:
        self.request, self.future = request, future
        self._started_ms = started_ms
        self._status: int | None = None
        self._version = ""
        self._header_bytes = 0
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()
        self._size = 0
        self._given = 0
        cut = request.fault is Fault.TRUNCATE_REQUEST
        self._allowed = max(1, len(request.body) // 2) if cut else len(request.body)
        self._aborted = False
        self._pace = pace_of(request.manner, len(request.body), request.drip_s)
        self._begun: float | None = None
        self._resets = request.fault is Fault.RESET
        self.is_timed = self._resets or request.manner is TransferMode.SLOW
        self.due: float | None = 0.0 if self._resets else None
        self.curl = pycurl.Curl()
        configure(self.curl, request, authorities)
        self.curl.setopt(pycurl.READFUNCTION, self._give)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._header)
        self.curl.setopt(pycurl.WRITEFUNCTION, self._receive)
        if self._resets:
            self.curl.setopt(pycurl.NOPROGRESS, 0)
            self.curl.setopt(pycurl.XFERINFOFUNCTION, lambda *_: int(self._aborted))

    def wake(self) -> int:
        """Go on where the body was paused, or have the connection reset once all has arrived.

        Returns:
            The socket that curl must look at now, or SOCKET_BAD while there is none.

        """
        fd = int(self.curl.getinfo(pycurl.ACTIVESOCKET))
        self.due = None
        if self._resets:
            self.due = time.monotonic() + _LOOK_S
            sent = self._is_given() and self._point(_SENT) is not None
            self._aborted |= sent and fd != pycurl.SOCKET_BAD and has_arrived(fd)
        with suppress(pycurl.error):  # it has just ended
            self.curl.pause(pycurl.PAUSE_CONT)
        return fd

    def _give(self, size: int) -> bytes | int:
        """Hand curl the next bytes of the body at its pace, up to where it is to be cut."""
        if self._given == self._allowed < len(self.request.body):
            self._aborted = True
            return int(pycurl.READFUNC_ABORT)
        now = time.monotonic()
        self._begun = now if self._begun is None else self._begun
        due = self._begun + self._pace.due_s(self._given)
        if now < due and not self._is_given():
            self.due = due
            return int(pycurl.READFUNC_PAUSE)
        end = min(self._given + size, self._allowed, self._pace.end(self._given))
        chunk = self.request.body[self._given : end]
        self._given += len(chunk)
        return chunk

    def _is_given(self) -> bool:
        return self._given == len(self.request.body)

    def _header(self, line: bytes) -> int | None:
        """Take a line of the head; None is curl's word for: go on."""
        if match := _STATUS_LINE.match(line):
            # An interim answer, such as 100 or 103, comes before the one that counts.
            self._headers.clear()
            self._version, self._status = match[1].decode(), int(match[2])
            return self._lose() if self._status >= 200 else None  # noqa: PLR2004 - not interim
        self._header_bytes += len(line)
        text = line.decode("latin-1").rstrip("\r\n")
        if text and self._header_bytes <= KEPT_BYTES:
            name, _, value = text.partition(":")
            self._headers.append((name, value.strip()))
        return None

    def _lose(self) -> int | None:
        """Drop an answer that is to be lost, or that has outrun the reset.

        A redirect is not lost: its answer comes before the service has worked, so that the one
        to lose is the next hop's. A reset does not wait to learn which answer it would be.
        """
        loses = self.request.fault is Fault.DROP_RESPONSE and not self._is_redirect()
        if self._is_given() and (loses or self._resets):
            self._aborted = True
            return _ABORT_HEADERS
        return None

    def _is_redirect(self) -> bool:
        return self._status is not None and self._status // 100 == 3  # noqa: PLR2004 - 3xx

    def _receive(self, chunk: bytes) -> None:
        self._size += len(chunk)
        self._body += chunk[: KEPT_BYTES - len(self._body)]

    def _point(self, timer: int) -> float | None:
        """Read one of curl's timers, which are microseconds since its start, or 0."""
        micros = int(self.curl.getinfo(timer))
        return self._started_ms + micros / 1000 if micros else None

    def exchange(self, code: int, message: str) -> Exchange:
        """Freeze what happened, from curl's result.

        Raises:
            HarnessFault: curl failed at something that no endpoint can cause.

        """
        https = self.request.url.lower().startswith("https:")
        connected = self._point(pycurl.APPCONNECT_TIME_T if https else pycurl.CONNECT_TIME_T)
        kept = connected is None and self.curl.getinfo(pycurl.REQUEST_SIZE) > 0
        if kept:
            # It was connected before: the moment it was taken stands for that.
            connected = self._point(pycurl.PRETRANSFER_TIME_T)
        sent = self._point(_SENT) if self._is_given() else None
        # Curl sets this timer for some requests that were never answered.
        first = self._point(pycurl.STARTTRANSFER_TIME_T) if self._version else None
        ending = Ending(
            code=code,
            message=message,
            os_errno=int(self.curl.getinfo(pycurl.OS_ERRNO)),
            status=self._status,
            connected=connected is not None,
            sent=sent is not None,
            answered=first is not None,
        )
        outcome, detail = self._judge(ending)
        return Exchange(
            method=self.request.method,
            url=self.request.url,
            request_headers=headers_of(self.request),
            request_size=len(self.request.body),
            outcome=outcome,
            started_ms=self._started_ms,
            ended_ms=self._point(pycurl.TOTAL_TIME_T) or self._started_ms,
            connected_ms=connected,
            sent_ms=sent,
            first_byte_ms=first,
            status=self._status,
            response_headers=tuple(self._headers),
            response_body=bytes(self._body),
            response_size=self._size,
            http_version=self._version,
            detail=detail,
            kept=kept,
            tls=tls_of(self.curl),
            tls_problem=problem_of(self.curl, code, message)
            if outcome is Outcome.TLS_ERROR
            else None,
        )

    def _judge(self, ending: Ending) -> tuple[Outcome, str]:
        """Let a fault of ours take precedence over what it led to."""
        answered = f"the service had answered {self._status}" if self._status else ""
        match self.request.fault:
            case Fault.DROP_RESPONSE if self._aborted or (answered and not self._is_redirect()):
                return Outcome.ANSWER_LOST, f"{answered}; the answer was thrown away"
            case Fault.TRUNCATE_REQUEST if self._aborted or answered:
                cut = f"cut after {self._allowed} of {len(self.request.body)} bytes"
                return Outcome.BODY_CUT, f"{cut}; {answered}" if answered else cut
            case Fault.RESET if self._aborted:
                return Outcome.CONNECTION_DROPPED, answered
        return outcome_of(ending), ending.message
