"""Flaws of WebSocket clients, each as a user may meet it.

Each function returns the options of a new client, which are sound except for one flaw.
"""

from __future__ import annotations

from pytest_mews.demo.websocket.client_options import ClientOptions


def ws_reconnect_storm() -> ClientOptions:
    """Reconnects immediately, without any backoff."""
    return ClientOptions(reconnect_pause_s=lambda _failures: 0.01)


def ws_no_catch_up() -> ClientOptions:
    """Doesn't ask for the commands that it missed while disconnected."""
    return ClientOptions(asks_for_active_commands=False)


STREAMING_FLAWS = (ws_reconnect_storm, ws_no_catch_up)
