"""Everything the user chose, checked: one frozen `Settings`, or a mistake that says what to do."""

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

# Besides Token, what a query's value is called that must be known to nobody; or how long it is.
_SECRETIVE = re.compile("token|key|secret|code|sig|pass|pwd|auth|credential", re.IGNORECASE)
_LONG, _NAMED = 16, 8


@dataclass(frozen=True)
class Settings:
    """What one certification run was asked to do.

    Attributes:
        target: the URL as given, or `demo`, or `demo:NAME`, or `none`.
        integration_target: the URL as given; None where both webhooks share one.
        token: the value of --mews-token; a URL may bear another one.
        profile: the delivery profile, overrides applied.
        time_scale: factor for documented waits; the answer timeout is never scaled.
        events: the discriminators, then the actions, that the integration is subscribed to; then
            the types on the WebSocket, where it is served.
        examples: drawn examples per property.
        jobs: scenarios that may run at once.
        rate: messages per second of a minute's peak.
        api: host and port to serve the Connector API on; None where the user asks for none.
        websocket: host and port to serve the WebSocket on; None where the user asks for none.
        websocket_tls: what it speaks TLS with; None for plain ws.
        fetch_timeout_s: how long the service may take to fetch what it has acknowledged.
        report: the folder for the reports.
        strict: whether a SHOULD counts as a MUST.
        waivers: the file of what is accepted for a while; None where there is none.
        waivers_template: whether such a file is to be written for the present failures.
        baseline: the certification.json of an earlier run to compare with; None without one.
        fails_on_new: whether only what is new since the baseline fails the run.
        insecure: whether any TLS certificate is accepted.
        seed: the one number that all drawing starts from.

    """

    # Without repr: a traceback may show it.
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
        """Whether the embedded partner is the target."""
        return option_parsers.is_demo(self.target)

    @property
    def has_webhooks(self) -> bool:
        """Whether there is an endpoint to deliver to."""
        return self.target != option_parsers.NONE

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages whose means are given; the embedded partner brings its own."""
        given = {
            Stage.DELIVERY: self.has_webhooks,
            Stage.PROCESSING: self.has_webhooks and (self.api is not None or self.is_demo),
            Stage.STREAMING: self.websocket is not None or self.is_demo,
        }
        return tuple(stage for stage, means in given.items() if means)

    @property
    def serves_api(self) -> bool:
        """Whether the Connector API is served."""
        return self.api is not None or self.is_demo

    @property
    def endpoint(self) -> Endpoint:
        """The URLs to call; only for a target that is a URL, and empty for `none`."""
        if not self.has_webhooks:
            return Endpoint("", "")
        return endpoint.build(self.target, self.integration_target, self.token)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must not appear in any output."""
        found = [self.token, self.tenants.client_token]
        found += [tenant.access_token for tenant in self.tenants.enterprises]
        for url in self._urls:
            parts = urlsplit(url)
            found += [endpoint.token_in(url), parts.password, unquote(parts.password or "")]
            if not parts.password:  # some services take a key for the user's name
                found += [parts.username, unquote(parts.username or "")]
            for name, raw in _query(url):
                enough = _NAMED if _SECRETIVE.search(name) else _LONG
                found += [each for each in (raw, unquote_plus(raw)) if len(each) >= enough]
        return tuple(dict.fromkeys(secret for secret in found if secret))

    @property
    def query_values(self) -> tuple[str, ...]:
        """Whatever else stands in the queries of the URLs; some services keep keys there."""
        raw = [value for url in self._urls for _, value in _query(url)]
        return tuple(dict.fromkeys(value for each in raw for value in (each, unquote_plus(each))))

    @property
    def _urls(self) -> tuple[str, ...]:
        given = (self.target if self.has_webhooks else None, self.integration_target)
        return tuple(url for url in given if url is not None and not option_parsers.is_demo(url))


def _query(url: str) -> list[tuple[str, str]]:
    """List the names in a URL's query, and their values as they are spelled there; none empty.

    What stands there without `=` is a value that has no name.
    """
    pieces = [
        piece.rpartition("=") if "=" not in piece else piece.partition("=")
        for piece in urlsplit(url).query.split("&")
    ]
    return [(unquote_plus(name), value) for name, _, value in pieces if value]


def resolve(
    values: Mapping[str, object],
    *,
    environ: Mapping[str, str],
    rootdir: Path,
    seed: int | None = None,
    ini: Mapping[str, object] | None = None,
) -> Settings:
    """Turn raw options into settings.

    Paths of the command line are relative to the current folder, those of the ini file to the
    folder of the ini file.

    Args:
        values: what the command line says, by the option's `dest`; None means not given.
        environ: the environment, asked for secrets only.
        rootdir: the folder of the ini file.
        seed: Hypothesis's seed if the user gave one; else one is drawn.
        ini: what the ini file says, by the same names; None or blank means not given.

    Raises:
        UsageMistake: an option is wrong; names it, its value without secrets, and the remedy.

    """
    given = {option.dest: _pick(option, values, environ, ini or {}, rootdir) for option in OPTIONS}
    text = {dest: value for dest, value in given.items() if isinstance(value, str)}
    assignments = given["mews_profile_set"]
    chosen = profiles.override(
        profiles.load(text["mews_profile"]),
        [str(item) for item in assignments] if isinstance(assignments, list | tuple) else [],
    )
    websocket = option_parsers.websocket(text.get("mews_websocket"))
    target = option_parsers.target(text.get("mews_target", ""), websocket=websocket is not None)
    tenants_file = text.get("mews_tenants")
    return Settings(
        target=target,
        integration_target=option_parsers.integration_target(
            text.get("mews_integration_target"),
            target,
        ),
        token=option_parsers.token(text.get("mews_token")),
        tenants=tenants.DEFAULT if tenants_file is None else tenants.load(Path(tenants_file)),
        profile=chosen,
        time_scale=option_parsers.time_scale(text["mews_time_scale"]),
        events=option_parsers.subscribed(
            text.get("mews_events"),
            text.get("mews_use_case"),
            chosen.name,
            webhooks=target != option_parsers.NONE,
            streams=websocket is not None or option_parsers.is_demo(target),
        ),
        jobs=option_parsers.jobs(text["mews_jobs"]),
        peak_rate=option_parsers.peak_rate(text["mews_peak_rate"]),
        api=option_parsers.api(text.get("mews_api")),
        websocket=websocket,
        websocket_tls=option_parsers.certificate(
            text.get("mews_websocket_certificate"),
            served=websocket is not None,
        ),
        fetch_timeout_s=option_parsers.fetch_timeout(text["mews_fetch_timeout"]),
        examples=option_parsers.examples(text["mews_examples"]),
        report=option_parsers.report(text["mews_report"]),
        strict=given["mews_strict"] is True,
        waivers=Path(text["mews_waivers"]) if "mews_waivers" in text else None,
        waivers_template=given["mews_waivers_template"] is True,
        baseline=Path(text["mews_baseline"]) if "mews_baseline" in text else None,
        fails_on_new=option_parsers.fails_on_new(text["mews_fail_on"], text.get("mews_baseline")),
        insecure=given["mews_insecure"] is True,
        seed=secrets.randbelow(2**32) if seed is None else seed,
    )


def _pick(
    option: Option,
    values: Mapping[str, object],
    environ: Mapping[str, str],
    ini: Mapping[str, object],
    rootdir: Path,
) -> object:
    typed = values.get(option.dest)
    if typed is not None and typed is not False and typed != []:
        return typed
    if option.env and environ.get(option.env):
        return environ[option.env]
    written = ini.get(option.dest)
    if written is None or written in ("", []):
        return option.default
    # a path in an ini file means the same from whichever folder pytest is started
    return str(rootdir / str(written)) if option.metavar in ("FILE", "FOLDER") else written
