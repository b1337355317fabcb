"""Writes a finished run: a page for people, files for machines and CI."""

from __future__ import annotations

from pytest_mews.reports.event_file import EVENTS_FILE_NAME, EventFile, read_run
from pytest_mews.reports.github import annotate, append_summary
from pytest_mews.reports.json_report import FORMAT, to_json
from pytest_mews.reports.report_files import OUTPUTS, WrittenReport, check_writable, write_report
from pytest_mews.reports.sanitize import one_line

__all__ = [
    "EVENTS_FILE_NAME",
    "FORMAT",
    "OUTPUTS",
    "EventFile",
    "WrittenReport",
    "annotate",
    "append_summary",
    "check_writable",
    "one_line",
    "read_run",
    "to_json",
    "write_report",
]
