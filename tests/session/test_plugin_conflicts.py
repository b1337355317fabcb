"""Other pytest plugins: their options are refused with a sentence where they would do harm."""

from __future__ import annotations

import json

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
    result = project.runpytest("-p", "other_plugins", *SCENARIO, *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (message,) = filter(None, result.stderr.lines)
    assert message.startswith(f"ERROR: {arguments[0]}: ")
    assert remedy in message


def test_an_ini_key_is_refused_and_the_remedy_works(project: pytest.Pytester) -> None:
    """The key of a project's ini file counts, until the command line overrides it."""
    project.makeini("[pytest]\nreruns = 2")
    result = project.runpytest("-p", "other_plugins", *SCENARIO)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result = project.runpytest("-p", "other_plugins", *SCENARIO, "--reruns", "0")
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
    result = project.runpytest(*SCENARIO, "--mews-jobs", "1")  # else it may end before the timeout
    result.stdout.fnmatch_lines(["*it returned no result: Timeout (>1.0s) from pytest-timeout.*"])


def test_hooks_may_read_what_a_test_function_has(pytester: pytest.Pytester) -> None:
    """A conftest that reads the attributes of test functions works with scenarios."""
    pytester.makeconftest(
        """
        import inspect

        import pytest

        def read(item):
            assert inspect.isfunction(item.function) and item.obj is item.function
            assert not inspect.iscoroutinefunction(item.function)
            inspect.signature(item.function), inspect.getsource(item.function)
            assert item.function.__doc__ == item.scenario.title
            assert item.function.__name__ == item.name == item.originalname
            assert item.function.__module__ == item.module.__name__
            assert item.module.__file__ and item.cls is None and item.instance is None
            assert not hasattr(item, "callspec")
            item.funcargs.get("page")

        def pytest_itemcollected(item):
            read(item)

        def pytest_collection_modifyitems(items):
            for item in items:
                if "database" not in item.fixturenames:
                    item.fixturenames.insert(0, "database")
            items.sort(key=lambda item: item.function.__code__.co_firstlineno)

        def pytest_runtest_setup(item):
            read(item)

        def pytest_runtest_teardown(item):
            read(item)

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            read(item)
            report = yield
            report.description = str(item.function.__doc__)
            return report
        """
    )
    result = pytester.runpytest(*SCENARIO)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["mews::PRE-01 PASS*"])


@pytest.mark.parametrize("hook", ["setup", "call", "teardown"])
def test_an_error_of_a_hook_is_not_the_endpoint_s(pytester: pytest.Pytester, hook: str) -> None:
    """If a hook of a conftest raises, the run fails with its error, and no scenario fails."""
    pytester.makeconftest(
        f"""
        def pytest_runtest_{hook}(item):
            item.callspec.params
        """
    )
    result = pytester.runpytest(*SCENARIO)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["*a scenario has no attribute 'callspec'*Let the hook skip items that are not*"]
    )
    result.stdout.no_fnmatch_line("*INTERNALERROR*")
    report = json.loads(
        (pytester.path / "mews-report" / "selection" / "certification.json").read_text()
    )
    verdicts = {scenario["id"]: scenario["verdict"] for scenario in report["scenarios"]}
    assert verdicts["PRE-01"] in {"pass", "error"}
    assert "fail" not in verdicts.values()
