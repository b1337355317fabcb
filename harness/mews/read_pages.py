"""The pages that the facts were read from: when, and a digest of what stood there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pytest_mews.mews.toml_data import read_data


@dataclass(frozen=True)
class ReadPage:
    """A page as it was when its facts were last compared with it.

    Attributes:
        date: the day of the last commit of the checkout that was read, such as `2026-08-07`.
        digest: what `digest_of` returned for its text.

    """

    date: str
    digest: str


def digest_of(text: str) -> str:
    """Return 16 hexadecimal digits that change with the words of a text, not with blanks."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


READ_PAGES: Mapping[str, ReadPage] = MappingProxyType(
    {page: ReadPage(**data) for page, data in read_data("read_pages").items()}
)
"""Every page of the facts, such as `events/wh-faq`."""
