"""Whether a client has come to the WebSocket server, and how long it is waited for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.websocket import WebSocketServer
from pytest_mews.model import ApiCall, MessageSpec
from pytest_mews.senders.connector import IdSource, Target, plans

PATIENCE = 3  # times --mews-fetch-timeout: a client may be in a long pause between two tries
AGAIN_S = 1.0  # how long it is waited for once it was waited for in vain


class ClientTracker:
    """Waits for clients; in vain for long only once. May be used from any thread.

    Args:
        stream: where they come to.
        fetch_timeout_s: what the user allows.
        first: the enterprise that messages are for.

    """

    def __init__(self, stream: WebSocketServer, fetch_timeout_s: float, first: str) -> None:
        self._stream, self._patience_s, self._first = stream, fetch_timeout_s * PATIENCE, first
        self._lock = Lock()

    def knocked(self) -> bool:
        """Wait until any handshake came; tell whether."""
        return self._wait(lambda: bool(self._stream.log.handshakes()))

    def joined(self) -> bool:
        """Wait until the first enterprise's client is connected; tell whether."""
        return self._wait(lambda: self.is_there)

    @property
    def is_there(self) -> bool:
        """Whether the first enterprise's client is connected."""
        return self._first in self._stream.connected_enterprises()

    @property
    def admitted(self) -> bool:
        """Whether a handshake for the first enterprise was ever accepted."""
        known = self._stream.log.connections()
        return any(each.enterprise_id == self._first for each in known)

    def _wait(self, holds: Callable[[], bool]) -> bool:
        with self._lock:  # so that of many who wait none does so long after another
            found = self._stream.log.wait_until(holds, self._patience_s)
            if not found:
                self._patience_s = AGAIN_S
            return found


def probe_commands(
    stream: WebSocketServer,
    twin: ConnectorApi,
    subject: Target,
    *,
    seed: int,
    fetch_timeout_s: float,
) -> bool:
    """Tell whether a client has asked the twin about commands; else send one, and wait for that.

    Where commands are not subscribed there is nothing to ask about, and nothing lacks.
    """
    fixed = plans(MessageSpec("command", "websocket-commands"), subject).fixed
    if not fixed or twin.wait_until(_about_commands, 0, 0.0):
        return True
    messages = fixed[0].build(IdSource(seed, "heed", 0, subject.tenants))
    for message in messages:
        twin.apply_message(message)
    stream.send(messages, "heed", fetch_timeout_s)
    return twin.wait_until(_about_commands, 0, fetch_timeout_s)


def _about_commands(calls: Sequence[ApiCall]) -> bool:
    return any(call.operation.startswith("commands/") for call in calls)
