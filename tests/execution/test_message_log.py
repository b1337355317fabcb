"""The message that ended a service is told from what it received, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_mews.execution.message_log import MessageLog
from pytest_mews.execution.service_watch import Absence
from pytest_mews.execution.suspects import build_death
from pytest_mews.model import Exchange, Message, Outcome, Validity, WebhookKind
from pytest_mews.model.death import describe_death, describe_end
from pytest_mews.model.exchange import HEALTH_CHECK

REFUSED, RESET = Outcome.CONNECTION_REFUSED, Outcome.CONNECTION_RESET
AWAY = Absence(30.0, returned=False)


class Log:
    """A log, written as a script."""

    def __init__(self) -> None:
        self.log = MessageLog()

    def note(  # noqa: PLR0913 - what a test wants to choose
        self,
        at_ms: float,
        scenario_id: str,
        description: str,
        answer: int | Outcome = 202,
        *,
        hostile: bool = False,
        label: str = "message",
        reused: bool = False,
    ) -> None:
        """Note a message that was answered within a millisecond."""
        outcome = Outcome.DELIVERED
        if isinstance(answer, Outcome):
            outcome = answer
        elif answer >= 300:
            outcome = Outcome.ERROR_STATUS
        exchange = Exchange("POST", "http://x/", (), 1, outcome, at_ms, at_ms + 1)
        exchange = replace(
            exchange,
            status=None if isinstance(answer, Outcome) else answer,
            request_number=2 if reused else 1,
        )
        validity = Validity.INVALID if hostile else Validity.DOCUMENTED
        message = Message(WebhookKind.GENERAL, b"", (), description, validity=validity)
        self.log.note_exchange(scenario_id, label, message, exchange)

    def described(self) -> list[str]:
        """Return the descriptions of the suspects, the most likely first."""
        return [entry.description for entry in self.log.suspects()]


def test_an_acknowledged_null_event_is_blamed_before_the_messages_after_it() -> None:
    """A service that dies 0.3 s later acknowledges innocent messages meanwhile."""
    log = Log()
    log.note(0, "PROC-27", "a null event", hostile=True)
    log.note(10, "PROC-27", "1 event")
    log.note(200, "PROC-34", "another event")
    log.note(310, "PROC-34", "a third event", REFUSED)
    assert log.described() == ["a null event"]
    death = build_death(log.log.suspects(), AWAY, None)
    assert (death.scenario_id, death.message) == ("PROC-27", "a null event")
    assert death.validity is Validity.INVALID


def test_a_hostile_message_that_the_service_survived_is_not_blamed() -> None:
    """It answered others for longer than a message needs to end it."""
    log = Log()
    log.note(0, "ERR-05", "an array", hostile=True)
    log.note(400, "ERR-05", "a valid message", label=HEALTH_CHECK)
    log.note(510, "ERR-05", "a null event", hostile=True)
    log.note(520, "ERR-05", "a valid message", label=HEALTH_CHECK)
    log.note(900, "ERR-05", "a valid message", REFUSED, label=HEALTH_CHECK)
    assert log.described() == ["a null event"]


@pytest.mark.parametrize("answer", [RESET, 500])
def test_a_message_that_got_no_answer_is_the_most_likely(answer: int | Outcome) -> None:
    """The service ended, or failed, while it read it."""
    log = Log()
    log.note(0, "REC-01", "first")
    log.note(10, "REC-01", "second", answer)
    log.note(20, "REC-01", "third", REFUSED if isinstance(answer, Outcome) else answer)
    assert log.described() == ["second", "first"]


def test_an_idle_connection_that_was_closed_shows_no_death() -> None:
    """A sound service closes idle connections."""
    log = Log()
    log.note(0, "REC-01", "first")
    log.note(5000, "REC-01", "second", RESET, reused=True)
    log.note(5010, "REC-01", "second")
    log.note(6000, "REC-02", "third")
    log.note(6010, "REC-02", "fourth", REFUSED)
    assert log.described() == ["third"]


@pytest.mark.parametrize("answer", [RESET, 501])
def test_an_error_before_a_sign_of_life_is_no_death(answer: int | Outcome) -> None:
    """The service refuses a method with 501, and dies later, which only a look noticed."""
    log = Log()
    log.note(0, "ERR-03", "unknown property", hostile=True)
    log.note(10, "ERR-06", "method DELETE", answer)
    log.note(20, "ERR-06", "a valid message", label=HEALTH_CHECK)
    log.note(9000, "ERR-05", "a null event", hostile=True)
    log.note(9010, "ERR-05", "a valid message", RESET, label=HEALTH_CHECK, reused=True)
    assert log.described() == ["a null event"]


def test_several_suspects_are_named_as_such() -> None:
    """Nobody can tell which of the last messages ended the service: no scenario is blamed."""
    log = Log()
    log.note(0, "REC-02", "new before")
    log.note(400, "INT-01", "created")
    log.note(410, "INT-02", "enabled")
    log.note(420, "INT-02", "disabled", REFUSED)
    death = build_death(log.log.suspects(), AWAY, None)
    assert (death.scenario_id, death.suspects) == ("", ("INT-01", "INT-02", "REC-02"))
    text = describe_death(death)
    assert 'of one of these messages: "enabled", "created" or "new before"' in text
    assert "run each of these scenarios alone" in text


def test_a_message_like_one_that_it_survived_is_less_likely() -> None:
    """The service took the same kind of message before."""
    log = Log()
    log.note(0, "REC-02", "1 event")
    log.note(1000, "REC-02", "customer added")
    log.note(1010, "REC-02", "1 event")
    log.note(1020, "REC-02", "1 event", REFUSED)
    death = build_death(log.log.suspects(), AWAY, None)
    assert death.scenario_id == "REC-02"
    assert describe_end(death) == (
        'the service died of one of these messages: "customer added" or "1 event"'
    )


def test_the_death_before_the_service_came_back() -> None:
    """A supervisor may have restarted it before anybody looked; the time without it is known."""
    log = Log()
    log.note(0, "ERR-05", "a null event", hostile=True)
    log.note(10, "ERR-05", "a valid message", REFUSED, label=HEALTH_CHECK)
    log.note(1510, "ERR-05", "a valid message", label=HEALTH_CHECK)
    assert log.described() == ["a null event"]
    assert log.log.gone_s(9000.0) == pytest.approx(1.501)


def test_an_earlier_death_is_over() -> None:
    """A death that only a look noticed, after its message and a health check were accepted."""
    log = Log()
    log.note(0, "PROC-27", "2 events and a null", hostile=True)
    log.note(10, "PROC-27", "1 event", REFUSED)
    log.log.note_return(5000.0)
    log.note(6000, "ERR-05", "a null event", hostile=True)
    log.note(6005, "ERR-05", "a valid message", label=HEALTH_CHECK)
    assert log.described() == ["a null event"]
    assert log.log.gone_s(9000.0) == 0.0
