"""The options of the emulators: addresses, fetch timeout, stages, certificate."""

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
    """Host names, IPv4 and IPv6 addresses are accepted, with a port."""
    assert settings(URL, api=text).api == address


@pytest.mark.parametrize(
    "text",
    ["8088", "127.0.0.1", "127.0.0.1:0", "a:70000", "http://a:80", "a:80/x", "u@a:80", ":80"],
)
def test_another_address_is_rejected(text: str, settings: Build) -> None:
    """The message has the option and an example."""
    with pytest.raises(UsageError, match=r"--mews-api.*127\.0\.0\.1:8088"):
        settings(URL, api=text)


@pytest.mark.parametrize("text", ["0", "-1", "soon", "inf", "nan"])
def test_the_fetch_timeout_is_a_positive_number(text: str, settings: Build) -> None:
    """Zero and infinity are rejected."""
    with pytest.raises(UsageError, match="--mews-fetch-timeout"):
        settings(URL, fetch_timeout=text)


def test_stages_follow_from_the_options(settings: Build) -> None:
    """Each stage needs its options; the demo partner allows all stages."""
    api, websocket = "127.0.0.1:8088", "127.0.0.1:8089"
    assert settings(URL).stages == (Stage.DELIVERY,)
    assert settings(URL, api=api).stages == (Stage.DELIVERY, Stage.PROCESSING)
    assert settings(URL, websocket=websocket).stages == (Stage.DELIVERY, Stage.STREAMING)
    assert settings(URL, api=api, websocket=websocket).stages == tuple(Stage)
    assert settings("demo").stages == tuple(Stage)
    assert settings("none", api=api, websocket=websocket).stages == (Stage.STREAMING,)


def test_all_websocket_types_are_selected_unless_some_are_named(settings: Build) -> None:
    """Without a WebSocket none is selected; without webhooks nothing else is."""
    all_types = ("DeviceCommand", "Reservation", "Resource", "PriceUpdate")
    websocket = {"websocket": "127.0.0.1:8089"}
    some = {"events": "CustomerAdded,Resource"}
    assert not set(all_types) & set(settings(URL).events)
    assert settings(URL, **websocket).events[-4:] == all_types
    assert settings(URL, events="CustomerAdded", **websocket).events == (
        "CustomerAdded",
        *all_types,
    )
    assert settings(URL, **some, **websocket).events == ("CustomerAdded", "Resource")
    assert settings("none", **some, **websocket).events == ("Resource",)
    assert settings("none", **websocket).events == all_types


def test_a_certificate_file_is_validated(settings: Build, tmp_path: Path) -> None:
    """A missing file and a file without a certificate are usage errors."""
    pem = tmp_path / "server.pem"
    pem.write_text("no certificate", "utf-8")
    for path in (tmp_path / "nowhere.pem", pem):
        with pytest.raises(UsageError, match=r"--mews-websocket-certificate.*can't be used"):
            settings(URL, websocket="127.0.0.1:8089", websocket_certificate=str(path))
    issued = trustme.CA().issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(pem)
    options = {"websocket": "127.0.0.1:8089", "websocket_certificate": str(pem)}
    assert settings(URL, **options).websocket_tls is not None
