"""Delivers one message: attempts, deadline, redirects, injected faults; owns libcurl."""

from __future__ import annotations

from pytest_mews.delivery.clock import Clock, SystemClock
from pytest_mews.delivery.curl_options import TrustStore
from pytest_mews.delivery.curl_transport import CurlTransport
from pytest_mews.delivery.deliverer import Deliverer
from pytest_mews.delivery.delivery_rules import DeliveryRules
from pytest_mews.delivery.retry_policy import DeliveryOrder
from pytest_mews.delivery.tcp_probe import accepts_connections
from pytest_mews.delivery.tls_probe import probe_tls
from pytest_mews.delivery.transport import Request, Transport

__all__ = [
    "Clock",
    "CurlTransport",
    "Deliverer",
    "DeliveryOrder",
    "DeliveryRules",
    "Request",
    "SystemClock",
    "Transport",
    "TrustStore",
    "accepts_connections",
    "probe_tls",
]
