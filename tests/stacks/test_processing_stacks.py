"""The Express example fetches from the Connector API emulator over a socket."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pytest_mews.mews.events import Channel, event_names
from tests.partner_processes import TENANTS
from tests.ports import free_port
from tests.stacks.stack_partners import EXPRESS, TOKEN, run_partner, skip_if_missing

pytestmark = pytest.mark.slow


def test_express_example_is_ready_in_both_stages(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example passes Delivery and Processing without a warning, and logs no secret."""
    skip_if_missing(EXPRESS)
    monkeypatch.setenv("MEWS_TOKEN", TOKEN)
    api = f"127.0.0.1:{free_port()}"
    with run_partner(EXPRESS, tmp_path, f"http://{api}") as service:
        options = ("--mews-target", service.url, "--mews-api", api, "--mews-fetch-timeout", "5")
        options += ("--mews-events", ",".join(event_names(Channel.GENERAL, Channel.INTEGRATION)))
        options += ("--mews-portfolios",)
        quick = ("--mews-time-scale", "0.001", "--mews-examples", "1", "--mews-jobs", "8")
        result = pytester.runpytest(*options, *quick)
    assert result.ret == 0, result.stdout.str()
    report = json.loads((pytester.path / "mews-report" / "certification.json").read_text("utf-8"))
    stages = {name: stage["readiness"] for name, stage in report["stages"].items()}
    assert (stages["delivery"], stages["processing"]) == ("ready", "ready")
    assert report["readiness"] == "ready"
    output = service.output.read_text("utf-8")
    for secret in (TOKEN, TENANTS.client_token, TENANTS.enterprises[0].access_token):
        assert secret not in output


@pytest.mark.parametrize(
    ("retry_after", "shortest", "longest"),
    [("null", 400, 600), ('"7"', 7000, 7200), ('"soon"', 400, 600)],
)
def test_express_honours_retry_after(retry_after: str, shortest: int, longest: int) -> None:
    """It waits as Retry-After says; without a valid one the first pause is half a second."""
    (pause,) = run_script(f"print(new ApiError(429, {retry_after}).pauseMs(0))")
    assert shortest <= pause <= longest


def test_express_reads_all_pages() -> None:
    """Each request has the cursor of the previous page."""
    output = run_script("""
        const full = Array.from({ length: PAGE_SIZE }, (_, number) => ({ Id: number }));
        const responses = [{ Customers: full, Cursor: "x" }, { Customers: [], Cursor: null }];
        const call = async (_, { Limitation }) => {
          print(Limitation.Cursor ?? null);
          return responses.shift();
        };
        let count = 0;
        for await (const _ of pages(call, "customers/getAll", "Customers", {})) count++;
        print(count);
    """)
    assert output == [None, "x", 1000]


def test_express_treats_a_missing_list_as_an_error() -> None:
    """A missing list is a failure that is retried; a malformed request is not retried."""
    output = run_script("""
        const read = pages(async () => ({}), "customers/getAll", "Customers", {});
        await read.next().catch((error) => print(error.isRetryable));
        for (const status of [undefined, 408, 503, 400, 404])
          print(new ApiError(status).isRetryable);
    """)
    assert output == [True, True, True, True, False, False]


def run_script(script: str) -> list[Any]:
    """Run a script in the folder of the example; return the values that it passes to `print`."""
    skip_if_missing(EXPRESS)
    imports = """
        const { ApiError, PAGE_SIZE, pages } = require("./api_client");
        const print = (value) => console.log(JSON.stringify(value));
    """
    process = subprocess.run(
        ["node", "-e", f"{imports}(async () => {{ {script} }})();"],
        cwd=EXPRESS.folder,
        env=os.environ | {"MEWS_CLIENT_TOKEN": "a-client-token"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return [json.loads(line) for line in process.stdout.splitlines()]
