"""The service under test, started by the harness: a command, or an application in this process."""

from __future__ import annotations

from pytest_mews.service.service_log import LOG_NAME, ServiceLog
from pytest_mews.service.started_service import StartedService

__all__ = ["LOG_NAME", "ServiceLog", "StartedService"]
