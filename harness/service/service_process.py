"""Runs the command of --mews-start: waits until it listens, restarts it, ends it for good."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn, Self

from pytest_mews.config.service_start import START
from pytest_mews.errors import UsageError
from pytest_mews.sanitize import one_line
from pytest_mews.service.service_log import ServiceLog

GUARD = Path(__file__).with_name("process_guard.py")
GRACE_S = 5.0  # between SIGTERM and SIGKILL
KILL_S = 5.0  # until the system has ended a killed process
RELEASE_S = 2.0  # until nothing listens any more after the end of everything
CLIENT_START_S = 1.0  # a client that ends before it is wrong, and no death
RESTART_PAUSE_S = 1.0  # between two starts: a port may be in use for a moment
POLL_S, PROGRESS_S = 0.05, 5.0
SHOWN_LINES = 15
_PIPE_SIZE = 65_536
_SIGNALLED = 128  # added to the number of a signal, as a shell does


class ServiceProcess:
    """A service that runs as a process of its own, with everything that it starts.

    It runs below `process_guard.py`, in a process group of its own, which ends with the harness,
    however that ends. `start` comes first; as a context manager it only makes sure of the end.

    Args:
        command: the program and its arguments.
        shown: the command as messages show it.
        variables: the environment of the process.
        log: receives its output.
        redact: removes the secrets from what errors show.
        explain_end: returns a sentence that says why it may have ended at its start; empty if
            nothing is known.

    """

    def __init__(  # noqa: PLR0913, PLR0917 - what it runs, and what its errors need
        self,
        command: Sequence[str],
        shown: str,
        variables: Mapping[str, str],
        log: ServiceLog,
        redact: Callable[[str], str],
        explain_end: Callable[[], str] = str,
    ) -> None:
        self._command, self._shown, self._variables = tuple(command), shown, dict(variables)
        self._log, self._redact, self._explain_end = log, redact, explain_end
        self._restarts_itself = False
        self._lock = threading.RLock()  # of everything below
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None
        self._started_s = 0.0
        self._is_stopping = threading.Event()
        self._is_ended_on_purpose = False  # by `restart`
        self._is_left_behind = False  # something listens, although everything was ended
        self.restart_count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def check_free(self, is_listening: Callable[[], bool], address: str) -> None:
        """Check that nothing listens yet where the service should.

        Raises:
            UsageError: something does, which would be certified instead.

        """
        if is_listening():
            self._fail(
                f"can't be started: something listens on {address} already",
                "Stop it, or write {port} in the target and in the command for a free port.",
            )

    def start(self, report: Callable[[str], None]) -> None:
        """Start the service.

        Raises:
            UsageError: there is no such program.

        """
        self._check_program()
        self._spawn()
        report(f"started {self._shown}")

    def wait_until_listening(
        self,
        is_listening: Callable[[], bool],
        address: str,
        timeout_s: float,
        report: Callable[[str], None],
    ) -> None:
        """Wait until the service listens.

        Args:
            is_listening: returns whether it does.
            address: where it should listen, for messages.
            timeout_s: how many seconds it may take (`--mews-restart-timeout`).
            report: is called with a description of the wait.

        Raises:
            UsageError: it ended, or does not listen in time.

        """
        begin_s = shown_s = time.monotonic()
        while not is_listening():
            now_s = time.monotonic()
            if (status := self._ended_status()) is not None and not is_listening():
                self._fail(
                    f"ended with {describe_status(status)} before it listened on {address}",
                    f"{self._why_ended()} {self._last_lines()}",
                )
            if now_s - begin_s > timeout_s:
                self._fail(
                    f"does not listen on {address} after {timeout_s:g} s",
                    f"Pass it the port ({{port}}, or the variable PORT), or give it more time "
                    f"with --mews-restart-timeout. {self._last_lines()}",
                )
            if now_s - shown_s >= PROGRESS_S:
                shown_s = now_s
                waited_s = now_s - begin_s
                report(f"waiting {waited_s:.0f} of {timeout_s:g} s until it listens on {address}")
            time.sleep(POLL_S)
        if (status := self._ended_status()) is not None:
            self._fail(
                f"ended with {describe_status(status)}, and what it started listens on {address}",
                "Let the command stay in the foreground: otherwise its end can't be noticed, and "
                "it can't be stopped. Stop what it has left.",
            )
        report(f"it listens on {address} after {time.monotonic() - begin_s:.1f} s")

    def keep_running(self) -> None:
        """Start the service again whenever it ends, for one that nothing else watches.

        Raises:
            UsageError: it ends within `CLIENT_START_S`.

        """
        deadline_s = time.monotonic() + CLIENT_START_S
        while time.monotonic() < deadline_s:
            if (status := self._ended_status()) is not None:
                self._fail(
                    f"ended with {describe_status(status)} at its start",
                    f"{self._why_ended()} {self._last_lines()}",
                )
            time.sleep(POLL_S)
        self._restarts_itself = True

    def revive(self) -> bool:
        """Start the service again if it has ended, at most once per `RESTART_PAUSE_S`.

        Called by what waits for the service: a death that nothing has noticed would be no
        finding.

        Returns:
            Whether it was started again.

        """
        with self._lock:
            is_early = time.monotonic() - self._started_s < RESTART_PAUSE_S
            if self._is_stopping.is_set() or is_early or self._ended_status() is None:
                return False
            if self._is_left_behind:  # it has the port
                return False
            if self._watcher is not None and self._watcher is not threading.current_thread():
                self._watcher.join(KILL_S)  # until the log says that it ended
            self.restart_count += 1
            self._log.note(f"started again, {self.restart_count}")
            self._spawn()
            return True

    def restart(self, is_listening: Callable[[], bool]) -> bool:
        """End the service, if it runs, as `stop` does, and start it again without a wait.

        Args:
            is_listening: returns whether the service listens.

        Returns:
            Whether it was restarted: not if something still listens after its end, such as a
            container, whose client was all that could be ended.

        """
        with self._lock:
            self._is_ended_on_purpose = True
            try:
                self._end()
            finally:
                self._is_ended_on_purpose = False
            if self.outlives_end(is_listening):
                return False
            self._log.note("started again, as a deployment does")
            self._spawn()
            return True

    def outlives_end(self, is_listening: Callable[[], bool]) -> bool:
        """Return whether something still listens, a moment after the process group has ended."""
        deadline_s = time.monotonic() + RELEASE_S
        while is_listening():
            if time.monotonic() >= deadline_s:
                self._is_left_behind = True
                self._log.note("something still listens after the end: it was left behind")
                return True
            time.sleep(POLL_S)
        return False

    def stop(self) -> None:
        """End the process group: SIGTERM, and SIGKILL after `GRACE_S`; further calls do nothing."""
        self._is_stopping.set()
        self._end()

    def _end(self) -> None:
        with self._lock:
            process, watcher = self._process, self._watcher
        if process is None or watcher is None:
            return
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.close()  # tells the guard
        watcher.join(GRACE_S + KILL_S)
        if watcher.is_alive():  # the guard itself can't run, or was stopped
            _kill_group(process.pid)
            watcher.join(KILL_S)

    def _check_program(self) -> None:
        program = self._command[0]
        if shutil.which(program, path=self._variables.get("PATH")) is not None:
            return
        if program.startswith(("cd", "export")) or "=" in program:
            remedy = f"No shell runs the command: write {START} \"sh -c '…'\" for one."
        else:
            remedy = "Install it, or give its path."
        problem = "can't be executed" if Path(program).exists() else "is no program in PATH"
        raise UsageError(START, program.partition("=")[0], problem, remedy)

    def _spawn(self) -> None:
        """Start the guard, and with it the command."""
        with self._lock:
            if self._is_stopping.is_set():
                return
            self._started_s = time.monotonic()
            self._process = subprocess.Popen(  # noqa: S603 - the user's own command
                [sys.executable, "-I", str(GUARD), str(GRACE_S), *self._command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._variables,
                start_new_session=True,
            )
            self._watcher = threading.Thread(
                target=self._watch, args=(self._process,), name="mews-service", daemon=True
            )
            self._watcher.start()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Read the output of a process until its end, and end what it has started."""
        assert process.stdout is not None
        assert process.stdin is not None
        reader = threading.Thread(
            target=self._read, args=(process.stdout,), name="mews-service-log", daemon=True
        )
        reader.start()
        status = process.wait()
        _kill_group(process.pid)  # workers that outlived it would keep its port
        reader.join(KILL_S)
        with suppress(OSError):
            process.stdin.close()
        if self._is_stopping.is_set() or self._is_ended_on_purpose:
            self._log.note("stopped")
            return
        self._log.note(f"ended with {describe_status(status)}")
        if self._restarts_itself and not self._is_stopping.wait(RESTART_PAUSE_S):
            self.revive()

    def _read(self, output: IO[bytes]) -> None:
        """Read an output to its end, which a process that was left behind keeps open."""
        with output:
            while data := os.read(output.fileno(), _PIPE_SIZE):
                self._log.write(data)

    def _ended_status(self) -> int | None:
        with self._lock:
            return None if self._process is None else self._process.poll()

    def _why_ended(self) -> str:
        """Return why it ended at its start, or how to find out."""
        return self._redact(self._explain_end()) or "Run it by hand to see why."

    def _last_lines(self) -> str:
        if self._watcher is not None and self._ended_status() is not None:
            self._watcher.join(KILL_S)  # until the log is complete
        lines = self._log.last_lines(SHOWN_LINES)
        if not lines:
            return "It wrote nothing."
        return "\n    ".join(("Its last lines:", *(one_line(self._redact(line)) for line in lines)))

    def _fail(self, problem: str, remedy: str) -> NoReturn:
        raise UsageError(START, self._redact(self._shown), problem, remedy)


def describe_status(status: int) -> str:
    """Return an exit status as text: `status 1`, or `SIGSEGV`."""
    number = -status if status < 0 else status - _SIGNALLED
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"status {status}"


def _kill_group(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
