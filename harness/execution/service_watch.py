"""Notices that the service takes no messages any more, or only late, and waits until it does."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from pytest_mews.delivery import Clock
from pytest_mews.execution.message_log import NO_CONNECTION, SERVER_ERROR, MessageLog
from pytest_mews.model import Attempt, Death, Outcome

SECOND_LOOK_S = 0.2  # a process that is only restarting its listener refuses for less
POLL_INTERVAL_S = 0.1
# A response within this many times the usual time, or within half a second, shows no backlog.
PROMPT_FACTOR, MIN_PROMPT_MS = 4.0, 500.0


@dataclass(frozen=True)
class Absence:
    """The end of a wait.

    Attributes:
        waited_s: how long it took, in seconds.
        returned: whether the service came back.
        status: the error status of its last response; None if it gave none, or came back.

    """

    waited_s: float
    returned: bool
    status: int | None = None


class ServiceWatch:
    """Looks whether the service is there; several threads may use it.

    Args:
        is_listening: returns whether the service accepts connections.
        send: sends a new valid message in a single attempt.
        clock: for the pauses.
        timeout_s: how long the service is waited for (`--mews-restart-timeout`).
        revive: starts the service again if the harness runs it and it has ended. It is called only
            in a wait: a death that nothing has noticed would be no finding.

    Attributes:
        log: what the service received.
        death: what ended the service, if it did not come back.
        gone_until_ms: when a wait for it ended last, on the run's clock.

    """

    def __init__(
        self,
        is_listening: Callable[[], bool],
        send: Callable[[], Attempt],
        clock: Clock,
        timeout_s: float,
        revive: Callable[[], object] = lambda: None,
    ) -> None:
        self._is_listening, self._send, self._clock = is_listening, send, clock
        self._timeout_s, self._revive = timeout_s, revive
        self._waiting = Lock()  # one thread waits, the others wait for its result
        self._last_absence: Absence | None = None
        self._stays_late = False  # a wait until it is prompt was without success
        self._answers_any = False  # whether any message was answered in time during that wait
        self.death: Death | None = None
        self.log = MessageLog()
        self._returned: dict[str, Death] = {}  # by the scenario that ended the service
        self._reported: set[str] = set()  # scenarios whose results have their deaths
        self.gone_until_ms = -math.inf

    def note_return(self, death: Death, *, is_reported: bool) -> None:
        """Note a death after which the service came back, and whether a result has it."""
        if is_reported:
            self._reported.add(death.scenario_id)
        elif death.scenario_id:
            self._returned.setdefault(death.scenario_id, death)

    @property
    def unreported_deaths(self) -> tuple[Death, ...]:
        """The deaths that were noticed only after their scenarios had passed."""
        return tuple(death for name, death in self._returned.items() if name not in self._reported)

    def refuses_connections(self) -> bool:
        """Return whether the service accepts no connection, and still none a moment later."""
        if self._is_listening():
            return False
        self._clock.sleep(SECOND_LOOK_S)
        return not self._is_listening()

    def ends_within(self, seconds: float) -> bool:
        """Return whether the service accepts no connection any more within a time."""
        until_ms = self._clock.now_ms() + seconds * 1000
        while self._clock.now_ms() < until_ms:
            if not self._is_listening() and self.refuses_connections():
                return True
            self._clock.sleep(POLL_INTERVAL_S)
        return self.refuses_connections()

    def refuses_messages(self, since_ms: float) -> bool:
        """Return whether a new valid message is answered with 5xx, or not at all, a moment later.

        The one before was. A service that fails now and then is not gone, nor one that is too busy
        for some messages: it accepts those of other scenarios meanwhile.

        Args:
            since_ms: when the one before was sent, on the run's clock.

        """
        self._clock.sleep(SECOND_LOOK_S)
        return is_out(self._send()) and not self.log.accepts_new_since(since_ms)

    def wait_for_return(self, report: Callable[[str], None]) -> Absence:
        """Wait until a valid message is answered, and not with 5xx; for the timeout at most.

        After a wait without success, the next one is a single look.

        Args:
            report: is called again and again with a description of the wait.

        """
        with self._waiting:
            started_ms = self._clock.now_ms()
            while True:
                self._revive()
                attempt = self._send() if self._is_listening() else None
                self.gone_until_ms = self._clock.now_ms()
                waited_s = (self.gone_until_ms - started_ms) / 1000
                if attempt is not None and not is_out(attempt):
                    self._last_absence = None
                    gone_s = self.log.gone_s(self.gone_until_ms)
                    self.log.note_return(self.gone_until_ms)
                    return Absence(max(waited_s, gone_s), returned=True)
                if waited_s >= self._timeout_s or self._last_absence:
                    status = None if attempt is None else attempt.final_exchange.status
                    absence = Absence(waited_s, returned=False, status=status)
                    self._last_absence = self._last_absence or absence
                    return self._last_absence
                report(
                    f"the service is gone; waiting {waited_s:.0f} of {self._timeout_s:g} s for it"
                )
                self._clock.sleep(POLL_INTERVAL_S)

    @property
    def answers_nothing(self) -> bool:
        """Whether valid messages were not answered for the whole timeout, one after another."""
        return self._stays_late and not self._answers_any

    def wait_until_prompt(self, usual_ms: float, report: Callable[[str], None]) -> None:
        """Wait until a valid message is answered in about the usual time; for the timeout at most.

        A burst that is too much for the service leaves messages in it, which would delay those of
        the next scenario. After a wait without success there is no other.

        Args:
            usual_ms: how long a response takes without a backlog.
            report: is called again and again with a description of the wait.

        """
        prompt_ms = max(PROMPT_FACTOR * usual_ms, MIN_PROMPT_MS)
        with self._waiting:
            started_ms = self._clock.now_ms()
            if not self._stays_late:
                self._answers_any = False
            while not self._stays_late:
                attempt = self._send()
                answer_ms = attempt.final_exchange.answer_ms
                if attempt.outcome is not Outcome.TIMEOUT_ANSWER and (answer_ms or 0) <= prompt_ms:
                    return
                waited_s = (self._clock.now_ms() - started_ms) / 1000
                self._stays_late = waited_s >= self._timeout_s
                self._answers_any |= attempt.outcome is not Outcome.TIMEOUT_ANSWER
                report(
                    f"the service answers late; waiting {waited_s:.0f} of {self._timeout_s:g} s "
                    "for it to work off earlier messages"
                )
                self._clock.sleep(POLL_INTERVAL_S)


def is_out(attempt: Attempt) -> bool:
    """Return whether an attempt found no working service: no connection, or a 5xx."""
    return attempt.outcome in NO_CONNECTION or (
        attempt.outcome is Outcome.ERROR_STATUS
        and (attempt.final_exchange.status or 0) >= SERVER_ERROR
    )
