"""The fixture `mews_webhooks`: delivers messages to a partner's service as Mews does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from traceback import format_exception
from types import TracebackType
from typing import Any, Self, TypedDict, Unpack
from urllib.parse import urlsplit

from pytest_mews.config.profiles import load_profile
from pytest_mews.delivery import Deliverer, DeliveryOrder, DeliveryRules
from pytest_mews.delivery.retry_policy import Pause, deliver_steps
from pytest_mews.errors import UsageError, did_you_mean
from pytest_mews.kit.app_exchange import AppExchange
from pytest_mews.kit.endpoints import Endpoint, open_endpoint
from pytest_mews.kit.loop_thread import LoopThread
from pytest_mews.kit.skipping_clock import SkippingClock, Sleep
from pytest_mews.model import Attempt, Delivery, Fault, Message, Outcome
from pytest_mews.redaction import Redactor
from pytest_mews.senders import RIGHT, Authentication
from pytest_mews.senders.connector import CONNECTOR

URL = "URL"  # what an endpoint's URL is called in messages about it
MAX_SHOWN = 20  # deliveries; a property has hundreds, and the last one failed
_BODY_LENGTH = 200  # characters of a response that is an error
_TRACEBACK_LINES = 12  # of an exception of the application, in the report of a failing test


@dataclass(frozen=True)
class WebhookAttempt:
    """One attempt to deliver a message.

    Attributes:
        number: from 1.
        outcome: how it ended.
        status: the status of the response; None if there was none.
        ms: from the start of the request to the end of the response, redirects included.
        body: the body of the response.
        headers: the headers of the response, by name in lower case.
        started_ms: when it started, since the first attempt started; documented pauses count even
            if the test skips them.
        fault: the fault that was injected into it.
        detail: adds to the outcome; may be empty.
        error: the exception that the application raised in the process of the test, if any.

    """

    number: int
    outcome: Outcome
    status: int | None
    ms: float
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    started_ms: float
    fault: Fault
    detail: str
    error: BaseException | None

    @property
    def text(self) -> str:
        """The body of the response as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """Parse the body of the response; ValueError if it is not JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class WebhookDelivery:
    """A message and all attempts to deliver it.

    Attributes:
        message: the message.
        attempts: at least one.

    """

    message: Message = field(repr=False)
    attempts: tuple[WebhookAttempt, ...]

    @property
    def delivered(self) -> bool:
        """Whether Mews would count the message as received: an attempt got a 2xx in time."""
        return any(attempt.outcome is Outcome.DELIVERED for attempt in self.attempts)

    @property
    def status(self) -> int | None:
        """The status of the response to the last attempt."""
        return self.attempts[-1].status


class DeliveryOptions(TypedDict, total=False):
    """The arguments that `MewsWebhooks.deliver` explains."""

    path: str | None
    token: str | None
    token_variant: str
    faults: Sequence[Fault]
    duplicates: int
    attempts: int | None
    timeout_s: float | None


class MewsWebhooks:
    """Delivers messages with the documented time limit, attempts, pauses and redirects.

    Pauses between attempts take no time unless `sleep` is set.

    Args:
        before_send: called with each message before it is delivered.
        loop_thread: where ASGI applications run in synchronous tests; one of its own if omitted.

    Attributes:
        path: the path of the endpoint in an application or behind a test client; its query may
            have the token.
        token: the shared secret, which the URL gets as `?Token=…`; None if the URL has it, or if
            there is none.
        sleep: called with the seconds of each pause; `time.sleep` waits, and the function of a
            library that moves the time moves it. None skips the pauses.

    """

    def __init__(
        self,
        before_send: Callable[[Message], object] = lambda _: None,
        loop_thread: LoopThread | None = None,
    ) -> None:
        self.path = "/"
        self.token: str | None = None
        self._before_send = before_send
        self._running = ExitStack()
        self._loop_thread = loop_thread or self._running.enter_context(LoopThread())
        self._clock = SkippingClock()
        profile = load_profile(CONNECTOR.default_profile, CONNECTOR.profiles)
        self._rules = DeliveryRules.from_profile(profile, 1.0, verify_tls=True)
        self._endpoints: dict[int | str, tuple[object, Endpoint]] = {}
        self._descriptions: list[tuple[str, str, WebhookDelivery]] = []  # with URL and hint
        self._secrets: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End all applications.

        Raises:
            RuntimeError: the shutdown of one failed.

        """
        with self._running:
            self._running.callback(self._loop_thread.cancel_tasks)
            for _, endpoint in self._endpoints.values():
                self._running.callback(endpoint.close)
            self._endpoints.clear()

    @property
    def sleep(self) -> Sleep | None:
        """Called with the seconds of each pause; None skips the pauses."""
        return self._clock.sleep_with

    @sleep.setter
    def sleep(self, sleep: Sleep | None) -> None:
        self._clock.sleep_with = sleep

    @property
    def deliveries(self) -> tuple[WebhookDelivery, ...]:
        """All deliveries so far."""
        return tuple(delivery for *_, delivery in self._descriptions)

    def deliver(  # noqa: PLR0913 - what a test can vary
        self,
        endpoint: Any,  # noqa: ANN401 - of optional packages
        message: Message,
        *,
        path: str | None = None,
        token: str | None = None,
        token_variant: str = RIGHT,
        faults: Sequence[Fault] = (),
        duplicates: int = 0,
        attempts: int | None = None,
        timeout_s: float | None = None,
    ) -> WebhookDelivery:
        """Deliver one message; return when it is delivered or Mews would give it up.

        Args:
            endpoint: an ASGI or WSGI application, a test client of Django, Flask, Starlette,
                FastAPI or httpx, or a URL. An ASGI application runs in a thread with an event loop
                of its own, where its tasks go on after the delivery.
            message: what to deliver.
            path: overrides the attribute `path`; a URL has its own.
            token: overrides the attribute `token`.
            token_variant: the variant of the token: `wrong`, `missing`, `percent-encoded` and
                others.
            faults: `faults[i]` is injected into attempt i + 1, without effect if there is no such
                attempt. With `Fault.DROP_RESPONSE` the
                service handles the message, and Mews sends it again.
            duplicates: how often the message is sent again although it was delivered.
            attempts: the number of attempts; that of the delivery profile if omitted.
            timeout_s: the time limit of an attempt in seconds, likewise.

        Raises:
            TypeError: nothing can be delivered to the endpoint, or an argument has a wrong type.
            ValueError: an argument is wrong.
            RuntimeError: the application failed to start.

        """
        order = _Order(path, token, token_variant, faults, duplicates, attempts, timeout_s)
        return self._deliver(endpoint, [message], order)[0]

    def deliver_all(
        self,
        endpoint: Any,  # noqa: ANN401 - of optional packages
        messages: Iterable[Message],
        *,
        concurrently: bool = False,
        **options: Unpack[DeliveryOptions],
    ) -> tuple[WebhookDelivery, ...]:
        """Deliver several messages in order, or all at once; otherwise like `deliver`.

        Args:
            endpoint: as for `deliver`; a test client delivers one message after the other.
            messages: what to deliver.
            concurrently: whether all first attempts start at the same moment.
            options: the other arguments of `deliver`, for each message.

        Raises:
            TypeError: nothing can be delivered to the endpoint, or an argument has a wrong type.
            ValueError: an argument is wrong.
            RuntimeError: the application failed to start.

        """
        order = _Order(**options)
        if concurrently:
            return self._deliver(endpoint, list(messages), order)
        return tuple(self._deliver(endpoint, [message], order)[0] for message in messages)

    async def deliver_async(
        self,
        endpoint: Any,  # noqa: ANN401 - of optional packages
        message: Message,
        **options: Unpack[DeliveryOptions],
    ) -> WebhookDelivery:
        """Deliver one message from an asynchronous test; otherwise like `deliver`.

        An ASGI application runs in the event loop of the test. `asyncio.gather` of several calls
        delivers concurrently.

        Args:
            endpoint: as for `deliver`; also an asynchronous client of httpx or Django.
            message: what to deliver.
            options: the other arguments of `deliver`.

        Raises:
            TypeError: nothing can be delivered to the endpoint, or an argument has a wrong type.
            ValueError: an argument is wrong.
            RuntimeError: the application failed to start.

        """
        order = _Order(**options)
        opened = self._open(endpoint)
        url, authentication, delivery_order, rules = self._prepare(endpoint, opened, message, order)
        self._before_send(message)
        steps = deliver_steps(delivery_order, rules, authentication, self._clock.now_ms())
        exchange = None
        while True:
            try:
                step = steps.send(exchange)
            except StopIteration as end:
                return self._record(url, authentication, end.value)
            if isinstance(step, Pause):
                await self._clock.sleep_async((step.until_ms - self._clock.now_ms()) / 1000)
                exchange = None
            else:
                exchange = await opened.send(step)

    def describe(self) -> str:
        """Describe the last deliveries, without secrets, with the exceptions of applications."""
        redactor = Redactor(self._secrets)
        left_out = len(self._descriptions) - MAX_SHOWN
        lines = [f"{left_out:,} earlier deliveries left out"] if left_out > 0 else []
        for url, hint, delivery in self._descriptions[-MAX_SHOWN:]:
            message = delivery.message
            lines.append(f"POST {url}: {message.description}, {len(message.body):,} bytes")
            lines += [
                line for attempt in delivery.attempts for line in _describe(attempt, redactor)
            ]
            lines += [f"  hint: {hint}"] if hint else []
        return redactor.redact_text("\n".join(lines)) or "nothing was delivered"

    def _deliver(
        self, endpoint: object, messages: Sequence[Message], order: _Order
    ) -> tuple[WebhookDelivery, ...]:
        if not messages:
            return ()
        opened = self._open(endpoint)
        prepared = [self._prepare(endpoint, opened, message, order) for message in messages]
        url, authentication, _, rules = prepared[0]
        transport = opened.concurrent() if len(messages) > 1 else opened
        deliverer = Deliverer(transport, self._clock, rules, self._apply, authentication)
        deliveries = deliverer.deliver_concurrently(
            [prepared_order for *_, prepared_order, _ in prepared]
        )
        return tuple(self._record(url, authentication, delivery) for delivery in deliveries)

    def _apply(self, message: Message) -> None:
        self._before_send(message)

    def _open(self, endpoint: object) -> Endpoint:
        key = URL if isinstance(endpoint, str) else id(endpoint)  # one transport serves every URL
        if key not in self._endpoints:
            self._endpoints[key] = (
                endpoint,
                open_endpoint(endpoint, self._clock, self._loop_thread),
            )
        return self._endpoints[key][1]

    def _prepare(
        self, endpoint: object, opened: Endpoint, message: Message, order: _Order
    ) -> tuple[str, Authentication, DeliveryOrder, DeliveryRules]:
        if not isinstance(message, Message):
            built = "such as customer_added() and webhook(body) build it"
            problem = f"the type of the message is {type(message).__name__}, not Message"
            raise TypeError(f"{problem}; {built}")
        path = self.path if order.path is None else order.path
        if isinstance(endpoint, str):
            if not endpoint.lower().startswith(("http://", "https://")):
                raise ValueError("the URL begins with neither http:// nor https://")
            url = endpoint
        elif not path.startswith("/"):
            raise ValueError(f"path: {path!r} is not a path. Begin it with a slash.")
        else:
            url = opened.base_url + path
        token = self.token if order.token is None else order.token
        try:
            authentication = CONNECTOR.authentication({URL: url}, token, None)
        except UsageError as error:
            raise ValueError(str(error)) from None
        if order.token_variant not in authentication.variants:
            known = did_you_mean(order.token_variant, authentication.variants)
            problem = f"token_variant: {order.token_variant!r} is not a variant of the token"
            raise ValueError(f"{problem}. {known}")
        self._secrets.update(authentication.secrets)
        rules = replace(
            self._rules,
            attempts=order.attempts or self._rules.attempts,
            timeout_s=order.timeout_s or self._rules.timeout_s,
        )
        is_final = _FinalAttempt(rules.attempts, order.duplicates)
        delivery_order = DeliveryOrder(
            message,
            url,
            "message",
            order.faults,
            variant=order.token_variant,
            is_final=is_final,
        )
        rules = replace(rules, attempts=rules.attempts * (order.duplicates + 1))
        return url, authentication, delivery_order, rules

    def _record(
        self, url: str, authentication: Authentication, delivery: Delivery
    ) -> WebhookDelivery:
        first_ms = delivery.started_ms
        attempts = tuple(_attempt(attempt, first_ms) for attempt in delivery.attempts)
        recorded = WebhookDelivery(delivery.message, attempts)
        shown = authentication.without_secrets(url)
        hint = _hint(shown, recorded.status, has_token=bool(authentication.secrets))
        self._descriptions.append((shown, hint, recorded))
        return recorded


@dataclass(frozen=True)
class _Order:
    """The arguments of a delivery; `MewsWebhooks.deliver` explains them."""

    path: str | None = None
    token: str | None = None
    token_variant: str = RIGHT
    faults: Sequence[Fault] = ()
    duplicates: int = 0
    attempts: int | None = None
    timeout_s: float | None = None

    def __post_init__(self) -> None:
        for name, number, least in (
            ("duplicates", self.duplicates, 0),
            ("attempts", 1 if self.attempts is None else self.attempts, 1),
        ):
            if not isinstance(number, int):
                raise TypeError(f"{name}: {number!r} is not a whole number")
            if number < least:
                raise ValueError(f"{name}: {number!r} is less than {least}")
        if self.timeout_s is not None and self.timeout_s <= 0:
            raise ValueError(f"timeout_s: {self.timeout_s!r} is not above 0")
        for name, text in ("path", self.path), ("token", self.token):
            if text is not None and not isinstance(text, str):
                raise TypeError(f"{name}: its type is {type(text).__name__}, not str")
        if isinstance(self.faults, str):
            raise TypeError(f"faults: give a list, such as [Fault.{Fault(self.faults).name}]")
        object.__setattr__(self, "faults", [_fault(fault) for fault in self.faults])


def _fault(fault: Fault) -> Fault:
    if fault not in tuple(Fault):
        known = did_you_mean(str(fault), tuple(Fault))
        raise ValueError(f"faults: {fault!r} is not a fault of a delivery. {known}")
    return Fault(fault)


class _FinalAttempt:
    """Decides after which attempt of one delivery there is no further one.

    Args:
        attempts: how many attempts in a row may fail.
        duplicates: how often the message is sent again after it was delivered.

    """

    def __init__(self, attempts: int, duplicates: int) -> None:
        self._attempts, self._copies_left = attempts, duplicates + 1
        self._failures = 0

    def __call__(self, attempt: Attempt) -> bool:
        if attempt.outcome is Outcome.DELIVERED:
            self._failures = 0
            self._copies_left -= 1
        else:
            self._failures += 1
        return self._copies_left == 0 or self._failures == self._attempts


def _attempt(attempt: Attempt, first_ms: float) -> WebhookAttempt:
    exchange = attempt.final_exchange
    return WebhookAttempt(
        attempt.number,
        attempt.outcome,
        exchange.status,
        exchange.ended_ms - attempt.exchanges[0].started_ms,
        exchange.response_body,
        {name.lower(): value for name, value in exchange.response_headers},
        attempt.exchanges[0].started_ms - first_ms,
        attempt.fault,
        attempt.detail,
        exchange.error if isinstance(exchange, AppExchange) else None,
    )


def _hint(url: str, status: int | None, *, has_token: bool) -> str:
    """Return what a test may have left out, by the response to its last attempt; maybe nothing."""
    if status == HTTPStatus.NOT_FOUND and urlsplit(url).path in {"", "/"}:
        return "the path is /: set mews_webhooks.path, or the path of the URL"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} and not has_token:
        return "no token was sent: set mews_webhooks.token, or Token in the query of the URL"
    return ""


def _describe(attempt: WebhookAttempt, redactor: Redactor) -> list[str]:
    status = "no status" if attempt.status is None else attempt.status
    line = (
        f"  attempt {attempt.number}: {status} after {attempt.ms:.0f} ms, {attempt.outcome.value}"
    )
    lines = [f"{line}: {attempt.detail}" if attempt.detail else line]
    if attempt.error is not None:
        trace = "".join(format_exception(attempt.error)).splitlines()
        lines += [f"    {line}" for line in trace[-_TRACEBACK_LINES:]]
    elif attempt.outcome is Outcome.ERROR_STATUS and attempt.body:
        text = redactor.redact_text(attempt.text)  # in full: a part of a secret would stay
        lines.append(f"    {' '.join(text.split())[:_BODY_LENGTH]}")
    return lines
