"""Commands for devices: looked up, carried out, reported; one after the other.

The event names a command alone. What is to be done is asked for by its id
(`commands/getAllByIds`), or comes with the commands that are still active when a connection is
open again (`commands/getAllActive`). `commands/update` says that it is done, and only then is it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_mews.demo.processing.api_client import Connector, Reply
from pytest_mews.demo.processing.backoff import OK, passes, pause_s
from pytest_mews.demo.websocket.client_options import ClientOptions

ACTIVE = frozenset({"Pending", "Received", "Processing"})
MOST = 1000  # ids in a request


@dataclass(frozen=True)
class Task:
    """What to ask for: commands by their ids, or all active ones where there are none.

    `told_s` is when it was noted, in seconds.
    """

    enterprise_id: str
    ids: tuple[str, ...] = ()
    told_s: float = field(default_factory=time.monotonic)


class Commands:
    """Works on the commands of all enterprises, in a thread of its own, until it is closed.

    Args:
        connector: makes the requests; closed together with this.
        credential: gives the access token of an enterprise; None where there is none.
        habits: of the client.

    """

    def __init__(
        self,
        connector: Connector,
        credential: Callable[[str], str | None],
        habits: ClientOptions,
    ) -> None:
        self._connector, self._credential, self._habits = connector, credential, habits
        self._tasks: queue.Queue[Task | None] = queue.Queue()
        self._done: set[tuple[str, str]] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="mews-demo-commands", daemon=True)
        self._thread.start()

    def note(self, task: Task) -> None:
        """Take in what is to be asked for."""
        self._tasks.put(task)

    def close(self) -> None:
        """End at once, whatever is waited for."""
        self._closing.set()
        self._tasks.put(None)
        self._connector.close()
        self._thread.join()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            due_s = task.told_s + self._habits.late_s * bool(task.ids)
            if not self._closing.wait(max(0.0, due_s - time.monotonic())):
                self._carry_out(task.enterprise_id, self._find(task))

    def _find(self, task: Task) -> Iterable[Mapping[str, Any]]:
        """Ask what the commands are; of those that are over nothing has to be done."""
        if not task.ids:
            found = self._ask(task.enterprise_id, "commands/getAllActive", {})
            return found if self._habits.heeds_active else ()
        if not self._habits.looks_up:
            return [{"Id": each, "State": "Pending"} for each in task.ids]
        found = []
        for at in range(0, len(task.ids), MOST):
            some = {"CommandIds": list(task.ids[at : at + MOST]), "Limitation": {"Count": MOST}}
            found += self._ask(task.enterprise_id, "commands/getAllByIds", some)
        return found

    def _carry_out(self, enterprise_id: str, commands: Iterable[Mapping[str, Any]]) -> None:
        for command in commands:
            key = (enterprise_id, str(command.get("Id")))
            over = command.get("State") not in ACTIVE or key in self._done
            if over and not self._habits.forgetful:
                continue
            # Here a printer would print, or a terminal would take a payment.
            if self._habits.reports is not None:
                report = {"CommandId": key[1], "State": self._habits.reports}
                self._ask(enterprise_id, "commands/update", report)
            self._done.add(key)

    def _ask(
        self, enterprise_id: str, operation: str, body: Mapping[str, Any]
    ) -> Sequence[Mapping[str, Any]]:
        """Make a request until it is answered, or can't be; gives the commands of the answer."""
        failures = 0
        while not self._closing.is_set():
            credential = self._credential(enterprise_id)
            if credential is None:
                return ()
            reply = self._connector.call(operation, credential, body)
            if reply.status == OK and reply.document is not None:
                return _commands(reply)
            again = passes(reply) and operation not in self._habits.gives_up_on
            if not again or self._closing.wait(pause_s(reply, failures)):
                return ()
            failures += 1
        return ()


def _commands(reply: Reply) -> Sequence[Mapping[str, Any]]:
    assert reply.document is not None
    found = reply.document.get("Commands", [])
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
