"""Fixtures: the sample report and a real browser."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

sys.path.insert(0, str(Path(__file__).parents[1] / "reports"))

import sample_run

from pytest_mews.reports import write_report

EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of the sample report, with every verdict."""
    return write_report(sample_run.run(), tmp_path_factory.mktemp("report")).html.as_uri()


# It ends with each module: its event loop runs in this thread, where other tests start theirs.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The installed Chromium; tests/browser/install-chromium installs it."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - slow to import

    path = next(filter(None, map(shutil.which, EXECUTABLES)), None)
    if path is None:
        pytest.skip("no Chromium: run tests/browser/install-chromium")
    # A container has no user namespaces and a small /dev/shm.
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()
