"""Who the harness plays: the client application's token and its enterprises."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, NoReturn

from mews_harness.errors import UsageMistake
from mews_harness.model import Tenant, Tenants

OPTION = "--mews-tenants"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_KEYS = ("id", "integration_id", "access_token")

# Test values, not secrets: they only have the shape of Mews's ids and tokens.
DEFAULT = Tenants(
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


def template() -> str:
    """Write the built-in tenants as a tenants file that a user can start from."""
    tables = "".join(
        f'\n[[enterprise]]\nid = "{tenant.id}"\nintegration_id = "{tenant.integration_id}"\n'
        f'access_token = "{tenant.access_token}"\n'
        for tenant in DEFAULT.enterprises
    )
    return (
        "# Tenants for pytest-mews. These are test values: put in what your service knows.\n"
        f'client_token = "{DEFAULT.client_token}"\n{tables}'
    )


def load(path: Path) -> Tenants:
    """Read a tenants file.

    Raises:
        UsageMistake: the file can't be read, is not TOML, or does not describe tenants. The
            message never quotes a value of the file, since any of them may be a secret.

    """
    document = _read(path)
    _no_strangers(path, "the file", document, ("client_token", "enterprise"))
    tables = document.get("enterprise", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        _refuse(path, "has an `enterprise` that is not an [[enterprise]] table")
    if not tables:
        _refuse(path, "has no [[enterprise]] table")
    tenants = Tenants(
        _text(path, "the file", document, "client_token"),
        tuple(_tenant(path, number, table) for number, table in enumerate(tables, 1)),
    )
    for key in ("id", "integration_id"):
        counts = Counter(getattr(tenant, key).lower() for tenant in tenants.enterprises)
        if max(counts.values()) > 1:
            _refuse(path, f"gives the same `{key}` to two enterprises")
    return tenants


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        _refuse(path, f"is not UTF-8 (byte {error.start})", "Save it as UTF-8.")
    except OSError as error:
        _refuse(
            path,
            f"can't be read: {(error.strerror or type(error).__name__).lower()}",
            "Give the path of a TOML file, or leave the option out for the built-in tenants.",
        )
    except tomllib.TOMLDecodeError as error:
        _refuse(path, f"is not TOML: {error}", "Mend the file at that place.")


def _tenant(path: Path, number: int, table: dict[str, Any]) -> Tenant:
    place = f"enterprise {number}"
    _no_strangers(path, place, table, _KEYS)
    tenant = Tenant(*(_text(path, place, table, key) for key in _KEYS))
    for key in ("id", "integration_id"):
        if not _GUID.fullmatch(getattr(tenant, key)):
            _refuse(
                path,
                f"has an `{key}` in {place} that is not a GUID",
                "Write it like 8865aa96-f62d-4f9b-a912-ab2100f60f42, without braces: the messages "
                "that the harness sends allow nothing else.",
            )
    return tenant


def _text(path: Path, place: str, table: dict[str, Any], key: str) -> str:
    if key not in table:
        _refuse(path, f"lacks `{key}` in {place}")
    value = table[key]
    if not isinstance(value, str):
        _refuse(path, f"has a `{key}` in {place} that is not a string", "Put it in quotes.")
    if not value.strip():
        _refuse(path, f"has an empty `{key}` in {place}")
    return value


def _no_strangers(path: Path, place: str, table: dict[str, Any], keys: tuple[str, ...]) -> None:
    if strangers := sorted(table.keys() - set(keys)):
        _refuse(path, f"has a key that is unknown in {place}: `{strangers[0]}`")


def _refuse(
    path: Path,
    problem: str,
    remedy: str = "Give client_token, then one [[enterprise]] table each with id, integration_id "
    "and access_token.",
) -> NoReturn:
    raise UsageMistake(OPTION, path, problem, remedy) from None
