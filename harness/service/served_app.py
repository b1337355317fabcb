"""Serves the application of --mews-app in this process: ASGI by uvicorn, WSGI by werkzeug.

uvicorn is what nearly every ASGI service runs under, and only their projects need it; werkzeug is
a dependency already, and reads chunked bodies.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import io
import logging
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack, redirect_stderr, redirect_stdout, suppress
from types import ModuleType, TracebackType
from typing import Any, NoReturn, Protocol, Self, TextIO

from werkzeug.serving import BaseWSGIServer, ThreadedWSGIServer, WSGIRequestHandler

from pytest_mews.config.service_start import APP
from pytest_mews.errors import UsageError, did_you_mean
from pytest_mews.sanitize import one_line
from pytest_mews.service.service_log import ServiceLog

STOP_S = 5.0  # how long requests in progress may take at the end
POLL_S = 0.05
BACKLOG = 1024
SHOWN_LINES = 15
ASGI_ARGUMENTS = 3  # scope, receive, send; WSGI has environ and start_response


class _Server(Protocol):
    """A server in a thread of its own."""

    def start(self, is_late: Callable[[], bool]) -> str:
        """Start; return why it could not, or an empty text."""

    def stop(self) -> None:
        """Stop."""


class ServedApp:
    """An application that is imported and served in this process; a context manager.

    Its log is what it writes with `logging`, to `wsgi.errors`, and, in any thread but the main one,
    to the standard output and error; and what its server says. Meanwhile the folder in which pytest
    was started can be imported from, and the environment has the variables of the service.

    Args:
        app: `module:name` or `module:factory()`.
        address: the host and the port to listen on.
        variables: the environment variables for the application.
        log: receives the log.
        redact: removes the secrets from what errors show.

    """

    def __init__(
        self,
        app: str,
        address: tuple[str, int],
        variables: Mapping[str, str],
        log: ServiceLog,
        redact: Callable[[str], str],
    ) -> None:
        self._app, self._address, self._variables = app, address, variables
        self._log, self._redact = log, redact
        self._running = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def start(self, timeout_s: float, report: Callable[[str], None]) -> None:
        """Import the application and serve it; return when it listens.

        Args:
            timeout_s: how many seconds its start may take (`--mews-restart-timeout`).
            report: is called with a description of what was started.

        Raises:
            UsageError: the application can't be imported or started, or the port is in use.

        """
        self._running.enter_context(_Environment(self._variables))
        self._running.enter_context(_ImportFolder(os.getcwd()))  # noqa: PTH109 - as in sys.path
        listener = self._listen()
        self._running.callback(listener.close)
        stream = _LogStream(self._log)
        with redirect_stdout(stream), redirect_stderr(stream), _WithoutLogHandlers():
            application = self._load()
        self._running.enter_context(redirect_stdout(_ThreadOutput(sys.stdout, stream)))
        self._running.enter_context(redirect_stderr(_ThreadOutput(sys.stderr, stream)))
        if not _logs_to(stream):
            self._running.enter_context(_LogHandler(self._log))
        kind, server = self._build_server(application, listener)
        self._running.callback(server.stop)
        deadline_s = time.monotonic() + timeout_s
        if problem := server.start(lambda: time.monotonic() > deadline_s):
            lines = (one_line(self._redact(line)) for line in self._log.last_lines(SHOWN_LINES))
            self._fail(problem, "\n    ".join(("Its last lines:", *lines)))
        host, port = self._address
        report(f"serving {self._app} ({kind}) on {host}:{port} in this process")

    def _listen(self) -> socket.socket:
        host, port = self._address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            return socket.create_server((host, port), family=family, backlog=BACKLOG)
        except OSError as error:
            reason = os.strerror(error.errno).lower() if error.errno else str(error)
            remedy = "Stop what uses it, or leave the port out of --mews-target: give a path."
            self._fail(f"can't be served on {host}:{port}: {reason}", remedy)

    def _load(self) -> Callable[..., Any]:
        """Import the module, and find the application in it, or call its factory."""
        module_name, _, path = self._app.partition(":")
        if not _exists(module_name):
            remedy = f"Start the run in the folder that has it (this is {os.getcwd()})."  # noqa: PTH109
            self._fail(f"names no module: there is no {module_name!r}", remedy)
        found: Any = self._call("can't be imported", importlib.import_module, module_name)
        for name in path.removesuffix("()").split("."):
            if not hasattr(found, name):
                self._fail(f"has no {name!r}", did_you_mean(name, _public_names(found)))
            found = getattr(found, name)
        if path.endswith("()"):
            found = self._call("can't be created", found)
        if not callable(found) or isinstance(found, type | ModuleType):
            remedy = "Name an ASGI or WSGI application, or a factory with () behind its name."
            self._fail(f"is no application, but {type(found).__name__}", remedy)
        application: Callable[..., Any] = found
        return application

    def _call(self, problem: str, function: Callable[..., object], *arguments: object) -> object:
        """Call what runs code of the user; its errors become a UsageError with their traceback."""
        try:
            return function(*arguments)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the code raises
            lines = self._redact("".join(_own_traceback(error))).splitlines()
            self._fail(problem, "\n".join(("Correct the error in it:", *map(one_line, lines))))

    def _build_server(
        self, application: Callable[..., Any], listener: socket.socket
    ) -> tuple[str, _Server]:
        if not is_asgi(application):
            return "WSGI", _WsgiServer(application, listener, self._log)
        if importlib.util.find_spec("uvicorn") is None:
            self._fail("is an ASGI application, and uvicorn is missing", "pip install uvicorn")
        return "ASGI", _AsgiServer(application, listener)

    def _fail(self, problem: str, remedy: str) -> NoReturn:
        raise UsageError(APP, self._app, problem, remedy) from None


def is_asgi(application: Callable[..., Any]) -> bool:
    """Return whether an application is ASGI 3: a coroutine function, or one of three arguments."""
    call = type(application).__call__
    if inspect.iscoroutinefunction(application) or inspect.iscoroutinefunction(call):
        return True
    try:
        parameters = inspect.signature(application).parameters.values()
    except (TypeError, ValueError):
        return False
    required = [
        parameter
        for parameter in parameters
        if parameter.default is inspect.Parameter.empty
        and parameter.kind in {parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD}
    ]
    return len(required) == ASGI_ARGUMENTS


class _AsgiServer:
    """uvicorn in a thread."""

    def __init__(self, application: Callable[..., Any], listener: socket.socket) -> None:
        import uvicorn  # noqa: PLC0415 - only ASGI needs it

        config = uvicorn.Config(
            application,
            interface="asgi3",
            log_config=None,  # its loggers propagate to ours
            log_level="info",
            ws="none",
            timeout_graceful_shutdown=int(STOP_S),
        )
        self._server, self._listener = uvicorn.Server(config), listener
        self._thread = threading.Thread(target=self._run, name="mews-app", daemon=True)

    def start(self, is_late: Callable[[], bool]) -> str:
        """Start, and wait for the end of its lifespan startup."""
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                return "ended at its start"
            if is_late():
                return "does not finish its start in time (--mews-restart-timeout)"
            time.sleep(POLL_S)
        return ""

    def stop(self) -> None:
        """Stop after the requests in progress."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(STOP_S)
            self._server.force_exit = True
            self._thread.join(STOP_S)

    def _run(self) -> None:
        with suppress(SystemExit):  # a failed startup; the log says why
            self._server.run(sockets=[self._listener])


class _WsgiServer:
    """werkzeug's server, with a thread for each connection."""

    def __init__(
        self, application: Callable[..., Any], listener: socket.socket, log: ServiceLog
    ) -> None:
        host, port = listener.getsockname()[:2]
        self._server = ThreadedWSGIServer(host, port, application, fd=listener.fileno())
        self._server.daemon_threads = True
        self._server.log = _log_to(log)  # type: ignore[method-assign]
        errors = _LogStream(log)

        def handle(request: socket.socket, address: Any, server: BaseWSGIServer) -> _WsgiHandler:  # noqa: ANN401
            return _WsgiHandler(request, address, server, errors=errors, log=log)

        self._server.RequestHandlerClass = handle
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_S,), name="mews-app", daemon=True
        )

    def start(self, is_late: Callable[[], bool]) -> str:  # noqa: ARG002 - it starts at once
        """Start."""
        self._thread.start()
        return ""

    def stop(self) -> None:
        """Stop accepting; requests in progress end with the process."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(STOP_S)
        self._server.server_close()


class _WsgiHandler(WSGIRequestHandler):
    """Writes its lines, and what the application writes to `wsgi.errors`, to the log."""

    protocol_version = "HTTP/1.1"

    def __init__(
        self,
        request: socket.socket,
        address: Any,  # noqa: ANN401 - socketserver's
        server: BaseWSGIServer,
        *,
        errors: _LogStream,
        log: ServiceLog,
    ) -> None:
        self._errors, self._log = errors, log
        super().__init__(request, address, server)

    def make_environ(self) -> dict[str, Any]:
        """Return the environ of a request."""
        return {**super().make_environ(), "wsgi.errors": self._errors}

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log a request."""
        self.log("info", '"%s" %s %s', self.requestline, code, size)

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002, ARG002
        """Log a line."""
        self._log.write(f"{message % args}\n".encode())


class _LogStream(io.TextIOBase):
    """The log as a text stream."""

    def __init__(self, log: ServiceLog) -> None:
        self._log = log

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Write to the log."""
        self._log.write(text.encode("utf-8", "backslashreplace"))
        return len(text)


class _ThreadOutput(io.TextIOBase):
    """Writes to a stream in the main thread, which pytest uses, and to the log in all others."""

    def __init__(self, main: TextIO, log: _LogStream) -> None:
        self._main, self._log = main, log

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Write to the stream of this thread."""
        is_main = threading.current_thread() is threading.main_thread()
        return self._main.write(text) if is_main else self._log.write(text)

    def flush(self) -> None:
        """Flush the stream of the main thread."""
        self._main.flush()

    def fileno(self) -> int:
        """Return the file descriptor of the stream of the main thread."""
        return self._main.fileno()

    def isatty(self) -> bool:
        """Return whether the stream of the main thread is a terminal."""
        return self._main.isatty()


def _logs_to(stream: _LogStream) -> bool:
    """Return whether the application has configured logging to a stream when it was imported."""
    return any(getattr(handler, "stream", None) is stream for handler in logging.root.handlers)


def _log_to(log: ServiceLog) -> Callable[..., None]:
    def write(_type: str, message: str, *arguments: object) -> None:
        log.write(f"{message % arguments if arguments else message}\n".encode())

    return write


class _LogHandler(logging.Handler):
    """Writes every record that reaches the root logger to the log."""

    def __init__(self, log: ServiceLog) -> None:
        super().__init__()
        self._log = log
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self._log.write(f"{self.format(record)}\n".encode("utf-8", "backslashreplace"))


class _WithoutLogHandlers:
    """Hides the root logger's handlers, pytest's, from an application that configures logging.

    `logging.basicConfig` does nothing if there are any.
    """

    def __enter__(self) -> Self:
        self._before = logging.root.handlers[:]
        logging.root.handlers.clear()
        return self

    def __exit__(self, *_: object) -> None:
        logging.root.handlers[:0] = self._before


class _Environment:
    """Sets environment variables, and restores them at the end."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def __enter__(self) -> Self:
        self._before = dict(os.environ)
        os.environ.update(self._variables)
        for name in self._before.keys() - self._variables.keys():
            del os.environ[name]
        return self

    def __exit__(self, *_: object) -> None:
        for name in os.environ.keys() - self._before.keys():
            del os.environ[name]
        os.environ.update(self._before)


class _ImportFolder:
    """Puts a folder first in `sys.path`, and removes it at the end."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        sys.path.insert(0, self._folder)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ValueError):
            sys.path.remove(self._folder)


def _exists(module_name: str) -> bool:
    """Return whether there is a module; its packages are not imported for that."""
    importlib.invalidate_caches()
    return importlib.util.find_spec(module_name.partition(".")[0]) is not None


def _public_names(module: object) -> list[str]:
    """Return the names in a module, or of an object, that may be an application or a factory."""
    values = {name: getattr(module, name, None) for name in dir(module) if name[0] != "_"}
    own = getattr(module, "__name__", "")
    return [
        name
        for name, value in values.items()
        if callable(value)
        and not isinstance(value, type)
        and getattr(value, "__module__", own) in {own, type(value).__module__}
    ]


def _own_traceback(error: BaseException) -> list[str]:
    """Return the traceback of an error without the frames of the harness and of the import."""
    return traceback.format_exception(type(error), error, _without_frames(error.__traceback__))


def _without_frames(trace: TracebackType | None) -> TracebackType | None:
    machinery = (__file__, importlib.__file__)
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name not in machinery and not name.startswith("<frozen importlib"):
            return trace
        trace = trace.tb_next
    return None
