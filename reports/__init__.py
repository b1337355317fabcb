"""A finished run, written down: a page for people, a JSON file for machines."""

from __future__ import annotations

from mews_harness.reports.machine import FORMAT, to_json
from mews_harness.reports.writing import Written, check_writable, write

__all__ = ["FORMAT", "Written", "check_writable", "to_json", "write"]
