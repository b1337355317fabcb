"""The service under test, started by the harness: a command, or an application in this process."""

from __future__ import annotations

from pytest_mews.service.service_log import ServiceLog, log_files
from pytest_mews.service.started_service import StartedService

__all__ = ["ServiceLog", "StartedService", "log_files"]
