"""Measures whole certifications of the demo partner: sound, with one flaw, and dead.

    .venv/bin/python benchmarks/certification_time.py [PARTNER …]

Each runs by itself, as a user would run it: `pytest --mews-target demo:PARTNER`, with compiled
bytecode. Seconds depend on the machine, and mostly on waits; compare the ratios to the sound
partner in the same run.
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
ONE_SCENARIO = "mews::REC-01"
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


def measure(partner: str, *arguments: str) -> Measurement:
    """Certify a demo partner in a process of its own, with a report in a temporary folder."""
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else each run compiles 800 modules
    with tempfile.TemporaryDirectory(prefix="mews-benchmark-") as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["--mews-target", f"demo:{partner}", "--mews-report", f"{folder}/report"]
        command += arguments
        started_s = time.monotonic()
        with subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        return Measurement(
            time.monotonic() - started_s,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * MIB_PER_KIB,
            process.returncode,
        )


def main() -> None:
    """Measure one scenario and all of the sound partner, then the others, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("partners", nargs="*", metavar="PARTNER", default=DEFAULT_PARTNERS)
    partners = parser.parse_args().partners
    print("| partner | s | ratio | CPU s | peak MiB | exit status |")
    print("|---|---|---|---|---|---|")
    measure(SOUND, ONE_SCENARIO)  # compiles the bytecode
    one, sound = measure(SOUND, ONE_SCENARIO), measure(SOUND)
    named = [(f"{SOUND}, {ONE_SCENARIO} alone", one), (SOUND, sound)]
    for name, taken in (*named, *((partner, measure(partner)) for partner in partners)):
        print(
            f"| {name} | {taken.seconds:.0f} | {taken.seconds / sound.seconds:.1f} "
            f"| {taken.cpu_s:.1f} | {taken.peak_mib:.0f} | {taken.exit_status} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
