"""Settings for tests that certify: everything at its default but what a test names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mews_harness.settings import Settings, resolve


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Settings]:
    """Build settings for a target; keywords are options by their `dest` without `mews_`."""

    def build(target: str, **options: object) -> Settings:
        values = {f"mews_{name}": value for name, value in options.items()}
        values = {"mews_report": str(tmp_path / "report"), "mews_target": target, **values}
        return resolve(values, environ={}, rootdir=tmp_path, seed=1)

    return build
