"""The partners: how each is started, and what it needs."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.partner_processes import CLOSED_PORT_URL, ROOT, TENANTS, RunningService, run_process, run_service

EXAMPLES = ROOT / "examples"
DEFAULTS = Path(__file__).parent / "defaults"
MODULES = EXAMPLES / "express_partner" / "node_modules"
TOKEN = "a-secret-of-the-stacks"
INSTALL = "run tests/stacks/install"
EXTRAS = "pip install '.[dev]'"


@dataclass(frozen=True)
class Partner:
    """A service of one file.

    Attributes:
        name: the stack.
        folder: where its file is.
        command: what starts it; finds its port in `PORT`.
        worker: what else has to run, if anything.

    """

    name: str
    folder: Path
    command: str
    worker: str = ""

    def missing(self) -> str:
        """Say what this machine lacks and what to do; nothing where all is there."""
        program = self.command.split()[0]
        if program in ("node", "php"):
            if shutil.which(program) is None:
                return f"no {program}: {INSTALL}"
            if program == "node" and not (MODULES / "express").is_dir():
                return f"no Express: {INSTALL}"
        elif importlib.util.find_spec(self.name) is None:
            return f"no {self.name}: {EXTRAS}"
        return ""


EXPRESS = Partner("express", EXAMPLES / "express_partner", "node app.js")
SOUND = (
    Partner(
        "flask",
        EXAMPLES / "flask_partner",
        'gunicorn --bind "127.0.0.1:$PORT" --threads 4 app:app',
    ),
    Partner(
        "django",
        EXAMPLES / "django_partner",
        'waitress-serve --listen "127.0.0.1:$PORT" app:application',
    ),
    EXPRESS,
    Partner(
        "php",
        EXAMPLES / "php_partner",
        'php -q -S "127.0.0.1:$PORT" receive.php',
        "php work.php",
    ),
)


def require(partner: Partner) -> None:
    """Skip a test whose stack is missing; in CI, where it must not be, fail."""
    reason = partner.missing()
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@contextmanager
def running(partner: Partner, folder: Path, api: str = CLOSED_PORT_URL) -> Iterator[RunningService]:
    """Run a partner, and its worker.

    Args:
        partner: whom.
        folder: takes its output and its queue.
        api: where it finds the Connector API; nobody listens at the default.

    """
    output = folder / "output.log"
    environment = {
        "MEWS_TOKEN": TOKEN,
        "MEWS_QUEUE": str(folder / "queue"),
        "NODE_PATH": str(MODULES),
        "MEWS_API_URL": api,
        "MEWS_CLIENT_TOKEN": TENANTS.client_token,
        "MEWS_TENANTS": "tenants.json",
    }
    with ExitStack() as processes:
        if partner.worker:
            processes.enter_context(run_process(partner.worker, partner.folder, output, environment))
        yield processes.enter_context(run_service(partner.command, partner.folder, output, environment))
