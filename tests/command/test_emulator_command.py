"""`mews emulator`: the Connector API and the WebSocket, to develop against."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
from collections.abc import Callable

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from pytest_mews.config.tenants import DEFAULT_TENANTS
from tests.command.conftest import TIMEOUT_S, Mews
from tests.connector_api.emulator_client import PREFIX, body_for, guid

pytestmark = pytest.mark.slow

FIRST, SECOND = DEFAULT_TENANTS.enterprises
COOKIES = f"ClientToken={DEFAULT_TENANTS.client_token}; AccessToken={{}}"
Start = Callable[..., subprocess.Popen[str]]


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """Read the lines of a process up to the one with a text; return them."""
    assert process.stdout is not None
    lines = ""
    for line in process.stdout:
        lines += line
        if text in line:
            return lines
    raise AssertionError(f"{text!r} never came after {lines}")


def call(address: str, operation: str, **body: object) -> tuple[int, dict[str, object]]:
    """Send a request to the emulator; return the status and the body of the response."""
    connection = http.client.HTTPConnection(address, timeout=TIMEOUT_S)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", f"{PREFIX}{operation}", json.dumps(body), headers)
    response = connection.getresponse()
    data = json.loads(response.read())
    connection.close()
    return response.status, data


@pytest.mark.parametrize("address", ["8088", "host:", ":8088", "127.0.0.1:99999", "[::1:80"])
@pytest.mark.parametrize("option", ["--api", "--websocket"])
def test_an_invalid_address_is_a_usage_error(option: str, address: str, mews: Mews) -> None:
    """The message names the option."""
    done = mews("emulator", option, address)
    assert done.status == 4
    assert f"{option}: '{address}'" in done.errors


def test_it_serves_every_id_and_prints_each_call(start_mews: Start) -> None:
    """It prints tokens at the start, a line per request, and no traceback at the end."""
    process = start_mews("emulator", "--api", "127.0.0.1:0")
    greeting = read_until(process, "Ctrl-C")
    address = re.findall(r"http://(127\.0\.0\.1:\d+)/api", greeting)[0]
    assert f"http://{address} instead of https://api.mews.com" in greeting
    client, access = re.findall(r"(?:ClientToken|AccessToken) (\S+)", greeting)[:2]
    tokens = {"ClientToken": client, "AccessToken": access}
    body = body_for("customers/getAll", **tokens, CustomerIds=[guid(1)])
    assert call(address, "customers/getAll", **body)[0] == 200
    line = read_until(process, "customers/getAll")
    assert call(address, "customers/getAll", **{**body, "AccessToken": "of-nobody"})[0] == 401
    wrong = read_until(process, "customers/getAll")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, output, errors) == (0, "", "")
    assert line.startswith("200  customers/getAll  enterprise 1111")
    assert "requested 1, returned 1" in line
    assert access not in line
    assert "wrong-access-token" in wrong
    assert "of-nobody" not in wrong


def test_typed_events_are_sent_to_connected_clients(start_mews: Start) -> None:
    """A command that is typed reaches the client of each enterprise, and the API returns it."""
    process = start_mews("emulator", "--api", "127.0.0.1:0", "--websocket", "127.0.0.1:0")
    greeting = read_until(process, "Ctrl-C")
    address = re.findall(r"http://(127\.0\.0\.1:\d+)/api", greeting)[0]
    url = re.findall(r"ws://\S+/ws/connector", greeting)[0]
    with connect(url, additional_headers={"Cookie": COOKIES.format(FIRST.access_token)}) as client:
        assert f"101  /ws/connector  enterprise {FIRST.id}" in read_until(process, "101  ")
        assert client.ping().wait(TIMEOUT_S)  # the emulator knows the connection by then
        assert process.stdin is not None
        for line in ("DeviceCommand\n", "CustomerAdded\n", "\n"):
            process.stdin.write(line)
        process.stdin.close()
        (event,) = json.loads(client.recv(TIMEOUT_S))["Events"]
        assert (event["Type"], event["State"]) == ("DeviceCommand", "Pending")
        output = read_until(process, "CustomerAdded")
        assert "sent DeviceCommand on 1 connection\n" in output
        assert "'CustomerAdded' is not a type of WebSocket event" in output
        tokens = {"ClientToken": DEFAULT_TENANTS.client_token, "AccessToken": FIRST.access_token}
        body = body_for("commands/getAllActive", **tokens)
        _, data = call(address, "commands/getAllActive", **body)
        assert [command["Id"] for command in data["Commands"]] == [event["Id"]]  # type: ignore[attr-defined]
    process.send_signal(signal.SIGTERM)
    process.stdin = None
    _, errors = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, errors) == (0, "")


def test_a_refused_handshake_is_shown_with_its_problem(start_mews: Start) -> None:
    """A wrong token is named, and not repeated."""
    process = start_mews("emulator", "--api", "127.0.0.1:0", "--websocket", "127.0.0.1:0")
    url = re.findall(r"ws://\S+/ws/connector", read_until(process, "Ctrl-C"))[0]
    with pytest.raises(InvalidStatus):
        connect(url, additional_headers={"Cookie": COOKIES.format("of-nobody")})
    line = read_until(process, "401  ")
    assert "enterprise unknown  wrong-access-token" in line
    assert "of-nobody" not in line


def test_an_address_in_use_is_a_usage_error(start_mews: Start, mews: Mews) -> None:
    """A second emulator on the same port ends with 4, and names the option."""
    process = start_mews("emulator", "--api", "127.0.0.1:0")
    address = re.findall(r"http://(\S+)/api", read_until(process, "Ctrl-C"))[0]
    done = mews("emulator", "--api", address)
    assert done.status == 4
    assert f"--api: '{address}' can't be listened on: address already in use" in done.errors
