"""The delivery profiles of the Connector API's webhooks: where their files are."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

DEFAULT_PROFILE = "2026-08"
_SUFFIX = ".toml"


def profile_files() -> Mapping[str, Traversable]:
    """Return the file of each profile by its name, oldest revision first."""
    folder = files("pytest_mews.mews.profiles").iterdir()
    by_name = {
        entry.name.removesuffix(_SUFFIX): entry for entry in folder if entry.name.endswith(_SUFFIX)
    }
    return dict(sorted(by_name.items()))
