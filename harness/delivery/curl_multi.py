"""Libcurl's multi interface on a selector: sleeps until a socket, a timer or the bell."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pycurl

from pytest_mews.delivery.curl_transfer import CurlTransfer

_WATCH = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: selectors.EVENT_READ | selectors.EVENT_WRITE,
}


class Multi:
    """All transfers in flight. Only `ring` may be called from another thread."""

    def __init__(self) -> None:
        self._transfers: dict[pycurl.Curl, CurlTransfer] = {}
        self._timed: set[CurlTransfer] = set()
        self._due: float | None = None
        self._selector = selectors.DefaultSelector()
        # Pycurl has no curl_multi_wakeup.
        self._bell, self._rope = socket.socketpair()
        self._bell.settimeout(0)
        self._rope.settimeout(0)
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timer)

    def ring(self) -> None:
        """Make the present or next `wait` return."""
        with suppress(OSError):  # full: it has been rung already; closed: nobody waits any more
            self._rope.send(b"\0")

    def start(self, transfer: CurlTransfer) -> None:
        """Let curl start a transfer now rather than after the rest of a burst."""
        self._transfers[transfer.curl] = transfer
        if transfer.is_timed:
            self._timed.add(transfer)
        self._multi.add_handle(transfer.curl)
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)

    def wait(self) -> None:
        """Sleep until there is something to do, and let curl do its part."""
        dues = [transfer.due for transfer in self._timed] + [self._due]
        soonest = min((due for due in dues if due is not None), default=None)
        patience = None if soonest is None else max(0.0, soonest - time.monotonic())
        for key, events in self._selector.select(patience):
            if key.fileobj is self._bell:
                self._bell.recv(4096)
            else:
                readable = pycurl.CSELECT_IN if events & selectors.EVENT_READ else 0
                writable = pycurl.CSELECT_OUT if events & selectors.EVENT_WRITE else 0
                self._multi.socket_action(key.fd, readable | writable)
        if self._due is not None and self._due <= time.monotonic():
            self._due = None
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._wake()

    def _wake(self) -> None:
        """Let each transfer go on whose own time has come."""
        now = time.monotonic()
        for transfer in self._timed:
            if transfer.due is not None and transfer.due <= now:
                fd = transfer.wake()
                if fd != pycurl.SOCKET_BAD:
                    self._multi.socket_action(fd, 0)

    def ended(self) -> Iterator[tuple[CurlTransfer, int, str]]:
        """Give each transfer that has ended, with curl's result and message."""
        left = 1
        while left:
            left, succeeded, failed = self._multi.info_read()
            for curl in succeeded:
                yield self._transfers[curl], pycurl.E_OK, ""
            for curl, code, message in failed:
                yield self._transfers[curl], code, message

    def forget(self, transfer: CurlTransfer) -> None:
        """Free a transfer, ended or not; its connection may be kept."""
        del self._transfers[transfer.curl]
        self._timed.discard(transfer)
        self._multi.remove_handle(transfer.curl)
        transfer.curl.close()

    def left(self) -> list[CurlTransfer]:
        """Give the transfers that have not ended."""
        return list(self._transfers.values())

    def close(self) -> None:
        """Free everything. Waits for names that are still being looked up."""
        for transfer in self.left():
            self.forget(transfer)
        self._multi.close()
        self._selector.close()
        self._bell.close()
        self._rope.close()

    def _watch(self, event: int, fd: int, _multi: pycurl.CurlMulti, _data: object) -> None:
        """Curl says which socket it waits for."""
        known = fd in self._selector.get_map()
        if event == pycurl.POLL_REMOVE:
            if known:
                self._selector.unregister(fd)
        elif known:
            self._selector.modify(fd, _WATCH[event])
        else:
            self._selector.register(fd, _WATCH[event])

    def _set_timer(self, milliseconds: int) -> None:
        """Curl says when to call it again; -1 is never."""
        self._due = None if milliseconds < 0 else time.monotonic() + milliseconds / 1000
