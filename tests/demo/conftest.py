"""Demo partners that are closed after each test, and the FastAPI example as a process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from pytest_mews.config.tenants import DEFAULT_TENANTS
from pytest_mews.demo import DemoPartner
from tests.demo.scripted_api import ScriptedApi
from tests.partner_processes import RunningService, run_fastapi_partner

StartPartner = Callable[[str], DemoPartner]
StartApiPartner = Callable[..., DemoPartner]


@pytest.fixture
def start_partner() -> Iterator[StartPartner]:
    """A function that starts demo partners by name."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(DemoPartner(name, tenants=DEFAULT_TENANTS))


@pytest.fixture
def api() -> Iterator[ScriptedApi]:
    """A scripted Connector API."""
    with ScriptedApi() as server:
        yield server
        server.released.set()


@pytest.fixture
def start_api_partner(api: ScriptedApi) -> Iterator[StartApiPartner]:
    """A function that starts demo partners that call the scripted API; sound without a name."""
    with ExitStack() as stack:

        def start(name: str = "sound") -> DemoPartner:
            partner = DemoPartner(name, tenants=DEFAULT_TENANTS, api=api.url)
            api.partners.append(partner)
            return stack.enter_context(partner)

        yield start


@pytest.fixture(scope="module")
def fastapi_example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The FastAPI example, running."""
    with run_fastapi_partner(tmp_path_factory.mktemp("fastapi")) as service:
        yield service
