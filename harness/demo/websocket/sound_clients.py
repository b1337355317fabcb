"""WebSocket clients that work otherwise than the sound one and are just as sound.

Each function gives the habits of a new client.
"""

from __future__ import annotations

from pytest_mews.demo.websocket.client_options import ClientOptions
from pytest_mews.demo.websocket.event_reader import AS_WEBHOOK
from pytest_mews.demo.websocket.reconnect_backoff import pause_s


def ws_narrow_cookies() -> ClientOptions:
    """Parts the two cookies by a semicolon alone, without a blank."""
    return ClientOptions(
        cookies=lambda client, access: f"ClientToken={client};AccessToken={access}"
    )


def ws_trusts_events() -> ClientOptions:
    """Fetches no reservation and no resource: their state is in the event."""
    return ClientOptions(
        select=lambda events: [each for each in events if each["Type"] not in AS_WEBHOOK],
    )


def ws_patient() -> ClientOptions:
    """Waits for a second or more before it connects again, and pings less often."""
    return ClientOptions(pause_s=lambda failures: pause_s(failures + 2), ping_s=3.0)


STREAM_VARIANTS = (ws_narrow_cookies, ws_trusts_events, ws_patient)
