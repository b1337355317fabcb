"""Runs of the Streaming stage: without a client, without the Connector API emulator, without webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo.websocket import ClientOptions, ClientPool
from pytest_mews.model import Scenario, Stage, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.partner_processes import free_port

Build = Callable[..., Settings]
SCENARIOS = {each.id: each for each in loader.load_scenarios()}


@contextmanager
def clients(engine: CertificationRunner, habits: ClientOptions | None = None) -> Iterator[None]:
    """Connect the embedded partner's clients, which call no API."""
    assert engine.environment.websocket is not None
    own = habits or ClientOptions()
    streaming = ClientPool(engine.environment.websocket.address, None, DEFAULT_TENANTS, lambda _: None, own)
    try:
        yield
    finally:
        streaming.close()


def verdict(engine: CertificationRunner, name: str) -> tuple[Verdict, str]:
    """Certify a scenario."""
    scenario: Scenario = SCENARIOS[name]
    result = engine.certify(scenario)
    return result.verdict, result.reason


def test_without_a_client_one_scenario_fails_and_the_others_are_blocked(
    pytester: pytest.Pytester,
) -> None:
    """It exits 1, says where to point the service, and waits for nobody twice."""
    address = f"127.0.0.1:{free_port()}"
    given = ("--mews-target", "none", "--mews-websocket", address, "--mews-fetch-timeout", "0.1")
    result = pytester.runpytest_subprocess(*given, "-k", "PRE-03 or STR-01 or STR-12")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "mews: target none",
            "*stages: streaming",
            f"mews: WebSocket at ws://{address}/ws/connector, with the tokens of the built-in *",
            "*mews::PRE-03 FAIL *",
            "*mews::STR-01 BLOCKED *",
            "*mews::STR-12 BLOCKED *",
            "*no handshake reached the harness's WebSocket server*",
            "*delivery*not-observed*",
            "*streaming*not-ready*",
        ]
    )


def test_several_processes_cant_serve_one_websocket(pytester: pytest.Pytester) -> None:
    """With pytest-xdist it is a mistake that says what to do."""
    given = ("--mews-target", "none", "--mews-websocket", "127.0.0.1:8089", "-n", "2")
    result = pytester.runpytest_subprocess(*given)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--mews-websocket*connects to one address*--mews-jobs*"])


def test_an_address_that_is_taken_is_a_mistake(pytester: pytest.Pytester, settings: Build) -> None:
    """Nothing is played on the WebSocket, and the run does not pass."""
    with CertificationRunner(settings("none", websocket=f"127.0.0.1:{free_port()}")) as engine:
        assert engine.environment.websocket is not None
        address = engine.environment.websocket.address.partition("://")[2]
        given = ("--mews-target", "none", "--mews-websocket", address, "-k", "PRE-03")
        result = pytester.runpytest_subprocess(*given)
    assert result.ret != 0
    assert "can't be listened on" in result.stdout.str() + result.stderr.str()


def test_what_needs_the_api_is_not_observed_without_it(settings: Build) -> None:
    """The wire is judged all the same; words about requests say nothing."""
    chosen = settings("none", websocket=f"127.0.0.1:{free_port()}", examples="1")
    with CertificationRunner(chosen) as engine, clients(engine):
        assert verdict(engine, "PRE-03")[0] is Verdict.PASS
        assert verdict(engine, "STR-12")[0] is Verdict.PASS
        given, reason = verdict(engine, "STR-23")
        assert (given, "--mews-api" in reason) == (Verdict.NOT_OBSERVED, True)
        given, reason = verdict(engine, "STR-07")
        assert (given, "not seen without --mews-api" in reason) == (Verdict.PASS, True)
        assert verdict(engine, "STR-29")[0] is Verdict.NOT_APPLICABLE
        assert verdict(engine, "REC-01")[0] is Verdict.NOT_OBSERVED


def test_a_client_that_calls_nothing_blocks_what_looks_at_calls(settings: Build) -> None:
    """One failure says so, PRE-04; where it is not the client's, nothing else is accused."""
    websocket, api = (f"127.0.0.1:{free_port()}" for _ in range(2))
    chosen = settings("none", websocket=websocket, api=api, fetch_timeout="0.3")
    with CertificationRunner(chosen) as engine, clients(engine):
        assert verdict(engine, "PRE-04")[0] is Verdict.FAIL
        given, reason = verdict(engine, "STR-23")
        assert (given, "PRE-04" in reason) == (Verdict.BLOCKED, True)


def test_refused_and_lost_clients_block_what_follows(settings: Build) -> None:
    """STR-01 says why nobody is admitted; who did not come back is told from that."""
    address = f"127.0.0.1:{free_port()}"
    wrong = ClientOptions(cookie_header=lambda client, access: f"AccessToken={client}{access}")
    with CertificationRunner(settings("none", websocket=address, fetch_timeout="0.3")) as engine:
        with clients(engine, wrong):
            assert verdict(engine, "STR-01")[0] is Verdict.FAIL
            assert "no handshake was accepted" in verdict(engine, "STR-12")[1]
        with clients(engine, ClientOptions(reconnects_after=lambda _: False)):
            assert verdict(engine, "STR-10")[0] is Verdict.PASS
            assert verdict(engine, "STR-12")[0] is Verdict.FAIL
            given, reason = verdict(engine, "STR-13")
            assert given is Verdict.BLOCKED
            assert reason.endswith("it did not come back after STR-12")


def test_tokens_in_a_url_reach_no_output(pytester: pytest.Pytester) -> None:
    """Not even where a client puts them there."""
    given = ("--mews-target", "demo:ws-tokens-in-url", "-k", "STR-02 or PRE-03 or STR-10")
    result = pytester.runpytest_subprocess(*given)
    assert result.ret == 1
    report = (pytester.path / "mews-report" / "certification.json").read_text("utf-8")
    page = (pytester.path / "mews-report" / "certification.html").read_text("utf-8")
    assert "/ws/connector?ClientToken=***&AccessToken=***" in report
    for text in (result.stdout.str(), report, page):
        for secret in (DEFAULT_TENANTS.client_token, DEFAULT_TENANTS.enterprises[0].access_token):
            assert secret not in text


def test_an_interrupt_ends_what_waits_on_the_websocket(settings: Build) -> None:
    """Whoever waits for a client is let go."""
    with CertificationRunner(settings("none", websocket=f"127.0.0.1:{free_port()}")) as engine:
        assert engine.environment.websocket is not None
        engine.interrupt()
        assert not engine.environment.websocket.log.wait_until(lambda: False, 60.0)
    assert Stage.STREAMING in engine.environment.settings.stages
