"""Modules of the package are imported without pytest's rewriting of assertions."""

from __future__ import annotations

import importlib
from importlib.machinery import SourceFileLoader

import pytest

from pytest_mews.plain_imports import PlainFinder


@pytest.mark.parametrize("name", ["pytest_mews.run.runner", "hypothesis.core", "hypothesis"])
def test_modules_of_the_package_are_found_as_they_are(name: str) -> None:
    """So are those of Hypothesis: pytest would rewrite both, as packages with a plugin."""
    parent = name.rpartition(".")[0]
    path = importlib.import_module(parent).__path__ if parent else None
    spec = PlainFinder().find_spec(name, path)
    assert spec is not None
    assert type(spec.loader) is SourceFileLoader


@pytest.mark.parametrize("name", ["werkzeug", "pytest", "pytest_mews_of_another"])
def test_other_modules_are_left_to_other_finders(name: str) -> None:
    """A user's tests, and the plugins that help them, are rewritten as pytest decides."""
    assert PlainFinder().find_spec(name, None) is None
