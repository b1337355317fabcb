"""The fixture `mews_websocket`, as a partner's own tests use it."""

from __future__ import annotations

import pytest

OWN_TEST = """
import queue
import threading
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from pytest_mews.model import Disconnect

ID = "35d4b117-4e60-44a3-9580-c582117eff98"
COMMAND = {"Type": "DeviceCommand", "Id": ID, "State": "Pending"}


class OwnClient:
    def __init__(self, address, tenants, blank=""):
        cookies = f"ClientToken{blank}={tenants.client_token}; "
        cookies += f"AccessToken{blank}={tenants.enterprises[0].access_token}"
        self._url, self._cookies = f"{address}/ws/connector", cookies
        self.messages, self.ended = queue.Queue(), threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            with connect(self._url, additional_headers={"Cookie": self._cookies}) as line:
                while True:
                    self.messages.put(line.recv())
        except Exception:
            self.ended.set()


def test_an_event_arrives(mews_websocket):
    client = OwnClient(mews_websocket.address, mews_websocket.tenants)
    (sent,) = mews_websocket.send(COMMAND)
    assert [each.state for each in sent.events] == ["Pending"]
    assert mews_websocket.ping().ponged_ms is not None
    assert '"Type": "DeviceCommand"' in client.messages.get(timeout=5)
    mews_websocket.send_text("no JSON")
    mews_websocket.cut()
    assert client.ended.wait(5)
    (line,) = mews_websocket.connections
    assert (line.cut, line.code) == (Disconnect.ABNORMAL, None)


def test_why_a_handshake_was_refused_is_told(mews_websocket):
    client = OwnClient(mews_websocket.address, mews_websocket.tenants, blank=" ")
    assert client.ended.wait(5)
    with pytest.raises(TimeoutError, match="answered with 401 .blanks."):
        mews_websocket.wait_for_client(timeout_s=0.1)
    assert [each.status for each in mews_websocket.handshakes] == [401]


def test_nobody_came(mews_websocket):
    with pytest.raises(TimeoutError, match="no handshake came"):
        mews_websocket.send(COMMAND, timeout_s=0.1)
"""


def test_own_tests_meet_the_server(pytester: pytest.Pytester) -> None:
    """Without any option a test may connect a client, and has a server of its own."""
    pytester.makepyfile(OWN_TEST)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=3)
