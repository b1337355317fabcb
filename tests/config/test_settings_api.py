"""Where the Connector API is served, and how long the service may take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from pytest_mews.config.settings import Settings
from pytest_mews.errors import UsageError
from pytest_mews.model import Stage

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
    with pytest.raises(UsageError, match=r"--mews-api.*127\.0\.0\.1:8088"):
        settings(URL, api=text)


@pytest.mark.parametrize("text", ["0", "-1", "soon", "inf", "nan"])
def test_a_wait_is_a_positive_number(text: str, settings: Build) -> None:
    """Neither nothing nor for ever."""
    with pytest.raises(UsageError, match="--mews-fetch-timeout"):
        settings(URL, fetch_timeout=text)


def test_stages_follow_from_the_means(settings: Build) -> None:
    """Each is played where its means are given; the embedded partner brings its own."""
    api, websocket = "127.0.0.1:8088", "127.0.0.1:8089"
    assert settings(URL).stages == (Stage.DELIVERY,)
    assert settings(URL, api=api).stages == (Stage.DELIVERY, Stage.PROCESSING)
    assert settings(URL, websocket=websocket).stages == (Stage.DELIVERY, Stage.STREAMING)
    assert settings(URL, api=api, websocket=websocket).stages == tuple(Stage)
    assert settings("demo").stages == tuple(Stage)
    assert settings("none", api=api, websocket=websocket).stages == (Stage.STREAMING,)


def test_types_on_the_websocket_are_all_meant_unless_some_are_named(settings: Build) -> None:
    """Without a WebSocket none is; without webhooks nothing else is."""
    every = ("DeviceCommand", "Reservation", "Resource", "PriceUpdate")
    served = {"websocket": "127.0.0.1:8089"}
    few = {"events": "CustomerAdded,Resource"}
    assert not set(every) & set(settings(URL).events)
    assert settings(URL, **served).events[-4:] == every
    assert settings(URL, events="CustomerAdded", **served).events == ("CustomerAdded", *every)
    assert settings(URL, **few, **served).events == ("CustomerAdded", "Resource")
    assert settings("none", **few, **served).events == ("Resource",)
    assert settings("none", **served).events == every


def test_a_certificate_is_a_file_that_tls_can_use(settings: Build, tmp_path: Path) -> None:
    """A file that is missing, or is no certificate, is the user's mistake."""
    pem = tmp_path / "server.pem"
    pem.write_text("no certificate", "utf-8")
    for path in (tmp_path / "nowhere.pem", pem):
        with pytest.raises(UsageError, match=r"--mews-websocket-certificate.*can't be used"):
            settings(URL, websocket="127.0.0.1:8089", websocket_certificate=str(path))
    issued = trustme.CA().issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(pem)
    served = {"websocket": "127.0.0.1:8089", "websocket_certificate": str(pem)}
    assert settings(URL, **served).websocket_tls is not None
