"""The options of pytest-mews, as data.

The plugin module loops over this table, so nothing may be imported here that pytest has not
already loaded: a test run without `--mews-target` pays nothing for the plugin.

Every option has an ini key, its `dest` (`--mews-time-scale` and `mews_time_scale`). Precedence:
command line, then environment (secrets only), then ini file, then default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["value", "values", "flag"]


@dataclass(frozen=True)
class Option:
    """One option of the command line and its ini key.

    Attributes:
        flag: as typed, such as `--mews-target`.
        help: one or two sentences for `pytest --help`; the default is part of them.
        metavar: what the help shows for the value; None for a flag.
        kind: `value` (once), `values` (repeatable; in an ini file one a line), or `flag`.
        env: the environment variable that is read where the command line says nothing.
        default: the default as the user would type it; None where there is none.

    """

    flag: str
    help: str
    metavar: str | None = None
    kind: Kind = "value"
    env: str | None = None
    default: str | None = None

    @property
    def dest(self) -> str:
        """The attribute of the parsed options and the ini key: the flag with underscores."""
        return self.flag.lstrip("-").replace("-", "_")


OPTIONS: tuple[Option, ...] = (
    Option(
        "--mews-target",
        "Run the certification against this endpoint for General Webhooks: its full URL with the "
        "shared secret as Token, `demo` for the embedded sample partner, or `demo:FLAW` for the "
        "sample partner with a named flaw; `none` where there are no webhooks, but a WebSocket "
        "client (--mews-websocket). Each option of this group is also an ini key with "
        "underscores (mews_target).",
        "URL",
    ),
    Option(
        "--mews-integration-target",
        "Endpoint for Integration Webhooks, if it is another one (default: the URL of "
        "--mews-target).",
        "URL",
    ),
    Option(
        "--mews-token",
        "Shared secret; added to the query as Token where a URL has none. Better given in the "
        "environment variable MEWS_TOKEN, which process lists do not show (default: none).",
        "SECRET",
        env="MEWS_TOKEN",
    ),
    Option(
        "--mews-api",
        "Serve the operations of the Connector API here, for the Processing stage: configure the "
        "service to call http://HOST:PORT instead of Mews, with the tokens of --mews-tenants "
        "(default: not served; for the embedded partner on a free port).",
        "HOST:PORT",
    ),
    Option(
        "--mews-websocket",
        "Serve Mews's WebSocket here, for the Streaming stage: configure the service to connect to "
        "ws://HOST:PORT/ws/connector, with the tokens of --mews-tenants (default: not served; for "
        "the embedded partner on a free port).",
        "HOST:PORT",
    ),
    Option(
        "--mews-websocket-certificate",
        "PEM file with certificate chain and private key: the WebSocket is then served as wss "
        "(default: plain ws).",
        "FILE",
    ),
    Option(
        "--mews-fetch-timeout",
        "How many seconds the service may take to fetch what it has acknowledged, before that "
        "counts as not fetched (default: 10).",
        "SECONDS",
        default="10",
    ),
    Option(
        "--mews-tenants",
        "TOML file with client_token and one [[enterprise]] table (id, integration_id, "
        "access_token) per enterprise to play (default: two built-in test enterprises).",
        "FILE",
    ),
    Option(
        "--mews-profile",
        "Delivery profile: the documented revision of Mews's delivery to play, 2022-08 or 2026-04 "
        "(default: 2026-04).",
        "NAME",
        default="2026-04",
    ),
    Option(
        "--mews-profile-set",
        "Override one parameter of the profile, such as attempts=5 or retry_interval_s=60 "
        "(seconds); may be repeated (default: nothing overridden).",
        "NAME=VALUE",
        kind="values",
    ),
    Option(
        "--mews-time-scale",
        "Documented waits (the retry interval) are multiplied by this; 1 is real time, the answer "
        "timeout is never scaled (default: 0.01, so three minutes become 1.8 s).",
        "X",
        default="0.01",
    ),
    Option(
        "--mews-events",
        "The events this integration is subscribed to: discriminators and integration actions, "
        "separated by commas (default: all that the profile has).",
        "A,B",
    ),
    Option(
        "--mews-use-case",
        "Instead of --mews-events: the events that a use case of the documentation needs, such as "
        "housekeeping, together with all integration actions (default: none).",
        "NAME",
    ),
    Option(
        "--mews-examples",
        "Drawn examples per property, a whole number from 1 (default: 25).",
        "N",
        default="25",
    ),
    Option(
        "--mews-jobs",
        "So many scenarios at once, so that their waits overlap; those that measure time or are "
        "hostile still run alone (default: 1).",
        "N",
        default="1",
    ),
    Option(
        "--mews-peak-rate",
        "Messages per second of the minute's peak that LOAD-02 plays, above 0 and at most 200; the "
        "minute is scaled by --mews-time-scale, to 3 s at least (default: 5).",
        "N",
        default="5",
    ),
    Option(
        "--mews-report",
        "Folder for certification.html and certification.json, made where missing (default: "
        "mews-report in the current folder).",
        "FOLDER",
        default="mews-report",
    ),
    Option(
        "--mews-replay",
        "Instead of the certification send again just what failed, and say of each whether it is "
        "fixed: a file of replays/ in a report's folder, the id of a scenario that has one, or a "
        "folder; may be repeated. Profile, time scale, rate, settle time, events and seed are "
        "the file's (default: nothing is replayed).",
        "FILE|ID",
        kind="values",
    ),
    Option(
        "--mews-strict", "Let a SHOULD that is not met fail the run (default: no).", None, "flag"
    ),
    Option(
        "--mews-waivers",
        "TOML file with one [[waiver]] table (scenario, reason, owner, expires) per failure that "
        "is accepted until a day: it does not fail the run and is shown as waived "
        "(default: none).",
        "FILE",
    ),
    Option(
        "--mews-waivers-template",
        "Write waivers-template.toml into the report's folder: a file for --mews-waivers that has "
        "the present failures, to be filled in (default: no).",
        None,
        "flag",
    ),
    Option(
        "--mews-baseline",
        "An earlier certification.json to compare with: what is new, fixed, still failing, no "
        "longer observed (default: none).",
        "FILE",
    ),
    Option(
        "--mews-fail-on",
        "Which failures fail the run: any, or only what is new since --mews-baseline "
        "(default: any).",
        "WHICH",
        default="any",
    ),
    Option(
        "--mews-insecure",
        "Accept any TLS certificate of the endpoint; the report says so (default: no).",
        None,
        "flag",
    ),
)
