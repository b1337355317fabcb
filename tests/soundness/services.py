"""The sound services, by name: how each is run, and what a run of it has as target."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_mews.demo import PARTNER_KINDS
from tests.partner_processes import (
    TENANTS,
    RunningService,
    run_fastapi_partner,
    run_process,
    run_service,
)
from tests.ports import free_port
from tests.soundness.sound_kinds import MORE_SOUND_KINDS, register_sound_kinds
from tests.stacks.stack_partners import EXAMPLES, EXPRESS, run_partner

FOLDER = Path(__file__).parent
TOKEN = "a-secret-of-the-soundness-runs"
PREFORK = (
    "gunicorn --preload --bind 127.0.0.1:$PORT --workers 4 --max-requests 150 "
    "--max-requests-jitter 50 'prefork_partner:create_app()'"
)


@dataclass(frozen=True)
class SoundService:
    """A service that must pass everything.

    Attributes:
        name: what `--services` calls it.
        description: what is special about it, in one sentence.
        run: runs it as a context manager, with a folder for its files; yields the options of the
            certification that aim at it.

    """

    name: str
    description: str
    run: Callable[[Path], AbstractContextManager[Mapping[str, str]]]


@contextmanager
def _demo(name: str) -> Iterator[Mapping[str, str]]:
    register_sound_kinds()
    yield {"mews_target": f"demo:{name}"}


@contextmanager
def _fastapi(folder: Path) -> Iterator[Mapping[str, str]]:
    api = f"127.0.0.1:{free_port()}"
    with run_fastapi_partner(folder, TOKEN, f"http://{api}") as service:
        yield _options(service, api)


@contextmanager
def _express(folder: Path) -> Iterator[Mapping[str, str]]:
    api = f"127.0.0.1:{free_port()}"
    with run_partner(EXPRESS, folder, f"http://{api}") as service:
        yield _options(service, api)


@contextmanager
def _prefork(folder: Path, parallel: str = "") -> Iterator[Mapping[str, str]]:
    api = f"127.0.0.1:{free_port()}"
    output = folder / "prefork.log"
    environment = {
        "MEWS_TOKEN": TOKEN,
        "MEWS_DATABASE": str(folder / "partner.db"),
        "MEWS_API_URL": f"http://{api}",
        "MEWS_CLIENT_TOKEN": TENANTS.client_token,
        "MEWS_TENANTS": str(EXAMPLES / "express_partner" / "tenants.json"),
        "MEWS_PARALLEL": parallel,
    }
    with ExitStack() as stack:
        service = stack.enter_context(run_service(PREFORK, FOLDER, output, environment))
        worker = f"{sys.executable} prefork_partner.py"
        stack.enter_context(run_process(worker, FOLDER, output, environment))
        yield _options(service, api)


def _options(service: RunningService, api: str) -> Mapping[str, str]:
    return {"mews_target": f"{service.url}?Token={service.token}", "mews_api": api}


def sound_services() -> dict[str, SoundService]:
    """Return every sound service by name: first the demo partners, then those in processes."""
    kinds = [*(kind for kind in PARTNER_KINDS.values() if kind.is_sound), *MORE_SOUND_KINDS]
    demos = {
        kind.name: SoundService(kind.name, kind.description, lambda _, name=kind.name: _demo(name))
        for kind in kinds
    }
    return demos | {
        service.name: service
        for service in (
            SoundService("fastapi", "The FastAPI example: asyncio.", _fastapi),
            SoundService("express", "The Express example: Node.js.", _express),
            SoundService(
                "prefork",
                "Forks processes and replaces them, saves each message in a database before it "
                "answers, and fetches at intervals.",
                _prefork,
            ),
            SoundService(
                "parallel",
                "The same, with several consumers of the saved messages.",
                lambda folder: _prefork(folder, "yes"),
            ),
        )
    }
