"""Signals that end a run: the first one interrupts it, and nothing keeps it from its report."""

from __future__ import annotations

import atexit
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any

import pytest

from pytest_mews.session.xdist import is_worker

GRACE_S = 15.0  # how long an interrupted run may take to stop
REPORT_S = 120.0  # how long the report may take, also on a busy machine
EXIT_S = 5.0  # how long Python may take to exit after the run
REPEAT_AFTER_S = 0.1  # by then Python has left the callback that swallowed an interruption


class Interruption(KeyboardInterrupt):
    """Ctrl-C, SIGTERM or SIGHUP. Pytest shows it as a line, without a place in the harness."""

    def __init__(self, number: int) -> None:
        super().__init__("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name)
        self.number = number


Interruption.__module__ = "builtins"  # pytest shows a module as a part of the name


def repeat_signal(number: int) -> None:
    """Send a signal to this process, a little later."""
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(REPEAT_AFTER_S, signal.pthread_kill, (main, number))
    timer.daemon = True
    timer.start()


class SignalHandler:
    """A plugin that makes one interruption of several signals.

    SIGTERM, which CI systems send, and SIGHUP of a closed terminal interrupt a run as Ctrl-C does.
    A second Ctrl-C would otherwise interrupt the report as well. Another signal interrupts again
    after `GRACE_S`, or `REPORT_S` while the report is written. After an interrupted run, it can't
    end Python with another exit code either, for `EXIT_S`. A handler of another plugin stays in
    place.

    Python swallows what a handler raises within a finalizer or a callback of the garbage collector,
    and Hypothesis has such a callback: the signal is then sent again.

    Args:
        config: the configuration of pytest; a cleanup that is added later runs before this ends.
        now: a monotonic clock in seconds.
        repeat: sends a signal to this process again, a little later.

    """

    def __init__(
        self,
        config: pytest.Config,
        now: Callable[[], float] = time.monotonic,
        repeat: Callable[[int], None] = repeat_signal,
    ) -> None:
        self._config, self._now, self._repeat = config, now, repeat
        self._ignored_until, self._interrupted = 0.0, False
        self._replaced: dict[signal.Signals, Callable[..., Any] | signal.Handlers] = {}
        # What is cleaned up before, such as threads that end, a signal must not interrupt.
        config.add_cleanup(self.end)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Install the handler, in the process that the signals are sent to."""
        if is_worker(self._config) or threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            handler = signal.getsignal(number)
            if handler is signal.default_int_handler or handler is signal.SIG_DFL:
                signal.signal(number, self.handle)
                self._replaced[number] = handler

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        """Notice an interruption that Python swallows; pytest 8.2 only stores what it swallows."""
        others = sys.unraisablehook

        def notice(unraisable: sys.UnraisableHookArgs) -> None:
            if isinstance(unraisable.exc_value, Interruption):
                self.send_again(unraisable.exc_value)
            else:
                others(unraisable)

        sys.unraisablehook = notice
        try:
            return (yield)
        finally:
            sys.unraisablehook = others

    def send_again(self, swallowed: Interruption) -> None:
        """Interrupt the run by the same signal, which was without effect."""
        self._ignored_until = self._now()
        self._repeat(swallowed.number)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, Any]:
        """Let the run write its report, whatever is pressed."""
        self._ignored_until = self._now() + REPORT_S
        return (yield)

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Interrupt the run, unless it ends already.

        Raises:
            Interruption: the run is to end.

        """
        if self._now() >= self._ignored_until:
            self._ignored_until, self._interrupted = self._now() + GRACE_S, True
            raise Interruption(number)

    def end(self) -> None:
        """Restore the handlers, unless Python is about to exit because of an interruption."""
        if self._interrupted:
            self._ignored_until = self._now() + EXIT_S
        for number, handler in self._replaced.items():
            if self._interrupted:
                # Python itself would restore them before it has exited.
                atexit.register(signal.signal, number, signal.SIG_IGN)
            else:
                signal.signal(number, handler)
