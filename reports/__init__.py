"""Writes a finished run: a page for people, files for machines and CI."""

from __future__ import annotations

from pytest_mews.reports.cause_reports import CauseReport, first_to_fix, fix_groups
from pytest_mews.reports.command_lines import next_command
from pytest_mews.reports.event_file import EVENTS_FILE_NAME, EventFile, read_run
from pytest_mews.reports.github import annotate, append_summary
from pytest_mews.reports.headline import readiness_phrase, readiness_title
from pytest_mews.reports.json_report import to_json
from pytest_mews.reports.labels import CONCERNS
from pytest_mews.reports.problems import Problem
from pytest_mews.reports.report_files import (
    OUTPUTS,
    WrittenReport,
    check_writable,
    file_names,
    write_report,
)

__all__ = [
    "CONCERNS",
    "EVENTS_FILE_NAME",
    "OUTPUTS",
    "CauseReport",
    "EventFile",
    "Problem",
    "WrittenReport",
    "annotate",
    "append_summary",
    "check_writable",
    "file_names",
    "first_to_fix",
    "fix_groups",
    "next_command",
    "read_run",
    "readiness_phrase",
    "readiness_title",
    "to_json",
    "write_report",
]
