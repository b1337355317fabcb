"""The figures that Mews documents, each with the fact that states it (`limits.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pytest_mews.mews.toml_data import read_data


@dataclass(frozen=True)
class Limit:
    """One figure, and the id of the fact that states it."""

    value: int
    fact: str


LIMITS: Mapping[str, Limit] = MappingProxyType(
    {name: Limit(**data) for name, data in read_data("limits").items()}
)
"""Every limit by its name."""

RESPONSE_TIMEOUT_S = LIMITS["response_timeout_s"].value
"""Seconds within which an endpoint must answer a webhook."""
REQUESTS_PER_TOKEN = LIMITS["requests_per_token"].value
"""Requests that an AccessToken allows within `REQUEST_WINDOW_S`."""
REQUEST_WINDOW_S = LIMITS["request_window_s"].value
"""Seconds of the window, from the first request of a burst on, in which requests are counted."""
ITEMS_PER_PAGE = LIMITS["items_per_page"].value
"""Items that a page of a response can have: the maximum of `Limitation.Count`."""
IDS_PER_REQUEST = LIMITS["ids_per_request"].value
"""Ids that most operations accept in one request."""
