"""Quotes words of a command line, so that people can read and copy them."""

from __future__ import annotations

import shlex

_SPECIAL = frozenset('"$`\\!')  # what a shell does not take as it is between double quotes


def quote_word(word: str) -> str:
    """Quote a word for a POSIX shell: a word with single quotes in double quotes where possible."""
    return f'"{word}"' if suits_double_quotes(word) else shlex.quote(word)


def suits_double_quotes(word: str) -> bool:
    """Return whether a word has single quotes, and nothing that is special in double quotes."""
    return "'" in word and _SPECIAL.isdisjoint(word)
