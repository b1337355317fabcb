"""During a run the terminal says that the API refuses most requests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_mews.config.settings import resolve_settings
from pytest_mews.model import ApiFault
from pytest_mews.run.refused_requests import MIN_CALLS, describe_refused_requests
from pytest_mews.run.runner import CertificationRunner
from tests.transcript_builders import call

FETCHED = call("a")
REFUSED = call("a", status=400, operation="customers/getAll", message="Extent is required.")


def test_most_requests_are_refused() -> None:
    """The last error stands for all."""
    assert describe_refused_requests([FETCHED] * 100 + [REFUSED] * 30) == (
        "30 of the last 50 API requests refused, such as customers/getAll: 400 Extent is required"
    )


def test_few_errors_are_not_worth_a_line() -> None:
    """A sound service meets some, such as a 401 after IntegrationDisabled."""
    assert not describe_refused_requests([])
    assert not describe_refused_requests([REFUSED] * (MIN_CALLS - 1))
    assert not describe_refused_requests([FETCHED] * 30 + [REFUSED] * 20)


def test_injected_faults_are_not_refusals() -> None:
    """The harness provokes them."""
    fault = call("a", status=500, fault=ApiFault.SERVER_ERROR)
    assert not describe_refused_requests([fault] * 50)


def test_no_line_is_a_command_for_the_runner_of_ci() -> None:
    """The path is the partner's."""
    (line,) = describe_refused_requests(
        [call("a", status=404, operation="", message="##[error] no\nsuch path")] * 20
    ).splitlines()
    assert "##[" not in line


def test_secrets_are_redacted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service may put the shared secret into the path of a request."""
    values = {"mews_target": "http://127.0.0.1:9/?Token=open-sesame", "mews_report": str(tmp_path)}
    runner = CertificationRunner(resolve_settings(values, environ={}, rootdir=tmp_path, seed=1))
    stray = replace(REFUSED, status=404, operation="", path="/api/open-sesame")
    api = SimpleNamespace(calls=lambda: (stray,) * MIN_CALLS)
    monkeypatch.setattr(runner.environment, "connector_api", api, raising=False)
    clause = runner.describe_refused_requests()
    assert ("/api/" in clause, "open-sesame" in clause) == (True, False)
