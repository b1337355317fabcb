"""The command `python -m pytest_mews.emulator`."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_mews.emulator.__main__ import main
from tests.connector_api.emulator_client import PREFIX, body_for, guid

PATH = f"{PREFIX}customers/getAll"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("address", ["8088", "host:", ":8088", "127.0.0.1:99999", "[::1:80"])
def test_invalid_address_is_a_usage_error(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the option --listen."""
    with pytest.raises(SystemExit) as exit_info:
        main(["--listen", address])
    assert exit_info.value.code == 2
    assert f"--listen: '{address}'" in capsys.readouterr().err


def test_missing_tenants_file_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the option --tenants, not that of a certification."""
    with pytest.raises(SystemExit) as exit_info:
        main(["--tenants", str(tmp_path / "none.toml")])
    assert exit_info.value.code == 2
    error = capsys.readouterr().err
    assert "--tenants: '" in error
    assert "--mews-tenants" not in error


def test_command_serves_every_id_and_prints_each_call() -> None:
    """The command prints tokens at the start, a line per request, and no traceback at the end."""
    command = [
        sys.executable,
        "-m",
        "pytest_mews.emulator",
        "--listen",
        "127.0.0.1:0",
    ]
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process,
        ExitStack() as stack,
    ):
        stack.callback(process.kill)
        assert process.stdout
        assert process.stderr
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        greeting = "".join(lines)
        port = int(re.findall(r":(\d+)/api", greeting)[0])
        assert f"http://127.0.0.1:{port} instead of https://api.mews.com" in greeting
        client, access = re.findall(r"(?:ClientToken|AccessToken) (\S+)", greeting)[:2]
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
    assert "requested 1, returned 1" in line
    assert access not in line
