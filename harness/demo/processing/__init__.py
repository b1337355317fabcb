"""What a sound partner does with acknowledged events: it fetches what changed.

Read in this order: `backlog` (what to fetch, and when), `entity_readers` (which request returns
it), `api_client` (how a request is made), `backoff` (when a failed request is retried), `fetcher`
(all pages of a response, and what is stored), `workers` (the threads). `processing_options` names
what partners can do differently; the modules whose names end in `_flaws` are such differences.
"""

from __future__ import annotations

from pytest_mews.demo.processing.backlog import Backlog
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.processing.workers import WorkerPool

__all__ = ["Backlog", "ProcessingOptions", "WorkerPool"]
