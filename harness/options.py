"""The options of pytest-mews, as data.

The plugin module reads this table in every pytest run, so this module imports only what pytest has
already loaded: a run without `--mews-target` imports nothing else of the package.

Every option is also an ini key: its `dest` (`--mews-time-scale` is `mews_time_scale`). Precedence:
command line, then environment (secrets only), then ini file, then default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["value", "values", "flag"]
PREFIX = "--mews-"  # of every option, in pytest


@dataclass(frozen=True)
class Option:
    """One option of the command line and its ini key.

    Attributes:
        flag: the option as it is typed, such as `--mews-target`.
        help: one or two sentences for `pytest --help`, the default included.
        metavar: the placeholder for the value in the help; None for a flag.
        kind: `value` (given once), `values` (repeatable; one per line in an ini file), or `flag`.
        env: the environment variable that is read if the command line has no value.
        default: the default as the user would type it; None if there is none.
        unused_in_replay: why it has no effect together with --mews-replay; empty if it has one.

    """

    flag: str
    help: str
    metavar: str | None = None
    kind: Kind = "value"
    env: str | None = None
    default: str | None = None
    unused_in_replay: str = ""

    @property
    def dest(self) -> str:
        """The attribute of the parsed options and the ini key: the flag with underscores."""
        return self.flag.lstrip("-").replace("-", "_")


_IN_FILE = "a replay file has the value of its own run"
_ONE_CASE = "a replay sends the cases of its files, one after another"
_NO_REPORT = "a replay writes no report, and accepts no failure"

OPTIONS: tuple[Option, ...] = (
    Option(
        "--mews-target",
        "Certify this endpoint: the full URL for General Webhooks, with the shared secret as "
        "Token in the query. `demo` is the demo partner, `demo:FLAW` the demo partner with a "
        "named flaw; `none` is for a service without General Webhooks (requires "
        "--mews-integration-target or --mews-websocket). With --mews-start or --mews-app also a "
        "path, such as /webhooks/mews. Each option of this group is also an ini "
        "key with underscores (mews_target).",
        "URL",
    ),
    Option(
        "--mews-integration-target",
        "URL of the endpoint for Integration Webhooks, if it is a different one (default: "
        "--mews-target).",
        "URL",
    ),
    Option(
        "--mews-start",
        "Start the service under test with this command, restart it after it died, and stop it at "
        "the end. {port} stands for the port, here and in the target; the environment has PORT, "
        "MEWS_API_URL, MEWS_TOKEN and more. No shell runs it unless you write sh -c (default: the "
        "service runs already).",
        "COMMAND",
    ),
    Option(
        "--mews-app",
        "Serve this ASGI or WSGI application in the process of pytest, such as app:app or "
        "shop.main:create() (default: the service runs already).",
        "MODULE:APP",
    ),
    Option(
        "--mews-token",
        "Shared secret, added as Token (or by the name of --mews-token-name) to the query of "
        "each URL without it. Prefer the environment variable MEWS_TOKEN: process lists show "
        "options (default: no secret).",
        "SECRET",
        env="MEWS_TOKEN",
    ),
    Option(
        "--mews-token-name",
        "Name of the query parameter that is the shared secret, if the endpoint's URL has it under "
        "another name (default: Token, as documented).",
        "NAME",
    ),
    Option(
        "--mews-api",
        "Address of the Connector API emulator, for the Processing stage: configure the service "
        "to call http://HOST:PORT instead of Mews, with the tokens of --mews-tenants (default: "
        "no emulator; a free port for the demo partner).",
        "HOST:PORT",
    ),
    Option(
        "--mews-websocket",
        "Address of the WebSocket emulator, for the Streaming stage: configure the service to "
        "connect to ws://HOST:PORT/ws/connector, with the tokens of --mews-tenants (default: no "
        "emulator; a free port for the demo partner).",
        "HOST:PORT",
    ),
    Option(
        "--mews-websocket-certificate",
        "PEM file with a certificate chain and its private key: the WebSocket emulator then "
        "speaks TLS (wss) (default: plain ws).",
        "FILE",
    ),
    Option(
        "--mews-fetch-timeout",
        "Seconds in which the service must fetch the entity of an event that it has "
        "acknowledged (default: 10).",
        "SECONDS",
        default="10",
        unused_in_replay=_IN_FILE,
    ),
    Option(
        "--mews-restart-timeout",
        "Seconds in which a service that died of a message must accept messages again; otherwise "
        "the rest of the run is blocked. Also the seconds in which one that a scenario overloaded "
        "must answer as fast as usual, and in which what --mews-start starts must listen "
        "(default: 30).",
        "SECONDS",
        default="30",
    ),
    Option(
        "--mews-tenants",
        "TOML file with client_token and one [[enterprise]] table (id, integration_id, "
        "access_token) for each enterprise of the run (default: two built-in test enterprises).",
        "FILE",
    ),
    Option(
        "--mews-scenarios",
        "Folder with scenario files of your own, which run together with those of Mews; can be "
        "repeated (default: none).",
        "FOLDER",
        kind="values",
    ),
    Option(
        "--mews-profile",
        "Delivery profile: the documented revision of Mews's delivery behaviour, 2022-08, 2026-04 "
        "or 2026-08 (default: 2026-08).",
        "NAME",
        unused_in_replay=_IN_FILE,
    ),
    Option(
        "--mews-profile-set",
        "Override one parameter of the delivery profile, such as attempts=5 or "
        "retry_interval_s=60 (seconds); can be repeated (default: no override).",
        "NAME=VALUE",
        kind="values",
        unused_in_replay=_IN_FILE,
    ),
    Option(
        "--mews-time-scale",
        "Factor for documented waits such as the retry interval; 1 is real time. The time "
        "limit for responses is never scaled (default: 0.01, so three minutes become 1.8 s).",
        "X",
        default="0.01",
        unused_in_replay=_IN_FILE,
    ),
    Option(
        "--mews-events",
        "Events that the integration is subscribed to, separated by commas: discriminators, "
        "integration actions (without one no Integration Webhook is sent), WebSocket event types "
        "(default: all events of the profile).",
        "A,B",
        unused_in_replay=_IN_FILE,
    ),
    Option(
        "--mews-use-case",
        "Subscribe to the events that a documented use case needs, such as housekeeping, and to "
        "all integration actions; not together with --mews-events (default: none).",
        "NAME",
        unused_in_replay=_IN_FILE,
    ),
    Option(
        "--mews-operations",
        "Operations of the Connector API that you list on Mews's certification form, separated by "
        "commas, such as customers/getAll: the report says which of them were never called "
        "(default: none).",
        "A,B",
        unused_in_replay=_NO_REPORT,
    ),
    Option(
        "--mews-portfolios",
        "The integration is offered to portfolios, whose AccessToken covers several properties: "
        "PROC-44 tests it (default: no; the demo partner is).",
        None,
        "flag",
    ),
    Option(
        "--mews-examples",
        "Generate up to N cases per scenario, a whole number from 1 (default: 25).",
        "N",
        default="25",
        unused_in_replay=_ONE_CASE,
    ),
    Option(
        "--mews-jobs",
        "Run up to N scenarios concurrently, so that their waits overlap; scenarios that "
        "measure time or send hostile messages still run alone, and if the service handles few "
        "messages at once, those that send several. With auto it is 8, and 1 with -x; "
        "for a service that takes more than an eighth of a second for one message, it is as many "
        "as a few more messages show it to handle at the same time, from 1 to 16 (default: auto).",
        "N",
        default="auto",
        unused_in_replay=_ONE_CASE,
    ),
    Option(
        "--mews-instances",
        "With --mews-start, start N instances of the service, each with a port and emulators of "
        "its own, and divide the scenarios among them, which takes a fraction of the time. They "
        "must share nothing, such as a database, a queue or a file. With auto it is 1, and 6 for "
        "the demo partner unless --mews-jobs is 1 or an emulator has a port (default: auto).",
        "N",
        default="auto",
        unused_in_replay=_ONE_CASE,
    ),
    Option(
        "--mews-peak-rate",
        "Messages per second in the peak minute of LOAD-02, above 0 and at most 200; the minute "
        "is scaled by --mews-time-scale, but lasts at least 3 s (default: 5).",
        "N",
        default="5",
        unused_in_replay=_IN_FILE,
    ),
    Option(
        "--mews-about",
        'The product and its version, for the first screen of the report: "Product 3.2 (a1b2c3)" '
        "(default: nothing).",
        "TEXT",
        unused_in_replay=_NO_REPORT,
    ),
    Option(
        "--mews-report",
        "Folder for certification.html and certification.json, created if it is missing; one with "
        "other files than those of a report is refused. A run of "
        "selected scenarios (-k, -m, ids) writes into its folder `selection`, and leaves the "
        "report of the whole run as it is (default: mews-report in the current folder).",
        "FOLDER",
        default="mews-report",
    ),
    Option(
        "--mews-replay",
        "Instead of a certification, send failing cases again and say of each whether it is "
        "fixed: a replay file (replays/ in the report folder), the id of a scenario that has "
        "one, or a folder of replay files; can be repeated. Profile, time scale, peak rate, "
        "fetch timeout, events and seed come from the file (default: no replay).",
        "FILE|ID",
        kind="values",
    ),
    Option(
        "--mews-strict",
        "A SHOULD or MAY that is not met fails the run (default: no).",
        None,
        "flag",
        unused_in_replay=_NO_REPORT,
    ),
    Option(
        "--mews-waivers",
        "TOML file with one [[waiver]] table (scenario, reason, owner, expires) for each "
        "failure that is accepted until a given day: it does not fail the run, and the report "
        "shows it as waived (default: none).",
        "FILE",
        unused_in_replay=_NO_REPORT,
    ),
    Option(
        "--mews-waivers-template",
        "Write waivers-template.toml into the report folder: a file for --mews-waivers with the "
        "failures of this run, to be completed (default: no).",
        None,
        "flag",
        unused_in_replay=_NO_REPORT,
    ),
    Option(
        "--mews-baseline",
        "certification.json of an earlier run to compare with: which failures are new, fixed, "
        "still there, or no longer observed (default: none).",
        "FILE",
        unused_in_replay=_NO_REPORT,
    ),
    Option(
        "--mews-fail-on",
        "Which failures fail the run: any, or only those that are new since --mews-baseline "
        "(default: any).",
        "WHICH",
        default="any",
        unused_in_replay=_NO_REPORT,
    ),
    Option(
        "--mews-insecure",
        "Accept any TLS certificate of the endpoint; the report says so (default: no).",
        None,
        "flag",
    ),
)


def spell(text: str, program: str) -> str:
    """Return a text with the options as they are typed after a program.

    Args:
        text: an option of the table, or a text about some of them.
        program: the first word of a command line: pytest needs the prefix, `mews` does without.

    """
    return text if program == "pytest" else text.replace(PREFIX, "--")
