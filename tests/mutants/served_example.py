"""Serves the FastAPI example, or a mutant of it, in a process that starts within moments.

The process is a fork of a server that has imported what the example imports: a Python that starts
anew for each mutant takes as much CPU time as its certification.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.partner_processes import END_TIMEOUT_S, wait_until_listening

LIBRARIES = ("fastapi", "httpx", "uvicorn", "uvicorn.protocols.http.auto", "uvicorn.lifespan.on")

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["__main__", *LIBRARIES])


@contextmanager
def serve_example(folder: Path, port: int, environment: Mapping[str, str]) -> Iterator[None]:
    """Serve `app.py` of a folder on a loopback port; its output is in `output.log` there.

    Raises:
        RuntimeError: the program ended, or did not listen within `START_TIMEOUT_S`.

    """
    process = _FORKS.Process(target=_serve, args=(folder, port, dict(environment)), daemon=True)
    process.start()
    try:
        if not wait_until_listening(port, process.is_alive):
            raise RuntimeError(f"the program ended with {process.exitcode}, or does not listen")
        yield
    finally:
        process.terminate()
        process.join(END_TIMEOUT_S)
        process.kill()
        process.join()


def _serve(folder: Path, port: int, environment: Mapping[str, str]) -> None:
    output = os.open(folder / "output.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environment)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    importlib.import_module("uvicorn").run("app:app", port=port)
