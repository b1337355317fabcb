"""What a certification runs with: the partner, what delivers to it, what is served to it.

Each part is started, or looked at, when it is first asked for; `close` ends all that was.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from pytest_mews.checks import diagnose
from pytest_mews.config.endpoint import Endpoint, origin
from pytest_mews.config.settings import Settings
from pytest_mews.delivery import (
    Authorities,
    CurlTransport,
    Rules,
    Sender,
    SystemClock,
    probe_tls,
)
from pytest_mews.demo import SOUND, DemoPartner, behaviour
from pytest_mews.emulator.connector_api import CallsFile, ConnectorApi, ConnectorApiServer
from pytest_mews.emulator.websocket import WebSocketServer, admit
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
from pytest_mews.redaction import Mask, redact
from pytest_mews.senders.connector import Target

SLOW_ENDPOINT_NOTE = (
    "Even a plain message was answered too late: scenarios ran side by side, each stopped at its "
    "first failing case, and nothing was shrunk or confirmed."
)
CALLS = "calls.jsonl"  # in the report's folder
TOP_CONSUMERS = 4  # enterprises whose requests are counted second by second in the report


class Environment:
    """Owns everything that runs during a certification.

    Raises:
        UsageMistake: there is no embedded partner of that name.

    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.subject = Target(
            settings.profile.name,
            settings.events,
            int(settings.profile.number("batch_limit")),
            settings.tenants,
            peak_messages(settings.peak_rate, settings.time_scale),
            settings.profile.span("lag_s"),
        )
        self._partner_name = settings.target.partition(":")[2] or SOUND
        if settings.is_demo:
            behaviour(self._partner_name)  # a wrong name is refused before anything runs
        self._demo_authority: Path | None = None
        self._served, self._partner, self._senders = ExitStack(), ExitStack(), ExitStack()
        self._calls = CallsFile(settings.report / CALLS)
        self._api_url: str | None = None
        self._stream_address: str | None = None
        self.clock = SystemClock()
        self.began = datetime.now(UTC)

    def close(self) -> None:
        """End the transport, the embedded partner and the twin, in this order."""
        self._senders.close()
        self._partner.close()
        self._served.close()

    def interrupt(self) -> None:
        """End whatever is under way, in any thread."""
        self._senders.close()
        if "twin" in self.__dict__ and self.connector_api is not None:
            self.connector_api.end_waits()  # nobody waits any longer for what may be fetched
        if "stream" in self.__dict__ and self.websocket is not None:
            self.websocket.stop()

    def forget_calls(self) -> None:
        """Remove the calls of an earlier run: the processes of one run add to the same file."""
        self._calls.forget()

    @cached_property
    def endpoint(self) -> Endpoint:
        """The URLs to call; the embedded partner is started at first use."""
        if not self.settings.is_demo:
            return self.settings.endpoint
        _ = self.connector_api, self.websocket  # the partner is told where they listen
        partner = DemoPartner(
            self._partner_name,
            tenants=self.settings.tenants,
            api=self._api_url,
            websocket=self._stream_address,
        )
        self._partner.enter_context(partner)
        self._demo_authority = partner.authority
        return Endpoint(partner.url, partner.integration_url, partner.token, partner.token)

    @cached_property
    def sender(self) -> Sender:
        """What delivers; its transport is started at first use."""
        settings = self.settings
        rules = Rules.of(settings.profile, settings.time_scale, verify_tls=not settings.insecure)
        transport = CurlTransport(self.clock, self.authorities)
        self._senders.callback(transport.close)
        self._senders.callback(self.clock.close)
        return Sender(transport, self.clock, rules, self.platform.apply_message)

    @cached_property
    def platform(self) -> ConnectorApi:
        """What is true at Mews: entities, commands, tokens; whether or not its API is served."""
        log = self._served.enter_context(self._calls)
        return ConnectorApi(
            self.settings.tenants,
            self.clock.now_ms,
            began=self.began,
            sink=lambda call: log.write(redact(call, self.mask)),
        )

    @cached_property
    def websocket(self) -> WebSocketServer | None:
        """The WebSocket that the partner's clients connect to; None if not asked.

        Raises:
            UsageMistake: --mews-websocket can't be listened on.

        """
        settings = self.settings
        if Stage.STREAMING not in settings.stages:
            return None
        client_token, standing = settings.tenants.client_token, self.platform.token_status
        host, port = settings.websocket or ("127.0.0.1", 0)
        stream = WebSocketServer(
            lambda target, cookies: admit(target, cookies, client_token, standing),
            self.clock.now_ms,
            host,
            port,
            tls=settings.websocket_tls,
        )
        self._served.enter_context(stream)
        self._stream_address = stream.address
        return stream

    @cached_property
    def connector_api(self) -> ConnectorApi | None:
        """The Connector API that the partner calls, served from first use on; None if not asked.

        Raises:
            UsageMistake: --mews-api can't be listened on.

        """
        if not self.settings.serves_api:
            return None
        twin = self.platform
        host, port = self.settings.api or ("127.0.0.1", 0)
        server = self._served.enter_context(ConnectorApiServer(twin, host, port))
        self._served.callback(twin.end_waits)
        self._api_url = server.url
        return twin

    @cached_property
    def context(self) -> CaseContext:
        """What scenarios are played with."""
        return CaseContext(
            self.sender,
            self.endpoint,
            self.preflight.delivery if self.settings.has_webhooks else None,
            attempts=int(self.settings.profile.number("attempts")),
            is_slow=self.is_slow,
            peak_rate=self.settings.peak_rate,
            limits=Limits(self.settings.profile.number("timeout_s"), self.subject.batch_limit),
            handshakes=lambda: self.handshakes,
            twin=self.connector_api,
            fetch_timeout_s=self.settings.fetch_timeout_s,
            connectivity=lambda: self.connectivity,
            enterprises=frozenset(each.id for each in self.settings.tenants.enterprises),
            stream=self.websocket,
            now_ms=self.clock.now_ms,
        )

    @cached_property
    def preflight(self) -> Preflight:
        """What one valid message showed, sent at first use."""
        return send_preflight(
            self.sender,
            self.endpoint,
            self.subject,
            seed=self.settings.seed,
            timeout_s=self.settings.profile.number("timeout_s"),
        )

    @cached_property
    def is_slow(self) -> bool:
        """Whether even a plain webhook takes too long."""
        return self.settings.has_webhooks and self.preflight.is_slow

    @cached_property
    def connectivity(self) -> Connectivity | None:
        """Whether the partner calls the twin; None where that can't be seen. Looked at once."""
        if self.connector_api is None:
            return None
        return probe_connector_api(
            self.sender,
            self.endpoint,
            self.subject,
            self.connector_api,
            seed=self.settings.seed,
            fetch_timeout_s=self.settings.fetch_timeout_s,
        )

    @cached_property
    def clients(self) -> ClientTracker | None:
        """Waits for the partner's clients; None where none can come."""
        first = self.settings.tenants.enterprises[0].id
        if self.websocket is None:
            return None
        return ClientTracker(self.websocket, self.settings.fetch_timeout_s, first)

    @cached_property
    def handles_commands(self) -> bool:
        """Whether a client asked the Connector API about a command. Looked at once."""
        assert self.websocket is not None
        return self.connector_api is None or probe_commands(
            self.websocket,
            self.connector_api,
            self.subject,
            seed=self.settings.seed,
            fetch_timeout_s=self.settings.fetch_timeout_s,
        )

    @cached_property
    def authorities(self) -> Authorities:
        """Whose certificates are trusted: the environment's, or the embedded partner's own.

        Raises:
            UsageMistake: SSL_CERT_FILE or SSL_CERT_DIR names what is not there.

        """
        _ = self.endpoint  # starts the embedded partner, which may bring its authority
        if self._demo_authority is not None:
            return Authorities(str(self._demo_authority))
        return Authorities.of()

    @cached_property
    def handshakes(self) -> tuple[TlsHandshake, ...]:
        """What TLS handshakes with each server showed, verified even with --mews-insecure."""
        origins = dict.fromkeys(origin(self.endpoint.url(kind)) for kind in WebhookKind)
        return tuple(probe_tls(each, self.authorities, datetime.now(UTC)) for each in origins)

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks that every reader of the report must see."""
        notes = () if self.settings.is_demo else self.settings.endpoint.notes
        if self.settings.insecure:
            notes += ("TLS certificates were not verified (--mews-insecure).",)
        if "preflight" in self.__dict__ and self.preflight.is_slow:
            notes += (SLOW_ENDPOINT_NOTE,)
        elif "preflight" in self.__dict__ and self.preflight.accepts:
            hint = diagnose(self.preflight.delivery.attempts[-1])
            notes += (f"The first message was accepted, and yet: {hint}",) if hint else ()
        if self._calls.problem:
            notes += (f"{CALLS} could not be written ({self._calls.problem}).",)
        return notes

    @property
    def usage(self) -> tuple[RateLimitUsage, ...]:
        """How often the enterprises that asked most did so; empty where no twin was served."""
        twin = self.__dict__.get("twin")  # not started just to be asked
        return twin.usage()[:TOP_CONSUMERS] if twin is not None else ()

    @cached_property
    def mask(self) -> Mask:
        """What hides every secret of this run."""
        return Mask.of(self.settings, self._tokens)

    @property
    def _tokens(self) -> list[str]:
        """The shared secrets in any spelling that was sent."""
        tokens = {self.endpoint.token or "", self.endpoint.integration_token or ""} - {""}
        return [*tokens, *(spelling for token in tokens for spelling in secret_variants(token))]
