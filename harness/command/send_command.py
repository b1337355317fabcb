"""`mews send`: delivers events as Mews does, and shows each attempt."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pytest_mews.checks import describe_attempt, remedy_for
from pytest_mews.command.event_plans import (
    MAX_EVENTS,
    complete_event,
    event_plan,
    parse_enterprise,
    target_of,
)
from pytest_mews.command.subcommand import (
    NOT_READY,
    SUCCESS,
    Seed,
    WholeNumber,
    subcommand,
    table_option,
    table_options,
    table_values,
)
from pytest_mews.config.option_parsers import NO_TARGET, is_demo
from pytest_mews.config.settings import Settings, resolve_settings
from pytest_mews.delivery import CurlTransport, Deliverer, DeliveryRules, SystemClock
from pytest_mews.errors import UsageError
from pytest_mews.model import Attempt, Delivery, Fault, Message, Outcome, WebhookKind
from pytest_mews.redaction import Redactor, redact_url
from pytest_mews.sanitize import capped, one_line
from pytest_mews.senders import IdSource

MAX_SHOWN_BODY = 200  # characters of a response that is no success
_OPTIONS = (
    *("--mews-integration-target", "--mews-token", "--mews-token-name", "--mews-tenants"),
    *("--mews-profile", "--mews-profile-set", "--mews-time-scale", "--mews-insecure"),
)


DETAILS = """
EVENT is a discriminator of General Webhooks (CustomerAdded), an action of Integration Webhooks
(IntegrationCreated), or `lifecycle`: all messages of an integration, in order. Several General
Webhooks are one batch.

A message that the endpoint does not accept is sent again, with the attempts and pauses of the
delivery profile; the pauses are shortened by --time-scale. The exit status is 1 if Mews would
discard a message.
"""


@subcommand(
    "send",
    DETAILS,
    "send CustomerAdded --to 'http://127.0.0.1:8000/webhooks/mews?Token=…'",
    "send CustomerAdded CustomerUpdated --count 500 --to URL",
    "send lifecycle --to URL",
)
@click.argument(
    "events", nargs=-1, required=True, metavar="EVENT...", shell_complete=complete_event
)
@table_option(
    "--mews-target",
    spelling="--to",
    required=True,
    help="The endpoint for General Webhooks, with the shared secret as Token in its query.",
)
@click.option(
    "--count",
    type=WholeNumber(1, MAX_EVENTS, 500),
    metavar="N",
    help="Number of events, of the named types in turn; those beyond the batch limit go into "
    "further messages (default: one of each).",
)
@click.option("--twice", is_flag=True, help="Send each message once more: a duplicate.")
@click.option(
    "--drop-response",
    is_flag=True,
    help="Drop the response to the first attempt, as a network can.",
)
@click.option(
    "--enterprise",
    metavar="N|new",
    help="Number of the enterprise among the tenants, or one that nobody knows (default: 1; new "
    "for a lifecycle, which ends with the deletion of the integration).",
)
@click.option(
    "--seed", type=Seed(), metavar="N", help="The same ids every time (default: new ones)."
)
@table_options(_OPTIONS)
def command(  # noqa: PLR0913 - the options
    events: Sequence[str],
    count: int | None,
    enterprise: str | None,
    seed: int | None,
    *,
    twice: bool,
    drop_response: bool,
    **parameters: Any,  # noqa: ANN401 - of click
) -> int:
    """Deliver each message."""
    values = table_values(parameters)
    target_url = str(values["mews_target"])
    if target_url == NO_TARGET or is_demo(target_url):
        remedy = "Give its URL; `mews demo` prints one to try with."
        raise UsageError("--to", target_url, "is not the URL of an endpoint", remedy)
    settings = resolve_settings(values, environ=os.environ, rootdir=Path.cwd(), seed=seed)
    target = target_of(settings.profile, settings.tenants)
    plan = event_plan(events, count, parse_enterprise(enterprise), target)
    number = secrets.randbelow(2**32) if seed is None else seed
    messages = plan.build(IdSource(number, "mews send", 0, target.tenants, datetime.now(UTC)))
    if messages[0].kind is WebhookKind.WEBSOCKET:
        remedy = "Start `mews emulator --websocket`, and type its name there."
        raise UsageError("EVENT", events[0], "is sent on the WebSocket, not to a URL", remedy)
    faults = (Fault.DROP_RESPONSE,) if drop_response else ()
    clock = SystemClock()
    with CurlTransport(clock) as transport:
        rules = DeliveryRules.from_profile(
            settings.profile, settings.time_scale, verify_tls=not settings.insecure
        )
        deliverer = Deliverer(transport, clock, rules, authentication=settings.authentication)
        display = DeliveryDisplay(settings, rules, lambda line: click.echo(command.respell(line)))
        deliveries = []
        for place, message in enumerate(messages, 1):
            title = f"message {place} of {len(messages)}: {describe_events(message)}"
            deliveries.append(display.deliver(deliverer, message, title, faults))
            if twice:
                deliveries.append(display.deliver(deliverer, message, "the same message again"))
    return SUCCESS if all(delivery.delivered for delivery in deliveries) else NOT_READY


def describe_events(message: Message) -> str:
    """Name the events of a message, and count those that occur several times."""
    counts = Counter(event.discriminator for event in message.events)
    return ", ".join(name if n == 1 else f"{n} × {name}" for name, n in counts.items())  # noqa: RUF001


class DeliveryDisplay:
    """Delivers messages and shows each attempt as it ends, with what Mews would do next.

    Args:
        settings: the endpoint, its secrets, and the delivery profile.
        rules: the rules of the deliveries.
        write: shows a line, which has no secrets.

    """

    def __init__(
        self, settings: Settings, rules: DeliveryRules, write: Callable[[str], None]
    ) -> None:
        self._settings, self._rules, self._write = settings, rules, write
        authentication = settings.authentication
        self._redactor = Redactor.from_settings(
            settings, [*authentication.secrets, *authentication.near_secrets]
        )

    def deliver(
        self, deliverer: Deliverer, message: Message, title: str, faults: Sequence[Fault] = ()
    ) -> Delivery:
        """Deliver a message with all its attempts, below a line that begins with `title`."""
        url = self._settings.endpoint.url(message.kind)
        self._show(f"{title}, {len(message.body):,} bytes, to {redact_url(url)}")
        return deliverer.deliver(
            message, url, label="message", faults=faults, is_final=self._show_attempt
        )

    def _show_attempt(self, attempt: Attempt) -> bool:
        """Show an attempt that has just ended; return whether the message was delivered."""
        delivered = attempt.outcome is Outcome.DELIVERED
        self._show(f"  attempt {attempt.number}: {describe_attempt(attempt)}")
        if attempt.outcome is Outcome.ERROR_STATUS and (body := self._body(attempt)):
            self._show(f"    response: {body}")
        self._show(f"    Mews would {self._consequence(attempt)}")
        is_last = attempt.number >= self._rules.attempts
        if is_last and not delivered and (remedy := remedy_for(attempt, preflight=True)):
            self._show(f"    fix: {remedy}")
        return delivered

    def _consequence(self, attempt: Attempt) -> str:
        if attempt.outcome is Outcome.DELIVERED:
            return "count the message as delivered."
        profile = self._settings.profile
        if attempt.number >= self._rules.attempts:
            origin = profile["attempts"].origin
            return f"discard the message: {self._rules.attempts} attempts ({origin})."
        interval = profile["retry_interval_s"]
        return (
            f"send it again after {interval.value:g} s ({interval.origin}); "
            f"here after {self._rules.retry_interval_s:g} s."
        )

    def _body(self, attempt: Attempt) -> str:
        text = attempt.final_exchange.response_body.decode("utf-8", "backslashreplace")
        return capped(one_line(self._redactor.redact_text(text).strip()), MAX_SHOWN_BODY)

    def _show(self, line: str) -> None:
        self._write(self._redactor.redact_text(line))
