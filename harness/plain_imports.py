"""Imports the modules of this package as they are, without pytest's rewriting of assertions.

Pytest rewrites every package that has a plugin, which helps only those that assert in tests. It
compiles each module again: in the first run of an environment, so in every run of a CI, and in each
run where Python writes no byte code, as in many containers. That takes 3 s of CPU.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# This package, and those that it needs and that have a plugin as well.
PACKAGES = frozenset({__name__.partition(".")[0], "hypothesis", "pytest_httpserver"})


class PlainFinder(MetaPathFinder):
    """Finds the modules of these packages before pytest's finder does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module of these packages is; None for any other."""
        if fullname.partition(".")[0] not in PACKAGES:
            return None
        return PathFinder.find_spec(fullname, path, target)


def import_plainly() -> None:
    """Let whatever is imported of these packages from now on be imported as it is."""
    sys.meta_path.insert(0, PlainFinder())
