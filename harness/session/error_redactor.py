"""Redacts the tracebacks that pytest shows when a hook raises, also somebody else's."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
from _pytest._code.code import (
    ExceptionChainRepr,
    ReprEntry,
    ReprEntryNative,
    ReprExceptionInfo,
    ReprFileLocation,
    ReprTraceback,
    TerminalRepr,
    TracebackEntry,
)

from pytest_mews.config.settings import Settings
from pytest_mews.errors import HarnessError
from pytest_mews.redaction import Redactor

OWN_OUTCOMES = (pytest.exit.Exception, pytest.fail.Exception, pytest.skip.Exception)


class ErrorRedactor:
    """A plugin that redacts errors in hooks; until `learn` it only leaves out all variables."""

    def __init__(self) -> None:
        self._redactor = Redactor(())

    def learn(self, settings: Settings) -> None:
        """Redact the secrets of the settings from now on."""
        self._redactor = Redactor.from_settings(settings)

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: TerminalRepr) -> None:
        """Redact the text of an internal error, which the other plugins print or store.

        Arguments and local variables are left out: pytest wraps and shortens them, and a part of a
        secret would not be found.
        """
        for traceback, location in _parts(excrepr):
            for entry in traceback.reprentries:
                if isinstance(entry, ReprEntry | ReprEntryNative):
                    entry.lines = [self._redactor.redact_text(line) for line in entry.lines]
                if isinstance(entry, ReprEntry):
                    entry.reprfuncargs = entry.reprlocals = None
            if location is not None:
                location.message = self._redactor.redact_text(location.message)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Leave out arguments, and what has no line, before pytest makes a text of the traceback.

        A signal can arrive at an instruction without a line (Python 3.11 and later), and pytest
        would raise TypeError there: no other plugin would learn of the interruption.
        """
        excinfo.traceback = type(excinfo.traceback)(
            entry.with_repr_style("short") for entry in excinfo.traceback if _has_line(entry)
        )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, Any]:
        """Redact an error at the end of a run, which the interpreter itself prints."""
        try:
            return (yield)
        except (*OWN_OUTCOMES, pytest.UsageError, BrokenPipeError):  # | head
            raise
        except Exception as error:  # noqa: BLE001 - whatever a hook raises
            excinfo = pytest.ExceptionInfo.from_exception(error)
            traceback = self._redactor.redact_text(str(excinfo.getrepr(style="native")))
        raise HarnessError(traceback)


def _has_line(entry: TracebackEntry) -> bool:
    try:
        return entry.lineno >= 0
    except TypeError:
        return False


def _parts(excrepr: TerminalRepr) -> list[tuple[ReprTraceback, ReprFileLocation | None]]:
    """Return the traceback and the location of each exception of a chain."""
    if isinstance(excrepr, ExceptionChainRepr):
        return [(traceback, location) for traceback, location, _ in excrepr.chain]
    if isinstance(excrepr, ReprExceptionInfo):  # in the native style, as pytest-xdist asks for
        return [(excrepr.reprtraceback, excrepr.reprcrash)]
    return []
