"""A finished run, written down: `certification.html` for people, `certification.json` for machines."""

from __future__ import annotations

from mews_harness.reports.machine import to_json
from mews_harness.reports.writing import Written, check_writable, write

__all__ = ["Written", "check_writable", "to_json", "write"]
