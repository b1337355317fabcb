"""The tenants that the harness emulates: a client token and its enterprises."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from pytest_mews.config.config_file import ConfigFile
from pytest_mews.errors import UsageError
from pytest_mews.model import Tenant, Tenants
from pytest_mews.redaction import Secret

OPTION = "--mews-tenants"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_KEYS = ("id", "integration_id", "access_token")
_REMEDY = (
    "Give client_token, then one [[enterprise]] table each with id, integration_id and "
    "access_token."
)
_READ_REMEDY = "Give the path of a TOML file, or leave the option out for the built-in tenants."

# Test values, not secrets, in the format of Mews's ids and tokens.
DEFAULT_TENANTS = Tenants(
    client_token="C1C1C1C1C1C1C1C1C1C1C1C1C1C1C1C1-C1C1C1C1C1C1C1C1C1C1C1C1C1C1C1C",  # noqa: S106
    enterprises=(
        Tenant(
            id="11111111-1111-4111-8111-111111111111",
            integration_id="1a1a1a1a-1a1a-4a1a-8a1a-1a1a1a1a1a1a",
            access_token="A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1-A1A1A1A1A1A1A1A1A1A1A1A1A1A1A1A",  # noqa: S106
        ),
        Tenant(
            id="22222222-2222-4222-8222-222222222222",
            integration_id="2a2a2a2a-2a2a-4a2a-8a2a-2a2a2a2a2a2a",
            access_token="A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2-A2A2A2A2A2A2A2A2A2A2A2A2A2A2A2A",  # noqa: S106
        ),
    ),
)


def tenants_text(tenants: Tenants) -> str:
    """Return tenants as the text of a tenants file."""
    tables = "".join(
        f"\n[[enterprise]]\nid = {json.dumps(tenant.id, ensure_ascii=False)}\n"
        f"integration_id = {json.dumps(tenant.integration_id, ensure_ascii=False)}\n"
        f"access_token = {json.dumps(tenant.access_token, ensure_ascii=False)}\n"
        for tenant in tenants.enterprises
    )
    return f"client_token = {json.dumps(tenants.client_token, ensure_ascii=False)}\n{tables}"


def tenants_template() -> str:
    """Return the built-in tenants as the text of a tenants file that a user can edit."""
    comment = "# Tenants for pytest-mews. These are test values: replace them with your service's."
    return f"{comment}\n{tenants_text(DEFAULT_TENANTS)}"


def parse_tenants(text: str | None) -> Tenants:
    """Parse --mews-tenants: read the file; the built-in tenants without the option.

    Raises:
        UsageError: the value is blank, or the file is wrong (`load_tenants`).

    """
    if text is None:
        return DEFAULT_TENANTS
    if not text.strip():
        remedy = "Give the path of a file, or leave the option out for the built-in tenants."
        raise UsageError(OPTION, text, "names no file", remedy)
    return load_tenants(Path(text))


def load_tenants(path: Path) -> Tenants:
    """Read a tenants file.

    Raises:
        UsageError: the file can't be read, is not TOML, or does not describe tenants. The
            message never quotes a value of the file, since any of them can be a secret.

    """
    file = ConfigFile(OPTION, path, _REMEDY)
    document = file.read_toml(_READ_REMEDY)
    file.reject_unknown_keys("the file", document, ("client_token", "enterprise"))
    tables = file.tables(document, "enterprise")
    if not tables:
        file.fail("has no [[enterprise]] table")
    tenants = Tenants(
        Secret(file.string("the file", document, "client_token")),
        tuple(_tenant(file, number, table) for number, table in enumerate(tables, 1)),
    )
    for key in ("id", "integration_id"):
        counts = Counter(getattr(tenant, key).lower() for tenant in tenants.enterprises)
        if max(counts.values()) > 1:
            file.fail(f"has the same `{key}` for two enterprises")
    return tenants


def _tenant(file: ConfigFile, number: int, table: dict[str, Any]) -> Tenant:
    place = f"enterprise {number}"
    file.reject_unknown_keys(place, table, _KEYS)
    id_, integration_id, access_token = (file.string(place, table, key) for key in _KEYS)
    tenant = Tenant(id_, integration_id, Secret(access_token))
    for key in ("id", "integration_id"):
        if not _GUID.fullmatch(getattr(tenant, key)):
            file.fail(
                f"has an `{key}` in {place} that is not a GUID",
                "Write it like 8865aa96-f62d-4f9b-a912-ab2100f60f42, without braces: messages "
                "contain it in this form.",
            )
    return tenant
