"""The twin of the Connector API: its operations as functions of state and request, and doors."""

from __future__ import annotations

from pytest_mews.emulator.connector_api.api_http import ApiRequest, ApiResponse
from pytest_mews.emulator.connector_api.api_server import ConnectorApiServer
from pytest_mews.emulator.connector_api.calls_file import CallsFile
from pytest_mews.emulator.connector_api.connector_api import ConnectorApi, Pending

__all__ = [
    "ApiRequest",
    "ApiResponse",
    "CallsFile",
    "ConnectorApi",
    "ConnectorApiServer",
    "Pending",
]
