"""Tests of the fixture `mews_websocket`, used as in a partner's own tests."""

from __future__ import annotations

import pytest

PARTNER_TESTS = """
import queue
import threading
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from pytest_mews import Disconnect

ID = "35d4b117-4e60-44a3-9580-c582117eff98"
COMMAND = {"Type": "DeviceCommand", "Id": ID, "State": "Pending"}


class PartnerClient:
    def __init__(self, address, tenants, blank=""):
        cookies = f"ClientToken{blank}={tenants.client_token}; "
        cookies += f"AccessToken{blank}={tenants.enterprises[0].access_token}"
        self._url, self._cookies = f"{address}/ws/connector", cookies
        self.messages, self.ended = queue.Queue(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            with connect(self._url, additional_headers={"Cookie": self._cookies}) as connection:
                while True:
                    self.messages.put(connection.recv())
        except Exception:
            self.ended.set()


def test_an_event_arrives(mews_websocket):
    client = PartnerClient(mews_websocket.address, mews_websocket.tenants)
    (sent,) = mews_websocket.send(COMMAND)
    assert [event.state for event in sent.events] == ["Pending"]
    assert mews_websocket.ping().pong_ms is not None
    assert '"Type": "DeviceCommand"' in client.messages.get(timeout=5)
    mews_websocket.send_text("no JSON")
    mews_websocket.disconnect()
    assert client.ended.wait(5)
    (connection,) = mews_websocket.connections
    assert (connection.disconnect, connection.close_code) == (Disconnect.ABNORMAL, None)


def test_the_error_says_why_a_handshake_was_rejected(mews_websocket):
    client = PartnerClient(mews_websocket.address, mews_websocket.tenants, blank=" ")
    assert client.ended.wait(5)
    with pytest.raises(TimeoutError, match="/ws/connector got 401 .blanks."):
        mews_websocket.wait_for_client(timeout_s=0.1)
    assert [handshake.status for handshake in mews_websocket.handshakes] == [401]


def test_no_client_connects(mews_websocket):
    with pytest.raises(TimeoutError, match="no handshake came"):
        mews_websocket.send(COMMAND, timeout_s=0.1)
"""


def test_partner_tests_can_use_the_fixture(pytester: pytest.Pytester) -> None:
    """Without any option each test has a server of its own that clients can connect to."""
    pytester.makepyfile(PARTNER_TESTS)
    result = pytester.runpytest("-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=3)
