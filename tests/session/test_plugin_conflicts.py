"""Other pytest plugins: their options are refused with a sentence where they would do harm."""

from __future__ import annotations

import pytest

# What pytest-rerunfailures, pytest-retry and pytest-forked register; they are not installed here.
OPTIONS = """
def pytest_addoption(parser):
    parser.addoption("--reruns", type=int, default=None)
    parser.addini("reruns", "reruns", default=None)
    parser.addoption("--retries", default=None)
    parser.addini("retries", "retries", default=0, type="string")
    parser.addoption("--forked", action="store_true", default=False)
"""
SCENARIO = ("--mews-target", "demo", "mews::PRE-01", "--mews-time-scale", "0.001")


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return a pytester whose pytest has the options of these plugins."""
    pytester.makepyfile(other_plugins=OPTIONS)
    pytester.syspathinsert()
    return pytester


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (("--reruns", "2"), "Add --reruns 0."),
        (("--retries", "1"), "Add --retries 0."),
        (("--forked",), "Remove it"),
    ],
)
def test_an_option_is_refused(
    project: pytest.Pytester, arguments: tuple[str, ...], remedy: str
) -> None:
    """The message names the option and the remedy, and the exit status is 4."""
    result = project.runpytest_subprocess("-p", "other_plugins", *SCENARIO, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (message,) = filter(None, result.stderr.lines)
    assert message.startswith(f"ERROR: {arguments[0]}: ")
    assert remedy in message


def test_an_ini_key_is_refused_and_the_remedy_works(project: pytest.Pytester) -> None:
    """The key of a project's ini file counts, until the command line overrides it."""
    project.makeini("[pytest]\nreruns = 2")
    result = project.runpytest_subprocess("-p", "other_plugins", *SCENARIO)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result = project.runpytest_subprocess("-p", "other_plugins", *SCENARIO, "--reruns", "0")
    assert result.ret == pytest.ExitCode.OK


def test_a_failure_of_another_plugin_is_quoted(project: pytest.Pytester) -> None:
    """A timeout that another plugin raises is the reason of the harness error."""
    project.makeconftest(
        """
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_call(item):
            pytest.fail("Timeout (>1.0s) from pytest-timeout.")
        """
    )
    result = project.runpytest_subprocess(*SCENARIO)
    result.stdout.fnmatch_lines(["*it returned no result: Timeout (>1.0s) from pytest-timeout.*"])
