"""Certifies the FastAPI example, a separate process, as a user would."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from pytest_mews.mews.events import Channel, event_names
from tests.partner_processes import TENANTS, RunningService, run_fastapi_partner
from tests.ports import free_port

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def api() -> str:
    """Choose the address of the Connector API emulator."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def service(api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """Run the FastAPI example, which calls the Connector API at that address."""
    with run_fastapi_partner(tmp_path_factory.mktemp("fastapi"), api=f"http://{api}") as service:
        yield service


def test_fastapi_example_is_ready_in_both_stages(
    service: RunningService, api: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example passes every scenario of Delivery and Processing without a warning."""
    monkeypatch.setenv("MEWS_TOKEN", service.token)
    options = ("--mews-target", service.url, "--mews-api", api, "--mews-fetch-timeout", "5")
    options += ("--mews-portfolios",)
    options += ("--mews-events", ",".join(event_names(Channel.GENERAL, Channel.INTEGRATION)))
    quick = ("--mews-time-scale", "0.001", "--mews-examples", "1", "--mews-jobs", "8")
    result = pytester.runpytest(*options, *quick)
    assert result.ret == 0, result.stdout.str()
    report = json.loads((pytester.path / "mews-report" / "certification.json").read_text("utf-8"))
    stages = {name: stage["readiness"] for name, stage in report["stages"].items()}
    assert (stages["delivery"], stages["processing"]) == ("ready", "ready")
    assert report["readiness"] == "ready"
    assert stages["streaming"] == "not-observed"  # it does not use the WebSocket
    webhooks = [item for item in report["scenarios"] if item["stage"] != "streaming"]
    others = {item["id"] for item in webhooks if item["verdict"] != "pass"}
    # Not applicable: it does not redirect, and serves plain http on the loopback interface.
    redirects = {f"RED-0{number}" for number in range(2, 7)}
    https = {f"TLS-0{number}" for number in range(1, 6)}
    assert others == redirects | https | {"PROC-30", "PROC-49"}  # the harness did not start it
    output = service.output.read_text("utf-8")
    for secret in (service.token, TENANTS.client_token, TENANTS.enterprises[0].access_token):
        assert secret not in json.dumps(report)
        assert secret not in output


def test_without_the_token_it_is_refused(
    service: RunningService, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the token the preflight fails with its 401."""
    monkeypatch.delenv("MEWS_TOKEN", raising=False)
    result = pytester.runpytest("--mews-target", service.url)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*mews::PRE-01 FAIL*", "*401: *"])
