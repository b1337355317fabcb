"""Fuzzes what an endpoint sends back: from the socket to the report, nothing may fail.

A response is a success only if it is one: a complete response whose last head says 2xx.
"""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from pytest_mews.checks import CHECKS, evaluate
from pytest_mews.config import profiles
from pytest_mews.delivery import CurlTransport, Deliverer, DeliveryRules, SystemClock
from pytest_mews.model import (
    Evidence,
    Expectation,
    Level,
    Message,
    Outcome,
    ScenarioResult,
    Transcript,
    Verdict,
    WebhookKind,
)
from pytest_mews.model.serialization import Reader, result_to_json
from pytest_mews.redaction import Redactor, redact
from pytest_mews.reports import write_report
from pytest_mews.sanitize import one_line
from pytest_mews.scenarios import loader
from pytest_mews.senders.connector import CONNECTOR
from tests.reports import sample_run

from .fuzzing import corpus, fuzz
from .http_responses import TOKEN, Ending, RawResponse, responses

FUZZER = "responses"
TIMEOUT_S = 5.0
STALL_S = 0.2
SCENARIO = {scenario.id: scenario for scenario in loader.load_scenarios()}["REC-01"]
MESSAGE = Message(WebhookKind.GENERAL, b'{"Events":[]}', (), "1 event: PaymentUpdated")
REDACTOR = Redactor([TOKEN])
READER = Reader({SCENARIO.id: SCENARIO})
INTERIM = re.compile(rb"HTTP/[0-9.]+ +1[0-9]{2}\b[^\n]*\n(?:[^\r\n][^\n]*\n)*\r?\n")
SUCCESS = re.compile(rb"HTTP/[0-9.]+ +2[0-9]{2}")
MAX_RESULTS = 40  # in the report


class RespondingServer:
    """Sends the bytes of `response` to everybody who connects, after a whole request."""

    def __init__(self) -> None:
        self.response = RawResponse(())
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/hook?Token={TOKEN}"
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with suppress(OSError), closing(connection):
                self._respond(connection)

    def _respond(self, connection: socket.socket) -> None:
        connection.settimeout(TIMEOUT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        received = b""
        while not received.endswith(MESSAGE.body):
            if not (data := connection.recv(65536)):
                return
            received += data
        response = self.response
        for piece in response.pieces:
            connection.sendall(piece)
        if response.ending is Ending.STALL:
            connection.settimeout(2 * STALL_S)
            connection.recv(1)  # until the harness gives up
        elif response.ending is Ending.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def is_success(data: bytes) -> bool:
    """Return whether bytes begin with a 2xx, after interim responses."""
    while interim := INTERIM.match(data):
        data = data[interim.end() :]
    return SUCCESS.match(data) is not None


class ResponseCheck:
    """Delivers a message to a server that responds as generated, and evaluates what happened."""

    def __init__(self, server: RespondingServer, transport: CurlTransport) -> None:
        profile = profiles.load_profile("2026-04", CONNECTOR.profiles)
        rules = DeliveryRules.from_profile(profile, 0.0, verify_tls=True)
        self._server = server
        self._deliverer = Deliverer(transport, SystemClock(), replace(rules, attempts=1))
        self.results: list[ScenarioResult] = []

    def __call__(self, response: RawResponse) -> None:
        """Check one response."""
        self._server.response = response
        stalls = response.ending is Ending.STALL
        delivery = self._deliverer.deliver(
            MESSAGE, self._server.url, label="message", timeout_s=STALL_S if stalls else TIMEOUT_S
        )
        outcome = delivery.attempts[-1].outcome
        if outcome is Outcome.DELIVERED:
            assert is_success(response.data)
        if response.status is not None:
            expected = Outcome.DELIVERED if response.status < 300 else Outcome.ERROR_STATUS
            final = delivery.attempts[-1].final_exchange
            assert (outcome, final.status) == (expected, response.status)
        transcript = Transcript((delivery,))
        findings = tuple(evaluate(Expectation(name, Level.MUST), transcript) for name in CHECKS)
        for finding in findings:
            assert one_line(finding.observed).isprintable()
        accepted = next(finding for finding in findings if finding.check == "accepted")
        assert accepted.met == (outcome is Outcome.DELIVERED)
        evidence = Evidence("example", "1 event", findings, transcript)
        verdict = Verdict.PASS if accepted.met else Verdict.FAIL
        result = redact(
            ScenarioResult(SCENARIO, verdict, accepted.observed, evidence=(evidence,)), REDACTOR
        )
        text = result_to_json(result)
        assert TOKEN not in text
        assert result_to_json(READER.result_from_json(text)) == text
        self.results = [*self.results, result][-MAX_RESULTS:]


@pytest.fixture
def check(tmp_path: Path) -> Iterator[ResponseCheck]:
    """Return a check; at its end a report with what was observed is written."""
    with RespondingServer() as server, CurlTransport(SystemClock()) as transport:
        check = ResponseCheck(server, transport)
        yield check
    if not check.results:
        return
    results = tuple(
        replace(result, scenario=replace(SCENARIO, id=f"FUZZ-{number:02}"))
        for number, result in enumerate(check.results, 1)
    )
    html = write_report(replace(sample_run.run(), results=results), tmp_path).html
    page = html.read_text("utf-8")
    assert TOKEN not in page
    assert "<script>alert" not in page
    assert "\x1b" not in page


@pytest.mark.parametrize("path", corpus(FUZZER), ids=lambda path: path.name)
def test_found_responses(path: Path, check: ResponseCheck) -> None:
    """What a fuzzer found once stays fixed."""
    check(RawResponse.decode(path.read_bytes()))


def test_responses(check: ResponseCheck) -> None:
    """No response makes the harness fail, or is a success that it is not."""
    fuzz(FUZZER, responses, check, RawResponse.encode, examples=100)
