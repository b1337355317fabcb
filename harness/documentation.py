"""The names of the documentation's pages in messages: addresses, once the site is published.

The address of the site stands once, as `Documentation` in `[project.urls]` of pyproject.toml.
Without it messages name the files of a checkout: nobody is led to a page that is not there.
"""

from __future__ import annotations

from importlib.metadata import metadata

DISTRIBUTION = "pytest-mews"


def site_address() -> str:
    """Return the address of the site, with a slash at its end; empty if it is not published."""
    urls = dict(entry.split(", ", 1) for entry in metadata(DISTRIBUTION).get_all("Project-URL", []))
    address = urls.get("Documentation", "").rstrip("/")
    return address and f"{address}/"


SITE = site_address()


def name_page(page: str, anchor: str = "") -> str:
    """Return how a message names a page, such as `processing`, and a heading on it."""
    fragment = f"#{anchor}" if anchor else ""
    return f"{SITE}{page}/{fragment}" if SITE else f"docs/{page}.md{fragment} of {DISTRIBUTION}"
