"""Resolves the options into one frozen `Settings`, or raises UsageError with the remedy."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote_plus

from pytest_mews.config import option_parsers, profiles, tenants
from pytest_mews.config.endpoint import Endpoint
from pytest_mews.config.own_scenarios import load_own_scenarios
from pytest_mews.config.report_folder import SELECTION_FOLDER
from pytest_mews.config.service_start import (
    ServiceStart,
    check_free_servers,
    check_several_ports,
    expand_path,
    parse_service_start,
)
from pytest_mews.errors import UsageError
from pytest_mews.model import Profile, Scenario, Stage, Tenants, WebhookKind
from pytest_mews.options import OPTIONS, Option
from pytest_mews.redaction import Secret
from pytest_mews.senders import Authentication, Sender, Target
from pytest_mews.senders.connector import CONNECTOR
from pytest_mews.senders.url_secrets import likely_secrets, query_values

SENDER: Sender = CONNECTOR
"""The sender that a run certifies for: the only place above `senders` that names one."""
DEMO_INSTANCES = 6  # of the demo partner: more need less time still, and more memory
PYTEST = ("pytest", "--mews-target")
"""The words before the target in the command line of a run."""


@dataclass(frozen=True)
class Settings:
    """The validated options of one run.

    Attributes:
        target: the URL as the user gave it, or `demo`, `demo:FLAW`, or `none`; a path is made a
            URL, and `{port}` may stand for the port of a service that the harness starts.
        integration_target: the URL as the user gave it; None if both webhooks share one URL.
        service: how the harness starts the service under test; None if it runs already.
        sender: what sends the webhooks.
        authentication: how the sender authenticates itself to the endpoint; to the demo partner
            only once it has started.
        tenants: the client token and the enterprises.
        has_portfolios: whether the integration is offered to portfolios of several properties.
        profile: the delivery profile, with the overrides.
        time_scale: factor for documented waits; the time limit for responses is never scaled.
        events: the events that the integration is subscribed to: discriminators, then actions, then
            the WebSocket event types if the WebSocket emulator runs.
        listed_operations: the operations that the user lists on Mews's certification form.
        examples: the maximum number of generated cases per scenario.
        jobs: the maximum number of concurrent scenarios at one instance of the service; None if
            the harness chooses it.
        instances: how many instances of the service the harness starts, each with emulators of its
            own.
        peak_rate: messages per second in the peak minute of LOAD-02.
        api: host and port of the Connector API emulator; None if the user gave none.
        websocket: host and port of the WebSocket emulator; None if the user gave none.
        websocket_tls: the TLS context of the WebSocket emulator; None for plain ws.
        fetch_timeout_s: how long the service may take to fetch an entity that it has acknowledged.
        restart_timeout_s: how long a service that died may take to accept messages again.
        about: the product that is certified, as the user named it; empty if the user did not.
        selection: the arguments that select scenarios, quoted for a shell; empty if all run.
        report: the report folder; with a selection, the folder within it for such runs.
        strict: whether a SHOULD counts as a MUST.
        waivers: the waivers file, if any.
        waivers_template: whether to write a waivers file with the failures of this run.
        baseline: the certification.json of an earlier run to compare with, if any.
        fails_on_new: whether only failures that are new since the baseline fail the run.
        insecure: whether to accept any TLS certificate.
        own_scenarios: the scenarios of the files of --mews-scenarios.
        seed: the seed of all generated data.
        program: the words before the target in a command line that starts such a run.

    """

    target: Secret
    integration_target: Secret | None
    service: ServiceStart | None
    sender: Sender
    authentication: Authentication = field(repr=False)
    tenants: Tenants
    has_portfolios: bool
    profile: Profile
    time_scale: float
    events: tuple[str, ...]
    listed_operations: tuple[str, ...]
    examples: int
    jobs: int | None
    instances: int
    peak_rate: float
    api: tuple[str, int] | None
    websocket: tuple[str, int] | None
    websocket_tls: ssl.SSLContext | None
    fetch_timeout_s: float
    restart_timeout_s: float
    about: str
    selection: str
    report: Path
    strict: bool
    waivers: Path | None
    waivers_template: bool
    baseline: Path | None
    fails_on_new: bool
    insecure: bool
    own_scenarios: tuple[Scenario, ...]
    seed: int
    program: tuple[str, ...] = PYTEST

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """All scenarios: those of the sender, then the user's own."""
        return (*self.sender.scenarios(), *self.own_scenarios)

    @property
    def is_demo(self) -> bool:
        """Whether the target is the demo partner."""
        return option_parsers.is_demo(self.target)

    @property
    def has_webhooks(self) -> bool:
        """Whether there is an endpoint for webhooks, for one kind of them at least."""
        return self.target != option_parsers.NO_TARGET or self.integration_target is not None

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
    def generator_target(self) -> Target:
        """What messages are generated for."""
        return Target(
            self.profile.name,
            self.events,
            int(self.profile.number("batch_limit")),
            self.tenants,
            lag_s=self.profile.interval("lag_s"),
            has_portfolios=self.has_portfolios,
        )

    @property
    def endpoint(self) -> Endpoint:
        """The URLs to call; empty where there is none, and for the demo partner."""
        urls = self._urls_by_option
        general = urls.get("--mews-target", "")
        return Endpoint(general, urls.get("--mews-integration-target", general))

    def for_another_instance(self) -> Settings:
        """Return the settings for another instance of the service, which has another port."""
        if self.service is None:
            return self
        return replace(self, service=self.service.at_another_port())

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must not appear in any output."""
        secrets = [*self.authentication.secrets, self.tenants.client_token]
        secrets += [tenant.access_token for tenant in self.tenants.enterprises]
        for url in self._urls:
            secrets += likely_secrets(url)
        return tuple(dict.fromkeys(secret for secret in secrets if secret))

    @property
    def query_values(self) -> tuple[str, ...]:
        """All other values in the queries of the URLs; some services expect keys there."""
        values = [value for url in self._urls for _, value in query_values(url)]
        return tuple(
            dict.fromkeys(form for value in values for form in (value, unquote_plus(value)))
        )

    @property
    def _urls(self) -> tuple[str, ...]:
        return tuple(self._urls_by_option.values())

    @property
    def _urls_by_option(self) -> dict[str, str]:
        return _with_port(_endpoint_urls(self.target, self.integration_target), self.service)


def _with_port(urls: dict[str, str], service: ServiceStart | None) -> dict[str, str]:
    """Return URLs with the port of the service that the harness starts."""
    return urls if service is None else {name: service.fill(url) for name, url in urls.items()}


def _endpoint_urls(target: str, integration_target: str | None) -> dict[str, str]:
    """Return the URLs of the endpoint by their option; none for the demo partner."""
    if option_parsers.is_demo(target):
        return {}
    urls = {} if target == option_parsers.NO_TARGET else {"--mews-target": target}
    if integration_target is not None:
        urls["--mews-integration-target"] = integration_target
    return urls


def _webhook_kinds(target: str, integration_target: str | None) -> frozenset[WebhookKind]:
    """Return the kinds of webhooks that there is an endpoint for."""
    if target != option_parsers.NO_TARGET:
        return frozenset(WebhookKind)
    return frozenset() if integration_target is None else frozenset({WebhookKind.INTEGRATION})


def resolve_settings(  # noqa: PLR0913 - each is another source of settings
    values: Mapping[str, object],
    *,
    environ: Mapping[str, str],
    rootdir: Path,
    seed: int | None = None,
    ini: Mapping[str, object] | None = None,
    selection: str = "",
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
        selection: the arguments that select scenarios, quoted for a shell; empty if all run.

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
        profiles.load_profile(text.get("mews_profile", SENDER.default_profile), SENDER.profiles),
        [str(item) for item in assignments] if isinstance(assignments, list | tuple) else [],
    )
    command, app = text.get("mews_start"), text.get("mews_app")
    is_started = command is not None or app is not None
    websocket = option_parsers.parse_websocket(text.get("mews_websocket"), any_port=is_started)
    target = expand_path(text.get("mews_target", ""), is_started=is_started)
    integration_target = text.get("mews_integration_target")
    if integration_target is not None:
        integration_target = expand_path(integration_target, is_started=is_started)
    service = parse_service_start(
        command, app, _endpoint_urls(target, integration_target), target=target
    )
    fill = str if service is None else service.fill
    option_parsers.check_target(
        fill(target),
        has_websocket=websocket is not None,
        has_integration_target=integration_target is not None,
    )
    if integration_target is not None:
        option_parsers.check_integration_target(fill(integration_target), target)
    jobs = option_parsers.parse_jobs(text["mews_jobs"])
    api = option_parsers.parse_api(text.get("mews_api"), any_port=is_started)
    instances = option_parsers.parse_instances(text["mews_instances"])
    servers = {"--mews-api": api, "--mews-websocket": websocket}
    if instances is None:
        is_free = all(address is None or address[1] == 0 for address in servers.values())
        is_divided = option_parsers.is_demo(target) and jobs != 1 and is_free
        instances = DEMO_INSTANCES if is_divided else 1
    elif instances > 1:
        if not option_parsers.is_demo(target):
            check_several_ports(instances, service, _endpoint_urls(target, integration_target))
        check_free_servers(instances, servers)
    tenants_file = text.get("mews_tenants")
    report = option_parsers.parse_report(text["mews_report"])
    settings = Settings(
        target=Secret(target),
        integration_target=Secret.of(integration_target),
        service=service,
        sender=SENDER,
        authentication=SENDER.authentication(
            _with_port(_endpoint_urls(target, integration_target), service),
            option_parsers.parse_token(text.get("mews_token")),
            option_parsers.parse_token_name(
                text.get("mews_token_name"), target, integration_target
            ),
        ),
        tenants=tenants.parse_tenants(tenants_file),
        has_portfolios=resolved["mews_portfolios"] is True or option_parsers.is_demo(target),
        profile=profile,
        time_scale=option_parsers.parse_time_scale(text["mews_time_scale"]),
        events=SENDER.subscribed_events(
            text.get("mews_events"),
            text.get("mews_use_case"),
            profile.name,
            webhook_kinds=_webhook_kinds(target, integration_target),
            has_websocket=websocket is not None or option_parsers.is_demo(target),
        ),
        listed_operations=option_parsers.parse_operations(text.get("mews_operations")),
        jobs=jobs,
        instances=instances,
        peak_rate=option_parsers.parse_peak_rate(text["mews_peak_rate"]),
        api=api,
        websocket=websocket,
        websocket_tls=option_parsers.load_certificate(
            text.get("mews_websocket_certificate"),
            has_websocket=websocket is not None,
        ),
        restart_timeout_s=option_parsers.parse_restart_timeout(text["mews_restart_timeout"]),
        fetch_timeout_s=option_parsers.parse_fetch_timeout(text["mews_fetch_timeout"]),
        examples=option_parsers.parse_examples(text["mews_examples"]),
        about=option_parsers.parse_about(text.get("mews_about")),
        selection=selection,
        report=report / SELECTION_FOLDER if selection else report,
        strict=resolved["mews_strict"] is True,
        waivers=Path(text["mews_waivers"]) if "mews_waivers" in text else None,
        waivers_template=resolved["mews_waivers_template"] is True,
        baseline=Path(text["mews_baseline"]) if "mews_baseline" in text else None,
        fails_on_new=option_parsers.parse_fail_on(text["mews_fail_on"], text.get("mews_baseline")),
        insecure=resolved["mews_insecure"] is True,
        own_scenarios=(),
        seed=secrets.randbelow(2**32) if seed is None else seed,
    )
    folders = resolved["mews_scenarios"]
    if not isinstance(folders, list | tuple):
        return settings
    own = load_own_scenarios(
        [str(folder) for folder in folders],
        SENDER,
        settings.generator_target,
        settings.authentication.variants,
    )
    return replace(settings, own_scenarios=own)


def _check_path(option: Option, value: object) -> None:
    """Check that the value of an option for a path is not blank: that would be this folder."""
    if option.metavar not in ("FILE", "FOLDER", "FILE|ID"):
        return
    for item in value if isinstance(value, list | tuple) else [value]:
        if not str(item).strip():
            kind = "folder" if option.metavar == "FOLDER" else "file"
            remedy = f"Give the path of a {kind}, or leave the option out."
            raise UsageError(option.flag, item, f"names no {kind}", remedy)


def _resolve_option(
    option: Option,
    values: Mapping[str, object],
    environ: Mapping[str, str],
    ini: Mapping[str, object],
    rootdir: Path,
) -> object:
    value = values.get(option.dest)
    if value is not None and value is not False and value != []:
        _check_path(option, value)
        return value
    if option.env and environ.get(option.env):
        return environ[option.env]
    ini_value = ini.get(option.dest)
    if ini_value is None or ini_value in ("", []):
        return option.default
    if option.metavar not in ("FILE", "FOLDER"):
        return ini_value
    # A path in an ini file means the same whichever folder pytest is started in.
    if isinstance(ini_value, list | tuple):
        return [str(rootdir / str(item)) for item in ini_value]
    return str(rootdir / str(ini_value))
