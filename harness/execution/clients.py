"""Which WebSocket clients of the partner have connected, and how long the harness waits for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock

from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.websocket import WebSocketServer
from pytest_mews.model import ApiCall
from pytest_mews.senders import IdSource, Sender, Target

TIMEOUT_FACTOR = 3  # times --mews-fetch-timeout: a client may make a long pause between two tries
REPEATED_WAIT_S = 1.0  # the timeout after a first wait without success
COMMAND_PROBE = "command-probe"  # the label of the command that `probe_commands` sends


class ClientTracker:
    """Waits for WebSocket clients: long for the first time, briefly after a wait without success.

    Thread-safe.

    Args:
        websocket: the server that clients connect to.
        fetch_timeout_s: the value of --mews-fetch-timeout.
        enterprise_id: the enterprise that messages are for.

    """

    def __init__(
        self, websocket: WebSocketServer, fetch_timeout_s: float, enterprise_id: str
    ) -> None:
        self._websocket, self._enterprise_id = websocket, enterprise_id
        self._timeout_s = fetch_timeout_s * TIMEOUT_FACTOR
        self._lock = Lock()

    def wait_for_handshake(self) -> bool:
        """Wait for a handshake of any client; return whether one arrived.

        One without a token of the run can be a stranger's, so it does not end the wait.
        """
        log = self._websocket.log
        return self._wait(lambda: log.is_partner_known) or bool(log.handshakes())

    def wait_for_client(self) -> bool:
        """Wait until the enterprise's client is connected; return whether it is."""
        return self._wait(lambda: self.is_connected)

    @property
    def is_connected(self) -> bool:
        """Whether the enterprise's client is connected."""
        return self._enterprise_id in self._websocket.connected_enterprises()

    @property
    def was_connected(self) -> bool:
        """Whether a handshake for the enterprise was ever accepted."""
        connections = self._websocket.log.connections()
        return any(connection.enterprise_id == self._enterprise_id for connection in connections)

    def _wait(self, predicate: Callable[[], bool]) -> bool:
        with self._lock:  # so that only one thread makes the long wait
            met = self._websocket.log.wait_until(predicate, self._timeout_s)
            if not met:
                self._timeout_s = REPEATED_WAIT_S
            return met


def probe_commands(  # noqa: PLR0913 - what is sent, where to, and how long to wait
    websocket: WebSocketServer,
    connector_api: ConnectorApi,
    sender: Sender,
    target: Target,
    *,
    seed: int,
    fetch_timeout_s: float,
) -> bool:
    """Return whether a client requests anything about commands; send a command if none has yet.

    True if the integration isn't subscribed to commands.
    """
    plan = sender.command_message(target)
    if plan is None or connector_api.wait_until(_any_about_commands, 0, 0.0):
        return True
    messages = plan.build(IdSource(seed, COMMAND_PROBE, 0, target.tenants))
    for message in messages:
        connector_api.apply_message(message)
    websocket.send(messages, COMMAND_PROBE, fetch_timeout_s)
    return connector_api.wait_until(_any_about_commands, 0, fetch_timeout_s)


def _any_about_commands(calls: Sequence[ApiCall]) -> bool:
    return any(call.concerns_commands for call in calls)
