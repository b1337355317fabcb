"""One message on its way: attempts, deadline, redirects, faults on the wire."""

from __future__ import annotations

from mews_harness.delivery.clock import Clock, SystemClock
from mews_harness.delivery.courier import Courier
from mews_harness.delivery.curl import CurlTransport
from mews_harness.delivery.handshake import shake_hands
from mews_harness.delivery.options import Authorities
from mews_harness.delivery.policy import Order
from mews_harness.delivery.rules import Rules
from mews_harness.delivery.transport import Request, Transport

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
