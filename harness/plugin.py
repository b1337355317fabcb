"""The pytest plugin: options and fixtures. It imports the rest only when a run needs it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from pytest_mews.options import OPTIONS
from pytest_mews.plain_imports import import_plainly

if TYPE_CHECKING:
    from pytest_mews.kit.loop_thread import LoopThread
    from pytest_mews.kit.mews_api import MewsApi
    from pytest_mews.kit.mews_websocket import MewsWebSocket
    from pytest_mews.kit.webhooks import MewsWebhooks
    from pytest_mews.model import Message


import_plainly()

STARTING = ("mews_start", "mews_app")  # they start what --mews-target certifies


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the group `mews`, each with an ini key of the same name."""
    group = parser.getgroup("mews", "certification of a Mews webhook endpoint (pytest-mews)")
    for option in OPTIONS:
        if option.kind == "flag":
            group.addoption(
                option.flag, dest=option.dest, action="store_true", default=None, help=option.help
            )
            parser.addini(option.dest, option.help, type="bool", default=None)
        else:
            group.addoption(
                option.flag,
                dest=option.dest,
                metavar=option.metavar,
                action="append" if option.kind == "values" else "store",
                default=None,
                help=option.help,
            )
            if option.kind == "values":
                parser.addini(option.dest, option.help, type="linelist", default=None)
            else:
                parser.addini(option.dest, option.help, type="string", default=None)


@pytest.fixture
def mews_api(request: pytest.FixtureRequest) -> Iterator[MewsApi]:
    """Emulate the Connector API, in this process for requests, httpx and aiohttp, and on a socket.

    Answers requests to https://api.mews.com and https://api.mews-demo.com; whatever else would
    reach a host of Mews is refused. `mews_api.url` is the address for other clients,
    `mews_api.fetched` and `wait_until_fetched` say what was fetched, `calls()` returns all calls,
    `inject_fault` injects a fault, `tenants` has the valid tokens. An entity with any id exists.
    """
    from pytest_mews.kit.failure_sections import describe_on_failure  # noqa: PLC0415 - lazily
    from pytest_mews.kit.mews_api import MewsApi  # noqa: PLC0415 - lazily

    with MewsApi() as connector_api:
        describe_on_failure(request, "mews_api", connector_api.describe)
        yield connector_api


@pytest.fixture(scope="session")
def _mews_loop_thread() -> Iterator[LoopThread]:
    """Run the ASGI applications of all tests in one event loop."""
    from pytest_mews.kit.loop_thread import LoopThread  # noqa: PLC0415 - lazily

    with LoopThread() as loop_thread:
        yield loop_thread


@pytest.fixture
def mews_webhooks(
    request: pytest.FixtureRequest, _mews_loop_thread: LoopThread
) -> Iterator[MewsWebhooks]:
    """Deliver messages as Mews does, to an application, a test client or a URL.

    `mews_webhooks.deliver(app, customer_added())` returns the delivery with its attempts; set
    `path` and `token` first. If the test has the fixture `mews_api` too, the emulator knows what
    the messages announce.
    """
    from pytest_mews.kit.failure_sections import describe_on_failure  # noqa: PLC0415 - lazily
    from pytest_mews.kit.webhooks import MewsWebhooks  # noqa: PLC0415 - lazily

    with MewsWebhooks(_apply_to_api(request), _mews_loop_thread) as webhooks:
        describe_on_failure(request, "mews_webhooks", webhooks.describe)
        yield webhooks


@pytest.fixture
def mews_websocket(request: pytest.FixtureRequest) -> Iterator[MewsWebSocket]:
    """Emulate Mews's WebSocket server on a free port: connect a client, send events, assert.

    A client connects to `mews_websocket.url` with `mews_websocket.headers()`; `send` sends events;
    `handshakes` and `connections` show what the client did. If the test has the fixture `mews_api`
    too, the emulator knows what the events announce.
    """
    from pytest_mews.kit.failure_sections import describe_on_failure  # noqa: PLC0415 - lazily
    from pytest_mews.kit.mews_websocket import serve_websocket  # noqa: PLC0415 - lazily

    with serve_websocket(before_send=_apply_to_api(request)) as server:
        describe_on_failure(request, "mews_websocket", server.describe)
        yield server


def _apply_to_api(request: pytest.FixtureRequest) -> Callable[[Message], object]:
    """Return what tells the Connector API emulator of the same test about a message, if any."""
    if "mews_api" not in request.fixturenames:
        return lambda _: None
    connector_api: MewsApi = request.getfixturevalue("mews_api")
    return connector_api.apply_message


def pytest_report_header(config: pytest.Config) -> str | None:
    """Tell the user if options have no effect because --mews-target is missing."""
    flags = [o.flag for o in OPTIONS if getattr(config.option, o.dest) is not None]
    if not flags or _has_target(config):
        return None
    return f"mews: {flags[0]} has no effect without --mews-target; nothing is certified"


def _has_target(config: pytest.Config) -> bool:
    return config.option.mews_target is not None or bool(config.getini("mews_target"))


def refuse_windows(platform: str) -> None:
    """Refuse to certify on Windows, where nothing of this was ever run.

    Args:
        platform: as in `sys.platform`.

    Raises:
        pytest.UsageError: it is Windows.

    """
    if platform == "win32":
        raise pytest.UsageError(
            "pytest-mews: a certification doesn't run on Windows. Run it in WSL or in a Linux "
            "container; the endpoint may run on Windows."
        )


def pytest_configure(config: pytest.Config) -> None:
    """Register the certification if there is a target; import nothing more if there is none."""
    if _has_target(config):
        refuse_windows(sys.platform)
        from pytest_mews.session.certification_plugin import register  # noqa: PLC0415 - lazily

        register(config)
    elif config.option.mews_replay:
        raise pytest.UsageError("--mews-replay: needs an endpoint. Give --mews-target as well.")
    elif option := next((name for name in STARTING if getattr(config.option, name)), None):
        flag = f"--{option.replace('_', '-')}"
        remedy = "Give --mews-target with the path of the endpoint, such as /webhooks/mews."
        raise pytest.UsageError(f"{flag}: needs an endpoint. {remedy}")
