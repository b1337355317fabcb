"""Which signals interrupt a run, with a clock that the test sets."""

from __future__ import annotations

import signal
import sys

import pytest

from pytest_mews.session.signals import EXIT_S, GRACE_S, Interruption, SignalHandler
from tests.seconds_clock import SecondsClock


@pytest.fixture
def clock() -> SecondsClock:
    """A clock."""
    return SecondsClock()


@pytest.fixture
def repeated() -> list[int]:
    """The signals that were sent again."""
    return []


@pytest.fixture
def handler(clock: SecondsClock, pytestconfig: pytest.Config, repeated: list[int]) -> SignalHandler:
    """A handler that is not installed."""
    return SignalHandler(pytestconfig, clock, repeated.append)


def test_a_second_signal_does_not_interrupt_the_report(
    handler: SignalHandler, clock: SecondsClock
) -> None:
    """A run that does not end by then is interrupted again."""
    with pytest.raises(KeyboardInterrupt):
        handler.handle(signal.SIGINT, None)
    clock.now += GRACE_S - 0.1
    handler.handle(signal.SIGTERM, None)
    clock.now += 0.2
    with pytest.raises(KeyboardInterrupt):
        handler.handle(signal.SIGINT, None)


@pytest.mark.parametrize(
    ("number", "text"),
    [(signal.SIGINT, "Interruption: Ctrl-C"), (signal.SIGTERM, "Interruption: SIGTERM")],
)
def test_an_interruption_is_no_fault_of_the_harness(
    handler: SignalHandler, number: signal.Signals, text: str
) -> None:
    """Pytest adds the place in the code to what it shows as a KeyboardInterrupt only."""
    with pytest.raises(Interruption) as interruption:
        handler.handle(number, None)
    assert interruption.exconly() == text


def test_a_run_that_has_ended_writes_its_report(handler: SignalHandler) -> None:
    """A first signal while the report is written comes too late."""
    finishing = handler.pytest_sessionfinish()
    next(finishing)
    handler.handle(signal.SIGINT, None)


def test_a_program_that_goes_on_after_an_interrupted_run_can_be_ended(
    handler: SignalHandler, clock: SecondsClock
) -> None:
    """A signal is without effect only while Python would exit."""
    with pytest.raises(Interruption):
        handler.handle(signal.SIGTERM, None)
    clock.now += 1
    handler.end()
    clock.now += EXIT_S - 0.1
    handler.handle(signal.SIGTERM, None)
    clock.now += 0.2
    with pytest.raises(Interruption):
        handler.handle(signal.SIGTERM, None)


def test_an_interruption_that_python_swallows_is_sent_again(
    handler: SignalHandler, repeated: list[int]
) -> None:
    """What is raised in a finalizer has no effect, and the next signal interrupts at once."""

    class Finalized:
        def __del__(self) -> None:
            handler.handle(signal.SIGTERM, None)

    others = sys.unraisablehook
    running = handler.pytest_runtest_call()
    next(running)
    Finalized()
    with pytest.raises(StopIteration):
        next(running)
    assert repeated == [signal.SIGTERM]
    assert sys.unraisablehook is others
    with pytest.raises(Interruption):
        handler.handle(signal.SIGTERM, None)


def test_what_else_python_swallows_is_left_to_others(
    handler: SignalHandler, repeated: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pytest warns of it."""

    class Finalized:
        def __del__(self) -> None:
            raise ValueError

    swallowed = []
    monkeypatch.setattr(sys, "unraisablehook", swallowed.append)
    running = handler.pytest_runtest_call()
    next(running)
    Finalized()
    with pytest.raises(StopIteration):
        next(running)
    assert len(swallowed) == 1
    assert repeated == []
