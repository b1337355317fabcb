"""Addresses of the documentation's pages; its base address is that of the package's metadata.

The base address stands once, as `Documentation` in `[project.urls]` of pyproject.toml. The wheel
has no documentation, so messages name these addresses instead of files.
"""

from __future__ import annotations

from importlib.metadata import metadata

DISTRIBUTION = "pytest-mews"


def base_url() -> str:
    """Return the address of the site, with a slash at its end.

    Raises:
        RuntimeError: the installed metadata is older than the address.

    """
    urls = dict(entry.split(", ", 1) for entry in metadata(DISTRIBUTION).get_all("Project-URL", []))
    if "Documentation" not in urls:
        raise RuntimeError(
            f"the installed metadata of {DISTRIBUTION} has no Documentation URL: install it again"
        )
    return f"{urls['Documentation'].rstrip('/')}/"


BASE_URL = base_url()


def page_url(page: str, anchor: str = "") -> str:
    """Return the address of a page, such as `processing`, and of a heading on it."""
    return f"{BASE_URL}{page}/" + (f"#{anchor}" if anchor else "")


def scenario_url(scenario_id: str) -> str:
    """Return the address of the page about a scenario."""
    return page_url(f"reference/scenarios/{scenario_id}")
