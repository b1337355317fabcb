"""What every step works with: the courier, the endpoint, the preflight's delivery."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Sender
from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.websocket import WebSocketServer
from pytest_mews.execution.connectivity import Connectivity
from pytest_mews.execution.token_variants import with_variant
from pytest_mews.model import Delivery, Limits, TlsHandshake, WebhookKind


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
        fetch_timeout_s: how long the partner may take to fetch what it has acknowledged.
        wiring: gives what showed whether the partner calls the twin, None where that is unknown;
            it may look only when it is first asked.
        enterprises: the ids of those that are played throughout the run.
        stream: the WebSocket server that the partner connects to; None where none is served.
        now_ms: the run's clock.

    """

    courier: Sender
    endpoint: Endpoint
    preflight: Delivery | None
    attempts: int = 3
    is_slow: bool = False
    peak_rate: float = 5.0
    limits: Limits = field(default_factory=Limits)
    twin: ConnectorApi | None = None
    fetch_timeout_s: float = 10.0
    connectivity: Callable[[], Connectivity | None] = lambda: None
    enterprises: frozenset[str] = frozenset()
    handshakes: Callable[[], tuple[TlsHandshake, ...]] = tuple
    stream: WebSocketServer | None = None
    now_ms: Callable[[], float] = lambda: time.monotonic() * 1000

    @property
    def has_two_urls(self) -> bool:
        """Whether each kind of webhook has a URL of its own."""
        return self.endpoint.general_url != self.endpoint.integration_url

    def wait(self, seconds: float) -> None:
        """Let time pass until it is over or the run is interrupted.

        Without an emulator nothing could be observed meanwhile, and nothing is waited for.
        """
        if self.twin is not None:
            self.twin.wait_until(lambda _: False, 0, seconds)
        elif self.stream is not None:
            self.stream.log.wait_until(lambda: False, seconds)

    def address(self, kind: WebhookKind, token: str) -> str:
        """Give the URL for a kind with its token spelled as said; without one, as it is."""
        url = self.endpoint.url(kind)
        secret = self.endpoint.token_of(kind)
        return url if secret is None else with_variant(url, secret, token)
