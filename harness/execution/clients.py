"""Whether a client has come to the WebSocket server, and how long it is waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from pytest_mews.emulator.connector_api import Twin
from pytest_mews.emulator.websocket import StreamServer
from pytest_mews.model import Call, Draw
from pytest_mews.senders.connector import Mint, Subject, plans

PATIENCE = 3  # times --mews-settle: a client may be in a long pause between two tries
AGAIN_S = 1.0  # how long it is waited for once it was waited for in vain


class Joining:
    """Waits for clients; in vain for long only once. May be used from any thread.

    Args:
        stream: where they come to.
        settle_s: what the user allows.
        first: the enterprise that messages are for.

    """

    def __init__(self, stream: StreamServer, settle_s: float, first: str) -> None:
        self._stream, self._patience_s, self._first = stream, settle_s * PATIENCE, first
        self._lock = Lock()

    def knocked(self) -> bool:
        """Wait until any handshake came; tell whether."""
        return self._wait(lambda: bool(self._stream.journal.openings()))

    def joined(self) -> bool:
        """Wait until the first enterprise's client is connected; tell whether."""
        return self._wait(lambda: self.is_there)

    @property
    def is_there(self) -> bool:
        """Whether the first enterprise's client is connected."""
        return self._first in self._stream.present()

    @property
    def admitted(self) -> bool:
        """Whether a handshake for the first enterprise was ever accepted."""
        known = self._stream.journal.connections()
        return any(each.enterprise_id == self._first for each in known)

    def _wait(self, holds: Callable[[], bool]) -> bool:
        with self._lock:  # so that of many who wait none does so long after another
            found = self._stream.journal.wait_until(holds, self._patience_s)
            if not found:
                self._patience_s = AGAIN_S
            return found


def heed(stream: StreamServer, twin: Twin, subject: Subject, *, seed: int, settle_s: float) -> bool:
    """Tell whether a client has asked the twin about commands; else send one, and wait for that.

    Where commands are not subscribed there is nothing to ask about, and nothing lacks.
    """
    fixed = plans(Draw("command", "commands"), subject).fixed
    if not fixed or twin.wait_until(_about_commands, 0, 0.0):
        return True
    messages = fixed[0].build(Mint(seed, "heed", 0, subject.tenants))
    for message in messages:
        twin.announce(message)
    stream.push(messages, "heed", settle_s)
    return twin.wait_until(_about_commands, 0, settle_s)


def _about_commands(calls: Sequence[Call]) -> bool:
    return any(call.operation.startswith("commands/") for call in calls)
