"""What a sound partner does with the events that it has acknowledged: it fetches what changed.

Read in this order: `backlog` (what is to be fetched), `readings` (which request gives it),
`connector` (how a request is made), `backoff` (what to do when it fails), `fetching` (the pages of
an answer, and what is kept of them), `workers` (who does it). `habits` names what partners do
differently; the other modules are such differences, sound (`variants`) and flawed.
"""

from __future__ import annotations

from pytest_mews.demo.processing.backlog import Backlog
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.processing.workers import Processing

__all__ = ["Backlog", "Processing", "ProcessingOptions"]
