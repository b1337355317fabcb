"""What each kind of cause is measured from, and what it claims (`kinds.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from pytest_mews.model import CauseKind


@dataclass(frozen=True)
class KindText:
    """A kind of cause for people: two phrases, Markdown with `code` only."""

    measured: str
    claims: str


@cache
def load_kind_texts() -> Mapping[CauseKind, KindText]:
    """Load the texts of all kinds, in the order of `CauseKind`."""
    text = (files("pytest_mews.causes") / "kinds.toml").read_text("utf-8")
    return MappingProxyType(
        {CauseKind(name): KindText(**table) for name, table in tomllib.loads(text).items()}
    )
