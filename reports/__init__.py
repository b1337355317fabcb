"""A finished run, written down: a page for people, files for machines and CI."""

from __future__ import annotations

from mews_harness.reports.github import annotate, append_summary
from mews_harness.reports.machine import FORMAT, to_json
from mews_harness.reports.stream import EVENTS, EventFile, read
from mews_harness.reports.visible import one_line
from mews_harness.reports.writing import OUTPUTS, Written, check_writable, write

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
