"""Tells the partner's requests from those of strangers, at both servers.

Health checks, scanners and other tests reach a server in CI or behind a tunnel. Addresses tell
nothing there, since a proxy or a tunnel shows one for all. So the content of a request decides:

1. A request is the partner's if it has a token of this run anywhere in its target, headers or body
   (also in another letter case, or at least one of the token's parts), or an entity id that only
   the partner was told.
2. A request without these that looks like the documented one may be the partner's: it counts for as
   long as no request of rule 1 has arrived. So a service that knows none of its tokens is told.
3. Every other request is a stranger's. It gets its response and is noted, but is never counted.

The price: if a partner sends tokens in some of its requests, and in others neither a token nor an
id, the latter are not counted. They are refused, so their effect is seen: nothing is fetched.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from operator import attrgetter
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote_plus

MIN_PART = 8  # characters of a token's part that is recognized by itself
_ID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_WORD = re.compile(r"[0-9A-Za-z]+")
_MAX_POSSIBLE = 1_000
_MAX_DESCRIPTION = 200


class Origin(Enum):
    """Who sent a request."""

    PARTNER = "partner"
    POSSIBLY_PARTNER = "possibly-partner"
    STRANGER = "stranger"


class TokenFinder:
    """Finds the tokens of a run in requests; not thread-safe.

    Args:
        tokens: returns all tokens of the run so far; tokens are only ever added.

    """

    def __init__(self, tokens: Callable[[], Sequence[str]]) -> None:
        self._tokens = tokens
        self._known: tuple[str, ...] = ()
        self._parts: set[str] = set()
        self._others: list[str] = []  # tokens without a part that is long enough

    def is_in(self, text: str) -> bool:
        """Return whether a text has a token, or a part of one that is long enough."""
        self._learn()
        lowered = text.lower()
        if "%" in lowered:
            lowered += " " + unquote_plus(lowered)
        words = _WORD.findall(lowered)
        return not self._parts.isdisjoint(words) or any(token in lowered for token in self._others)

    def _learn(self) -> None:
        tokens = tuple(self._tokens())
        if len(tokens) == len(self._known):
            return
        self._known, self._others = tokens, []
        for token in tokens:
            lowered = token.lower()
            parts = {part for part in _WORD.findall(lowered) if len(part) >= MIN_PART}
            self._parts |= parts
            if not parts:
                self._others.append(lowered)


def ids_in(text: str) -> set[str]:
    """Return the ids in a text, in lower case."""
    return {id_.lower() for id_ in _ID.findall(text)}


class Numbered(Protocol):
    """What an `AttributedLog` holds."""

    @property
    def number(self) -> int:
        """Its number, from 1, in order of arrival."""


T = TypeVar("T", bound=Numbered)


class AttributedLog(Generic[T]):
    """The requests of one server, without those of strangers; not thread-safe.

    Args:
        max_entries: how many entries the log keeps at least; it drops older ones in blocks of a
            quarter of that number.

    """

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._entries: list[T] = []
        self._possible: deque[T] = deque(maxlen=_MAX_POSSIBLE)
        self._count = 0
        self.is_partner_known = False
        self._first_stranger = self._first_possible = ""

    def next_number(self) -> int:
        """Return the number of the next entry."""
        self._count += 1
        return self._count

    def add(self, entry: T, origin: Origin, description: str) -> None:
        """Add an entry; of a stranger's only the description of the first is kept."""
        if origin is Origin.PARTNER:
            self.is_partner_known = True
            insort(self._entries, entry, key=attrgetter("number"))
            if len(self._entries) > self._max_entries + self._max_entries // 4:
                del self._entries[: len(self._entries) - self._max_entries]
            return
        if origin is Origin.POSSIBLY_PARTNER:
            self._first_possible = self._first_possible or _printable(description)
            self._possible.append(entry)
        else:
            self._first_stranger = self._first_stranger or _printable(description)

    def replace(self, entry: T) -> None:
        """Replace the entry with the same number, unless the log has dropped it."""
        entries: list[T] | deque[T]
        for entries in (self._entries, self._possible):
            index = bisect_left(entries, entry.number, key=attrgetter("number"))
            if index < len(entries) and entries[index].number == entry.number:
                entries[index] = entry

    def since(self, number: int) -> tuple[T, ...]:
        """Return the entries with a number above `number`, in order."""
        entries = self._entries if self.is_partner_known else list(self._possible)
        return tuple(entries[bisect_right(entries, number, key=attrgetter("number")) :])

    def notes(self, requests: str) -> tuple[str, ...]:
        """Return the note about strangers, or none. `requests` names them, with the server.

        It has no count, so that it stays the same during a run.
        """
        first = self._first_stranger
        if not first and self.is_partner_known:
            first = self._first_possible
        if not first:
            return ()
        note = (
            f"{requests} without a token of this run were noted but not counted, since nothing "
            f"shows that they are the service's; the first: {first}."
        )
        return (note,)


def _printable(text: str) -> str:
    """Return a text that a stranger chose without control characters; a long one is left out.

    It is not cut, since redaction would not find a part of a secret.
    """
    if len(text) > _MAX_DESCRIPTION:
        return f"one with a description of {len(text):,} characters"
    return "".join(character if character.isprintable() else "?" for character in text)
