"""Runs against https targets, and TLS-05 against plain http to another machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.config.settings import Settings
from pytest_mews.model import Verdict
from pytest_mews.run.environment import Environment
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
BuildSettings = Callable[..., Settings]


def certify(runner: CertificationRunner, *ids: str) -> dict[str, Verdict]:
    """Certify some scenarios; return their verdicts by id."""
    return {name: runner.certify(SCENARIOS[name]).verdict for name in ids}


def test_plain_http_to_another_machine_is_a_warning(
    settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent there: the preflight goes to the loopback before the URL is replaced."""
    with CertificationRunner(settings("demo")) as runner:
        assert runner.environment.preflight.accepts
        url = "http://partner.example/hook?Token=open-sesame"
        runner.environment.endpoint = Endpoint(url, url)
        monkeypatch.setattr(Environment, "service", None)  # nobody listens there
        result = runner.certify(SCENARIOS["TLS-05"])
        others = certify(runner, "TLS-01", "TLS-02", "TLS-03", "TLS-04")
    assert result.verdict is Verdict.WARN
    assert "http://partner.example:80: plain http" in result.reason
    assert "sesame" not in result.reason
    assert set(others.values()) == {Verdict.NOT_APPLICABLE}


def test_insecure_still_checks_the_certificate(settings: BuildSettings) -> None:
    """With --mews-insecure messages are sent without verification; TLS scenarios still verify."""
    options = settings("demo:self-signed", time_scale="0.001", insecure=True)
    with CertificationRunner(options) as runner:
        verdicts = certify(runner, "PRE-01", "REC-01", "TLS-01", "TLS-02")
    assert list(verdicts.values()) == [Verdict.PASS, Verdict.PASS, Verdict.FAIL, Verdict.FAIL]


@pytest.mark.parametrize(
    ("flaw", "problem"),
    [
        ("unknown-issuer", "no authority that is trusted here"),
        ("self-signed", "self-signed"),
        ("certificate-expired", "has expired"),
        ("wrong-host-certificate", "for another host"),
        ("only-old-tls", "no common TLS version"),
    ],
)
def test_the_preflight_names_the_tls_problem(
    settings: BuildSettings, flaw: str, problem: str
) -> None:
    """PRE-01 fails with the problem; scenarios that need a response are blocked."""
    with CertificationRunner(settings(f"demo:{flaw}")) as runner:
        result = runner.certify(SCENARIOS["PRE-01"])
        blocked = certify(runner, "REC-01")
    assert result.verdict is Verdict.FAIL
    assert problem in result.reason
    assert blocked == {"REC-01": Verdict.BLOCKED}


def test_an_unknown_certificate_is_not_observed(settings: BuildSettings) -> None:
    """Without a handshake there is no certificate: that is neither a pass nor not applicable."""
    with CertificationRunner(settings("demo:only-old-tls")) as runner:
        verdicts = certify(runner, "TLS-01", "TLS-02", "TLS-03", "TLS-04")
    assert list(verdicts.values()) == [*[Verdict.NOT_OBSERVED] * 3, Verdict.WARN]


def test_without_a_connection_tls_is_blocked(settings: BuildSettings) -> None:
    """If the connection is refused, TLS scenarios are blocked."""
    with CertificationRunner(settings("https://127.0.0.1:1/hook")) as runner:
        assert certify(runner, "TLS-01") == {"TLS-01": Verdict.BLOCKED}
