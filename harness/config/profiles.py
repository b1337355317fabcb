"""Delivery profiles: loads and validates them, and applies `--mews-profile-set`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Literal

from pytest_mews.errors import UsageError, did_you_mean
from pytest_mews.mews.facts import load_facts
from pytest_mews.model import Parameter, Profile

Value = int | float | bool | tuple[int, ...]


@dataclass(frozen=True)
class Bounds:
    """The values that a parameter can have: from `low` to `high`; `unit` is for messages.

    An `interval` is two whole numbers, the first not greater than the second. A `set` is any of the
    whole numbers from `low` to `high`, each at most once.
    """

    shape: Literal["number", "whole", "interval", "set"]
    low: int | float
    high: int | float
    unit: str

    def __str__(self) -> str:
        between = f"from {self.low:g} to {self.high:g}"
        return {
            "number": f"a number of {self.unit} {between}",
            "whole": f"a whole number of {self.unit} {between}",
            "interval": f"two whole numbers of {self.unit} {between}, such as 120,300",
            "set": f"{self.unit} {between} separated by commas, or nothing",
        }[self.shape]

    def allows(self, value: object) -> bool:
        """Return whether a value has the right shape and is within the bounds."""
        if self.shape in ("number", "whole"):
            return self._allows_number(value, whole=self.shape == "whole")
        if not isinstance(value, tuple) or not all(
            self._allows_number(item, whole=True) for item in value
        ):
            return False
        if self.shape == "interval":
            return len(value) == 2 and value[0] <= value[1]  # noqa: PLR2004 - from and to
        return len(set(value)) == len(value)

    def _allows_number(self, value: object, *, whole: bool) -> bool:
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            return False
        return self.low <= value <= self.high  # not true of NaN

    def parse(self, text: str) -> Value | None:
        """Parse a value of the command line; None if it does not have this shape."""
        try:
            if self.shape in ("interval", "set"):
                return tuple(int(part) for part in text.split(",") if part.strip())
            return int(text) if self.shape == "whole" else _number(text)
        except ValueError:
            return None


# The bounds are ours: wide enough for any experiment, narrow enough to catch a wrong unit.
BOUNDS = MappingProxyType(
    {
        "timeout_s": Bounds("number", 0.1, 60, "seconds"),
        "attempts": Bounds("whole", 1, 10, "attempts"),
        "retry_interval_s": Bounds("number", 0, 3600, "seconds"),
        "lag_s": Bounds("interval", 0, 3600, "seconds"),
        "batch_limit": Bounds("whole", 1, 10_000, "events"),
        # Only these two keep the method (events/wh-faq); any other loses the message.
        "redirect_statuses": Bounds("set", 307, 308, "statuses"),
        "redirect_hops": Bounds("whole", 0, 20, "redirects"),
    },
)


def load_profile(name: str, files: Mapping[str, Traversable]) -> Profile:
    """Load a profile by its name from the files of a sender's profiles.

    Raises:
        UsageError: there is no such profile.

    """
    if name not in files:
        raise UsageError(
            "--mews-profile",
            name,
            "is not a delivery profile",
            did_you_mean(name, tuple(files)),
        )
    return parse_profile(name, files[name].read_text(encoding="utf-8"))


def parse_profile(name: str, text: str) -> Profile:
    """Parse a profile in TOML: a title, then one table for each parameter.

    A table has the value, a note, and the id of the fact that documents the value; without a fact
    the value is assumed.

    Raises:
        ValueError: a parameter is missing, unknown or out of bounds, or names no documented fact.

    """
    document = tomllib.loads(text)
    title = document.pop("title")
    if document.keys() != BOUNDS.keys():
        raise ValueError(f"{name}: has {sorted(document)} instead of {sorted(BOUNDS)}")
    parameters = tuple(_parameter(name, key, **document[key]) for key in BOUNDS)
    return Profile(name, title, parameters)


def override_profile(profile: Profile, assignments: Sequence[str]) -> Profile:
    """Apply assignments such as `attempts=5`; the last one for a name wins.

    Raises:
        UsageError: an assignment is malformed, names no parameter, or is out of bounds.

    """
    values = dict(_assignment(text) for text in assignments)
    return replace(
        profile,
        parameters=tuple(
            _overridden(parameter, values[parameter.name])
            if parameter.name in values
            else parameter
            for parameter in profile.parameters
        ),
    )


def _assignment(text: str) -> tuple[str, Value]:
    name, equals, value_text = (part.strip() for part in text.partition("="))
    if not equals:
        problem, remedy = "is not an assignment", "Write NAME=VALUE, such as attempts=5."
        raise UsageError("--mews-profile-set", text, problem, remedy)
    if name not in BOUNDS:
        raise UsageError(
            "--mews-profile-set",
            text,
            "names no parameter of a profile",
            did_you_mean(name, tuple(BOUNDS)),
        )
    bounds = BOUNDS[name]
    value = bounds.parse(value_text)
    if value is None or not bounds.allows(value):
        raise UsageError("--mews-profile-set", text, "is not allowed", f"{name} takes {bounds}.")
    return name, value


def _overridden(parameter: Parameter, value: Value) -> Parameter:
    original = parameter.value
    shown = ", ".join(map(str, original)) or "none" if isinstance(original, tuple) else original
    note = f"Set by --mews-profile-set; the profile has {shown} ({parameter.origin})."
    return Parameter(parameter.name, value, "overridden", "", note)


def _parameter(
    profile: str,
    name: str,
    *,
    value: object,
    note: str,
    fact: str = "",
) -> Parameter:
    checked = tuple(value) if isinstance(value, list) else value
    if not BOUNDS[name].allows(checked):
        raise ValueError(f"{profile}: {name} must be {BOUNDS[name]}, not {value!r}")
    facts = load_facts()
    if fact and (fact not in facts or not facts[fact].is_documented):
        raise ValueError(f"{profile}: {name} must name a documented fact, not {fact}")
    assert isinstance(checked, int | float | tuple)
    if not fact:
        return Parameter(name, checked, "assumed", "", note)
    source = facts[fact].source
    return Parameter(name, checked, "documented", f"{source.page}, {source.revision_text}", note)


def _number(text: str) -> int | float:
    number = float(text)
    return int(number) if number.is_integer() else number
