"""What partners do differently: one value that the flaws and the variants replace parts of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pytest_mews.demo.partner_state import Memory, Select, changes_of, credential_of
from pytest_mews.demo.processing import backoff
from pytest_mews.demo.processing.api_client import CLIENT, TIMEOUT_S, Reply, exact
from pytest_mews.demo.processing.entity_readers import MOST, Reading, readings


@dataclass(frozen=True)
class ProcessingOptions:
    """How a partner works on what it has accepted; sound where nothing else is said.

    Attributes:
        select: which entities of a message are to be fetched.
        deaf_to: the integration actions that are not heeded.
        credential: the access token for an enterprise; None where nothing may be fetched.
        readings: how each kind of entity is fetched.
        gather_s: how long changes are gathered, so that one request is about many.
        most: ids in one request.
        page: items on one page.
        follows: whether the pages after the first are read.
        rounds: how often each batch is read.
        workers: how many batches are read at the same time; each may have to wait for Mews.
        passes: whether what failed is tried again.
        pause_s: how long to wait before.
        client: the name and version that are told.
        timeout_s: how long to wait for an answer.
        spell: the path as it is sent.
        fetches_first: whether a message is answered when all of it is fetched.
        room: so many changes may be unfetched when a message is answered; None for any number.
        polls_s: how often to read without being told of a change; None for never.

    """

    select: Select = changes_of
    deaf_to: frozenset[str] = frozenset()
    credential: Callable[[Memory, str], str | None] = credential_of
    readings: Mapping[str, Reading] = field(default_factory=readings)
    gather_s: float = 0.05
    most: int = MOST
    page: int = MOST
    follows: bool = True
    rounds: int = 1
    workers: int = 16
    passes: Callable[[Reply], bool] = backoff.passes
    pause_s: Callable[[Reply, int], float] = backoff.pause_s
    client: str = CLIENT
    timeout_s: float = TIMEOUT_S
    spell: Callable[[str], str] = exact
    fetches_first: bool = False
    room: int | None = None
    polls_s: float | None = None
