"""What the steps of a case work with: sender, endpoint, emulators, limits."""

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
    """Everything that the steps of a case work with.

    Attributes:
        sender: delivers webhooks.
        endpoint: the URLs of the partner.
        preflight: the delivery that showed whether the endpoint answers; None without webhooks.
        attempts: how many attempts the profile makes.
        is_slow: whether even the preflight was answered too late.
        peak_rate: messages per second at a peak.
        limits: the profile's limits, for the checks.
        connector_api: the Connector API emulator; None if it does not run.
        fetch_timeout_s: how long the partner may take to fetch what it acknowledged.
        connectivity: returns the result of the connectivity check, None if there is none; the check
            may run at the first call.
        enterprises: the ids of the enterprises that exist throughout the run.
        tls_handshakes: returns the TLS handshakes; they may be made at the first call.
        websocket: the WebSocket emulator; None if it does not run.
        now_ms: the run's clock.

    """

    sender: Sender
    endpoint: Endpoint
    preflight: Delivery | None
    attempts: int = 3
    is_slow: bool = False
    peak_rate: float = 5.0
    limits: Limits = field(default_factory=Limits)
    connector_api: ConnectorApi | None = None
    fetch_timeout_s: float = 10.0
    connectivity: Callable[[], Connectivity | None] = lambda: None
    enterprises: frozenset[str] = frozenset()
    tls_handshakes: Callable[[], tuple[TlsHandshake, ...]] = tuple
    websocket: WebSocketServer | None = None
    now_ms: Callable[[], float] = lambda: time.monotonic() * 1000

    @property
    def has_two_urls(self) -> bool:
        """Whether General and Integration Webhooks have different URLs."""
        return self.endpoint.general_url != self.endpoint.integration_url

    def wait(self, seconds: float) -> None:
        """Wait until the time is over or the run is interrupted.

        Returns at once if no emulator runs, since nothing could be observed meanwhile.
        """
        if self.connector_api is not None:
            self.connector_api.wait_until(lambda _: False, 0, seconds)
        elif self.websocket is not None:
            self.websocket.log.wait_until(lambda: False, seconds)

    def url(self, kind: WebhookKind, token_variant: str) -> str:
        """Return the URL for a kind of webhook with a variant of its token, if it has a token."""
        url = self.endpoint.url(kind)
        secret = self.endpoint.token_of(kind)
        return url if secret is None else with_variant(url, secret, token_variant)
