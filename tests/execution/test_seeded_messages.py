"""The seed alone determines the messages."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis.internal import entropy
from hypothesis.internal.conjecture import providers
from hypothesis.internal.conjecture.providers import CONSTANTS_CACHE, HypothesisProvider

from pytest_mews.execution import scenario_runner
from pytest_mews.model import WebhookKind
from pytest_mews.senders.connector import CONNECTOR

from .conftest import Setup

EVENTS = CONNECTOR.subscribed_events(
    None, None, "2026-04", webhook_kinds=set(WebhookKind), has_websocket=False
)
WITH_RANDOM_VALUES = ("ERR-03", "ERR-07", "INT-02")
CONSTANTS = """
TEXTS = ["Grand Hotel", "alpha", "beta", "gamma", "delta", "x;y", "SELECT 1", "aaa-bbb"]
NUMBERS = [123456789, 987654, 4242, 777, 31337, 65000, 250, 9999, 1.25, 3.75, 99.125]
"""


CONSTANTS_OF_MODULES = property(lambda _: providers._get_local_constants())
"""What Hypothesis's own provider uses."""
SendAll = Callable[[], list[bytes]]


@pytest.fixture
def send_all(setup: Callable[..., Setup]) -> SendAll:
    """Return a function that runs the scenarios, and returns the bodies of their messages."""

    def bodies() -> list[bytes]:
        partner = setup(lambda _: 202, events=EVENTS)
        sent = []
        for name in WITH_RANDOM_VALUES:
            partner.runner(name, examples=30).run()
            sent += [request.body for request in partner.transport.requests]
        return sent

    return bodies


@pytest.fixture
def load_constants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], object]:
    """Return a function that loads a module with constants."""
    (tmp_path / "mews_hotel_project.py").write_text(CONSTANTS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mews_hotel_project", raising=False)
    return lambda: importlib.import_module("mews_hotel_project")


def test_other_modules_do_not_change_the_messages(
    send_all: SendAll, load_constants: Callable[[], object]
) -> None:
    """Hypothesis would draw values from the constants of a module that is loaded meanwhile."""
    before = send_all()
    load_constants()
    assert send_all() == before


def test_what_hypothesis_selected_before_does_not_change_the_messages(
    send_all: SendAll, load_constants: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another user of Hypothesis may have selected constants of modules in this process."""
    before = send_all()
    load_constants()
    monkeypatch.setattr(HypothesisProvider, "_local_constants", CONSTANTS_OF_MODULES)
    CONSTANTS_CACHE.cache.clear()
    with monkeypatch.context() as patch:
        patch.setattr(scenario_runner, "use_seed_alone", lambda: None)
        assert send_all() != before
    assert send_all() == before


def test_what_hypothesis_selected_in_another_thread_does_not_change_its_messages(
    send_all: SendAll, load_constants: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each thread has selected constants of its own."""
    before = send_all()
    load_constants()
    with ThreadPoolExecutor(1) as other_thread:
        with monkeypatch.context() as patch:
            patch.setattr(HypothesisProvider, "_local_constants", CONSTANTS_OF_MODULES)
            patch.setattr(scenario_runner, "use_seed_alone", lambda: None)
            assert other_thread.submit(send_all).result() != before
        assert send_all() == before
        assert other_thread.submit(send_all).result() == before


def test_a_thread_that_sends_registers_no_generator(send_all: SendAll) -> None:
    """Hypothesis would collect garbage, and go through all objects, in each thread."""
    registered = len(entropy.RANDOMS_TO_MANAGE)
    with ThreadPoolExecutor(1) as other_thread:
        assert other_thread.submit(send_all).result()
        assert len(entropy.RANDOMS_TO_MANAGE) == registered
