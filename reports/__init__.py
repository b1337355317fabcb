"""A finished run, written down: a page for people, files for machines and CI."""

from __future__ import annotations

from pytest_mews.reports.event_file import EVENTS, EventFile, read
from pytest_mews.reports.github import annotate, append_summary
from pytest_mews.reports.json_report import FORMAT, to_json
from pytest_mews.reports.report_files import OUTPUTS, Written, check_writable, write
from pytest_mews.reports.sanitize import one_line

__all__ = [
    "EVENTS",
    "FORMAT",
    "OUTPUTS",
    "EventFile",
    "Written",
    "annotate",
    "append_summary",
    "check_writable",
    "one_line",
    "read",
    "to_json",
    "write",
]
