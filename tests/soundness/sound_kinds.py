"""Demo partners that are sound and differ from the usual one as real partners do."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from pytest_mews.demo.partner_kinds import PartnerKind, processes, responds
from pytest_mews.demo.processing.api_client import ApiResponse
from pytest_mews.demo.processing.entity_readers import (
    Batch,
    Document,
    EntityReader,
    FetchPages,
    entity_readers,
)
from pytest_mews.demo.processing.processing_options import ProcessingOptions
from pytest_mews.demo.registry import PARTNER_KINDS, register
from pytest_mews.demo.service import Request, Response, respond

PAGE = 100  # items and ids: a cautious choice, far below the documented maximum of 1,000
SMALL_PAGE = 10
POLITE_PAUSE_S = 0.2  # per request and service: below the documented 200 requests in 30 s
_RANDOM = random.SystemRandom()


def answers_after_400_ms(token: str, request: Request) -> Response:
    """Answers everything after 400 ms, far below the documented limit of 5 s."""
    return replace(respond(token, request), delay_s=0.4)


def answers_after_saving(token: str, request: Request) -> Response:
    """Needs 5 to 20 ms to save a message before it answers, one message at a time."""
    response = respond(token, request)
    if response.accepted is not None:
        time.sleep(_RANDOM.uniform(0.005, 0.02))  # behaviours are called one at a time
    return response


def pages_of_100() -> ProcessingOptions:
    """Asks for 100 ids and 100 items at a time."""
    return ProcessingOptions(page_size=PAGE, max_ids=PAGE)


def pages_of_10() -> ProcessingOptions:
    """Asks for 10 items at a time: a hundred requests for what one could have."""
    return ProcessingOptions(page_size=SMALL_PAGE)


def backs_off_with_full_jitter() -> ProcessingOptions:
    """Pauses for a random time below a bound that doubles with each retry."""

    def pause_s(response: ApiResponse, failures: int) -> float:
        if response.retry_after_s is not None:
            return response.retry_after_s + _RANDOM.uniform(0, 0.5)
        return _RANDOM.uniform(0, min(60.0, 0.5 * 2.0 ** min(failures, 10)))

    return ProcessingOptions(retry_pause_s=pause_s)


def backs_off_slowly() -> ProcessingOptions:
    """Pauses for 2 s before the first retry, and twice as long before each further one."""

    def pause_s(response: ApiResponse, failures: int) -> float:
        if response.retry_after_s is not None:
            return response.retry_after_s + _RANDOM.uniform(0, 1)
        return min(60.0, 2.0 * 2.0 ** min(failures, 10)) * _RANDOM.uniform(0.8, 1.2)

    return ProcessingOptions(retry_pause_s=pause_s)


def merges_for_3_s() -> ProcessingOptions:
    """Collects changes for 3 s: what is reported again within that time is fetched once."""
    return ProcessingOptions(batch_window_s=3.0)


def limits_its_own_rate() -> ProcessingOptions:
    """Makes five requests a second at most, so that it never exceeds Mews's limit."""
    lock = threading.Lock()

    def limited(read: EntityReader) -> EntityReader:
        def read_slowly(fetch_pages: FetchPages, batch: Batch) -> Iterator[Document]:
            with lock:
                time.sleep(POLITE_PAUSE_S)
            yield from read(fetch_pages, batch)

        return read_slowly

    return ProcessingOptions(
        readers={kind: limited(read) for kind, read in entity_readers().items()}, workers=4
    )


def _sound(kind: PartnerKind) -> PartnerKind:
    return replace(kind, is_sound=True)


MORE_SOUND_KINDS: tuple[PartnerKind, ...] = (
    _sound(responds(answers_after_400_ms)),
    _sound(responds(answers_after_saving)),
    _sound(processes(pages_of_100)),
    _sound(processes(pages_of_10)),
    _sound(processes(backs_off_with_full_jitter)),
    _sound(processes(backs_off_slowly)),
    _sound(processes(merges_for_3_s)),
    _sound(processes(limits_its_own_rate)),
)


def register_sound_kinds() -> None:
    """Register the demo partners of this file, unless they are registered."""
    register(*(kind for kind in MORE_SOUND_KINDS if kind.name not in PARTNER_KINDS))
