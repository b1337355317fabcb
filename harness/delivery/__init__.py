"""One message on its way: attempts, deadline, redirects, faults on the wire."""

from __future__ import annotations

from pytest_mews.delivery.clock import Clock, SystemClock
from pytest_mews.delivery.curl_options import Authorities
from pytest_mews.delivery.curl_transport import CurlTransport
from pytest_mews.delivery.delivery_rules import Rules
from pytest_mews.delivery.retry_policy import DeliveryOrder
from pytest_mews.delivery.sender import Sender
from pytest_mews.delivery.tls_probe import probe_tls
from pytest_mews.delivery.transport import Request, Transport

__all__ = [
    "Authorities",
    "Clock",
    "CurlTransport",
    "DeliveryOrder",
    "Request",
    "Rules",
    "Sender",
    "SystemClock",
    "Transport",
    "probe_tls",
]
