"""What other pytest plugins do to scenarios: what is refused, and what leaves them alone."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pytest_mews.errors import UsageError


class _Conflict(NamedTuple):
    name: str  # of the option's destination, and of the ini key if there is one
    flag: str
    problem: str
    remedy: str


_RUNS_AGAIN = "runs failing scenarios again; the harness confirms failures itself, as `flaky`"
_CONFLICTS = (
    _Conflict("reruns", "--reruns", _RUNS_AGAIN, "Add --reruns 0."),  # pytest-rerunfailures
    _Conflict("retries", "--retries", _RUNS_AGAIN, "Add --retries 0."),  # pytest-retry
    _Conflict(  # pytest-forked
        "forked",
        "--forked",
        "runs each scenario in a process without the emulators and the sender",
        "Remove it; -n N of pytest-xdist runs scenarios in several processes.",
    ),
)


# Markers with which another plugin leaves an item alone: pytest-socket then lets it use sockets.
_EXEMPTING = ("enable_socket",)


def exempting_markers(config: pytest.Config) -> tuple[str, ...]:
    """Return the markers that scenarios need where another plugin has registered them."""
    registered = {line.partition("(")[0].partition(":")[0] for line in config.getini("markers")}
    return tuple(name for name in _EXEMPTING if name in registered)


def check_plugins(config: pytest.Config) -> None:
    """Check that no other plugin runs the scenarios in a way that breaks the certification.

    Raises:
        UsageError: an option or ini key of another plugin does.

    """
    for conflict in _CONFLICTS:
        value = getattr(config.option, conflict.name, None)
        if value is None:
            value = _ini_value(config, conflict.name)
        if value and str(value) != "0":
            raise UsageError(conflict.flag, value, conflict.problem, conflict.remedy)


def _ini_value(config: pytest.Config, name: str) -> object:
    try:
        return config.getini(name)
    except ValueError:  # no plugin has such a key
        return None
