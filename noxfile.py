"""Tests on every supported Python, and with the lowest versions of the direct dependencies.

    nox                     # everything
    nox -s fast-3.13        # one session

A missing Python is an error, never a silent skip. Pythons of pyenv are found without configuration.
"""

from __future__ import annotations

import os
import shutil
import subprocess

import nox

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = True

OLDEST, *NEWER = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
FAST = [
    f"tests/{name}"
    for name in (
        "checks",
        "config",
        "connector_api",
        "delivery",
        "execution",
        "model",
        "net",
        "packaging",
        "redaction",
        "replay",
        "reports",
        "run",
        "scenarios",
        "schemas",
        "senders",
        "websocket",
    )
]
"""The tests that take seconds; `make test` runs all of them on one Python."""


def _enable_pyenv() -> None:
    """Let pyenv's shims run every installed Python, not only the one that is selected."""
    if shutil.which("pyenv") and "PYENV_VERSION" not in os.environ:
        command = ["pyenv", "versions", "--bare", "--skip-aliases"]
        versions = subprocess.run(command, capture_output=True, check=True, text=True)
        os.environ["PYENV_VERSION"] = ":".join(versions.stdout.split())


_enable_pyenv()


@nox.session(python=NEWER)
def fast(session: nox.Session) -> None:
    """Run the fast tests and certify the demo partner on a newer Python."""
    session.install(".[dev]")
    session.run("pytest", "-n", "4", "--dist", "worksteal", *FAST)
    _certify(session)


@nox.session(python=OLDEST)
def lowest(session: nox.Session) -> None:
    """Run the same with the lowest version of each direct dependency."""
    session.install("--resolution", "lowest-direct", ".")
    _certify(session)


def _certify(session: nox.Session) -> None:
    folder = session.create_tmp()
    with session.chdir(folder):
        session.run("pytest", "--mews-target", "demo", "--mews-jobs", "8")
