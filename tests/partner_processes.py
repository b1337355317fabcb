"""Runs partners as separate processes, for tests that certify what a user would run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_mews.config.tenants import DEFAULT_TENANTS as TENANTS
from tests.ports import free_port

ROOT = Path(__file__).parents[1]
FASTAPI_PARTNER = ROOT / "examples" / "fastapi_partner"
START_TIMEOUT_S = END_TIMEOUT_S = 30.0
CLOSED_PORT_URL = "http://127.0.0.1:9"  # the discard port


@dataclass(frozen=True)
class RunningService:
    """A running service: its URL without the token, the token, and the file with its output."""

    url: str
    token: str
    output: Path


@contextmanager
def run_fastapi_partner(
    folder: Path,
    token: str = "its-own-secret",
    api: str = CLOSED_PORT_URL,
    source: Path = FASTAPI_PARTNER,
) -> Iterator[RunningService]:
    """Run the FastAPI example under uvicorn on a free loopback port.

    Args:
        folder: the folder for the files with its output and its database.
        token: the shared secret, passed as `MEWS_TOKEN`.
        api: the URL of the Connector API; nobody listens at the default.
        source: the folder with the program.

    Raises:
        RuntimeError: the service ended, or did not listen within `START_TIMEOUT_S`; has its output.

    """
    command = f'{sys.executable} -m uvicorn app:app --port "$PORT"'
    environment = {
        "MEWS_TOKEN": token,
        "MEWS_API_URL": api,
        "MEWS_CLIENT_TOKEN": TENANTS.client_token,
        "MEWS_TENANTS": "tenants.toml",
        "MEWS_DATABASE": str(folder / "partner.sqlite3"),
    }
    with run_service(command, source, folder / "uvicorn.log", environment) as service:
        yield service


@contextmanager
def run_service(
    command: str, cwd: Path, output: Path, environment: Mapping[str, str]
) -> Iterator[RunningService]:
    """Run a service on a free loopback port, and terminate it afterwards.

    Args:
        command: a shell command that reads its port from `PORT`.
        cwd: its working directory.
        output: the file for its output.
        environment: more environment variables; `MEWS_TOKEN` is required.

    Raises:
        RuntimeError: the service ended, or did not listen within `START_TIMEOUT_S`; has its output.

    """
    port = free_port()
    with run_process(command, cwd, output, {**environment, "PORT": str(port)}) as process:
        if not wait_until_listening(port, lambda: process.poll() is None):
            raise RuntimeError(output.read_text("utf-8", "replace"))
        yield RunningService(
            f"http://127.0.0.1:{port}/webhooks/mews", environment["MEWS_TOKEN"], output
        )


@contextmanager
def run_process(
    shell_command: str, cwd: Path, output: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a shell command, with the programs of this Python environment first in PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    with output.open("ab") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {shell_command}"],
            cwd=cwd,
            env=os.environ | variables,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(END_TIMEOUT_S)
            finally:
                process.kill()


def wait_until_listening(port: int, is_running: Callable[[], bool]) -> bool:
    """Wait until a program listens on a loopback port; return whether it does.

    It does not if it has ended, or did not listen within `START_TIMEOUT_S`.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while is_running() and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return True
    return False
