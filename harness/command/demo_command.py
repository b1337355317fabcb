"""`mews demo`: runs the demo partner on its own, or lists its kinds."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

from pytest_mews.command.stop_signal import StopSignal
from pytest_mews.command.subcommand import WholeNumber, subcommand, table_option
from pytest_mews.config.endpoint import check_url
from pytest_mews.config.tenants import parse_tenants
from pytest_mews.demo import PARTNER_KINDS, SOUND, DemoPartner, partner_kind
from pytest_mews.demo.partner_server import HOST
from pytest_mews.errors import UsageError
from pytest_mews.net.http_server import listen_problem


def _complete(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return [
        CompletionItem(kind.name, help=kind.description)
        for kind in PARTNER_KINDS.values()
        if kind.name.startswith(incomplete)
    ]


@subcommand(
    "demo",
    "NAME is a sound variant or a flaw, from --list (default: sound). The demo partner prints its "
    "URL, with the token, and serves until Ctrl-C.",
    "demo --list",
    "demo body-limit --port 8090",
)
@click.argument("name", default=SOUND, shell_complete=_complete)
@click.option("--list", "lists", is_flag=True, help="List all names, and exit.")
@click.option(
    "--port",
    type=WholeNumber(0, 65_535, 8090),
    default=0,
    metavar="PORT",
    help="Port on 127.0.0.1 (default: a free one).",
)
@click.option("--api", metavar="URL", help="Address of the Connector API to fetch from.")
@click.option("--websocket", metavar="URL", help="Address of the WebSocket to connect to.")
@table_option(
    "--mews-tenants",
    help="TOML file with the enterprises that are connected to it (default: two built-in ones).",
)
def command(  # noqa: PLR0913 - the options
    name: str,
    port: int,
    api: str | None,
    websocket: str | None,
    mews_tenants: str | None,
    *,
    lists: bool,
) -> None:
    """List the kinds, or serve one."""
    if lists:
        width = max(map(len, PARTNER_KINDS))
        for kind in PARTNER_KINDS.values():
            click.echo(f"{kind.name:{width}}  {kind.description}")
        return
    try:
        partner_kind(name)
    except UsageError as error:  # it names --mews-target
        raise UsageError("NAME", name, error.problem, error.remedy) from None
    if problem := listen_problem(HOST, port):
        remedy = "Stop the process that uses it, or leave --port out for a free one."
        raise UsageError("--port", port, f"can't be used: {problem}", remedy)
    if api is not None:
        check_url("--api", api, "Give its address, such as http://127.0.0.1:8088.")
    if websocket is not None:
        remedy = "Give its address, such as ws://127.0.0.1:8089."
        check_url("--websocket", websocket, remedy, ("wss", "ws"))
    stop_signal = StopSignal()
    partner = DemoPartner(
        name,
        tenants=parse_tenants(mews_tenants),
        port=port,
        api=api,
        websocket=websocket,
    )
    with partner:
        click.echo(partner.url)
        if partner.authority is not None:
            click.echo(f"SSL_CERT_FILE={partner.authority}")
        stop_signal.wait()
