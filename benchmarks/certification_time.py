"""Measures whole certifications of the demo partner: sound, with one flaw, and dead.

    .venv/bin/python benchmarks/certification_time.py [PARTNER …]

Each runs by itself, as a user would run it: `pytest --mews-target demo:PARTNER`. Seconds depend on
the machine, and mostly on waits; compare the ratios to the sound partner in the same run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

SOUND = "sound"
DEFAULT_PARTNERS = ("first-event-only", "body-limit", "never-answers")
MIB_PER_KIB = 1 / 1024


@dataclass(frozen=True)
class Measurement:
    """What one certification took.

    Attributes:
        seconds: from its start to its end.
        cpu_s: seconds of CPU, in user and system mode.
        peak_mib: the largest resident memory in MiB.
        exit_status: of pytest.

    """

    seconds: float
    cpu_s: float
    peak_mib: float
    exit_status: int


def measure(partner: str) -> Measurement:
    """Certify a demo partner in a process of its own, with a report in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mews-benchmark-") as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["--mews-target", f"demo:{partner}", "--mews-report", f"{folder}/report"]
        started_s = time.monotonic()
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        return Measurement(
            time.monotonic() - started_s,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * MIB_PER_KIB,
            process.returncode,
        )


def main() -> None:
    """Measure the sound partner, then the others, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("partners", nargs="*", metavar="PARTNER", default=DEFAULT_PARTNERS)
    partners = parser.parse_args().partners
    print("| partner | s | ratio | CPU s | peak MiB | exit status |")
    print("|---|---|---|---|---|---|")
    sound = None
    for partner in (SOUND, *partners):
        taken = measure(partner)
        sound = sound or taken
        print(
            f"| {partner} | {taken.seconds:.0f} | {taken.seconds / sound.seconds:.1f} "
            f"| {taken.cpu_s:.1f} | {taken.peak_mib:.0f} | {taken.exit_status} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
