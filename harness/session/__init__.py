"""The certification: hooks of one run, scenarios as items, evidence carried to the reports."""

from __future__ import annotations
