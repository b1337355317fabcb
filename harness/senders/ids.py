"""Ids and tokens of one execution: random, and the same for the same seed."""

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

Template = Any  # JSON that may contain Placeholder and RelativeTime objects
Enterprise = int | str


@dataclass(frozen=True)
class Placeholder:
    """A place in a template that an `IdSource` fills when a message is built.

    `name` is the `x-placeholder` of the payload schema: `entity-id`, `enterprise-id`,
    `integration-id`, `access-token` or `api-key`.
    """

    name: str


@dataclass(frozen=True)
class RelativeTime:
    """A datetime in a template, `age_s` seconds before the start of the run."""

    age_s: int


NEW_ENTERPRISE = "new"  # an enterprise that only this execution knows
NEW_PROPERTIES = ("property-1", "property-2")  # of the new enterprise, which then is a chain
DEFAULT_RUN_START = datetime(2026, 1, 1, tzinfo=UTC)


class IdSource:
    """Source of ids that are unique in a run; one id source builds all messages of an execution.

    Args:
        seed: the seed of the run.
        scenario: the id of the scenario.
        execution: the number of the execution within the scenario. Every execution has its own
            number, also one that repeats a case.
        tenants: the tenants of the run. Messages are for the first one unless a plan says
            otherwise.
        run_start: when the run started; datetimes are relative to it.

    Attributes:
        tokens: the generated access tokens and API keys, by the name that `generate_token` takes.

    """

    def __init__(
        self,
        seed: int,
        scenario: str,
        execution: int,
        tenants: Tenants,
        run_start: datetime = DEFAULT_RUN_START,
    ) -> None:
        self._run_start = run_start
        self._random_seed = random_seed(seed, scenario, execution)
        self.tokens: dict[str, str] = {}
        self._random = Random(self._random_seed)  # noqa: S311 - must be repeatable
        self._tenants = tenants
        self.tenant: Tenant = tenants.enterprises[0]

    def entity_id(self) -> str:
        """Generate an id that is unique in the run."""
        return _uuid(self._random)

    def format_utc(self, time: RelativeTime) -> str:
        """Format a datetime as Mews does: UTC, in whole seconds (events/wh-integration)."""
        return (self._run_start - timedelta(seconds=time.age_s)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def access_token(self) -> str:
        """Generate an access token that is unique in the run."""
        return self._named_token(f"{len(self.tokens)}")

    def _named_token(self, name: str) -> str:
        self.tokens[name] = generate_token(self._random_seed, name)
        return self.tokens[name]

    def for_enterprise(self, enterprise: Enterprise) -> IdSource:
        """Return this id source for another enterprise.

        Args:
            enterprise: its number among the tenants, from 1, or `new` for an enterprise that only
                this execution knows, or one of `NEW_PROPERTIES`, which share the integration and
                the AccessToken of `new`.

        Raises:
            UsageError: there are fewer tenants.

        """
        ids = copy(self)  # shares the random generator, so ids are unique across both
        ids.tenant = self._tenant(enterprise)
        return ids

    def for_new_integration(self) -> IdSource:
        """Return this id source for a new integration of the same enterprise."""
        ids = copy(self)  # shares the random generator, so ids are unique across both
        ids.tenant = replace(
            self.tenant, integration_id=self.entity_id(), access_token=self.access_token()
        )
        return ids

    def _tenant(self, enterprise: Enterprise) -> Tenant:
        if enterprise == NEW_ENTERPRISE:
            random = Random(f"{self._random_seed}/{NEW_ENTERPRISE}")  # noqa: S311
            return Tenant(_uuid(random), _uuid(random), self._named_token(NEW_ENTERPRISE))
        if enterprise in NEW_PROPERTIES:
            random = Random(f"{self._random_seed}/{enterprise}")  # noqa: S311
            return replace(self._tenant(NEW_ENTERPRISE), id=_uuid(random))
        enterprises = self._tenants.enterprises
        if not isinstance(enterprise, int) or not 1 <= enterprise <= len(enterprises):
            problem = f"is more than the {len(enterprises)} enterprises there are"
            raise UsageError("--mews-tenants", enterprise, problem, "Add an [[enterprise]]")
        return enterprises[enterprise - 1]

    def value_of(self, placeholder: Placeholder) -> str:
        """Return the value for a placeholder; HarnessError if its name is unknown."""
        if placeholder.name == "entity-id":
            return self.entity_id()
        if placeholder.name == "api-key":
            return self.access_token()
        values = {
            "enterprise-id": self.tenant.id,
            "integration-id": self.tenant.integration_id,
            "access-token": self.tenant.access_token,
        }
        if placeholder.name not in values:
            raise HarnessError(f"there is no value for the placeholder {placeholder.name!r}")
        return values[placeholder.name]


def fill(template: Template, ids: IdSource, values: dict[str, str] | None = None) -> Any:  # noqa: ANN401
    """Copy a template and replace its placeholders by values.

    Args:
        template: JSON with placeholders.
        ids: generates the values.
        values: values by placeholder name, which are reused; new values are added to it. Two
            templates that are filled with the same mapping are about the same entity. If None,
            every placeholder gets its own value.

    """
    if isinstance(template, Placeholder):
        if values is None:
            return ids.value_of(template)
        if template.name not in values:
            values[template.name] = ids.value_of(template)
        return values[template.name]
    if isinstance(template, RelativeTime):
        return ids.format_utc(template)
    if isinstance(template, dict):
        return {key: fill(value, ids, values) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, ids, values) for value in template]
    return template


def serialize(body: object) -> bytes:
    """Serialize a body as the bytes that are sent: compact JSON in UTF-8."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def random_seed(seed: int, scenario: str, execution: int) -> str:
    """Return the seed of all random values of one execution."""
    return f"{seed}/{scenario}/{execution}"


def generate_token(seed: str, name: str) -> str:
    """Generate a token in the form of the documented example: 32 and 31 hexadecimal digits.

    Each token depends on its name and on the seed of the execution only, not on the ids generated
    before it, so a replay can generate the token without the other messages.
    """
    random = Random(f"{seed}/token/{name}")  # noqa: S311 - must be repeatable
    return f"{random.getrandbits(128):032X}-{random.getrandbits(124):031X}"


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))
