"""What each scenario looks like when it fails: one recorded example of a flawed service.

`docs/generate_failing_examples.py` records them in `failing_examples.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True)
class FailingExample:
    """A failure that was recorded.

    Attributes:
        service: what the service did wrong: a sentence without a subject.
        observed: the reason of the verdict.
        partner: the name of the demo partner that has the flaw; empty if none is shipped.

    """

    service: str
    observed: str
    partner: str = ""


@cache
def load_failing_examples() -> Mapping[str, FailingExample]:
    """Load the examples by the scenarios' ids; a flaw that no demo partner can have has none."""
    text = (files("pytest_mews.scenarios") / "failing_examples.toml").read_text("utf-8")
    return MappingProxyType(
        {name: FailingExample(**table) for name, table in tomllib.loads(text).items()}
    )
