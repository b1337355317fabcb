"""Delivers one message: attempts, deadline, redirects, injected faults; owns libcurl."""

from __future__ import annotations

from pytest_mews.delivery.clock import Clock, SystemClock
from pytest_mews.delivery.curl_options import TrustStore
from pytest_mews.delivery.curl_transport import CurlTransport
from pytest_mews.delivery.delivery_rules import DeliveryRules
from pytest_mews.delivery.retry_policy import DeliveryOrder
from pytest_mews.delivery.sender import Sender
from pytest_mews.delivery.tls_probe import probe_tls
from pytest_mews.delivery.transport import Request, Transport

__all__ = [
    "Clock",
    "CurlTransport",
    "DeliveryOrder",
    "DeliveryRules",
    "Request",
    "Sender",
    "SystemClock",
    "Transport",
    "TrustStore",
    "probe_tls",
]
