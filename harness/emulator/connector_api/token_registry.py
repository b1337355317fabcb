"""The AccessTokens of all integrations and their states, as Integration Webhooks change them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_mews.mews.lifecycle import API_KEY_CREATED, CREATED, STATE_AFTER, IntegrationState
from pytest_mews.model import Tenants
from pytest_mews.model.api_call import TokenState


class TokenRegistry:
    """Knows which enterprise an AccessToken belongs to and whether it is valid.

    Args:
        tenants: the client and the integrations that exist from the start.

    """

    def __init__(self, tenants: Tenants) -> None:
        self.client_token = tenants.client_token
        self._owners: dict[str, tuple[str, str]] = {}  # token: (enterprise, integration)
        self._current: dict[str, str] = {}  # integration: token
        self._inactive: set[str] = set()  # integrations
        self._refusing_replaced: set[str] = set()  # enterprises
        for tenant in tenants.enterprises:
            self._add_token(tenant.access_token, tenant.id, tenant.integration_id.lower())

    def enterprise_of(self, token: str) -> str | None:
        """Return the enterprise of an AccessToken, valid or not; None for an unknown token."""
        owner = self._owners.get(token)
        return None if owner is None else owner[0]

    def state_of(self, token: str) -> TokenState:
        """Return the state of an AccessToken; `TokenState.NONE` for an unknown token."""
        if token not in self._owners:
            return TokenState.NONE
        integration = self._owners[token][1]
        if integration in self._inactive:
            return TokenState.INACTIVE
        current = self._current[integration] == token
        return TokenState.CURRENT if current else TokenState.REPLACED

    def refuse_replaced(self, enterprise_id: str) -> None:
        """Refuse the replaced AccessTokens of an enterprise from now on."""
        self._refusing_replaced.add(enterprise_id)

    def is_refused(self, token: str) -> bool:
        """Return whether an AccessToken is replaced, and refused for it."""
        is_replaced = self.state_of(token) is TokenState.REPLACED
        return is_replaced and self.enterprise_of(token) in self._refusing_replaced

    @property
    def secrets(self) -> tuple[str, ...]:
        """The ClientToken and every AccessToken, including replaced ones."""
        return (self.client_token, *self._owners)

    def apply(self, action: str, data: Mapping[str, Any]) -> str | None:
        """Apply an Integration Webhook; an action for an unknown integration has no effect.

        Args:
            action: the webhook's `Action`.
            data: the webhook's `Data`.

        Returns:
            The enterprise of the integration, or None if it is unknown.

        Raises:
            KeyError: a required property is missing.
            TypeError: a property has the wrong type.

        """
        integration = str(data["Integration"]["Id"]).lower()
        if action == CREATED:
            self._create(data, integration)
        elif action == API_KEY_CREATED:
            current = self._current.get(integration)
            if current is not None and self._is_new(data["ApiKey"], integration):
                self._add_token(data["ApiKey"], self._owners[current][0], integration)
        elif action in STATE_AFTER:
            is_active = STATE_AFTER[action] is IntegrationState.ENABLED
            (self._inactive.discard if is_active else self._inactive.add)(integration)
        token = self._current.get(integration)
        return None if token is None else self._owners[token][0]

    def _create(self, data: Mapping[str, Any], integration: str) -> None:
        token, enterprise = data["AccessToken"], str(data["Enterprise"]["Id"])
        if not self._is_new(token, integration):
            return  # a repeated webhook must not undo what happened to the integration since
        self._add_token(token, enterprise, integration)
        (self._inactive.discard if data.get("IsEnabled") else self._inactive.add)(integration)

    def _is_new(self, token: object, integration: str) -> bool:
        if not isinstance(token, str) or not token:
            return False
        return self._owners.get(token, ("", ""))[1] != integration

    def _add_token(self, token: str, enterprise: str, integration: str) -> None:
        self._owners[token] = (enterprise, integration)
        self._current[integration] = token
