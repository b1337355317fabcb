"""Measures whole certifications of the demo partner: sound, with one flaw, and dead.

    .venv/bin/python benchmarks/certification_time.py [PARTNER …]

Each runs by itself, as a user would run it: `pytest --mews-target demo:PARTNER`. Seconds depend on
the machine, and mostly on waits; compare the ratios to the sound partner in the same run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from measured_process import Measurement, run_measured

SOUND = "sound"
DEFAULT_PARTNERS = ("first-event-only", "body-limit", "never-answers")


def measure(partner: str) -> Measurement:
    """Certify a demo partner in a process of its own, with a report in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mews-benchmark-") as folder:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["--mews-target", f"demo:{partner}", "--mews-report", "report"]
        return run_measured(command, folder=Path(folder))


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
