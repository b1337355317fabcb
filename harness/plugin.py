"""The pytest plugin: options, and nothing else until a target is given."""

from __future__ import annotations

import pytest

from mews_harness.options import OPTIONS


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the group `mews`, each with an ini key of the same name."""
    group = parser.getgroup("mews", "certification of a Mews webhook endpoint (pytest-mews)")
    for option in OPTIONS:
        if option.kind == "flag":
            group.addoption(
                option.flag, dest=option.dest, action="store_true", default=None, help=option.help
            )
            parser.addini(option.dest, option.help, type="bool", default=None)
        else:
            group.addoption(
                option.flag,
                dest=option.dest,
                metavar=option.metavar,
                action="append" if option.kind == "values" else "store",
                default=None,
                help=option.help,
            )
            if option.kind == "values":
                parser.addini(option.dest, option.help, type="linelist", default=None)
            else:
                parser.addini(option.dest, option.help, type="string", default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Take part where a target is given; without one nothing more is imported."""
    if config.option.mews_target is not None or config.getini("mews_target"):
        from mews_harness.certification.hooks import register  # noqa: PLC0415 - the lazy door

        register(config)
