"""Runs against https, and TLS-05 against plain http as if it were on a network."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.config.settings import Settings
from pytest_mews.model import Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.scenarios import loader

SCENARIOS = {scenario.id: scenario for scenario in loader.load_scenarios()}
Build = Callable[..., Settings]


def certify(engine: CertificationRunner, *ids: str) -> dict[str, Verdict]:
    """Play some scenarios."""
    return {name: engine.certify(SCENARIOS[name]).verdict for name in ids}


def test_plain_http_to_another_machine_is_a_warning(settings: Build) -> None:
    """Nothing is sent there: the preflight is the loopback's, the address is a stranger's."""
    with CertificationRunner(settings("demo")) as engine:
        assert engine.environment.preflight.accepts
        url = "http://partner.example/hook?Token=open-sesame"
        engine.environment.__dict__["endpoint"] = Endpoint(url, url, "open-sesame", "open-sesame")
        result = engine.certify(SCENARIOS["TLS-05"])
        others = certify(engine, "TLS-01", "TLS-02", "TLS-03", "TLS-04")
    assert result.verdict is Verdict.WARN
    assert "http://partner.example:80: plain http" in result.reason
    assert "sesame" not in result.reason
    assert set(others.values()) == {Verdict.NOT_APPLICABLE}


def test_insecure_goes_on_and_tells_all_the_same(settings: Build) -> None:
    """Messages are delivered without verification; the scenarios of TLS look with it."""
    chosen = settings("demo:self-signed", time_scale="0.001", insecure=True)
    with CertificationRunner(chosen) as engine:
        seen = certify(engine, "PRE-01", "REC-01", "TLS-01", "TLS-02")
    assert list(seen.values()) == [Verdict.PASS, Verdict.PASS, Verdict.FAIL, Verdict.FAIL]


@pytest.mark.parametrize(
    ("flaw", "said"),
    [
        ("unknown-issuer", "no authority trusted here"),
        ("self-signed", "self-signed"),
        ("certificate-expired", "has expired"),
        ("wrong-host-certificate", "for another host"),
        ("only-old-tls", "no TLS version in common"),
    ],
)
def test_the_preflight_names_what_is_wrong(settings: Build, flaw: str, said: str) -> None:
    """Each way to fail has its own words; what needs an answer is blocked."""
    with CertificationRunner(settings(f"demo:{flaw}")) as engine:
        result = engine.certify(SCENARIOS["PRE-01"])
        blocked = certify(engine, "REC-01")
    assert result.verdict is Verdict.FAIL
    assert said in result.reason
    assert blocked == {"REC-01": Verdict.BLOCKED}


def test_a_certificate_that_was_not_shown_is_not_observed(settings: Build) -> None:
    """Without a handshake nobody knows the certificate: that is neither sound nor beside it."""
    with CertificationRunner(settings("demo:only-old-tls")) as engine:
        seen = certify(engine, "TLS-01", "TLS-02", "TLS-03", "TLS-04")
    assert list(seen.values()) == [*[Verdict.NOT_OBSERVED] * 3, Verdict.WARN]


def test_a_target_that_is_not_there_blocks(settings: Build) -> None:
    """Where no connection comes about there is no TLS to accuse."""
    with CertificationRunner(settings("https://127.0.0.1:1/hook")) as engine:
        assert certify(engine, "TLS-01") == {"TLS-01": Verdict.BLOCKED}
