"""A service that is not written in Python fetches from the twin over a socket."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.processes import TENANTS, free_port
from tests.stacks.partners import EXPRESS, TOKEN, require, running


def test_express_example_is_ready_in_both_stages(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example passes Delivery and Processing without a warning, and logs no secret."""
    require(EXPRESS)
    monkeypatch.setenv("MEWS_TOKEN", TOKEN)
    api = f"127.0.0.1:{free_port()}"
    with running(EXPRESS, tmp_path, f"http://{api}") as service:
        given = ("--mews-target", service.url, "--mews-api", api, "--mews-settle", "5")
        result = pytester.runpytest_subprocess(*given, "--mews-jobs", "8")
    assert result.ret == 0, result.stdout.str()
    report = json.loads((pytester.path / "mews-report" / "certification.json").read_text("utf-8"))
    stages = {name: stage["readiness"] for name, stage in report["stages"].items()}
    assert (stages["delivery"], stages["processing"]) == ("ready", "ready")
    assert report["readiness"] == "ready"
    output = service.output.read_text("utf-8")
    for secret in (TOKEN, TENANTS.client_token, TENANTS.enterprises[0].access_token):
        assert secret not in output
