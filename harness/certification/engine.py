"""The engine certifies scenarios one by one against one endpoint; pytest or a test drives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from mews_harness.certification.applicability import why_not
from mews_harness.certification.conclude import conclude
from mews_harness.certification.keepsakes import kept
from mews_harness.certification.turns import Turns
from mews_harness.delivery import (
    Authorities,
    Courier,
    CurlTransport,
    Rules,
    SystemClock,
    shake_hands,
)
from mews_harness.demo import SOUND, EmbeddedPartner, behaviour
from mews_harness.endpoint import Endpoint, origin
from mews_harness.errors import HarnessFault
from mews_harness.masking import Mask, masked, tokens_in
from mews_harness.model import (
    Finding,
    Handshake,
    Kind,
    Limits,
    Scenario,
    ScenarioResult,
    Stage,
    Transcript,
    Trial,
    Usage,
    Verdict,
)
from mews_harness.model.verdict import SIGN_OF_LIFE
from mews_harness.payloads import Subject
from mews_harness.player import (
    Bench,
    Budget,
    Exploration,
    Explorer,
    Joining,
    Messages,
    Preflight,
    Wiring,
    heed,
    peak_messages,
    play,
    reach,
    revealing,
    watched,
    wire,
)
from mews_harness.reports import one_line
from mews_harness.settings import Settings
from mews_harness.streaming import StreamServer, admit
from mews_harness.twin import CallLog, Twin, TwinServer
from mews_harness.verdicts import HOW_TO_OBSERVE, all_refused, attempt_in_words, diagnose, judge

Progress = Callable[[Scenario, int, int], None]
SLUGGISH = (
    "Even a plain message was answered too late: scenarios ran side by side, each stopped at its "
    "first failing case, and nothing was shrunk or confirmed."
)
UNWIRED = (
    "no request has reached the Connector API that the harness serves (PRE-02): point the service "
    "there (docs/processing.md)"
)
UNANSWERED = "{} (PRE-02)"
STREAMED = frozenset({"stream", "knocked", "streamed", "streamed-api", "heeding", "both"})
UNKNOCKED = (
    "no handshake has reached the WebSocket server of the harness (PRE-03): point the service "
    "there (docs/streaming.md)"
)
UNADMITTED = "no handshake was accepted for the first enterprise of --mews-tenants (STR-01)"
UNJOINED = "no client of the first enterprise is connected any more: it did not come back after {}"
UNHEEDED = (
    "no request about a command has reached the Connector API that the harness serves (PRE-04): "
    "point the service there (docs/streaming.md)"
)
CALLS = "calls.jsonl"  # in the report's folder
BUSIEST = 4  # enterprises whose requests are counted second by second in the report


class Engine:
    """Owns everything that runs during a certification: partner, transport, preflight.

    Nothing is started before the first scenario; `close` ends all that was. By `turns` a scenario
    is alone among several processes too.

    Raises:
        UsageMistake: there is no embedded partner of that name.

    """

    def __init__(
        self, settings: Settings, *, budget: Budget | None = None, turns: Turns | None = None
    ) -> None:
        self.settings = settings
        self._turns = turns or Turns()
        self.subject = Subject(
            settings.profile.name,
            settings.events,
            int(settings.profile.number("batch_limit")),
            settings.tenants,
            peak_messages(settings.rate, settings.time_scale),
            settings.profile.span("lag_s"),
        )
        self._partner_name = settings.target.partition(":")[2] or SOUND
        if settings.is_demo:
            behaviour(self._partner_name)  # a wrong name is refused before anything runs
        self._demo_authority: Path | None = None
        self._budget = budget or Budget()
        self._interrupted = False
        self._served, self._partner, self._senders = ExitStack(), ExitStack(), ExitStack()
        self._calls = CallLog(settings.report / CALLS)
        self._left_in = ""  # the scenario after which no client of the first enterprise is left
        self._api_url: str | None = None
        self._stream_address: str | None = None
        self._clock = SystemClock()
        self._began = datetime.now(UTC)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the transport, the embedded partner and the twin, in this order."""
        self._senders.close()
        self._partner.close()
        self._served.close()

    def interrupt(self) -> None:
        """End whatever is under way, in any thread: its result is what was seen until now."""
        self._interrupted = True
        self._senders.close()
        if "twin" in self.__dict__ and self.twin is not None:
            self.twin.end_waits()  # nobody waits any longer for what may be fetched
        if "stream" in self.__dict__ and self.stream is not None:
            self.stream.stop()

    def forget_calls(self) -> None:
        """Remove the calls of an earlier run: the processes of one run add to the same file."""
        self._calls.forget()

    def look(self, scenarios: Iterable[Scenario]) -> None:
        """Look at all that these scenarios need to have been seen; each does so itself else."""
        needs = {each.needs for each in scenarios}
        wired = not needs.isdisjoint({"wired", "answered", "both"})
        if self.settings.has_webhooks and wired and self.preflight.accepts:
            _ = self.wiring

    def certify(self, scenario: Scenario, progress: Progress = lambda *_: None) -> ScenarioResult:
        """Play one scenario and judge it; secrets are masked in what is returned.

        A KeyboardInterrupt goes through, with the result so far as its only argument.

        Raises:
            HarnessFault: the harness failed at its own work, or was interrupted before.

        """
        if self._interrupted:
            raise HarnessFault("the run was interrupted")
        obstacle = self.obstacle(scenario)
        if obstacle is not None:
            return obstacle
        with self._turns.take(alone=scenario.alone):
            result = self._explore(scenario, progress)
            self._look_who_left(scenario)
        return result

    def _look_who_left(self, scenario: Scenario) -> None:
        """Note after which scenario the client that messages are for was gone."""
        if self.joining is not None and self.joining.admitted:
            self._left_in = "" if self.joining.is_there else self._left_in or scenario.id

    def obstacle(self, scenario: Scenario) -> ScenarioResult | None:
        """Say why a scenario can't be played against this endpoint; None where it can."""
        if scenario.stage not in self.settings.stages:
            return ScenarioResult(scenario, Verdict.NOT_OBSERVED, HOW_TO_OBSERVE[scenario.stage])
        _ = self.stream  # the partner's clients may come while other scenarios run
        attempts = int(self.settings.profile.number("attempts"))
        reason = why_not(scenario, self.endpoint, self.subject, attempts)
        if reason:
            return ScenarioResult(scenario, Verdict.NOT_APPLICABLE, reason)
        lacking = self._lacks(scenario.needs)
        if lacking is not None:
            return self._clean(ScenarioResult(scenario, *lacking))
        return None

    def _lacks(self, need: str) -> tuple[Verdict, str] | None:
        """Give the verdict on a scenario whose need is not met, and why; None where it is."""
        if need in STREAMED:
            return self._lacks_client(need)
        if not self.preflight.provides(need):
            said = attempt_in_words(self.preflight.delivery.attempts[-1])
            return Verdict.BLOCKED, f"the preflight failed (PRE-01): {said}"
        if need not in {"wired", "answered"} or self.wiring is None:
            return None
        if not self.wiring.called:
            return Verdict.BLOCKED, UNWIRED
        if need == "answered" and not self.wiring.answered:
            return Verdict.BLOCKED, UNANSWERED.format(all_refused(self.wiring.calls))
        return None

    def _lacks_client(self, need: str) -> tuple[Verdict, str] | None:
        assert self.joining is not None
        asks_api = need in {"heeding", "streamed-api", "both"}
        if asks_api and self.twin is None:
            return Verdict.NOT_OBSERVED, HOW_TO_OBSERVE[Stage.PROCESSING]
        if need == "both" and not self.settings.has_webhooks:
            return Verdict.NOT_OBSERVED, HOW_TO_OBSERVE[Stage.DELIVERY]
        if not self.joining.knocked():
            return None if need == "stream" else (Verdict.BLOCKED, UNKNOCKED)
        if need not in {"stream", "knocked"} and not self.joining.joined():
            gone = UNJOINED.format(self._left_in or "an earlier scenario")
            return Verdict.BLOCKED, gone if self.joining.admitted else UNADMITTED
        if need in {"heeding", "both"} and not self.heeded:
            return Verdict.BLOCKED, UNHEEDED
        return self._lacks("answered") if need == "both" else None

    def replay(self, scenario: Scenario, messages: Messages) -> tuple[Finding, ...]:
        """Send these messages by the scenario's steps, once, and judge what came of it.

        Raises:
            HarnessFault: the harness failed at its own work.

        """

        def judged(transcript: Transcript) -> tuple[Finding, ...]:
            return self._judge(scenario, transcript)

        with self._turns.take(alone=scenario.alone):
            played = play(scenario, messages, self.bench)
            trial = Trial("example", "", judged(played), played)
            if any(step.verb == SIGN_OF_LIFE for step in scenario.steps):
                trial = watched(trial, lambda: messages, self.bench, self._clock, judged)
        return masked(trial.findings, self.mask)

    def _judge(self, scenario: Scenario, transcript: Transcript) -> tuple[Finding, ...]:
        return tuple(judge(expectation, transcript) for expectation in scenario.expectations)

    def _explore(self, scenario: Scenario, progress: Progress) -> ScenarioResult:
        began_ms = self._clock.now_ms()

        def spent_s() -> float:
            return (self._clock.now_ms() - began_ms) / 1000

        explorer = Explorer(
            scenario,
            self.subject,
            self.bench,
            self._clock,
            run_seed=self.settings.seed,
            began=self._began,
            examples=self.settings.examples,
            budget=self._budget,
            judge=lambda transcript: self._judge(scenario, transcript),
            progress=lambda played, planned: progress(scenario, played, planned),
        )
        try:
            explorer.run()
        except KeyboardInterrupt as stop:
            raise KeyboardInterrupt(self._conclude(scenario, explorer.seen, spent_s())) from stop
        except HarnessFault:
            if not self._interrupted:
                raise
        return self._conclude(scenario, explorer.seen, spent_s())

    def _conclude(self, scenario: Scenario, seen: Exploration, spent_s: float) -> ScenarioResult:
        result = self._clean(conclude(scenario, seen, spent_s))
        return kept(result, seen.script, self.settings, self._began, self.mask)

    @cached_property
    def bench(self) -> Bench:
        """What scenarios are played with."""
        return Bench(
            self.courier,
            self.endpoint,
            self.preflight.delivery if self.settings.has_webhooks else None,
            attempts=int(self.settings.profile.number("attempts")),
            sluggish=self.sluggish,
            rate=self.settings.rate,
            limits=Limits(self.settings.profile.number("timeout_s"), self.subject.batch_limit),
            handshakes=lambda: self.handshakes,
            twin=self.twin,
            settle_s=self.settings.settle_s,
            wiring=lambda: self.wiring.delivery if self.wiring else None,
            enterprises=frozenset(each.id for each in self.settings.tenants.enterprises),
            stream=self.stream,
            now_ms=self._clock.now_ms,
        )

    @cached_property
    def endpoint(self) -> Endpoint:
        """The URLs to call; the embedded partner is started at first use."""
        if not self.settings.is_demo:
            return self.settings.endpoint
        _ = self.twin, self.stream  # the partner is told where they listen
        partner = EmbeddedPartner(
            self._partner_name,
            tenants=self.settings.tenants,
            api=self._api_url,
            websocket=self._stream_address,
        )
        self._partner.enter_context(partner)
        self._demo_authority = partner.authority
        return Endpoint(partner.url, partner.integration_url, partner.token, partner.token)

    @cached_property
    def courier(self) -> Courier:
        """What delivers; its transport is started at first use."""
        settings = self.settings
        rules = Rules.of(settings.profile, settings.time_scale, verify_tls=not settings.insecure)
        transport = CurlTransport(self._clock, self.authorities)
        self._senders.callback(transport.close)
        self._senders.callback(self._clock.close)
        return Courier(transport, self._clock, rules, self.mews.announce)

    @cached_property
    def mews(self) -> Twin:
        """What is true at Mews: entities, commands, tokens; whether or not its API is served."""
        log = self._served.enter_context(self._calls)
        return Twin(
            self.settings.tenants,
            self._clock.now_ms,
            began=self._began,
            sink=lambda call: log.write(masked(call, self.mask)),
        )

    @cached_property
    def stream(self) -> StreamServer | None:
        """The WebSocket that the partner's clients connect to; None if not asked.

        Raises:
            UsageMistake: --mews-websocket can't be listened on.

        """
        settings = self.settings
        if Stage.STREAMING not in settings.stages:
            return None
        client_token, standing = settings.tenants.client_token, self.mews.standing
        host, port = settings.websocket or ("127.0.0.1", 0)
        stream = StreamServer(
            lambda target, cookies: admit(target, cookies, client_token, standing),
            self._clock.now_ms,
            host,
            port,
            tls=settings.websocket_tls,
        )
        self._served.enter_context(stream)
        self._stream_address = stream.address
        return stream

    @cached_property
    def joining(self) -> Joining | None:
        """Waits for the partner's clients; None where none can come."""
        first = self.settings.tenants.enterprises[0].id
        if self.stream is None:
            return None
        return Joining(self.stream, self.settings.settle_s, first)

    @cached_property
    def heeded(self) -> bool:
        """Whether a client asked the Connector API about a command. Looked at once."""
        assert self.stream is not None
        return self.twin is None or heed(
            self.stream,
            self.twin,
            self.subject,
            seed=self.settings.seed,
            settle_s=self.settings.settle_s,
        )

    @cached_property
    def sluggish(self) -> bool:
        """Whether even a plain webhook takes too long."""
        return self.settings.has_webhooks and self.preflight.sluggish

    @cached_property
    def twin(self) -> Twin | None:
        """The Connector API that the partner calls, served from first use on; None if not asked.

        Raises:
            UsageMistake: --mews-api can't be listened on.

        """
        if not self.settings.serves_api:
            return None
        twin = self.mews
        host, port = self.settings.api or ("127.0.0.1", 0)
        server = self._served.enter_context(TwinServer(twin, host, port))
        self._served.callback(twin.end_waits)
        self._api_url = server.url
        return twin

    @cached_property
    def wiring(self) -> Wiring | None:
        """Whether the partner calls the twin; None where that can't be seen. Looked at once."""
        if self.twin is None:
            return None
        return wire(
            self.courier,
            self.endpoint,
            self.subject,
            self.twin,
            seed=self.settings.seed,
            settle_s=self.settings.settle_s,
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
    def handshakes(self) -> tuple[Handshake, ...]:
        """What TLS handshakes with each server showed, verified even with --mews-insecure."""
        origins = dict.fromkeys(origin(self.endpoint.url(kind)) for kind in Kind)
        return tuple(shake_hands(each, self.authorities, datetime.now(UTC)) for each in origins)

    @cached_property
    def preflight(self) -> Preflight:
        """What one valid message showed, sent at first use."""
        return reach(
            self.courier,
            self.endpoint,
            self.subject,
            seed=self.settings.seed,
            timeout_s=self.settings.profile.number("timeout_s"),
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks that every reader of the report must see."""
        notes = () if self.settings.is_demo else self.settings.endpoint.notes
        if self.settings.insecure:
            notes += ("TLS certificates were not verified (--mews-insecure).",)
        if "preflight" in self.__dict__ and self.preflight.sluggish:
            notes += (SLUGGISH,)
        elif "preflight" in self.__dict__ and self.preflight.accepts:
            hint = diagnose(self.preflight.delivery.attempts[-1])
            notes += (f"The first message was accepted, and yet: {hint}",) if hint else ()
        if self._calls.problem:
            notes += (f"{CALLS} could not be written ({self._calls.problem}).",)
        return notes

    @property
    def usage(self) -> tuple[Usage, ...]:
        """How often the enterprises that asked most did so; empty where no twin was served."""
        twin = self.__dict__.get("twin")  # not started just to be asked
        return twin.usage()[:BUSIEST] if twin is not None else ()

    @cached_property
    def mask(self) -> Mask:
        """What hides every secret of this run."""
        return Mask.of(self.settings, self._tokens)

    @property
    def _tokens(self) -> list[str]:
        """The shared secrets in any spelling that was sent."""
        tokens = {self.endpoint.token or "", self.endpoint.integration_token or ""} - {""}
        return [*tokens, *(spelling for token in tokens for spelling in revealing(token))]

    def _clean(self, result: ScenarioResult) -> ScenarioResult:
        """Mask the secrets; a partner's words in the reason become harmless to any log."""
        sent = (each for trial in result.evidence for each in trial.transcript.deliveries)
        minted = {key for each in sent for key in tokens_in(each.message.body)}
        clean = masked(masked(result, self.mask), Mask(minted))
        return replace(clean, reason=one_line(clean.reason))
