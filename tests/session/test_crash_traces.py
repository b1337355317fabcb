"""Tests of the traces of crashed workers, on which a crash in CI depends for its explanation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CONFTEST = """
import pathlib
from tests import crash_traces

def pytest_configure(config):
    def folder():
        path = pathlib.Path("traces")
        path.mkdir()
        return path

    crash_traces.register(config, folder)
"""
CRASH = """
import faulthandler

pytest_plugins = ["pytester"]

def crash():
    faulthandler._sigsegv()

def test_inner(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:faulthandler")
    pytester.makepyfile("def test_it(): from test_crash import crash; crash()")
    pytester.runpytest_inprocess()
"""


def test_the_trace_of_a_crash_in_an_inner_run_is_in_the_summary(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the function that crashed."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]), prepend=os.pathsep)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_crash=CRASH)
    result = pytester.runpytest_subprocess("-n", "1")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*crash of worker gw*", "Fatal Python error: Segmentation fault", "*in crash"]
    )
