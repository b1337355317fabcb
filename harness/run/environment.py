"""Everything that runs during a certification: emulators, demo partner, sender, observations.

Each part starts, and each observation is made, when it is first used; `close` ends what started.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from pytest_mews.checks import diagnose_preflight
from pytest_mews.config.endpoint import Endpoint, origin
from pytest_mews.config.settings import Settings
from pytest_mews.delivery import (
    CurlTransport,
    DeliveryRules,
    Sender,
    SystemClock,
    TrustStore,
    probe_tls,
)
from pytest_mews.demo import SOUND, DemoPartner, behaviour
from pytest_mews.emulator.connector_api import CallsFile, ConnectorApi, ConnectorApiServer
from pytest_mews.emulator.websocket import WebSocketServer, validate_handshake
from pytest_mews.execution import (
    CaseContext,
    ClientTracker,
    Connectivity,
    Preflight,
    peak_messages,
    probe_commands,
    probe_connector_api,
    secret_variants,
    send_preflight,
)
from pytest_mews.model import Limits, RateLimitUsage, Stage, TlsHandshake, WebhookKind
from pytest_mews.redaction import Redactor, redact
from pytest_mews.senders.connector import Target

SLOW_ENDPOINT_NOTE = (
    "The endpoint missed the {limit} limit even for a single event; scenarios ran concurrently and "
    "stopped at their first failure, which was neither shrunk nor confirmed."
)
CALLS_FILE = "calls.jsonl"  # in the report's folder
TOP_CONSUMERS = 4  # enterprises whose requests the report counts second by second


class Environment:
    """Owns everything that runs during a certification.

    Attributes:
        settings: what the user chose.
        target: what messages are generated for.
        clock: the clock of the run.
        started: when the run started.

    Raises:
        UsageError: the demo partner has no variant of that name.

    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.target = Target(
            settings.profile.name,
            settings.events,
            int(settings.profile.number("batch_limit")),
            settings.tenants,
            peak_messages(settings.peak_rate, settings.time_scale),
            settings.profile.interval("lag_s"),
        )
        self._partner_name = settings.target.partition(":")[2] or SOUND
        if settings.is_demo:
            behaviour(self._partner_name)  # raises for an unknown name, before anything starts
        self._demo_authority: Path | None = None
        self._servers, self._demo_partner, self._transport = ExitStack(), ExitStack(), ExitStack()
        self._calls_file = CallsFile(settings.report / CALLS_FILE)
        self._api_url: str | None = None
        self._websocket_url: str | None = None
        self.clock = SystemClock()
        self.started = datetime.now(UTC)

    def close(self) -> None:
        """Stop the transport, the demo partner and the emulators, in this order."""
        self._transport.close()
        self._demo_partner.close()
        self._servers.close()

    def interrupt(self) -> None:
        """Stop what is running; may be called from any thread."""
        self._transport.close()
        if "connector_api" in self.__dict__ and self.connector_api is not None:
            self.connector_api.end_waits()
        if "websocket" in self.__dict__ and self.websocket is not None:
            self.websocket.stop()

    def delete_calls_file(self) -> None:
        """Delete the file with the calls of an earlier run.

        All processes of one run append to the same file, so only one of them may delete it.
        """
        self._calls_file.delete()

    @cached_property
    def endpoint(self) -> Endpoint:
        """The URLs to deliver to; starts the demo partner where it is the target."""
        if not self.settings.is_demo:
            return self.settings.endpoint
        _ = self.connector_api, self.websocket  # the demo partner needs their addresses
        partner = DemoPartner(
            self._partner_name,
            tenants=self.settings.tenants,
            api=self._api_url,
            websocket=self._websocket_url,
        )
        self._demo_partner.enter_context(partner)
        self._demo_authority = partner.authority
        return Endpoint(partner.url, partner.integration_url, partner.token, partner.token)

    @cached_property
    def sender(self) -> Sender:
        """The sender of webhooks; starts its transport."""
        settings = self.settings
        rules = DeliveryRules.from_profile(
            settings.profile, settings.time_scale, verify_tls=not settings.insecure
        )
        transport = CurlTransport(self.clock, self.authorities)
        self._transport.callback(transport.close)
        self._transport.callback(self.clock.close)
        return Sender(transport, self.clock, rules, self.platform.apply_message)

    @cached_property
    def platform(self) -> ConnectorApi:
        """The platform's state: entities, commands, tokens; exists even where no API is served."""
        calls_file = self._servers.enter_context(self._calls_file)
        return ConnectorApi(
            self.settings.tenants,
            self.clock.now_ms,
            started_utc=self.started,
            sink=lambda call: calls_file.write(redact(call, self.redactor)),
        )

    @cached_property
    def websocket(self) -> WebSocketServer | None:
        """The WebSocket emulator; None where the Streaming stage was not requested.

        Raises:
            UsageError: the harness can't listen on the address of --mews-websocket.

        """
        settings = self.settings
        if Stage.STREAMING not in settings.stages:
            return None
        client_token, token_status = settings.tenants.client_token, self.platform.token_status
        host, port = settings.websocket or ("127.0.0.1", 0)
        server = WebSocketServer(
            lambda target, cookies: validate_handshake(target, cookies, client_token, token_status),
            self.clock.now_ms,
            host,
            port,
            tls=settings.websocket_tls,
        )
        self._servers.enter_context(server)
        self._websocket_url = server.address
        return server

    @cached_property
    def connector_api(self) -> ConnectorApi | None:
        """The Connector API emulator; None where the Processing stage was not requested.

        Raises:
            UsageError: the harness can't listen on the address of --mews-api.

        """
        if not self.settings.serves_api:
            return None
        host, port = self.settings.api or ("127.0.0.1", 0)
        server = self._servers.enter_context(ConnectorApiServer(self.platform, host, port))
        self._servers.callback(self.platform.end_waits)
        self._api_url = server.url
        return self.platform

    @cached_property
    def context(self) -> CaseContext:
        """What the steps of a scenario work with."""
        return CaseContext(
            self.sender,
            self.endpoint,
            self.preflight.delivery if self.settings.has_webhooks else None,
            attempts=int(self.settings.profile.number("attempts")),
            is_slow=self.is_slow,
            peak_rate=self.settings.peak_rate,
            limits=Limits(self.settings.profile.number("timeout_s"), self.target.batch_limit),
            tls_handshakes=lambda: self.tls_handshakes,
            connector_api=self.connector_api,
            fetch_timeout_s=self.settings.fetch_timeout_s,
            connectivity=lambda: self.connectivity,
            enterprises=frozenset(tenant.id for tenant in self.settings.tenants.enterprises),
            websocket=self.websocket,
            now_ms=self.clock.now_ms,
        )

    @cached_property
    def preflight(self) -> Preflight:
        """The result of the preflight, which is sent at first use."""
        return send_preflight(
            self.sender,
            self.endpoint,
            self.target,
            seed=self.settings.seed,
            timeout_s=self.settings.profile.number("timeout_s"),
        )

    @cached_property
    def is_slow(self) -> bool:
        """Whether the endpoint misses the time limit even for a single event."""
        return self.settings.has_webhooks and self.preflight.is_slow

    @cached_property
    def connectivity(self) -> Connectivity | None:
        """The result of the connectivity check; None where no Connector API is served."""
        if self.connector_api is None:
            return None
        return probe_connector_api(
            self.sender,
            self.endpoint,
            self.target,
            self.connector_api,
            seed=self.settings.seed,
            fetch_timeout_s=self.settings.fetch_timeout_s,
        )

    @cached_property
    def clients(self) -> ClientTracker | None:
        """The tracker of WebSocket clients; None where no WebSocket is served."""
        if self.websocket is None:
            return None
        first_enterprise = self.settings.tenants.enterprises[0].id
        return ClientTracker(self.websocket, self.settings.fetch_timeout_s, first_enterprise)

    @cached_property
    def handles_commands(self) -> bool:
        """Whether the service called the Connector API about a command; observed once.

        True where no Connector API is served: then calls can't be observed.
        """
        assert self.websocket is not None
        return self.connector_api is None or probe_commands(
            self.websocket,
            self.connector_api,
            self.target,
            seed=self.settings.seed,
            fetch_timeout_s=self.settings.fetch_timeout_s,
        )

    @cached_property
    def authorities(self) -> TrustStore:
        """The trusted certificates: the system's, or the demo partner's own authority.

        Raises:
            UsageError: the path in SSL_CERT_FILE or SSL_CERT_DIR does not exist.

        """
        _ = self.endpoint  # starts the demo partner, which may have its own authority
        if self._demo_authority is not None:
            return TrustStore(str(self._demo_authority))
        return TrustStore.from_environment()

    @cached_property
    def tls_handshakes(self) -> tuple[TlsHandshake, ...]:
        """One TLS handshake with each server, verified even with --mews-insecure."""
        origins = dict.fromkeys(origin(self.endpoint.url(kind)) for kind in WebhookKind)
        return tuple(probe_tls(url, self.authorities, datetime.now(UTC)) for url in origins)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the run for the terminal and the report."""
        notes = () if self.settings.is_demo else self.settings.endpoint.notes
        if self.settings.insecure:
            notes += ("TLS certificates were not verified (--mews-insecure).",)
        if "preflight" in self.__dict__ and self.preflight.is_slow:
            limit = f"{self.settings.profile.number('timeout_s'):g} s"
            notes += (SLOW_ENDPOINT_NOTE.format(limit=limit),)
        elif "preflight" in self.__dict__ and self.preflight.accepts:
            hint = diagnose_preflight(self.preflight.delivery.attempts[-1])
            notes += (f"The endpoint accepted the first message, but {hint}",) if hint else ()
        if self._calls_file.problem:
            notes += (f"{CALLS_FILE} could not be written ({self._calls_file.problem}).",)
        return notes

    @property
    def rate_limit_usage(self) -> tuple[RateLimitUsage, ...]:
        """The request counts of the enterprises with most calls; empty without a Connector API."""
        connector_api: ConnectorApi | None = self.__dict__.get("connector_api")  # must not start it
        return () if connector_api is None else connector_api.rate_limit_usage()[:TOP_CONSUMERS]

    @cached_property
    def redactor(self) -> Redactor:
        """What redacts every secret of this run."""
        return Redactor.from_settings(self.settings, self._token_variants)

    @property
    def _token_variants(self) -> list[str]:
        """The shared secrets, and each variant of them that scenarios send."""
        tokens = {self.endpoint.token or "", self.endpoint.integration_token or ""} - {""}
        return [*tokens, *(variant for token in tokens for variant in secret_variants(token))]
