"""`python -m pytest_mews.reports RUN.ndjson`: write the report of a run, also of a killed one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_mews.config.report_folder import FolderLock
from pytest_mews.errors import UsageError
from pytest_mews.model import Run
from pytest_mews.reports.event_file import read_run
from pytest_mews.reports.headline import readiness_phrase
from pytest_mews.reports.report_files import WrittenReport, write_report

USAGE_ERROR = 4  # the same exit status as pytest's


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report, print where it is, and return the exit status: 0, or 4 on an error."""
    options = _parser().parse_args(arguments)
    try:
        run = read_run(options.events)
        folder = (options.report or options.events.parent).expanduser().absolute()
        report = _write(run, folder)
    except UsageError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        return USAGE_ERROR
    for problem in report.problems:
        sys.stderr.write(f"{problem}\n")
    sys.stdout.write(f"{_summary(run)}\nReport: {report.html or report.json}\n")
    return USAGE_ERROR if report.problems else 0


def _write(run: Run, folder: Path) -> WrittenReport:
    try:
        with FolderLock(folder):
            return write_report(run, folder)
    except UsageError as error:  # it names --mews-report
        raise UsageError("--report", folder, error.problem, error.remedy) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pytest_mews.reports",
        description="Write certification.html and certification.json from the events of a run: "
        "the same files as the run wrote, or, for a run that was killed, what it had observed.",
        epilog="Exit status: 0 if the files were written, whatever the verdict; 2 for a wrong "
        "argument; 4 if the events can't be read or are damaged, or a file can't be written.",
    )
    parser.add_argument(
        "events",
        metavar="RUN.ndjson",
        type=Path,
        help="the events.ndjson that a run wrote into its report's folder",
    )
    parser.add_argument(
        "--report",
        metavar="FOLDER",
        type=Path,
        help="folder for the report, created if missing (default: the folder of RUN.ndjson)",
    )
    return parser


def _summary(run: Run) -> str:
    ran = sum(bool(result.case_count) for result in run.results)
    interrupted = " (the run was interrupted)" if run.interrupted else ""
    return f"{readiness_phrase(run)}: {ran} of {len(run.results)} scenarios ran{interrupted}"


if __name__ == "__main__":
    raise SystemExit(main())
