"""An event loop for libcurl's multi interface, built on poll()."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pycurl

from pytest_mews.delivery.curl_transfer import CurlTransfer

_POLL_EVENTS = {
    pycurl.POLL_IN: select.POLLIN,
    pycurl.POLL_OUT: select.POLLOUT,
    pycurl.POLL_INOUT: select.POLLIN | select.POLLOUT,
}


class CurlMultiLoop:
    """Runs all transfers in flight. Only `wake` may be called from another thread."""

    def __init__(self) -> None:
        self._transfers: dict[pycurl.Curl, CurlTransfer] = {}
        self._timed_transfers: set[CurlTransfer] = set()
        self._curl_timer_at: float | None = None
        # Sockets change with each request. `poll` registers them without a system call, which costs
        # more than that it looks at all of them: there are hundreds at most.
        self._poll = select.poll()
        # Pycurl has no curl_multi_wakeup: a byte on a socket pair ends `poll`.
        self._wakeup_receiver, self._wakeup_sender = socket.socketpair()
        self._wakeup_receiver.settimeout(0)
        self._wakeup_sender.settimeout(0)
        self._poll.register(self._wakeup_receiver, select.POLLIN)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket_change)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer_change)

    def wake(self) -> None:
        """Make the current or next `wait` return."""
        with suppress(OSError):  # full: a wake-up is pending already; closed: nobody waits
            self._wakeup_sender.send(b"\0")

    def start(self, transfer: CurlTransfer) -> None:
        """Let curl start a transfer now rather than after the rest of a burst."""
        self._transfers[transfer.curl] = transfer
        if transfer.needs_resuming:
            self._timed_transfers.add(transfer)
        self._multi.add_handle(transfer.curl)
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def wait(self) -> None:
        """Sleep until a socket, a timer or `wake` needs attention, and let curl process it."""
        wake_times = [transfer.resume_at for transfer in self._timed_transfers]
        wake_times.append(self._curl_timer_at)
        earliest = min((moment for moment in wake_times if moment is not None), default=None)
        timeout_ms = None if earliest is None else max(0.0, earliest - time.monotonic()) * 1000
        for fd, events in self._poll.poll(timeout_ms):
            if fd == self._wakeup_receiver.fileno():
                self._wakeup_receiver.recv(4096)
            else:
                # An error or the end of the connection is for curl to find out, in both directions.
                readable = pycurl.CSELECT_IN if events & ~select.POLLOUT else 0
                writable = pycurl.CSELECT_OUT if events & ~select.POLLIN else 0
                self._multi.socket_action(fd, readable | writable)
        if self._curl_timer_at is not None and self._curl_timer_at <= time.monotonic():
            self._curl_timer_at = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._resume_due_transfers()

    def _resume_due_transfers(self) -> None:
        now = time.monotonic()
        for transfer in self._timed_transfers:
            if transfer.resume_at is not None and transfer.resume_at <= now:
                fd = transfer.resume()
                if fd != pycurl.SOCKET_BAD:
                    self._multi.socket_action(fd, 0)

    def completed(self) -> Iterator[tuple[CurlTransfer, int, str]]:
        """Yield each transfer that has ended, with curl's result code and message."""
        queued = 1
        while queued:
            queued, succeeded, failed = self._multi.info_read()
            for curl in succeeded:
                yield self._transfers[curl], pycurl.E_OK, ""
            for curl, code, message in failed:
                yield self._transfers[curl], code, message

    def remove(self, transfer: CurlTransfer) -> None:
        """Take a transfer out, ended or not; curl may keep its connection."""
        del self._transfers[transfer.curl]
        self._timed_transfers.discard(transfer)
        self._multi.remove_handle(transfer.curl)

    def pending(self) -> list[CurlTransfer]:
        """Return the transfers that were started and not removed."""
        return list(self._transfers.values())

    def close(self) -> None:
        """Free everything. Blocks until name look-ups in progress end."""
        for transfer in self.pending():
            self.remove(transfer)
            transfer.curl.close()
        self._multi.close()
        self._wakeup_receiver.close()
        self._wakeup_sender.close()

    def _on_socket_change(
        self, event: int, fd: int, _multi: pycurl.CurlMulti, _data: object
    ) -> None:
        """Watch a socket, or stop watching it: curl's SOCKETFUNCTION."""
        if event == pycurl.POLL_REMOVE:
            with suppress(KeyError):  # not watched
                self._poll.unregister(fd)
        else:
            self._poll.register(fd, _POLL_EVENTS[event])

    def _on_timer_change(self, milliseconds: int) -> None:
        """Set when curl wants to be called again, -1 for never: curl's TIMERFUNCTION."""
        self._curl_timer_at = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000
