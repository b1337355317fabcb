"""The options --mews-start and --mews-app, as pytest's user meets them."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_mews.config.service_start import ServiceStart, redact_template
from pytest_mews.config.settings import Settings
from pytest_mews.errors import UsageError
from pytest_mews.run.run_summary import rerun_command
from pytest_mews.service.service_process import describe_status
from tests.report_reader import read_report
from tests.service.conftest import MORTAL, command, ends, pid_in

pytestmark = pytest.mark.slow

BuildSettings = Callable[..., Settings]
PATH = "/webhooks/mews"
SECRET = "a-secret-of-the-service"


@pytest.mark.parametrize(
    ("target", "port"),
    [
        ("http://127.0.0.1:8123/hook", 8123),
        ("http://localhost/hook", 80),
        ("https://partner.example/hook", 443),
    ],
)
def test_a_port_in_the_target_is_that_of_the_command(
    settings: BuildSettings, target: str, port: int
) -> None:
    """`{port}` stands for it."""
    options = settings(target, start='serve --port {port} --name "a b"')
    assert options.service is not None
    assert options.service.command == ("serve", "--port", str(port), "--name", "a b")
    assert options.endpoint.urls == (target,)


def test_a_path_is_served_on_a_free_port(settings: BuildSettings) -> None:
    """The report names the target without the port, which differs from run to run."""
    options = settings(f"{PATH}?Token=abc", start="serve", integration_target="/other")
    assert options.service is not None
    port = options.service.port
    general, integration = options.endpoint.urls
    assert general == f"http://127.0.0.1:{port}{PATH}?Token=abc"
    assert integration == f"http://127.0.0.1:{port}/other"
    shown = redact_template(options.target)
    assert shown == "http://127.0.0.1:{port}/webhooks/mews?Token=***"


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("env STRIPE_KEY=sk_live_1 serve --x=y", "env 'STRIPE_KEY=***' serve --x=y"),
        (
            "/usr/bin/env -i A=b PORT={port} serve C=d",
            "/usr/bin/env -i 'A=***' PORT={port} serve C=d",
        ),
        ("A=b serve", "'A=***' serve"),
        ("docker run -e A=b --env=C=d image e=f", "docker run -e 'A=***' '--env=C=***' image e=f"),
        ("java -jar app.jar mode=dev password=x", "java -jar app.jar mode=dev 'password=***'"),
        ("serve --api-key=abc --keyword=x -Dx=y", "serve '--api-key=***' --keyword=x -Dx=y"),
        (
            "sh -c 'URL=$MEWS_API_URL DB=\"a b\" exec serve mode=dev --x=y; E=\\ f serve'",
            "sh -c 'URL=$MEWS_API_URL DB=*** exec serve mode=dev --x=y; E=*** serve'",
        ),
        (
            "sh -c 'serve a=b token=c\nD=e env F=g serve'",
            "sh -c 'serve a=b token=***\nD=*** env F=*** serve'",
        ),
    ],
)
def test_values_that_may_be_secrets_are_not_shown(command: str, shown: str) -> None:
    """A command may assign secrets to variables; other arguments with `=` are shown."""
    assert ServiceStart(tuple(shlex.split(command)), "", 1).shown == shown


def test_a_command_is_shown_as_it_was_typed(settings: BuildSettings) -> None:
    """Nothing is quoted that needs no quotation marks, and a path stays a path."""
    options = settings(f"{PATH}?Token=abc", start='serve --port {port} --name "a {port}"')
    assert options.service is not None
    assert options.service.shown == "serve --port {port} --name 'a {port}'"
    options = settings(PATH, start="serve --port {port}")
    shown = rerun_command(options, {"mews_start": "serve --port {port}"})
    assert shown == f"pytest --mews-target {PATH} --mews-start 'serve --port {{port}}'"
    options = settings(PATH, start="env STRIPE_KEY=sk_live_1 serve")
    shown = rerun_command(options, {"mews_start": "env STRIPE_KEY=sk_live_1 serve"})
    assert shown == f"pytest --mews-target {PATH} --mews-start \"env 'STRIPE_KEY=***' serve\""


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--mews-start", "x"], ["--mews-start: needs an endpoint", "/webhooks/mews"]),
        (["--mews-app", "a:b"], ["--mews-app: needs an endpoint"]),
        (["--mews-target", "demo", "--mews-start", "x"], ["can't be used with the demo partner"]),
        (["--mews-target", PATH], ["has no host", "--mews-start and --mews-app"]),
        (["--mews-target", "http://127.0.0.1:{port}/"], ["has {port}", "--mews-start COMMAND"]),
        (["--mews-target", PATH, "--mews-start", " "], ["is no command", "uvicorn"]),
        (["--mews-target", PATH, "--mews-start", "a 'b"], ["can't be split into words"]),
        (["--mews-target", PATH, "--mews-app", "app"], ["is not MODULE:APP", "app:app"]),
        (["--mews-target", PATH, "--mews-app", "a:b", "--mews-start", "x"], ["Give one of them"]),
        (
            ["--mews-target", "https://127.0.0.1:{port}/", "--mews-app", "a:b"],
            ["is not where --mews-app serves"],
        ),
        (
            ["--mews-target", "http://x.example/?Token=abc", "--mews-app", "a:b"],
            ["Token=***", "is not where --mews-app serves"],
        ),
        (
            ["--mews-target", "none", "--mews-websocket", "127.0.0.1:0", "--mews-app", "a:b"],
            ["there is no endpoint for them"],
        ),
        (
            ["--mews-target", "http://127.0.0.1:9/", "--mews-api", "127.0.0.1:0"],
            ["--mews-api", "0 is for --mews-start and --mews-app"],
        ),
        (["--mews-target", PATH, "--mews-start", "x", "-n", "2"], ["Remove -n", "--mews-jobs"]),
    ],
    ids=lambda value: " ".join(value)[:50],
)
def test_a_wrong_option(pytester: pytest.Pytester, arguments: list[str], parts: list[str]) -> None:
    """The message has the option, the value and the remedy; nothing is started."""
    result = pytester.runpytest(*arguments)
    assert result.ret == 4
    for part in parts:
        assert part in result.stderr.str()
    assert "Traceback" not in result.stderr.str()


def test_one_command_certifies(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure has the service's log beside it, in the terminal and in the report."""
    monkeypatch.setenv("MEWS_TOKEN", SECRET)
    start = f"env DIES_OF=[null] {sys.executable} {MORTAL}"
    options = ("--mews-target", PATH, "--mews-start", start, "--mews-examples", "2")
    result = pytester.runpytest(*options, "-k", "PRE-01 or ERR-05", "--tb=short")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["mews: started env 'DIES_OF=?**' *", "mews: it listens on *", "*mews::PRE-01 PASS*"]
    )
    result.stdout.fnmatch_lines(["*log of the service while*", "*ended with status 1"])
    report = read_report(pytester.path)
    assert report["target"] == "http://127.0.0.1:{port}/webhooks/mews"
    assert "DIES_OF=***" in report["command"]
    (failed,) = [item for item in report["scenarios"] if item["verdict"] == "fail"]
    assert any("started again" in line for line in failed["service_log"])
    page = (pytester.path / "mews-report" / "selection" / "certification.html").read_text("utf-8")
    assert "Log of the service" in page
    assert SECRET not in page + result.stdout.str()


def test_what_an_application_prints_is_in_the_log(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not in pytest's output, which would show its secrets."""
    monkeypatch.setenv("MEWS_TOKEN", SECRET)
    pytester.makepyfile(
        printing_shop="""
        import logging, sys
        logging.basicConfig(format="own format: %(message)s")
        print("imported")

        def app(environ, start_response):
            print("printed", environ["QUERY_STRING"])
            sys.stderr.write("written " + environ["QUERY_STRING"] + chr(10))
            logging.warning("logged %s", environ["QUERY_STRING"])
            start_response("500 Oops", [("Content-Length", "0")])
            return []
        """
    )
    options = ("--mews-target", PATH, "--mews-app", "printing_shop:app")
    result = pytester.runpytest(*options, "mews::PRE-01", "--tb=short")
    assert result.ret == 1
    text = result.stdout.str() + result.stderr.str()
    assert SECRET not in text
    log = (pytester.path / "mews-report" / "selection" / "service.log").read_text("utf-8")
    for line in ("printed Token=***", "written Token=***", "own format: logged Token=***"):
        assert log.count(line) == text.count(line) == 1
    assert "imported" in log


@pytest.mark.parametrize(("status", "logs"), [("422 No", 0), ("500 Oops", 1)])
def test_the_log_is_beside_an_error_of_the_service(
    pytester: pytest.Pytester, status: str, logs: int
) -> None:
    """Where the service refused a message, its log has nothing about it; the report has the log."""
    pytester.makepyfile(
        refusing_shop=f"""
        def app(environ, start_response):
            print("asked")
            start_response({status!r}, [("Content-Length", "0")])
            return []
        """
    )
    options = ("--mews-target", PATH, "--mews-app", "refusing_shop:app")
    result = pytester.runpytest(*options, "mews::PRE-01", "--tb=short")
    assert result.ret == 1
    assert result.stdout.str().count("log of the service while") == logs
    (failed,) = (item for item in read_report(pytester.path)["scenarios"] if "service_log" in item)
    assert any("asked" in line for line in failed["service_log"])


def start_certification(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a run that takes long; return it, and the process id of its service."""
    command_line = [
        *(sys.executable, "-m", "pytest", "--mews-target", PATH),
        *("--mews-start", command("sound"), "--mews-time-scale", "1", "--mews-jobs", "1"),
    ]
    process = subprocess.Popen(
        [*command_line, "-k", "PRE-01 or RET-02"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "PRE-01 PASS" in line:
            break
    log = folder / "mews-report" / "selection" / "service.log"
    return process, pid_in(lambda: log.read_text("utf-8").splitlines())


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 2), (signal.SIGTERM, 2), (signal.SIGKILL, -9)]
)
def test_an_interrupted_run_leaves_no_process(
    pytester: pytest.Pytester, number: signal.Signals, status: int
) -> None:
    """The service ends with the harness, even if that is killed."""
    process, pid = start_certification(pytester.path)
    try:
        os.kill(process.pid, number)
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == status
    assert ends(pid)


def test_a_template_needs_a_service(settings: BuildSettings) -> None:
    """`{port}` is nothing that a URL can have."""
    with pytest.raises(UsageError, match=r"has {port}"):
        settings("http://127.0.0.1:{port}/")


def test_an_interruption_while_the_service_starts(pytester: pytest.Pytester) -> None:
    """Ctrl-C ends the wait, and the service."""
    file = pytester.path / "pid"
    start = command("never-listens", PID_FILE=str(file))
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "--mews-target", PATH, "--mews-start", start],
        cwd=pytester.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline_s = time.monotonic() + 30
        while not file.exists() and time.monotonic() < deadline_s:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 2, output
    assert ends(int(file.read_text()))


@pytest.mark.parametrize(
    ("status", "text"),
    [(0, "status 0"), (3, "status 3"), (139, "SIGSEGV"), (-9, "SIGKILL"), (255, "status 255")],
)
def test_an_end_is_described(status: int, text: str) -> None:
    """A shell adds 128 to the number of a signal; Python negates it."""
    assert describe_status(status) == text
