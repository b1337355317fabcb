"""The service that a run starts and stops, as --mews-start or --mews-app says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Self
from urllib.parse import urlsplit

from pytest_mews.config.endpoint import format_address, is_loopback
from pytest_mews.config.service_start import ServiceStart
from pytest_mews.config.settings import Settings
from pytest_mews.delivery import accepts_connections
from pytest_mews.service.served_app import ServedApp
from pytest_mews.service.service_log import ServiceLog, log_name
from pytest_mews.service.service_process import ServiceProcess
from pytest_mews.service.service_variables import (
    TenantFiles,
    process_variables,
    service_variables,
)

Report = Callable[[str], None]
"""A callback: what the start waits for, for people."""


class StartedService:
    """Starts the service, starts it again after a death, and stops it; a context manager.

    Args:
        settings: what the user chose.
        start: how to start it.
        instance: its number, from 1, if several instances of it run.
        now_ms: the run's clock.
        redact: removes the secrets from a text.

    Attributes:
        log: what the service wrote.

    """

    def __init__(
        self,
        settings: Settings,
        start: ServiceStart,
        instance: int,
        now_ms: Callable[[], float],
        redact: Callable[[str], str],
    ) -> None:
        self._settings, self._start, self._redact = settings, start, redact
        self._instance = instance
        self.log = ServiceLog(settings.report / log_name(instance), now_ms, redact)
        self._process: ServiceProcess | None = None
        self._is_left_behind = False
        self._report: Report = lambda _: None
        self._running = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()
        if self._process is not None and self._process.outlives_end(self._is_listening):
            self._report(self._left_behind)

    def start(
        self,
        api_url: str | None,
        websocket_url: str | None,
        report: Report,
        explain_end: Callable[[], str] = str,
    ) -> None:
        """Start it, and wait until it listens.

        Args:
            api_url: the address of the Connector API emulator; None if none runs.
            websocket_url: the address of the WebSocket emulator; None if none runs.
            report: is called with descriptions of the wait.
            explain_end: returns a sentence that says why its process may have ended at its start;
                empty if nothing is known.

        Raises:
            UsageError: it can't be started, or does not listen in time.

        """
        settings, self._report = self._settings, report
        self._running.enter_context(self.log)
        files = self._running.enter_context(TenantFiles(settings.tenants))
        variables = process_variables(
            service_variables(settings, self._instance, api_url, websocket_url, files)
        )
        urls, timeout_s = settings.endpoint.urls, settings.restart_timeout_s
        if self._start.app:
            host = urlsplit(urls[0]).hostname or ""
            address = (host, self._start.port)
            app = ServedApp(self._start.app, address, variables, self.log, self._redact)
            self._running.enter_context(app).start(timeout_s, report)
            return
        process = ServiceProcess(
            self._start.command,
            self._redact(self._start.shown),
            variables,
            self.log,
            self._redact,
            explain_end,
        )
        self._process = self._running.enter_context(process)
        if not urls:
            process.start(report)
            process.keep_running()
            return
        url = urls[0]
        if is_loopback(url):
            process.check_free(lambda: accepts_connections(url), _address_of(url))
        process.start(report)
        process.wait_until_listening(
            lambda: accepts_connections(url), _address_of(url), timeout_s, report
        )

    @property
    def can_restart(self) -> bool:
        """Whether it is a process with an endpoint, which can be restarted."""
        return not self._start.app and bool(self._settings.endpoint.urls)

    def restart(self) -> bool:
        """Restart its process as a deployment does; it may not listen yet.

        Returns:
            Whether it was restarted: not if its command leaves the service behind when it ends.

        """
        if self._process is not None:
            self._is_left_behind = not self._process.restart(self._is_listening)
        return not self._is_left_behind

    def revive(self) -> bool:
        """Start it again if its process has ended; return whether it was started."""
        return self._process is not None and self._process.revive()

    @property
    def restart_count(self) -> int:
        """How often it was started again after it had ended."""
        return 0 if self._process is None else self._process.restart_count

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the run for the terminal and the report."""
        notes: tuple[str, ...] = (self._left_behind,) if self._is_left_behind else ()
        if count := self.restart_count:
            times = "once" if count == 1 else f"{count} times"
            note = f"The service was started again {times} after it had ended ({self.log.name})."
            notes += (note,)
        if self.log.problem:
            notes += (f"{self.log.name} could not be written ({self.log.problem}).",)
        return notes

    def _is_listening(self) -> bool:
        """Return whether the service listens; elsewhere than on the loopback others may."""
        urls = self._settings.endpoint.urls
        return bool(urls) and is_loopback(urls[0]) and accepts_connections(urls[0])

    @property
    def _left_behind(self) -> str:
        return (
            f"Something still listens on {_address_of(self._settings.endpoint.urls[0])}, although "
            "the service was ended with everything in its process group: stop it by hand. A "
            "container has to end with SIGTERM (docker run --init --rm, without --detach), and a "
            "program in another process group with the one that started it."
        )


def _address_of(url: str) -> str:
    """Return the host and the port of a URL."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return format_address(host, port)
