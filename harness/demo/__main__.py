"""Run the demo partner on its own: `python -m pytest_mews.demo --port 8090 --flaw NAME`."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from collections.abc import Sequence

from pytest_mews.config import tenants
from pytest_mews.demo import PARTNER_KINDS, SOUND, DemoPartner
from pytest_mews.errors import UsageError


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m pytest_mews.demo", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)"
    )
    parser.add_argument(
        "--flaw", metavar="NAME", default=SOUND, help="a name from --list (default: sound)"
    )
    parser.add_argument("--api", metavar="URL", help="address of the Connector API to fetch from")
    parser.add_argument("--websocket", metavar="URL", help="address of the WebSocket to connect to")
    parser.add_argument("--list", action="store_true", help="list all names and exit")
    options = parser.parse_args(arguments)
    if options.list:
        width = max(map(len, PARTNER_KINDS))
        _print(*(f"{kind.name:{width}}  {kind.description}" for kind in PARTNER_KINDS.values()))
        return
    try:
        partner = DemoPartner(
            options.flaw,
            tenants=tenants.DEFAULT_TENANTS,
            port=options.port,
            api=options.api,
            websocket=options.websocket,
        )
    except UsageError as error:
        parser.error(f"--flaw {options.flaw}: {error.problem}. {error.remedy}")
    with partner, contextlib.suppress(KeyboardInterrupt):
        _print(partner.url)
        if partner.authority is not None:
            _print(f"SSL_CERT_FILE={partner.authority}")
        threading.Event().wait()


def _print(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
