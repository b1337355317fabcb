"""All kinds of demo partners by name: sound variants, and partners with one flaw each.

`register` adds more of them, as the tests of the harness do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from pytest_mews.demo.certificates import over_tls
from pytest_mews.demo.partner_kinds import (
    PartnerKind,
    processes,
    rejects,
    remembers,
    responds,
    serves_tls,
    streams,
)
from pytest_mews.demo.processing.processing_flaws import PROCESSING_FLAWS
from pytest_mews.demo.response_flaws import (
    REJECTION_FLAWS,
    STATEFUL_FLAWS,
    STATELESS_FLAWS,
    answers_before_body,
    forgets_kept_connections,
)
from pytest_mews.demo.sound_variants import (
    CLIENT_VARIANTS,
    PROCESSING_VARIANTS,
    RESPONSE_VARIANTS,
    closes_connections,
)
from pytest_mews.demo.websocket.streaming_flaws import STREAMING_FLAWS
from pytest_mews.errors import UsageError, did_you_mean

SOUND = "sound"

_PARTNER_KINDS: dict[str, PartnerKind] = {}
PARTNER_KINDS: Mapping[str, PartnerKind] = MappingProxyType(_PARTNER_KINDS)
"""Every kind that is registered, by its name, in the order of registration."""


def register(*kinds: PartnerKind) -> None:
    """Add kinds of demo partners.

    Raises:
        ValueError: there is already a kind of that name.

    """
    for kind in kinds:
        if kind.name in _PARTNER_KINDS:
            raise ValueError(f"there are two demo partners with the name {kind.name}")
        _PARTNER_KINDS[kind.name] = kind


def partner_kind(name: str) -> PartnerKind:
    """Return a kind of demo partner.

    Args:
        name: one of `PARTNER_KINDS`.

    Raises:
        UsageError: there is no demo partner of that name; the remedy suggests the closest.

    """
    if name in _PARTNER_KINDS:
        return _PARTNER_KINDS[name]
    problem = "is not a flaw or variant of the demo partner"
    remedy = did_you_mean(name, tuple(_PARTNER_KINDS))
    raise UsageError("--mews-target", f"demo:{name}", problem, remedy)


_SOUND_KINDS = (
    PartnerKind(SOUND, "Answers 202 to every documented message and processes it afterwards."),
    *map(responds, RESPONSE_VARIANTS),
    replace(responds(closes_connections), keep_alive=False),
    serves_tls(over_tls),
    *map(processes, PROCESSING_VARIANTS),
    *map(streams, CLIENT_VARIANTS),
)
register(
    *(replace(kind, is_sound=True) for kind in _SOUND_KINDS),
    *map(responds, STATELESS_FLAWS),
    replace(responds(answers_before_body), answers_early=True, keep_alive=False),
    responds(forgets_kept_connections),
    *map(rejects, REJECTION_FLAWS),
    *map(remembers, STATEFUL_FLAWS),
    *map(processes, PROCESSING_FLAWS),
    *map(streams, STREAMING_FLAWS),
)
