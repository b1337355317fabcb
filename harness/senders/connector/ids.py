"""Ids and tokens of one play: random to look at, the same again for the same seed."""

from __future__ import annotations

import json
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from pytest_mews.errors import HarnessError, UsageError
from pytest_mews.model import Tenant, Tenants

Template = Any  # JSON with a Slot or a Moment wherever the run has to fill something in
Enterprise = int | str


@dataclass(frozen=True)
class Placeholder:
    """A place in a template that is filled when a message is built; the schema's `x-slot`."""

    name: str


@dataclass(frozen=True)
class RelativeTime:
    """A datetime in a template: so many seconds before the run began."""

    age_s: int


NEW = "new"  # the enterprise that a play brings along
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)  # when a run began that does not say so


class IdSource:
    """Source of run-unique ids for one play: one mint builds all of a play's messages in turn.

    Args:
        seed: the run's.
        scenario: its id.
        play: which play of the scenario; every play, also a repeated one, has a number of its own.
        tenants: those of the run; messages are for the first one unless a plan says otherwise.
        began: when the run began; datetimes lie before it.

    Attributes:
        tokens: what was minted and is secret by nature, by the name that `token_of` takes.

    """

    def __init__(
        self, seed: int, scenario: str, play: int, tenants: Tenants, began: datetime = EPOCH
    ) -> None:
        self._began = began
        self._origin = origin_of(seed, scenario, play)
        self.tokens: dict[str, str] = {}
        self._random = Random(self._origin)  # noqa: S311 - to be repeatable is the point
        self._tenants = tenants
        self.tenant: Tenant = tenants.enterprises[0]

    def entity_id(self) -> str:
        """Make an id that nothing else in the run bears."""
        return _uuid(self._random)

    def utc(self, moment: RelativeTime) -> str:
        """Write a moment as Mews does, in whole seconds UTC (events/wh-integration)."""
        return (self._began - timedelta(seconds=moment.age_s)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def token(self) -> str:
        """Make an access token that nothing else in the run bears."""
        return self._token(f"{len(self.tokens)}")

    def _token(self, name: str) -> str:
        self.tokens[name] = token_of(self._origin, name)
        return self.tokens[name]

    def of(self, enterprise: Enterprise) -> IdSource:
        """Give this mint for another tenant: its number from 1, or `new`, one known to this play.

        Raises:
            UsageMistake: there are fewer tenants.

        """
        other = object.__new__(IdSource)
        other._origin, other._tenants = self._origin, self._tenants
        other._began, other.tokens = self._began, self.tokens  # shared, as ids are
        other._random = self._random  # shared: ids stay unique over both
        other.tenant = self._tenant(enterprise)
        return other

    def renewed(self) -> IdSource:
        """Give this mint for another integration of the same enterprise."""
        other = copy(self)  # the source of randomness is shared: ids stay unique over both
        other.tenant = replace(
            self.tenant, integration_id=self.entity_id(), access_token=self.token()
        )
        return other

    def _tenant(self, enterprise: Enterprise) -> Tenant:
        if enterprise == NEW:
            random = Random(f"{self._origin}/{NEW}")  # noqa: S311
            return Tenant(_uuid(random), _uuid(random), self._token(NEW))
        known = self._tenants.enterprises
        if not isinstance(enterprise, int) or not 1 <= enterprise <= len(known):
            problem = f"is more than the {len(known)} enterprises there are"
            raise UsageError("--mews-tenants", enterprise, problem, "Add an [[enterprise]]")
        return known[enterprise - 1]

    def fill_slot(self, slot: Placeholder) -> str:
        """Give the value for a slot; HarnessFault where there is no such slot."""
        if slot.name == "entity-id":
            return self.entity_id()
        if slot.name == "api-key":
            return self.token()
        known = {
            "enterprise-id": self.tenant.id,
            "integration-id": self.tenant.integration_id,
            "access-token": self.tenant.access_token,
        }
        if slot.name not in known:
            raise HarnessError(f"nothing fills the slot {slot.name!r}")
        return known[slot.name]


def fill(template: Template, mint: IdSource, known: dict[str, str] | None = None) -> Any:  # noqa: ANN401
    """Copy a template with its slots filled.

    Args:
        template: JSON with slots.
        mint: where values come from.
        known: values minted before, by slot; used again and added to, so that two templates filled
            with one mapping are about one entity. None: every slot gets a value of its own.

    """
    if isinstance(template, Placeholder):
        if known is None:
            return mint.fill_slot(template)
        if template.name not in known:
            known[template.name] = mint.fill_slot(template)
        return known[template.name]
    if isinstance(template, RelativeTime):
        return mint.utc(template)
    if isinstance(template, dict):
        return {key: fill(value, mint, known) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, mint, known) for value in template]
    return template


def serialise(body: object) -> bytes:
    """Write a body as the bytes that are sent: compact JSON in UTF-8."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def origin_of(seed: int, scenario: str, play: int) -> str:
    """Name what everything is minted from in one play."""
    return f"{seed}/{scenario}/{play}"


def token_of(origin: str, name: str) -> str:
    """Mint a token of the documented example's form: 32 and 31 hexadecimal digits.

    A name of its own for each, and none of them drawn from what ids are drawn from: so a replay
    can mint a token again without the messages that it was minted for.
    """
    random = Random(f"{origin}/token/{name}")  # noqa: S311 - to be repeatable is the point
    return f"{random.getrandbits(128):032X}-{random.getrandbits(124):031X}"


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))
