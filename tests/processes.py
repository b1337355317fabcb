"""Servers in processes of their own, for tests that certify what a user would run."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_mews.config.tenants import DEFAULT as TENANTS

ROOT = Path(__file__).parents[1]
FASTAPI_PARTNER = ROOT / "examples" / "fastapi_partner"
START_S = 30.0
NOWHERE = "http://127.0.0.1:9"  # the discard port


@dataclass(frozen=True)
class Served:
    """A running service: its URL without the token, the token, and the file with its output."""

    url: str
    token: str
    output: Path


@contextmanager
def fastapi_partner(
    folder: Path, token: str = "its-own-secret", api: str = NOWHERE
) -> Iterator[Served]:
    """Run the FastAPI example under uvicorn on a free loopback port.

    Args:
        folder: where the file with its output is put.
        token: the secret that it is told by `MEWS_TOKEN`.
        api: where it finds the Connector API; nobody listens at the default.

    Raises:
        RuntimeError: it ended, or did not listen within `START_S`; bears its output.

    """
    command = f'{sys.executable} -m uvicorn app:app --port "$PORT"'
    environment = {
        "MEWS_TOKEN": token,
        "MEWS_API_URL": api,
        "MEWS_CLIENT_TOKEN": TENANTS.client_token,
        "MEWS_TENANTS": "tenants.toml",
    }
    with served(command, FASTAPI_PARTNER, folder / "uvicorn.log", environment) as service:
        yield service


@contextmanager
def served(
    command: str, cwd: Path, output: Path, environment: Mapping[str, str]
) -> Iterator[Served]:
    """Run a service on a free loopback port, and end it afterwards.

    Args:
        command: a line of shell that finds its port in `PORT`.
        cwd: the folder that it runs in.
        output: the file that takes what it prints.
        environment: what it is told besides; `MEWS_TOKEN` must be among it.

    Raises:
        RuntimeError: it ended, or did not listen within `START_S`; bears its output.

    """
    port = free_port()
    with process(command, cwd, output, {**environment, "PORT": str(port)}) as started:
        _wait_until_it_listens(started, port, output)
        yield Served(f"http://127.0.0.1:{port}/webhooks/mews", environment["MEWS_TOKEN"], output)


@contextmanager
def process(
    command: str, cwd: Path, output: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a line of shell; programs of this Python's environment are found first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    told = {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    with output.open("ab") as log:
        started = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {command}"],
            cwd=cwd,
            env=os.environ | told,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield started
        finally:
            started.terminate()
            started.wait(timeout=START_S)


def free_port() -> int:
    """Find a loopback port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(output.read_text("utf-8", "replace"))
