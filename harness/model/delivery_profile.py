"""A delivery profile: the parameters of Mews's delivery, each with its value and its source."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """One parameter of a profile.

    Attributes:
        name: such as `retry_interval_s`; the suffix is the unit.
        value: a number, a boolean, or a tuple of numbers.
        origin: `documented`, `assumed`, or `overridden` (by --mews-profile-set).
        source: the documentation page and its revision; empty if assumed or overridden.
        note: the reason for the value.

    """

    name: str
    value: int | float | bool | tuple[int, ...]
    origin: str
    source: str
    note: str


@dataclass(frozen=True)
class Profile:
    """A documented revision of the delivery behaviour, with the user's overrides applied."""

    name: str
    title: str
    parameters: tuple[Parameter, ...]

    def __getitem__(self, name: str) -> Parameter:
        """Return a parameter by its name; raise KeyError if there is none."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    def number(self, name: str) -> float:
        """Return the value of a parameter that is one number."""
        value = self[name].value
        if isinstance(value, tuple):
            raise TypeError(name)
        return value

    def interval(self, name: str) -> tuple[int, int]:
        """Return the value of a parameter that is two numbers, from and to."""
        match self[name].value:
            case (int(low), int(high)):
                return low, high
        raise TypeError(name)
