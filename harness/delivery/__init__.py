"""One message on its way: attempts, deadline, redirects, faults on the wire."""

from __future__ import annotations

from pytest_mews.delivery.clock import Clock, SystemClock
from pytest_mews.delivery.curl_options import Authorities
from pytest_mews.delivery.curl_transport import CurlTransport
from pytest_mews.delivery.delivery_rules import Rules
from pytest_mews.delivery.retry_policy import Order
from pytest_mews.delivery.sender import Courier
from pytest_mews.delivery.tls_probe import shake_hands
from pytest_mews.delivery.transport import Request, Transport

__all__ = [
    "Authorities",
    "Clock",
    "Courier",
    "CurlTransport",
    "Order",
    "Request",
    "Rules",
    "SystemClock",
    "Transport",
    "shake_hands",
]
