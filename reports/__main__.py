"""`python -m pytest_mews.reports RUN.ndjson`: the report of a run, also of one that was killed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_mews.errors import UsageError
from pytest_mews.model import Run
from pytest_mews.reports.event_file import read
from pytest_mews.reports.report_files import Written, write

USAGE_MISTAKE = 4  # as pytest exits


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report, say where it is, and give the exit status: 0, or 4 with a message."""
    chosen = _parser().parse_args(arguments)
    try:
        run = read(chosen.events)
        written = _write(run, (chosen.report or chosen.events.parent).expanduser().absolute())
    except UsageError as mistake:
        sys.stderr.write(f"ERROR: {mistake}\n")
        return USAGE_MISTAKE
    for problem in written.problems:
        sys.stderr.write(f"{problem}\n")
    sys.stdout.write(f"{_summary(run)}\nReport: {written.html or written.json}\n")
    return USAGE_MISTAKE if written.problems else 0


def _write(run: Run, folder: Path) -> Written:
    try:
        return write(run, folder)
    except UsageError as mistake:  # it names the option of a certification
        raise UsageError("--report", folder, mistake.problem, mistake.remedy) from mistake


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_mews.reports",
        description="Write certification.html and certification.json from the events of a run: "
        "the same as the run wrote, or of a run that was killed what it saw until then.",
        epilog="Exit status: 0 written, whatever the verdict; 2 a wrong argument; 4 the file can't "
        "be read or is damaged, or a file of the report can't be written.",
    )
    parser.add_argument(
        "events",
        metavar="RUN.ndjson",
        type=Path,
        help="the events that a run wrote, events.ndjson in its report's folder",
    )
    parser.add_argument(
        "--report",
        metavar="FOLDER",
        type=Path,
        help="folder for the report, made where missing (default: the folder of RUN.ndjson)",
    )
    return parser


def _summary(run: Run) -> str:
    ended = sum(bool(result.plays) for result in run.results)
    cut = " (the run was interrupted)" if run.interrupted else ""
    return f"{run.readiness}: {ended} of {len(run.results)} scenarios played{cut}"


if __name__ == "__main__":
    raise SystemExit(main())
