"""Whole runs against endpoints that are dead, slow, hostile, or interrupted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import DemoPartner
from tests.report_reader import read_report, read_verdicts

QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "2")
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
    """A refused connection fails PRE-01 with that reason; all else is blocked; exit 1."""
    result = pytester.runpytest_subprocess("--mews-target", "http://127.0.0.1:9/hook")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*mews::PRE-01 FAIL*", "*connection was refused*"])
    others = read_verdicts(pytester.path)
    assert others.pop("PRE-01") == "fail"
    later = ("PROC", "STR", "PRE-02", "PRE-03", "PRE-04")  # stages whose means were not given
    unseen = {name for name in others if name.startswith(later)}
    assert {others.pop(name) for name in unseen} == {"not-observed"}
    assert set(others.values()) <= {"blocked", "not-applicable"}


def test_unknown_host(pytester: pytest.Pytester) -> None:
    """A name that can't be resolved is said to be just that."""
    result = pytester.runpytest_subprocess("--mews-target", "http://nosuch.invalid/hook")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*could not be resolved*"])


def test_endpoint_that_never_answers(pytester: pytest.Pytester) -> None:
    """The preflight alone waits; nothing else is delivered to an endpoint that never answers."""
    result = pytester.runpytest_subprocess("--mews-target", "demo:never-answers")
    assert result.ret == 1
    read = read_report(pytester.path)
    assert read["readiness"] == "not-ready"
    # The WebSocket is another matter: its clients may well be sound.
    webhooks = [each for each in read["scenarios"] if each["stage"] != "streaming"]
    delivered = [each for each in webhooks if each["evidence"]]
    assert [each["id"] for each in delivered] == ["PRE-01"]
    assert "no answer within" in delivered[0]["reason"]


def test_endpoint_that_is_always_too_slow(pytester: pytest.Pytester) -> None:
    """Each scenario has its verdict, the reason is a timeout, and a note says how it was run."""
    options = ("--mews-profile-set", "timeout_s=1", "--mews-time-scale", "0.001")
    result = pytester.runpytest_subprocess("--mews-target", "demo:times-out", *options)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["Even a plain message was answered too late*"])
    found = {each["id"]: each for each in read_report(pytester.path)["scenarios"]}
    verdicts_seen = {each["verdict"] for each in found.values()}
    assert verdicts_seen <= {"fail", "warn", "pass", "not-applicable"}
    for name in ("PRE-01", "REC-01", "REC-06", "RET-01", "INT-01"):
        assert found[name]["verdict"] == "fail"
        assert "no answer within" in found[name]["reason"]


def test_blocked_selection_exits_1(pytester: pytest.Pytester) -> None:
    """Where only blocked scenarios were selected the run is still not ready."""
    result = pytester.runpytest_subprocess("--mews-target", "http://127.0.0.1:9/x", "-k", "REC-01")
    assert result.ret == 1
    assert read_verdicts(pytester.path)["REC-01"] == "blocked"
    result.stdout.fnmatch_lines(["Blocked, 1 scenarios: *connection was refused*"])


def test_interruption_still_writes_the_report(pytester: pytest.Pytester) -> None:
    """Ctrl-C in the middle of a scenario exits 2 and reports what was seen until then."""
    command = [sys.executable, "-m", "pytest", "--mews-target", "demo:slow-but-fine"]
    process = subprocess.Popen(
        command, cwd=pytester.path, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "mews::REC-01 PASS" in line:
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            break
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 2, "".join(lines) + rest
    assert "interrupted" in rest
    read = read_report(pytester.path)
    assert read["interrupted"]
    assert read_verdicts(pytester.path)["REC-01"] == "pass"
    assert read_verdicts(pytester.path)["INT-09"] == "not-observed"
    running = [each for each in read["scenarios"] if "interrupted after" in each["reason"]]
    assert len(running) == 1


def test_interruption_of_scenarios_side_by_side(pytester: pytest.Pytester) -> None:
    """With --mews-jobs a Ctrl-C keeps what had ended, and what was under way as far as it came."""
    command = [sys.executable, "-m", "pytest", "--mews-target", "demo:slow-but-fine"]
    process = subprocess.Popen(
        [*command, "--mews-jobs", "4", "-k", "PRE-01 or REC or RET"],
        cwd=pytester.path,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "mews::PRE-01 PASS" in line:
            time.sleep(1)
            process.send_signal(signal.SIGINT)
            break
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 2, "".join(lines) + rest
    read = read_report(pytester.path)
    assert read["interrupted"]
    seen = {each["id"]: each for each in read["scenarios"]}
    assert seen["PRE-01"]["verdict"] == "pass"
    assert "fail" not in {each["verdict"] for each in seen.values()}
    under_way = [each for each in seen.values() if "interrupted after" in each["reason"]]
    assert 1 <= len(under_way) <= 4
    assert any("interrupted before" in each["reason"] for each in seen.values())


def test_hostile_answers_do_not_break_or_bloat_the_report(pytester: pytest.Pytester) -> None:
    """Scripts, escapes, NULs and 10 MB in answers leave the report small and harmless."""
    result = pytester.runpytest_subprocess("--mews-target", "demo:echoes-hostile", *QUICK)
    assert result.ret == 1
    html = (pytester.path / "mews-report" / "certification.html").read_text("utf-8")
    assert len(html) < 2_000_000
    assert "\x1b" not in html + result.stdout.str()
    assert "\x00" not in html
    assert not re.search(r"<script[^>]*>\s*alert", html)


def test_no_secret_in_any_output(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither reports nor terminal nor JUnit hold a token, however the endpoint echoes it."""
    (pytester.path / "tenants.toml").write_text(TENANTS, "utf-8")
    with DemoPartner("echoes-hostile", tenants=DEFAULT_TENANTS) as partner:
        bare = partner.url.partition("?")[0]
        monkeypatch.setenv("MEWS_TOKEN", partner.token)
        options = ("--mews-tenants", "tenants.toml", "--junitxml", "j.xml", "-vv", *QUICK)
        result = pytester.runpytest_subprocess("--mews-target", bare, *options)
        token = partner.token
    assert result.ret == 1
    outputs = {"terminal": result.stdout.str() + result.stderr.str()}
    written = [path for path in pytester.path.glob("mews-report/**/*") if path.is_file()]
    for path in (*written, pytester.path / "j.xml"):
        outputs[path.name] = path.read_text("utf-8")
    assert {"certification.html", "certification.json", "events.ndjson"} < outputs.keys()
    assert any(path.parent.name == "replays" for path in written)
    for name, text in outputs.items():
        encoded = "".join(f"%{ord(character):02X}" for character in token)
        for secret in (token, token[:-1], encoded, SECRETS["client"], SECRETS["access"]):
            assert secret not in text, name


def test_no_process_or_thread_keeps_a_run_alive(pytester: pytest.Pytester) -> None:
    """After a run nothing listens any more: the run ends by itself."""
    environment = {**os.environ, "PYTHONDEVMODE": "1"}
    command = [sys.executable, "-m", "pytest", "--mews-target", "demo", "-k", "PRE", *QUICK]
    done = subprocess.run(
        command,
        cwd=pytester.path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "ResourceWarning" not in done.stderr + done.stdout
