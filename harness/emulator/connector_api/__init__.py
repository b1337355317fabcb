"""The Connector API emulator: operations on emulated state, served over HTTP or in process."""

from __future__ import annotations

from pytest_mews.emulator.connector_api.api_http import ApiRequest, ApiResponse
from pytest_mews.emulator.connector_api.api_server import ConnectorApiServer
from pytest_mews.emulator.connector_api.calls_file import CallsFile
from pytest_mews.emulator.connector_api.connector_api import ConnectorApi, PendingResponse

__all__ = [
    "ApiRequest",
    "ApiResponse",
    "CallsFile",
    "ConnectorApi",
    "ConnectorApiServer",
    "PendingResponse",
]
