"""The example WebSocket clients, certified without webhooks, as a user would."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from pytest_mews.execution import websocket_steps
from tests.partner_processes import TENANTS, run_process
from tests.ports import free_port
from tests.stacks.stack_partners import EXAMPLES

pytestmark = pytest.mark.slow

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "1")
# The examples never request anything about most types of events, and each wait for that ends here.
FIRST_REQUEST_TIMEOUT_S = 0.3
CLIENTS = {
    "python": (f"{sys.executable} client.py", "tenants.toml"),
    "node": ("node client.js", "tenants.json"),
}


def skip_if_missing(name: str) -> None:
    """Skip a test whose client can't run on this machine; fail in CI, where it must run."""
    missing = ""
    if name == "python" and importlib.util.find_spec("httpx") is None:
        missing = "no httpx: pip install '.[dev]'"
    modules = EXAMPLES / "node_websocket_client" / "node_modules" / "ws"
    if name == "node" and (shutil.which("node") is None or not modules.is_dir()):
        missing = "no Node.js with ws: run tests/stacks/install"
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


@pytest.mark.parametrize("name", CLIENTS)
def test_example_client_is_ready(
    name: str, pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example passes the Streaming stage without a warning, and logs no secret."""
    skip_if_missing(name)
    monkeypatch.setattr(websocket_steps, "FIRST_REQUEST_TIMEOUT_S", FIRST_REQUEST_TIMEOUT_S)
    command, tenants = CLIENTS[name]
    api, websocket = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    output = tmp_path / "output.log"
    environment = {
        "MEWS_WEBSOCKET_URL": f"ws://{websocket}",
        "MEWS_API_URL": f"http://{api}",
        "MEWS_CLIENT_TOKEN": TENANTS.client_token,
        "MEWS_TENANTS": tenants,
        "MEWS_PING_S": "1.5",
    }
    options = ("--mews-target", "none", "--mews-websocket", websocket, "--mews-api", api)
    folder = EXAMPLES / f"{name}_websocket_client"
    with run_process(command, folder, output, environment):
        result = pytester.runpytest(*options, "--mews-jobs", "8", *QUICK)
    assert result.ret == 0, result.stdout.str()
    text = (pytester.path / "mews-report" / "certification.json").read_text("utf-8")
    report = json.loads(text)
    assert report["stages"]["streaming"]["readiness"] == report["readiness"] == "ready"
    streaming = [scenario for scenario in report["scenarios"] if scenario["stage"] == "streaming"]
    not_passed = {
        scenario["id"]: scenario["verdict"]
        for scenario in streaming
        if scenario["verdict"] != "pass"
    }
    # The client has no webhooks, which two scenarios send; it fetches no reservation, so the third
    # asks for none.
    assert not_passed == dict.fromkeys(("STR-29", "STR-33", "STR-36"), "not-applicable")
    for secret in (TENANTS.client_token, TENANTS.enterprises[0].access_token):
        assert secret not in text
        assert secret not in output.read_text("utf-8")
