"""The twin: what the partner would find behind the Connector API, and a record of its calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mews_harness.model import Message, Tenants
from mews_harness.model.call import Call, TwinFault
from mews_harness.twin.request import ApiRequest, ApiResponse


@dataclass(frozen=True)
class Pending:
    """A request that has an answer which is not handed over yet.

    Attributes:
        call: as it stands; `answered_ms` is None.
        response: what to hand over, after its delay.

    """

    call: Call
    response: ApiResponse

    def done(self) -> None:
        """Note that the answer was handed over."""


class Twin:
    """Plays the Connector API; every method may be called from any thread.

    Args:
        tenants: who exists from the start.
        now_ms: the run's clock.
        began: UTC, the moment when `now_ms` was 0.
        open_ids: whether any id is an entity as soon as it is asked for.
        enforce_quota: whether requests over the documented limit get 429.
        sink: called once per answered call, one after another.

    """

    def __init__(
        self,
        tenants: Tenants,
        now_ms: Callable[[], float],
        *,
        began: datetime,
        open_ids: bool = False,
        enforce_quota: bool = False,
        sink: Callable[[Call], None] | None = None,
    ) -> None: ...

    def announce(self, message: Message) -> None:
        """Let what a message says be true from now on; call it before the message is sent."""

    def disturb(
        self,
        fault: TwinFault,
        ids: frozenset[str] | None,
        *,
        times: int | None,
        retry_after_s: float = 1.0,
    ) -> int:
        """Do a fault to requests about these ids (None: any), `times` times (None: until restored).

        Returns:
            The handle for `restore`.

        """

    def restore(self, handle: int) -> None:
        """End a fault; an unknown handle is one that has ended already."""

    def begin(self, request: ApiRequest) -> Pending:
        """Answer a request; whoever hands the answer over then says `done`."""

    def calls(self, since: int = 0) -> tuple[Call, ...]:
        """Give the calls numbered above `since`, in order; the oldest may be forgotten."""

    def wait_until(
        self,
        predicate: Callable[[tuple[Call, ...]], bool],
        since: int,
        timeout_s: float,
    ) -> bool:
        """Wait until the predicate holds of `calls(since)`; tell whether it came to that."""

    def enterprise_of(self, token: str) -> str | None:
        """Tell whose AccessToken this is, current, replaced or inactive."""

    def peak_usage(self) -> dict[str, int]:
        """Tell, per enterprise's token, the most requests within any 30 s so far."""
