"""Resolves the options into one frozen `Settings`, or raises UsageError with the remedy."""

from __future__ import annotations

import re
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, unquote_plus, urlsplit

from pytest_mews.config import endpoint, option_parsers, profiles, tenants
from pytest_mews.config.endpoint import Endpoint
from pytest_mews.model import Profile, Stage, Tenants
from pytest_mews.options import OPTIONS, Option

# A query value other than Token is a secret if its name matches and it has 8 characters or more, or
# if it has 16 characters or more.
_SECRET_NAME = re.compile("token|key|secret|code|sig|pass|pwd|auth|credential", re.IGNORECASE)
_MIN_LENGTH, _MIN_LENGTH_NAMED = 16, 8


@dataclass(frozen=True)
class Settings:
    """The validated options of one run.

    Attributes:
        target: the URL as the user gave it, or `demo`, `demo:FLAW`, or `none`.
        integration_target: the URL as the user gave it; None if both webhooks share one URL.
        token: the value of --mews-token; a URL can contain another token.
        tenants: the client token and the enterprises.
        profile: the delivery profile, with the overrides.
        time_scale: factor for documented waits; the time limit for responses is never scaled.
        events: the events that the integration is subscribed to: discriminators, then actions, then
            the WebSocket event types if the WebSocket emulator runs.
        examples: the maximum number of generated cases per scenario.
        jobs: the maximum number of concurrent scenarios.
        peak_rate: messages per second in the peak minute of LOAD-02.
        api: host and port of the Connector API emulator; None if the user gave none.
        websocket: host and port of the WebSocket emulator; None if the user gave none.
        websocket_tls: the TLS context of the WebSocket emulator; None for plain ws.
        fetch_timeout_s: how long the service may take to fetch an entity that it has acknowledged.
        report: the report folder.
        strict: whether a SHOULD counts as a MUST.
        waivers: the waivers file, if any.
        waivers_template: whether to write a waivers file with the failures of this run.
        baseline: the certification.json of an earlier run to compare with, if any.
        fails_on_new: whether only failures that are new since the baseline fail the run.
        insecure: whether to accept any TLS certificate.
        seed: the seed of all generated data.

    """

    # repr=False: a traceback can show the repr.
    target: str = field(repr=False)
    integration_target: str | None = field(repr=False)
    token: str | None = field(repr=False)
    tenants: Tenants = field(repr=False)
    profile: Profile
    time_scale: float
    events: tuple[str, ...]
    examples: int
    jobs: int
    peak_rate: float
    api: tuple[str, int] | None
    websocket: tuple[str, int] | None
    websocket_tls: ssl.SSLContext | None
    fetch_timeout_s: float
    report: Path
    strict: bool
    waivers: Path | None
    waivers_template: bool
    baseline: Path | None
    fails_on_new: bool
    insecure: bool
    seed: int

    @property
    def is_demo(self) -> bool:
        """Whether the target is the demo partner."""
        return option_parsers.is_demo(self.target)

    @property
    def has_webhooks(self) -> bool:
        """Whether there is an endpoint for webhooks."""
        return self.target != option_parsers.NO_WEBHOOKS

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that the options allow; the demo partner allows all of them."""
        allowed = {
            Stage.DELIVERY: self.has_webhooks,
            Stage.PROCESSING: self.has_webhooks and (self.api is not None or self.is_demo),
            Stage.STREAMING: self.websocket is not None or self.is_demo,
        }
        return tuple(stage for stage, is_allowed in allowed.items() if is_allowed)

    @property
    def serves_api(self) -> bool:
        """Whether the Connector API emulator runs."""
        return self.api is not None or self.is_demo

    @property
    def endpoint(self) -> Endpoint:
        """The URLs to call; empty for `none`, and invalid for the demo partner."""
        if not self.has_webhooks:
            return Endpoint("", "")
        return endpoint.build_endpoint(self.target, self.integration_target, self.token)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must not appear in any output."""
        secrets = [self.token, self.tenants.client_token]
        secrets += [tenant.access_token for tenant in self.tenants.enterprises]
        for url in self._urls:
            parts = urlsplit(url)
            secrets += [endpoint.token_in_url(url), parts.password, unquote(parts.password or "")]
            if not parts.password:  # some services expect a key as the user name
                secrets += [parts.username, unquote(parts.username or "")]
            for name, encoded in _query_values(url):
                length = _MIN_LENGTH_NAMED if _SECRET_NAME.search(name) else _MIN_LENGTH
                values = (encoded, unquote_plus(encoded))
                secrets += [value for value in values if len(value) >= length]
        return tuple(dict.fromkeys(secret for secret in secrets if secret))

    @property
    def query_values(self) -> tuple[str, ...]:
        """All other values in the queries of the URLs; some services expect keys there."""
        values = [value for url in self._urls for _, value in _query_values(url)]
        return tuple(
            dict.fromkeys(form for value in values for form in (value, unquote_plus(value)))
        )

    @property
    def _urls(self) -> tuple[str, ...]:
        targets = (self.target if self.has_webhooks else None, self.integration_target)
        return tuple(url for url in targets if url is not None and not option_parsers.is_demo(url))


def _query_values(url: str) -> list[tuple[str, str]]:
    """List the names and the encoded values in the query of a URL, without empty values.

    A part without `=` is a value without a name.
    """
    parts = [
        part.partition("=") if "=" in part else ("", "", part)
        for part in urlsplit(url).query.split("&")
    ]
    return [(unquote_plus(name), value) for name, _, value in parts if value]


def resolve_settings(
    values: Mapping[str, object],
    *,
    environ: Mapping[str, str],
    rootdir: Path,
    seed: int | None = None,
    ini: Mapping[str, object] | None = None,
) -> Settings:
    """Resolve raw options into settings.

    Paths on the command line are relative to the current folder, those in the ini file to the
    folder of the ini file.

    Args:
        values: the values on the command line, by the option's `dest`; None means not given.
        environ: the environment; it is read for secrets only.
        rootdir: the folder of the ini file.
        seed: Hypothesis's seed if the user gave one; None for a random seed.
        ini: the values in the ini file, by the same names; None or blank means not given.

    Raises:
        UsageError: an option is wrong. The message has its name, its value without secrets, and the
            remedy.

    """
    resolved = {
        option.dest: _resolve_option(option, values, environ, ini or {}, rootdir)
        for option in OPTIONS
    }
    text = {dest: value for dest, value in resolved.items() if isinstance(value, str)}
    assignments = resolved["mews_profile_set"]
    profile = profiles.override_profile(
        profiles.load_profile(text["mews_profile"]),
        [str(item) for item in assignments] if isinstance(assignments, list | tuple) else [],
    )
    websocket = option_parsers.parse_websocket(text.get("mews_websocket"))
    target = option_parsers.parse_target(
        text.get("mews_target", ""), has_websocket=websocket is not None
    )
    tenants_file = text.get("mews_tenants")
    return Settings(
        target=target,
        integration_target=option_parsers.parse_integration_target(
            text.get("mews_integration_target"),
            target,
        ),
        token=option_parsers.parse_token(text.get("mews_token")),
        tenants=tenants.DEFAULT_TENANTS
        if tenants_file is None
        else tenants.load_tenants(Path(tenants_file)),
        profile=profile,
        time_scale=option_parsers.parse_time_scale(text["mews_time_scale"]),
        events=option_parsers.subscribed_events(
            text.get("mews_events"),
            text.get("mews_use_case"),
            profile.name,
            has_webhooks=target != option_parsers.NO_WEBHOOKS,
            has_websocket=websocket is not None or option_parsers.is_demo(target),
        ),
        jobs=option_parsers.parse_jobs(text["mews_jobs"]),
        peak_rate=option_parsers.parse_peak_rate(text["mews_peak_rate"]),
        api=option_parsers.parse_api(text.get("mews_api")),
        websocket=websocket,
        websocket_tls=option_parsers.load_certificate(
            text.get("mews_websocket_certificate"),
            has_websocket=websocket is not None,
        ),
        fetch_timeout_s=option_parsers.parse_fetch_timeout(text["mews_fetch_timeout"]),
        examples=option_parsers.parse_examples(text["mews_examples"]),
        report=option_parsers.parse_report(text["mews_report"]),
        strict=resolved["mews_strict"] is True,
        waivers=Path(text["mews_waivers"]) if "mews_waivers" in text else None,
        waivers_template=resolved["mews_waivers_template"] is True,
        baseline=Path(text["mews_baseline"]) if "mews_baseline" in text else None,
        fails_on_new=option_parsers.parse_fail_on(text["mews_fail_on"], text.get("mews_baseline")),
        insecure=resolved["mews_insecure"] is True,
        seed=secrets.randbelow(2**32) if seed is None else seed,
    )


def _resolve_option(
    option: Option,
    values: Mapping[str, object],
    environ: Mapping[str, str],
    ini: Mapping[str, object],
    rootdir: Path,
) -> object:
    value = values.get(option.dest)
    if value is not None and value is not False and value != []:
        return value
    if option.env and environ.get(option.env):
        return environ[option.env]
    ini_value = ini.get(option.dest)
    if ini_value is None or ini_value in ("", []):
        return option.default
    # A path in an ini file means the same whichever folder pytest is started in.
    return str(rootdir / str(ini_value)) if option.metavar in ("FILE", "FOLDER") else ini_value
