"""The seam between the delivery policy and the wire."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from pytest_mews.model import Exchange, Fault, TransferMode


@dataclass(frozen=True)
class Request:
    """One HTTP request, exactly as it is to be sent.

    Attributes:
        method: such as `POST`.
        url: absolute, http or https, with its query.
        headers: sent as they are; the transport adds Host, Content-Length or Transfer-Encoding
            and, unless given, User-Agent. No other header is sent.
        body: sent as it is; empty with a method that has none.
        deadline_s: seconds from the start until the answer must have been received whole.
        fault: what to do to it on purpose. A body of fewer than two bytes can't be cut.
            A connection that is to be reset is a new one.
        verify_tls: whether the certificate must be trusted and name the host.
        fresh_connection: never reuse a kept connection, nor keep this one.
        manner: how the body is put on the wire; a new connection is `fresh_connection`'s matter.
        drip_s: seconds that the body of a slow request is spread over.

    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    deadline_s: float
    fault: Fault = Fault.NONE
    verify_tls: bool = True
    fresh_connection: bool = False
    manner: TransferMode = TransferMode.PLAIN
    drip_s: float = 0.0


class Transport(Protocol):
    """What sends requests; whatever happens on the wire is an Exchange, not an exception."""

    def submit(self, request: Request) -> Future[Exchange]:
        """Start a request at once and give what will hold its exchange.

        The future raises HarnessFault where the transport itself failed or was closed. A 3xx is
        an ERROR_STATUS here: what to make of it is the policy's decision.
        """
        ...

    def close(self) -> None:
        """Stop; whatever is still under way fails with HarnessFault."""
        ...
