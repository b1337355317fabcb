"""A wrong option or file exits with status 4; the message has the option and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_mews.config.report_folder import FolderLock


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--mews-target", "ftp://x/"], ["--mews-target", "http"]),
        (["--mews-target", ""], ["--mews-target", "empty"]),
        (["--mews-target", "."], ["--mews-target", "folder"]),
        (["--mews-target", "demo:nosuch"], ["--mews-target", "nosuch"]),
        (["--mews-target", "demo", "--mews-profile", "2026-05"], ["--mews-profile", "2026-0"]),
        (["--mews-target", "demo", "--mews-events", "CustomerAded"], ["CustomerAdded"]),
        (["--mews-target", "demo", "--mews-tenants", "none.toml"], ["--mews-tenants", "none.toml"]),
        (
            ["--mews-target", "demo", "--mews-profile-set", "tries=4"],
            ["--mews-profile-set", "tries"],
        ),
        (["--mews-target", "demo", "--mews-time-scale", "-1"], ["--mews-time-scale", "-1"]),
        (["--mews-target", "demo", "--mews-examples", "x"], ["--mews-examples", "x"]),
        (["--mews-target", "demo", "--mews-report", "taken"], ["--mews-report", "taken"]),
        (["--mews-target", "demo", "--mews-report", "taken/below"], ["--mews-report", "taken"]),
        (["--mews-target", "demo", "--mews-waivers", "no.toml"], ["--mews-waivers", "no.toml"]),
        (["--mews-target", "demo", "--mews-waivers", "taken"], ["--mews-waivers", "not TOML"]),
        (["--mews-target", "demo", "--mews-baseline", "no.json"], ["--mews-baseline", "no.json"]),
        (["--mews-target", "demo", "--mews-baseline", "taken"], ["--mews-baseline", "not JSON"]),
        (["--mews-target", "demo", "--mews-fail-on", "old"], ["--mews-fail-on", "old"]),
        (["--mews-target", "demo", "--mews-fail-on", "new"], ["--mews-fail-on", "--mews-baseline"]),
        (["--mews-target"], ["expected one argument"]),
        (["--mews-target", "demo", "--mews-tenants", ""], ["--mews-tenants: '' names no file"]),
        (["--mews-target", "demo", "--mews-waivers", " "], ["--mews-waivers: ' ' names no file"]),
        (["--mews-target", "demo", "--mews-scenarios", ""], ["--mews-scenarios: '' names no fol"]),
        (["--mews-target", "demo", "rec-01"], ["'rec-01' is no file", "Write mews::REC-01"]),
        (["--mews-target", "demo", "--junitxml", ""], ["--junitxml: '' names no file", "mews.xml"]),
        (
            ["--mews-target", "demo", "--junitxml", "taken/m.xml"],
            ["--junitxml: 'taken/m.xml' can't be written", "Give the path of a file"],
        ),
        (
            ["--mews-target", "x/", "--mews-start", "sleep 1"],
            ["--mews-target: 'x/' does not begin", "Give a path that begins with /"],
        ),
    ],
    ids=lambda value: "-".join(value)[:40] if isinstance(value, list) else None,
)
def test_usage_error(pytester: pytest.Pytester, arguments: list[str], parts: list[str]) -> None:
    """The message has the option, the value and the remedy; nothing is delivered."""
    (pytester.path / "taken").write_text("a file")
    result = pytester.runpytest(*arguments)
    assert result.ret == 4
    message = result.stderr.str()
    for part in parts:
        assert part in message
    assert "Traceback" not in message
    assert "INTERNALERROR" not in message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "mews_strict = maybe",
            "mews_strict in tox.ini: invalid truth value 'maybe'. Give true or",
        ),
        ("mews_stirct = true", "tox.ini: 'mews_stirct' is no option. Did you mean mews_strict?"),
    ],
)
def test_a_wrong_ini_key_is_refused(pytester: pytest.Pytester, line: str, message: str) -> None:
    """The message names the file and the key; pytest itself would only warn of an unknown key."""
    pytester.makefile(".ini", tox=f"[pytest]\nmews_target = demo\n{line}\n")
    result = pytester.runpytest()
    assert result.ret == 4
    assert message in result.stderr.str()
    result.stdout.no_fnmatch_line("*mews::*")


def test_a_key_that_the_project_registers_is_left_alone(pytester: pytest.Pytester) -> None:
    """A project may have ini keys with this prefix for its own tests."""
    pytester.makeconftest("def pytest_addoption(parser): parser.addini('mews_sandbox', 'ours')")
    pytester.makefile(".ini", tox="[pytest]\nmews_target = demo\nmews_sandbox = x\n")
    assert pytester.runpytest("--collect-only", "-q").ret == 0


def test_a_junit_file_that_exists_is_kept_by_the_check(pytester: pytest.Pytester) -> None:
    """Only the run replaces it: a wrong option after the check must lose nothing."""
    file = pytester.path / "mews.xml"
    file.write_text("<before/>")
    result = pytester.runpytest("--mews-target", "demo", "--junitxml", "mews.xml", "-k", "nothing")
    assert result.ret == 5
    assert "No scenario is selected, and nothing was sent" in result.stdout.str()
    new = pytester.path / "new" / "mews.xml"
    arguments = ("--mews-target", "demo:nosuch", "--junitxml", str(new))
    assert pytester.runpytest(*arguments).ret == 4
    assert not new.parent.exists()


def test_report_folder_that_can_not_be_created(pytester: pytest.Pytester, tmp_path: Path) -> None:
    """A report folder below a file is refused before anything is delivered."""
    file = tmp_path / "file"
    file.write_text("")
    result = pytester.runpytest("--mews-target", "demo", "--mews-report", f"{file}/x")
    assert result.ret == 4
    result.stdout.no_fnmatch_line("*mews::*")


def test_secrets_are_redacted_in_messages(pytester: pytest.Pytester) -> None:
    """The message shows a wrong URL without the values of its query."""
    result = pytester.runpytest("--mews-target", "htp://x/?Token=sup3rs3cret")
    assert result.ret == 4
    assert "sup3rs3cret" not in result.stderr.str() + result.stdout.str()


def test_certificate_file_that_does_not_exist(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong path in SSL_CERT_FILE exits with status 4, without a traceback."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    result = pytester.runpytest("--mews-target", "demo", "-k", "PRE")
    assert result.ret == 4
    output = result.stdout.str() + result.stderr.str()
    assert "SSL_CERT_FILE" in output
    assert "INTERNALERROR" not in output


def test_a_report_folder_in_use_is_refused(pytester: pytest.Pytester) -> None:
    """The earlier report stays as it is; the same run works once the folder is free."""
    folder = pytester.path / "mews-report" / "selection"
    options = ("--mews-target", "demo", "mews::PRE-01")
    with FolderLock(folder):
        (folder / "certification.json").write_text("earlier")
        result = pytester.runpytest(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--mews-report: '{folder}' is in use: another run *"])
    assert (folder / "certification.json").read_text() == "earlier"
    (folder / "certification.json").unlink()
    assert pytester.runpytest(*options).ret == 0
    assert (folder / "certification.json").exists()
    assert (folder / ".gitignore").exists()
