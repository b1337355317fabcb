"""`mews doctor`: what is set up for a certification, and what to do where it is not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import chain, repeat
from pathlib import Path

import pytest

from pytest_mews.command.set_up_checks import MAX_S, SetUp
from pytest_mews.config.settings import Settings
from pytest_mews.run.environment import Environment
from tests.command.conftest import Mews
from tests.ports import free_port
from tests.recording_endpoint import recording_endpoint

FAILING_SERVICE = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        print("the database is down", flush=True)
        self.send_error(500)
    def log_message(self, *args):
        pass

HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
FAST = ("--fetch-timeout", "0.5")
SUBJECTS = [
    *("URL reachable", "message accepted", "token checked"),
    *("API called", "whose token", "WebSocket connected"),
]


def labels_in(output: str) -> dict[str, str]:
    """Return the label of each check by its subject."""
    return {
        line[8:27].strip(): line[:8].strip()
        for line in output.splitlines()
        if not line.startswith(" ")
    }


def test_a_sound_service_is_ok(mews: Mews, tmp_path: Path) -> None:
    """Every check is ok, and no file is left behind."""
    done = mews("doctor", "demo")
    assert done.status == 0, done.output
    assert labels_in(done.output) == dict.fromkeys(SUBJECTS, "ok")
    assert "fix:" not in done.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("flaw", "subject", "remedy"),
    [
        ("demands-signature", "message accepted", "expects a header or signature that Mews does"),
        ("ignores-token", "token checked", "Compare the token of every request"),
        ("fetches-nothing", "API called", "Let the service call the address of --api"),
        ("wrong-access-token", "whose token", "fetch it with the AccessToken that --tenants has"),
    ],
)
def test_a_flaw_is_found_with_a_remedy(flaw: str, subject: str, remedy: str, mews: Mews) -> None:
    """The exit status is 1, and the line after the check says what to do."""
    done = mews("doctor", f"demo:{flaw}", *FAST)
    assert done.status == 1
    assert labels_in(done.output)[subject] == "NOT OK"
    lines = done.output.splitlines()
    (number,) = [n for n, line in enumerate(lines) if line.startswith(f"NOT OK  {subject}")]
    assert lines[number + 1].startswith("        fix: ")
    assert remedy in lines[number + 1]


def test_the_log_of_a_service_that_is_not_ok(mews: Mews, tmp_path: Path) -> None:
    """What it wrote last is shown, if the harness has started it."""
    (tmp_path / "service.py").write_text(FAILING_SERVICE, "utf-8")
    done = mews("doctor", "/hook", "--start", f"{sys.executable} service.py {{port}}")
    assert done.status == 1
    assert labels_in(done.output)["message accepted"] == "NOT OK"
    assert "the last lines that the service wrote:\n    the database is down\n" in done.errors


def test_a_wait_is_announced(mews: Mews) -> None:
    """Without it nothing is shown for up to a minute; the checks alone are on stdout."""
    done = mews("doctor", "demo:fetches-nothing", *FAST)
    line = "waiting up to 1.5 s for a request to the Connector API emulator\n"
    assert line in done.errors
    assert "waiting" not in done.output


def test_a_wrong_token_needs_a_4xx(mews: Mews) -> None:
    """A service that fails on a wrong token does not refuse it: Mews would send it again."""
    with recording_endpoint(lambda path, _body: 202 if path.endswith("=right") else 500) as service:
        done = mews("doctor", f"{service.url}?Token=right")
    assert done.status == 1
    assert labels_in(done.output)["token checked"] == "NOT OK"


def test_what_cannot_be_seen_is_not_judged(mews: Mews) -> None:
    """Without --api and --websocket these checks say how to make them, and nothing fails."""
    with recording_endpoint() as endpoint:
        done = mews("doctor", endpoint.url)
    assert done.status == 0
    labels = labels_in(done.output)
    assert labels["message accepted"] == "ok"
    assert labels["token checked"] == labels["API called"] == labels["WebSocket connected"] == "-"
    assert "give --api HOST:PORT" in done.output


def test_nothing_else_is_checked_where_nothing_listens(mews: Mews) -> None:
    """A refused connection is named with what to look at."""
    done = mews("doctor", f"http://127.0.0.1:{free_port()}/hook?Token=a-secret-of-the-test")
    assert done.status == 1
    assert labels_in(done.output)["URL reachable"] == "NOT OK"
    assert "message accepted" not in done.output
    assert "is the service running, on this port? Make sure" in done.output
    assert "a-secret-of-the-test" not in done.output


def test_the_time_for_all_checks_is_limited(settings: Callable[..., Settings]) -> None:
    """When the minute is over, nothing is waited for: the check says what was observed so far."""
    times_s = chain([0.0], repeat(MAX_S))
    environment = Environment(settings("none", websocket=f"127.0.0.1:{free_port()}"))
    environment.start()
    announced: list[str] = []
    try:
        checks = list(SetUp(environment, lambda: next(times_s), announced.append).checks())
    finally:
        environment.close()
    assert [(check.subject, check.ok) for check in checks] == [
        ("API called", None),
        ("WebSocket connected", False),
    ]
    assert checks[1].observed == "no handshake arrived"
    assert announced == []


def test_a_wrong_url_exits_with_4(mews: Mews) -> None:
    """Nothing is started."""
    done = mews("doctor", "partner.example/hook")
    assert done.status == 4
    assert "'partner.example/hook' does not begin with https://" in done.errors
