"""Resolving options into settings; errors have the option, the value and the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_mews.config import tenants
from pytest_mews.config.endpoint import Endpoint
from pytest_mews.config.settings import Settings, resolve_settings
from pytest_mews.errors import UsageError
from pytest_mews.mews.events import Channel, event_names
from pytest_mews.model import Stage
from pytest_mews.options import OPTIONS
from pytest_mews.redaction import Redactor

WEBHOOKS = (Channel.GENERAL, Channel.INTEGRATION)
URL = "https://partner.example/hook"
MISSING_FOLDER = Path("/nowhere")


def _resolve(
    environ: dict[str, str] | None = None,
    ini: dict[str, object] | None = None,
    **values: object,
) -> Settings:
    """Resolve options by their names without `mews_`, with a valid target as the default."""
    options = {"mews_target": URL} | {f"mews_{name}": value for name, value in values.items()}
    return resolve_settings(options, environ=environ or {}, rootdir=MISSING_FOLDER, seed=7, ini=ini)


def test_a_target_is_enough() -> None:
    """All other options have their documented defaults."""
    settings = _resolve()
    assert settings.target == URL
    assert settings.integration_target is None
    assert settings.authentication.secrets == ()
    assert settings.tenants is tenants.DEFAULT_TENANTS
    assert settings.profile.name == "2026-08"
    assert settings.time_scale == 0.01
    assert settings.events == event_names(*WEBHOOKS, revision="2026-08", opt_in=False)
    assert settings.examples == 25
    assert settings.peak_rate == 5
    assert settings.report == Path.cwd() / "mews-report"
    assert not settings.strict
    assert settings.waivers is None
    assert settings.baseline is None
    assert not settings.waivers_template
    assert not settings.fails_on_new
    assert not settings.insecure
    assert settings.seed == 7
    assert not settings.is_demo


def test_every_option_reaches_the_settings(tmp_path: Path) -> None:
    """No option is ignored."""
    (tmp_path / "t.toml").write_text(tenants.tenants_template(), encoding="utf-8")
    settings = _resolve(
        integration_target=f"{URL}/integration",
        token="s3cr3t",
        token_name="secret",
        tenants=str(tmp_path / "t.toml"),
        profile="2022-08",
        profile_set=["attempts=2"],
        time_scale="1",
        events="ResourceUpdated,IntegrationDeleted",
        operations="customers/getAll, orderItems/getAll,customers/getAll",
        examples="3",
        peak_rate="0.5",
        report=str(tmp_path / "out"),
        strict=True,
        waivers=str(tmp_path / "w.toml"),
        waivers_template=True,
        baseline=str(tmp_path / "old.json"),
        fail_on="new",
        insecure=True,
    )
    request = settings.authentication.authenticate(settings.endpoint.integration_url, b"")
    assert request.url == f"{URL}/integration?secret=s3cr3t"
    assert settings.tenants == tenants.DEFAULT_TENANTS
    assert settings.profile.name == "2022-08"
    assert settings.profile["attempts"].value == 2
    assert settings.time_scale == 1.0
    assert settings.events == ("ResourceUpdated", "IntegrationDeleted")
    assert settings.listed_operations == ("customers/getAll", "orderItems/getAll")
    assert settings.examples == 3
    assert settings.peak_rate == 0.5
    assert settings.report == tmp_path / "out"
    assert settings.strict
    assert settings.waivers == tmp_path / "w.toml"
    assert settings.waivers_template
    assert settings.baseline == tmp_path / "old.json"
    assert settings.fails_on_new
    assert settings.insecure


def test_precedence_is_command_line_environment_ini_file() -> None:
    """--mews-token is the one option that all three can have."""
    ini: dict[str, object] = {"mews_token": "from-ini"}
    environ = {"MEWS_TOKEN": "from-env"}
    assert _resolve(environ, ini, token="typed").authentication.secrets == ("typed",)
    assert _resolve(environ, ini).authentication.secrets == ("from-env",)
    assert _resolve({"MEWS_TOKEN": ""}, ini).authentication.secrets == ("from-ini",)


def test_only_secrets_are_read_from_the_environment() -> None:
    """Other environment variables change no run."""
    assert [option.env for option in OPTIONS if option.env] == ["MEWS_TOKEN"]


def test_the_ini_file_is_used_where_the_command_line_has_no_value() -> None:
    """No value is None, a flag that is off, or an empty list of a repeatable option."""
    ini: dict[str, object] = {
        "mews_profile": "2022-08",
        "mews_profile_set": ["attempts=2", "timeout_s=3"],
        "mews_strict": True,
        "mews_events": "",
    }
    settings = _resolve(ini=ini, profile=None, profile_set=[], strict=False)
    assert settings.profile.name == "2022-08"
    assert [settings.profile[name].value for name in ("attempts", "timeout_s")] == [2, 3]
    assert settings.strict
    assert settings.events == event_names(*WEBHOOKS, revision="2022-08")


def test_paths_in_the_ini_file_are_relative_to_it(tmp_path: Path) -> None:
    """Such a path means the same whichever folder pytest is started in."""
    (tmp_path / "t.toml").write_text(tenants.tenants_template(), encoding="utf-8")
    ini: dict[str, object] = {
        "mews_report": "out",
        "mews_tenants": "t.toml",
        "mews_waivers": "w.toml",
        "mews_baseline": "old.json",
    }
    settings = resolve_settings({"mews_target": URL}, environ={}, rootdir=tmp_path, ini=ini)
    assert settings.waivers == tmp_path / "w.toml"
    assert settings.baseline == tmp_path / "old.json"
    assert settings.report == tmp_path / "out"
    assert settings.tenants == tenants.DEFAULT_TENANTS


@pytest.mark.parametrize("target", ["demo", "demo:no-retry-limit", "demo:"])
def test_the_demo_partner_is_a_target(target: str) -> None:
    """The demo partner checks later whether the flaw exists."""
    settings = _resolve(target=target, token="s3cr3t")
    assert settings.is_demo
    assert settings.target == target
    assert settings.secrets[0] == "s3cr3t"


def test_product_is_one_line() -> None:
    """--mews-about is trimmed; a text of several lines or a long one is refused."""
    assert _resolve(about=" Product 3.2 (a1b2c3) ").about == "Product 3.2 (a1b2c3)"
    for text in ("two\nlines", "x" * 201):
        with pytest.raises(UsageError, match="--mews-about"):
            _resolve(about=text)


def test_selection_has_its_own_report_folder(tmp_path: Path) -> None:
    """A run of a part writes beside the report of the whole run."""
    values = {"mews_target": "demo", "mews_report": str(tmp_path)}
    settings = resolve_settings(values, environ={}, rootdir=tmp_path, selection="-k REC")
    assert settings.report == tmp_path / "selection"
    assert settings.selection == "-k REC"


def test_without_a_seed_each_run_has_a_random_one() -> None:
    """The settings have it, so that the report can show it."""
    seeds = {
        resolve_settings({"mews_target": URL}, environ={}, rootdir=MISSING_FOLDER).seed
        for _ in range(8)
    }
    assert len(seeds) > 1
    assert all(0 <= seed < 2**32 for seed in seeds)


def test_a_use_case_selects_its_events_and_all_integration_actions() -> None:
    """The selected events are in the order of the documentation."""
    settings = _resolve(use_case="housekeeping")
    assert settings.events == (
        "ServiceOrderUpdated",
        "ResourceUpdated",
        "ResourceBlockUpdated",
        *event_names(Channel.INTEGRATION),
    )


def test_a_use_case_selects_only_events_of_the_profile() -> None:
    """The old profile lacks the action for a rotated key."""
    settings = _resolve(use_case="upsell", profile="2022-08")
    assert "IntegrationApiKeyCreated" not in settings.events
    assert "CustomerAdded" in settings.events


def test_events_may_be_separated_by_commas_and_spaces_and_repeated() -> None:
    """An ini file can have them on several lines."""
    settings = _resolve(events="CustomerAdded, ResourceUpdated\nCustomerAdded")
    assert settings.events == ("ResourceUpdated", "CustomerAdded")


@pytest.mark.parametrize(
    ("option", "value", "parts"),
    [
        ("target", "", ["is empty", "Give the full URL"]),
        ("target", "Demo", ["does not begin with https://", "partner.example"]),
        ("integration_target", "demo", ["does not begin with https://"]),
        ("token", " ", ["is blank", "Leave it out"]),
        ("profile", "2026-05", ["is not a delivery profile", "Did you mean 2026-0"]),
        ("profile_set", ["attempts=99"], ["is not allowed", "from 1 to 10"]),
        ("time_scale", "0", ["is not a positive number", "1 for real time"]),
        ("time_scale", "-1", ["is not a positive number"]),
        ("time_scale", "inf", ["is not a positive number"]),
        ("time_scale", "nan", ["is not a positive number"]),
        ("time_scale", "1e300", ["is not a positive number of at most 1,000"]),
        ("fetch_timeout", "1e300", ["is not a positive number of at most 86,400"]),
        ("restart_timeout", "0", ["is not a positive number of at most 3,600", "such as 30"]),
        ("examples", "1" + "0" * 5_000, ["is not a whole number from 1 to 100,000"]),
        ("jobs", "1000000000", ["is not a whole number from 1 to 1,000"]),
        ("profile_set", ["attempts=" + "9" * 4_000], ["attempts"]),
        ("profile_set", ["lag_s=1," + "9" * 4_000], ["lag_s"]),
        ("profile_set", ["timeout_s=1e300"], ["timeout_s"]),
        ("time_scale", "fast", ["is not a positive number"]),
        ("operations", " , ", ["names no operation", "such as customers/getAll"]),
        ("operations", "customers/getall", ["no documented operation", "mean customers/getAll"]),
        ("examples", "0", ["is not a whole number from 1"]),
        ("examples", "1.5", ["is not a whole number from 1"]),
        ("examples", "many", ["is not a whole number from 1"]),
        ("report", " ", ["names no folder", "Give the path of a folder"]),
        ("jobs", "0", ["is not a whole number from 1", "such as 8, or auto"]),
        ("jobs", "automatic", ["is not a whole number from 1", "such as 8, or auto"]),
        ("instances", "0", ["is not a whole number from 1 to 8", "such as 4, or auto"]),
        ("instances", "9", ["is not a whole number from 1 to 8"]),
        ("peak_rate", "0", ["is not a number above 0", "such as 5"]),
        ("peak_rate", "201", ["at most 200"]),
        ("peak_rate", "nan", ["is not a number above 0"]),
        ("peak_rate", "brisk", ["is not a number above 0"]),
        ("events", ",", ["names no event", "Known: ServiceOrderUpdated"]),
        ("events", "", ["names no event"]),
        ("events", "customeradded", ["is not an event", "Did you mean CustomerAdded?"]),
        ("events", "Reservations", ["is not an event", "Did you mean Reservation?"]),
        ("events", "Reservation", ["names no webhook event", "--mews-target none"]),
        (
            "target",
            "none",
            ["leaves nothing to certify", "--mews-websocket", "--mews-integration-target URL"],
        ),
        ("websocket", "8089", ["is not HOST:PORT", "127.0.0.1:8089"]),
        ("websocket", "ws://127.0.0.1:8089", ["is a URL or has a path"]),
        ("websocket_certificate", "c.pem", ["has no effect without --mews-websocket"]),
        ("use_case", "house_keeping", ["is not a use case", "Did you mean housekeeping?"]),
        ("tenants", "/nowhere/t.toml", ["no such file", "built-in tenants"]),
    ],
)
def test_an_error_has_option_value_and_remedy(option: str, value: object, parts: list[str]) -> None:
    """The remedy says what to do instead."""
    with pytest.raises(UsageError) as caught:
        resolve_settings(
            {"mews_target": URL, f"mews_{option}": value}, environ={}, rootdir=MISSING_FOLDER
        )
    error = caught.value
    assert error.name.startswith(f"--mews-{option.replace('_', '-')}")
    assert error.remedy
    shown = value[0] if isinstance(value, list) else str(value)
    assert shown.strip() in str(error)
    for part in parts:
        assert part in str(error)


def test_a_missing_target_is_an_error() -> None:
    """Nothing can be certified without one."""
    with pytest.raises(UsageError, match=r"^--mews-target: "):
        resolve_settings({}, environ={}, rootdir=Path())


@pytest.mark.parametrize("secret", ["s3cr3t\n", " s3cr3t", "s3\x00cr3t"])
def test_a_token_with_a_line_break_is_rejected_without_showing_it(secret: str) -> None:
    """A secret with the line break of a file would never match."""
    with pytest.raises(UsageError, match="MEWS_TOKEN") as caught:
        _resolve({"MEWS_TOKEN": secret})
    assert "cr3t" not in str(caught.value)


def test_events_and_a_use_case_exclude_each_other() -> None:
    """One of them would silently override the other."""
    with pytest.raises(UsageError, match="together with --mews-events"):
        _resolve(events="CustomerAdded", use_case="upsell")


@pytest.mark.parametrize("name", ["PaymentUpdated", "IntegrationApiKeyCreated"])
def test_an_event_of_a_later_revision_is_rejected_with_the_reason(name: str) -> None:
    """An old profile can't send an event that was documented later."""
    with pytest.raises(UsageError, match=r"since 2025-0\d, later than profile 2022-08"):
        _resolve(events=name, profile="2022-08")


def test_a_use_case_without_an_event_in_the_profile_is_rejected() -> None:
    """Accounting needs payments, which were documented later."""
    with pytest.raises(UsageError, match="needs PaymentUpdated, later than profile 2022-08"):
        _resolve(use_case="accounting", profile="2022-08")


def test_an_endpoint_for_integration_webhooks_only() -> None:
    """Without a URL for General Webhooks, their events are left out; stages are those of a URL."""
    settings = _resolve(target="none", integration_target=f"{URL}?Token=s3cr3t", api="127.0.0.1:1")
    assert settings.endpoint == Endpoint("", f"{URL}?Token=s3cr3t")
    assert settings.endpoint.urls == (f"{URL}?Token=s3cr3t",)
    assert settings.events == event_names(Channel.INTEGRATION)
    assert settings.stages == (Stage.DELIVERY, Stage.PROCESSING)
    assert "s3cr3t" in settings.secrets
    assert settings.authentication.unmet_conditions["integration-token"] == ""


def test_only_actions_can_be_named_without_a_url_for_general_webhooks() -> None:
    """The remedy says what can be named."""
    with pytest.raises(UsageError, match="Name actions of Integration Webhooks"):
        _resolve(target="none", integration_target=URL, events="PaymentUpdated")
    settings = _resolve(
        target="none", integration_target=URL, events="PaymentUpdated,IntegrationEnabled"
    )
    assert settings.events == ("IntegrationEnabled",)


def test_an_integration_target_is_rejected_with_the_demo_partner() -> None:
    """The demo partner has both endpoints."""
    with pytest.raises(UsageError, match="demo partner") as caught:
        _resolve(target="demo", integration_target=f"{URL}?Token=s3cr3t")
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(("path", "problem"), [("f", "is a file"), ("f/out", "leads through 'f'")])
def test_a_report_folder_that_is_a_file_is_rejected(
    tmp_path: Path, path: str, problem: str
) -> None:
    """The user learns it before the run."""
    (tmp_path / "f").touch()
    with pytest.raises(UsageError, match=problem):
        _resolve(report=str(tmp_path / path))


def test_the_redactor_knows_all_secrets_of_the_settings() -> None:
    """Tokens, tokens in URLs, passwords, and other values in queries."""
    settings = _resolve(
        target="https://u:pass%20word@partner.example/?Token=in%2Furl-1&code=k9",
        integration_target="https://partner.example/?Token=in-url-2",
        token="from-option",
    )
    redactor = Redactor.from_settings(settings, extra_secrets=["extra-one"])
    secrets = ["pass word", "in/url-1", "in-url-2", "from-option", "extra-one"]
    secrets += [
        tenants.DEFAULT_TENANTS.client_token,
        tenants.DEFAULT_TENANTS.enterprises[1].access_token,
    ]
    for secret in secrets:
        assert redactor.redact_text(f"<{secret}>") == "<***>"
    assert redactor.redact_text("k9: /?code=k9") == "k9: /?code=***"
    shown = redactor.redact_text(tenants.DEFAULT_TENANTS.enterprises[0].id)
    assert shown == tenants.DEFAULT_TENANTS.enterprises[0].id
