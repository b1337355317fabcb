"""--mews-start: the service runs with the addresses it needs, and nothing of it stays behind."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pytest_mews.causes import find_causes
from pytest_mews.config.settings import Settings
from pytest_mews.config.tenants import DEFAULT_TENANTS, load_tenants
from pytest_mews.errors import UsageError
from pytest_mews.model import CauseKind, Verdict
from pytest_mews.model.death import describe_return
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.service import service_log, service_process
from tests.service.conftest import GONE_S, MORTAL, SCENARIOS, command, ends, is_running, pid_in

pytestmark = pytest.mark.slow

BuildSettings = Callable[..., Settings]
PATH = "/webhooks/mews"
WITHOUT_RECONNECT = Path(__file__).with_name("client_without_reconnect.py")


def log_of(runner: CertificationRunner) -> service_log.ServiceLog:
    """Return the log of the service."""
    assert runner.environment.started_service is not None
    return runner.environment.started_service.log


def left_out(log: service_log.ServiceLog) -> bool:
    """Return whether the log says that something was left out."""
    return any("bytes left out: too many in a second" in line for line in log.last_lines(5_000))


def test_the_service_runs_during_the_certification(settings: BuildSettings) -> None:
    """It is started on a free port, certified, and stopped."""
    reported: list[str] = []
    options = settings(f"{PATH}?Token=a-secret-of-the-url", start=command("sound"))
    runner = CertificationRunner(options)
    try:
        runner.start(reported.append)
        pid = pid_in(lambda: log_of(runner).last_lines(9))
        assert is_running(pid)
        assert runner.certify(SCENARIOS["REC-02"]).verdict is Verdict.PASS
    finally:
        runner.close()
    assert ends(pid)
    assert options.service is not None
    assert f"it listens on 127.0.0.1:{options.service.port}" in reported[-1]
    text = (options.report / "service.log").read_text("utf-8")
    assert "received" in text
    assert "a-secret-of-the-url" not in text
    assert "?Token=***" in text


def test_the_service_knows_its_addresses(settings: BuildSettings, tmp_path: Path) -> None:
    """The environment has each documented variable; files have the tenants."""
    file = tmp_path / "variables.json"
    options = settings(
        f"{PATH}?Token=first-secret",
        integration_target=f"{PATH}/integrations?Token=second-secret",
        start=command("writes-variables", PID_FILE=str(file)),
        api="127.0.0.1:0",
        websocket="0.0.0.0:0",
    )
    with CertificationRunner(options) as runner:
        variables = json.loads(file.read_text("utf-8"))
        assert load_tenants(Path(variables["MEWS_TENANTS"])) == DEFAULT_TENANTS
        document = json.loads(Path(variables["MEWS_TENANTS_JSON"]).read_text("utf-8"))
        websocket = runner.environment.websocket
        assert websocket is not None
        assert variables["MEWS_WEBSOCKET_URL"] == websocket.address.replace("0.0.0.0", "127.0.0.1")
    assert options.service is not None
    first = DEFAULT_TENANTS.enterprises[0]
    assert document["enterprise"][0]["access_token"] == first.access_token
    assert variables["MEWS_TOKEN"] == "first-secret"
    assert variables["MEWS_INTEGRATION_TOKEN"] == "second-secret"
    assert variables["MEWS_CLIENT_TOKEN"] == DEFAULT_TENANTS.client_token
    assert variables["MEWS_ACCESS_TOKEN"] == first.access_token
    assert variables["PORT"] == str(options.service.port)
    assert variables["MEWS_API_URL"].startswith("http://127.0.0.1:")
    assert not Path(variables["MEWS_TENANTS"]).exists()


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_restart_shows_whether_the_queue_is_stored(
    settings: BuildSettings, tmp_path: Path, *, is_stored: bool
) -> None:
    """The service gets SIGTERM and starts again; that is no death, and no note of the run."""
    words = [sys.executable, str(Path(__file__).with_name("fetching_program.py"))]
    start = shlex.join([*words, str(tmp_path / "queue")] if is_stored else words)
    options = settings(
        PATH, start=start, api="127.0.0.1:0", events="ServiceOrderUpdated", fetch_timeout="3"
    )
    with CertificationRunner(options) as runner:
        result = runner.certify(SCENARIOS["PROC-49"])
        assert result.verdict is (Verdict.PASS if is_stored else Verdict.WARN), result.reason
        assert runner.environment.started_service is not None
        assert runner.environment.started_service.notes == ()
        assert runner.certify(SCENARIOS["PROC-33"]).verdict is Verdict.PASS
        text = "\n".join(log_of(runner).last_lines(99))
    assert "[mews] started again, as a deployment does" in text
    assert "ended with" not in text


def test_a_service_that_outlives_its_command_is_not_restarted(
    settings: BuildSettings, tmp_path: Path
) -> None:
    """As a container does whose client was ended: nothing is judged, and the user learns of it."""
    pid_file, said = tmp_path / "pid", list[str]()
    words = [
        sys.executable,
        str(Path(__file__).with_name("fetching_program.py")),
        str(tmp_path / "queue"),
    ]
    script = f"setsid {shlex.join(words)} & echo $! > {shlex.quote(str(pid_file))}; wait"
    options = settings(
        PATH,
        start=shlex.join(["sh", "-c", script]),
        api="127.0.0.1:0",
        events="ServiceOrderUpdated",
        fetch_timeout="3",
    )
    runner = CertificationRunner(options)
    try:
        runner.start(said.append)
        result = runner.certify(SCENARIOS["PROC-49"])
        assert runner.environment.started_service is not None
        (note,) = runner.environment.started_service.notes
        runner.close()
        assert result.verdict is Verdict.NOT_OBSERVED, result.reason
        assert result.reason.startswith("the service was not restarted")
        assert result.failing_cases == 0
        assert "docker run --init" in note
        assert said[-1] == note
    finally:
        runner.close()
        os.kill(int(pid_file.read_text()), signal.SIGKILL)
        for thread in threading.enumerate():  # reads what the process has written
            if thread.name == "mews-service-log":
                thread.join(GONE_S)


def test_a_service_that_does_not_start_again_after_a_restart(
    settings: BuildSettings, tmp_path: Path
) -> None:
    """No message is blamed for it."""
    lock = shlex.quote(str(tmp_path / "lock"))
    program = shlex.join([sys.executable, str(Path(__file__).with_name("fetching_program.py"))])
    options = settings(
        PATH,
        start=shlex.join(["sh", "-c", f"[ -e {lock} ] && exit 2; touch {lock}; exec {program}"]),
        api="127.0.0.1:0",
        events="ServiceOrderUpdated",
        fetch_timeout="1",
        restart_timeout="2",
    )
    with CertificationRunner(options) as runner:
        result = runner.certify(SCENARIOS["PROC-49"])
    assert result.verdict is Verdict.WARN
    assert result.death is not None
    assert describe_return(result.death).startswith(
        "the service did not start again when the harness restarted it, and did not come back"
    )


def test_an_address_of_the_shell_is_not_inherited(
    settings: BuildSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without --mews-api the service must call neither Mews nor what the shell's variable names."""
    monkeypatch.setenv("MEWS_API_URL", "https://api.mews.example")
    file = tmp_path / "variables.json"
    start = command("writes-variables", PID_FILE=str(file))
    with CertificationRunner(settings(PATH, start=start)):
        variables = json.loads(file.read_text("utf-8"))
    assert variables["MEWS_API_URL"] == "http://127.0.0.1:9"
    assert "MEWS_TOKEN" not in variables


@pytest.mark.parametrize(
    ("start", "restart_timeout", "parts"),
    [
        pytest.param(
            command("exits"),
            "30",
            ["ended with status 3 before it listened on 127.0.0.1:", "no database: ***"],
            id="exits",
        ),
        pytest.param(
            "sh -c 'echo still thinking; exec sleep 600'",  # starts sooner than Python
            "2",
            ["does not listen on", "--mews-restart-timeout", "still thinking"],
            id="never-listens",
        ),
    ],
)
def test_a_service_that_does_not_start(
    settings: BuildSettings, start: str, restart_timeout: str, parts: list[str]
) -> None:
    """The error has the last lines of the log, without secrets; nothing stays behind."""
    target = f"{PATH}?Token=secret-of-the-log"
    runner = CertificationRunner(settings(target, start=start, restart_timeout=restart_timeout))
    with pytest.raises(UsageError) as caught:
        runner.start()
    runner.close()
    for part in (*parts, "--mews-start"):
        assert part in str(caught.value)
    assert "secret-of-the-log" not in str(caught.value)


@pytest.mark.parametrize(
    ("start", "parts"),
    [
        ("no-such-program --port {port}", ["no-such-program", "is no program in PATH"]),
        ("cd service && uvicorn app:app", ["No shell runs the command", "sh -c"]),
        ("TOKEN=my-secret node app.js", ["No shell runs the command", "'TOKEN'"]),
        ("./conftest.py", ["is no program in PATH"]),
    ],
)
def test_a_program_that_does_not_exist(
    settings: BuildSettings, start: str, parts: list[str]
) -> None:
    """The error names the program and the remedy, and shows no value of a variable."""
    runner = CertificationRunner(settings(PATH, start=start))
    with pytest.raises(UsageError) as caught:
        runner.start()
    for part in parts:
        assert part in str(caught.value)
    assert "my-secret" not in str(caught.value)


def test_a_command_that_leaves_the_service_behind(tmp_path: Path) -> None:
    """What goes to the background can be neither watched nor stopped."""
    with service_log.ServiceLog(tmp_path / "service.log", lambda: 0.0, str) as log:
        process = service_process.ServiceProcess(
            [sys.executable, "-c", ""], "start", dict(os.environ), log, str
        )
        with process:
            process.start(lambda _: None)

            def is_listening() -> bool:
                return process._ended_status() is not None

            with pytest.raises(UsageError, match="ended with status 0, and what it started listen"):
                process.wait_until_listening(is_listening, "127.0.0.1:1", 30.0, lambda _: None)


def test_a_port_in_use(settings: BuildSettings) -> None:
    """What listens already would be certified instead of the service."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        target = f"http://127.0.0.1:{port}{PATH}"
        runner = CertificationRunner(settings(target, start=command("sound")))
        with pytest.raises(UsageError, match=f"something listens on 127.0.0.1:{port} already"):
            runner.start()


def test_a_death_is_one_finding_and_the_service_starts_again(
    settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ERR-05 fails by the message that ended the service; the scenarios after it run."""
    monkeypatch.setattr(service_process, "RESTART_PAUSE_S", 0.1)
    start = f"env DIES_OF=[null] STRICT=yes {sys.executable} {MORTAL}"
    options = settings(f"{PATH}?Token=its-own-secret", start=start, examples="2")
    with CertificationRunner(options) as runner:
        results = [runner.certify(SCENARIOS[name]) for name in ("REC-02", "ERR-05", "INT-01")]
        notes = runner.environment.notes
    assert [result.verdict for result in results] == [Verdict.PASS, Verdict.FAIL, Verdict.PASS]
    death = results[1].death
    assert death is not None
    assert (death.message, death.returned) == ("a null event", True)
    assert [line for line in results[1].service_log if "ended with status 1" in line]
    assert [line for line in results[1].service_log if "started again" in line]
    assert not results[0].service_log
    assert [note for note in notes if "was started again" in note]


def test_a_service_that_can_not_start_again_blocks_the_rest(
    settings: BuildSettings, tmp_path: Path
) -> None:
    """The harness tries again until --mews-restart-timeout."""
    program = tmp_path / "mortal.py"
    program.write_text(MORTAL.read_text("utf-8"))
    start = f"env DIES_OF=[null] STRICT=yes {sys.executable} {program}"
    options = settings(
        f"{PATH}?Token=its-own-secret", start=start, examples="2", restart_timeout="8"
    )
    with CertificationRunner(options) as runner:
        assert runner.certify(SCENARIOS["PRE-01"]).verdict is Verdict.PASS
        program.write_text("raise SystemExit(7)")
        failed, blocked = (runner.certify(SCENARIOS[name]) for name in ("ERR-05", "INT-01"))
    assert (failed.verdict, blocked.verdict) == (Verdict.FAIL, Verdict.BLOCKED)
    assert len([line for line in failed.service_log if "ended with status 7" in line]) > 1


def test_a_service_that_ignores_sigterm_is_killed(
    settings: BuildSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL follows SIGTERM."""
    monkeypatch.setattr(service_process, "GRACE_S", 0.2)
    with CertificationRunner(settings(PATH, start=command("ignores-term"))) as runner:
        pid = pid_in(lambda: log_of(runner).last_lines(9))
    assert ends(pid)


def test_what_the_service_has_started_ends_too(settings: BuildSettings, tmp_path: Path) -> None:
    """The whole process group ends."""
    file = tmp_path / "pid"
    with CertificationRunner(settings(PATH, start=command("has-worker", PID_FILE=str(file)))):
        worker = int(file.read_text())
        assert is_running(worker)
    assert ends(worker)


def test_a_flood_is_bounded(settings: BuildSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that writes without an end is certified, and its log stays small."""
    monkeypatch.setattr(service_log, "MAX_FILE_SIZE", 100_000)
    options = settings(PATH, start=command("floods"), examples="2")
    with CertificationRunner(options) as runner:
        assert runner.certify(SCENARIOS["REC-02"]).verdict is Verdict.PASS
        deadline_s = time.monotonic() + 60
        while not left_out(log_of(runner)) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert left_out(log_of(runner))
    for name in ("service.log", "service.log.1"):
        assert (options.report / name).stat().st_size <= 100_000


def test_a_client_starts_again_by_itself(
    settings: BuildSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an endpoint nothing notices its end: the harness starts it again at once."""
    monkeypatch.setattr(service_process, "RESTART_PAUSE_S", 0.01)
    monkeypatch.setattr(service_process, "CLIENT_START_S", 0.0)
    file = tmp_path / "pid"
    file.touch()
    options = settings(
        "none",
        websocket="127.0.0.1:0",
        start=command("client-that-ends", PID_FILE=str(file)),
    )
    with CertificationRunner(options):
        for _ in range(500):
            if len(file.read_text().split()) > 1:
                break
            time.sleep(0.02)
    assert len(file.read_text().split()) > 1


@pytest.mark.parametrize("target", ["none", PATH])
def test_a_client_that_ends_with_its_connection(target: str, settings: BuildSettings) -> None:
    """A new process is no reconnect; one cause explains all scenarios with it.

    So it is if the endpoint for webhooks ends with the client, which is no death of a message.
    """
    start = shlex.join([sys.executable, str(WITHOUT_RECONNECT)])
    options = settings(target, websocket="127.0.0.1:0", start=start, fetch_timeout="5")
    names = ["STR-01", "STR-11", "STR-12", *(["STR-36"] if target == PATH else ["STR-20"])]
    with CertificationRunner(options) as runner:
        results = [runner.certify(SCENARIOS[name]) for name in names]
    assert [result.verdict for result in results] == [Verdict.PASS, *[Verdict.FAIL] * 3]
    assert "the client's process ended instead of reconnecting" in results[2].reason
    (cause,) = find_causes(results)
    assert cause.kind is CauseKind.CLIENT_ENDED
    assert cause.explains == tuple(names[1:])


def test_a_client_that_ends_at_once(
    settings: BuildSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no death: it does not work at all."""
    monkeypatch.setattr(service_process, "CLIENT_START_S", 30.0)
    start = command("client-that-ends", PID_FILE=str(tmp_path / "pid"))
    runner = CertificationRunner(settings("none", websocket="127.0.0.1:0", start=start))
    with pytest.raises(UsageError, match="ended with status 1 at its start"):
        runner.start()


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (
            [sys.executable, str(WITHOUT_RECONNECT), "/ws"],
            "wrong-path (1): 1 of 1 handshake refused, the first for /ws, answered with 404",
        ),
        (
            ["env", "MEWS_ACCESS_TOKEN=other", sys.executable, str(WITHOUT_RECONNECT)],
            "wrong-access-token (1): 1 of 1 handshake refused",
        ),
    ],
)
@pytest.mark.parametrize("target", ["none", PATH])
def test_a_client_that_is_refused_at_its_start(
    words: Sequence[str],
    refused: str,
    target: str,
    settings: BuildSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message says why the emulator refused its handshake, with an endpoint and without."""
    monkeypatch.setattr(service_process, "CLIENT_START_S", 30.0)
    start = shlex.join(words)
    runner = CertificationRunner(settings(target, websocket="127.0.0.1:0", start=start))
    with pytest.raises(UsageError, match=r"ended with status 1") as raised:
        runner.start()
    assert f"refused it (mews explain STR-01): {refused}" in str(raised.value)
    assert "by hand" not in str(raised.value)
