"""No output of a run contains a secret: secrets are planted everywhere and searched for."""

from __future__ import annotations

import re

import pytest
from echoing_service import echoing_service
from planted_secrets import (
    ENVIRONMENT_TOKEN,
    INI_TOKEN,
    TENANTS,
    TOKEN_SPELLED,
    WORDS,
    find_leaks,
    integration_target,
    target,
)

from pytest_mews.options import OPTIONS
from tests.ports import free_port

pytestmark = pytest.mark.slow

PLANTED_IN = ("tenants.toml", "pytest.ini", "broken.toml", "conftest.py")
FAST = ("--mews-time-scale", "0.001", "--mews-examples", "1")
VERBOSE = ("-vv", "-l", "--tb=long", "-rA", "--log-level=DEBUG", "--junitxml", "junit.xml")
SELECTION = "PRE-01 or REC-03 or RET-01 or RED or AUTH-03 or AUTH-04 or INT-01 or INT-08 or ERR-02"


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a folder with secrets in its files, and set one in the environment."""
    (pytester.path / "tenants.toml").write_text(TENANTS)
    (pytester.path / "pytest.ini").write_text(f"[pytest]\nmews_token = {INI_TOKEN}\n")
    monkeypatch.setenv("MEWS_TOKEN", ENVIRONMENT_TOKEN)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "page.md"))
    return pytester


def ci_commands(text: str) -> list[str]:
    """Return the lines that a CI runner would execute, except our own annotations."""
    lines = re.findall(r"^\s*::.*|.*##[a-z]*\[.*", text, re.MULTILINE)
    own = re.compile(r"::(error|warning) title=([A-Z]+-\d+ |Cause \d+%3A [a-z-]+::)")
    return [line for line in lines if not own.match(line)]


def output_of(result: pytest.RunResult) -> str:
    """Return everything that a run wrote to its terminal."""
    return result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("extra_options", [("--mews-jobs", "4"), ("-n", "1")])
def test_with_a_service_that_echoes_everything(
    folder: pytest.Pytester, extra_options: tuple[str, ...]
) -> None:
    """No file and no output line has a secret, however the service echoes it."""
    with echoing_service() as service:
        port = service.server_port
        urls = ("--mews-target", target(port), "--mews-integration-target")
        options = (*urls, integration_target(port), "--mews-tenants", "tenants.toml", *FAST)
        result = folder.runpytest(*options, "-k", SELECTION, *VERBOSE, *extra_options)
        keys = service.keys
    assert result.ret == 1
    assert keys
    report = (folder.path / "mews-report" / "selection" / "certification.json").read_text("utf-8")
    assert "X-Told" in report  # the echo is there, without secrets
    assert "***" in report
    assert ci_commands(output_of(result)) == []
    assert find_leaks(folder.path, output_of(result), planted_in=PLANTED_IN, keys=keys) == []


def test_with_a_service_that_calls_the_api(folder: pytest.Pytester) -> None:
    """No file has a secret from the requests of the service to the Connector API emulator."""
    api = free_port()
    with echoing_service(api=api) as service:
        addresses = ("--mews-target", target(service.server_port), "--mews-api", f"127.0.0.1:{api}")
        options = (*addresses, "--mews-tenants", "tenants.toml", "--mews-fetch-timeout", "1", *FAST)
        selection = "PRE or PROC-01 or PROC-19 or PROC-20 or PROC-21"
        result = folder.runpytest(*options, "-k", selection, *VERBOSE, "--mews-jobs", "4")
        keys = service.keys
    assert result.ret == 1
    calls = (folder.path / "mews-report" / "selection" / "calls.jsonl").read_text("utf-8")
    assert "Told ***" in calls
    assert ci_commands(output_of(result)) == []
    assert find_leaks(folder.path, output_of(result), planted_in=PLANTED_IN, keys=keys) == []


@pytest.mark.parametrize("source", ["environment", "ini"])
def test_with_a_token_that_is_not_in_the_url(
    folder: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """A token in the environment or the ini file is redacted like one in the URL."""
    if source == "ini":
        monkeypatch.delenv("MEWS_TOKEN")
    with echoing_service(INI_TOKEN if source == "ini" else ENVIRONMENT_TOKEN) as service:
        url = f"http://127.0.0.1:{service.server_port}/hook"
        result = folder.runpytest(
            "--mews-target", url, "-k", "PRE-01 or REC-02 or AUTH-04", *VERBOSE, *FAST
        )
    assert "PRE-01 PASS" in output_of(result)
    report = (folder.path / "mews-report" / "selection" / "certification.json").read_text("utf-8")
    assert "Token=***" in report
    assert find_leaks(folder.path, output_of(result), planted_in=PLANTED_IN) == []


# A patch that ends with the run, which may be one in this process.
PATCH = """
import pytest

patch = pytest.MonkeyPatch()

def pytest_unconfigure():
    patch.undo()
"""
CRASH = f"""
{PATCH}
from pytest_mews.run.runner import CertificationRunner

def crash(self, *_):
    environment = self.environment
    settings, endpoint = environment.settings, environment.endpoint
    tenants = settings.tenants
    url = environment.authentication.authenticate(endpoint.general_url, b"").url
    token = environment.authentication.secrets[0]
    raise RuntimeError(
        f"::error::{{url}} {{token}} {{settings.target}} {{tenants!r}} ##[error]{{token}}"
    )

patch.setattr(CertificationRunner, "_run_scenario", crash)
"""
CRASH_IN_HEADER = f"""
{PATCH}
from pytest_mews.session import terminal

def crash(settings, _instances):
    endpoint, tenants = settings.endpoint, settings.tenants
    raise RuntimeError("no header")

patch.setattr(terminal, "header_lines", crash)
"""


@pytest.mark.parametrize("extra_options", [("-n", "1"), ("--mews-jobs", "4")])
def test_with_an_error_of_the_harness(
    folder: pytest.Pytester, extra_options: tuple[str, ...]
) -> None:
    """The text and the local variables of an exception are redacted, in any process."""
    folder.makeconftest(CRASH)
    with echoing_service() as service:
        url = target(service.server_port)
        options = (
            "--mews-target",
            url,
            "--mews-tenants",
            "tenants.toml",
            "-k",
            "REC-01 or REC-02",
            *VERBOSE,
        )
        result = folder.runpytest(*options, *extra_options)
    assert result.ret == 1
    assert "RuntimeError" in output_of(result)
    assert ci_commands(output_of(result)) == []
    assert find_leaks(folder.path, output_of(result), planted_in=PLANTED_IN) == []


def test_with_an_internal_error_of_pytest(folder: pytest.Pytester) -> None:
    """Pytest shows our frames, but not their variables, which it cuts into lines."""
    folder.makeconftest(CRASH_IN_HEADER)
    with echoing_service() as service:
        url = target(service.server_port)
        options = ("--mews-target", url, "--mews-tenants", "tenants.toml", "-k", "PRE-01", *VERBOSE)
        result = folder.runpytest(*options, "--full-trace")
    assert "no header" in output_of(result)
    assert "settings.endpoint, settings.tenants" in output_of(result)
    assert "settings   =" not in output_of(result)
    assert find_leaks(folder.path, output_of(result), planted_in=PLANTED_IN) == []


CRASH_IN_HOOK = f"""
{PATCH}
import pytest_mews.run.certification as certification
from pytest_mews.session import certification_plugin as plugin

def crash(*arguments, **options):
    settings = arguments[0]
    raise RuntimeError(f"crash in a hook {{settings.target}} {{' '.join(settings.secrets)}}")

def crash_in_hook(self, *arguments):
    crash(self.settings)

HOOK = "%s"
if HOOK == "build_run":
    patch.setattr(certification, HOOK, crash)
else:
    patch.setattr(plugin.CertificationPlugin, HOOK, pytest.hookimpl(tryfirst=True)(crash_in_hook))
"""
HOOKS = ("build_run", "pytest_runtest_logreport", "pytest_sessionfinish", "pytest_runtestloop")


@pytest.mark.parametrize(
    ("hook", "extra_options"),
    [
        *((hook, ("--full-trace", "--showlocals")) for hook in HOOKS),
        ("build_run", ("-n", "1")),
        ("pytest_runtest_logreport", ("-n", "1")),
    ],
)
def test_with_an_error_in_a_hook(
    folder: pytest.Pytester, hook: str, extra_options: tuple[str, ...]
) -> None:
    """Whatever frames and variables pytest shows, in the terminal and in JUnit's file."""
    folder.makeconftest(CRASH_IN_HOOK % hook)
    with echoing_service() as service:
        url = target(service.server_port)
        options = ("--mews-target", url, "--mews-tenants", "tenants.toml", "-k", "PRE-01", *VERBOSE)
        result = folder.runpytest(*options, *FAST, *extra_options)
    assert result.ret not in {0, 4}
    assert "crash in a hook" in output_of(result)
    assert find_leaks(folder.path, output_of(result), planted_in=PLANTED_IN) == []


VALID = target(9)
WRONG_ARGUMENTS = [
    ("--mews-target", VALID.replace("http", "htp", 1)),
    ("--mews-target", VALID.replace("127.0.0.1:9", "127.0.0.1:none")),
    ("--mews-target", f"{VALID}#fragment"),
    ("--mews-target", f"{VALID}&Token={TOKEN_SPELLED}"),
    ("--mews-target", VALID.replace("%20", " ")),
    ("--mews-target", VALID.partition("?")[2]),
    ("--mews-target", VALID.replace("http://", "")),
    ("--mews-target", VALID, "--mews-integration-target", VALID.replace("http", "htp")),
    ("--mews-target", "demo", "--mews-integration-target", VALID),
    ("--mews-target", VALID, "--mews-token", f" {INI_TOKEN}"),
    ("--mews-target", VALID, "--mews-tenants", "broken.toml"),
    ("--mews-target", VALID, "--mews-tenants", "pytest.ini"),
    ("--mews-target", VALID, "--mews-profile", "nosuch"),
    ("--mews-target", VALID, "-n", "2", "--dist", "each"),
    ("--mews-target", VALID, "--no-such-option"),
]


@pytest.mark.parametrize("arguments", WRONG_ARGUMENTS, ids=range(len(WRONG_ARGUMENTS)))
def test_with_a_usage_error(folder: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    """A message about a wrong option or file shows no secret."""
    (folder.path / "broken.toml").write_text(TENANTS.replace('"', "", 1))
    result = folder.runpytest(*arguments)
    assert result.ret == 4
    assert find_leaks(folder.path, output_of(result), planted_in=PLANTED_IN) == []


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
def test_without_a_certification(folder: pytest.Pytester, arguments: tuple[str, ...]) -> None:
    """Help, lists and header show no secret."""
    options = ("--mews-target", VALID, "--mews-tenants", "tenants.toml", *FAST)
    result = folder.runpytest(*options, *arguments)
    assert find_leaks(folder.path, output_of(result), planted_in=PLANTED_IN) == []


def test_the_search_finds_planted_secrets(folder: pytest.Pytester) -> None:
    """The search works: it finds each secret, also in base64 and percent-encoded."""
    leaks = find_leaks(folder.path, " ".join(WORDS), planted_in=())
    assert {leak.word for leak in leaks if leak.where == "terminal"} == {
        word.lower() for word in WORDS
    }
    assert any(leak.where == "tenants.toml" for leak in leaks)
    for encoded in ("IFpxM2NvZGVQbGFudGVkIA==", "%5A%71%33codePlanted", "%255Aq3codePlanted"):
        (leak,) = find_leaks(folder.path, encoded, planted_in=("tenants.toml", "pytest.ini"))
        assert leak.word == "zq3codeplanted"


def test_every_option_with_a_secret_is_tested() -> None:
    """A new option with a secret must be planted here too."""
    assert {option.flag for option in OPTIONS if option.env or option.metavar == "SECRET"} == {
        "--mews-token"
    }
