"""The partners of the stack tests: how to start each one, and what it needs."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.partner_processes import (
    CLOSED_PORT_URL,
    ROOT,
    TENANTS,
    RunningService,
    run_process,
    run_service,
)

EXAMPLES = ROOT / "examples"
DEFAULTS = Path(__file__).parent / "defaults"
EXPRESS_MODULES = EXAMPLES / "express_partner" / "node_modules"
TOKEN = "a-secret-of-the-stacks"
INSTALL = "run tests/stacks/install"
EXTRAS = "pip install '.[dev]'"
PROGRAMS = ("java", "node", "php", "puma")


@dataclass(frozen=True)
class StackPartner:
    """A partner in some language or framework.

    Attributes:
        name: of the language or framework.
        folder: the folder with its source.
        command: starts it; reads its port from `PORT`.
        worker: starts its worker process; empty if it has none.
        needs: files that tests/stacks/install makes or installs.

    """

    name: str
    folder: Path
    command: str
    worker: str = ""
    needs: tuple[Path, ...] = ()

    def missing_tool(self) -> str:
        """Return what this machine lacks and how to install it; empty if it lacks nothing."""
        program = self.command.split()[0]
        if program in PROGRAMS and shutil.which(program) is None:
            return f"no {program}: {INSTALL}"
        missing = [path.name for path in self.needs if not path.exists()]
        if missing:
            return f"no {missing[0]}: {INSTALL}"
        if program not in PROGRAMS and not self.needs and not importlib.util.find_spec(self.name):
            return f"no {self.name}: {EXTRAS}"
        return ""


EXPRESS = StackPartner(
    "express",
    EXAMPLES / "express_partner",
    "node app.js",
    needs=(EXPRESS_MODULES / "express",),
)
JAVA_LIBRARIES = tuple(
    Path(f"/usr/share/java/jackson-{name}.jar") for name in ("databind", "core", "annotations")
)
SOUND_PARTNERS = (
    StackPartner(
        "flask",
        EXAMPLES / "flask_partner",
        'gunicorn --bind "127.0.0.1:$PORT" --threads 4 app:app',
    ),
    StackPartner(
        "django",
        EXAMPLES / "django_partner",
        'waitress-serve --listen "127.0.0.1:$PORT" app:application',
    ),
    EXPRESS,
    StackPartner(
        "php",
        EXAMPLES / "php_partner",
        'php -q -S "127.0.0.1:$PORT" receive.php',
        "php work.php",
    ),
    StackPartner(
        "java",
        EXAMPLES / "java_partner",
        f"java --class-path {':'.join(map(str, JAVA_LIBRARIES))} Receive.java",
        needs=JAVA_LIBRARIES,
    ),
    StackPartner(
        "go",
        EXAMPLES / "go_partner",
        "./receive",
        needs=(EXAMPLES / "go_partner" / "receive",),
    ),
    StackPartner(
        "ruby",
        EXAMPLES / "ruby_partner",
        'puma --environment production --bind "tcp://127.0.0.1:$PORT" receive.ru',
    ),
)


def skip_if_missing(partner: StackPartner) -> None:
    """Skip a test whose stack is missing; fail in CI, which must have every stack."""
    reason = partner.missing_tool()
    if reason and os.environ.get("CI"):
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@contextmanager
def run_partner(
    partner: StackPartner, folder: Path, api: str = CLOSED_PORT_URL
) -> Iterator[RunningService]:
    """Run a partner and its worker.

    Args:
        partner: the partner.
        folder: for its output and its queue.
        api: the address of the Connector API; nothing listens at the default.

    """
    output = folder / "output.log"
    environment = {
        "MEWS_TOKEN": TOKEN,
        "MEWS_QUEUE": str(folder / "queue"),
        "NODE_PATH": str(EXPRESS_MODULES),
        "MEWS_API_URL": api,
        "MEWS_CLIENT_TOKEN": TENANTS.client_token,
        "MEWS_TENANTS": "tenants.json",
    }
    with ExitStack() as processes:
        if partner.worker:
            processes.enter_context(
                run_process(partner.worker, partner.folder, output, environment)
            )
        yield processes.enter_context(
            run_service(partner.command, partner.folder, output, environment)
        )
