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
    """Runs all transfers in flight. Only `wake` may be called from another thread.

    A multi handle keeps the connections of its transfers for later ones, and no option takes a
    single one back. Where none of them may be used again, later transfers get another multi handle;
    it is closed with its connections once its last transfer is removed.
    """

    def __init__(self) -> None:
        self._transfers: dict[pycurl.Curl, CurlTransfer] = {}
        self._timed_transfers: set[CurlTransfer] = set()
        self._transfer_counts: dict[pycurl.CurlMulti, int] = {}
        self._multi_of_socket: dict[int, pycurl.CurlMulti] = {}
        # Sockets change with each request. `poll` registers them without a system call, which costs
        # more than that it looks at all of them: there are hundreds at most.
        self._poll = select.poll()
        # Pycurl has no curl_multi_wakeup: a byte on a socket pair ends `poll`.
        self._wakeup_receiver, self._wakeup_sender = socket.socketpair()
        self._wakeup_receiver.settimeout(0)
        self._wakeup_sender.settimeout(0)
        self._poll.register(self._wakeup_receiver, select.POLLIN)
        self._multi = self._new_multi()

    def wake(self) -> None:
        """Make the current or next `wait` return."""
        with suppress(OSError):  # full: a wake-up is pending already; closed: nobody waits
            self._wakeup_sender.send(b"\0")

    def start(self, transfer: CurlTransfer) -> bool:
        """Let curl start a transfer now rather than after the rest of a burst.

        Returns:
            Whether `completed` may have a transfer.

        """
        self._transfers[transfer.curl] = transfer
        if transfer.needs_resuming:
            self._timed_transfers.add(transfer)
        transfer.multi = self._multi
        self._transfer_counts[self._multi] += 1
        self._multi.add_handle(transfer.curl)
        _, running = self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        return int(running) < self._transfer_counts[self._multi]

    def wait(self) -> None:
        """Sleep until a socket, a timer or `wake` needs attention, and let curl process it."""
        for fd, events in self._poll.poll(self._timeout_ms()):
            if multi := self._multi_of_socket.get(fd):
                # An error or the end of the connection is for curl to find out, in both directions.
                readable = pycurl.CSELECT_IN if events & ~select.POLLOUT else 0
                writable = pycurl.CSELECT_OUT if events & ~select.POLLIN else 0
                multi.socket_action(fd, readable | writable)
            elif fd == self._wakeup_receiver.fileno():
                self._wakeup_receiver.recv(4096)
        for multi in list(self._transfer_counts):
            multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._resume_due_transfers()

    def _timeout_ms(self) -> float | None:
        """Return the milliseconds until a timer of curl or of a transfer is due; None for never."""
        # Asking costs less than a TIMERFUNCTION, which curl calls three times for each transfer.
        timeouts_ms = [multi.timeout() for multi in self._transfer_counts]
        due_ms: list[float] = [timeout_ms for timeout_ms in timeouts_ms if timeout_ms >= 0]
        now = time.monotonic()
        due_ms += [
            max(0.0, transfer.resume_at - now) * 1000
            for transfer in self._timed_transfers
            if transfer.resume_at is not None
        ]
        return min(due_ms, default=None)

    def _resume_due_transfers(self) -> None:
        now = time.monotonic()
        for transfer in self._timed_transfers:
            if transfer.resume_at is not None and transfer.resume_at <= now:
                fd = transfer.resume()
                if fd != pycurl.SOCKET_BAD and transfer.multi is not None:
                    transfer.multi.socket_action(fd, 0)

    def completed(self) -> Iterator[tuple[CurlTransfer, int, str]]:
        """Yield each transfer that has ended, with curl's result code and message."""
        for multi in list(self._transfer_counts):
            queued = 1
            while queued:
                queued, succeeded, failed = multi.info_read()
                for curl in succeeded:
                    yield self._transfers[curl], pycurl.E_OK, ""
                for curl, code, message in failed:
                    yield self._transfers[curl], code, message

    def remove(self, transfer: CurlTransfer, *, is_looking_up: bool = False) -> None:
        """Take a transfer out, ended or not; curl may keep its connection.

        Args:
            transfer: the transfer.
            is_looking_up: whether the look-up of its name may go on. Closing its multi handle would
                wait for that, and is left to `close`.

        """
        multi = transfer.multi
        assert multi is not None
        del self._transfers[transfer.curl]
        self._timed_transfers.discard(transfer)
        multi.remove_handle(transfer.curl)
        if not is_looking_up:
            self._transfer_counts[multi] -= 1
            self._close_if_left(multi)

    def leave_connections(self, transfer: CurlTransfer) -> None:
        """Let no later transfer use a connection that a removed transfer could use."""
        if transfer.multi is self._multi:
            self._multi = self._new_multi()
            self._close_if_left(transfer.multi)

    def pending(self) -> list[CurlTransfer]:
        """Return the transfers that were started and not removed."""
        return list(self._transfers.values())

    def close(self) -> None:
        """Free everything. Blocks until name look-ups in progress end."""
        for transfer in self.pending():
            self.remove(transfer)
            transfer.curl.close()
        for multi in list(self._transfer_counts):
            self._close_multi(multi)
        self._wakeup_receiver.close()
        self._wakeup_sender.close()

    def _new_multi(self) -> pycurl.CurlMulti:
        multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket_change)
        self._transfer_counts[multi] = 0
        return multi

    def _close_if_left(self, multi: pycurl.CurlMulti) -> None:
        if multi is not self._multi and not self._transfer_counts[multi]:
            self._close_multi(multi)

    def _close_multi(self, multi: pycurl.CurlMulti) -> None:
        del self._transfer_counts[multi]
        multi.close()

    def _on_socket_change(
        self, event: int, fd: int, multi: pycurl.CurlMulti, _data: object
    ) -> None:
        """Watch a socket, or stop watching it: curl's SOCKETFUNCTION."""
        if event == pycurl.POLL_REMOVE:
            if self._multi_of_socket.pop(fd, None):
                self._poll.unregister(fd)
        else:
            self._multi_of_socket[fd] = multi
            self._poll.register(fd, _POLL_EVENTS[event])
