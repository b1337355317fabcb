"""Commands for devices: the partner looks them up, executes them, and reports their state.

An event has only the id and the state of a command. The partner gets its content by id
(`commands/getAllByIds`), or with all active commands after a reconnect (`commands/getAllActive`).
It reports a command as done with `commands/update`; only then is the command done.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_mews.demo.demo_thread import DemoThread, OnError, print_error
from pytest_mews.demo.processing.api_client import ApiClient
from pytest_mews.demo.processing.backoff import CONFLICT, OK, is_retryable, retry_pause_s
from pytest_mews.demo.websocket.client_options import PENDING, ClientOptions
from pytest_mews.mews.limits import IDS_PER_REQUEST

Command = Mapping[str, Any]

ACTIVE = frozenset({"Pending", "Received", "Processing"})


@dataclass(frozen=True)
class CommandLookup:
    """The commands to look up: by id, or all active ones if there are no ids.

    `created_at_s` is a time of the monotonic clock.
    """

    enterprise_id: str
    ids: tuple[str, ...] = ()
    created_at_s: float = field(default_factory=time.monotonic)


class CommandWorker:
    """Executes the commands of all enterprises one after another, in its own thread.

    Args:
        api_client: makes the requests; the worker closes it.
        credential: returns the access token of an enterprise; None if it has none.
        options: the behaviour of the client.
        on_error: called with the exception that ends the thread.

    """

    def __init__(
        self,
        api_client: ApiClient,
        credential: Callable[[str], str | None],
        options: ClientOptions,
        on_error: OnError = print_error,
    ) -> None:
        self._api_client, self._credential, self._options = api_client, credential, options
        self._lookups: queue.Queue[CommandLookup | None] = queue.Queue()
        self._done: set[tuple[str, str]] = set()
        self._closing = threading.Event()
        self._thread = DemoThread(self._work, "mews-demo-commands", on_error)
        self._thread.start()

    def add(self, lookup: CommandLookup) -> None:
        """Queue a lookup; the worker executes the commands that it finds."""
        self._lookups.put(lookup)

    def close(self) -> None:
        """End the thread at once, even during a request or a pause."""
        self._closing.set()
        self._lookups.put(None)
        self._api_client.close()
        self._thread.join()

    def _work(self) -> None:
        while (lookup := self._lookups.get()) is not None:
            due_s = lookup.created_at_s
            if lookup.ids:
                due_s += self._options.lookup_delay_s
            if not self._closing.wait(max(0.0, due_s - time.monotonic())):
                self._execute(lookup.enterprise_id, self._look_up(lookup))

    def _look_up(self, lookup: CommandLookup) -> Iterable[Command]:
        if not lookup.ids:
            active = self._call(lookup.enterprise_id, "commands/getAllActive", {})
            return active if self._options.executes_active_commands else ()
        if not self._options.looks_up_commands:
            return [{"Id": command_id, "State": PENDING} for command_id in lookup.ids]
        commands: list[Command] = []
        for start in range(0, len(lookup.ids), IDS_PER_REQUEST):
            ids = list(lookup.ids[start : start + IDS_PER_REQUEST])
            body = {"CommandIds": ids, "Limitation": {"Count": IDS_PER_REQUEST}}
            commands += self._call(lookup.enterprise_id, "commands/getAllByIds", body)
        return commands

    def _execute(self, enterprise_id: str, commands: Iterable[Command]) -> None:
        """Execute and report the commands that are active and that weren't executed before."""
        for command in commands:
            key = (enterprise_id, str(command.get("Id")))
            finished = command.get("State") not in ACTIVE or key in self._done
            if finished and not self._options.repeats_commands:
                continue
            # A real partner would print here, or take a payment on a terminal.
            if self._options.reported_state is not None:
                report = {"CommandId": key[1], "State": self._options.reported_state}
                self._call(enterprise_id, "commands/update", report)
            self._done.add(key)

    def _is_active(self, enterprise_id: str, command_id: str) -> bool:
        """Look a command up again, after it has changed; return whether it is still active."""
        body = {"CommandIds": [command_id], "Limitation": {"Count": 1}}
        commands = self._call(enterprise_id, "commands/getAllByIds", body)
        return any(command.get("State") in ACTIVE for command in commands)

    def _call(
        self, enterprise_id: str, operation: str, body: Mapping[str, Any]
    ) -> Sequence[Command]:
        """Call an operation until it succeeds; return the commands of the response.

        Returns none if there is no access token, or if the failure can't be retried.
        """
        failures = 0
        while not self._closing.is_set():
            credential = self._credential(enterprise_id)
            if credential is None:
                return ()
            response = self._api_client.call(operation, credential, body)
            if response.status == OK and response.document is not None:
                return _commands(response.document)
            retry = (
                is_retryable(response) and operation not in self._options.operations_without_retry
            )
            if response.status == CONFLICT and self._options.refreshes_after_conflict:
                retry = self._is_active(enterprise_id, str(body.get("CommandId")))
            if not retry or self._closing.wait(retry_pause_s(response, failures)):
                return ()
            failures += 1
        return ()


def _commands(document: Mapping[str, Any]) -> Sequence[Command]:
    commands = document.get("Commands", [])
    if not isinstance(commands, list):
        return []
    return [command for command in commands if isinstance(command, dict)]
