"""Which AccessToken is whose, and whether it is good: what Integration Webhooks change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_mews.model import Tenants
from pytest_mews.model.api_call import TokenState

_SWITCHES = {
    "IntegrationEnabled": True,
    "IntegrationReinstated": True,
    "IntegrationDisabled": False,
    "IntegrationCanceled": False,
    "IntegrationDeleted": False,
}


class TokenRegistry:
    """The AccessTokens of all integrations.

    Args:
        tenants: who has a token from the start.

    """

    def __init__(self, tenants: Tenants) -> None:
        self.client_token = tenants.client_token
        self._owners: dict[str, tuple[str, str]] = {}  # token: (enterprise, integration)
        self._current: dict[str, str] = {}  # integration: token
        self._inactive: set[str] = set()  # integrations
        for tenant in tenants.enterprises:
            self._give(tenant.access_token, tenant.id, tenant.integration_id.lower())

    def enterprise_of(self, token: str) -> str | None:
        """Tell whose AccessToken this is, also one that is no longer good."""
        owner = self._owners.get(token)
        return None if owner is None else owner[0]

    def state_of(self, token: str) -> TokenState:
        """Tell what is known of a token."""
        if token not in self._owners:
            return TokenState.NONE
        integration = self._owners[token][1]
        if integration in self._inactive:
            return TokenState.INACTIVE
        current = self._current[integration] == token
        return TokenState.CURRENT if current else TokenState.REPLACED

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every token that was ever given, the client's first."""
        return (self.client_token, *self._owners)

    def apply(self, action: str, data: Mapping[str, Any]) -> str | None:
        """Follow an Integration Webhook; what does not fit is ignored.

        Returns:
            The enterprise that it is about, where that is known.

        """
        integration = str(data["Integration"]["Id"]).lower()
        if action == "IntegrationCreated":
            self._create(data, integration)
        elif action == "IntegrationApiKeyCreated":
            known = self._current.get(integration)
            if known is not None and self._is_new(data["ApiKey"], integration):
                self._give(data["ApiKey"], self._owners[known][0], integration)
        elif action in _SWITCHES:
            (self._inactive.discard if _SWITCHES[action] else self._inactive.add)(integration)
        token = self._current.get(integration)
        return None if token is None else self._owners[token][0]

    def _create(self, data: Mapping[str, Any], integration: str) -> None:
        token, enterprise = data["AccessToken"], str(data["Enterprise"]["Id"])
        if not self._is_new(token, integration):
            return  # sent again: what happened to the integration meanwhile stays true
        self._give(token, enterprise, integration)
        (self._inactive.discard if data.get("IsEnabled") else self._inactive.add)(integration)

    def _is_new(self, token: object, integration: str) -> bool:
        if not isinstance(token, str) or not token:
            return False
        return self._owners.get(token, ("", ""))[1] != integration

    def _give(self, token: str, enterprise: str, integration: str) -> None:
        self._owners[token] = (enterprise, integration)
        self._current[integration] = token
