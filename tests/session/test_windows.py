"""On Windows a certification is refused, and a project's own tests run."""

from __future__ import annotations

import pytest

CONFTEST = """
import sys

import pytest

real = sys.platform

@pytest.hookimpl(tryfirst=True)
def pytest_configure():
    sys.platform = "win32"

def pytest_sessionstart():
    sys.platform = real
"""


def test_a_certification_is_refused(pytester: pytest.Pytester) -> None:
    """One sentence says where to run it; the exit status is 4."""
    pytester.makeconftest(CONFTEST)
    result = pytester.runpytest_subprocess("--mews-target", "demo")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (message,) = filter(None, result.stderr.lines)
    assert "doesn't run on Windows. Run it in WSL" in message


def test_a_run_without_a_target_is_not_affected(pytester: pytest.Pytester) -> None:
    """An installed plugin is no obstacle for other tests."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile("def test_pass(): pass")
    assert pytester.runpytest_subprocess().ret == pytest.ExitCode.OK
