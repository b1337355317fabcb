"""--mews-app: ASGI and WSGI applications in this process."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_mews.config.settings import Settings
from pytest_mews.errors import UsageError
from pytest_mews.model import Verdict
from pytest_mews.run.runner import CertificationRunner
from pytest_mews.service.served_app import is_asgi
from tests.service.conftest import SCENARIOS

BuildSettings = Callable[..., Settings]
TARGET = "/webhooks/mews?Token=a-secret-of-the-app"
WSGI = """
import logging, os
ADDRESS = os.environ["MEWS_API_URL"]

def app(environ, start_response):
    size = len(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    logging.warning("logged %s", environ["QUERY_STRING"])
    print("to the errors", size, file=environ["wsgi.errors"])
    if "fails" in environ["PATH_INFO"]:
        raise RuntimeError("a fault of the app")
    start_response("200 OK", [("Content-Length", "0")])
    return []

def create():
    return app

class Namespace:
    nested = staticmethod(app)
"""
ASGI = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    more = True
    while more:
        more = (await receive()).get("more_body")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body"})

async def fails(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})
"""


@pytest.fixture(autouse=True)
def app_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in a folder with applications; forget their modules afterwards."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "wsgi_shop.py").write_text(WSGI)
    (folder / "asgi_shop.py").write_text(ASGI)
    monkeypatch.chdir(folder)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if "shop" in name:
            del sys.modules[name]


@pytest.mark.parametrize(
    "app",
    ["asgi_shop:app", "wsgi_shop:app", "wsgi_shop:create()", "wsgi_shop:Namespace.nested"],
)
def test_an_application_is_certified(settings: BuildSettings, app: str) -> None:
    """It is imported with its variables, served, and stopped; the environment is as before."""
    variables, folders = dict(os.environ), list(sys.path)
    reported: list[str] = []
    options = settings(TARGET, app=app, api="127.0.0.1:0", examples="2")
    runner = CertificationRunner(options)
    try:
        runner.start(reported.append)
        assert runner.certify(SCENARIOS["PRE-01"]).verdict is Verdict.PASS
        assert runner.certify(SCENARIOS["REC-02"]).verdict is Verdict.PASS
    finally:
        runner.close()
    kind = "ASGI" if "asgi" in app else "WSGI"
    assert f"serving {app} ({kind}) on 127.0.0.1:" in reported[-1]
    assert (dict(os.environ), sys.path) == (variables, folders)
    text = (options.report / "service.log").read_text("utf-8")
    assert "POST /webhooks/mews?Token=***" in text
    assert "a-secret-of-the-app" not in text
    if kind == "WSGI":
        assert "WARNING root: logged Token=***" in text
        assert "to the errors" in text


def test_an_exception_of_the_application_is_beside_the_failure(settings: BuildSettings) -> None:
    """The traceback is in the log."""
    options = settings("/fails", app="wsgi_shop:app", api="127.0.0.1:0", examples="2")
    with CertificationRunner(options) as runner:
        result = runner.certify(SCENARIOS["PRE-01"])
    assert result.verdict is Verdict.FAIL
    assert any("RuntimeError: a fault of the app" in line for line in result.service_log)


@pytest.mark.parametrize(
    ("app", "parts"),
    [
        ("nosuch_shop:app", ["there is no 'nosuch_shop'"]),
        ("asgi_shop:aap", ["has no 'aap'", "Did you mean app?"]),
        ("wsgi_shop:ADDRESS", ["is no application, but str"]),
        ("wsgi_shop:Namespace", ["is no application, but type"]),
        ("asgi_shop:app()", ["can't be created", "TypeError"]),
        ("asgi_shop:fails", ["ended at its start", "no database"]),
        ("broken_shop:app", ["can't be imported", "line 2, in <module>", "ZeroDivisionError"]),
        ("leaves_shop:app", ["can't be imported", "SystemExit: 3"]),
        ("typo_shop:app", ["can't be imported", "SyntaxError"]),
        ("lacks_shop:app", ["can't be imported", "No module named 'missing_package'"]),
    ],
)
def test_an_application_that_can_not_be_served(
    settings: BuildSettings, app_folder: Path, app: str, parts: list[str]
) -> None:
    """The error has the application's part of the traceback, without secrets and our frames."""
    (app_folder / "broken_shop.py").write_text("SECRET = 'a-secret-of-the-app'\n1 / 0  # SECRET\n")
    (app_folder / "leaves_shop.py").write_text("raise SystemExit(3)\n")
    (app_folder / "typo_shop.py").write_text("def app(:\n")
    (app_folder / "lacks_shop.py").write_text("import missing_package\n")
    runner = CertificationRunner(settings(TARGET, app=app, api="127.0.0.1:0"))
    with pytest.raises(UsageError) as caught:
        runner.start()
    text = str(caught.value)
    for part in ("--mews-app", *parts):
        assert part in text
    assert "served_app.py" not in text
    assert "importlib" not in text
    assert "a-secret-of-the-app" not in text


def test_uvicorn_is_missing(settings: BuildSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy is its installation."""
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "uvicorn" else find_spec(name)
    )
    runner = CertificationRunner(settings(TARGET, app="asgi_shop:app"))
    with pytest.raises(UsageError, match="pip install uvicorn"):
        runner.start()


def test_the_port_is_in_use(settings: BuildSettings) -> None:
    """The error names the address."""
    options = settings(TARGET, app="asgi_shop:app")
    with CertificationRunner(options):
        assert options.service is not None
        url = f"http://127.0.0.1:{options.service.port}/"
        second = CertificationRunner(settings(url, app="asgi_shop:app"))
        with pytest.raises(UsageError, match=r"can't be served on 127.0.0.1:.* in use"):
            second.start()


async def _coroutine_function(_scope: object, _receive: object, _send: object) -> None: ...


def _asgi_wrapper(_scope: object, _receive: object, _send: object) -> object: ...


def _wsgi(_environ: object, _start_response: object, _debug: object = None) -> list[bytes]:
    return []


class _AsgiObject:
    async def __call__(self, scope: object, receive: object, send: object) -> None: ...


class _WsgiObject:
    def __call__(self, environ: object, start_response: object) -> list[bytes]:
        return []


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        (_coroutine_function, True),
        (_asgi_wrapper, True),
        (_AsgiObject(), True),
        (_wsgi, False),
        (_WsgiObject(), False),
        (dict.get, False),
    ],
)
def test_the_interface_is_recognised(application: Callable[..., object], *, expected: bool) -> None:
    """By the kind of the function, or the number of its arguments."""
    assert is_asgi(application) is expected
