"""Tests on every supported Python, and with the lowest versions of the direct dependencies.

    nox                     # everything
    nox -t versions         # those of `make versions`, one after the other
    nox -s fast-3.13        # one session
    nox -s plugins          # beside other pytest plugins
    nox -s package          # build what PyPI gets, and check it

A missing Python is an error, never skipped. `make test` runs the whole suite on one Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = True

OLDEST, *NEWER = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
FAST = (
    "checks",
    "command",
    "config",
    "connector_api",
    "delivery",
    "execution",
    "kit",
    "model",
    "net",
    "run",
    "schemas",
    "senders",
    "websocket",
)
"""The folders of tests that depend on Python: threads, sockets, data types."""

LOWEST = ("delivery", "net", "websocket")
"""The folders of tests of what sends and receives: the libraries behind it changed most."""

PLUGINS = (
    *("allure-pytest", "anyio", "pytest-asyncio", "pytest-bdd", "pytest-benchmark", "pytest-check"),
    *("pytest-clarity", "pytest-cov", "pytest-django", "pytest-env", "pytest-flask"),
    *("pytest-forked", "pytest-html", "pytest-instafail", "pytest-json-report", "pytest-mock"),
    *("pytest-order", "pytest-picked", "pytest-randomly", "pytest-repeat", "pytest-rerunfailures"),
    *("pytest-retry", "pytest-rich", "pytest-socket", "pytest-subtests", "pytest-sugar"),
    *("pytest-timeout", "pytest-xdist"),
)
"""Other pytest plugins, each in its newest version."""


def _enable_pyenv() -> None:
    """Let pyenv's shims run every installed Python, not only the one that is selected."""
    if shutil.which("pyenv") and "PYENV_VERSION" not in os.environ:
        command = ["pyenv", "versions", "--bare", "--skip-aliases"]
        versions = subprocess.run(  # noqa: S603 - a fixed command
            command, capture_output=True, check=True, text=True
        )
        os.environ["PYENV_VERSION"] = ":".join(versions.stdout.split())


_enable_pyenv()


@nox.session(python=NEWER, tags=["versions"])
def fast(session: nox.Session) -> None:
    """Run the fast tests and certify the demo partner on a newer Python."""
    _install(session, "[dev]")
    _certify(session)  # first: it compiles what each of the workers would compile
    folders = [f"tests/{name}" for name in FAST]
    session.run("pytest", "-n", "3", "--dist", "worksteal", "-m", "not slow", *folders)


@nox.session(python=OLDEST, tags=["versions"])
def lowest(session: nox.Session) -> None:
    """Certify the demo partner with the lowest version of each direct dependency.

    Then run the tests of what depends on these versions most.
    """
    _install(session, "[pictures]", "--resolution", "lowest-direct")
    _certify(session)
    _install(session, "[dev]")  # what is installed stays, as far as the tests allow
    folders = [f"tests/{name}" for name in LOWEST]
    session.run("pytest", "-n", "3", "--dist", "worksteal", *folders)


@nox.session(python=OLDEST)
def plugins(session: nox.Session) -> None:
    """Certify beside the commonest other pytest plugins; see tests/plugins/check_plugins.py."""
    _install(session, "", *PLUGINS)
    session.run(
        *("pytest", "-p", "xdist.plugin", "-n", "2", "--dist", "worksteal"),
        "tests/plugins/check_plugins.py",
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )


@nox.session(python=OLDEST)
def package(session: nox.Session) -> None:
    """Build the sdist and the wheel into `dist`, and check them as PyPI and its users would."""
    dist = Path("dist").resolve()
    shutil.rmtree(dist, ignore_errors=True)
    copy = _copy_project(session)
    session.install("build[uv]>=1.2", "check-wheel-contents>=0.6", "twine>=6")
    session.run("python", "-m", "build", "--installer", "uv", "--outdir", str(dist), str(copy))
    files = sorted(map(str, dist.iterdir()))
    session.run("twine", "check", "--strict", *files)
    (wheel,) = dist.glob("*.whl")
    session.run("check-wheel-contents", str(wheel))
    session.install(str(wheel))
    _certify(session, "-k", "REC-04")
    environment = Path(session.create_tmp()).resolve() / "action"
    python = {"PYTHON": str(session.virtualenv.bin) + "/python"}
    session.run("action/install", str(environment), env=python, external=True)
    inputs = {"INPUT_TARGET": "demo", "INPUT_OPTIONS": "-k=REC-04"}
    with session.chdir(session.create_tmp()):
        certify = str(Path(__file__).parent / "action" / "certify")
        session.run(certify, str(environment), env=inputs, external=True)
    if _has_docker():
        session.run("docker", "build", "--tag", "pytest-mews", ".", external=True)
        session.run("docker", "run", "--rm", "pytest-mews", "--version", external=True)
    else:
        session.log("no Docker daemon here: the image is not built")


def _has_docker() -> bool:
    command = ["docker", "info"]
    return (
        shutil.which("docker") is not None
        and not subprocess.run(  # noqa: S603 - fixed
            command, capture_output=True, check=False
        ).returncode
    )


def _install(session: nox.Session, extras: str, *options: str) -> None:
    """Install a copy of the project: setuptools builds within the folder, and sessions overlap."""
    session.install(f"{_copy_project(session)}{extras}", *options)


def _copy_project(session: nox.Session) -> Path:
    copy = Path(session.create_tmp()).resolve() / "project"
    shutil.rmtree(copy, ignore_errors=True)
    ignored = (".*", "build", "dist", "*.egg-info", "node_modules", "tests")
    shutil.copytree(".", copy, ignore=shutil.ignore_patterns(*ignored))
    return copy


def _certify(session: nox.Session, *options: str) -> None:
    """Certify from a folder outside the project, as a user does: without its configuration."""
    folder = Path(session.create_tmp()).resolve()
    (folder / "pytest.ini").write_text("[pytest]\n")
    with session.chdir(folder):
        session.run("pytest", "-q", "--mews-target", "demo", *options)
