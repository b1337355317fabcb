"""A delivery profile: every parameter of Mews's delivery with its value and provenance."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """One parameter of a profile.

    Attributes:
        name: such as `retry_interval_s`; its suffix is the unit.
        value: a number, a boolean, or a tuple of numbers.
        origin: `documented`, `assumed`, or `overridden` (by --mews-profile-set).
        source: documentation page and revision; empty for an override.
        note: why this value.

    """

    name: str
    value: int | float | bool | tuple[int, ...]
    origin: str
    source: str
    note: str


@dataclass(frozen=True)
class Profile:
    """A revision of the documented delivery behaviour; overrides are already applied."""

    name: str
    title: str
    parameters: tuple[Parameter, ...]

    def __getitem__(self, name: str) -> Parameter:
        """Look a parameter up; KeyError where the profile has none of that name."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    def number(self, name: str) -> float:
        """Give the value of a parameter that is one number."""
        value = self[name].value
        if isinstance(value, tuple):
            raise TypeError(name)
        return value

    def span(self, name: str) -> tuple[int, int]:
        """Give the value of a parameter that is two numbers, from and to."""
        match self[name].value:
            case (int(low), int(high)):
                return low, high
        raise TypeError(name)
