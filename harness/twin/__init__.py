"""The twin of the Connector API: its operations as functions of state and request, and doors."""

from __future__ import annotations

from mews_harness.twin.log import CallLog
from mews_harness.twin.request import ApiRequest, ApiResponse
from mews_harness.twin.server import TwinServer
from mews_harness.twin.twin import Pending, Twin

__all__ = ["ApiRequest", "ApiResponse", "CallLog", "Pending", "Twin", "TwinServer"]
