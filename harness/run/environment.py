"""Everything that runs during a certification: emulators, service, deliverer, observations.

`Environment.start` starts all parts in a fixed order before the first message, and `close` stops
them in reverse. Observations that send messages or wait are made once, when a scenario needs them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

from pytest_mews.checks import (
    describe_cold_start,
    describe_refused_handshakes,
    diagnose_preflight,
)
from pytest_mews.config.endpoint import Endpoint, origin
from pytest_mews.config.settings import Settings
from pytest_mews.delivery import (
    CurlTransport,
    Deliverer,
    DeliveryRules,
    SystemClock,
    TrustStore,
    accepts_connections,
    probe_tls,
)
from pytest_mews.demo import SOUND, DemoPartner, partner_kind
from pytest_mews.emulator.connector_api import CallsFile, ConnectorApi, ConnectorApiServer
from pytest_mews.emulator.failures import EmulatorFailures
from pytest_mews.emulator.websocket import WebSocketServer, validate_handshake
from pytest_mews.errors import HarnessError
from pytest_mews.execution import (
    AlikeFailures,
    CaseContext,
    ClientTracker,
    Concurrency,
    Connectivity,
    LateFetches,
    Learned,
    Patience,
    Preflight,
    ServiceWatch,
    StallWatch,
    peak_messages,
    probe_commands,
    probe_concurrency,
    probe_connector_api,
    send_preflight,
)
from pytest_mews.model import (
    ApiCall,
    ApiUsage,
    Attempt,
    Death,
    Limits,
    Message,
    RateLimitUsage,
    Stage,
    TlsHandshake,
)
from pytest_mews.model.death import describe_unreported
from pytest_mews.model.exchange import HEALTH_CHECK
from pytest_mews.redaction import Redactor, redact
from pytest_mews.senders import IdSource
from pytest_mews.service import StartedService

SLOW_ENDPOINT_NOTE = (
    "The endpoint missed the {limit} limit even for a single event; scenarios ran concurrently and "
    "stopped at their first failure, which was neither shrunk nor confirmed."
)
CALLS_FILE = "calls.jsonl"  # in the report's folder
LAST_CALLS = 50  # requests that causes look at
TOP_CONSUMERS = 4  # enterprises whose requests the report counts second by second


T = TypeVar("T")


class ObservedOnce(Generic[T]):
    """An observation that is made at most once, by the thread that needs it first.

    Other threads wait for its result. If making it raises an exception, the next call tries again.
    """

    def __init__(self, observe: Callable[[], T]) -> None:
        self._observe = observe
        self._lock = Lock()
        self._results: list[T] = []

    def get(self) -> T:
        """Return the result; make the observation first if there is none."""
        with self._lock:
            if not self._results:
                self._results.append(self._observe())
            return self._results[0]

    @property
    def result(self) -> T | None:
        """The result so far; None if nothing was observed yet."""
        return self._results[0] if self._results else None


class RunState:
    """What the environments of all instances of the service have in common.

    Attributes:
        clock: the clock of the run.
        started: when the run started.
        alike_failures: the scenarios that have failed, by the checks.
        learned: what the waits for what webhooks lead to have shown.
        learned_of_websocket: the same for what events on the WebSocket lead to.
        stalls: notices when the harness itself stands still.
        concurrency: the probe of how many messages the first instance handles at the same time;
            None until its environment exists.

    """

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.started = datetime.now(UTC)
        self.alike_failures = AlikeFailures()
        self.learned, self.learned_of_websocket = Learned(), Learned()
        self.stalls = StallWatch(self.clock.now_ms)
        self.concurrency: ObservedOnce[Concurrency] | None = None


class Environment:
    """Owns everything that runs during a certification.

    Attributes:
        settings: what the user chose.
        instance: the number of the instance of the service, from 1.
        target: what messages are generated for.
        clock: the clock of the run.
        started: when the run started.
        endpoint: the URLs to deliver to; of the demo partner once it has started.
        authentication: how the sender authenticates itself there.
        redactor: redacts all secrets of this run.
        platform: the platform's state: entities, commands, tokens; exists even where no API is
            served.
        connector_api: the Connector API emulator; None where the Processing stage was not
            requested.
        websocket: the WebSocket emulator; None where the Streaming stage was not requested.
        emulator_failures: the unexpected exceptions within the emulators.
        clients: the tracker of WebSocket clients; None where no WebSocket is served.
        started_service: the service under test; None if the harness does not start it.
        demo_partner: the demo partner; None if it is not the target, or has not started yet.

    Args:
        settings: what the user chose; with the port of this instance of the service.
        instance: the number of the instance, from 1.
        run: what it has in common with the environment of the first instance, which starts before
            and closes after it; None for that itself.

    Raises:
        UsageError: there is no demo partner of that name.

    """

    def __init__(
        self, settings: Settings, *, instance: int = 1, run: RunState | None = None
    ) -> None:
        self.settings = settings
        self.instance, self._owns_run = instance, run is None
        self._run = run or RunState()
        self.clock, self.started = self._run.clock, self._run.started
        self.target = replace(
            settings.generator_target,
            peak_messages=peak_messages(settings.peak_rate, settings.time_scale),
        )
        self._partner_name = settings.target.partition(":")[2] or SOUND
        if settings.is_demo:
            partner_kind(self._partner_name)  # raises for an unknown name, before anything starts
        self.endpoint = settings.endpoint
        self.authentication = settings.authentication
        self.redactor = self._build_redactor()
        self._calls_file = CallsFile(settings.report / CALLS_FILE)
        self._running = ExitStack()
        self._transport = ExitStack()
        self._is_started = self._is_closed = False
        self.platform = ConnectorApi(
            settings.tenants,
            self.clock.now_ms,
            started_utc=self.started,
            sink=lambda call: self._calls_file.write(redact(call, self.redactor)),
        )
        self.emulator_failures = EmulatorFailures()
        self._partner_errors: list[Exception] = []  # of the demo partner
        self.connector_api: ConnectorApi | None = None
        self.websocket: WebSocketServer | None = None
        self.clients: ClientTracker | None = None
        self.demo_partner: DemoPartner | None = None
        self.started_service: StartedService | None = None
        if settings.service is not None:
            self.started_service = StartedService(
                settings,
                settings.service,
                instance,
                self.clock.now_ms,
                self.redactor.redact_text,
            )
        self._health_check_numbers = count()
        run, timeout_s = self._run, settings.fetch_timeout_s
        self._patience = Patience(timeout_s, run.learned)
        self._websocket_patience = Patience(timeout_s, run.learned_of_websocket)
        self._late_fetches = LateFetches()
        self._preflight = ObservedOnce(self._send_preflight)
        if self._run.concurrency is None:
            self._run.concurrency = ObservedOnce(self._probe_concurrency)
        self._concurrency = self._run.concurrency
        self._connectivity = ObservedOnce(self._probe_connector_api)
        self._handles_commands = ObservedOnce(self._probe_commands)
        self._tls_handshakes = ObservedOnce(self._probe_tls)

    def start(self, report: Callable[[str], None] = lambda _: None) -> None:
        """Start the emulators, the demo partner or the service, and the transport, in this order.

        Does nothing if they run already. If a part can't start, those before it are stopped.

        Args:
            report: is called with what the start of the service waits for, for people.

        Raises:
            HarnessError: the environment was closed, and with it the clock and the transport.
            UsageError: the harness can't listen on the address of --mews-api or --mews-websocket,
                the service can't be started, or the path in SSL_CERT_FILE or SSL_CERT_DIR does not
                exist.

        """
        if self._is_closed:
            raise HarnessError("the environment was closed; a new one is needed to start again")
        if self._is_started:
            return
        self._running.enter_context(self._calls_file)
        if self._owns_run:
            self._running.enter_context(self._run.stalls)
        try:
            api_url = self._start_connector_api()
            websocket_url = self._start_websocket()
            trust_store = self._start_demo_partner(api_url, websocket_url)
            if self.started_service is not None:
                self._running.enter_context(self.started_service)
                self.started_service.start(
                    api_url, websocket_url, report, self._describe_refused_client
                )
            self._start_transport(trust_store)
        except BaseException:
            self._stop()
            raise
        self._is_started = True

    def for_another_instance(self, number: int) -> Environment:
        """Return the environment of another instance of the service; nothing of it runs yet.

        Args:
            number: the number of the instance, from 2.

        """
        settings = self.settings.for_another_instance()
        return Environment(settings, instance=number, run=self._run)

    def close(self) -> None:
        """Stop the transport, the service and the emulators, in this order, for good."""
        self._is_closed = True
        self._stop()

    def _stop(self) -> None:
        self._transport.close()
        self._running.close()

    def interrupt(self) -> None:
        """Stop what is running; may be called from any thread."""
        self._transport.close()
        if self.connector_api is not None:
            self.connector_api.end_waits()
        if self.websocket is not None:
            self.websocket.stop()

    def delete_calls_file(self) -> None:
        """Delete the file with the calls of an earlier run.

        All processes of one run append to the same file, so only one of them may delete it.
        """
        self._calls_file.delete()

    def _start_connector_api(self) -> str | None:
        if not self.settings.serves_api:
            return None
        host, port = self.settings.api or ("127.0.0.1", 0)
        server = self._running.enter_context(
            ConnectorApiServer(self.platform, host, port, failures=self.emulator_failures)
        )
        self._running.callback(self.platform.end_waits)
        self.connector_api = self.platform
        return server.url

    def _start_websocket(self) -> str | None:
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
            has_token=self.platform.has_token,
            failures=self.emulator_failures,
        )
        self.websocket = self._running.enter_context(server)
        first_enterprise = settings.tenants.enterprises[0].id
        self.clients = ClientTracker(server, settings.fetch_timeout_s, first_enterprise)
        return server.address

    def _describe_refused_client(self) -> str:
        """Say why the handshakes of a client that ended at its start were refused, if they were."""
        if self.websocket is None:
            return ""
        refused = describe_refused_handshakes(self.websocket.log.handshakes())
        return refused and f"The WebSocket emulator refused it (mews explain STR-01): {refused}."

    def _start_demo_partner(self, api_url: str | None, websocket_url: str | None) -> TrustStore:
        """Start the demo partner if it is the target; return the certificates to trust."""
        authority: Path | None = None
        if self.settings.is_demo:
            partner = DemoPartner(
                self._partner_name,
                tenants=self.settings.tenants,
                api=api_url,
                websocket=websocket_url,
                on_error=self._partner_errors.append,
            )
            self.demo_partner = self._running.enter_context(partner)
            authority = partner.authority
            self.endpoint = Endpoint(partner.url, partner.integration_url)
            self.authentication = self.settings.sender.authentication(
                {"--mews-target": partner.url}, None, None
            )
            self.redactor = self._build_redactor()
        return TrustStore.from_environment() if authority is None else TrustStore(str(authority))

    def _start_transport(self, trust_store: TrustStore) -> None:
        rules = DeliveryRules.from_profile(
            self.settings.profile,
            self.settings.time_scale,
            verify_tls=not self.settings.insecure,
        )
        transport = CurlTransport(self.clock, trust_store)
        self._transport.callback(transport.close)
        if self._owns_run:
            self._transport.callback(self.clock.close)
        self._trust_store = trust_store
        self.deliverer = Deliverer(
            transport, self.clock, rules, self._announce, self.authentication
        )
        self._service = ServiceWatch(
            lambda: accepts_connections(self.endpoint.urls[0]),
            self._send_health_check,
            self.clock,
            self.settings.restart_timeout_s,
            revive=self._revive,
        )

    def _announce(self, message: Message) -> float | None:
        """Let the emulators show what a message is about; without one, nobody would ask for it."""
        if self.connector_api is None and self.websocket is None:
            return None
        return self.platform.apply_message(message)

    @property
    def context(self) -> CaseContext:
        """The context of the steps of a scenario."""
        probed = self.concurrency
        return CaseContext(
            self.deliverer,
            self.endpoint,
            self.preflight.delivery if self.settings.has_webhooks else None,
            attempts=int(self.settings.profile.number("attempts")),
            is_slow=self.is_slow or self._service.answers_nothing,
            concurrency=None if probed is None else probed.in_time,
            peak_rate=self.settings.peak_rate,
            limits=Limits(self.settings.profile.number("timeout_s"), self.target.batch_limit),
            tls_handshakes=self._tls_handshakes.get,
            connector_api=self.connector_api,
            fetch_timeout_s=self.settings.fetch_timeout_s,
            connectivity=self._connectivity.get,
            enterprises=frozenset(tenant.id for tenant in self.settings.tenants.enterprises),
            websocket=self.websocket,
            handles_commands=self._handles_commands.get,
            service=self.service,
            restart=self._restart if self.can_restart else None,
            client_starts=self._count_client_starts,
            revive=self._revive if self.endpoint.urls else lambda: False,
            patience=self._patience,
            websocket_patience=self._websocket_patience,
            late_fetches=self._late_fetches,
            alike_failures=self._run.alike_failures,
            stalls=self._run.stalls,
            now_ms=self.clock.now_ms,
        )

    @property
    def can_restart(self) -> bool:
        """Whether the harness can restart the service."""
        service = self.started_service
        return self.settings.is_demo or (service is not None and service.can_restart)

    def _count_client_starts(self) -> int:
        """Return how often a service without an endpoint was started again after it had ended."""
        if self.started_service is None or self.endpoint.urls:
            return 0
        return self.started_service.restart_count

    def _revive(self) -> bool:
        return self.started_service is not None and self.started_service.revive()

    def _restart(self) -> bool:
        if self.demo_partner is not None:
            self.demo_partner.restart()
            return True
        return self.started_service is not None and self.started_service.restart()

    @property
    def preflight(self) -> Preflight:
        """The result of the preflight, which is sent at first use."""
        return self._preflight.get()

    @property
    def service(self) -> ServiceWatch | None:
        """Looks whether the service is still there; None if it never accepted a valid message."""
        accepts = self.settings.has_webhooks and self.preflight.accepts
        return self._service if accepts else None

    @property
    def death(self) -> Death | None:
        """What ended the service, if it did not come back."""
        return self._service.death

    @property
    def is_slow(self) -> bool:
        """Whether the endpoint misses the time limit even for a single event."""
        return self.settings.has_webhooks and self.preflight.is_slow

    def check_concurrency(self) -> Concurrency:
        """Return the result of the concurrency probe, which is made at first use.

        The endpoint accepts valid messages (`preflight.accepts`).
        """
        return self._concurrency.get()

    @property
    def concurrency(self) -> Concurrency | None:
        """The result of the concurrency probe; None if it was not made."""
        return self._concurrency.result

    def check_connectivity(self) -> Connectivity | None:
        """Return the result of the connectivity check; None where no Connector API is served.

        Raises:
            HarnessError: the emulator failed meanwhile; the next call makes the check again.

        """
        return self._connectivity.get()

    @property
    def handles_commands(self) -> bool:
        """Whether the service called the Connector API about a command.

        True where no Connector API is served: then calls can't be observed.
        """
        return self._handles_commands.get()

    @property
    def _own_seed(self) -> int:
        """The seed of messages outside of scenarios: what instances share shows by their ids."""
        return self.settings.seed + self.instance - 1

    def _send_preflight(self) -> Preflight:
        return send_preflight(
            self.deliverer,
            self.endpoint,
            self.settings.sender,
            self.target,
            seed=self._own_seed,
            timeout_s=self.settings.profile.number("timeout_s"),
        )

    def _probe_concurrency(self) -> Concurrency:
        return probe_concurrency(
            self.deliverer,
            self.endpoint,
            self.settings.sender,
            self.target,
            seed=self._own_seed,
            timeout_s=self.settings.profile.number("timeout_s"),
        )

    def _send_health_check(self) -> Attempt:
        """Send a new valid message outside of scenarios."""
        number = next(self._health_check_numbers)  # atomic: several threads may send one
        plan = self.settings.sender.simplest_message(self.target)
        assert plan is not None
        ids = IdSource(self._own_seed, HEALTH_CHECK, number, self.target.tenants)
        (message,) = plan.build(ids)
        url = self.endpoint.url(message.kind)
        delivery = self.deliverer.deliver(message, url, label=HEALTH_CHECK, attempts=1)
        return delivery.attempts[-1]

    def _probe_connector_api(self) -> Connectivity | None:
        if self.connector_api is None:
            return None
        failure_count = self.emulator_failures.count
        connectivity = probe_connector_api(
            self.deliverer,
            self.endpoint,
            self.settings.sender,
            self.target,
            self.connector_api,
            seed=self._own_seed,
            fetch_timeout_s=self.settings.fetch_timeout_s,
        )
        self.emulator_failures.raise_since(failure_count)  # then nothing is known of the service
        if connectivity is not None and connectivity.request_delay_s is not None:
            self._patience.note_request_delay(connectivity.request_delay_s)
        return connectivity

    def _probe_commands(self) -> bool:
        assert self.websocket is not None
        return self.connector_api is None or probe_commands(
            self.websocket,
            self.connector_api,
            self.settings.sender,
            self.target,
            seed=self._own_seed,
            fetch_timeout_s=self.settings.fetch_timeout_s,
        )

    def _probe_tls(self) -> tuple[TlsHandshake, ...]:
        """Make one TLS handshake with each server, verified even with --mews-insecure."""
        origins = dict.fromkeys(map(origin, self.endpoint.urls))
        return tuple(probe_tls(url, self._trust_store, datetime.now(UTC)) for url in origins)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the run for the terminal and the report."""
        return self.program_notes + self.instance_notes + self.wait_notes

    @property
    def program_notes(self) -> tuple[str, ...]:
        """The notes that are alike for all instances: on the settings, the probes, the harness."""
        notes = self.settings.authentication.notes
        if self.settings.insecure:
            notes += ("TLS certificates were not verified (--mews-insecure).",)
        preflight = self._preflight.result
        if preflight is not None and preflight.is_slow:
            limit = f"{self.settings.profile.number('timeout_s'):g} s"
            notes += (SLOW_ENDPOINT_NOTE.format(limit=limit),)
        elif preflight is not None and (cold := describe_cold_start(preflight.delivery)):
            notes += (f"{cold[0].upper()}{cold[1:]}.",)
        elif preflight is not None and preflight.accepts:
            hint = diagnose_preflight(preflight.delivery.attempts[-1])
            notes += (f"The endpoint accepted the first message, but {hint}",) if hint else ()
        notes += () if self.concurrency is None else self.concurrency.notes
        return notes + self._run.stalls.notes

    @property
    def instance_notes(self) -> tuple[str, ...]:
        """The notes on what happened to this instance and its emulators."""
        notes: tuple[str, ...] = ()
        if self._is_started:
            notes += tuple(map(describe_unreported, self._service.unreported_deaths))
        notes += () if self.started_service is None else self.started_service.notes
        notes += self.emulator_failures.notes + self.platform.notes
        notes += () if self.websocket is None else self.websocket.log.notes
        notes += tuple(
            f"The demo partner, a part of pytest-mews, failed with {error!r}."
            for error in self._partner_errors[:1]
        )
        if self._calls_file.problem:
            notes += (f"{CALLS_FILE} could not be written ({self._calls_file.problem}).",)
        return notes

    @property
    def wait_notes(self) -> tuple[str, ...]:
        """The note if the service was too slow for the waits of the run; else none."""
        if self.connector_api is None:
            return ()
        timeout_s, late = self.settings.fetch_timeout_s, self._late_fetches
        return self._patience.notes or (
            () if self.waits_for_messages else late.notes(self.connector_api.calls(), timeout_s)
        )

    @property
    def late_ids(self) -> frozenset[str]:
        """The entities that were fetched after the run had ceased to wait for them."""
        if self.connector_api is None:
            return frozenset()
        return frozenset(self._late_fetches.delays_ms(self.connector_api.calls()))

    @property
    def waits_for_messages(self) -> bool:
        """Whether the service requests what is late only when another message comes."""
        if self.connector_api is None:
            return False
        return self._late_fetches.wait_for_messages(
            self.connector_api.calls(), self.connector_api.messages_ms
        )

    @property
    def last_calls(self) -> tuple[ApiCall, ...]:
        """The last `LAST_CALLS` requests of the service; empty without a Connector API."""
        return () if self.connector_api is None else self.connector_api.calls()[-LAST_CALLS:]

    @property
    def api_usage(self) -> ApiUsage | None:
        """What the requests of the service were so far; None without a Connector API."""
        return None if self.connector_api is None else self.connector_api.api_usage()

    @property
    def rate_limit_usage(self) -> tuple[RateLimitUsage, ...]:
        """The request counts of the enterprises with most calls; empty without a Connector API."""
        if self.connector_api is None:
            return ()
        return self.connector_api.rate_limit_usage()[:TOP_CONSUMERS]

    def _build_redactor(self) -> Redactor:
        """Redact the sender's secrets, and each variant of them that scenarios send."""
        authentication = self.authentication
        return Redactor.from_settings(
            self.settings, [*authentication.secrets, *authentication.near_secrets]
        )
