"""Certifies beside the commonest other pytest plugins; `nox -s plugins` installs and runs them.

No run ends in an internal error, hangs, or makes an error of a failure: it works, or is refused
with a sentence. Every run has one plugin; the last one has all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HANGS_AFTER_S = 180
SCENARIOS = ("mews::PRE-01", "mews::AUTH-01", "mews::AUTH-02")
VERDICTS = {"PRE-01": "pass", "AUTH-01": "pass", "AUTH-02": "fail"}  # of demo:ignores-token
HTML = "pytest_metadata.plugin pytest_html.plugin"
JSON = "pytest_metadata.plugin pytest_jsonreport.plugin"

WORKS = {  # the modules of the plugins, and their options
    "xdist": ("xdist.plugin", "-n 2"),
    "cov": ("pytest_cov.plugin", "--cov ."),
    "timeout": ("pytest_timeout", "--timeout 60"),
    "rerunfailures": ("pytest_rerunfailures", ""),
    "rerunfailures-off": ("pytest_rerunfailures", "--reruns 0"),
    "randomly": ("pytest_randomly", ""),
    "mock": ("pytest_mock", ""),
    "asyncio": ("pytest_asyncio.plugin", "--asyncio-mode auto"),
    "anyio": ("anyio.pytest_plugin", ""),
    "html": (HTML, "--html report.html --self-contained-html"),
    "json-report": (JSON, "--json-report"),
    "sugar": ("pytest_sugar", ""),
    "rich": ("pytest_rich.plugin", "--rich"),
    "django": ("pytest_django.plugin", ""),
    "flask": ("pytest_flask.plugin", ""),
    "order": ("pytest_order.plugin", "--order-scope module"),
    "benchmark": ("pytest_benchmark.plugin", ""),
    "env": ("pytest_env.plugin", ""),
    "instafail": ("pytest_instafail", "--instafail"),
    "forked": ("pytest_forked", ""),
    "repeat": ("pytest_repeat", "--count 2"),
    "clarity": ("pytest_clarity.plugin", ""),
    "picked": ("pytest_picked.plugin", ""),
    "retry": ("pytest_retry.retry_plugin", ""),
    "allure": ("allure_pytest.plugin", "--alluredir allure"),
    "bdd": ("pytest_bdd.plugin", "--cucumberjson cucumber.json"),
    "subtests": ("pytest_subtests.plugin", ""),
    "socket": ("pytest_socket", "--disable-socket"),
    "check": ("pytest_check.plugin", ""),
}
REFUSED = {
    "reruns": ("pytest_rerunfailures", "--reruns 2", "Add --reruns 0."),
    "retries": ("pytest_retry.retry_plugin", "--retries 1", "Add --retries 0."),
    "forked": ("pytest_forked", "--forked", "Remove it"),
}


def certify(
    folder: Path, modules: str, options: str, *scenarios: str
) -> subprocess.CompletedProcess[str]:
    """Run scenarios beside plugins; with all installed ones if none is named."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    plugins = []
    if modules:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        plugins = [f"-p{module}" for module in ("pytest_mews.plugin", *modules.split())]
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-pno:cacheprovider", *plugins, *options.split()),
            *("--mews-target", "demo:ignores-token", "--mews-time-scale", "0.001"),
            *(scenarios or SCENARIOS),
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_AFTER_S,
    )


def read_verdicts(folder: Path) -> dict[str, str]:
    """Return the verdicts of the scenarios that were selected."""
    report = json.loads((folder / "mews-report/selection/certification.json").read_text("utf-8"))
    verdicts = {scenario["id"]: scenario["verdict"] for scenario in report["scenarios"]}
    return {name: verdicts[name] for name in VERDICTS}


def check_run(completed: subprocess.CompletedProcess[str], folder: Path) -> None:
    """Check that a run shows the one failure of the endpoint, and nothing else."""
    output = completed.stdout + completed.stderr
    assert completed.returncode == pytest.ExitCode.TESTS_FAILED, output
    assert "INTERNALERROR" not in output
    assert "Harness errors" not in output
    assert read_verdicts(folder) == VERDICTS, output


@pytest.mark.parametrize("name", WORKS)
def test_a_plugin_works(name: str, tmp_path: Path) -> None:
    """The sound scenarios pass, and the flaw fails its scenario."""
    check_run(certify(tmp_path, *WORKS[name]), tmp_path)
    if name == "allure":
        results = [json.loads(path.read_text()) for path in tmp_path.glob("allure/*-result.json")]
        assert sorted(result["status"] for result in results) == ["failed", "passed", "passed"]


@pytest.mark.parametrize("name", REFUSED)
def test_an_option_is_refused(name: str, tmp_path: Path) -> None:
    """The sentence names the option and the remedy."""
    modules, options, remedy = REFUSED[name]
    completed = certify(tmp_path, modules, options)
    assert completed.returncode == pytest.ExitCode.USAGE_ERROR
    (message,) = filter(None, completed.stderr.splitlines())
    assert message.startswith(f"ERROR: {options.partition(' ')[0]}: ")
    assert remedy in message


def test_a_timeout_is_the_reason(tmp_path: Path) -> None:
    """A scenario that another plugin stops has no verdict on the endpoint, and says why."""
    completed = certify(tmp_path, "pytest_timeout", "--timeout 0.5", "mews::RET-07")  # takes 2 s
    assert completed.returncode == pytest.ExitCode.TESTS_FAILED
    assert "it returned no result: Timeout (>0.5s) from pytest-timeout" in completed.stdout
    assert "INTERNALERROR" not in completed.stdout


def test_all_plugins_together(tmp_path: Path) -> None:
    """Every installed plugin is loaded, as in a project that has them all."""
    check_run(certify(tmp_path, "", ""), tmp_path)
