"""Certifies integrations with Mews: webhooks, Connector API calls, WebSocket clients.

pytest-mews is a pytest plugin: `pytest --mews-target URL` sends webhooks to an endpoint as Mews
does, checks what the service does with them, and writes a report. `pytest --help` lists the
options.

This module is the public API: the types that a partner's own tests need with the fixtures
`mews_api` and `mews_websocket`.

    from pytest_mews import ApiFault

    def test_a_429_is_survived(mews_api):
        mews_api.inject_fault(ApiFault.TOO_MANY_REQUESTS, None, times=1)

Everything else in this package is private and can change in any release.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_mews.config.tenants import tenants_template
    from pytest_mews.kit.mews_api import MewsApi
    from pytest_mews.kit.mews_websocket import MewsWebSocket
    from pytest_mews.model import (
        ApiCall,
        ApiFault,
        Connection,
        Disconnect,
        EventReference,
        HandshakeProblem,
        Ping,
        RequestProblem,
        SentMessage,
        Tenants,
        WebSocketHandshake,
    )

__version__ = "0.1.0"

__all__ = [
    "ApiCall",
    "ApiFault",
    "Connection",
    "Disconnect",
    "EventReference",
    "HandshakeProblem",
    "MewsApi",
    "MewsWebSocket",
    "Ping",
    "RequestProblem",
    "SentMessage",
    "Tenants",
    "WebSocketHandshake",
    "tenants_template",
]

# pytest imports this package in every run, so names are imported on first use (PEP 562).
_MODULES = {
    "MewsApi": "pytest_mews.kit.mews_api",
    "MewsWebSocket": "pytest_mews.kit.mews_websocket",
    "tenants_template": "pytest_mews.config.tenants",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(_MODULES.get(name, "pytest_mews.model")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
