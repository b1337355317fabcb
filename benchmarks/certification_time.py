"""Measures whole certifications of the demo partner: sound, with one flaw, and dead.

    .venv/bin/python benchmarks/certification_time.py [PARTNER …]

Each runs by itself, as a user would run it: `pytest --mews-target demo:PARTNER`, with compiled
bytecode. Seconds depend on the machine, and mostly on waits; compare the ratios to the sound
partner in the same run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from measured_process import Measurement, run_measured

SOUND = "sound"
ONE_SCENARIO = "mews::REC-01"
DEFAULT_PARTNERS = ("first-event-only", "body-limit", "never-answers")


def measure(partner: str, *arguments: str) -> Measurement:
    """Certify a demo partner in a process of its own, with a report in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mews-benchmark-") as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["--mews-target", f"demo:{partner}", "--mews-report", "report", *arguments]
        return run_measured(command, folder=Path(folder))


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
