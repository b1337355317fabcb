"""The option table: complete, cheap to import, with helpful texts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_mews.options import OPTIONS, Option, spell

NAMES = {
    "--mews-target",
    "--mews-integration-target",
    "--mews-start",
    "--mews-app",
    "--mews-scenarios",
    "--mews-token",
    "--mews-token-name",
    "--mews-api",
    "--mews-websocket",
    "--mews-websocket-certificate",
    "--mews-fetch-timeout",
    "--mews-restart-timeout",
    "--mews-tenants",
    "--mews-profile",
    "--mews-profile-set",
    "--mews-time-scale",
    "--mews-events",
    "--mews-use-case",
    "--mews-operations",
    "--mews-portfolios",
    "--mews-examples",
    "--mews-instances",
    "--mews-jobs",
    "--mews-peak-rate",
    "--mews-about",
    "--mews-report",
    "--mews-replay",
    "--mews-strict",
    "--mews-waivers",
    "--mews-waivers-template",
    "--mews-baseline",
    "--mews-fail-on",
    "--mews-insecure",
}


def test_the_table_has_each_option_once() -> None:
    """No option is missing or repeated."""
    assert sorted(option.flag for option in OPTIONS) == sorted(NAMES)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flag)
def test_help_has_the_default_and_no_percent_sign(option: Option) -> None:
    """`pytest --help` has the default; argparse would interpret a percent sign."""
    assert "%" not in option.help
    if option.flag != "--mews-target":
        assert "(default: " in option.help
    if option.default:
        assert option.default in option.help


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.flag)
def test_flags_have_no_metavar_and_values_have_one(option: Option) -> None:
    """The help shows a placeholder for each value."""
    assert (option.metavar is None) == (option.kind == "flag")


def test_the_ini_key_is_the_flag_with_underscores() -> None:
    """The name in an ini file is derived from the flag."""
    assert Option("--mews-time-scale", "").dest == "mews_time_scale"


def test_pytest_needs_the_prefix_and_mews_does_without() -> None:
    """In a text all options are spelled alike."""
    text = "--mews-api, with the tokens of --mews-tenants"
    assert spell(text, "pytest") == text
    assert spell(text, "mews") == "--api, with the tokens of --tenants"


def test_importing_the_table_loads_no_other_module() -> None:
    """A test run without --mews-target pays nothing for the plugin."""
    code = (
        "import pytest, sys; before = set(sys.modules); import pytest_mews.options; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['pytest_mews', 'pytest_mews.options']"
