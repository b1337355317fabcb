"""Runs a command and measures it."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_MIB_PER_KIB = 1 / 1024


@dataclass(frozen=True)
class Measurement:
    """What a process took.

    Attributes:
        seconds: from its start to its end.
        cpu_s: seconds of CPU, in user and system mode, with the processes that it waited for.
        peak_mib: the largest resident memory in MiB (Linux).
        exit_status: its exit status; negative for a signal.
        output: what it wrote to standard output.

    """

    seconds: float
    cpu_s: float
    peak_mib: float
    exit_status: int
    output: str


def run_measured(command: Sequence[str], *, folder: Path | None = None) -> Measurement:
    """Run a command to its end in a folder; what it writes to standard error is dropped.

    Python keeps compiled modules, as it does for users.
    """
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started_s = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        output = process.stdout.read().decode("utf-8", "replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Measurement(
        time.monotonic() - started_s,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss * _MIB_PER_KIB,
        process.returncode,
        output,
    )


def cpu_seconds() -> float:
    """Return the CPU seconds of this process so far, in user and system mode, of all threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
