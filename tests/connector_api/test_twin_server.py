"""The twin on a socket, as a client meets it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_mews.emulator.__main__ import main
from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.connector_api.api_server import ConnectorApiServer
from pytest_mews.errors import UsageError
from pytest_mews.model.api_call import ApiFault, RequestProblem
from tests.connector_api.asking import PREFIX, body_for, general, guid, make

PATH = f"{PREFIX}customers/getAll"
BODY = json.dumps(body_for("customers/getAll", CustomerIds=[guid(1)]))
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def twin() -> ConnectorApi:
    """A twin with one customer."""
    twin = make()
    twin.apply_message(general(("CustomerUpdated", guid(1))))
    return twin


@pytest.fixture
def connection(twin: ConnectorApi) -> Iterator[http.client.HTTPConnection]:
    """A client's connection to the twin."""
    with ConnectorApiServer(twin) as server:
        connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
        yield connection
        connection.close()


def test_a_connection_serves_many_requests(connection: http.client.HTTPConnection) -> None:
    """Right and wrong ones, one after another on the same socket, each with its `Request-Id`."""
    sockets, ids = set(), set()
    for path, status in ((PATH, 200), (f"{PATH}/", 404), (f"{PATH}?x=1", 200)):
        connection.request("POST", path, BODY, JSON)
        sockets.add(connection.sock)
        response = connection.getresponse()
        assert response.status == status
        assert isinstance(json.loads(response.read()), dict)
        ids.add(response.headers["Request-Id"])
    assert (len(sockets), len(ids)) == (1, 3)


def test_a_chunked_body_is_read(connection: http.client.HTTPConnection, twin: ConnectorApi) -> None:
    """Many clients send JSON so; the connection can be used afterwards."""
    pieces = [BODY[:20].encode(), BODY[20:].encode()]
    connection.request("POST", PATH, iter(pieces), JSON, encode_chunked=True)
    assert connection.getresponse().read()
    connection.request("POST", PATH, BODY, JSON)
    assert connection.getresponse().status == 200
    assert [call.request_problems for call in twin.calls()] == [(), ()]


def test_a_path_is_taken_as_it_was_sent(
    connection: http.client.HTTPConnection, twin: ConnectorApi
) -> None:
    """A slash that is percent-encoded is not one that separates."""
    connection.request("POST", PATH.replace("/getAll", "%2FgetAll"), BODY, JSON)
    assert connection.getresponse().status == 404
    assert twin.calls()[0].request_problems == (RequestProblem.WRONG_PATH,)


def test_an_empty_answer_has_no_content_type(
    connection: http.client.HTTPConnection, twin: ConnectorApi
) -> None:
    """A 204 has no body that could be of a type."""
    body = json.dumps(body_for("payments/getAll"))
    headers = JSON | {"Prefer": "return=minimal"}
    connection.request("POST", f"{PREFIX}payments/getAll", body, headers)
    response = connection.getresponse()
    assert (response.status, response.read()) == (204, b"")
    assert response.headers["Content-Type"] is None
    assert response.headers["Request-Id"]
    assert [call.status for call in twin.calls()] == [204]


def test_a_reset_is_a_reset(connection: http.client.HTTPConnection, twin: ConnectorApi) -> None:
    """The client is not told politely; the next connection is served."""
    twin.inject_fault(ApiFault.RESET, None, times=1)
    connection.request("POST", PATH, BODY, JSON)
    with pytest.raises(ConnectionResetError, match="reset by peer"):
        connection.getresponse()
    connection.close()
    connection.request("POST", PATH, BODY, JSON)
    assert connection.getresponse().status == 200


def test_who_leaves_during_a_slow_answer_was_given_nothing(
    connection: http.client.HTTPConnection, twin: ConnectorApi
) -> None:
    """The call ends when the client goes, without what it did not wait for."""
    twin.inject_fault(ApiFault.SLOW, None, times=None)
    connection.request("POST", PATH, BODY, JSON)
    assert twin.wait_until(lambda calls: len(calls) == 1, 0, 30)
    connection.close()
    assert twin.wait_until(lambda calls: calls[0].answered_ms is not None, 0, 7)
    (call,) = twin.calls()
    assert (call.status, call.returned) == (None, ())


def test_stopping_ends_slow_answers(twin: ConnectorApi) -> None:
    """Nobody waits eight seconds for the end of a run."""
    twin.inject_fault(ApiFault.SLOW, None, times=None)
    server = ConnectorApiServer(twin)
    server.start()
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    connection.request("POST", PATH, BODY, JSON)
    assert twin.wait_until(lambda calls: len(calls) == 1, 0, 30)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    stopping.join(7)
    assert not stopping.is_alive()
    connection.close()


def test_an_address_in_use_is_the_users_to_change(twin: ConnectorApi) -> None:
    """The message names the option and the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"--mews-api: '127.0.0.1:{port}'.*in use"):
            ConnectorApiServer(twin, "127.0.0.1", port).start()


@pytest.mark.parametrize("address", ["8088", "host:", ":8088", "127.0.0.1:99999", "[::1:80"])
def test_an_address_that_is_none_is_the_users_to_change(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alone, the option is another one."""
    with pytest.raises(SystemExit) as ended:
        main(["--listen", address])
    assert ended.value.code == 2
    assert f"--listen: '{address}'" in capsys.readouterr().err


def test_a_tenants_file_that_can_not_be_used_is_named_as_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Alone, that option too has another name."""
    with pytest.raises(SystemExit) as ended:
        main(["--tenants", str(tmp_path / "none.toml")])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "--tenants: '" in said
    assert "--mews-tenants" not in said


def test_alone_it_serves_any_id_and_says_what_it_did() -> None:
    """Tokens at the start, a line per request, and no traceback at the end."""
    command = [
        sys.executable,
        "-m",
        "pytest_mews.emulator",
        "--listen",
        "127.0.0.1:0",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        greeting = []
        for line in process.stdout:
            greeting.append(line)
            if "Ctrl-C" in line:
                break
        said = "".join(greeting)
        port = int(re.findall(r":(\d+)/api", said)[0])
        assert f"http://127.0.0.1:{port} in the place of https://api.mews.com" in said
        client, access = re.findall(r"(?:ClientToken|AccessToken) (\S+)", said)[:2]
        body = body_for(
            "customers/getAll", ClientToken=client, AccessToken=access, CustomerIds=[guid(1)]
        )
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", PATH, json.dumps(body), JSON)
        assert connection.getresponse().status == 200
        line = process.stdout.readline()
        connection.close()
        process.send_signal(2)
        assert process.wait(30) == 0
        assert process.stderr.read() == ""
    assert line.startswith("200  customers/getAll  enterprise 1111")
    assert "asked 1, returned 1" in line
    assert access not in line
