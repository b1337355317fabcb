"""Messages that the Connector API sends: General Webhooks, Integration Webhooks, WebSocket events.

`payload_schemas` reads the JSON Schemas, `json_shapes` parses them, and `shape_strategies` makes
templates of them. A generator (`generators`) turns templates into plans (`plan`), and a plan builds
messages with ids from an id source (`ids`).
"""

from __future__ import annotations

from pytest_mews.senders.connector.connector_sender import CONNECTOR
from pytest_mews.senders.connector.generators import GENERATORS, plans_for
from pytest_mews.senders.connector.integration_lifecycle import (
    IntegrationStatus,
    integration_statuses,
)
from pytest_mews.senders.connector.payload_schemas import actions, discriminators

__all__ = [
    "CONNECTOR",
    "GENERATORS",
    "IntegrationStatus",
    "actions",
    "discriminators",
    "integration_statuses",
    "plans_for",
]
