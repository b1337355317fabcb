"""Embedded partners that are closed after each test, and the FastAPI example in its process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pytest_mews.config.tenants import DEFAULT
from pytest_mews.demo import DemoPartner
from tests.demo.stand_in import StandIn
from tests.processes import Served, fastapi_partner

Start = Callable[[str], DemoPartner]
Partner = Callable[..., DemoPartner]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start embedded partners by name."""
    with ExitStack() as running:
        yield lambda name: running.enter_context(DemoPartner(name, tenants=DEFAULT))


@pytest.fixture
def mews() -> Iterator[StandIn]:
    """Serve a stand-in for the Connector API."""
    with StandIn() as server:
        yield server
        server.released.set()


@pytest.fixture
def partner(mews: StandIn) -> Iterator[Partner]:
    """Start embedded partners by name that call the stand-in; the sound one without a name."""
    with ExitStack() as running:

        def start(name: str = "sound") -> DemoPartner:
            started = DemoPartner(name, tenants=DEFAULT, api=mews.api)
            mews.partners.append(started)
            return running.enter_context(started)

        yield start


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the FastAPI example."""
    with fastapi_partner(tmp_path_factory.mktemp("fastapi")) as service:
        yield service
