"""What the steps of a case work with: deliverer, endpoint, emulators, limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_mews.config.endpoint import Endpoint
from pytest_mews.delivery import Deliverer
from pytest_mews.emulator.connector_api import ConnectorApi
from pytest_mews.emulator.websocket import WebSocketServer
from pytest_mews.execution.alike_failures import AlikeFailures
from pytest_mews.execution.connectivity import Connectivity
from pytest_mews.execution.late_fetches import LateFetches
from pytest_mews.execution.patience import Patience
from pytest_mews.execution.service_watch import ServiceWatch
from pytest_mews.execution.stall_watch import StallWatch
from pytest_mews.model import Delivery, Limits, TlsHandshake


@dataclass(frozen=True)
class CaseContext:
    """Everything that the steps of a case work with.

    Attributes:
        deliverer: delivers webhooks, with the sender's credentials.
        endpoint: the URLs of the partner.
        preflight: the delivery that showed whether the endpoint answers; None without webhooks.
        attempts: how many attempts the profile makes.
        is_slow: whether even the preflight was answered too late, or nothing is answered any more:
            a scenario then ends at its first failure.
        concurrency: how many messages the service handles at the same time, as far as that was
            probed; None if it was not.
        peak_rate: messages per second at a peak.
        limits: the profile's limits, for the checks.
        connector_api: the Connector API emulator; None if it does not run.
        fetch_timeout_s: how long the partner may take to fetch what it acknowledged.
        connectivity: returns the result of the connectivity check, None if there is none; the check
            may run at the first call.
        enterprises: the ids of the enterprises that exist throughout the run.
        tls_handshakes: returns the TLS handshakes; they may be made at the first call.
        websocket: the WebSocket emulator; None if it does not run.
        handles_commands: returns whether a client requests anything about commands; a command may
            be sent at the first call.
        action_pause_s: how long to wait after each Integration Webhook.
        service: looks whether the service is still there; None to never look.
        restart: restarts the service, and returns whether it could; None if the harness did not
            start it.
        client_starts: returns how often the harness has started a client again that had ended; only
            of one without an endpoint.
        revive: starts a service with an endpoint again if its process has ended, and returns
            whether it did.
        patience: how long waits for what webhooks lead to go on in silence.
        websocket_patience: the same for what events on the WebSocket lead to.
        late_fetches: what was fetched only after its wait had ended.
        alike_failures: the scenarios of the run that have failed, by the checks.
        stalls: notices when the harness itself stands still.
        report_wait: is called with what a step waits for, for people.
        now_ms: the run's clock.

    """

    deliverer: Deliverer
    endpoint: Endpoint
    preflight: Delivery | None
    attempts: int = 3
    is_slow: bool = False
    concurrency: int | None = None
    peak_rate: float = 5.0
    limits: Limits = field(default_factory=Limits)
    connector_api: ConnectorApi | None = None
    fetch_timeout_s: float = 10.0
    connectivity: Callable[[], Connectivity | None] = lambda: None
    enterprises: frozenset[str] = frozenset()
    tls_handshakes: Callable[[], tuple[TlsHandshake, ...]] = tuple
    websocket: WebSocketServer | None = None
    handles_commands: Callable[[], bool] = lambda: True
    action_pause_s: float = 0.0
    service: ServiceWatch | None = None
    restart: Callable[[], bool] | None = None
    client_starts: Callable[[], int] = lambda: 0
    revive: Callable[[], bool] = lambda: False
    patience: Patience = field(default_factory=Patience)
    websocket_patience: Patience = field(default_factory=Patience)
    late_fetches: LateFetches = field(default_factory=LateFetches)
    alike_failures: AlikeFailures = field(default_factory=AlikeFailures)
    stalls: StallWatch = field(default_factory=lambda: StallWatch(lambda: 0.0))
    report_wait: Callable[[str], None] = lambda _: None
    now_ms: Callable[[], float] = lambda: time.monotonic() * 1000

    @property
    def has_two_urls(self) -> bool:
        """Whether General and Integration Webhooks have different URLs."""
        return len(self.endpoint.urls) > 1

    def wait(self, seconds: float) -> None:
        """Wait until the time is over or the run is interrupted.

        Returns at once if no emulator runs, since nothing could be observed meanwhile.
        """
        if self.connector_api is not None:
            self.connector_api.wait_until(lambda _: False, 0, seconds)
        elif self.websocket is not None:
            self.websocket.log.wait_until(lambda: False, seconds)
