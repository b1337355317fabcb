"""A service that is not written in Python fetches from the Connector API emulator."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.partner_processes import TENANTS, free_port
from tests.stacks.partners import EXPRESS, TOKEN, require, running


def test_express_example_is_ready_in_both_stages(
    pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example passes Delivery and Processing without a warning, and logs no secret."""
    require(EXPRESS)
    monkeypatch.setenv("MEWS_TOKEN", TOKEN)
    api = f"127.0.0.1:{free_port()}"
    with running(EXPRESS, tmp_path, f"http://{api}") as service:
        given = ("--mews-target", service.url, "--mews-api", api, "--mews-fetch-timeout", "5")
        result = pytester.runpytest_subprocess(*given, "--mews-jobs", "8")
    assert result.ret == 0, result.stdout.str()
    report = json.loads((pytester.path / "mews-report" / "certification.json").read_text("utf-8"))
    stages = {name: stage["readiness"] for name, stage in report["stages"].items()}
    assert (stages["delivery"], stages["processing"]) == ("ready", "ready")
    assert report["readiness"] == "ready"
    output = service.output.read_text("utf-8")
    for secret in (TOKEN, TENANTS.client_token, TENANTS.enterprises[0].access_token):
        assert secret not in output


@pytest.mark.parametrize(
    ("retry_after", "least", "most"),
    [("null", 400, 600), ('"7"', 7000, 7200), ('"soon"', 400, 600)],
)
def test_express_waits_as_it_is_told(retry_after: str, least: int, most: int) -> None:
    """Retry-After is kept; without one that can be read the first pause is half a second."""
    (pause,) = say(f"say(new Failed(429, {retry_after}).pauseMs(0))")
    assert least <= pause <= most


def test_express_follows_full_pages() -> None:
    """Each next page is asked for with the cursor of the one before."""
    said = say("""
        const full = Array.from({ length: MOST }, (_, number) => ({ Id: number }));
        const answers = [{ Customers: full, Cursor: "x" }, { Customers: [], Cursor: null }];
        const ask = async (_, { Limitation }) => {
          say(Limitation.Cursor ?? null);
          return answers.shift();
        };
        let count = 0;
        for await (const _ of pages(ask, "customers/getAll", "Customers", {})) count++;
        say(count);
    """)
    assert said == [None, "x", 1000]


def test_express_does_not_take_a_missing_list_for_an_empty_one() -> None:
    """It is a failure that is tried again; a request that was wrong is not."""
    said = say("""
        const read = pages(async () => ({}), "customers/getAll", "Customers", {});
        await read.next().catch((error) => say(error.passes));
        for (const status of [undefined, 408, 503, 400, 404]) say(new Failed(status).passes);
    """)
    assert said == [True, True, True, True, False, False]


def say(script: str) -> list[Any]:
    """Run a script in the folder of the example; gives what it handed to `say`."""
    require(EXPRESS)
    head = """
        const { Failed, MOST, pages } = require("./connector");
        const say = (value) => console.log(JSON.stringify(value));
    """
    run = subprocess.run(
        ["node", "-e", f"{head}(async () => {{ {script} }})();"],
        cwd=EXPRESS.folder,
        env=os.environ | {"MEWS_CLIENT_TOKEN": "a-client-token"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return [json.loads(line) for line in run.stdout.splitlines()]
