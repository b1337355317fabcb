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
TIMEOUT_S = 60


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
    assert '"Type": "DeviceCommand"' in client.messages.get(timeout=TIMEOUT_S)
    mews_websocket.send_text("no JSON")
    mews_websocket.disconnect()
    assert client.ended.wait(TIMEOUT_S)
    (connection,) = mews_websocket.connections
    assert (connection.disconnect, connection.close_code) == (Disconnect.ABNORMAL, None)


def test_the_error_says_why_a_handshake_was_rejected(mews_websocket):
    client = PartnerClient(mews_websocket.address, mews_websocket.tenants, blank=" ")
    assert client.ended.wait(TIMEOUT_S)
    with pytest.raises(TimeoutError, match="/ws/connector got 401 .blanks."):
        mews_websocket.wait_for_client(timeout_s=0.1)
    assert [handshake.status for handshake in mews_websocket.handshakes] == [401]


@pytest.mark.parametrize("enterprise", [0, 3, "1"])
def test_there_is_no_such_enterprise(mews_websocket, enterprise):
    for method in mews_websocket.headers, mews_websocket.wait_for_client:
        with pytest.raises(ValueError, match="enterprise: .* is not a number from 1 to 2"):
            method(enterprise)


def test_there_is_no_such_disconnect(mews_websocket):
    with pytest.raises(ValueError, match="'gone' is not a valid Disconnect"):
        mews_websocket.disconnect("gone")


def test_a_wait_ends_though_the_time_is_frozen(mews_websocket, monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 0)
    checks = iter(range(1_000))
    with pytest.raises(TimeoutError, match="not true within"):
        mews_websocket.wait_until(lambda: next(checks) is None, timeout_s=0.05)


def test_no_client_connects(mews_websocket):
    with pytest.raises(TimeoutError, match="no handshake came"):
        mews_websocket.send(COMMAND, timeout_s=0.1)
"""


def test_partner_tests_can_use_the_fixture(pytester: pytest.Pytester) -> None:
    """Without any option each test has a server of its own that clients can connect to."""
    pytester.makepyfile(PARTNER_TESTS)
    result = pytester.runpytest("-p", "no:cacheprovider", "-W", "error")
    result.assert_outcomes(passed=8)


COMMAND_TESTS = """
import asyncio
import json
import pytest
import requests
from pytest_mews import Disconnect, device_command_event, reservation_event, websocket_messages
from websockets.asyncio.client import connect
from websockets.sync.client import connect as connect_sync

COMMAND = "35d4b117-4e60-44a3-9580-c582117eff98"


def test_a_command_can_be_looked_up(mews_websocket, mews_api):
    with connect_sync(mews_websocket.url, additional_headers=mews_websocket.headers(2)) as client:
        mews_websocket.send(device_command_event(COMMAND, state="Received"), enterprise=2)
        assert json.loads(client.recv())["Events"][0]["Id"] == COMMAND
        body = {
            "ClientToken": mews_api.tenants.client_token,
            "AccessToken": mews_api.tenants.enterprises[1].access_token,
            "Client": "Keys 1.0",
            "Limitation": {"Count": 10},
        }
        url = "https://api.mews.com/api/connector/v1/commands/getAllActive"
        commands = requests.post(url, json=body).json()["Commands"]
        assert [(c["Id"], c["State"]) for c in commands] == [(COMMAND, "Received")]
        assert mews_api.fetched("commands", COMMAND)


def test_a_client_in_the_loop_of_the_test(mews_websocket):
    async def test():
        headers = mews_websocket.headers()
        async with connect(mews_websocket.url, additional_headers=headers) as client:
            first = await mews_websocket.wait_for_client_async()
            received = []

            async def read():
                async for text in client:
                    received.append(json.loads(text))

            reading = asyncio.create_task(read())
            await mews_websocket.send_async(reservation_event(state="Started"))
            (message,) = [websocket_messages().example()]
            await mews_websocket.send_message_async(message)
            await mews_websocket.wait_until_async(lambda: len(received) == 2)
            assert received[1] == message.json()
            assert (await mews_websocket.ping_async()).pong_ms is not None
            await mews_websocket.disconnect_async(Disconnect.GOING_AWAY)
            await reading
        with pytest.raises(TimeoutError, match="/ws/connector got 101"):
            await mews_websocket.wait_for_client_async(timeout_s=0.05, after=first)
        async with connect(mews_websocket.url, additional_headers=headers):
            second = await mews_websocket.wait_for_client_async(after=first)
            assert second.number == 2

    asyncio.run(test())


def test_a_wait_that_fails(mews_websocket):
    with pytest.raises(TimeoutError, match="not true within 0.01 s; handshakes: no handshake came"):
        mews_websocket.wait_until(lambda: False, timeout_s=0.01)
    with pytest.raises(TimeoutError, match="not true"):
        asyncio.run(mews_websocket.wait_until_async(lambda: False, timeout_s=0.01))
"""


def test_commands_and_asynchronous_clients(pytester: pytest.Pytester) -> None:
    """Commands exist for the emulator of the Connector API; every wait can be awaited."""
    pytester.makepyfile(COMMAND_TESTS)
    result = pytester.runpytest("-p", "no:cacheprovider", "-W", "ignore::Warning")
    result.assert_outcomes(passed=3)
