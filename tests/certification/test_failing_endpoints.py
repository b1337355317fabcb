"""Whole runs against endpoints that are dead, slow or hostile."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import DemoPartner
from tests.report_reader import read_report, read_verdicts

pytestmark = pytest.mark.slow

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2", "--mews-jobs", "8")
SECRETS = {
    "token": "t0ken-Ab%/&=ÄÖ-9f8e7d",
    "client": "CL1ENT0000000000000000000000000A-CLIENT00000000000000000000000B",
    "access": "ACCE55000000000000000000000000A-ACCE5500000000000000000000000B",
}
TENANTS = f"""
client_token = "{SECRETS["client"]}"
[[enterprise]]
id = "33333333-3333-4333-8333-333333333333"
integration_id = "3a3a3a3a-3a3a-4a3a-8a3a-3a3a3a3a3a3a"
access_token = "{SECRETS["access"]}"
"""


def test_nobody_listens(pytester: pytest.Pytester) -> None:
    """PRE-01 fails because the connection is refused; all others are blocked; exit status 1."""
    result = pytester.runpytest("--mews-target", "http://127.0.0.1:9/hook")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*mews::PRE-01 FAIL*", "*connection was refused*"])
    result.stdout.no_fnmatch_line("*FAILURES*")
    heading = result.outlines.index(next(line for line in result.outlines if "readiness =" in line))
    assert len(result.outlines[heading:]) <= 10
    others = read_verdicts(pytester.path)
    assert others.pop("PRE-01") == "fail"
    not_tested = ("PROC", "STR", "PRE-02", "PRE-03", "PRE-04")  # stages that were not requested
    not_observed = {name for name in others if name.startswith(not_tested)}
    assert {others.pop(name) for name in not_observed} == {"not-observed"}
    assert set(others.values()) <= {"blocked", "not-applicable"}


def test_unknown_host(pytester: pytest.Pytester) -> None:
    """The reason says that the name can't be resolved."""
    result = pytester.runpytest("--mews-target", "http://nosuch.invalid/hook")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*could not be resolved*"])


def test_endpoint_that_never_answers(pytester: pytest.Pytester) -> None:
    """Only the preflight waits for a response; nothing else is delivered."""
    options = (
        "--mews-profile-set",
        "timeout_s=1",
        "-k",
        "PRE or REC-0 or RET-01 or STR-01",
        *QUICK,
    )
    result = pytester.runpytest("--mews-target", "demo:never-answers", *options)
    assert result.ret == 1
    report = read_report(pytester.path)
    assert report["readiness"] == "not-ready"
    # The WebSocket clients may still be sound.
    webhooks = [item for item in report["scenarios"] if item["stage"] != "streaming"]
    delivered = [item for item in webhooks if item["evidence"]]
    assert [item["id"] for item in delivered] == ["PRE-01"]
    assert "no response within" in delivered[0]["reason"]


def test_endpoint_that_is_always_too_slow(pytester: pytest.Pytester) -> None:
    """Each scenario has a verdict, failures are timeouts, and a note says how scenarios ran."""
    names = "PRE-01 or REC-01 or REC-06 or RET-01 or AUTH-02 or ERR-01 or LOAD-01 or INT-01"
    options = ("--mews-profile-set", "timeout_s=1", "-k", f"{names} or PROC-03", *QUICK)
    result = pytester.runpytest("--mews-target", "demo:times-out", *options)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["The endpoint missed the 1 s limit even for a single event*"])
    scenarios = {item["id"]: item for item in read_report(pytester.path)["scenarios"]}
    observed = {scenarios[name]["verdict"] for name in names.split(" or ")}
    assert observed <= {"fail", "warn", "pass"}
    assert scenarios["PROC-03"]["verdict"] == "blocked"  # no event is acknowledged in time
    for name in ("PRE-01", "REC-01", "REC-06", "RET-01", "INT-01"):
        assert scenarios[name]["verdict"] == "fail"
        assert "no response within" in scenarios[name]["reason"]


def test_blocked_selection_exits_1(pytester: pytest.Pytester) -> None:
    """A run of blocked scenarios alone is not ready either."""
    result = pytester.runpytest("--mews-target", "http://127.0.0.1:9/x", "-k", "REC-01")
    assert result.ret == 1
    assert read_verdicts(pytester.path)["REC-01"] == "blocked"
    result.stdout.fnmatch_lines(["Fix these first", "  1. MUST REC-01 *connection was refused*"])


def test_hostile_responses_do_not_break_or_bloat_the_report(pytester: pytest.Pytester) -> None:
    """With scripts, escapes, NULs and 10 MB in responses, the report stays small and harmless."""
    selection = ("-k", "REC-0 or ERR-01 or ERR-05 or AUTH-02 or PROC-01")
    result = pytester.runpytest("--mews-target", "demo:echoes-hostile", *selection, *QUICK)
    assert result.ret == 1
    folder = pytester.path / "mews-report" / "selection"
    html = (folder / "certification.html").read_text("utf-8")
    assert len(html) < 2_000_000
    assert "\x1b" not in html + result.stdout.str()
    assert "\x00" not in html
    assert not re.search(r"<script[^>]*>\s*alert", html)


def test_no_secret_in_any_output(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No output has a token, however the endpoint echoes it."""
    (pytester.path / "tenants.toml").write_text(TENANTS, "utf-8")
    with DemoPartner("echoes-hostile", tenants=DEFAULT_TENANTS) as partner:
        url = partner.url.partition("?")[0]
        monkeypatch.setenv("MEWS_TOKEN", partner.token)
        selection = (
            "-k",
            "PRE or REC-01 or REC-04 or AUTH or ERR-01 or INT-01 or PROC-01 or STR-01",
        )
        options = ("--mews-tenants", "tenants.toml", "--junitxml", "j.xml", "-vv", *selection)
        result = pytester.runpytest("--mews-target", url, *options, *QUICK)
        token = partner.token
    assert result.ret == 1
    outputs = {"terminal": result.stdout.str() + result.stderr.str()}
    files = [path for path in pytester.path.glob("mews-report/**/*") if path.is_file()]
    for path in (*files, pytester.path / "j.xml"):
        outputs[path.name] = path.read_text("utf-8")
    assert {"certification.html", "certification.json", "events.ndjson"} < outputs.keys()
    assert any(path.parent.name == "replays" for path in files)
    for name, text in outputs.items():
        encoded = "".join(f"%{ord(character):02X}" for character in token)
        for secret in (token, token[:-1], encoded, SECRETS["client"], SECRETS["access"]):
            assert secret not in text, name


def test_no_process_or_thread_keeps_a_run_alive(pytester: pytest.Pytester) -> None:
    """The process ends by itself, without unclosed sockets."""
    environment = {**os.environ, "PYTHONDEVMODE": "1"}
    command = [sys.executable, "-m", "pytest", "--mews-target", "demo", "-k", "PRE", *QUICK]
    completed = subprocess.run(
        command,
        cwd=pytester.path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert completed.returncode == 0
    assert "ResourceWarning" not in completed.stderr + completed.stdout
