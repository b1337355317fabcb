"""The pytest side of a certification: hooks, items, scheduling, pytest-xdist, terminal, JUnit."""

from __future__ import annotations
