"""How a partner processes accepted messages, as options whose defaults are sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pytest_mews.demo.partner_state import (
    ChangeSelector,
    PartnerState,
    changes_of,
    credential_of,
)
from pytest_mews.demo.processing import backoff
from pytest_mews.demo.processing.api_client import (
    CLIENT_NAME,
    TIMEOUT_S,
    ApiResponse,
    unchanged,
)
from pytest_mews.demo.processing.entity_readers import EntityReader, entity_readers
from pytest_mews.mews.limits import IDS_PER_REQUEST, ITEMS_PER_PAGE


@dataclass(frozen=True)
class ProcessingOptions:
    """How a partner processes accepted messages. Flaws and variants replace some defaults.

    Attributes:
        select_changes: returns the entities to fetch for a message.
        ignored_actions: the integration actions that the partner ignores.
        credential: returns the access token for an enterprise; None if nothing can be fetched.
        readers: how each kind of entity is fetched.
        batch_window_s: how long changes are collected, so that one request fetches many.
        restarts_window: whether each message lets that time begin again.
        max_ids: the number of ids in one request.
        page_size: the number of items on one page.
        reads_all_pages: whether the pages after the first are read.
        fetches_per_batch: how often each batch is fetched.
        workers: the number of concurrent requests; each may have to wait for Mews.
        is_retryable: whether a failed request is retried.
        max_attempts: how often the same request is made before it is given up; None for no limit.
        asks_for_less: whether a response asks for smaller requests.
        retry_pause_s: returns the seconds to wait before a retry.
        client_name: the name and version in each request.
        timeout_s: the timeout of a request.
        format_path: returns the path to send for an operation's path.
        fetches_before_answering: whether a message is answered only when all of it is fetched.
        max_unfetched: a message is answered only while fewer changes are unfetched; None for no
            limit.
        poll_interval_s: how often to fetch without an event; None for never.
        forgets_at_restart: whether what is not fetched yet is lost when the partner restarts.

    """

    select_changes: ChangeSelector = changes_of
    ignored_actions: frozenset[str] = frozenset()
    credential: Callable[[PartnerState, str], str | None] = credential_of
    readers: Mapping[str, EntityReader] = field(default_factory=entity_readers)
    batch_window_s: float = 0.05
    restarts_window: bool = False
    max_ids: int = IDS_PER_REQUEST
    page_size: int = ITEMS_PER_PAGE
    reads_all_pages: bool = True
    fetches_per_batch: int = 1
    workers: int = 16
    is_retryable: Callable[[ApiResponse], bool] = backoff.is_retryable
    max_attempts: int | None = None
    asks_for_less: Callable[[ApiResponse], bool] = backoff.asks_for_less
    retry_pause_s: Callable[[ApiResponse, int], float] = backoff.retry_pause_s
    client_name: str = CLIENT_NAME
    timeout_s: float = TIMEOUT_S
    format_path: Callable[[str], str] = unchanged
    fetches_before_answering: bool = False
    max_unfetched: int | None = None
    poll_interval_s: float | None = None
    forgets_at_restart: bool = False
