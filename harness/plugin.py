"""The pytest plugin: options and fixtures, and nothing else until one of them is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from pytest_mews.options import OPTIONS

if TYPE_CHECKING:
    from pytest_mews.emulator.connector_api.in_process import InProcessConnectorApi
    from pytest_mews.emulator.websocket.websocket_fixture import MewsWebSocket


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
def mews_api() -> Iterator[InProcessConnectorApi]:
    """Answer what a test sends to https://api.mews.com or https://api.mews-demo.com with requests.

    Gives what answers: `mews_api.twin` has the calls, `mews_api.tenants` the tokens that are right,
    and any id exists as soon as it is asked for. Requests to other hosts are refused meanwhile.
    """
    from pytest_mews.emulator.connector_api.in_process import in_process  # noqa: PLC0415 - the lazy door

    with in_process() as door:
        yield door


@pytest.fixture
def mews_websocket() -> Iterator[MewsWebSocket]:
    """Serve Mews's WebSocket on a free port: connect a client, send events, assert.

    Gives the server of the test: `mews_websocket.address` is where a client connects to,
    `mews_websocket.tenants` has the tokens that are right, `send` sends events, `openings` and
    `connections` tell what the client did.
    """
    from pytest_mews.emulator.websocket.websocket_fixture import in_test  # noqa: PLC0415 - the lazy door

    with in_test() as door:
        yield door


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say it where options are given that do nothing because the target was forgotten."""
    given = [o.flag for o in OPTIONS if getattr(config.option, o.dest) is not None]
    if not given or _has_target(config):
        return None
    return f"mews: {given[0]} without --mews-target: nothing is certified"


def _has_target(config: pytest.Config) -> bool:
    return config.option.mews_target is not None or bool(config.getini("mews_target"))


def pytest_configure(config: pytest.Config) -> None:
    """Take part where a target is given; without one nothing more is imported."""
    if _has_target(config):
        from pytest_mews.session.certification_plugin import register  # noqa: PLC0415 - the lazy door

        register(config)
    elif config.option.mews_replay:
        raise pytest.UsageError("--mews-replay: needs an endpoint to send to. Give --mews-target.")
