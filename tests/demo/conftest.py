"""Embedded partners that are closed after each test, and the FastAPI example in its process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from mews_harness.demo import EmbeddedPartner
from mews_harness.tenants import DEFAULT
from tests.processes import Served, fastapi_partner

Start = Callable[[str], EmbeddedPartner]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start embedded partners by name."""
    with ExitStack() as running:
        yield lambda name: running.enter_context(EmbeddedPartner(name, tenants=DEFAULT))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the FastAPI example."""
    with fastapi_partner(tmp_path_factory.mktemp("fastapi")) as service:
        yield service
