"""The steps of scenarios as data: a class for each, with the arguments of the step as fields.

`harness/execution` performs them. The first paragraph of a class and its attributes are the
description in docs/scenario-files.md and in the schema of scenario files, which
`docs/generate_scenarios.py` writes. A name ends in `_s` where its value is in seconds; `seconds` is
too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, TypeVar

from pytest_mews.model.api_call import SLOW_S, ApiFault
from pytest_mews.model.exchange import Fault, TransferMode
from pytest_mews.model.websocket import Disconnect

UNRESPONSIVE_S = 5.0  # how long a client may take to notice that a server is unresponsive


@dataclass(frozen=True)
class Bound:
    """The smallest and the largest value; with `exclusive` it must be larger than the smallest."""

    minimum: float
    maximum: float
    exclusive: bool = False

    def contains(self, number: float) -> bool:
        """Return whether a number is neither too small nor too large."""
        is_large_enough = number > self.minimum or (number == self.minimum and not self.exclusive)
        return is_large_enough and number <= self.maximum

    def __str__(self) -> str:
        smallest = "more than" if self.exclusive else "at least"
        return f"{smallest} {self.minimum:g} and at most {self.maximum:g}"


Count = Annotated[int, Bound(1, 1_000)]
Factor = Annotated[float, Bound(1, 100)]
PositiveSeconds = Annotated[float, Bound(0, 3_600, exclusive=True)]
Seconds = Annotated[float, Bound(0, 3_600)]


class Emulator(StrEnum):
    """What the harness serves."""

    CONNECTOR_API = "the Connector API emulator"
    WEBSOCKET = "the WebSocket emulator"


RIGHT = "right"
"""The variant of a request as the sender makes it, with the right credentials."""


@dataclass(frozen=True)
class Step:
    """One action of the harness in a scenario.

    Attributes:
        do: the name of the step in scenario files.
        runs_first: whether a scenario that begins with it runs before all others.
        gives_reason: whether a scenario that begins with it passes with what was observed as its
            reason, without counts of cases and messages: the step shows what happened before.
        detects_crash: whether it shows that the service, or a client, survived something hostile.
        sends_at_once: whether it sends several messages at the same time.
        emulator: the emulator that it acts on or observes; None if it only delivers webhooks.

    """

    do: ClassVar[str]
    runs_first: ClassVar[bool] = False
    gives_reason: ClassVar[bool] = False
    detects_crash: ClassVar[bool] = False
    sends_at_once: ClassVar[bool] = False
    emulator: ClassVar[Emulator | None] = None

    @property
    def message_names(self) -> tuple[str, ...]:
        """The names of the message specs that the step is about."""
        return ()

    @property
    def min_attempts(self) -> int:
        """How many attempts the profile must make, so that the last one has no injected fault."""
        return 1

    @property
    def retry_intervals(self) -> float:
        """An estimate of how many retry intervals the step waits if the endpoint has no flaw."""
        return 0.0

    @property
    def idle_s(self) -> float:
        """How many seconds the step waits in any case."""
        return 0.0

    @property
    def timeouts(self) -> float:
        """An estimate of how many fetch timeouts the step waits if the service does nothing."""
        return 0.0


_STEPS: dict[str, type[Step]] = {}
STEPS: Mapping[str, type[Step]] = MappingProxyType(_STEPS)
"""The class of each step, by its name in scenario files."""
StepClass = TypeVar("StepClass", bound=type[Step])


def _named(name: str, emulator: Emulator | None = None) -> Callable[[StepClass], StepClass]:
    """Add a class to `STEPS`."""

    def register(step_class: StepClass) -> StepClass:
        step_class.do, step_class.emulator = name, emulator
        _STEPS[name] = step_class
        return step_class

    return register


@dataclass(frozen=True)
class MessageStep(Step):
    """A step about the messages of one message spec."""

    message: str

    @property
    def message_names(self) -> tuple[str, ...]:
        """The name of the message spec."""
        return (self.message,)


@dataclass(frozen=True)
class EntitiesStep(Step):
    """A step about the entities of the messages of some message specs."""

    of: tuple[str, ...]

    @property
    def message_names(self) -> tuple[str, ...]:
        """The names of the message specs."""
        return self.of


@_named("show-preflight")
@dataclass(frozen=True)
class ShowPreflight(Step):
    """Shows the message that the preflight delivered.

    If Integration Webhooks have a URL of their own, one valid message is sent there.
    """

    runs_first = True
    gives_reason = True


@_named("send")
@dataclass(frozen=True)
class Send(MessageStep):
    """Sends each message with a single attempt, without a retry.

    Attributes:
        message: the name of the message.
        token: the variant of the sender's credentials, `right` or a wrong one: `wrong-then-right`
            and `right-then-wrong` give the token of the URL twice.
        content_type: the value of the Content-Type header, or `none` for no header.
        transfer: how the body travels; `slow` takes 2 s on a new connection.
        method: the HTTP method; GET and DELETE are sent without the body.

    """

    token: str = RIGHT
    content_type: str = ""
    transfer: TransferMode = TransferMode.PLAIN
    method: Literal["POST", "PUT", "DELETE", "GET"] = "POST"

    @property
    def retry_intervals(self) -> float:
        """A slow body takes longer than a retry interval."""
        return 1.5 if self.transfer is TransferMode.SLOW else 0.0


@_named("deliver")
@dataclass(frozen=True)
class Deliver(MessageStep):
    """Delivers each message as Mews does, with all retries.

    In the Processing stage a case ends with an Integration Webhook that is not accepted in the end:
    without it the service can't process what follows.

    Attributes:
        message: the name of the message.
        faults: what is injected into the attempts 1, 2, …
        wait_each: whether to wait after each message until its entities are fetched; if they are
            not, the messages after it are not sent.

    """

    faults: tuple[Fault, ...] = ()
    wait_each: bool = False

    @property
    def timeouts(self) -> float:
        """One for the first message that fails, again with each pause."""
        return 3.0 if self.wait_each else 0.0

    @property
    def min_attempts(self) -> int:
        """One more than the faults."""
        return len(self.faults) + 1

    @property
    def retry_intervals(self) -> float:
        """One for each fault."""
        return len(self.faults)


@_named("exhaust-retries")
@dataclass(frozen=True)
class ExhaustRetries(MessageStep):
    """Delivers each message with a fault in every attempt, so that Mews discards it in the end.

    Attributes:
        message: the name of the message.
        fault: with `truncate-request` the service never has the whole message.

    """

    fault: Literal[Fault.DROP_RESPONSE, Fault.TRUNCATE_REQUEST, Fault.RESET] = Fault.DROP_RESPONSE

    @property
    def retry_intervals(self) -> float:
        """With three attempts."""
        return 2


@_named("send-concurrently")
@dataclass(frozen=True)
class SendConcurrently(MessageStep):
    """Delivers all messages at the same time, with all retries.

    Attributes:
        message: the name of the message.
        copies: how often each message is delivered.

    """

    sends_at_once = True
    copies: Count = 1


@_named("send-at-rate")
@dataclass(frozen=True)
class SendAtRate(MessageStep):
    """Sends the messages at `--mews-peak-rate` per second, each with a single attempt.

    Attributes:
        message: the name of the message.

    """


@_named("send-steadily", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class SendSteadily(MessageStep):
    """Sends the messages one after another, in equal parts of the fetch timeout.

    Each is sent with a single attempt. The one after the first request about any of them is the
    last. Where an earlier entity of the case was not fetched, none is sent.

    Attributes:
        message: the name of the messages.

    """

    @property
    def timeouts(self) -> float:
        """All messages last one fetch timeout."""
        return 1


@_named("send-increasing")
@dataclass(frozen=True)
class SendIncreasing(MessageStep):
    """Sends the messages one after another, each with a single attempt.

    After a timeout, messages with as many events or more are left out.

    Attributes:
        message: the name of the message.

    """


@_named("health-check")
@dataclass(frozen=True)
class HealthCheck(Step):
    """Sends the simplest valid message once, after something hostile.

    If Integration Webhooks have a URL of their own and were sent something, one follows there too.
    """

    detects_crash = True


@_named("wait")
@dataclass(frozen=True)
class Wait(Step):
    """Waits, while the emulators keep observing.

    Attributes:
        seconds: how long.

    """

    seconds: PositiveSeconds

    @property
    def idle_s(self) -> float:
        """The whole time."""
        return self.seconds


@_named("show-tls-handshakes")
@dataclass(frozen=True)
class ShowTlsHandshakes(Step):
    """Shows the TLS handshakes with each server.

    They are made once in a run, without HTTP, and verify certificates even with `--mews-insecure`.
    """

    gives_reason = True


@_named("show-connectivity-check", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class ShowConnectivityCheck(Step):
    """Shows the message that should have led to a first call, and the calls until then."""


@_named("wait-until-fetched", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class WaitUntilFetched(Step):
    """Waits until every acknowledged entity is fetched, then until the service is quiet.

    The wait takes at most the fetch timeout (`--mews-fetch-timeout`), or five times that while the
    service works through earlier messages, and up to thirteen times while fewer and fewer of them
    are left; the wait for quiet takes at most as long again.

    Attributes:
        timeout_factor: a factor for the fetch timeout, where the service has to retry.
        quiet_s: how many seconds without a further call mean that the service is quiet; with 0 it
            is not waited for.
        of: the names of the messages whose entities are waited for; all without it.

    """

    timeout_factor: Factor = 1
    quiet_s: Seconds = 0
    of: tuple[str, ...] = ()

    @property
    def message_names(self) -> tuple[str, ...]:
        """The names of the message specs."""
        return self.of

    @property
    def idle_s(self) -> float:
        """The time without a call."""
        return self.quiet_s

    @property
    def timeouts(self) -> float:
        """Its timeout."""
        return self.timeout_factor


@_named("wait-for-request", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class WaitForRequest(Step):
    """Waits until a call about the case arrives, at most the fetch timeout."""

    @property
    def timeouts(self) -> float:
        """Its timeout."""
        return 1.0


@_named("wait-for-no-request", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class WaitForNoRequest(Step):
    """Waits for a request that must not come.

    A service that collects events, or looks for new ones at intervals, gets twice the time that it
    has usually needed from its response to its first request, at most the fetch timeout. One that
    still works on what was sent before, or may wait for the retry of its last request, gets up to
    four times the fetch timeout more; if it has not come to the message by then, nothing is
    observed.

    Attributes:
        seconds: how long, at least.

    """

    seconds: PositiveSeconds

    @property
    def idle_s(self) -> float:
        """The shortest time."""
        return self.seconds


@_named("wait-until-idle", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class WaitUntilIdle(Step):
    """Waits for a second without a call in progress; only later calls belong to the case.

    It takes at most the fetch timeout, or five times that while the service works through earlier
    messages, and up to thirteen times while fewer and fewer of them are left.
    """


@_named("restart-service")
@dataclass(frozen=True)
class RestartService(Step):
    """Restarts the service as a deployment does, and waits until it answers again.

    It gets SIGTERM, and SIGKILL if it still runs five seconds later. Only a service that the
    harness started with `--mews-start` can be restarted, or the demo partner.
    """


@_named("inject-api-fault", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class InjectApiFault(Step):
    """Injects a fault into the responses to calls about the entities of some messages.

    Attributes:
        fault: the fault; `unknown-fields` adds properties and values that are not documented.
        of: the names of the messages.
        times: how many calls about each entity are affected; all until `clear-api-faults` without
            it. An entity none of whose calls was affected is not evaluated.
        more_than: only calls about more than this many of the entities are affected: with `413`
            those that ask for them by id, with any other fault also those whose response has them.
            With `408` a request for much less than the first affected one is not: for at most three
            quarters of the ids, of the page size, or of the interval.
        seconds: how long a `slow` response takes.
        operation: the only operation that is affected, such as `commands/update`.

    """

    fault: ApiFault
    of: tuple[str, ...]
    times: Count | None = None
    more_than: Count | None = None
    seconds: PositiveSeconds = SLOW_S
    operation: str = ""

    @property
    def message_names(self) -> tuple[str, ...]:
        """The names of the message specs whose entities are affected."""
        return self.of

    @property
    def idle_s(self) -> float:
        """The time that a slow response takes."""
        return self.seconds if self.fault is ApiFault.SLOW else 0.0


@_named("delete-entities", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class DeleteEntities(EntitiesStep):
    """Deletes the entities of some messages in the Connector API emulator, before they are sent.

    A reservation is canceled instead.

    Attributes:
        of: the names of the messages.
        event: only the entities of events of this type; empty for all.

    """

    event: str = ""


@_named("change-entities", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class ChangeEntities(EntitiesStep):
    """Changes the entities of some messages in the Connector API emulator, before they are sent.

    They do not change once more when the messages are sent, which are late.

    Attributes:
        of: the names of the messages.

    """


@_named("outlast-intervals", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class OutlastIntervals(EntitiesStep):
    """Waits until an interval of the same length would begin after now.

    Those in the latest requests of the service for the entities of some messages count, if they
    begin at most two minutes before the request. Without any it does not wait.

    Attributes:
        of: the names of the messages.

    """


@_named("refuse-replaced-keys", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class RefuseReplacedKeys(EntitiesStep):
    """Answers requests with a replaced AccessToken of the enterprises of some messages with a 401.

    Without it they succeed: that a new key makes the old one invalid is documented nowhere.

    Attributes:
        of: the names of the messages.

    """


@_named("add-service", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class AddService(EntitiesStep):
    """Adds a service in the Connector API emulator, to which the products of some messages belong.

    Attributes:
        of: the names of the messages.

    """


@_named("add-to-portfolio", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class AddToPortfolio(EntitiesStep):
    """Adds the enterprises of some messages to the portfolio of a chain, before these are sent.

    The AccessToken of the chain then covers them.

    Attributes:
        of: the names of the messages of the enterprises.
        portfolio: the name of the message of the chain.

    """

    portfolio: str

    @property
    def message_names(self) -> tuple[str, ...]:
        """The names of the message specs of the enterprises and of the chain."""
        return (*self.of, self.portfolio)


@_named("clear-api-faults", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class ClearApiFaults(Step):
    """Removes the injected faults of the case; its end does so too."""


@_named("fill-first-pages", Emulator.CONNECTOR_API)
@dataclass(frozen=True)
class FillFirstPages(EntitiesStep):
    """Puts the entities of some messages on the third page of what a call by interval returns.

    Two pages of other entities of their kind, as new as they, exist until the case ends. A call
    that names ids returns none of these.

    Attributes:
        of: the names of the messages.

    """


@_named("show-handshakes", Emulator.WEBSOCKET)
@dataclass(frozen=True)
class ShowHandshakes(Step):
    """Shows every WebSocket handshake of the run so far; nothing is sent."""


@_named("websocket-send", Emulator.WEBSOCKET)
@dataclass(frozen=True)
class WebSocketSend(MessageStep):
    """Sends the messages on the WebSocket, and a ping behind them.

    Attributes:
        message: the name of the message.
        duplicate: whether they are copies of earlier messages, which change nothing in the
            Connector API emulator.

    """

    duplicate: bool = False


@_named("websocket-ping", Emulator.WEBSOCKET)
@dataclass(frozen=True)
class WebSocketPing(Step):
    """Pings every connection, and waits for the pongs, at most the fetch timeout."""


@_named("close-connection", Emulator.WEBSOCKET)
@dataclass(frozen=True)
class CloseConnection(Step):
    """Ends the connections of all clients.

    Attributes:
        how: `going-away` (1001), `server-error` (1011), `restart` (1012), `abnormal` (without a
            close frame) or `unresponsive` (the server neither sends nor answers any more).

    """

    how: Disconnect

    @property
    def idle_s(self) -> float:
        """An estimate of how long a client waits until it takes an unresponsive server for dead."""
        return UNRESPONSIVE_S if self.how is Disconnect.UNRESPONSIVE else 0.0


@_named("server-down", Emulator.WEBSOCKET)
@dataclass(frozen=True)
class ServerDown(Step):
    """Breaks every connection, and accepts none for a while.

    Attributes:
        seconds: how long.

    """

    seconds: PositiveSeconds

    @property
    def idle_s(self) -> float:
        """The whole time."""
        return self.seconds


@_named("reject-handshakes", Emulator.WEBSOCKET)
@dataclass(frozen=True)
class RejectHandshakes(Step):
    """Rejects the next handshakes of each client, until both limits are reached.

    Attributes:
        status: the status of the response.
        times: how many handshakes.
        seconds: how long.
        max_seconds: after how long it ends in any case; a client that backs off may need minutes
            for `times` handshakes.

    """

    status: Literal[429, 503]
    times: Count = 1
    seconds: Seconds = 0
    max_seconds: PositiveSeconds | None = None

    @property
    def idle_s(self) -> float:
        """The time until handshakes are accepted again."""
        return self.max_seconds or self.seconds


@_named("send-while-disconnected", Emulator.WEBSOCKET)
@dataclass(frozen=True)
class SendWhileDisconnected(MessageStep):
    """Sends webhooks while no client can connect: the connections end, each handshake gets a 503.

    Each message is sent after another handshake, with a single attempt. The first one that is
    answered as promptly as the preflight is the last: what a client's pauses hold up takes longer
    each time, since they grow. Then handshakes are accepted again.

    Attributes:
        message: the name of the message.
        timeout_factor: a factor for the fetch timeout, for which a handshake is waited for.

    """

    timeout_factor: Factor = 1


@_named("wait-for-reconnect", Emulator.WEBSOCKET)
@dataclass(frozen=True)
class WaitForReconnect(Step):
    """Waits until every client is connected again, at most the fetch timeout.

    Attributes:
        timeout_factor: a factor for the fetch timeout.

    """

    detects_crash = True
    timeout_factor: Factor = 1

    @property
    def timeouts(self) -> float:
        """Its timeout."""
        return self.timeout_factor


@_named("skip-send", Emulator.WEBSOCKET)
@dataclass(frozen=True)
class SkipSend(MessageStep):
    """Changes the Connector API emulator as the messages say, without sending them.

    Attributes:
        message: the name of the message.

    """


@_named("wait-for-active-commands", Emulator.WEBSOCKET)
@dataclass(frozen=True)
class WaitForActiveCommands(Step):
    """Waits until every client has requested the active commands, at most the fetch timeout."""

    @property
    def timeouts(self) -> float:
        """Its timeout."""
        return 1.0


@_named("wait-until-handled", Emulator.WEBSOCKET)
@dataclass(frozen=True)
class WaitUntilHandled(Step):
    """Waits until commands are reported as Processed and other requested entities are fetched.

    It takes at most the fetch timeout, or longer while a client works through earlier messages.

    Attributes:
        timeout_factor: a factor for the fetch timeout.

    """

    timeout_factor: Factor = 1

    @property
    def timeouts(self) -> float:
        """Its timeout."""
        return self.timeout_factor
