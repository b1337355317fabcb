"""The protocol of a sender: what one product of Mews sends, and how it authenticates itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.resources.abc import Traversable
from typing import Any, Protocol

from pytest_mews.model import EventReference, MessageSpec, Scenario, WebhookKind
from pytest_mews.senders.authentication import Authentication
from pytest_mews.senders.plan import Plan, Plans, Target


class Sender(Protocol):
    """A sender of webhooks; docs/decisions/senders.md says what each method is for.

    A sender has no state: everything that differs between runs is in the `Target`.
    """

    @property
    def default_profile(self) -> str:
        """The name of the delivery profile that is used unless the user names another."""

    @property
    def profiles(self) -> Mapping[str, Traversable]:
        """The TOML files of the delivery profiles by name, oldest revision first."""

    def scenarios(self) -> tuple[Scenario, ...]:
        """Load the scenarios that certify an endpoint of this sender, in their order.

        Raises:
            ScenarioFileError: a scenario file is not valid.

        """

    def subscribed_events(
        self,
        names: str | None,
        use_case: str | None,
        revision: str,
        *,
        webhook_kinds: Collection[WebhookKind],
        has_websocket: bool,
    ) -> tuple[str, ...]:
        """List the events that the integration is subscribed to, in the documented order.

        Args:
            names: the value of --mews-events, if any.
            use_case: the value of --mews-use-case, if any.
            revision: the name of the delivery profile, which determines the events.
            webhook_kinds: the kinds of webhooks that there is an endpoint for.
            has_websocket: whether the WebSocket emulator runs.

        Raises:
            UsageError: an option names no event of this revision.

        """

    def authentication(
        self, urls: Mapping[str, str], secret: str | None, secret_name: str | None
    ) -> Authentication:
        """Read how requests are authenticated from the options.

        Args:
            urls: the URL of the endpoint by the option that it comes from: first that for General
                Webhooks, last that for Integration Webhooks; both may be the same one. Empty
                without webhooks.
            secret: the value of --mews-token, if any.
            secret_name: the value of --mews-token-name, if any.

        Raises:
            UsageError: the secret in a URL is not usable; the message does not show it.

        """

    def plans_for(self, spec: MessageSpec, target: Target) -> Plans:
        """Return the plans for a message of a scenario file.

        Raises:
            ScenarioFileError: there is no such generator, or an argument is unknown or missing.

        """

    def simplest_message(self, target: Target, kind: WebhookKind | None = None) -> Plan | None:
        """Return the simplest valid message, for the preflight and for health checks.

        Args:
            target: what to generate for.
            kind: the kind of webhook; the simplest one that is subscribed if omitted.

        Returns:
            None if no event of that kind is subscribed.

        """

    def fetchable_message(self, target: Target) -> Plan | None:
        """Return one event whose entity can be fetched by its id, for the connectivity check.

        None if no subscribed event has such an entity. The check asks again, with the other events
        of the target, if nothing follows this one.
        """

    def command_message(self, target: Target) -> Plan | None:
        """Return a command for a WebSocket client; None if commands are not subscribed."""

    def event_references(self, kind: WebhookKind, body: Any) -> tuple[EventReference, ...]:  # noqa: ANN401 - JSON
        """List the events in a JSON body; events without a readable name or id are left out."""
