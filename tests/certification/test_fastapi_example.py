"""A real service on a real socket: the FastAPI example, certified as a user would."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.partner_processes import TENANTS, RunningService, run_fastapi_partner, free_port


@pytest.fixture(scope="module")
def api() -> str:
    """Choose where the Connector API will be served."""
    return f"127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def served(api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """Serve the FastAPI example as a process of its own, which fetches from there."""
    with run_fastapi_partner(tmp_path_factory.mktemp("fastapi"), api=f"http://{api}") as service:
        yield service


def test_fastapi_example_is_ready_in_both_stages(
    served: RunningService, api: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example passes every scenario of Delivery and Processing without a warning."""
    monkeypatch.setenv("MEWS_TOKEN", served.token)
    given = ("--mews-target", served.url, "--mews-api", api, "--mews-fetch-timeout", "5")
    result = pytester.runpytest_subprocess(*given, "--mews-jobs", "8")
    assert result.ret == 0, result.stdout.str()
    report = json.loads((pytester.path / "mews-report" / "certification.json").read_text("utf-8"))
    stages = {name: stage["readiness"] for name, stage in report["stages"].items()}
    assert (stages["delivery"], stages["processing"]) == ("ready", "ready")
    assert report["readiness"] == "ready"
    assert stages["streaming"] == "not-observed"  # it connects to no WebSocket
    webhooks = [each for each in report["scenarios"] if each["stage"] != "streaming"]
    others = {each["id"] for each in webhooks if each["verdict"] != "pass"}
    # Not applicable: it does not redirect, and serves plain http on the loopback.
    redirects = {f"RED-0{number}" for number in range(2, 7)}
    assert others == redirects | {f"TLS-0{number}" for number in range(1, 6)} | {"PROC-30"}
    output = served.output.read_text("utf-8")
    for secret in (served.token, TENANTS.client_token, TENANTS.enterprises[0].access_token):
        assert secret not in json.dumps(report)
        assert secret not in output


def test_without_the_token_it_is_refused(
    served: RunningService, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forgotten token fails the preflight with its 401, and nothing else is tried."""
    monkeypatch.delenv("MEWS_TOKEN", raising=False)
    result = pytester.runpytest_subprocess("--mews-target", served.url)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*mews::PRE-01 FAIL*", "*expected a 2xx answer*401*"])
