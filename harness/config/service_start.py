"""How the harness starts the service under test: --mews-start, --mews-app, and the port."""

from __future__ import annotations

import re
import secrets
import shlex
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pytest_mews.config.command_secrets import redact_assignments
from pytest_mews.config.endpoint import check_url, format_address, is_loopback
from pytest_mews.errors import HarnessError, UsageError
from pytest_mews.redaction import redact_url

START, APP, INSTANCES = "--mews-start", "--mews-app", "--mews-instances"
ADDRESS_VARIABLES = {"--mews-api": "MEWS_API_URL", "--mews-websocket": "MEWS_WEBSOCKET_URL"}
PORT = "{port}"
"""The placeholder for the port, in the command and in the URLs of the endpoint."""
LOOPBACK, DEMO = "127.0.0.1", "demo"
_APP_EXAMPLE = "Give the module and the application in it, such as app:app or shop.main:create()."
_APP = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\(\))?")
_PATH_EXAMPLE = "Give a path that begins with /, such as /webhooks/mews, or the full URL."
_NO_PORT = "00000"
_PORTS, _ATTEMPTS = range(20_000, 32_768), 100  # below those that systems choose themselves


@dataclass(frozen=True)
class ServiceStart:
    """What the harness starts, and the port that it listens on.

    Attributes:
        words: the command with its arguments, as the user gave them; empty with --mews-app.
        app: the application, `module:name` or `module:factory()`; empty with --mews-start.
        port: the port that `{port}` stands for.

    """

    words: tuple[str, ...]
    app: str
    port: int

    @property
    def option(self) -> str:
        """The option that the user gave."""
        return APP if self.app else START

    @property
    def command(self) -> tuple[str, ...]:
        """The command with its arguments and the port."""
        return tuple(self.fill(word) for word in self.words)

    @property
    def shown(self) -> str:
        """The value of the option, without the values that the command assigns to variables."""
        return self.app or " ".join(map(_quote, redact_assignments(self.words)))

    def fill(self, text: str) -> str:
        """Return a text with the port in the place of `{port}`."""
        return text.replace(PORT, str(self.port))

    def at_another_port(self) -> ServiceStart:
        """Return how to start another instance: at a free port."""
        return replace(self, port=_free_port())


def redact_template(url: str) -> str:
    """Redact a URL as `redact_url` does, but keep `{port}`, which is no port of a valid URL."""
    return redact_url(url.replace(PORT, _NO_PORT)).replace(f":{_NO_PORT}", f":{PORT}")


def expand_path(target: str, *, is_started: bool) -> str:
    """Return a target that is only a path as a URL on the loopback, if the harness starts it."""
    return f"http://{LOOPBACK}:{PORT}{target}" if is_started and target[:1] == "/" else target


def as_typed(target: str) -> str:
    """Return a target without what `expand_path` adds to a path."""
    return target.removeprefix(f"http://{LOOPBACK}:{PORT}")


def parse_service_start(
    command: str | None, app: str | None, urls: dict[str, str], *, target: str
) -> ServiceStart | None:
    """Parse --mews-start and --mews-app, and choose the port.

    The port is that of the first URL; if that has `{port}`, or if there is none, a free one.

    Args:
        command: the value of --mews-start, if any.
        app: the value of --mews-app, if any.
        urls: the URLs of the endpoint by their option, maybe with `{port}`.
        target: the value of --mews-target.

    Raises:
        UsageError: both are given, one of them is wrong, or a URL doesn't fit.

    """
    if command is None and app is None:
        for option, url in urls.items():
            if PORT in url:
                problem = f"has {PORT}, which stands for the port of a service that we start"
                remedy = f"Give the port, or {START} COMMAND or {APP} MODULE:APP as well."
                raise UsageError(option, redact_template(url), problem, remedy)
        return None
    if command is not None and app is not None:
        raise UsageError(APP, app, f"can't be combined with {START}", "Give one of them.")
    if target.partition(":")[0] == DEMO:
        option, value = (APP, app) if command is None else (START, command)
        problem, remedy = "can't be used with the demo partner", "Leave it out, or name the URL."
        raise UsageError(option, value, problem, remedy)
    words = () if command is None else _split(command)
    if app is not None and not _APP.fullmatch(app):
        raise UsageError(APP, app, "is not MODULE:APP", _APP_EXAMPLE)
    free = _free_port()
    ports = [
        port
        for option, url in urls.items()
        if (port := _port_of(check_url(option, url.replace(PORT, str(free)), _PATH_EXAMPLE)))
    ]
    if app is not None:
        _check_served(app, urls)
    return ServiceStart(words, app or "", next(iter(ports), free))


def check_several_ports(count: int, service: ServiceStart | None, urls: Mapping[str, str]) -> None:
    """Check that several instances of the service can run at the same time.

    Args:
        count: the value of --mews-instances.
        service: how the harness starts the service; None if it runs already.
        urls: the URLs of the endpoint by their option, maybe with `{port}`.

    Raises:
        UsageError: they can't.

    """
    if service is None:
        problem = "is for a service that the harness starts, and this one runs already"
        remedy = f"Give {START} COMMAND as well, or leave it out."
        raise UsageError(INSTANCES, str(count), problem, remedy)
    if service.app:
        problem = f"can't be used with {APP}: one process has one application"
        remedy = f"Give {START} COMMAND instead, or leave it out."
        raise UsageError(INSTANCES, str(count), problem, remedy)
    for option, url in urls.items():
        if PORT not in url:
            problem = f"has one port, and {INSTANCES} {count} needs {count}"
            remedy = f"Write {PORT} in the place of the port, or give a path."
            raise UsageError(option, redact_url(url), problem, remedy)


def check_free_servers(count: int, servers: Mapping[str, tuple[str, int] | None]) -> None:
    """Check that each instance of the service can have emulators of its own.

    Args:
        count: the value of --mews-instances.
        servers: the host and port of each emulator by its option; None where it doesn't run.

    Raises:
        UsageError: an emulator has a port, and so there is only one.

    """
    for option, address in servers.items():
        if address is not None and address[1] != 0:
            problem = f"has one port, and {INSTANCES} {count} needs {count}"
            remedy = f"Give port 0: each instance learns its own in {ADDRESS_VARIABLES[option]}."
            raise UsageError(option, format_address(*address), problem, remedy)


def _split(command: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        problem = f"can't be split into words: {str(error).lower()}"
        raise UsageError(START, command, problem, "Close every quotation mark.") from None
    if not words:
        remedy = f'Give one such as "uvicorn app:app --port {PORT}".'
        raise UsageError(START, command, "is no command", remedy)
    return words


def _quote(word: str) -> str:
    """Quote a word for a shell; `{port}` alone needs no quotation marks."""
    filled = word.replace(PORT, "0")
    return word if shlex.quote(filled) == filled else shlex.quote(word)


def _check_served(app: str, urls: dict[str, str]) -> None:
    """Check that an application can be served at the URLs."""
    if not urls:
        remedy = f"Give --mews-target and the path of the endpoint, or {START} for a client."
        raise UsageError(APP, app, "serves webhooks, and there is no endpoint for them", remedy)
    for option, url in urls.items():
        filled = url.replace(PORT, "1")
        if urlsplit(filled).scheme != "http" or not is_loopback(filled):
            remedy = f"Give a path, such as /webhooks/mews, or http://{LOOPBACK}:{PORT}/…"
            raise UsageError(
                option,
                redact_template(url),
                f"is not where {APP} serves: http on the loopback",
                remedy,
            )


def _port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def _free_port() -> int:
    """Return a free port that no outgoing connection gets, so that it stays free for a restart."""
    for _ in range(_ATTEMPTS):
        port = _PORTS[secrets.randbelow(len(_PORTS))]
        with suppress(OSError), socket.create_server((LOOPBACK, port)):
            return port
    raise HarnessError(f"no port from {_PORTS[0]} to {_PORTS[-1]} is free")
