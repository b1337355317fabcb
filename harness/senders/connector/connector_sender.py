"""The sender of the Connector API's webhooks, and of its WebSocket messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.resources.abc import Traversable
from typing import Any

from pytest_mews.errors import ScenarioFileError, did_you_mean
from pytest_mews.model import EventReference, MessageSpec, Scenario, WebhookKind
from pytest_mews.model.step import Send
from pytest_mews.scenarios import loader
from pytest_mews.senders.connector import generators, message_plans, subscription
from pytest_mews.senders.connector.delivery_profiles import DEFAULT_PROFILE, profile_files
from pytest_mews.senders.connector.token_authentication import VARIANTS, TokenAuthentication
from pytest_mews.senders.ids import NEW_ENTERPRISE
from pytest_mews.senders.plan import Plan, Plans, Target


class ConnectorSender:
    """Implements `Sender`; its docstrings say what each method does."""

    default_profile = DEFAULT_PROFILE

    @property
    def profiles(self) -> Mapping[str, Traversable]:
        """The files of the delivery profiles."""
        return profile_files()

    def scenarios(self) -> tuple[Scenario, ...]:
        """Load all scenarios of the package."""
        scenarios = loader.load_scenarios()
        for scenario in scenarios:
            _check_variants(scenario)
        return scenarios

    def subscribed_events(
        self,
        names: str | None,
        use_case: str | None,
        revision: str,
        *,
        webhook_kinds: Collection[WebhookKind],
        has_websocket: bool,
    ) -> tuple[str, ...]:
        """List the discriminators, then the actions, then the WebSocket event types."""
        return subscription.subscribed_events(
            names, use_case, revision, webhook_kinds=webhook_kinds, has_websocket=has_websocket
        )

    def authentication(
        self, urls: Mapping[str, str], secret: str | None, secret_name: str | None
    ) -> TokenAuthentication:
        """Return the authentication by a shared secret in the query of the URLs."""
        return TokenAuthentication(urls, secret, secret_name)

    def plans_for(self, spec: MessageSpec, target: Target) -> Plans:
        """Return the plans of a generator of `GENERATORS`."""
        return generators.plans_for(spec, target)

    def simplest_message(self, target: Target, kind: WebhookKind | None = None) -> Plan | None:
        """Return one event, or the first action; an Integration Webhook is for a new enterprise.

        If an action is all that is subscribed, it is for the first enterprise.
        """
        actions = subscription.integration_actions(target)
        if kind is WebhookKind.INTEGRATION:
            return (
                _first(target, "integration-action", enterprise=NEW_ENTERPRISE, action=actions[0])
                if actions
                else None
            )
        if kind is None and actions and not subscription.general_events(target):
            return _first(target, "integration-action", action=actions[0])
        return _first(target, "single-event")

    def fetchable_message(self, target: Target) -> Plan | None:
        """Return one event whose entity can be fetched by its id."""
        return _first(target, "single-event", only_fetchable=True)

    def command_message(self, target: Target) -> Plan | None:
        """Return a command on the WebSocket."""
        return _first(target, "websocket-commands")

    def event_references(self, kind: WebhookKind, body: Any) -> tuple[EventReference, ...]:  # noqa: ANN401 - JSON
        """List discriminators, actions or types with the ids of their entities."""
        return message_plans.event_references(kind, body)


def _first(target: Target, generator: str, **arguments: object) -> Plan | None:
    plans = generators.plans_for(MessageSpec("message", generator, arguments), target)
    return next(iter(plans.fixed), None)


CONNECTOR = ConnectorSender()


def _check_variants(scenario: Scenario) -> None:
    """Check that every variant of the token in a scenario exists."""
    for step in scenario.steps:
        if isinstance(step, Send) and step.token not in VARIANTS:
            key, remedy = f"{scenario.id}.toml: token", did_you_mean(step.token, list(VARIANTS))
            raise ScenarioFileError(key, step.token, "is not a variant of the token", remedy)
