"""The environment starts before the first message, and observes each thing once."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from pytest_httpserver import HTTPServer

from pytest_mews.config.settings import Settings
from pytest_mews.errors import HarnessError, UsageError
from pytest_mews.kit.messages import batch
from pytest_mews.run.environment import Environment, ObservedOnce
from tests.ports import free_port

BuildSettings = Callable[..., Settings]
THREADS = 8


@pytest.fixture
def used_address() -> object:
    """An address at which another server listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_many_threads_share_one_observation() -> None:
    """Threads that need an observation at the same time make it once, and get the same result."""
    barrier, made = Barrier(THREADS), []

    def observe() -> object:
        made.append(object())
        return made[-1]

    observed = ObservedOnce(observe)

    def get(_: int) -> object:
        barrier.wait()
        return observed.get()

    assert observed.result is None
    with ThreadPoolExecutor(THREADS) as pool:
        results = set(pool.map(get, range(THREADS)))
    assert results == {observed.result} == set(made)


def test_a_failed_observation_is_made_again() -> None:
    """An exception is not a result."""
    outcomes = iter([ValueError("first"), "second"])

    def observe() -> str:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    observed = ObservedOnce(observe)
    with pytest.raises(ValueError, match="first"):
        observed.get()
    assert observed.get() == "second"


def test_servers_listen_before_the_first_message(settings: BuildSettings) -> None:
    """After `start` the emulators accept connections, and nothing has been sent yet."""
    ports = {"api": free_port(), "websocket": free_port()}
    addresses = {option: f"127.0.0.1:{port}" for option, port in ports.items()}
    environment = Environment(settings("http://127.0.0.1:1/hook", **addresses))
    environment.start()
    try:
        for port in ports.values():
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
    finally:
        environment.close()


@pytest.mark.parametrize("option", ["api", "websocket"])
def test_an_address_in_use_stops_what_has_started(
    settings: BuildSettings, used_address: str, option: str
) -> None:
    """The error names the option, and the other server's address is free again."""
    other = f"127.0.0.1:{free_port()}"
    addresses = {"api": other, "websocket": other, option: used_address}
    environment = Environment(settings("http://127.0.0.1:1/hook", **addresses))
    with pytest.raises(UsageError, match=f"--mews-{option}: .*already in use"):
        environment.start()
    socket.create_server(("127.0.0.1", int(other.partition(":")[2]))).close()
    with pytest.raises(UsageError, match="already in use"):  # not: it was closed
        environment.start()


def test_starting_twice_starts_once(settings: BuildSettings) -> None:
    """The second `start` does nothing, and `close` stops everything."""
    environment = Environment(settings("demo"))
    environment.start()
    endpoint = environment.endpoint
    environment.start()
    assert environment.endpoint == endpoint
    environment.close()


def test_a_closed_environment_refuses_to_start(settings: BuildSettings) -> None:
    """Its clock and its transport ended with it, and the error says so."""
    environment = Environment(settings("http://127.0.0.1:1/hook"))
    environment.start()
    environment.close()
    with pytest.raises(HarnessError, match="was closed; a new one is needed"):
        environment.start()


@pytest.mark.parametrize("emulator", ["", "api", "websocket"])
def test_the_platform_learns_of_messages_only_where_something_can_ask_for_it(
    settings: BuildSettings, httpserver: HTTPServer, emulator: str
) -> None:
    """Without an emulator, the messages of a long run would be kept for nobody."""
    options = {emulator: f"127.0.0.1:{free_port()}"} if emulator else {}
    httpserver.expect_request("/hook").respond_with_data("")
    url = httpserver.url_for("/hook")
    environment = Environment(settings(url, **options))
    environment.start()
    delivery = environment.deliverer.deliver(batch(1), url, label="message")
    environment.close()
    assert delivery.delivered
    assert (delivery.visible_from_ms is not None) is bool(emulator)
