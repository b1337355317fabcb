"""The interface between the delivery policy and the wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import NamedTuple, Protocol

from pytest_mews.model import Exchange, Fault, TransferMode


class Request(NamedTuple):
    """One HTTP request, exactly as it is to be sent.

    Attributes:
        method: such as `POST`.
        url: absolute, http or https, with its query.
        headers: sent unchanged; the transport adds Host, Content-Length or Transfer-Encoding
            and, unless present, User-Agent. It sends no other header.
        body: sent unchanged; empty with a method that has none.
        deadline_s: seconds from the start until the response must be complete.
        fault: the fault to inject. A body of fewer than two bytes can't be truncated. A request
            to be reset is sent on a new connection.
        verify_tls: whether the certificate must be trusted and name the host.
        fresh_connection: neither reuse a kept connection nor keep this one.
        transfer_mode: how the body travels; NEW_CONNECTION needs `fresh_connection` as well.
        spread_body_over_s: seconds that the body of a slow request is spread over.

    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    deadline_s: float
    fault: Fault = Fault.NONE
    verify_tls: bool = True
    fresh_connection: bool = False
    transfer_mode: TransferMode = TransferMode.PLAIN
    spread_body_over_s: float = 0.0


ExchangeCallback = Callable[[Exchange | BaseException], None]
"""A callback: a request ended, with its exchange or with what its future would raise."""


class Transport(Protocol):
    """Sends requests; whatever happens on the wire is an Exchange, not an exception.

    A connection is used again only after a plain request that was answered 2xx, and not before its
    end: what a service leaves unread of a message must not be taken for the next one.
    """

    def submit(self, request: Request) -> Future[Exchange]:
        """Start a request at once; return a future of its exchange.

        The future raises HarnessError if the transport itself failed or was closed. A 3xx is
        an ERROR_STATUS at this level: the policy decides whether to follow it.
        """
        ...

    def submit_all(self, requests: Sequence[tuple[Request, ExchangeCallback]]) -> None:
        """Start several requests at the same moment, each with what is called when it ends.

        The calls may come from another thread, or before this method returns.
        """
        for request, on_end in requests:
            self.submit(request).add_done_callback(partial(_pass_on, on_end))

    def close(self) -> None:
        """Stop; requests in flight fail with HarnessError."""
        ...


def _pass_on(on_end: ExchangeCallback, future: Future[Exchange]) -> None:
    try:
        result: Exchange | BaseException = future.result()
    except BaseException as error:  # noqa: BLE001 - a cancelled future too; the caller raises it
        result = error
    on_end(result)
