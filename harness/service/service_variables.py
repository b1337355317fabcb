"""The environment variables from which a service that the harness starts learns its addresses."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pytest_mews.config.settings import Settings
from pytest_mews.config.tenants import tenants_text
from pytest_mews.model import Tenants

VARIABLES: Mapping[str, str] = {
    "PORT": "the port that the service must listen on",
    "MEWS_API_URL": "the address of the Connector API emulator; without `--mews-api` one at which "
    "nothing listens, so that the service does not call Mews",
    "MEWS_WEBSOCKET_URL": "the address of the WebSocket emulator, without the path, with "
    "`--mews-websocket`",
    "MEWS_TOKEN": "the shared secret in the URL of the endpoint, if there is one",
    "MEWS_INTEGRATION_TOKEN": "the one in the URL for Integration Webhooks, if it is another one",
    "MEWS_CLIENT_TOKEN": "the ClientToken",
    "MEWS_ACCESS_TOKEN": "the AccessToken of the first enterprise",
    "MEWS_INSTANCE": "the number of this instance of the service, from 1 (`--mews-instances`)",
    "MEWS_TENANTS": "the path of a file with the tenants of the run, in TOML",
    "MEWS_TENANTS_JSON": "the path of a file with the same content in JSON",
}
"""Each variable, and what it has; a variable that has nothing is not set."""
CLOSED_URL = "http://127.0.0.1:9"  # the discard port


class TenantFiles:
    """The tenants as files for the service, in a private folder that is deleted at the end.

    Args:
        tenants: the tenants of the run.

    Attributes:
        toml, json: the paths.

    """

    def __init__(self, tenants: Tenants) -> None:
        self._tenants = tenants
        self._folder = tempfile.TemporaryDirectory(prefix="pytest-mews-tenants-")
        self.toml = Path(self._folder.name) / "tenants.toml"
        self.json = Path(self._folder.name) / "tenants.json"

    def __enter__(self) -> Self:
        tenants = self._tenants
        document = {
            "client_token": tenants.client_token,
            "enterprise": [
                {
                    "id": tenant.id,
                    "integration_id": tenant.integration_id,
                    "access_token": tenant.access_token,
                }
                for tenant in tenants.enterprises
            ],
        }
        self.toml.write_text(tenants_text(tenants), "utf-8")
        self.json.write_text(json.dumps(document, indent=2), "utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def service_variables(
    settings: Settings,
    instance: int,
    api_url: str | None,
    websocket_url: str | None,
    files: TenantFiles,
) -> dict[str, str]:
    """Return the variables for the service, in addition to those of the harness.

    Args:
        settings: what the user chose; it has a service to start.
        instance: the number of the instance of the service, from 1.
        api_url: the address of the Connector API emulator; None if none runs.
        websocket_url: the address of the WebSocket emulator; None if none runs.
        files: the tenants as files.

    """
    assert settings.service is not None
    endpoint, authentication = settings.endpoint, settings.authentication
    secret = authentication.secret_of(endpoint.urls[0]) if endpoint.urls else ""
    integration_url = endpoint.integration_url
    integration = authentication.secret_of(integration_url) if integration_url else ""
    values = {
        "PORT": str(settings.service.port),
        "MEWS_API_URL": _reachable(api_url) or CLOSED_URL,
        "MEWS_WEBSOCKET_URL": _reachable(websocket_url),
        "MEWS_TOKEN": secret,
        "MEWS_INTEGRATION_TOKEN": integration if integration != secret else "",
        "MEWS_CLIENT_TOKEN": settings.tenants.client_token,
        "MEWS_ACCESS_TOKEN": settings.tenants.enterprises[0].access_token,
        "MEWS_INSTANCE": str(instance),
        "MEWS_TENANTS": str(files.toml),
        "MEWS_TENANTS_JSON": str(files.json),
    }
    return {name: value for name, value in values.items() if value}


def process_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a process: that of the harness, with the variables.

    A variable of `VARIABLES` that has nothing now is left out: the run's value is none.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    # Python otherwise keeps what it prints until its buffer is full, and a death would lose it.
    return {"PYTHONUNBUFFERED": "1", **inherited, **variables}


def _reachable(url: str | None) -> str:
    """Return an address that a service on this machine can use; empty for None."""
    return (url or "").replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
