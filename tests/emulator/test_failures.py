"""An exception within an emulator is a fault of the harness, not of the partner."""

from __future__ import annotations

import http.client
import json
from typing import Any
from unittest.mock import Mock

import pytest

from pytest_mews.emulator.connector_api import ConnectorApi, ConnectorApiServer
from pytest_mews.emulator.failures import EmulatorFailures
from pytest_mews.errors import HarnessError
from pytest_mews.kit import mews_websocket
from tests.connector_api.emulator_client import body_for, make_connector_api
from tests.report_reader import read_report
from tests.websocket.websocket_clients import cookie_header, handshake_status

JSON = {"Content-Type": "application/json"}


def fail(*_: object, **__: object) -> Any:  # noqa: ANN401
    """Fail as a defect of an emulator would."""
    raise KeyError("a defect")


def call(server: ConnectorApiServer) -> tuple[int, str]:
    """Call an operation; return the status and the message."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    body = json.dumps(body_for("configuration/get"))
    connection.request("POST", "/api/connector/v1/configuration/get", body, JSON)
    response = connection.getresponse()
    data = json.loads(response.read())
    connection.close()
    return response.status, data.get("Message", "")


@pytest.mark.parametrize("where", ["begin", "_record_answer"])
def test_the_api_answers_500_and_records_the_failure(
    where: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An exception before or after the response is recorded; nothing is printed."""
    failures = EmulatorFailures()
    monkeypatch.setattr(ConnectorApi, where, fail)
    with ConnectorApiServer(make_connector_api(), failures=failures) as server:
        status, message = call(server)
    assert (status, message) == (
        (500, "The Connector API emulator failed. This is not the service's fault.")
        if where == "begin"
        else (200, "")
    )
    assert failures.count == 1
    with pytest.raises(HarnessError, match=r"Connector API emulator failed.*a defect"):
        failures.raise_since(0)
    failures.raise_since(1)
    assert "not of the service" in failures.notes[0]
    assert capfd.readouterr().err == ""


def test_a_failed_handshake_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gets 500, and the server's failure is raised."""
    monkeypatch.setattr(mews_websocket, "validate_handshake", fail)

    def connect() -> None:
        with mews_websocket.serve_websocket() as websocket:
            assert handshake_status(websocket, cookie_header()) == 500
            assert websocket.handshakes == ()

    with pytest.raises(HarnessError, match="WebSocket emulator failed"):
        connect()


@pytest.mark.parametrize(
    ("defect", "scenario"),
    [
        ("emulator.connector_api.connector_api.handle", "PROC-01"),
        ("run.environment.validate_handshake", "STR-01"),
    ],
)
def test_a_scenario_meanwhile_is_an_error(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, defect: str, scenario: str
) -> None:
    """The report says `error`, and the traceback is the emulator's, without the secret in it."""
    secret = f"{0x5EC2E7:032x}-{0x7:031x}"  # in the format of Mews's tokens
    failing = Mock(side_effect=KeyError(f"a defect {secret}"))
    monkeypatch.setattr(f"pytest_mews.{defect}", failing)
    result = pytester.runpytest(
        "--mews-target", "demo", f"mews::{scenario}", "--mews-time-scale", "0.001",
        "--mews-fetch-timeout", "1",
    )  # fmt: skip
    assert result.ret == 1
    output = result.stdout.str() + result.stderr.str()
    assert "a defect ***" in output
    assert secret not in output
    report = read_report(pytester.path)
    (item,) = [item for item in report["scenarios"] if item["id"] == scenario]
    assert item["verdict"] == "error"
    assert "emulator failed" in item["reason"]
    assert any("fault of pytest-mews" in note for note in report["notes"])
