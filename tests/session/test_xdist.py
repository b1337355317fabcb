"""Under pytest-xdist: what can't work is refused, what the workers saw arrives."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("xdist")
QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
NOBODY = "http://127.0.0.1:9/hook"


def report(folder: Path) -> dict[str, Any]:
    """Read the JSON report."""
    read: dict[str, Any] = json.loads(
        (folder / "mews-report" / "certification.json").read_text("utf-8")
    )
    return read


@pytest.mark.parametrize(
    ("api", "chosen"),
    [("127.0.0.1:8088", ("-n", "2")), ("[::1]:8088", ("--tx", "2*popen", "-d"))],
)
def test_one_address_can_not_be_served_by_several(
    pytester: pytest.Pytester, api: str, chosen: tuple[str, ...]
) -> None:
    """--mews-api together with -n exits 4, names the remedy, and delivers nothing."""
    result = pytester.runpytest_subprocess("--mews-target", NOBODY, "--mews-api", api, *chosen)
    assert result.ret == 4
    said = result.stderr.str()
    assert f"--mews-api: '{api}' can't be served by several processes (-n)" in said
    assert "--mews-jobs" in said
    assert not (pytester.path / "mews-report").exists()


@pytest.mark.parametrize("chosen", [(), ("-n", "0")])
def test_one_process_may_serve_it(pytester: pytest.Pytester, chosen: tuple[str, ...]) -> None:
    """Without workers the API is served, whether -n 0 says so or nothing does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    options = ("--mews-api", f"127.0.0.1:{port}", "-k", "PRE-01", *chosen)
    result = pytester.runpytest_subprocess("--mews-target", NOBODY, *options)
    assert result.ret == 1
    assert "PRE-01 FAIL" in result.stdout.str()


def test_each_dist_is_refused(pytester: pytest.Pytester) -> None:
    """--dist each would certify everything once in every worker."""
    result = pytester.runpytest_subprocess("--mews-target", "demo", "-n", "2", "--dist", "each")
    assert result.ret == 4
    assert "--dist" in result.stderr.str()


def test_the_embedded_partner_brings_its_own_api(pytester: pytest.Pytester) -> None:
    """With -n the embedded partner of each worker calls that worker's own API."""
    chosen = ("-n", "2", "-k", "PRE-02 or PROC-01 or PROC-12", *QUICK)
    result = pytester.runpytest_subprocess("--mews-target", "demo", *chosen)
    assert result.ret == 0, result.stdout.str()
    seen = {each["id"]: each["verdict"] for each in report(pytester.path)["scenarios"]}
    assert [seen[name] for name in ("PRE-02", "PROC-01", "PROC-12")] == ["pass"] * 3


def test_notes_of_the_workers_are_in_the_report(pytester: pytest.Pytester) -> None:
    """What a worker has to say of the whole run is said once, whichever worker it was."""
    slow = ("--mews-profile-set", "timeout_s=0.3", "--mews-time-scale", "0.001")
    chosen = ("-n", "2", "-k", "PRE-01 or REC-01 or REC-02", *slow)
    result = pytester.runpytest_subprocess("--mews-target", "demo:times-out", *chosen)
    assert result.ret == 1
    (note,) = report(pytester.path)["notes"]
    assert note.startswith("Even a plain message was answered too late")


def test_a_worker_that_dies_takes_nobody_with_it(pytester: pytest.Pytester) -> None:
    """A scenario whose process ended is an error of the harness; the others have their verdicts."""
    pytester.makeconftest(
        "import os\n\n"
        "def pytest_runtest_call(item):\n"
        "    if item.name == 'REC-02':\n"
        "        os._exit(3)\n"
    )
    chosen = ("-n", "2", "-k", "PRE-01 or REC-01 or REC-02 or REC-08", *QUICK)
    result = pytester.runpytest_subprocess("--mews-target", "demo", *chosen)
    assert result.ret == 1, result.stdout.str()
    read = report(pytester.path)
    seen = {each["id"]: each for each in read["scenarios"]}
    assert seen["REC-02"]["verdict"] == "error"
    assert "crashed" in seen["REC-02"]["reason"]
    assert [seen[name]["verdict"] for name in ("PRE-01", "REC-01", "REC-08")] == ["pass"] * 3
    assert read["readiness"] == "incomplete"
