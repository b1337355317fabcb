"""Where the Connector API is served, and how long the service may take."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mews_harness.errors import UsageMistake
from mews_harness.model import Stage
from mews_harness.settings import Settings

URL = "http://127.0.0.1:9/hook"
Build = Callable[..., Settings]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8088", ("127.0.0.1", 8088)),
        ("[::1]:8088", ("::1", 8088)),
        ("localhost:1", ("localhost", 1)),
    ],
)
def test_an_address_is_host_and_port(text: str, address: tuple[str, int], settings: Build) -> None:
    """Names and addresses of either family are taken, with a port."""
    assert settings(URL, api=text).api == address


@pytest.mark.parametrize(
    "text",
    ["8088", "127.0.0.1", "127.0.0.1:0", "a:70000", "http://a:80", "a:80/x", "u@a:80", ":80"],
)
def test_anything_else_is_refused(text: str, settings: Build) -> None:
    """The message names the option and what to give."""
    with pytest.raises(UsageMistake, match=r"--mews-api.*127\.0\.0\.1:8088"):
        settings(URL, api=text)


@pytest.mark.parametrize("text", ["0", "-1", "soon", "inf", "nan"])
def test_a_wait_is_a_positive_number(text: str, settings: Build) -> None:
    """Neither nothing nor for ever."""
    with pytest.raises(UsageMistake, match="--mews-settle"):
        settings(URL, settle=text)


def test_stages_follow_from_the_means(settings: Build) -> None:
    """Processing is played where the API is served; the embedded partner brings its own."""
    assert settings(URL).stages == (Stage.DELIVERY,)
    assert settings(URL, api="127.0.0.1:8088").stages == (Stage.DELIVERY, Stage.PROCESSING)
    assert settings("demo").stages == (Stage.DELIVERY, Stage.PROCESSING)
