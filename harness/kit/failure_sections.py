"""Adds what the fixtures observed to the report of a failing test."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest

_PLUGIN = "mews-failure-sections"
_Sections = dict[str, Callable[[], str]]
_SECTIONS = pytest.StashKey[_Sections]()


class FailureSections:
    """The plugin, which the first test with one of the fixtures registers."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the sections of a test to the report of its failing phase."""
        report = yield
        if report.failed:
            sections = item.stash.get(_SECTIONS, {})
            report.sections.extend((title, describe()) for title, describe in sections.items())
        return report


def describe_on_failure(
    request: pytest.FixtureRequest, title: str, describe: Callable[[], str]
) -> None:
    """Add a section to the report if the test of a fixture fails.

    Args:
        request: the request of the fixture.
        title: the title of the section.
        describe: returns its text, without secrets; called only if the test fails.

    """
    plugins = request.config.pluginmanager
    if not plugins.has_plugin(_PLUGIN):
        plugins.register(FailureSections(), _PLUGIN)
    request.node.stash.setdefault(_SECTIONS, {})[title] = describe  # again if the test is rerun
