"""Secrets are planted everywhere, and looked for in everything that a run leaves behind."""

from __future__ import annotations

import re
import socket

import pytest
from echoing import receiver
from planted import (
    ENVIRONMENT_TOKEN,
    INI_TOKEN,
    TENANTS,
    TOKEN_SPELLED,
    WORDS,
    integration_target,
    leaks,
    target,
)

from pytest_mews.options import OPTIONS

PLANTED_IN = ("tenants.toml", "pytest.ini", "broken.toml", "conftest.py")
QUICK = ("--mews-time-scale", "0.001", "--mews-examples", "1")
LOUD = ("-vv", "-l", "--tb=long", "-rA", "--log-level=DEBUG", "--junitxml", "junit.xml")
PLAYED = "PRE-01 or REC-03 or RET-01 or RED or AUTH-03 or AUTH-04 or INT-01 or INT-08 or ERR-02"


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Give a folder to run in, with secrets in its files and in the environment."""
    (pytester.path / "tenants.toml").write_text(TENANTS)
    (pytester.path / "pytest.ini").write_text(f"[pytest]\nmews_token = {INI_TOKEN}\n")
    monkeypatch.setenv("MEWS_TOKEN", ENVIRONMENT_TOKEN)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "page.md"))
    return pytester


def commands(text: str) -> list[str]:
    """What the runner of a CI job would obey, but for our own annotations."""
    found = re.findall(r"^\s*::.*|.*##[a-z]*\[.*", text, re.MULTILINE)
    return [each for each in found if not re.match(r"::(error|warning) title=[A-Z]+-\d+ ", each)]


def said(result: pytest.RunResult) -> str:
    """All that a run wrote to its terminal."""
    return result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("chosen", [("--mews-jobs", "4"), ("-n", "2")])
def test_of_a_service_that_echoes_everything(
    folder: pytest.Pytester, chosen: tuple[str, ...]
) -> None:
    """No file and no line of a run holds a secret, however the service gave it back."""
    with receiver() as partner:
        port = partner.server_port
        urls = ("--mews-target", target(port), "--mews-integration-target")
        options = (*urls, integration_target(port), "--mews-tenants", "tenants.toml", *QUICK)
        result = folder.runpytest_subprocess(*options, "-k", PLAYED, *LOUD, *chosen)
        minted = partner.minted
    assert result.ret == 1
    assert minted
    report = (folder.path / "mews-report" / "certification.json").read_text("utf-8")
    assert "is no HTTP" in report or "X-Told" in report  # what was echoed is there, but for secrets
    assert "***" in report
    assert commands(said(result)) == []
    assert leaks(folder.path, said(result), planted_in=PLANTED_IN, minted=minted) == []


def test_of_a_service_that_tells_the_api(folder: pytest.Pytester) -> None:
    """With the API played too, what the service asks of it holds no secret in any file."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        api = free.getsockname()[1]
    with receiver(api=api) as partner:
        where = ("--mews-target", target(partner.server_port), "--mews-api", f"127.0.0.1:{api}")
        options = (*where, "--mews-tenants", "tenants.toml", "--mews-fetch-timeout", "1", *QUICK)
        chosen = "PRE or PROC-01 or PROC-19 or PROC-20 or PROC-21"
        result = folder.runpytest_subprocess(*options, "-k", chosen, *LOUD, "--mews-jobs", "4")
        minted = partner.minted
    assert result.ret == 1
    calls = (folder.path / "mews-report" / "calls.jsonl").read_text("utf-8")
    assert "Told ***" in calls
    assert commands(said(result)) == []
    assert leaks(folder.path, said(result), planted_in=PLANTED_IN, minted=minted) == []


@pytest.mark.parametrize("source", ["environment", "ini"])
def test_of_a_token_that_is_not_in_the_url(
    folder: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """A token of the environment or of the ini file is masked like one in the URL."""
    if source == "ini":
        monkeypatch.delenv("MEWS_TOKEN")
    with receiver(INI_TOKEN if source == "ini" else ENVIRONMENT_TOKEN) as partner:
        url = f"http://127.0.0.1:{partner.server_port}/hook"
        result = folder.runpytest_subprocess(
            "--mews-target", url, "-k", "PRE-01 or REC-02 or AUTH-04", *LOUD, *QUICK
        )
    assert "PRE-01 PASS" in said(result)
    report = (folder.path / "mews-report" / "certification.json").read_text("utf-8")
    assert "Token=***" in report
    assert leaks(folder.path, said(result), planted_in=PLANTED_IN) == []


CRASH = """
from pytest_mews.run.runner import Engine

def explode(self, *_):
    rig = self.rig
    settings, endpoint, tenants = rig.settings, rig.endpoint, rig.settings.tenants
    url, token = endpoint.general_url, endpoint.token
    raise RuntimeError(f"::error::{url} {token} {settings.target} {tenants!r} ##[error]{token}")

Engine._explore = explode
"""
BREAK_DOWN = """
from pytest_mews.session import terminal

def explode(settings):
    endpoint, tenants = settings.endpoint, settings.tenants
    raise RuntimeError("no header")

terminal.header = explode
"""


@pytest.mark.parametrize("chosen", [("-n", "2"), ("--mews-jobs", "4")])
def test_of_a_fault_of_our_own(folder: pytest.Pytester, chosen: tuple[str, ...]) -> None:
    """The text and the local variables of an exception are masked, in whatever process."""
    folder.makeconftest(CRASH)
    with receiver() as partner:
        url = target(partner.server_port)
        options = (
            "--mews-target",
            url,
            "--mews-tenants",
            "tenants.toml",
            "-k",
            "REC-01 or REC-02",
            *LOUD,
        )
        result = folder.runpytest_subprocess(*options, *chosen)
    assert result.ret == 1
    assert "RuntimeError" in said(result)
    assert commands(said(result)) == []
    assert leaks(folder.path, said(result), planted_in=PLANTED_IN) == []


def test_of_a_breakdown_of_the_whole_run(folder: pytest.Pytester) -> None:
    """Where pytest itself shows our frames with their variables, those show no secret."""
    folder.makeconftest(BREAK_DOWN)
    with receiver() as partner:
        url = target(partner.server_port)
        options = ("--mews-target", url, "--mews-tenants", "tenants.toml", "-k", "PRE-01", *LOUD)
        result = folder.runpytest_subprocess(*options, "--full-trace")
    assert "no header" in said(result)
    assert "settings   = Settings(" in said(result)
    assert leaks(folder.path, said(result), planted_in=PLANTED_IN) == []


GOOD = target(9)
MISTAKES = [
    ("--mews-target", GOOD.replace("http", "htp", 1)),
    ("--mews-target", GOOD.replace("127.0.0.1:9", "127.0.0.1:none")),
    ("--mews-target", f"{GOOD}#fragment"),
    ("--mews-target", f"{GOOD}&Token={TOKEN_SPELLED}"),
    ("--mews-target", GOOD.replace("%20", " ")),
    ("--mews-target", GOOD.replace("http://", "")),
    ("--mews-target", GOOD, "--mews-integration-target", GOOD.replace("http", "htp")),
    ("--mews-target", "demo", "--mews-integration-target", GOOD),
    ("--mews-target", GOOD, "--mews-token", f" {INI_TOKEN}"),
    ("--mews-target", GOOD, "--mews-tenants", "broken.toml"),
    ("--mews-target", GOOD, "--mews-tenants", "pytest.ini"),
    ("--mews-target", GOOD, "--mews-profile", "nosuch"),
    ("--mews-target", GOOD, "-n", "2", "--dist", "each"),
    ("--mews-target", GOOD, "--no-such-option"),
]


@pytest.mark.parametrize("arguments", MISTAKES, ids=range(len(MISTAKES)))
def test_of_a_mistake(folder: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    """A message about a wrong option or file names it without its secrets."""
    (folder.path / "broken.toml").write_text(TENANTS.replace('"', "", 1))
    result = folder.runpytest_subprocess(*arguments)
    assert result.ret == 4
    assert leaks(folder.path, said(result), planted_in=PLANTED_IN) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--markers",),
        ("--collect-only", "-q"),
        ("--fixtures", "--trace-config"),
        ("--version", "--version"),
        ("-k", "PRE-01", "--setup-show", "--durations=0"),
    ],
)
def test_of_what_only_shows(folder: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    """Help, lists and header show that there are secrets at most."""
    options = ("--mews-target", GOOD, "--mews-tenants", "tenants.toml", *QUICK)
    result = folder.runpytest_subprocess(*options, *arguments)
    assert leaks(folder.path, said(result), planted_in=PLANTED_IN) == []


def test_the_search_finds_what_is_there(folder: pytest.Pytester) -> None:
    """This very test can fail: each secret is found, also in base64 and percent-encoded."""
    found = leaks(folder.path, " ".join(WORDS), planted_in=())
    assert {leak.word for leak in found if leak.where == "terminal"} == {
        word.lower() for word in WORDS
    }
    assert any(leak.where == "tenants.toml" for leak in found)
    for hidden in ("IFpxM2NvZGVQbGFudGVkIA==", "%5A%71%33codePlanted", "%255Aq3codePlanted"):
        (leak,) = leaks(folder.path, hidden, planted_in=("tenants.toml", "pytest.ini"))
        assert leak.word == "zq3codeplanted"


def test_every_option_that_bears_a_secret_is_tested() -> None:
    """An option with a secret in it that is added later has to be planted here, too."""
    assert {option.flag for option in OPTIONS if option.env or option.metavar == "SECRET"} == {
        "--mews-token"
    }
