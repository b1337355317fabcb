"""WebSocket clients that work otherwise than the sound one and are just as sound.

Each function gives the habits of a new client.
"""

from __future__ import annotations

from pytest_mews.demo.websocket.client_behaviour import StreamHabits
from pytest_mews.demo.websocket.event_reader import AS_WEBHOOK
from pytest_mews.demo.websocket.reconnect_backoff import pause_s


def ws_narrow_cookies() -> StreamHabits:
    """Parts the two cookies by a semicolon alone, without a blank."""
    return StreamHabits(cookies=lambda client, access: f"ClientToken={client};AccessToken={access}")


def ws_trusts_events() -> StreamHabits:
    """Fetches no reservation and no resource: their state is in the event."""
    return StreamHabits(
        select=lambda events: [each for each in events if each["Type"] not in AS_WEBHOOK],
    )


def ws_patient() -> StreamHabits:
    """Waits for a second or more before it connects again, and pings less often."""
    return StreamHabits(pause_s=lambda failures: pause_s(failures + 2), ping_s=3.0)


STREAM_VARIANTS = (ws_narrow_cookies, ws_trusts_events, ws_patient)
