"""What every step works with: the courier, the endpoint, the preflight's delivery."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Courier
from pytest_mews.emulator.connector_api import Twin
from pytest_mews.emulator.websocket import StreamServer
from pytest_mews.execution.connectivity import Wiring
from pytest_mews.execution.token_variants import spelled
from pytest_mews.model import Delivery, Handshake, Kind, Limits


@dataclass(frozen=True)
class CaseContext:
    """The things on the table.

    Attributes:
        courier: what delivers.
        endpoint: where to.
        preflight: the one delivery that showed whether there is anyone; None where there are no
            webhooks to deliver.
        attempts: the profile's number.
        sluggish: whether even a plain message takes too long.
        rate: messages per second at a peak.
        limits: the profile's, for whoever judges.
        handshakes: gives what was seen of TLS; it may look only when it is first asked.
        twin: the Connector API that the partner calls; None where none is served.
        settle_s: how long the partner may take to fetch what it has acknowledged.
        wiring: gives what showed whether the partner calls the twin, None where that is unknown;
            it may look only when it is first asked.
        enterprises: the ids of those that are played throughout the run.
        stream: the WebSocket server that the partner connects to; None where none is served.
        now_ms: the run's clock.

    """

    courier: Courier
    endpoint: Endpoint
    preflight: Delivery | None
    attempts: int = 3
    is_slow: bool = False
    rate: float = 5.0
    limits: Limits = field(default_factory=Limits)
    twin: Twin | None = None
    fetch_timeout_s: float = 10.0
    wiring: Callable[[], Wiring | None] = lambda: None
    enterprises: frozenset[str] = frozenset()
    handshakes: Callable[[], tuple[Handshake, ...]] = tuple
    stream: StreamServer | None = None
    now_ms: Callable[[], float] = lambda: time.monotonic() * 1000

    @property
    def has_two_urls(self) -> bool:
        """Whether each kind of webhook has a URL of its own."""
        return self.endpoint.general_url != self.endpoint.integration_url

    def address(self, kind: Kind, token: str) -> str:
        """Give the URL for a kind with its token spelled as said; without one, as it is."""
        url = self.endpoint.url(kind)
        secret = self.endpoint.token_of(kind)
        return url if secret is None else spelled(url, secret, token)
