"""The demo partner's WebSocket clients: they connect, read, reconnect, and catch up.

Read in this order: `client_options` (how a sound client reads messages and when it reconnects),
`websocket_client` (one connection, reopened whenever it is lost), `device_commands` (what happens
after a command for a device), `client_pool` (all clients of a partner). `streaming_flaws`
has flaws, as options that differ from the sound ones.
"""

from __future__ import annotations

from pytest_mews.demo.websocket.client_options import ClientOptions
from pytest_mews.demo.websocket.client_pool import ClientPool

__all__ = ["ClientOptions", "ClientPool"]
