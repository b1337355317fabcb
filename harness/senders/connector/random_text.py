"""Strategies for text: any characters, undocumented names, email addresses.

They don't use Hypothesis's `codec`, nor the strategies that use it by default (`emails`, and
`from_regex` without an alphabet): its table of the characters of a codec takes more than a second
and 200 MB in each process that has no `.hypothesis` folder to read it from.
"""

from __future__ import annotations

import string
from collections.abc import Container

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_PASCAL_CASE = r"[A-Z][a-z]{1,8}([A-Z][a-z]{1,8}){1,2}"
_ATOM_CHARACTERS = string.ascii_letters + string.digits + "!#$%&'*+-/=?^_`{|}~"  # RFC 5322 atext
_TOP_LEVEL_DOMAINS = ("com", "de", "example", "museum", "travel")


def characters(exclude: str = "") -> SearchStrategy[str]:
    """Generate any character but surrogates, which UTF-8 can't encode, and those to exclude."""
    return st.characters(exclude_categories=["Cs"], exclude_characters=exclude)


def undocumented_names(
    documented: Container[str], pattern: str = _PASCAL_CASE
) -> SearchStrategy[str]:
    """Generate names in ASCII letters that match a pattern, but are not documented."""

    def is_undocumented(name: str) -> bool:
        return name not in documented

    names = st.from_regex(pattern, fullmatch=True, alphabet=string.ascii_letters)
    return names.filter(is_undocumented)


def email_addresses() -> SearchStrategy[str]:
    """Generate addresses of up to 62 ASCII characters before the @, in a domain of ASCII."""
    atoms = st.text(_ATOM_CHARACTERS, min_size=1, max_size=20)
    words = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8)
    labels = st.lists(words, min_size=1, max_size=2).map("-".join)
    return st.builds(
        "{}@{}.{}".format,
        st.lists(atoms, min_size=1, max_size=3).map(".".join),
        st.lists(labels, min_size=1, max_size=2).map(".".join),
        st.sampled_from(_TOP_LEVEL_DOMAINS),
    )
