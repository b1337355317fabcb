"""Runs of the Streaming stage: no client, no Connector API, no webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo.websocket import ClientOptions, ClientPool
from pytest_mews.model import Stage, Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader
from tests.ports import free_port

pytestmark = pytest.mark.slow

BuildSettings = Callable[..., Settings]
SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}


@contextmanager
def clients(runner: CertificationRunner, options: ClientOptions | None = None) -> Iterator[None]:
    """Connect the clients of the demo partner, which don't call the Connector API."""
    assert runner.environment.websocket is not None
    address = runner.environment.websocket.address
    pool = ClientPool(address, None, DEFAULT_TENANTS, lambda _: None, options or ClientOptions())
    try:
        yield
    finally:
        pool.close()


def certify(runner: CertificationRunner, scenario_id: str) -> tuple[Verdict, str]:
    """Certify a scenario; return its verdict and reason."""
    result = runner.certify(SCENARIOS[scenario_id])
    return result.verdict, result.reason


def test_without_a_client_one_scenario_fails_and_the_others_are_blocked(
    pytester: pytest.Pytester,
) -> None:
    """The run exits with status 1, and says where to point the service."""
    address = f"127.0.0.1:{free_port()}"
    arguments = (
        "--mews-target",
        "none",
        "--mews-websocket",
        address,
        "--mews-fetch-timeout",
        "0.1",
    )
    result = pytester.runpytest(*arguments, "-k", "PRE-03 or STR-01 or STR-12")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "mews: target none",
            "*stages: streaming",
            f"mews: WebSocket at ws://{address}/ws/connector, with the tokens of the built-in *",
            "*mews::PRE-03 FAIL *",
            "Streaming not ready; Delivery and Processing not tested (not selected)",
            "  streaming *1 fail, 2 blocked, 35 not-observed",
            "*no handshake reached the WebSocket emulator*",
        ]
    )


def test_several_processes_can_not_serve_one_websocket(pytester: pytest.Pytester) -> None:
    """With pytest-xdist, --mews-websocket is refused with a remedy."""
    arguments = ("--mews-target", "none", "--mews-websocket", "127.0.0.1:8089", "-n", "2")
    result = pytester.runpytest(*arguments)
    assert result.ret == 4
    result.stderr.fnmatch_lines(["*--mews-websocket*connects to one address*--mews-jobs*"])


@pytest.mark.parametrize("jobs", ["1", "4"])
def test_an_address_in_use_is_an_error(
    pytester: pytest.Pytester, settings: BuildSettings, jobs: str
) -> None:
    """One sentence and exit status 4, before anything runs; an earlier report stays as it is."""
    report = pytester.mkdir("mews-report") / "certification.html"
    report.write_text("the earlier report")
    with CertificationRunner(settings("none", websocket=f"127.0.0.1:{free_port()}")) as runner:
        assert runner.environment.websocket is not None
        address = runner.environment.websocket.address.partition("://")[2]
        arguments = ("--mews-target", "none", "--mews-websocket", address, "--mews-jobs", jobs)
        result = pytester.runpytest(*arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (message,) = filter(None, result.stderr.lines)
    assert "can't be listened on" in message
    assert report.read_text() == "the earlier report"


def test_without_the_connector_api_its_scenarios_are_not_observed(settings: BuildSettings) -> None:
    """Scenarios about the connection run; checks about calls have nothing to evaluate."""
    options = settings("none", websocket=f"127.0.0.1:{free_port()}", examples="1")
    with CertificationRunner(options) as runner, clients(runner):
        assert certify(runner, "PRE-03")[0] is Verdict.PASS
        assert certify(runner, "STR-12")[0] is Verdict.PASS
        observed, reason = certify(runner, "STR-23")
        assert (observed, "--mews-api" in reason) == (Verdict.NOT_OBSERVED, True)
        observed, reason = certify(runner, "STR-07")
        assert (observed, "without --mews-api" in reason) == (Verdict.PASS, True)
        assert certify(runner, "STR-29")[0] is Verdict.NOT_APPLICABLE
        assert certify(runner, "REC-01")[0] is Verdict.NOT_OBSERVED


def test_a_client_without_calls_blocks_scenarios_about_calls(settings: BuildSettings) -> None:
    """Only PRE-04 fails; the scenarios that need calls are blocked by it."""
    websocket, api = (f"127.0.0.1:{free_port()}" for _ in range(2))
    options = settings("none", websocket=websocket, api=api, fetch_timeout="0.3")
    with CertificationRunner(options) as runner, clients(runner):
        assert certify(runner, "PRE-04")[0] is Verdict.FAIL
        observed, reason = certify(runner, "STR-23")
        assert (observed, "PRE-04" in reason) == (Verdict.BLOCKED, True)


def test_rejected_and_lost_clients_block_scenarios(settings: BuildSettings) -> None:
    """A rejected client is blocked by STR-01; one that did not reconnect, by that scenario."""
    address = f"127.0.0.1:{free_port()}"
    wrong = ClientOptions(cookie_header=lambda client, access: f"AccessToken={client}{access}")
    with CertificationRunner(settings("none", websocket=address, fetch_timeout="0.3")) as runner:
        with clients(runner, wrong):
            assert certify(runner, "STR-01")[0] is Verdict.FAIL
            assert "no handshake was accepted" in certify(runner, "STR-12")[1]
        with clients(runner, ClientOptions(reconnects_after=lambda _: False)):
            assert certify(runner, "STR-10")[0] is Verdict.PASS
            assert certify(runner, "STR-12")[0] is Verdict.FAIL
            observed, reason = certify(runner, "STR-13")
            assert observed is Verdict.BLOCKED
            assert reason.endswith("has not reconnected since STR-12")


def test_tokens_in_a_url_reach_no_output(pytester: pytest.Pytester) -> None:
    """Tokens that a client puts into the URL are redacted in all output."""
    arguments = ("--mews-target", "demo:ws-tokens-in-url", "-k", "STR-02 or PRE-03 or STR-10")
    result = pytester.runpytest(*arguments)
    assert result.ret == 0  # a warning: the query is deprecated
    report = (pytester.path / "mews-report" / "selection" / "certification.json").read_text("utf-8")
    page = (pytester.path / "mews-report" / "selection" / "certification.html").read_text("utf-8")
    assert "/ws/connector?ClientToken=***&AccessToken=***" in report
    for text in (result.stdout.str(), report, page):
        for secret in (DEFAULT_TENANTS.client_token, DEFAULT_TENANTS.enterprises[0].access_token):
            assert secret not in text


def test_an_interrupt_ends_waits_for_clients(settings: BuildSettings) -> None:
    """A wait on the WebSocket returns after an interrupt."""
    with CertificationRunner(settings("none", websocket=f"127.0.0.1:{free_port()}")) as runner:
        assert runner.environment.websocket is not None
        runner.interrupt()
        assert not runner.environment.websocket.log.wait_until(lambda: False, 60.0)
    assert Stage.STREAMING in runner.environment.settings.stages
