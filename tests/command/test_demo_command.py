"""`mews demo`: the demo partner on its own."""

from __future__ import annotations

import signal
import socket

from pytest_mews.demo import PARTNER_KINDS
from tests.command.conftest import TIMEOUT_S, Mews
from tests.demo.webhook_client import ONE_EVENT, general_webhook, send


def test_it_serves_until_it_is_stopped(start_mews) -> None:  # noqa: ANN001 - of conftest.py
    """It prints its URL, responds with its flaw, and ends with status 0 and nothing more."""
    for number in (signal.SIGINT, signal.SIGTERM):
        process = start_mews("demo", "strict-events")
        url = process.stdout.readline().strip()
        statuses = [send(url, body).status for body in (ONE_EVENT, general_webhook("Unknown"))]
        process.send_signal(number)
        output, errors = process.communicate(timeout=TIMEOUT_S)
        assert statuses == [202, 400]
        assert (process.returncode, output, errors) == (0, "", "")


def test_it_lists_all_names(mews: Mews) -> None:
    """--list shows each name with its description."""
    lines = mews("demo", "--list").output.splitlines()
    assert [line.split()[0] for line in lines] == list(PARTNER_KINDS)


def test_a_port_in_use_is_an_error_of_the_user(mews: Mews) -> None:
    """The message names the option and the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = mews("demo", "--port", port)
    assert done.status == 4
    assert f"--port: '{port}' can't be used" in done.errors


def test_an_address_that_is_no_url_is_an_error_of_the_user(mews: Mews) -> None:
    """Otherwise each of its requests would fail, and nobody would know why."""
    done = mews("demo", "--api", "127.0.0.1:8088")
    assert done.status == 4
    assert "--api: '127.0.0.1:8088' does not begin with" in done.errors
    done = mews("demo", "--websocket", "http://127.0.0.1:8089")
    assert done.status == 4
    problem = "--websocket: 'http://127.0.0.1:8089' does not begin with wss:// or ws://"
    assert f"{problem}. Give its address, such as ws://127.0.0.1:8089." in done.errors
    assert done.output == ""
